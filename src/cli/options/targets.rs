//! The names of the files that a verb makes of pictures, one of each.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::files::{Existing, check_fields_of, check_new_target, check_target, contains, free_beside};
use crate::output::{Kind, kind_of};
use crate::{Error, Result};

/// The field of a template that stands for the name of the picture without its extension.
const NAME: &str = "{name}";

/// The path of the file that is made of each picture, and what happens to a file that has it. Without `output`, the file is
/// beside the picture, with the name of the picture and `end` instead of its extension. A name that is taken gets a number,
/// as in a batch, unless `force` replaces files; a file that is named outright is never renamed. Folders that a template
/// names may be missing, and must be created.
///
/// # Errors
/// If files cannot have these names.
pub(in crate::cli) fn targets(
    images: &[PathBuf],
    output: Option<&OsStr>,
    (kind, end): (Kind, &str),
    force: bool,
) -> Result<Vec<(PathBuf, Existing)>> {
    output.map_or(Ok(()), |output| check_fields_of(output, &[NAME], &[]))?;
    let usual = |image: &Path| {
        let mut name = image.file_stem().unwrap_or_default().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    if let Some(output) = output.filter(|output| !is_folder(output) && !contains(output, NAME)) {
        let path = PathBuf::from(output);
        kind_of(&path, &[kind])?;
        if images.len() > 1 {
            let hint = format!("name a folder, or put {{name}} into the name: large/{{name}}.{}", kind.extensions()[0]);
            return Err(Error::usage(format!("{} pictures cannot have one name", images.len()), hint));
        }
        let existing = check_target(&path, force)?;
        return Ok(vec![(path, existing)]);
    }
    let mut claimed = HashSet::new();
    let mut targets = Vec::new();
    for image in images {
        let path = match output {
            None => image.with_file_name(usual(image)),
            Some(output) if is_folder(output) => Path::new(output).join(usual(image)),
            Some(output) => filled(output, image.file_stem().unwrap_or_default())?,
        };
        kind_of(&path, &[kind])?;
        let path = free(&path, &claimed, force)?;
        let is_template = output.is_some_and(|output| contains(output, NAME));
        let existing = if is_template { check_new_target(&path, force)? } else { check_target(&path, force)? };
        claimed.insert(path.clone());
        targets.push((path, existing));
    }
    Ok(targets)
}

/// Whether a name is that of a folder, which may be missing if the name ends like one.
fn is_folder(output: &OsStr) -> bool {
    Path::new(output).is_dir() || output.as_encoded_bytes().ends_with(b"/")
}

/// The path, or the first one with a number behind its stem that no other picture and, without `force`, no file has.
fn free(path: &Path, claimed: &HashSet<PathBuf>, force: bool) -> Result<PathBuf> {
    let is_free = |path: &PathBuf| !claimed.contains(path) && (force || path.symlink_metadata().is_err());
    free_beside(path).find(is_free).ok_or_else(|| {
        Error::usage(format!("all names like {} are taken", path.display()), "choose another name with ‹output›")
    })
}

/// The template with a name in the places for one.
fn filled(template: &OsStr, name: &OsStr) -> Result<PathBuf> {
    let (Some(template), Some(name)) = (template.to_str(), name.to_str()) else {
        let hint = "name a folder with ‹output› instead";
        return Err(Error::usage("a name that is not valid UTF-8 does not fit into a template", hint));
    };
    Ok(PathBuf::from(OsString::from(template.replace(NAME, name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::PICTURE;

    #[test]
    fn names_are_free_or_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("b-x2.png"), "").unwrap();
        let made = (PICTURE, "-x2.png");
        let images = [place("a.jpg"), place("b.png"), place("a.png")];
        let paths = |output: Option<&Path>, force| -> Vec<PathBuf> {
            let found = targets(&images, output.map(Path::as_os_str), made, force).unwrap();
            found.into_iter().map(|(path, _)| path).collect()
        };
        assert_eq!(paths(None, false), [place("a-x2.png"), place("b-x2-2.png"), place("a-x2-2.png")]);
        assert_eq!(paths(None, true), [place("a-x2.png"), place("b-x2.png"), place("a-x2-2.png")]);
        let other = tempfile::tempdir().unwrap();
        assert_eq!(paths(Some(other.path()), false)[1], other.path().join("b-x2.png"));
        assert_eq!(paths(Some(&place("{name}.png")), false)[2], place("a-2.png"));
        for wrong in ["one.png", "{name}.tiff", "{slug}.png", "none/"] {
            assert!(targets(&images, Some(place(wrong).as_os_str()), made, false).is_err(), "{wrong}");
        }
        assert_eq!(paths(Some(&place("{name}.jpg")), false)[1], place("b.jpg"));
        assert_eq!(paths(Some(&place("none/{name}.jpg")), false)[1], place("none/b.jpg"));
        assert!(!place("none").exists());
        let one = targets(&images[..1], Some(place("one.png").as_os_str()), made, false).unwrap();
        assert_eq!(one, [(place("one.png"), Existing::Keep)]);
    }
}
