//! Files: reading within a bound, writing completely or not at all, names, hashes and kinds.

mod hash;
mod link;
mod lock;
mod missing;
mod name;
mod partial;
mod path;
mod read;
mod stream;
mod target;
mod text;
mod write;

pub(crate) use hash::hash_file_within;
pub use hash::{hash_file, hash_files, hash_open_file, hash_open_files, to_hex};
pub(crate) use link::end_of_links;
pub(crate) use lock::lock;
pub(crate) use missing::missing;
pub use name::{Naming, checkpoint_of, frames_of, picture_of, slug, work_of};
pub(crate) use name::{behind_stem, check_fields, check_fields_of, contains, is_numbered, is_template, numbered};
pub use partial::PartialFile;
pub(crate) use path::{optional_path_as_text, path_as_text};
pub(crate) use read::{Source, begins_with, open_regular, open_source, read_regular, read_within, small_text};
pub(crate) use stream::Stream;
pub use target::{check_new_target, check_target};
pub(crate) use text::{read_text, read_text_from_anywhere, unreadable, unreadable_file};
pub use write::{Existing, check_folder, check_new_folder, create_folder_of, write_beside, write_whole};
#[cfg(feature = "server")]
pub(crate) use write::{create_private_folder, write_private};
pub(crate) use write::{free_beside, nameless, remove_if_present};
