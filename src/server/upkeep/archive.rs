//! The form of a backup: a zip archive without compression, since pictures and movies are compressed already.
//!
//! ```text
//! backup.json         the form, and which program wrote it
//! objects/KEY         each object
//! text2art.db         the database, whose rows name exactly these objects
//! ```

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The name of the entry with [`About`].
pub(super) const ABOUT: &str = "backup.json";
/// The name of the entry with the database.
pub(super) const DATABASE: &str = "text2art.db";
/// What the names of entries with objects begin with.
pub(super) const OBJECTS: &str = "objects/";
/// The most bytes of [`ABOUT`].
pub(super) const LONGEST_ABOUT: u64 = 64 << 10;

/// The version of the form.
const FORM: u32 = 1;

/// What a backup says about itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct About {
    /// The version of the form
    text2art_backup: u32,
    /// Which program wrote it
    program: String,
}

impl About {
    /// What this program writes.
    pub(super) fn new() -> Self {
        Self { text2art_backup: FORM, program: crate::PROGRAM.to_owned() }
    }

    /// Refuses backups of later programs.
    pub(super) fn check(&self) -> Result<()> {
        if self.text2art_backup > FORM {
            return Err(Error::usage(
                format!("the backup was written by {}, in a form that this program does not know", self.program),
                "restore it with that program, or a later one",
            ));
        }
        Ok(())
    }
}
