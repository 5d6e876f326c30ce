//! The values of `--max-memory`, and what a limit leads to.

use std::str::FromStr;

use crate::session::Recomputed;

/// A number of bytes, at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct MemorySize(pub(in crate::cli) u64);

/// Units and their bytes: powers of 1024, and with a B powers of 1000 (IEC 80000-13).
const UNITS: [(&str, u64); 14] = [
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

impl FromStr for MemorySize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let problem = || format!("`{text}` is not a valid amount of memory; write 4G, 800M or a number of bytes");
        let trimmed = text.trim();
        let end = trimmed.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let unit = unit.trim().to_uppercase();
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(problem)?;
        if let Ok(number) = number.parse::<u64>() {
            return number.checked_mul(*factor).filter(|bytes| *bytes > 0).map(Self).ok_or_else(problem);
        }
        let number: f64 = number.parse().map_err(|_| problem())?;
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let bytes = (number * *factor as f64) as u64;
        if (1..u64::MAX).contains(&bytes) { Ok(Self(bytes)) } else { Err(problem()) }
    }
}

/// Describes the blocks that are computed twice; none if there are none.
pub(in crate::cli) fn in_words(Recomputed { decoder, clip }: Recomputed) -> Option<String> {
    let parts = [(decoder, "of the decoder"), (clip, "of each CLIP")];
    let parts: Vec<String> =
        parts.iter().filter(|(blocks, _)| *blocks > 0).map(|(blocks, of)| format!("{blocks} {of}")).collect();
    (!parts.is_empty()).then(|| format!("blocks computed twice to save memory: {}", parts.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read() {
        let cases = [
            ("4G", 4 << 30),
            ("800M", 800 << 20),
            ("1.5 GiB", 3 << 29),
            ("2gb", 2_000_000_000),
            ("123456789", 123_456_789),
            ("64k", 65_536),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse::<MemorySize>(), Ok(MemorySize(bytes)), "{text}");
        }
        for text in ["", "G", "-1G", "0", "0.0M", "4X", "4 4G", "1.2.3G", "99999999T", "1e9", "nan"] {
            assert!(text.parse::<MemorySize>().is_err(), "{text}");
        }
    }
}
