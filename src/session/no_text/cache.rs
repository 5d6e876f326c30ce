//! The directions that were computed before, each in a file: the SHA-256 of the numbers, then the numbers.
//!
//! A file that cannot be read, is damaged or belongs to another model is as good as none; one that cannot be written costs
//! only time.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files::{Existing, read_regular, write_whole};

/// The folder of the directions, in the program's own.
const FOLDER: &str = "no-text";
/// The length of a SHA-256.
const DIGEST: usize = 32;

/// The file of a direction.
pub(super) fn file(own: &Path, key: &str) -> PathBuf {
    own.join(FOLDER).join(format!("{key}.bin"))
}

/// Reads a direction with this number of features; none if there is no such file, or if it is damaged.
pub(super) fn read(file: &Path, features: usize) -> Option<Vec<f32>> {
    let length = DIGEST + features * size_of::<f32>();
    let bytes = read_regular(file, length as u64).ok()?;
    let (digest, numbers) = bytes.split_at_checked(DIGEST)?;
    if bytes.len() != length || Sha256::digest(numbers).as_slice() != digest {
        return None;
    }
    let values: Vec<f32> = numbers.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    values.iter().all(|value| value.is_finite()).then_some(values)
}

/// Keeps a direction.
pub(super) fn write(file: &Path, values: &[f32]) {
    let numbers: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let bytes = [Sha256::digest(&numbers).as_slice(), &numbers].concat();
    let folder = file.parent().unwrap_or(Path::new(""));
    // Without the file, the next run computes the same numbers again.
    let _ = std::fs::create_dir_all(folder).is_ok_and(|()| write_whole(file, &bytes, Existing::Replace).is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), "key");
        let values = [0.5_f32, -0.25, 1e-9];
        assert_eq!(read(&path, 3), None);
        write(&path, &values);
        assert_eq!(read(&path, 3).as_deref(), Some(&values[..]));
        assert_eq!((read(&path, 2), read(&path, 4)), (None, None));
        let whole = std::fs::read(&path).unwrap();
        for at in [0, 31, 32, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(read(&path, 3), None, "byte {at}");
        }
        for length in [0, 10, 32, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(read(&path, 3), None, "{length} bytes");
        }
        write(&path, &values);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        // What cannot be written is no error.
        write(&path.join("below a file"), &values);
    }
}
