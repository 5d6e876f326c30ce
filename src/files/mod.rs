//! Reading files that anybody may have named: none is endless, and none keeps the program waiting.

mod path;
mod read;
mod stream;

pub(crate) use path::{optional_path_as_text, path_as_text};
pub(crate) use read::{Source, open_regular, open_source, read_regular, read_source, read_within, reason, small_text};
pub(crate) use stream::Stream;
