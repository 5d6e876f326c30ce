//! Options that several verbs take, their help, and the files and the environment that set them.

pub(super) mod conduct;
#[cfg(feature = "server")]
pub(super) mod data;
pub(super) mod device;
#[cfg(feature = "server")]
pub(super) mod elsewhere;
pub(super) mod encoded;
pub(super) mod help;
#[cfg(feature = "server")]
pub(super) mod layers;
#[cfg(feature = "server")]
pub(super) mod lease;
pub(super) mod max_memory;
pub(super) mod moving;
pub(super) mod other_prior;
pub(super) mod outputs;
#[cfg(feature = "server")]
pub(super) mod remote;
pub(super) mod secret;
pub(super) mod sources;
pub(super) mod targets;
pub(super) mod threads;
pub(super) mod trust;
