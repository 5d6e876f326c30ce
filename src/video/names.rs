//! The files that are requested beside the picture, and their names.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::ValueParser;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueHint};

use super::KINDS;
use crate::files::check_fields;
use crate::output::{Kind, PICTURE, Product, Products, kind_of};
use crate::{Error, Result};

/// The name that requests no file.
const NONE: &str = "none";

/// The names of the files that are requested beside the picture, with an option for each kind that has one. An empty
/// name stands for the name of the picture with the extension of the kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileNames(Vec<(Kind, OsString)>);

impl FileNames {
    /// These names, and those of `weaker` for kinds without a name here. `none` requests no file.
    #[must_use]
    pub fn or(&self, weaker: &Self) -> Self {
        let either = |kind: &Kind| Some((*kind, self.of(*kind).or_else(|| weaker.of(*kind))?.to_owned()));
        Self(KINDS.iter().filter_map(either).collect())
    }

    /// Files of these kinds, named after the picture.
    #[must_use]
    pub fn beside(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self(kinds.into_iter().map(|kind| (kind, OsString::new())).collect())
    }

    /// The kinds that are requested.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.0.iter().filter(|(_, name)| name != NONE).map(|(kind, _)| *kind)
    }

    /// Whether a file gets a name of its own.
    #[must_use]
    pub fn has_names(&self) -> bool {
        self.0.iter().any(|(_, name)| !name.is_empty() && name != NONE)
    }

    /// Whether a file has this name.
    #[must_use]
    pub fn contains(&self, name: &OsStr) -> bool {
        self.0.iter().any(|(_, own)| own == name)
    }

    /// The extensions of the files that are named after the picture.
    #[must_use]
    pub fn extensions_beside(&self) -> Vec<&'static str> {
        self.0.iter().filter(|(_, name)| name.is_empty()).map(|(kind, _)| kind.extension).collect()
    }

    /// The products of an output of a kind, which may be a moving picture, and of the files beside it. `named` makes a
    /// path from a name that was given.
    ///
    /// # Errors
    /// If a name does not match its option or has an unknown field, or an option names another file of the output's kind.
    pub fn products(&self, output: &Path, kind: Kind, named: impl Fn(&OsStr) -> PathBuf) -> Result<Products> {
        let mut beside: Vec<Product> = Vec::new();
        for (which, name) in self.0.iter().filter(|(_, name)| name != NONE) {
            check_fields(name)?;
            let path = match (name.is_empty(), *which == kind) {
                (true, _) if which.is_folder() => {
                    let message = format!("‹{}› needs a folder", which.option);
                    return Err(Error::usage(message, "name a folder, or leave out the option"));
                }
                (true, true) => continue,
                (true, false) => output.with_extension(which.extension),
                (false, true) => return Err(twice(kind)),
                (false, false) if which.is_folder() => named(name),
                (false, false) => name_of_kind(named(name), *which)?,
            };
            beside.push(Product::new(*which, path));
        }
        if let Some(folder) = beside.iter().find(|product| product.kind.is_folder())
            && (folder.path == output
                || beside.iter().any(|other| other.kind != folder.kind && other.path == folder.path))
        {
            let (option, path) = (folder.kind.option, folder.path.display());
            let message = format!("‹{option}› {path} is also the name of another output");
            return Err(Error::usage(message, "choose another name for the folder"));
        }
        let mut names = vec![output];
        for Product { kind, path, .. } in &beside {
            if names.contains(&path.as_path()) {
                let message = format!("‹{}› {} is also the name of another output", kind.option, path.display());
                return Err(Error::usage(message, "choose another name for one of them"));
            }
            names.push(path);
        }
        Ok(Products::new(Product::new(kind, output.to_owned()), beside))
    }

    fn of(&self, kind: Kind) -> Option<&OsStr> {
        self.0.iter().find(|(own, _)| *own == kind).map(|(_, name)| name.as_os_str())
    }
}

/// The kind of an output, by its name.
///
/// # Errors
/// If a run cannot make such a file as its output.
pub fn kind_of_output(path: &Path) -> Result<Kind> {
    let kinds: Vec<_> = KINDS.into_iter().filter(|kind| kind.is_output()).collect();
    kind_of(path, &kinds).map_err(|error| match error {
        Error::File { path, problem, hint } => {
            let hint = better_hint(&path).unwrap_or(hint);
            Error::File { path, problem, hint }
        }
        other => other,
    })
}

/// The hint about the name of an output that is a folder, or another file that a run writes beside its picture.
fn better_hint(path: &Path) -> Option<String> {
    if path.is_dir() {
        return Some(format!("name a file in this folder, such as '{}'", path.join("{slug}-{seed}.png").display()));
    }
    let extension = path.extension()?;
    let is = |kind: &Kind| kind.help.is_some() && extension.eq_ignore_ascii_case(kind.extension);
    let kind = KINDS.into_iter().find(is)?;
    let picture = path.with_extension(PICTURE.extensions().first()?);
    let (name, option, picture) = (kind.name, kind.option, picture.display());
    Some(format!("the {name} is written beside a picture: use ‹output› {picture} ‹{option}›"))
}

/// Checks that a path given to an option has the extension of its kind, and is not a word of the prompt.
fn name_of_kind(path: PathBuf, kind: Kind) -> Result<PathBuf> {
    if kind_of(&path, &[kind]).is_ok() {
        return Ok(path);
    }
    let (option, ends) = (kind.option, kind.ends());
    let message = format!("‹{option}› takes a name that ends in {ends}, but {} does not", path.display());
    Err(Error::usage(message, format!("use a name that ends in {ends}, or write the prompt before ‹{option}›")))
}

fn twice(kind: Kind) -> Error {
    let Kind { option, extension, .. } = kind;
    Error::usage(format!("‹output› and ‹{option}› both name a file ending in .{extension}"), "leave out one of them")
}

/// The option that requests a kind; none if the kind has no option.
fn option(kind: Kind) -> Option<Arg> {
    let help = kind.help?;
    let option = Arg::new(kind.option)
        .long(kind.option)
        .help_heading(help.heading)
        .help(help.short)
        .value_parser(ValueParser::os_string());
    let option = match help.more {
        "" => option,
        more => option.long_help(format!("{}\n\n{more}", help.short)),
    };
    Some(if kind.is_folder() {
        option.value_name("DIR").value_hint(ValueHint::DirPath)
    } else {
        option.value_name("FILE").num_args(0..=1).default_missing_value("").value_hint(ValueHint::FilePath)
    })
}

impl Args for FileNames {
    fn augment_args(command: Command) -> Command {
        command.args(KINDS.into_iter().filter_map(option))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FileNames {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let named = KINDS.into_iter().filter(|kind| kind.help.is_some());
        let name = |kind: Kind| Some((kind, matches.get_one::<OsString>(kind.option)?.clone()));
        Ok(Self(named.filter_map(name).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?.or(self);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_every_option_as_it_is_written() {
        for kind in KINDS.into_iter().filter(|kind| kind.help.is_some()) {
            let name = if kind.is_folder() { "" } else { "frog.txt" };
            let names = FileNames(vec![(kind, name.into())]);
            let error = names.products(Path::new("frog.png"), PICTURE, |name| name.into()).unwrap_err();
            let (text, option) = (format!("{error}; {}", error.hint()), format!("--{}", kind.option));
            assert!(text.contains(&option) && !text.contains('‹'), "{text}");
        }
    }
}
