//! The files beside a picture that a resumed run writes to another file: they go beside that file, under its name.

use std::path::{Path, PathBuf};

use super::own::Own;
use crate::Result;
use crate::files::{Existing, behind_stem, check_new_target};
use crate::output::{Checkpoint, Kind, Product, Products};
use crate::video::{FRAMES, Folder};

/// The product of a kind beside a picture: `new.gif` or `new-frames` for `new.png`. `earlier` was the path of the product so
/// far. As for a new run, existing files are replaced only with `force`.
pub(super) fn product(picture: &Path, kind: Kind, earlier: &Path, force: bool) -> Result<Product> {
    if !kind.is_folder() {
        let mut path = picture.with_extension(kind.extension);
        if let Some(end) = kind.others.iter().find(|end| earlier.extension().is_some_and(|own| own == **end)) {
            path.set_extension(end);
        }
        // Whether its folder may be created was checked with the picture.
        let existing = check_new_target(&path, force)?;
        return Ok(Product { kind, path, existing });
    }
    let path = behind_stem(picture, &format!("-{}", kind.option)).with_extension("");
    Folder::check_new(&path, if force { Existing::Replace } else { Existing::Keep })?;
    // The earlier frames are copied into the folder, so it is no longer empty when the run begins.
    Ok(Product { kind, path, existing: Existing::Replace })
}

/// The frames of the run so far, from the folder that it wrote them into.
pub(super) struct EarlierFrames {
    frames: Vec<PathBuf>,
    /// The number of frames at the checkpoint
    kept: usize,
}

impl EarlierFrames {
    /// Finds the first `kept` frames of a run, which it had at the checkpoint; none if it wrote no frames.
    pub(super) fn find(own: &Own, checkpoint: &Checkpoint, kept: usize) -> Option<Self> {
        let folder = checkpoint.beside.files.get(FRAMES.option)?;
        let frames = Folder::first(folder, kept).into_iter().take_while(|frame| own.is_of_run(frame)).collect();
        Some(Self { frames, kept })
    }

    /// Copies the frames into the folder of the products, and warns if some are missing.
    pub(super) fn copy(&self, products: &Products, warn: impl Fn(String)) -> Result<()> {
        let Some(folder) = products.of(FRAMES) else { return Ok(()) };
        if self.frames.len() < self.kept {
            let (found, kept, path) = (self.frames.len(), self.kept, folder.path.display());
            warn(format!("{path} lacks earlier frames: only {found} of {kept} were found"));
        }
        Folder::copy_first(&self.frames, &folder.path, self.kept)
    }
}
