//! Receives the file of a form, piece by piece, so that memory holds only a piece.

use std::path::Path;
use std::time::Duration;

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::LARGEST_FILE;
use crate::server::problem::{Answer, Problem};

/// The name of the only field.
const FIELD: &str = "image";
/// The most bytes of all texts of a form.
const MOST_TEXT: usize = 64 << 10;
/// The longest wait for the next piece of a file.
const PIECE_WAIT: Duration = Duration::from_secs(30);

/// Writes the file of a form into a folder, under a name of its own that vanishes with the returned path.
pub(super) async fn receive(mut form: Multipart, folder: &Path) -> Answer<TempPath> {
    let mut received = None;
    while let Some(field) = patient(form.next_field()).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != FIELD {
            let detail = format!("the form has a field `{name}`, but only `{FIELD}` is known");
            return Err(wrong(detail).field(name));
        }
        if received.is_some() {
            return Err(wrong(format!("the form has several files as `{FIELD}`")).field(FIELD));
        }
        received = Some(write(field, folder).await?);
    }
    received.ok_or_else(|| wrong(format!("the form has no file as `{FIELD}`")).field(FIELD))
}

/// Receives a form with texts, and with at most one file in each of the fields `files`. Returns the texts by field, in order,
/// and the files that the visitor chose, with their fields. All texts together may take 64 KiB.
pub(in crate::server) async fn receive_form(
    mut form: Multipart,
    folder: &Path,
    files: &[String],
) -> Answer<(Vec<(String, String)>, Vec<(String, TempPath)>)> {
    let (mut texts, mut room, mut received) = (Vec::new(), MOST_TEXT, Vec::<(String, TempPath)>::new());
    while let Some(mut field) = patient(form.next_field()).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if !files.contains(&name) {
            let mut text = Vec::new();
            while let Some(piece) = patient(field.chunk()).await? {
                text.extend_from_slice(&piece);
                room = room.checked_sub(piece.len()).ok_or_else(too_much_text)?;
            }
            room = room.checked_sub(name.len() + 1).ok_or_else(too_much_text)?;
            texts.push((name, String::from_utf8_lossy(&text).into_owned()));
            continue;
        }
        // A browser sends a field without a name of a file if none was chosen.
        let is_chosen = field.file_name().is_some_and(|name| !name.is_empty());
        let written = write(field, folder).await?;
        if is_chosen && received.iter().all(|(other, _)| *other != name) {
            received.push((name, written));
        }
    }
    Ok((texts, received))
}

fn too_much_text() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large").hint("send less text")
}

async fn write(mut field: Field<'_>, folder: &Path) -> Answer<TempPath> {
    tokio::fs::create_dir_all(folder).await.map_err(|error| unwritable(&error))?;
    let file = tempfile::Builder::new().prefix("upload-").tempfile_in(folder);
    let (file, path) = file.map_err(|error| unwritable(&error))?.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let mut length = 0;
    while let Some(piece) = patient(field.chunk()).await? {
        length += piece.len();
        if length > LARGEST_FILE {
            return Err(too_large());
        }
        file.write_all(&piece).await.map_err(|error| unwritable(&error))?;
    }
    file.flush().await.map_err(|error| unwritable(&error))?;
    Ok(path)
}

/// Waits for the next part of a form, but not forever.
async fn patient<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Answer<T> {
    let next = timeout(PIECE_WAIT, next).await.map_err(|_| {
        let detail = format!("nothing of the file came for {} s", PIECE_WAIT.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, detail).hint("check the connection, and send the file again")
    })?;
    next.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::INTERNAL_SERVER_ERROR => Problem::new(StatusCode::BAD_REQUEST, "the form ended too early"),
        status => Problem::new(status, format!("the form cannot be read: {}", error.body_text())),
    })
}

fn wrong(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        .hint(format!("send one file as `{FIELD}`, as `curl -F {FIELD}=@picture.png` does"))
}

fn too_large() -> Problem {
    let detail = format!("the file is larger than {} MiB", LARGEST_FILE >> 20);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        .hint("make the picture smaller, or save it as a JPEG")
        .field(FIELD)
}

/// The problem of a file that the server cannot write; only the operator can mend it.
pub(super) fn unwritable(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "an upload cannot be written");
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server cannot store files right now");
    problem.hint("try again later, or ask the operator to look into the log").retry_after(60)
}
