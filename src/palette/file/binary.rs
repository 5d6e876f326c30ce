//! Binary palette files.

type Colors = Result<Vec<[u8; 3]>, String>;

/// Reads an Adobe color table: 256 colors of three bytes. Newer tables also have the number of colors that count and
/// the index of the transparent one, two bytes each, high byte first (Adobe Photoshop File Formats Specification, Color
/// Table).
pub(super) fn adobe(bytes: &[u8]) -> Colors {
    let count = match bytes.get(768..) {
        Some([]) => 256,
        Some([high, low, _, _]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => return Err(format!("an Adobe color table has 768 or 772 bytes, but this file has {}", bytes.len())),
    };
    let colors = bytes[..768].as_chunks::<3>().0;
    let used = colors.get(..count).filter(|used| !used.is_empty());
    used.map(<[_]>::to_vec)
        .ok_or_else(|| format!("byte 768: the table claims {count} colors, but it must have 1 to 256"))
}

/// Reads a RIFF palette: chunks with their lengths. The chunk `data` holds a version, the number of colors, and the
/// red, green, blue and flags of each, low byte first (Microsoft, LOGPALETTE).
pub(super) fn riff(bytes: &[u8]) -> Colors {
    let ends = |at: usize| format!("byte {at}: the file ends within the palette");
    if bytes.get(8..12) != Some(b"PAL ") {
        return Err("byte 8: this RIFF file is not a palette".into());
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
        // Chunks begin at even offsets.
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let next = at.checked_add(length).and_then(|end| end.checked_add(end % 2)).filter(|next| *next < bytes.len());
        at = next.ok_or_else(|| ends(bytes.len()))?;
    }
    let data = &bytes[at..];
    let [_, _, low, high] = *data.first_chunk::<4>().ok_or_else(|| ends(bytes.len()))?;
    let count = usize::from(u16::from_le_bytes([low, high]));
    let colors = data[4..].as_chunks::<4>().0;
    let used = colors.get(..count).ok_or_else(|| {
        format!("byte {}: the palette claims {count} colors, but the file ends after {}", at + 2, colors.len())
    })?;
    Ok(used.iter().map(|[red, green, blue, _]| [*red, *green, *blue]).collect())
}
