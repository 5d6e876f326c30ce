//! What to do about a path where no file is.

use std::path::Path;

use super::write::folder_of;
use crate::text::{near_names, question};

/// The most entries of a folder that are compared with a name.
const MOST_ENTRIES: usize = 10_000;

/// The hint about a path where no file is: the files in its folder with close names, if there are any.
pub(crate) fn missing(path: &Path) -> String {
    let folder = folder_of(path);
    if !folder.exists() {
        return format!("the folder {} does not exist", folder.display());
    }
    let entries = std::fs::read_dir(&folder).into_iter().flatten().take(MOST_ENTRIES).flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let near = near_names(name, names.iter().map(String::as_str));
    let near: Vec<String> = near.iter().map(|name| path.with_file_name(name).display().to_string()).collect();
    question(&near).unwrap_or_else(|| "check the spelling of the path".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_names_are_suggested() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["photo.png", "notes.txt", ".phto.png"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let shown = folder.path().join("photo.png").display().to_string();
        assert_eq!(missing(&folder.path().join("phto.png")), format!("did you mean `{shown}`?"));
        assert_eq!(missing(&folder.path().join("castle.gif")), "check the spelling of the path");
        let nowhere = folder.path().join("none/photo.png");
        assert_eq!(missing(&nowhere), format!("the folder {}/none does not exist", folder.path().display()));
    }
}
