//! Files from a server and to it.

use super::*;

fn fetched(fake: &Fake, content: &[u8], target: &Path, existing: Existing) -> Result<std::path::PathBuf> {
    fake.client().fetch(&id(), &artifact(content), (target, existing), &mut |_| {})
}

/// A file in answers that break off after a part, whether or not the server can continue.
fn in_parts(content: Vec<u8>, continues: bool) -> Fake {
    Fake::new(move |seen, number| {
        let start =
            seen.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let start: usize = start.filter(|_| continues).unwrap_or(0);
        let range = format!("Content-Range: bytes {start}-{}/{}\r\n", content.len() - 1, content.len());
        let (status, headers) = if start > 0 { (206, range.as_str()) } else { (200, "") };
        let whole = answer(status, headers, &content[start..]);
        let cut = if number < 2 { whole.len() - content.len() / 3 } else { whole.len() };
        Reply::Bytes(whole[..cut].to_vec())
    })
}

#[test]
fn a_file_arrives_whole_across_broken_connections() {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    for (name, continues) in [("a.png", true), ("b.png", false)] {
        let target = folder.path().join(name);
        let fake = in_parts(content.clone(), continues);
        assert_eq!(fetched(&fake, &content, &target, Existing::Keep).unwrap(), target);
        assert!(std::fs::read(&target).unwrap() == content);
        assert_eq!((fake.seen().len(), fake.seen()[1].header("range").is_some()), (3, true));
    }
    // A name that was taken in the meantime is left alone.
    let fake = in_parts(content.clone(), true);
    let beside = fetched(&fake, &content, &folder.path().join("a.png"), Existing::Keep).unwrap();
    assert_eq!(beside, folder.path().join("a-2.png"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_wrong_file_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.png");
    for (sent, words) in [(&b"abd"[..], "SHA-256 mismatch"), (b"abcd", "longer than announced")] {
        let fake = Fake::new(move |_, _| Reply::Bytes(answer(200, "", sent)));
        let error = fetched(&fake, b"abc", &target, Existing::Replace).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let fake = Fake::new(|_, _| json_answer(404, &json!({"detail": "there is no such file"})));
    assert!(fetched(&fake, b"abc", &target, Existing::Replace).unwrap_err().is_usage());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_upload_is_a_form_and_its_answer_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret-name.png");
    std::fs::write(&path, b"pixels\r\n--").unwrap();
    let fake = Fake::new(|_, _| json_answer(201, &json!({"id": ID, "width": 4, "height": 4, "format": "png"})));
    assert_eq!(fake.client().upload(&path).unwrap(), ID);
    let seen = &fake.seen()[0];
    let boundary = seen.header("content-type").unwrap().split_once("boundary=").unwrap().1.to_owned();
    let body = String::from_utf8(seen.body.clone()).unwrap();
    assert!(body.starts_with(&format!("--{boundary}\r\n")) && body.ends_with(&format!("\r\n--{boundary}--\r\n")));
    assert!(body.contains("name=\"image\"") && body.contains("\r\n\r\npixels\r\n--\r\n") && !body.contains("secret"));
    // A refusal names the file.
    let fake = Fake::new(|_, _| json_answer(422, &json!({"detail": "this is not a picture", "hint": "give a PNG"})));
    let error = fake.client().upload(&path).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("secret-name.png: this is not a picture"), "{error}");
    assert!(fake.client().upload(&folder.path().join("none.png")).unwrap_err().is_usage());
    let fake = Fake::new(|_, _| json_answer(201, &json!({"id": "../x"})));
    assert!(fake.client().upload(&path).is_err());
}
