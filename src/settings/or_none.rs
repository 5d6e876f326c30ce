//! A value that a source can also remove.

use std::fmt;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ValueEnum};
use serde::de::{Unexpected, Visitor};

/// The word for no value.
const NONE: &str = "none";

/// A value, or the word `none`, which removes the value of a weaker source. If the value is the name of a file, write
/// `./none` for a file named `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrNone<T>(pub Option<T>);

impl<T> OrNone<T> {
    /// Whether it is the word `none`.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Reads the word `none`, or any other value with `read`.
    ///
    /// # Errors
    /// If the function fails.
    pub(super) fn read<E>(text: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<Self, E> {
        if text == NONE { Ok(Self(None)) } else { read(text).map(|value| Self(Some(value))) }
    }

    /// The value; none for the word `none`.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> From<T> for OrNone<T> {
    fn from(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: fmt::Display> fmt::Display for OrNone<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(formatter),
            None => formatter.write_str(NONE),
        }
    }
}

impl<T: FromStr> FromStr for OrNone<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        Self::read(text, str::parse)
    }
}

impl<T: serde::Serialize> serde::Serialize for OrNone<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_str(NONE),
        }
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> serde::Deserialize<'de> for OrNone<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads a whole number or `none` from a file of overrides.
pub(super) fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<OrNone<usize>>, D::Error> {
    struct Whole;

    impl Visitor<'_> for Whole {
        type Value = OrNone<usize>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a whole number or `none`")
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
            let whole = usize::try_from(number);
            whole.map(OrNone::from).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }

        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
            let whole = usize::try_from(number);
            whole.map(OrNone::from).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            OrNone::read(text, |_| Err(E::invalid_value(Unexpected::Str(text), &self)))
        }
    }

    deserializer.deserialize_any(Whole).map(Some)
}

/// Reads a number or `none` from a file of overrides.
pub(super) fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<OrNone<f64>>, D::Error> {
    struct Number;

    impl Visitor<'_> for Number {
        type Value = OrNone<f64>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a number or `none`")
        }

        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok(number.into())
        }

        #[allow(clippy::cast_precision_loss, reason = "larger numbers are out of every range")]
        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok((number as f64).into())
        }

        #[allow(clippy::cast_precision_loss, reason = "larger numbers are out of every range")]
        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok((number as f64).into())
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            OrNone::read(text, |_| Err(E::invalid_value(Unexpected::Str(text), &self)))
        }
    }

    deserializer.deserialize_any(Number).map(Some)
}

/// Reads one of the values of a type, or `none`, which `help` explains.
pub(super) fn choice_or_none<T>(argument: Arg, help: &'static str) -> Arg
where
    T: ValueEnum + FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let values = values.chain([PossibleValue::new(NONE).help(help)]);
    argument.value_parser(PossibleValuesParser::new(values).try_map(|text| text.parse::<OrNone<T>>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Tile;
    use crate::settings::Overrides;

    #[test]
    fn a_value_can_be_taken_away() {
        for text in ["both", "none"] {
            let read: OrNone<Tile> = text.parse().unwrap();
            assert_eq!((read.to_string().as_str(), read.is_none()), (text, text == "none"));
            let written = serde_json::to_value(&read).unwrap();
            assert_eq!((written.as_str(), serde_json::from_value(written.clone()).unwrap()), (Some(text), read));
        }
        assert!("nothing".parse::<OrNone<Tile>>().is_err());
        for (json, factor) in [("2", Some(2.0)), ("1.5", Some(1.5)), ("\"none\"", None)] {
            let read: Overrides = serde_json::from_str(&format!("{{\"hires\": {json}}}")).unwrap();
            assert_eq!(read.hires, Some(OrNone(factor)), "{json}");
            assert_eq!(serde_json::from_str::<Overrides>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
        }
        for wrong in ["\"2\"", "true", "\"nothing\""] {
            assert!(serde_json::from_str::<Overrides>(&format!("{{\"hires\": {wrong}}}")).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<OrNone<Tile>>("\"nothing\"").is_err());
    }
}
