//! Turns a file of a stranger into a PNG of ours.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use axum::http::StatusCode;
use image::DynamicImage;
use tempfile::TempPath;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::receive::unwritable;
use crate::error::{Error, Result};
use crate::files::hash_file;
use crate::picture::{Bounded, Bounds, read_within};
use crate::server::problem::{Answer, Problem};
use crate::text::{Spelling, spelled};

/// What a picture may be at most.
const BOUNDS: Bounds = Bounds { side: 8192, pixels: 40_000_000, memory: 384 << 20 };
/// The longest wait until another picture is converted.
const TURN_WAIT: Duration = Duration::from_secs(60);

/// Who may convert a picture now: one for each core, since each takes a core and up to 384 MiB.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

/// A picture as it is stored.
pub(in crate::server) struct Converted {
    /// A PNG that vanishes with this value
    pub file: TempPath,
    /// Columns
    pub width: u32,
    /// Rows
    pub height: u32,
    /// The length of the PNG
    pub bytes: u64,
    /// The SHA-256 of the PNG, as hexadecimal digits
    pub sha256: String,
    /// The format of the file that was given
    pub format: &'static str,
}

/// Converts a file, beside the threads that answer requests.
pub(super) async fn convert(given: TempPath) -> Answer<Converted> {
    let turn = timeout(TURN_WAIT, TURNS.acquire()).await;
    let Ok(Ok(turn)) = turn else {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many pictures are being read");
        return Err(problem.hint("try again in a moment").retry_after(10));
    };
    let work = move || {
        // The work goes on if the visitor leaves, and so does its turn.
        let _turn = turn;
        convert_now(&given)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(converted)) => Ok(converted),
        Ok(Err(error)) => Err(refusal(error)),
        Err(error) => {
            tracing::error!(%error, "a picture could not be read");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the picture cannot be decoded").field("image"))
        }
    }
}

fn convert_now(given: &Path) -> Result<Converted> {
    let Bounded { picture, format } = read_within(given, BOUNDS)?;
    let fault = |source: std::io::Error| Error::Write { path: given.to_owned(), source };
    let folder = given.parent().unwrap_or(Path::new("."));
    let png = tempfile::Builder::new().prefix("upload-").suffix(".png").tempfile_in(folder).map_err(fault)?;
    let (file, path) = png.into_parts();
    encode(&picture, file).map_err(|error| match error {
        png::EncodingError::IoError(source) => fault(source),
        error => Error::fault(format!("cannot encode a picture: {error}")),
    })?;
    let bytes = path.metadata().map_err(fault)?.len();
    let sha256 = hash_file(&path)?;
    Ok(Converted { width: picture.width(), height: picture.height(), bytes, sha256, format, file: path })
}

/// Writes a PNG without holding all of it in memory. The same pixels give the same bytes.
fn encode(picture: &DynamicImage, file: File) -> Result<(), png::EncodingError> {
    let mut buffered = BufWriter::new(file);
    let mut encoder = png::Encoder::new(&mut buffered, picture.width(), picture.height());
    encoder.set_color(if picture.color().has_alpha() { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    let mut rows = writer.stream_writer()?;
    rows.write_all(picture.as_bytes())?;
    rows.finish()?;
    writer.finish()?;
    Ok(buffered.flush()?)
}

/// What is wrong with a picture, without the name of the file, which the visitor does not know.
fn refusal(error: Error) -> Problem {
    match error {
        Error::File { problem, hint, .. } => {
            let detail = spelled(&problem, Spelling::Field);
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).hint(spelled(&hint, Spelling::Field)).field("image")
        }
        Error::Write { source, .. } => unwritable(&source),
        other => other.into(),
    }
}
