//! Types that files keep as text, the way the command line writes them.

/// How alike two names must be for one to be taken for the other mistyped (Jaro and Winkler, 0 to 1).
const LIKENESS: f64 = 0.7;

/// Known names with their likeness to the one that was given, the nearest first.
pub(crate) fn by_likeness<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<(f64, &'a str)> {
    let given = given.to_lowercase();
    let likeness = |name: &'a str| (strsim::jaro_winkler(&given, &name.to_lowercase()), name);
    let mut names: Vec<_> = known.into_iter().map(likeness).collect();
    names.sort_by(|(first, _), (second, _)| second.total_cmp(first));
    names
}

/// `; did you mean NAME?` where a known name is near the one that was given, else nothing.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = by_likeness(given, known).into_iter().next().filter(|(likeness, _)| *likeness > LIKENESS);
    nearest.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// Reads a whole number, as the command line writes it.
pub(crate) fn whole_number(text: &str) -> Result<usize, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no whole number from 0 on"))
}

/// Reads a number, as the command line writes it.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no number: write it as 0.5"))
}

/// What is wrong with options, in one line.
pub(crate) fn first_paragraph(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    first.trim_start_matches("error: ").to_owned()
}

/// Serialises a type through `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// An enum whose values have names: `Display`, `FromStr`, serde and the command line by these names.
macro_rules! named_values {
    ($type:ident, $what:literal, { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $type {
            /// All values with their names.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $name)),+];
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let name = Self::ALL.iter().find(|(value, _)| value == self).map_or("", |(_, name)| *name);
                formatter.write_str(name)
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|(_, name)| *name == text);
                found.map(|(value, _)| *value).ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
                    let near = $crate::settings::text::did_you_mean(text, names.iter().copied());
                    format!(concat!("`{}` is no ", $what, ": use one of {}{}"), text, names.join(", "), near)
                })
            }
        }

        impl clap::ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$variant),+]
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                let (_, name) = Self::ALL.iter().find(|(value, _)| value == self)?;
                Some(clap::builder::PossibleValue::new(*name))
            }
        }

        $crate::settings::text::serde_as_text!($type);
    };
}

pub(crate) use named_values;
pub(crate) use serde_as_text;
