//! Parts of files.

/// The part of a file that a header `Range` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// All of it: no part is asked for, or in a way that servers may pass over
    Whole,
    /// From one byte to another, both included
    Part { first: u64, last: u64 },
    /// The file ends before the part begins
    Outside,
}

impl Range {
    /// Reads a header, for a file of so many bytes. Several parts at once are answered with the whole file, as RFC 9110,
    /// 14.2, permits.
    pub fn of(header: Option<&str>, bytes: u64) -> Self {
        let Some((first, last)) =
            header.and_then(|header| header.strip_prefix("bytes=")).and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
            digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
        };
        match (first, number(first), number(last)) {
            // The last bytes.
            ("", _, Some(count)) => match bytes.checked_sub(1) {
                Some(end) if count > 0 => Self::Part { first: bytes.saturating_sub(count), last: end },
                _ => Self::Outside,
            },
            (_, Some(first), _) if first >= bytes => Self::Outside,
            (_, Some(first), None) if last.is_empty() => Self::Part { first, last: bytes - 1 },
            (_, Some(first), Some(last)) if first <= last => Self::Part { first, last: last.min(bytes - 1) },
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        for (header, expected) in [
            ("bytes=0-3", Range::Part { first: 0, last: 3 }),
            ("bytes=5-", Range::Part { first: 5, last: 9 }),
            ("bytes=5-99", Range::Part { first: 5, last: 9 }),
            ("bytes=-3", Range::Part { first: 7, last: 9 }),
            ("bytes=-99", Range::Part { first: 0, last: 9 }),
            ("bytes=9-9", Range::Part { first: 9, last: 9 }),
            ("bytes=10-", Range::Outside),
            ("bytes=-0", Range::Outside),
            ("bytes=99999999999999999999999-", Range::Outside),
            ("bytes=3-1", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("bytes=a-", Range::Whole),
            ("bytes=-", Range::Whole),
            ("lines=0-3", Range::Whole),
            ("bytes=+1-2", Range::Whole),
        ] {
            assert_eq!(Range::of(Some(header), 10), expected, "{header}");
        }
        assert_eq!(Range::of(None, 10), Range::Whole);
        assert_eq!(Range::of(Some("bytes=0-0"), 0), Range::Outside);
        assert_eq!(Range::of(Some("bytes=-1"), 0), Range::Outside);
    }
}
