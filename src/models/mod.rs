//! Where models come from: files on disk or compiled in, their containers and their names.

pub mod container;
mod convert;
pub mod embedded;
pub mod files;
mod finder;
pub mod hub;
mod identity;
pub mod import;
mod inferred;
pub mod inventory;
mod located;
pub mod manifest;
mod named;
mod part;
mod prefix;
mod presence;
mod quality;
mod record;
mod vocabulary;
pub mod weights;

pub use files::{ModelFiles, Role};
pub use finder::Finder;
pub use identity::Identity;
pub use part::{Part, View};
pub(crate) use prefix::Prefix;
pub use presence::Missing;
pub use quality::Quality;
pub use record::ModelRecord;
pub use vocabulary::Vocabulary;
pub use weights::{Values, Weights};
