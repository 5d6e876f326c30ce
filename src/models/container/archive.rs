//! The zip archive that `PyTorch` writes: its entries and the places of their bytes.

use std::collections::HashMap;
use std::io::Cursor;
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive};

use super::{Fault, quoted};

/// Name of the entry with the pickle, relative to the archive's folder.
pub(super) const PICKLE: &str = "data.pkl";

pub(super) fn cut_short(entry: &str) -> Fault {
    Fault::damaged(format!("is cut short: it ends inside its entry {}", quoted(entry)))
}

/// The entries of a `PyTorch` file's zip archive.
pub(super) struct Archive {
    entries: HashMap<String, Entry>,
    /// The folder of all entries, with a trailing slash.
    folder: String,
    /// Whether it is a `TorchScript` archive: a module and its code.
    pub(super) is_script: bool,
}

/// The place of an entry's bytes, and whether these are the content itself.
struct Entry {
    range: Range<usize>,
    plain: bool,
}

impl Archive {
    /// Reads the list of entries.
    pub(super) fn open(file: &[u8]) -> Result<Self, Fault> {
        let broken = || Fault::damaged("is a zip archive that is cut short or damaged");
        let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| broken())?;
        let mut entries = HashMap::new();
        for number in 0..archive.len() {
            let entry = archive.by_index_raw(number).map_err(|_| broken())?;
            let name = entry.name().map_err(|_| broken())?.into_owned();
            let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
            let size = usize::try_from(entry.compressed_size()).ok();
            let range = start.zip(size).and_then(|(start, size)| Some(start..start.checked_add(size)?));
            let range = range.filter(|range| range.end <= file.len()).ok_or_else(|| cut_short(&name))?;
            let plain = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
            entries.insert(name, Entry { range, plain });
        }
        let folder = |entry: &String| {
            let folder = entry.strip_suffix(PICKLE)?;
            (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_owned())
        };
        let Some(folder) = entries.keys().filter_map(folder).min() else {
            let problem = "is a zip archive without PyTorch weights (it has no data.pkl)";
            return Err(Fault::new(problem, "unpack the archive, and name the weight file in it"));
        };
        let code = format!("{folder}code/");
        let is_script = entries.contains_key(&format!("{folder}constants.pkl"))
            || entries.keys().any(|name| name.starts_with(&code));
        let archive = Self { entries, folder, is_script };
        let order = archive.entry("byteorder").ok().and_then(|range| file.get(range));
        if order == Some(b"big") {
            let problem = "was saved on a big-endian machine";
            return Err(Fault::new(problem, "save the file as .safetensors, which is the same on every machine"));
        }
        Ok(archive)
    }

    /// The place of an entry's bytes; `name` is relative to the archive's folder.
    pub(super) fn entry(&self, name: &str) -> Result<Range<usize>, Fault> {
        let Some(entry) = self.entries.get(&format!("{}{name}", self.folder)) else {
            let problem = format!("has no entry {}, which its list of tensors names", quoted(name));
            return Err(Fault::damaged(problem));
        };
        if !entry.plain {
            let problem = format!("has the compressed entry {}, which PyTorch never writes", quoted(name));
            return Err(Fault::new(problem, "use the file as PyTorch saved it, not a repacked one"));
        }
        Ok(entry.range.clone())
    }
}
