//! Moving pictures: GIFs, MP4s and folders of frames, encoded during a run.

mod folder;
mod gif;
mod h264;
mod kept;
mod mp4;
mod names;
mod palette;
mod pictures;
mod recorder;
mod recording;
mod reel;
mod reveal;
mod spool;
mod timeline;
mod yuv;

pub use folder::{FRAMES, Folder};
pub use gif::GIF;
pub use kept::{check_kept_frames, remove_kept_frames};
pub use mp4::MP4;
pub use names::{FileNames, kind_of_output};
pub use pictures::pictures_in;
pub use recorder::Recorder;
pub use recording::{Keeping, Recording};
pub use reveal::{REVEAL, reveal};
pub use timeline::Timeline;

use crate::output::{Kind, PNG, SVG, TILE_PROOF};

/// All kinds of files that a run can write, in the order in which files are named and reported.
pub const KINDS: [Kind; 7] = [PNG, GIF, MP4, FRAMES, REVEAL, SVG, TILE_PROOF];
