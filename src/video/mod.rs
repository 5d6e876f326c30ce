//! Moving pictures: GIF, MP4 and folders of frames, encoded while a run goes on.

mod folder;
mod gif;
mod h264;
mod mp4;
mod palette;
mod paths;
mod pictures;
mod recorder;
mod recording;
mod spool;
mod timeline;
mod yuv;

pub use folder::Folder;
pub use gif::Gif;
pub use mp4::Mp4;
pub use paths::{MovingPaths, MovingPictures};
pub use pictures::pictures_in;
pub use recorder::{Outputs, Recorder};
pub use recording::Recording;
pub use timeline::Timeline;
