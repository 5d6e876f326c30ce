//! Where the pictures of a batch go, and which of them are there already.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::output::{Existing, Naming, Recipe, check_folder, check_picture_name};
use crate::settings::{CutBatch, DeviceChoice, Settings};
use crate::{Error, Result};

/// Most numbers tried behind a name that is taken.
const MOST_TRIES: usize = 100_000;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, or `-`
    pub file: String,
    /// Its line, from 1
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} line {}", self.file, self.line)
    }
}

/// Where a picture goes.
#[derive(Debug)]
pub(super) enum Spot {
    /// To a name that is free, or may be replaced
    Free(PathBuf, Existing),
    /// It is there, made by just these settings
    Finished(PathBuf, Box<Recipe>),
    /// It is that of an earlier line
    Same(Place),
}

/// The names a batch gives its pictures. They hang on the order of the lines and on what is in the files of these
/// names, so that the same batch gives the same line the same name again.
pub struct Places {
    template: Option<String>,
    force: bool,
    claimed: HashMap<PathBuf, (Place, Settings)>,
}

impl Places {
    /// Names by a template, or by the prompt and the seed; `force` replaces what is there.
    #[must_use]
    pub fn new(template: Option<String>, force: bool) -> Self {
        Self { template, force, claimed: HashMap::new() }
    }

    /// Finds the place of a picture and takes it. `own` is the name its line gives; where it is one of several
    /// `samples`, the seed goes into it.
    ///
    /// # Errors
    /// Where its name is another's, or no picture can go there.
    pub(super) fn find(&mut self, own: Option<&Path>, settings: &Settings, samples: bool, at: &Place) -> Result<Spot> {
        let prompt = &settings.prompt.all()[0].text;
        let seed = settings.seed.0;
        let named = own.map(|path| seeded(path, samples));
        let template = named.as_deref().or(self.template.as_deref()).unwrap_or("{slug}-{seed}.png");
        let numbered = template.contains("{n}");
        let path = |number: usize| {
            let numbered_name = template.replace("{n}", &number.to_string());
            let path = Naming::Template(numbered_name).path(prompt, seed);
            if numbered || number == 1 { path } else { beside(&path, number) }
        };
        check_picture_name(&path(1))?;
        check_folder(&path(1))?;
        for number in 1..MOST_TRIES {
            let path = path(number);
            let only = named.is_some() && !numbered;
            if let Some((earlier, used)) = self.claimed.get(&path) {
                if only && is_same(used, settings) {
                    return Ok(Spot::Same(earlier.clone()));
                }
                if only {
                    let problem = format!("{} is where the picture of {earlier} goes", path.display());
                    return Err(Error::usage(problem, "give each line an output of its own, or {n} in the name"));
                }
                continue;
            }
            let spot = match Recipe::read(&path) {
                Ok(recipe) if !self.force && is_finished(&recipe, settings) => Spot::Finished(path, Box::new(recipe)),
                _ if self.force => Spot::Free(path, Existing::Replace),
                _ if !path.exists() => Spot::Free(path, Existing::Keep),
                _ if only => {
                    let problem = "the file is already there, and is another picture";
                    return Err(Error::file(path, problem, "choose another name, or replace it with --force"));
                }
                _ => continue,
            };
            let (Spot::Free(path, _) | Spot::Finished(path, _)) = &spot else { return Ok(spot) };
            self.claimed.insert(path.clone(), (at.clone(), settings.clone()));
            return Ok(spot);
        }
        Err(Error::usage(format!("all names like {} are taken", path(1).display()), "choose others with --output"))
    }
}

/// A line's own name, with the seed in it where several samples would have it.
fn seeded(path: &Path, samples: bool) -> String {
    let name = path.to_string_lossy().into_owned();
    if !samples || name.contains("{seed}") || name.contains("{n}") {
        return name;
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map_or_else(String::new, |extension| format!(".{}", extension.to_string_lossy()));
    path.with_file_name(format!("{stem}-{{seed}}{extension}")).to_string_lossy().into_owned()
}

/// The name with a number behind it.
fn beside(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{number}.png"))
}

/// Whether settings are those of the same picture: what only says where and how much at a time does not count.
pub(super) fn is_same(one: &Settings, other: &Settings) -> bool {
    let picture =
        |settings: &Settings| Settings { cut_batch: CutBatch::Auto, device: DeviceChoice::Auto, ..settings.clone() };
    picture(one) == picture(other)
}

/// Whether a picture is what settings make, all of it, from the files as they are.
fn is_finished(recipe: &Recipe, settings: &Settings) -> bool {
    is_same(&recipe.settings, settings) && recipe.earlier.is_empty() && recipe.check_inputs(settings).is_ok()
}
