//! Tests of opening and refusing files, and helpers for the tests of the formats.

use std::fs;

use super::*;

/// Opens a file with a given content.
pub(super) fn open(content: &[u8]) -> Result<TensorFile> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights");
    fs::write(&path, content).unwrap();
    TensorFile::open(&path)
}

/// The problem and the hint for a file with a given content, which must be refused.
pub(super) fn refusal(content: &[u8]) -> (String, String) {
    parts(open(content).unwrap_err())
}

/// Problem and hint of an error about a file; each must be one line.
pub(super) fn parts(error: Error) -> (String, String) {
    let Error::File { problem, hint, .. } = error else { panic!("{error}") };
    assert!(!problem.contains('\n') && !hint.contains('\n') && !hint.is_empty());
    (problem, hint)
}

/// Cuts a file at every length, which must be refused, and changes random bytes, which must neither
/// crash nor hang.
pub(super) fn endures_damage(content: &[u8]) {
    open(content).unwrap();
    for length in 0..content.len() {
        assert!(open(&content[..length]).is_err(), "cut to {length} bytes");
    }
    let mut longer = content.to_vec();
    longer.extend_from_slice(b"something else");
    let _ = open(&longer);

    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut opened = 0;
    for _ in 0..6000 {
        let mut damaged = content.to_vec();
        for _ in 0..=random(3) {
            let value = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)];
            damaged[random(content.len())] = u8::try_from(value).unwrap();
        }
        if let Ok(file) = open(&damaged) {
            opened += 1;
            for name in file.names() {
                if let Ok(values) = file.read(name) {
                    let count: usize = file.shape(name).unwrap().iter().product();
                    assert_eq!(values.len(), count);
                }
            }
        }
    }
    assert!(opened > 0, "the values themselves may be changed");
}

#[test]
fn paths_that_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let problem = |path: &Path| parts(TensorFile::open(path).unwrap_err()).0;
    assert_eq!(problem(folder.path()), "is a folder, not a file");
    assert_eq!(problem(&folder.path().join("absent")), "does not exist");
    #[cfg(unix)]
    assert_eq!(problem(Path::new("/dev/null")), "is not a regular file");
    let error = TensorFile::open(Path::new("absent.ckpt")).unwrap_err();
    assert_eq!(error.to_string(), "absent.ckpt: does not exist");
}

#[test]
fn files_of_other_kinds() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    let expected = ("is a Git LFS pointer, not the weights", "run `git lfs pull` in its folder");
    assert_eq!(refusal(pointer), (expected.0.into(), expected.1.into()));

    let long_page = format!("<!DOCTYPE html><title>{}</title>", "é".repeat(2000));
    for page in ["<!DOCTYPE html><html></html>", " \r\n<html>", "\u{feff}<?xml ?>", &long_page] {
        assert_eq!(refusal(page.as_bytes()).0, "looks like a web page, not weights");
    }
    let long_text = "ü".repeat(1000);
    for text in ["Entry not found", "{\"error\": \"no\"}", "{", &long_text, &long_text[2..]] {
        assert_eq!(refusal(text.as_bytes()).0, "is a text file, not weights");
    }
    for other in [&b"\x89HDF\r\n\x1a\n\0\0"[..], b"\x1f\x8b\x08", &[0; 64], &[0xff; 9], b"GGUF\0"] {
        assert_eq!(refusal(other).0, "is in an unsupported format");
    }
    let other = b"\x80\x02}q\x00.";
    let (problem, hint) = refusal(other);
    assert_eq!(problem, "is a pickle, but not one that torch.save wrote");
    assert!(hint.contains("torch.save"), "{hint}");
    assert_eq!(refusal(b"").0, "is empty");
}

#[test]
fn names_in_messages_are_one_short_line() {
    assert_eq!(quoted("a.b"), "\"a.b\"");
    assert_eq!(quoted("a\nb"), "\"a\\nb\"");
    assert_eq!(quoted(&"ä".repeat(300)), format!("\"{}\"…", "ä".repeat(200)));
}

#[test]
fn files_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<TensorFile>();
}
