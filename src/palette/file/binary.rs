//! Palette files of bytes.

type Colours = Result<Vec<[u8; 3]>, String>;

/// An Adobe colour table: 256 colours of three bytes; behind them, in newer ones, how many of them count and which is
/// transparent, two bytes each, the high one first (Adobe Photoshop File Formats Specification, Color Table).
pub(super) fn adobe(bytes: &[u8]) -> Colours {
    let count = match bytes.get(768..) {
        Some([]) => 256,
        Some([high, low, _, _]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return Err(format!("an Adobe colour table has 768 or 772 bytes, and this file {}", bytes.len())),
    };
    let colours = bytes[..768].as_chunks::<3>().0;
    let used = colours.get(..count).filter(|used| !used.is_empty());
    used.map(<[_]>::to_vec).ok_or_else(|| format!("byte 768: the table tells of {count} colours, and 1 to 256 can be"))
}

/// A RIFF palette: chunks with their lengths, of which `data` holds a version, the number of colours, and red, green,
/// blue and flags of each; the low byte is first (Microsoft, LOGPALETTE).
pub(super) fn riff(bytes: &[u8]) -> Colours {
    let ends = |at: usize| format!("byte {at}: the file ends within the palette");
    if bytes.get(8..12) != Some(b"PAL ") {
        return Err("byte 8: this RIFF file is no palette".into());
    }
    let mut at = 12;
    loop {
        let header =
            bytes.get(at..at + 8).and_then(|header| header.first_chunk::<8>()).ok_or_else(|| ends(bytes.len()))?;
        let [n0, n1, n2, n3, l0, l1, l2, l3] = *header;
        at += 8;
        if [n0, n1, n2, n3] == *b"data" {
            break;
        }
        // Chunks begin at even places.
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let next = at.checked_add(length).and_then(|end| end.checked_add(end % 2)).filter(|next| *next < bytes.len());
        at = next.ok_or_else(|| ends(bytes.len()))?;
    }
    let data = &bytes[at..];
    let [_, _, low, high] = *data.first_chunk::<4>().ok_or_else(|| ends(bytes.len()))?;
    let count = usize::from(u16::from_le_bytes([low, high]));
    let colours = data[4..].as_chunks::<4>().0;
    let used = colours.get(..count).ok_or_else(|| {
        format!("byte {}: the palette tells of {count} colours, and the file ends after {}", at + 2, colours.len())
    })?;
    Ok(used.iter().map(|[red, green, blue, _]| [*red, *green, *blue]).collect())
}
