//! Moving pictures: GIFs, MP4s and folders of frames, encoded during a run.

mod blend;
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
mod source;
mod spool;
mod timeline;
mod yuv;

pub use blend::blended;
pub use folder::{FRAMES, Folder};
pub use gif::GIF;
pub use kept::{check_kept_frames, remove_kept_frames};
pub use mp4::MP4;
pub use names::{FileNames, kind_of_output};
pub use pictures::pictures_in;
pub use recorder::Recorder;
pub use recording::{Keeping, Recording};
pub use reveal::{REVEAL, reveal};
pub use source::{FrameOfFilm, FrameSource, FramesOfFilm, Survey, Timing, common_size};
pub use timeline::Timeline;

use crate::output::{Kind, PICTURE, SVG, TILE_PROOF};

/// All kinds of files that a run can write, in the order in which files are named and reported.
pub const KINDS: [Kind; 7] = [PICTURE, GIF, MP4, FRAMES, REVEAL, SVG, TILE_PROOF];
