//! Whole numbers in JSON, which has no type for them: some programs write 3 as `3.0`.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Number;

/// 2^53: floating-point numbers represent every whole number up to this one exactly.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A number without a fraction, if it is not negative.
pub(super) fn whole(number: &Number) -> Option<u64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    let exact = |value: f64| (value.fract() == 0.0 && (0.0..LARGEST_EXACT).contains(&value)).then_some(value as u64);
    number.as_u64().or_else(|| number.as_f64().and_then(exact))
}

/// Reads a whole number that may be missing.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else { return Ok(None) };
    let small = whole(&number).and_then(|whole| u32::try_from(whole).ok());
    small.map(Some).ok_or_else(|| D::Error::custom(format!("{number} is not a whole number from 0 to {}", u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_fraction_are_whole() {
        let read = |json: &str| optional(&mut serde_json::Deserializer::from_str(json)).ok();
        assert_eq!(read("80"), Some(Some(80)));
        assert_eq!(read("80.0"), Some(Some(80)));
        assert_eq!(read("null"), Some(None));
        for wrong in ["80.5", "-1", "4294967296", "1e300", "\"80\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
