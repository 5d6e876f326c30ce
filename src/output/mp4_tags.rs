//! The tags of an MP4: `moov/udta/meta/ilst`, the list that iTunes introduced and every player reads.

use std::io::{BufRead, Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};

use super::plain::pass;

/// The name of the entry that holds the recipe.
const RECIPE: &[u8] = b"text2art";
/// The namespace of such entries.
const OWNER: &[u8] = b"com.apple.iTunes";
/// The longest recipe that is read, in bytes.
const LONGEST: u64 = 4 << 20;
/// The most boxes that are read on one level.
const MOST_BOXES: usize = 10_000;
/// The head of a data box with text: UTF-8, no country.
const TEXT: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 0];

/// A box of the type `kind`.
pub(crate) fn boxed(kind: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    // No box here is close to 4 GiB.
    let mut bytes = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    bytes.extend_from_slice(&kind);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The payload of a `udta` box: the program and, if there is a recipe, the recipe in words and as JSON.
pub(crate) fn tags(program: &str, recipe: Option<(&str, &str)>) -> Vec<u8> {
    let data = |text: &str| boxed(*b"data", &[&TEXT, text.as_bytes()]);
    let mut list = boxed(*b"\xa9too", &[&data(program)]);
    if let Some((words, json)) = recipe {
        list.extend(boxed(*b"\xa9cmt", &[&data(words)]));
        let owner = boxed(*b"mean", &[&[0; 4], OWNER]);
        let name = boxed(*b"name", &[&[0; 4], RECIPE]);
        list.extend(boxed(*b"----", &[&owner, &name, &data(json)]));
    }
    let handler = boxed(*b"hdlr", &[&[0; 8], b"mdirappl", &[0; 9]]);
    boxed(*b"meta", &[&[0; 4], &handler, &boxed(*b"ilst", &[&list])])
}

/// The recipe in an MP4; none if the file has no recipe. If the file is cut short, the error is `UnexpectedEof`.
pub(crate) fn recipe(file: &mut (impl Read + Seek)) -> Result<Option<String>> {
    let end = file.seek(SeekFrom::End(0))?;
    let mut inside = 0..end;
    for kind in [*b"moov", *b"udta", *b"meta", *b"ilst"] {
        let Some(found) = find(file, inside, kind)? else { return Ok(None) };
        // `meta` begins with a version and flags.
        inside = found.start + if kind == *b"meta" { 4 } else { 0 }..found.end;
    }
    while let Some(entry) = find(file, inside.clone(), *b"----")? {
        inside.start = entry.end;
        let name = find(file, entry.clone(), *b"name")?.map(|name| content(file, name, 4)).transpose()?;
        if name.as_deref() != Some(RECIPE) {
            continue;
        }
        let Some(data) = find(file, entry, *b"data")? else { return Ok(None) };
        return String::from_utf8(content(file, data, TEXT.len() as u64)?).map(Some).map_err(Error::other);
    }
    Ok(None)
}

/// Copies an MP4 whose tags became a box of nothing, of the same length: so the places of its pictures stay right.
pub(super) fn copy_without_tags(file: &mut (impl BufRead + Seek), target: &mut impl Write) -> Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    let moov = find(file, 0..end, *b"moov")?.ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
    let (mut inside, mut copied) = (moov, 0);
    while let Some(tags) = find(file, inside.clone(), *b"udta")? {
        file.seek(SeekFrom::Start(copied))?;
        // Only a box of more than 4 GiB has its length behind its type.
        pass(file, target, tags.start - 4 - copied)?;
        target.write_all(b"free")?;
        pass(&mut std::io::repeat(0), target, tags.end - tags.start)?;
        copied = tags.end;
        inside.start = tags.end;
    }
    file.seek(SeekFrom::Start(copied))?;
    pass(file, target, end - copied)
}

/// The range of the content of the first box of a type, among the boxes in a range.
fn find(
    file: &mut (impl Read + Seek),
    mut inside: std::ops::Range<u64>,
    kind: [u8; 4],
) -> Result<Option<std::ops::Range<u64>>> {
    let damaged = || Error::new(ErrorKind::InvalidData, "the MP4's boxes are invalid");
    for _ in 0..MOST_BOXES {
        if inside.end.saturating_sub(inside.start) < 8 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(inside.start))?;
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, name @ ..] = head;
        let (length, header) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (inside.end - inside.start, 8),
            1 => {
                let mut length = [0; 8];
                file.read_exact(&mut length)?;
                (u64::from_be_bytes(length), 16)
            }
            length => (length.into(), 8),
        };
        let end = inside.start.checked_add(length).filter(|end| length >= header && *end <= inside.end);
        let content = inside.start + header..end.ok_or_else(damaged)?;
        if name == kind {
            return Ok(Some(content));
        }
        inside.start = content.end;
    }
    Err(damaged())
}

/// The content of a box after its first `skip` bytes.
fn content(file: &mut (impl Read + Seek), inside: std::ops::Range<u64>, skip: u64) -> Result<Vec<u8>> {
    file.seek(SeekFrom::Start(inside.start + skip))?;
    let length = (inside.end - inside.start).saturating_sub(skip);
    if length > LONGEST {
        return Err(Error::new(ErrorKind::InvalidData, "the recipe is too long"));
    }
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn copies_have_no_tags_and_everything_else_in_its_place() {
        let file = |tags: &[u8]| {
            let moov = boxed(*b"moov", &[&boxed(*b"udta", &[tags]), &boxed(*b"mvhd", &[&[7; 100]])]);
            [boxed(*b"ftyp", &[b"isom"]), moov, boxed(*b"mdat", &[b"pictures"])].concat()
        };
        let copy = |bytes: &[u8]| {
            let mut copy = Vec::new();
            copy_without_tags(&mut Cursor::new(bytes.to_vec()), &mut copy).map(|()| copy)
        };
        let whole = file(&tags("text2art", Some(("castle", "{\"castle\": 1}"))));
        let copied = copy(&whole).unwrap();
        assert_eq!((copied.len(), recipe(&mut Cursor::new(copied.clone())).unwrap()), (whole.len(), None));
        let place = copied.windows(4).position(|kind| kind == b"free").unwrap();
        let length = tags("text2art", Some(("castle", "{\"castle\": 1}"))).len();
        let bare = [&whole[..place], &b"free"[..], vec![0; length].as_slice(), &whole[place + 4 + length..]].concat();
        assert_eq!(copied, bare);
        assert_eq!(copy(&copied).unwrap(), copied);
        for length in 0..whole.len() - 16 {
            assert!(copy(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn the_recipe_is_found_again() {
        let read = |bytes: &[u8]| recipe(&mut Cursor::new(bytes.to_vec()));
        let file = |tags: &[u8]| {
            let moov = boxed(*b"moov", &[&boxed(*b"mvhd", &[&[0; 100]]), &boxed(*b"udta", &[tags])]);
            [boxed(*b"ftyp", &[b"isom"]), moov].concat()
        };
        let whole = file(&tags("text2art", Some(("words", "{\"größe\": 1}"))));
        assert_eq!(read(&whole).unwrap().as_deref(), Some("{\"größe\": 1}"));
        assert_eq!(read(&file(&tags("text2art", None))).unwrap(), None);
        assert_eq!(read(b"").unwrap(), None);
        // A file that is cut short anywhere gives no recipe and no panic.
        for length in 0..whole.len() {
            assert!(!matches!(read(&whole[..length]), Ok(Some(_))), "{length}");
        }
        // A change of any byte causes no panic and no endless loop.
        for index in 0..whole.len() {
            for value in [0, 1, 255] {
                let mut damaged = whole.clone();
                damaged[index] = value;
                let _ = read(&damaged);
            }
        }
    }
}
