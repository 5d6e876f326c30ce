//! Whole numbers as people and other programs write them: `3`, `3.0`, `1e3`, `1,000`, `0x1F`.

/// More digits than any accepted number has.
const MOST_DIGITS: i64 = 40;

/// The meaning of a text that looks like a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// A whole number from 0 to the largest of 64 bits
    Whole(u64),
    /// A whole number below 0
    Negative,
    /// A number with a fraction
    Fraction,
    /// A whole number of more than 64 bits
    TooLarge,
    /// Digits with separators that are not in threes, as `1,5` or `12 34`
    Separated,
}

/// Reads a text that looks like a number; `None` if it does not.
pub(crate) fn written(text: &str) -> Option<Written> {
    let text = text.trim();
    // The prefixes of most programming languages.
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let digits = text.get(..2).filter(|start| start.eq_ignore_ascii_case(prefix)).and_then(|_| text.get(2..));
        if let Some(digits) = digits.filter(|digits| !digits.is_empty() && digits.chars().all(|it| it.is_digit(radix)))
        {
            return Some(u64::from_str_radix(digits, radix).map_or(Written::TooLarge, Written::Whole));
        }
    }
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, separators) = without_separators(before)?;
    if !is_digits(after) || (whole.is_empty() && after.is_empty()) {
        return None;
    }
    let exponent = match exponent {
        Some(exponent) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !is_digits(digits) {
                return None;
            }
            // An exponent that does not fit is far beyond any accepted number.
            exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX })
        }
        None => 0,
    };
    if separators == Separators::Other {
        return Some(Written::Separated);
    }
    let value = value(&whole, after, exponent);
    Some(match value {
        Written::Whole(number) if is_negative && number > 0 => Written::Negative,
        Written::TooLarge if is_negative => Written::Negative,
        value => value,
    })
}

/// How digits are separated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separators {
    None,
    /// Every three, from the right
    Thousands,
    Other,
}

/// The digits without their separators; `None` if the text contains anything else, or a separator at an end.
fn without_separators(text: &str) -> Option<(String, Separators)> {
    let is_separator = |character: char| matches!(character, ',' | '_' | '\'' | ' ' | '\u{a0}' | '\u{202f}');
    if !text.chars().all(|character| character.is_ascii_digit() || is_separator(character))
        || text.starts_with(is_separator)
        || text.ends_with(is_separator)
    {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let mut used = text.chars().filter(|character| is_separator(*character));
    let Some(first) = used.next() else { return Some((digits, Separators::None)) };
    let groups: Vec<&str> = text.split(first).collect();
    let is_thousands = (1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3);
    // `1_0000` is a number in code.
    let is_code = first == '_' && groups.iter().all(|group| !group.is_empty());
    let are_alike = used.all(|other| other == first);
    let is_good = are_alike && (is_thousands || is_code);
    Some((digits, if is_good { Separators::Thousands } else { Separators::Other }))
}

/// The value of the digits before and after the point, times a power of ten.
fn value(whole: &str, after: &str, exponent: i64) -> Written {
    let digits = format!("{whole}{}", after.trim_end_matches('0'));
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Written::Whole(0);
    }
    // The position of the point, from the end of the digits.
    let fraction = i64::try_from(after.trim_end_matches('0').len()).unwrap_or(i64::MAX);
    let zeros = significant.len() - significant.trim_end_matches('0').len();
    let shift = exponent.saturating_sub(fraction);
    if shift < 0 {
        let cut = usize::try_from(shift.unsigned_abs()).unwrap_or(usize::MAX);
        if cut > zeros {
            return Written::Fraction;
        }
        return significant[..significant.len() - cut].parse().map_or(Written::TooLarge, Written::Whole);
    }
    if shift > MOST_DIGITS {
        return Written::TooLarge;
    }
    let zeros = "0".repeat(usize::try_from(shift).unwrap_or_default());
    format!("{significant}{zeros}").parse().map_or(Written::TooLarge, Written::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_any_spelling() {
        for (text, number) in [
            ("3", 3),
            ("+3", 3),
            ("007", 7),
            (" 5 ", 5),
            ("3.0", 3),
            ("3.", 3),
            ("1e3", 1000),
            ("1E+3", 1000),
            ("1.5e1", 15),
            ("1500e-2", 15),
            ("1,000", 1000),
            ("1'000'000", 1_000_000),
            ("1 000", 1000),
            ("1_0000", 10_000),
            ("0x1F", 31),
            ("-0", 0),
            ("0e99999999999999999999", 0),
            ("18446744073709551615", u64::MAX),
            ("1.8446744073709551615e19", u64::MAX),
        ] {
            assert_eq!(written(text), Some(Written::Whole(number)), "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_number_is_named() {
        for (text, kind) in [
            ("-1", Written::Negative),
            ("-1e30", Written::Negative),
            ("1.5", Written::Fraction),
            (".5", Written::Fraction),
            ("-1.5", Written::Fraction),
            ("1e-3", Written::Fraction),
            ("1e-99999999999999999999", Written::Fraction),
            ("18446744073709551616", Written::TooLarge),
            ("1e99999999999999999999", Written::TooLarge),
            ("1,5", Written::Separated),
            ("1,000 000", Written::Separated),
            ("1,2,3", Written::Separated),
        ] {
            assert_eq!(written(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn words_are_no_numbers() {
        for text in
            ["", "cat", "-", ".", "e3", "1e", "10:30", "2024-01-01", "1.2.3", "nan", "inf", ",5", "5,", "0x", "3cats"]
        {
            assert_eq!(written(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_number_of_64_bits_is_itself(number: u64) {
            proptest::prop_assert_eq!(written(&number.to_string()), Some(Written::Whole(number)));
            proptest::prop_assert_eq!(written(&format!("{number}.000")), Some(Written::Whole(number)));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in r"[0-9eE.,_' +\-x]{0,30}") {
            let _ = written(&text);
        }
    }
}
