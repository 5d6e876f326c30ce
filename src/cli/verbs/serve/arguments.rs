//! The arguments of `serve`, and the configuration that follows from them, the environment and a file.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::options::{DrawingOptions, FolderOptions, Options};
use super::{admin, sources as own_sources};
use crate::Result;
use crate::cli::options::elsewhere::ElsewhereArguments;
use crate::cli::options::layers::Layer;
use crate::cli::options::{data, sources};
use crate::cli::terminal::log::LogKind;
use crate::cli::terminal::report::Reporter;
use crate::progress::Event;
use crate::server::Config;
use crate::settings::Overrides;
use crate::worker::{Elsewhere, JOBS_PER_PROCESS};

/// The arguments of `serve`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    options: Options,
    /// Configuration file of the server, or `none` [default: ~/.config/text2art/serve.toml, if there is one]
    ///
    /// The file can set all of these options, as in `workers = 2`. Its table `[settings]` sets defaults for settings that a
    /// request omits, written as in the configuration file of `text2art generate`. Environment variables such as
    /// `TEXT2ART_SERVE_WORKERS` take precedence over the file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What is done instead of serving.
#[derive(Subcommand)]
pub(super) enum Verb {
    /// Manage a server's users, queue and files, even while it runs
    Admin(admin::Arguments),
}

/// What a worker must know about its server.
pub(in crate::cli) struct OfWorker {
    /// The data folder
    pub(in crate::cli) data: Option<PathBuf>,
    /// The database and storage on other machines
    pub(in crate::cli) elsewhere: Elsewhere,
    /// How many jobs a process draws
    pub(in crate::cli) jobs_per_process: u32,
}

impl OfWorker {
    /// Reads the command line of a worker, then the environment and the configuration file of its server. `warn` gets a
    /// message about each variable that is not an option.
    ///
    /// # Errors
    /// If a source cannot be used.
    pub(in crate::cli) fn new(
        data: Option<PathBuf>,
        elsewhere: ElsewhereArguments,
        jobs_per_process: Option<u32>,
        config: Option<&Path>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self> {
        let drawing = DrawingOptions { jobs_per_process, ..DrawingOptions::default() };
        let options = Options { folder: FolderOptions { data }, elsewhere, drawing, ..Options::default() };
        let options = Arguments { verb: None, options, config: config.map(Path::to_owned) }.options(warn)?;
        let jobs_per_process = options.drawing.jobs_per_process.unwrap_or(JOBS_PER_PROCESS);
        Ok(Self { data: options.folder.data, elsewhere: options.elsewhere.elsewhere()?, jobs_per_process })
    }
}

impl Arguments {
    /// The arguments of the server that an operator cares for.
    pub(super) fn of_admin(admin: &admin::Arguments) -> Self {
        let folder = FolderOptions { data: admin.data.clone() };
        let options = Options { folder, ..Options::default() };
        Self { verb: None, options, config: admin.config.clone() }
    }

    /// What to show on standard error.
    pub(super) fn log(&self, reporter: &Reporter) -> Result<LogKind> {
        Ok(self.options(&mut |_| ())?.other.log.unwrap_or_else(|| LogKind::usual(reporter)))
    }

    /// The whole configuration.
    pub(super) fn config(&self, reporter: &Reporter) -> Result<Config> {
        let mut warnings = Vec::new();
        let options = self.options(&mut |warning| warnings.push(warning))?;
        let environment = sources::environment(&mut |warning| warnings.push(warning))?;
        let own = sources::config_file(None)?;
        for message in warnings {
            reporter.tell(&Event::Warning { message });
        }
        let smtp = options.letters.smtp()?;
        let folder = options.folder.data.map_or_else(data::usual_folder, Ok)?;
        Ok(Config {
            elsewhere: options.elsewhere.elsewhere()?,
            listen: options.listen.listen(),
            metrics: options.listen.metrics(),
            workers: options.drawing.workers.unwrap_or(1),
            jobs_per_process: options.drawing.jobs_per_process.unwrap_or(JOBS_PER_PROCESS),
            open: options.access.open.unwrap_or_default(),
            registration: options.access.registration(),
            offline: options.other.offline.unwrap_or_default(),
            public_url: options.access.public_url.map(|url| url.url().clone()),
            trusted_proxies: options.access.trusted_proxies.unwrap_or_default(),
            settings: [options.other.settings.unwrap_or_default(), environment, own].map(of_a_server).into(),
            smtp,
            limits: options.limits.limits(),
            retention: options.keep.retention(),
            // Workers run elsewhere, but know the folder by the same name.
            ..Config::local(&std::path::absolute(&folder).unwrap_or(folder))
        })
    }

    /// The options of all sources; a variable that is not one is passed to `warn`.
    fn options(&self, warn: &mut dyn FnMut(String)) -> Result<Options> {
        self.options.elsewhere.check_command_line()?;
        let file = own_sources::file(self.config.as_deref())?;
        Ok(self.options.clone().or(own_sources::environment(warn)?).or(file))
    }
}

/// Settings of a server for the pictures of others: no prompt, and models by names that mean the same everywhere.
fn of_a_server(settings: Overrides) -> Overrides {
    let whole = |name: String| match std::path::absolute(&name) {
        Ok(path) if path.exists() => path.to_str().map_or(name, str::to_owned),
        _ => name,
    };
    Overrides {
        prompt: None,
        vqgan: settings.vqgan.map(whole),
        clip: settings.clip.map(|names| names.into_iter().map(whole).collect()),
        upscaler: settings.upscaler.map(whole),
        ..settings
    }
}
