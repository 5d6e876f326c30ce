//! Options that the command line, the environment and a file can set. Each is named once, in a struct of [`layered`].

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// Options from one source. Each may be missing.
pub(in crate::cli) trait Layer: Default {
    /// These options; missing ones come from a weaker source.
    fn or(self, weaker: Self) -> Self;

    /// The names of the options in a file.
    fn names() -> Vec<&'static str>;

    /// Reads the value of an option of a file. Returns whether the option is one of these.
    fn read<'de, M: MapAccess<'de>>(&mut self, name: &str, file: &mut M) -> Result<bool, M::Error>;
}

/// Defines a struct of options, or with `of` a struct of such structs. clap reads it from a command line, [`from_toml`]
/// from a file, and [`Layer::or`] joins sources. A field of a type `T` becomes an `Option<T>`. An option with `[unwritten]`
/// after its type cannot be in a file; one with `#[arg(skip)]` can be nowhere else.
macro_rules! layered {
    (
        $(#[$($attribute:tt)*])*
        $visibility:vis struct $name:ident {
            $(
                $(#[$($about:tt)*])*
                $field_visibility:vis $field:ident: $type:ty $([$mark:ident])?,
            )*
        }
    ) => {
        $(#[$($attribute)*])*
        #[derive(Clone, Debug, Default, PartialEq, clap::Args)]
        $visibility struct $name {
            $($(#[$($about)*])* $field_visibility $field: Option<$type>,)*
        }

        impl $crate::cli::options::layers::Layer for $name {
            fn or(self, weaker: Self) -> Self {
                Self { $($field: self.$field.or(weaker.$field),)* }
            }

            fn names() -> Vec<&'static str> {
                [$($crate::cli::options::layers::written!($field $($mark)?)),*].into_iter().flatten().collect()
            }

            fn read<'de, M: serde::de::MapAccess<'de>>(&mut self, name: &str, file: &mut M) -> Result<bool, M::Error> {
                $(
                    if $crate::cli::options::layers::written!($field $($mark)?).is_some_and(|written| written == name) {
                        self.$field = Some(file.next_value()?);
                        return Ok(true);
                    }
                )*
                Ok(false)
            }
        }
    };
    (
        $(#[$($attribute:tt)*])*
        $visibility:vis struct $name:ident of {
            $($field_visibility:vis $field:ident: $part:ident,)*
        }
    ) => {
        $(#[$($attribute)*])*
        #[derive(Clone, Debug, Default, PartialEq, clap::Args)]
        $visibility struct $name {
            $(#[command(flatten)] $field_visibility $field: $part,)*
        }

        impl $crate::cli::options::layers::Layer for $name {
            fn or(self, weaker: Self) -> Self {
                Self { $($field: self.$field.or(weaker.$field),)* }
            }

            fn names() -> Vec<&'static str> {
                [$($part::names()),*].concat()
            }

            fn read<'de, M: serde::de::MapAccess<'de>>(&mut self, name: &str, file: &mut M) -> Result<bool, M::Error> {
                Ok($(self.$field.read(name, file)? ||)* false)
            }
        }
    };
}

/// The name of an option in files, if it has one.
macro_rules! written {
    ($name:ident) => {
        Some(stringify!($name))
    };
    ($name:ident unwritten) => {
        None::<&'static str>
    };
}

pub(in crate::cli) use {layered, written};

/// Reads the options of a file.
///
/// # Errors
/// If the text is not TOML, names another option, or gives an option a wrong value.
pub(in crate::cli) fn from_toml<L: Layer>(text: &str) -> Result<L, toml::de::Error> {
    toml::Deserializer::parse(text)?.deserialize_map(File(PhantomData))
}

/// Reads a whole file.
struct File<L>(PhantomData<L>);

impl<'de, L: Layer> Visitor<'de> for File<L> {
    type Value = L;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("options")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut file: M) -> Result<L, M::Error> {
        let (names, mut options) = (L::names(), L::default());
        while let Some(name) = file.next_key_seed(Name(&names))? {
            options.read(name, &mut file)?;
        }
        Ok(options)
    }
}

/// Reads the name of one of these options. This way, an error has the position of the name.
struct Name<'n>(&'n [&'static str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = &'static str;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of an option")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static str, E> {
        self.0.iter().find(|known| **known == name).copied().ok_or_else(|| {
            let known: Vec<String> = self.0.iter().map(|known| format!("`{known}`")).collect();
            E::custom(format!("unknown field `{name}`, expected one of {}", known.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    layered! {
        /// Where.
        struct Where {
            /// A place
            #[arg(long, value_name = "PLACE")]
            place: String,
            /// For tests
            #[arg(long, hide = true)]
            hidden: u32 [unwritten],
        }
    }

    layered! {
        /// How.
        struct How {
            /// Several ways
            #[arg(long, value_delimiter = ',')]
            ways: Vec<String>,
            /// Only in files
            #[arg(skip)]
            table: std::collections::BTreeMap<String, u32>,
        }
    }

    layered! {
        /// All.
        struct All of {
            place: Where,
            how: How,
        }
    }

    #[test]
    fn an_option_is_named_once_for_all_sources() {
        let command = All::augment_args(Command::new("all").no_binary_name(true));
        let matches = command.try_get_matches_from(["--place=here", "--hidden=3", "--ways=a,b"]).unwrap();
        let given = All::from_arg_matches(&matches).unwrap();
        assert_eq!((given.place.place.as_deref(), given.place.hidden), (Some("here"), Some(3)));
        assert_eq!(given.how.ways.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
        assert_eq!(All::names(), ["place", "ways", "table"]);
        let written: All = from_toml("place = 'there'\nways = ['c']\n[table]\na = 1\n").unwrap();
        let both = given.clone().or(written.clone());
        assert_eq!((both.place, both.how.ways), (given.place.clone(), given.how.ways));
        assert_eq!(both.how.table, written.how.table);
        assert_eq!(All::default().or(written.clone()), written);
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_place_of_its_fault() {
        let wrong = |text: &str| {
            let error = from_toml::<All>(text).unwrap_err();
            (error.message().to_owned(), error.span().map(|span| text[span].to_owned()))
        };
        let (message, place) = wrong("place = 'there'\nhiden = 3\n");
        assert_eq!(message, "unknown field `hiden`, expected one of `place`, `ways`, `table`");
        assert_eq!(place.as_deref(), Some("hiden"));
        assert!(wrong("hidden = 3").0.starts_with("unknown field `hidden`"));
        assert_eq!(wrong("ways = ['a']\nplace = 3").1.as_deref(), Some("3"));
        from_toml::<All>("place = 'a'\nplace = 'b'").unwrap_err();
        from_toml::<All>("place").unwrap_err();
    }
}
