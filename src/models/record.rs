//! A model as a recipe records it.

use serde::{Deserialize, Serialize};

/// A model that a picture was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// `vqgan`, `clip`, `upscaler`, `aesthetic` or `prior`
    pub role: String,
    /// The name that the user gave
    pub name: String,
    /// The commit or branch of its repository; none for a local file
    pub revision: Option<String>,
    /// Name of the weight file
    pub file: String,
    /// SHA-256 of the weight file
    pub sha256: String,
}
