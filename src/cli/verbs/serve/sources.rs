//! The options of a server in the environment and in its configuration file.

use std::path::{Path, PathBuf};

use clap::{Args, Command, FromArgMatches};

use super::options::Options;
use crate::cli::options::layers::from_toml;
use crate::cli::options::secret::concealed;
use crate::cli::options::sources;
use crate::files::read_text_from_anywhere;
use crate::text::{did_you_mean, first_paragraph};
use crate::{Error, Result};

/// The prefix of the environment variables of a server.
const PREFIX: &str = "TEXT2ART_SERVE_";
/// The options that `TEXT2ART_SERVE_<OPTION>` variables name.
pub(super) fn environment(warn: &mut dyn FnMut(String)) -> Result<Options> {
    let command = Options::augment_args(Command::new("environment").no_binary_name(true));
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .chain(["config"])
        .map(|option| format!("{PREFIX}{}", option.replace('-', "_").to_uppercase()))
        .collect();
    let mut arguments = Vec::new();
    let mut variables: Vec<_> = std::env::vars_os().collect();
    variables.sort();
    for (variable, value) in variables {
        let Some(variable) = variable.to_str() else { continue };
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        if !known.iter().any(|known| known == variable) {
            let near = did_you_mean(variable, known.iter().map(String::as_str));
            warn(format!("{variable} is not an option of `text2art serve`{near}"));
        } else if variable != CONFIG {
            let mut argument = std::ffi::OsString::from(format!("--{}=", name.to_lowercase().replace('_', "-")));
            argument.push(value);
            arguments.push(argument);
        }
    }
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| Options::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let problem = format!("in the environment: {}", first_paragraph(&concealed(error)));
        Error::usage(problem, format!("fix or unset the {PREFIX} variable"))
    })
}

/// Names the configuration file, like `--config`.
const CONFIG: &str = "TEXT2ART_SERVE_CONFIG";

/// The options in a file: the one that is named, else the user's own if there is one. `none` stands for no file.
pub(super) fn file(named: Option<&Path>) -> Result<Options> {
    let variable = std::env::var_os(CONFIG).map(PathBuf::from);
    let path = match named.or(variable.as_deref()) {
        Some(path) if path == Path::new("none") => return Ok(Options::default()),
        Some(path) => path.to_owned(),
        None => match sources::users_file().map(|path| path.with_file_name("serve.toml")) {
            Some(path) if path.is_file() => path,
            _ => return Ok(Options::default()),
        },
    };
    let hint = "write options as in `text2art serve --help`, such as workers = 2, and settings below [settings]";
    let text = read_text_from_anywhere(&path, hint)?;
    from_toml(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        Error::file(&path, format!("line {line}: {}", error.message()), hint)
    })
}
