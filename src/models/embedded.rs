//! The embedded model: small enough to compile in, and read like any other model.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::ModelRecord;
use super::container::TensorFile;
use super::files::{ConfigFile, ModelFiles, Role};
use crate::files::to_hex;
use crate::{Error, Result};

/// The name of the embedded model.
pub const NAME: &str = "embedded";

/// The role of the embedded prior in a recipe. No option names a model of this role.
pub const PRIOR: &str = "prior";

/// The name of every weight file.
const WEIGHTS: &str = "model.safetensors";

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
/// The vocabulary of the embedded model, as JSON.
pub(super) static VOCABULARY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/weights/embedded/vocabulary.json"));
static PRIOR_WEIGHTS: &[u8] = include_embedded!("prior/model.safetensors");
static PRIOR_CONFIG: &[u8] = include_embedded!("prior/config.json");
static VQGAN_CONFIG: &[u8] = include_embedded!("vqgan/config.json");

/// The embedded model's files for a role.
///
/// # Errors
/// If the compiled-in weights cannot be read.
pub(super) fn files(role: Role) -> Result<ModelFiles> {
    let (folder, weights, config, others) = match role {
        Role::Clip => ("embedded/clip", CLIP_WEIGHTS, CLIP_CONFIG, CLIP_OTHERS),
        Role::Vqgan => ("embedded/vqgan", VQGAN_WEIGHTS, VQGAN_CONFIG, &[][..]),
        Role::Upscaler => {
            let hint = "use `crisp` or `lanczos`, or name a downloaded model (`text2art models list`)";
            return Err(Error::usage("there is no embedded upscaler", hint));
        }
        Role::Aesthetic => return Err(Error::fault("there is no embedded aesthetic head")),
    };
    let weights = TensorFile::from_static(&format!("{folder}/{WEIGHTS}"), weights)?;
    let text = String::from_utf8_lossy(config).into_owned();
    let config = ConfigFile { path: format!("{folder}/config.json").into(), text };
    Ok(ModelFiles::compiled(role, NAME, weights, config, others))
}

/// The configuration and the weights of the embedded prior.
#[must_use]
pub fn prior() -> (&'static [u8], &'static [u8]) {
    (PRIOR_CONFIG, PRIOR_WEIGHTS)
}

/// The embedded prior as a recipe records it. Its weights are hashed once.
#[must_use]
pub fn prior_record() -> ModelRecord {
    static SHA256: OnceLock<String> = OnceLock::new();
    let sha256 = SHA256.get_or_init(|| to_hex(&Sha256::digest(PRIOR_WEIGHTS))).clone();
    ModelRecord { role: PRIOR.to_owned(), name: NAME.to_owned(), revision: None, file: WEIGHTS.to_owned(), sha256 }
}
