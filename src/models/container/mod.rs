//! Reads weight files in the published formats: safetensors, `PyTorch`'s zip
//! archive with a pickle, and flax's `MessagePack`.
//!
//! [`TensorFile`] maps a file into memory and keeps an index of its tensors; everything in a file is
//! checked before it is used. Each format's index is read in its own module.

mod archive;
mod legacy;
#[cfg(test)]
mod legacy_tests;
mod msgpack;
mod pickle;
#[cfg(test)]
mod pickle_tests;
mod safetensors;
mod saved;
mod shards;
#[cfg(test)]
mod tests;
mod unpickle;
mod values;
mod wrappers;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use rayon::prelude::*;

use crate::{Error, Result};
pub use shards::{files_of, is_shard_list, is_shard_of};
use values::Tensor;

const DOWNLOAD_AGAIN: &str = "download the file again";

/// The hint for a file that is not a weight file.
const NAME_WEIGHTS: &str = "name a .safetensors file, PyTorch's .ckpt, .pth or .bin file, or flax's .msgpack file";

/// The format of a weight file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON header and the bytes it describes
    Safetensors,
    /// `PyTorch`'s format: a zip archive with a pickle, a `TorchScript` archive, or, before version 1.6, pickles
    /// followed by the tensors' bytes
    Pickle,
    /// Flax's maps of maps
    Msgpack,
}

/// An open weight file, or all the parts of one: named tensors in any of the formats the program reads.
pub struct TensorFile {
    path: PathBuf,
    format: Format,
    parts: Vec<FilePart>,
    /// The tensors by name, each with the index of its part
    tensors: BTreeMap<String, (usize, Tensor)>,
}

/// A file that holds tensors.
struct FilePart {
    path: PathBuf,
    bytes: Bytes,
}

/// The storage of a file's bytes.
enum Bytes {
    Mapped(Mmap),
    Static(&'static [u8]),
}

impl Bytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Static(bytes) => bytes,
        }
    }
}

impl TensorFile {
    /// Opens a weight file, whose format is recognized by its content, not its name. For a list of parts, such as
    /// `model.safetensors.index.json`, opens all the parts.
    ///
    /// # Errors
    /// If the file does not exist, is damaged, or is not a weight file.
    pub fn open(path: &Path) -> Result<Self> {
        match shards::read(path)? {
            Some(list) => shards::open(path, list),
            None => Self::open_single(path),
        }
    }

    fn open_single(path: &Path) -> Result<Self> {
        let with_path = |fault: Fault| fault.in_file(path);
        let map = map(path).map_err(with_path)?;
        let format = recognize(&map).map_err(with_path)?;
        Self::index(path, format, Bytes::Mapped(map))
    }

    /// Opens a safetensors file compiled into the program; `name` replaces its path in messages.
    ///
    /// # Errors
    /// If the bytes are not a safetensors file.
    pub fn from_static(name: &str, bytes: &'static [u8]) -> Result<Self> {
        Self::index(Path::new(name), Format::Safetensors, Bytes::Static(bytes))
    }

    /// The whole file if it is compiled into the program; none for a file on disk.
    #[must_use]
    pub fn static_bytes(&self) -> Option<&'static [u8]> {
        match self.parts.as_slice() {
            [FilePart { bytes: Bytes::Static(bytes), .. }] => Some(bytes),
            _ => None,
        }
    }

    /// The size of the file, or of all its parts, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes.as_slice().len() as u64).sum()
    }

    fn index(path: &Path, format: Format, bytes: Bytes) -> Result<Self> {
        let index = match format {
            Format::Safetensors => safetensors::index,
            Format::Pickle => pickle::index,
            Format::Msgpack => msgpack::index,
        };
        let tensors = index(bytes.as_slice()).map_err(|fault| fault.in_file(path))?;
        if tensors.is_empty() {
            let hint = "name the file with the model's weights, saved as a dictionary of tensors";
            return Err(Error::file(path, "holds no tensors", hint));
        }
        let tensors = wrappers::removed(tensors).into_iter().map(|(name, tensor)| (name, (0, tensor))).collect();
        let path = path.to_owned();
        Ok(Self { path: path.clone(), format, parts: vec![FilePart { path, bytes }], tensors })
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format of the file.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Names of the tensors in sorted order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Sizes of the dimensions of a tensor; `None` if the file has no tensor of this name.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|(_, tensor)| tensor.shape())
    }

    /// The values of a tensor in row-major order.
    ///
    /// # Errors
    /// If the file has no such tensor, its values are of an unsupported type, or one of them is
    /// not a finite number.
    pub fn read(&self, name: &str) -> Result<Vec<f32>> {
        let found = self.tensors.get(name).and_then(|(part, tensor)| Some((self.parts.get(*part)?, tensor)));
        let path = found.map_or(&self.path, |(part, _)| &part.path);
        let fail =
            |problem: &str, hint: &str| Err(Error::file(path, format!("the tensor {} {problem}", quoted(name)), hint));
        let Some((part, tensor)) = found else {
            return fail("is missing", "name the weights of the requested model");
        };
        let values = match tensor.read(part.bytes.as_slice()) {
            Ok(values) => values,
            Err(kind) => {
                let problem = format!("has values of the unsupported type {}", quoted(kind));
                return fail(&problem, "convert the file to float32 or float16");
            }
        };
        if values.len() != tensor.count() {
            return fail("is incomplete", DOWNLOAD_AGAIN);
        }
        if !values.par_iter().all(|value| value.is_finite()) {
            let hint = "download the file again; if it was made this way, use other weights";
            return fail("has a value that is not a finite number", hint);
        }
        Ok(values)
    }
}

impl fmt::Debug for TensorFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TensorFile")
            .field("path", &self.path)
            .field("format", &self.format)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

/// What is wrong with a file, and what to do about it, still without the file's path.
#[derive(Debug)]
struct Fault {
    problem: String,
    hint: String,
}

impl Fault {
    fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: hint.into() }
    }

    /// The fault of a damaged weight file.
    fn damaged(problem: impl Into<String>) -> Self {
        Self::new(problem, DOWNLOAD_AGAIN)
    }

    fn in_file(self, path: &Path) -> Error {
        Error::file(path, self.problem, self.hint)
    }
}

/// A name from a file, for a message: quoted, on one line, and of limited length.
fn quoted(name: &str) -> String {
    const LONGEST: usize = 200;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}…", name.get(..end).unwrap_or_default()),
        None => format!("{name:?}"),
    }
}

/// Adds a tensor to an index, unless the name is taken.
fn insert(tensors: &mut BTreeMap<String, Tensor>, name: String, tensor: Tensor) -> Result<(), Fault> {
    if tensors.contains_key(&name) {
        return Err(Fault::damaged(format!("holds the tensor {} twice", quoted(&name))));
    }
    tensors.insert(name, tensor);
    Ok(())
}

/// Maps a file into memory.
fn map(path: &Path) -> Result<Mmap, Fault> {
    let cannot_open = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Fault::new("does not exist", "check the path"),
        ErrorKind::PermissionDenied => {
            Fault::new("may not be read", "change the file's permissions, or copy it elsewhere")
        }
        _ => Fault::new(format!("cannot be read: {error}"), "check the path and the disk"),
    };
    // Checked before opening, since opening a pipe would wait for its writer.
    let metadata = path.metadata().map_err(cannot_open)?;
    if metadata.is_dir() {
        return Err(Fault::new("is a folder, not a file", "name the weight file in the folder"));
    }
    if !metadata.is_file() {
        return Err(Fault::new("is not a regular file", NAME_WEIGHTS));
    }
    if metadata.len() == 0 {
        return Err(Fault::damaged("is empty"));
    }
    let file = File::open(path).map_err(cannot_open)?;
    // SAFETY: the map is only read. Weight files are not written to while the program runs; if one
    // were truncated meanwhile, the system would end the program.
    #[allow(unsafe_code, reason = "the only way to map a file")]
    unsafe { Mmap::map(&file) }.map_err(cannot_open)
}

/// Recognizes the format of a file by its beginning.
fn recognize(file: &[u8]) -> Result<Format, Fault> {
    if safetensors::is_safetensors(file) {
        return Ok(Format::Safetensors);
    }
    if pickle::is_zip(file) {
        return Ok(Format::Pickle);
    }
    if legacy::is_legacy(file) {
        return Ok(Format::Pickle);
    }
    if legacy::is_pickle(file) {
        return Err(Fault::new("is a pickle, but not one that torch.save wrote", unpickle::SAVE_PLAINLY));
    }
    if msgpack::is_msgpack(file) {
        return Ok(Format::Msgpack);
    }
    Err(no_weights(file))
}

/// The fault of a file in none of the formats.
fn no_weights(file: &[u8]) -> Fault {
    if file.starts_with(b"version https://git-lfs") {
        return Fault::new("is a Git LFS pointer, not the weights", "run `git lfs pull` in its folder");
    }
    let head = file.get(..1024).unwrap_or(file);
    let head = match head.utf8_chunks().next() {
        // Only the last character may be invalid, since it may be cut in two.
        Some(chunk) if chunk.valid().len() + 3 >= head.len() => chunk.valid(),
        _ => "",
    };
    let head = head.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    if head.starts_with('<') {
        let hint = "download the file itself instead of the page about it";
        return Fault::new("looks like a web page, not weights", hint);
    }
    let is_text = |letter: char| !letter.is_control() || letter.is_whitespace();
    if !head.is_empty() && head.chars().all(is_text) {
        return Fault::new("is a text file, not weights", NAME_WEIGHTS);
    }
    Fault::new("is in an unsupported format", NAME_WEIGHTS)
}
