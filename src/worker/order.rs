//! What a job of the queue asks for, as the server writes it and a worker reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::{Error, Result};

/// The version of the format.
const FORMAT: u32 = 1;

/// A picture that a server was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The version of the format
    format: u32,
    /// The settings that decide the picture. A path in them is the name of an input
    pub settings: Settings,
    /// The kinds of files to make beside the PNG, by the name of their option, such as `mp4`
    pub products: Vec<String>,
    /// The files that the picture is made from, by their name in the folder of the job
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
}

/// A file that a picture is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its key in the store of objects
    pub object: String,
    /// Its SHA-256, as hexadecimal digits
    pub sha256: String,
}

impl Order {
    /// An order in the format of this version.
    #[must_use]
    pub fn new(settings: Settings, products: Vec<String>, inputs: BTreeMap<String, Input>) -> Self {
        Self { format: FORMAT, settings, products, inputs }
    }

    /// The order as JSON.
    ///
    /// # Errors
    ///
    /// If a setting cannot be written.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::fault(format!("cannot write an order: {error}")))
    }

    /// Reads an order from JSON.
    ///
    /// # Errors
    ///
    /// If a newer version wrote it, or it is damaged.
    pub fn read(json: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let broken =
            |error: serde_json::Error| Error::usage(format!("the job cannot be read: {error}"), "submit the job again");
        let version: Version = serde_json::from_str(json).map_err(broken)?;
        if version.format > FORMAT {
            return Err(Error::usage("the job was submitted by a newer version of text2art", "update this worker"));
        }
        serde_json::from_str(json).map_err(broken)
    }
}
