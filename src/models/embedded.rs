//! The model inside the program: small enough to ship, read like any other.

use super::container::TensorFile;
use super::files::{ConfigFile, ModelFiles, Role};
use crate::Result;

/// The name by which the user asks for it.
pub const NAME: &str = "embedded";

/// Includes a file of `weights/embedded`.
macro_rules! include_embedded {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/embedded/", $path))
    };
}

static CLIP_WEIGHTS: &[u8] = include_embedded!("clip/model.safetensors");
static CLIP_CONFIG: &[u8] = include_embedded!("clip/config.json");
static CLIP_OTHERS: &[(&str, &[u8])] = &[("tokenizer.json", include_embedded!("clip/tokenizer.json"))];
static VQGAN_WEIGHTS: &[u8] = include_embedded!("vqgan/model.safetensors");
/// What it knows, in JSON.
pub(super) static VOCABULARY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/embedded/vocabulary.json"));
static PRIOR_WEIGHTS: &[u8] = include_embedded!("prior/model.safetensors");
static PRIOR_CONFIG: &[u8] = include_embedded!("prior/config.json");
static VQGAN_CONFIG: &[u8] = include_embedded!("vqgan/config.json");

/// The embedded model's files for a role.
///
/// # Errors
/// None in a program that was built whole; a weight file that cannot be read otherwise.
pub(super) fn files(role: Role) -> Result<ModelFiles> {
    let (folder, weights, config, others) = match role {
        Role::Clip => ("embedded/clip", CLIP_WEIGHTS, CLIP_CONFIG, CLIP_OTHERS),
        Role::Vqgan => ("embedded/vqgan", VQGAN_WEIGHTS, VQGAN_CONFIG, &[][..]),
    };
    let weights = TensorFile::from_static(&format!("{folder}/model.safetensors"), weights)?;
    let text = String::from_utf8_lossy(config).into_owned();
    let config = ConfigFile { path: format!("{folder}/config.json").into(), text };
    Ok(ModelFiles::compiled(role, NAME, weights, config, others))
}

/// The configuration and the weights of the prior that goes with them.
#[must_use]
pub fn prior() -> (&'static [u8], &'static [u8]) {
    (PRIOR_CONFIG, PRIOR_WEIGHTS)
}
