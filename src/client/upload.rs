//! Uploads: the files that a picture is made from.

use std::path::Path;

use serde::Deserialize;

use super::connection::{Ask, Connection};
use crate::database::Id;
use crate::files::{open_regular, read_within, unreadable};
use crate::{Error, Result};

/// The largest file that a server takes, in bytes.
const LARGEST: u64 = 20 << 20;
/// What to do about a file that cannot be sent.
const HINT: &str = "give a picture of at most 20 MiB";

/// What a server says about an upload.
#[derive(Deserialize)]
struct Upload {
    id: String,
}

/// Uploads a picture, and returns what requests call it.
pub(super) fn upload(connection: &Connection, path: &Path) -> Result<String> {
    let content = open_regular(path).and_then(|file| read_within(file, LARGEST));
    let content = content.map_err(|error| Error::file(path, unreadable(&error), HINT))?;
    // No part of a file has these random characters.
    let boundary = Id::random()?;
    let body = [
        format!("--{boundary}\r\n").as_bytes(),
        // The name of the file is nobody's business.
        b"Content-Disposition: form-data; name=\"image\"; filename=\"image\"\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n",
        &content,
        format!("\r\n--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    let ask = Ask::post(connection.address.of(["uploads"]), &body);
    let ask = ask.header("content-type", format!("multipart/form-data; boundary={boundary}"));
    let upload: Upload = connection.json(&ask).map_err(|error| match error {
        Error::Usage { message, hint } => Error::file(path, message, hint),
        other => other,
    })?;
    match Id::parse(&upload.id) {
        Some(id) => Ok(id.to_string()),
        None => Err(Error::network(
            format!("{} gives an upload no valid name", connection.address),
            "check that the server has the same version of text2art",
        )),
    }
}
