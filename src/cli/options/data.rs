//! The folder in which a server and its workers keep their data.

use std::path::{Path, PathBuf};

use clap::ValueHint;

use crate::files::create_private_folder;
use crate::{Error, Result};

/// The folder of the data, which `serve` and `worker` share.
#[derive(clap::Args)]
pub(in crate::cli) struct Data {
    /// Folder of the queue, the pictures and the work in progress [default: the user's data folder]
    ///
    /// By default this is `text2art` in `$XDG_DATA_HOME`, which is `~/.local/share` if it is not set; on macOS
    /// `~/Library/Application Support/text2art`, on Windows `%LOCALAPPDATA%\text2art`. The folder must be on a
    /// local disk.
    #[arg(long, value_name = "DIR", help_heading = "Server", value_hint = ValueHint::DirPath)]
    data: Option<PathBuf>,
}

impl Data {
    /// The folder, if one is named.
    pub(in crate::cli) fn named(&self) -> Option<PathBuf> {
        self.data.clone()
    }
}

/// The named data folder, or the default one. A missing folder is created, and only its user can read it.
///
/// # Errors
/// If the folder cannot be created, or if none is named and the system has no default.
pub(in crate::cli) fn make_folder(named: Option<PathBuf>) -> Result<PathBuf> {
    let folder = named.map_or_else(usual_folder, Ok)?;
    create(&folder)?;
    Ok(folder)
}

/// The folder of the data if none is named.
///
/// # Errors
/// If the user has none.
pub(in crate::cli) fn usual_folder() -> Result<PathBuf> {
    let folder = default_folder(|name| std::env::var_os(name).map(PathBuf::from));
    folder.ok_or_else(|| Error::usage("the folder for data is not known", "name a folder with --data"))
}

/// The program's folder among the user's data. `variable` reads the environment.
fn default_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let given = |name: &str| variable(name).filter(|folder| folder.is_absolute());
    let data = if cfg!(windows) {
        given("LOCALAPPDATA")
    } else {
        let home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        given("XDG_DATA_HOME").or_else(|| Some(given("HOME")?.join(home)))
    };
    Some(data?.join("text2art"))
}

fn create(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    create_private_folder(folder).map_err(|error| {
        Error::file(folder, format!("the folder cannot be created: {error}"), "name another folder with --data")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn data_are_where_the_system_says() {
        let folder = |variables: &[(&str, &str)]| {
            default_folder(|name| Some(variables.iter().find(|(known, _)| *known == name)?.1.into()))
        };
        assert_eq!(folder(&[("HOME", "/home/a")]), Some("/home/a/.local/share/text2art".into()));
        assert_eq!(folder(&[("HOME", "/home/a"), ("XDG_DATA_HOME", "/data")]), Some("/data/text2art".into()));
        // A relative folder does not count (XDG Base Directory Specification).
        assert_eq!(folder(&[("HOME", "/h"), ("XDG_DATA_HOME", "data")]), Some("/h/.local/share/text2art".into()));
        assert_eq!(folder(&[]), None);
    }
}
