//! What a recipe says of a model.

use serde::{Deserialize, Serialize};

/// A model a picture was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// `vqgan` or `clip`
    pub role: String,
    /// What the user called it
    pub name: String,
    /// Which state of its repository; none for a local file
    pub revision: Option<String>,
    /// The weight file's name
    pub file: String,
    /// Its SHA-256
    pub sha256: String,
}
