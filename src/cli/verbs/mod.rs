//! The verbs, a file or a folder each.

pub(super) mod batch;
pub(super) mod bench;
#[cfg(feature = "server")]
pub(super) mod cancel;
pub(super) mod completions;
pub(super) mod doctor;
pub(super) mod drawers;
pub(super) mod generate;
pub(super) mod info;
#[cfg(feature = "server")]
pub(super) mod jobs;
#[cfg(feature = "server")]
pub(super) mod login;
pub(super) mod man;
pub(super) mod models;
pub(super) mod palettes;
pub(super) mod reconstruct;
pub(super) mod resume;
pub(super) mod score;
#[cfg(feature = "server")]
pub(super) mod serve;
#[cfg(feature = "server")]
pub(super) mod submit;
pub(super) mod video;
#[cfg(feature = "server")]
pub(super) mod worker;
