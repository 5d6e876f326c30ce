//! Damage that a file may suffer: on a disk, on a network, or from an attacker.

use sha2::{Digest, Sha256};
use text2art::files::to_hex;
use text2art::random::Stream;

/// Text that no reader may pass on to a terminal, and numbers that break what trusts them.
const HOSTILE: [&[u8]; 16] = [
    b"\x1b]0;owned\x07",
    b"\x1b[31m",
    b"\0",
    "\u{9b}31m".as_bytes(),
    "\u{202e}gpj".as_bytes(),
    "\u{2066}".as_bytes(),
    b"\x08\x08\x7f",
    b"99999999999999999999",
    b"-1",
    b"1e999",
    b"4294967295",
    b"NaN",
    b"{\"a\":[[[[[[[[",
    b"../../../outside",
    b"\xff\xfe\x00",
    b"{1..9999999}",
];

/// Numbers at the edges of their types.
const EDGES: [u64; 8] = [0, 1, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX];

/// A copy with one or two kinds of damage. Checksums are made right again for most of them, so that readers get further.
pub fn mutant(original: &[u8], random: &mut Stream) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(2) {
        damage(&mut bytes, random);
    }
    if random.happens(0.75) {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            set_png_checksums(&mut bytes);
        } else {
            set_checkpoint_digest(&mut bytes);
        }
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, random: &mut Stream) {
    // Much of what a reader trusts is near the beginning.
    let reach = if random.happens(0.25) { bytes.len().min(512) } else { bytes.len() };
    let at = random.below(reach + 1);
    let length = random.below(64).min(bytes.len() - at);
    match random.below(8) {
        0 => {
            let bit = random.below(8);
            bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << bit);
        }
        1 => bytes[at..at + length].fill_with(|| random.bits().to_le_bytes()[0]),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..at + length)),
        4 => {
            let copy = bytes[at..at + length].to_vec();
            drop(bytes.splice(at..at, copy));
        }
        5 => drop(bytes.splice(at..at + length, HOSTILE[random.below(HOSTILE.len())].iter().copied())),
        6 => drop(bytes.splice(at..at, HOSTILE[random.below(HOSTILE.len())].iter().copied())),
        _ => {
            let edge = EDGES[random.below(EDGES.len())];
            let number = if random.happens(0.5) { edge.to_le_bytes() } else { edge.to_be_bytes() };
            let width = [1, 2, 4, 8][random.below(4)].min(bytes.len() - at);
            bytes[at..at + width].copy_from_slice(&number[..width]);
        }
    }
}

/// CRC-32 of a PNG's chunks (ISO 3309), for as many as can be found.
fn set_png_checksums(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let Some(end) =
            usize::try_from(u32::from_be_bytes(*length)).ok().and_then(|length| (at + 8).checked_add(length))
        else {
            return;
        };
        if end.checked_add(4).is_none_or(|end| end > bytes.len()) {
            return;
        }
        let checksum = crc32fast::hash(&bytes[at + 4..end]).to_be_bytes();
        bytes[end..end + 4].copy_from_slice(&checksum);
        at = end + 4;
    }
}

/// The SHA-256 that a checkpoint holds of itself, computed with zeros in its own place.
fn set_checkpoint_digest(bytes: &mut [u8]) {
    let before = b"\"sha256\":\"";
    let Some(at) = bytes.windows(before.len()).position(|window| window == before) else { return };
    let place = at + before.len()..at + before.len() + 64;
    let Some(digits) = bytes.get_mut(place.clone()) else { return };
    digits.fill(b'0');
    let digest = to_hex(&Sha256::digest(&*bytes));
    bytes[place].copy_from_slice(digest.as_bytes());
}
