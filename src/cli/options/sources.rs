//! The sources of settings besides the flags: a recipe, the environment, a configuration file.

use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::{Args, Command, FromArgMatches};
use serde::Deserialize;

use crate::drawer::{self, limit_names};
use crate::files::read_text_from_anywhere;
use crate::models::hub::{NETWORK_TIMEOUT, WEIGHTS};
use crate::settings::{OPTIONS, OptionInfo, Overrides};
use crate::text::{did_you_mean, first_paragraph};
use crate::{Error, Result};

/// The prefix of environment variables.
const PREFIX: &str = "TEXT2ART_";
/// Variables with this prefix that are not settings.
const OTHER_VARIABLES: [&str; 6] = [CONFIG, WEIGHTS, NETWORK_TIMEOUT, SERVER, TOKEN, SMTP_PASSWORD];
/// Variables with this prefix are options of `serve`, which reads them itself.
const OF_A_SERVER: &str = "TEXT2ART_SERVE_";
/// Names a configuration file, like `--config`.
const CONFIG: &str = "TEXT2ART_CONFIG";
/// The address of the server that `submit`, `jobs`, `cancel` and `batch --server` talk to.
pub(in crate::cli) const SERVER: &str = "TEXT2ART_SERVER";
/// The token for that server.
pub(in crate::cli) const TOKEN: &str = "TEXT2ART_TOKEN";

/// The password for the SMTP server of `serve`.
pub(in crate::cli) const SMTP_PASSWORD: &str = "TEXT2ART_SMTP_PASSWORD";

/// The settings that `TEXT2ART_<SETTING>` variables name; an unknown one is passed to `warn`.
pub(in crate::cli) fn environment(warn: &mut dyn FnMut(String)) -> Result<Overrides> {
    let command = limit_names(Overrides::augment_args(Command::new("environment").no_binary_name(true)));
    let mut arguments = Vec::new();
    let mut prompt = None;
    let mut variables: Vec<(String, OsString)> =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
    variables.sort();
    for (variable, value) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        if variable.starts_with(OF_A_SERVER) {
            continue;
        }
        // Paths need not be valid text.
        if OTHER_VARIABLES.contains(&variable.as_str()) && variable != NETWORK_TIMEOUT {
            continue;
        }
        let value = value.into_string().map_err(|_| {
            Error::usage(format!("{variable}: the value is not valid UTF-8"), format!("fix or unset {variable}"))
        })?;
        let option = name.to_lowercase().replace('_', "-");
        if name == "PROMPT" {
            let wrong = |problem| Error::usage(format!("{variable}: {problem}"), format!("fix or unset {variable}"));
            prompt = Some(value.parse().map_err(wrong)?);
        } else if OPTIONS.iter().any(|known| known.option == option) {
            arguments.push(format!("--{option}={value}"));
        } else if !OTHER_VARIABLES.contains(&variable.as_str()) {
            let variable_of = |option: &OptionInfo| format!("{PREFIX}{}", option.name.to_uppercase());
            let known: Vec<String> = OPTIONS.iter().map(variable_of).collect();
            let near = did_you_mean(&variable, known.iter().map(String::as_str));
            warn(format!("{variable} is not a setting of this program{near}"));
        }
    }
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| Overrides::from_arg_matches(&matches));
    let mut overrides = parsed.map_err(|error| {
        let variable = variable_of(&error).unwrap_or_else(|| format!("the {PREFIX} variable"));
        let message = format!("in the environment: {}", first_paragraph(&error));
        Error::usage(message, format!("fix or unset {variable}"))
    })?;
    overrides.prompt = prompt;
    Ok(overrides)
}

/// The variable of the option that an error is about.
fn variable_of(error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = argument.strip_prefix("--")?.split(['=', '[', ' ']).next()?;
    Some(format!("{PREFIX}{}", option.to_uppercase().replace('-', "_")))
}
/// The hint for a configuration file that cannot be used.
const CONFIG_HINT: &str = "write settings as in `text2art info PICTURE`, such as iterations = 300";

/// The settings of a configuration file: the file that is named, else the user's own file if there is one. `none`
/// stands for no file.
pub(in crate::cli) fn config_file(named: Option<&Path>) -> Result<Overrides> {
    let Some((path, text)) = config_text(named)? else { return Ok(Overrides::default()) };
    let wrong = |line: usize, problem: &str| Error::file(&path, format!("line {line}: {problem}"), CONFIG_HINT);
    let overrides: Overrides = toml::from_str(&settings_only(&text)).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        wrong(line, &in_words(error.message()))
    })?;
    if let Some(Err(error)) = overrides.drawer.as_ref().map(drawer::of) {
        let line = text.lines().position(|line| line.trim_start_matches([' ', '\t', '"', '\'']).starts_with("drawer"));
        return Err(wrong(line.map_or(1, |line| line + 1), &error.to_string()));
    }
    Ok(overrides)
}

/// The address of a server in a configuration file, which is found as [`config_file`] does.
#[cfg(feature = "server")]
pub(in crate::cli) fn server(named: Option<&Path>) -> Result<Option<String>> {
    let text = config_text(named)?;
    Ok(text.and_then(|(_, text)| other_of(&text)?.server).map(toml::Spanned::into_inner))
}

/// What a configuration file says besides settings.
#[derive(Deserialize)]
struct Other {
    /// The address of the server that `submit`, `jobs`, `cancel` and `batch --server` talk to
    server: Option<toml::Spanned<String>>,
}

fn other_of(text: &str) -> Option<Other> {
    toml::from_str(text).ok()
}

/// A configuration file without what is no setting. Everything else stays in its place, since errors name lines.
fn settings_only(text: &str) -> String {
    let Some(server) = other_of(text).and_then(|other| other.server) else { return text.to_owned() };
    let Range { start, end } = server.span();
    let line = text[..start].rfind('\n').map_or(0, |end| end + 1);
    format!("{}{}{}", &text[..line], " ".repeat(end - line), &text[end..])
}

/// The path and the text of a configuration file; none if there is none.
fn config_text(named: Option<&Path>) -> Result<Option<(PathBuf, String)>> {
    let variable = std::env::var_os(CONFIG).map(PathBuf::from);
    let path = match named.or(variable.as_deref()) {
        Some(path) if path == Path::new("none") => return Ok(None),
        Some(path) => path.to_owned(),
        None => match users_file() {
            Some(path) if path.is_file() => path,
            _ => return Ok(None),
        },
    };
    let text = read_text_from_anywhere(&path, CONFIG_HINT)?;
    Ok(Some((path, text)))
}

/// Describes an error in a file, with close names for an unknown setting.
fn in_words(message: &str) -> String {
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let Some(unknown) = unknown else { return message.to_owned() };
    let known = OPTIONS.iter().map(|option| option.name);
    format!("there is no setting `{unknown}`{}", did_you_mean(unknown, known))
}

/// The user's own configuration file.
pub(in crate::cli) fn users_file() -> Option<PathBuf> {
    Some(users_folder()?.join("config.toml"))
}

/// `$XDG_CONFIG_HOME/text2art`, with that variable's default.
pub(in crate::cli) fn users_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")))?;
    Some(folder.join("text2art"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_server_is_no_setting_and_moves_no_line() {
        let text = "seed = 3\n  server = \"https://a\" # mine\niterations = 4\n";
        let settings = settings_only(text);
        assert_eq!(settings, "seed = 3\n                       # mine\niterations = 4\n");
        let overrides: Overrides = toml::from_str(&settings).unwrap();
        assert_eq!(overrides.iterations, Some(4));
        assert_eq!(other_of(text).unwrap().server.unwrap().into_inner(), "https://a");
        for other in ["", "seed = 3\n", "server = 3\n", "seed = \"server = 'x'\"\n", "= 5"] {
            assert_eq!(settings_only(other), other);
        }
    }
}
