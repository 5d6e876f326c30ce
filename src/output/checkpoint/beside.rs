//! The files beside the picture of a run, as its checkpoint records them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::output::{Make, Products};
use crate::{Error, Result};

/// The files that a run writes beside its picture, and how often it writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// The iterations from one checkpoint to the next
    pub checkpoint_every: Option<u64>,
    /// The iterations from one save of the picture to the next
    pub save_every: Option<u64>,
    /// The folder for the cutouts
    pub save_cutouts: Option<PathBuf>,
    /// The SHA-256 of the SVG that the run last wrote
    #[serde(default)]
    pub svg_sha256: Option<String>,
    /// The frames so far, for movies
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_frames: Option<KeptFrames>,
    /// The picture's folder, relative to the folder in which the run started, as are relative paths here; none if the
    /// picture has an absolute path
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_folder: Option<PathBuf>,
    /// Files other than the picture, by the options of their kinds
    #[serde(flatten, deserialize_with = "files")]
    pub files: BTreeMap<String, PathBuf>,
}

/// The part of the file of frames beside a checkpoint that belongs to the checkpoint. Anything after that part was
/// written later, before the run was interrupted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFrames {
    /// The number of frames
    pub frames: usize,
    /// The length from the beginning of the file, in bytes
    pub bytes: u64,
    /// The SHA-256 of these bytes, in hexadecimal digits
    pub sha256: String,
}

/// The files that have a name; earlier versions wrote a null for each file that was not requested.
fn files<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, PathBuf>, D::Error> {
    let all = BTreeMap::<String, Option<PathBuf>>::deserialize(deserializer)?;
    Ok(all.into_iter().filter_map(|(option, path)| Some((option, path?))).collect())
}

impl Beside {
    /// What is to be recorded about the places of these products.
    #[must_use]
    pub fn of(products: &Products) -> Self {
        let folder = products.output().parent().filter(|folder| folder.is_relative() && folder.to_str().is_some());
        Self { picture_folder: folder.map(Path::to_owned), files: Self::files_of(products), ..Self::default() }
    }

    /// The files of these products other than the picture.
    fn files_of(products: &Products) -> BTreeMap<String, PathBuf> {
        let beside = products.iter().filter(|product| !matches!(product.kind.make, Make::Picture));
        beside.map(|product| (product.kind.option.to_owned(), product.path.clone())).collect()
    }

    /// These files, with relative paths resolved for the checkpoint at a path: against the folder in which the run
    /// started, or the folder that has taken its place if the checkpoint was moved together with that folder.
    #[must_use]
    pub fn resolved(&self, checkpoint: &Path) -> Self {
        let folder = checkpoint.parent().unwrap_or(Path::new(""));
        let start = self.picture_folder.as_deref().map(|recorded| start_of(folder, recorded)).unwrap_or_default();
        let files = self.files.iter().map(|(option, path)| (option.clone(), start.join(path))).collect();
        let save_cutouts = self.save_cutouts.as_ref().map(|path| start.join(path));
        Self { save_cutouts, files, ..self.clone() }
    }

    /// Checks that a checkpoint can store the paths.
    ///
    /// # Errors
    /// If a path is not valid UTF-8.
    pub fn check_names(&self) -> Result<()> {
        let mut paths = self.save_cutouts.iter().chain(self.files.values());
        match paths.find(|path| path.to_str().is_none()) {
            Some(path) => {
                let problem = "the name is not valid UTF-8, and a checkpoint stores names as text";
                Err(Error::file(path, problem, "choose another name, or leave out ‹checkpoint-every›"))
            }
            None => Ok(()),
        }
    }
}

/// The folder in which a run started whose checkpoint is in `folder`, if its picture was in `recorded`, relative to
/// that folder; `folder` itself if the two do not match.
fn start_of(folder: &Path, recorded: &Path) -> PathBuf {
    let recorded = recorded.strip_prefix(".").unwrap_or(recorded);
    let above = |folder: &Path| {
        let start = folder.ancestors().nth(recorded.components().count())?;
        folder.ends_with(recorded).then(|| start.to_owned())
    };
    let whole = || above(&std::path::absolute(Path::new(".").join(folder)).ok()?);
    above(folder).or_else(whole).unwrap_or_else(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_options_in_every_versions_form() {
        let earlier = r#"{"checkpoint_every": 5, "save_every": null, "save_cutouts": "seen", "gif": "a.gif", "mp4": null,
            "frames": null, "svg": "a.svg", "svg_sha256": "00"}"#;
        let beside: Beside = serde_json::from_str(earlier).unwrap();
        let files = [("gif".to_owned(), "a.gif".into()), ("svg".to_owned(), "a.svg".into())].into();
        let (kept_frames, picture_folder) = (None, None);
        let (save_cutouts, svg_sha256) = (Some("seen".into()), Some("00".to_owned()));
        let checkpoint_every = Some(5);
        let read =
            Beside { checkpoint_every, save_every: None, save_cutouts, svg_sha256, kept_frames, picture_folder, files };
        assert_eq!(beside, read);
        let kept_frames = Some(KeptFrames { frames: 3, bytes: 70, sha256: "11".to_owned() });
        let now = Beside { kept_frames, ..read };
        let json = serde_json::to_value(&now).unwrap();
        assert_eq!((&json["gif"], &json["kept_frames"]["frames"]), (&"a.gif".into(), &3.into()));
        assert_eq!(serde_json::from_value::<Beside>(json).unwrap(), now);
        // The oldest version had no movies.
        let oldest = r#"{"checkpoint_every": null, "save_every": 2, "save_cutouts": null}"#;
        assert_eq!(
            serde_json::from_str::<Beside>(oldest).unwrap(),
            Beside { save_every: Some(2), ..Beside::default() }
        );
    }

    #[test]
    fn relative_names_start_where_the_run_did() {
        let here = std::env::current_dir().unwrap();
        for (checkpoint, recorded, start) in [
            ("p.png.t2a", "", ""),
            ("out/p.png.t2a", "out", ""),
            ("out/p.png.t2a", "./out", ""),
            ("../fin/p.png.t2a", "", "../fin"),
            ("/home/fin/out/p.png.t2a", "out", "/home/fin"),
            ("moved/p.png.t2a", "no-such-folder", "moved"),
        ] {
            assert_eq!(start_of(Path::new(checkpoint).parent().unwrap(), Path::new(recorded)), Path::new(start));
        }
        let name = here.file_name().unwrap();
        assert_eq!(start_of(Path::new(""), Path::new(name)), here.parent().unwrap());
        let files = [("gif".to_owned(), "p.gif".into()), ("svg".to_owned(), "/a/p.svg".into())].into();
        let beside = Beside { files, picture_folder: Some("".into()), ..Beside::default() };
        let resolved = beside.resolved(Path::new("fin/p.png.t2a"));
        assert_eq!(resolved.files["gif"], Path::new("fin/p.gif"));
        assert_eq!(resolved.files["svg"], Path::new("/a/p.svg"));
    }
}
