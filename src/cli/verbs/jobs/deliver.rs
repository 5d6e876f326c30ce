//! Fetching the files of a job to their places.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::cli::options::outputs::Outputs;
use crate::cli::terminal::stdout;
use crate::client::{Artifact, Job, Server, check_ends};
use crate::output::{Kind, PICTURE, Products};
use crate::progress::Event;
use crate::settings::{Prompts, Seed};
use crate::video::{FileNames, KINDS};
use crate::{Error, Result};

/// Where the files of a job go.
pub(in crate::cli) struct Delivery {
    /// The files
    pub(in crate::cli) products: Products,
    /// Whether the picture goes to standard output
    pub(in crate::cli) is_stream: bool,
}

impl Delivery {
    /// Where the files of a job go if one is called `output`: those of other kinds go beside it.
    ///
    /// # Errors
    /// If a file cannot be written, or the job does not make a file of that kind.
    pub(super) fn of(job: &Job, output: &OsStr, force: bool) -> Result<Self> {
        let made: Vec<Kind> =
            KINDS.into_iter().filter(|kind| job.products.iter().any(|product| product == kind.option)).collect();
        let files = FileNames::beside(made.iter().copied().filter(|kind| !kind.is_folder()));
        let outputs = Outputs { output: Some(output), force, files: &files };
        let prompt = job.prompt.parse::<Prompts>().map(|prompt| prompt.all()[0].text.clone());
        let seed = job.settings.get("seed").and_then(|seed| serde_json::from_value::<Seed>(seed.clone()).ok());
        let check = |_: &Path, kind: Kind| {
            if kind == PICTURE || made.contains(&kind) {
                return Ok(());
            }
            let hint = format!("submit it with --{}, or fetch another kind of file", kind.option);
            Err(Error::usage(format!("the job makes no {}", kind.name), hint))
        };
        let products = outputs.products(prompt.as_ref().unwrap_or(&job.prompt), seed.unwrap_or_default().0, check)?;
        check_ends(&products)?;
        Ok(Self { products, is_stream: outputs.is_stream() })
    }

    /// Fetches all files, and prints their paths. Returns the path of the first; none if it went to standard output.
    pub(super) fn deliver(&self, server: &Server, job: &Job, tell: &dyn Fn(&Event)) -> anyhow::Result<Vec<PathBuf>> {
        if self.is_stream {
            let picture = server.fetch_bytes(&job.id, file(job, PICTURE)?)?;
            stdout::print(&picture)?;
        }
        let mut paths = Vec::new();
        self.products.create_folders()?;
        for product in self.products.iter() {
            let path =
                server.fetch(&job.id, file(job, product.kind)?, (&product.path, product.existing), &mut |_| {})?;
            tell(&Event::Saved { path: path.clone() });
            paths.push(path);
        }
        Ok(paths)
    }

    /// Where the output goes, as an option of another command.
    pub(super) fn as_option(&self) -> String {
        match self.products.output().to_str() {
            Some(output) if !output.is_empty() => {
                shlex::try_quote(output).map_or_else(|_| " --watch".to_owned(), |output| format!(" -o {output}"))
            }
            _ if self.is_stream => " -o -".to_owned(),
            _ => " --watch".to_owned(),
        }
    }
}

/// The file of a kind that a job has made.
fn file(job: &Job, kind: Kind) -> Result<&Artifact> {
    job.file(kind.extension).ok_or_else(|| {
        let hint = "see what it made with `text2art jobs ID`";
        Error::network(format!("the server has no {} of the job {}", kind.name, job.id), hint)
    })
}
