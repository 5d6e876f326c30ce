//! The macros that turn the options in `groups/` into [`Settings`](super::Settings), [`Overrides`](super::Overrides)
//! and [`OPTIONS`](super::OPTIONS).
//!
//! A group is `group! { NAME "Heading" { OPTIONS } }`. An option is one block:
//!
//! ```text
//! setting NAME: KIND TYPE {
//!     /// Short help: the first paragraph
//!     ///
//!     /// The rest of the help.
//!     value: "N",              the name of its value; an option without it is not on the command line
//!     arg: FUNCTION,           how the command line reads it, if not by the type alone: Arg to Arg
//!     read: "FUNCTION",        how files of overrides are read, if not by the type alone: as serde's deserialize_with
//!     default: VALUE,          its value if nothing sets it; without one, `resolve::combine` decides
//!     before: VALUE,           the meaning of older recipes, if not the default
//!     shown: "TEXT",           the text that the help shows as the default, if not the value
//!     range: RANGE,            a `Range`
//!     check: FUNCTION,         another check of the value alone: &VALUE to Result<()>
//!     by: Requests,            who may set it, if not the command line only
//! },
//! ```
//!
//! All lines are optional; they must be in this order. Types are written with their paths. The kinds:
//!
//! * `always T`: a `T`, which every recipe has
//! * `one T`: a `T`, which recipes from before the option lack; use this kind for a new option
//! * `drawn T`: a `T` that every recipe has, and that sources can have drawn: the seed
//! * `maybe T`: an `Option<T>`, left out of recipes if there is none
//! * `optional T`: like `maybe T`, but a source can also say `none`, which overrides weaker sources
//! * `list T`: a `Vec<T>`, which every recipe has
//! * `several T`: a `Vec<T>`, left out of recipes if it is empty
//!
//! `asked NAME: TYPE { ... }` is an option that is not a setting of a picture: `resolve::combine` decides settings with
//! it.

/// Defines a group of options, which `join` joins to the others; with `as`, also a struct of the settings of the group.
macro_rules! group {
    ($list:ident $heading:tt { $($rows:tt)* }) => {
        pass_on! { ($) $list $heading { $($rows)* } }
    };
    ($list:ident $heading:tt as $(#[$($attribute:tt)*])* $group:ident, $get:ident, $with:ident { $($rows:tt)* }) => {
        named_group! { $(#[$($attribute)*])* $group, $get, $with { $($rows)* } }
        pass_on! { ($) $list $heading { $($rows)* } }
    };
}

/// Defines the macro `$list`, which adds the group's options to those before it.
macro_rules! pass_on {
    (($d:tt) $list:ident $heading:tt $rows:tt) => {
        macro_rules! $list {
            ([$d($d rest:ident)*] { $d($d before:tt)* }) => {
                join! { [$d($d rest)*] { $d($d before)* group $heading $rows } }
            };
        }
    };
}

/// Joins the options of groups: `join! { [NAME NAME ...] {} }`.
macro_rules! join {
    ([] { $($groups:tt)* }) => { table! { $($groups)* } };
    ([$next:ident $($rest:ident)*] $groups:tt) => { $next! { [$($rest)*] $groups } };
}

/// Generates all types and functions from all options.
macro_rules! table {
    ($(group $heading:tt {
        $(
            $(asked $asked:ident: $asked_type:ty {
                $(#[doc = $asked_doc:tt])*
                value: $asked_value:tt,
                $(arg: $asked_arg:expr,)?
                $(shown: $asked_shown:tt,)?
                $(range: $asked_range:expr,)?
                $(by: $asked_by:ident,)?
            })?
            $(setting $name:ident: $kind:ident $type:ty {
                $(#[doc = $doc:tt])*
                $(value: $value:tt,)?
                $(arg: $arg:expr,)?
                $(read: $read:tt,)?
                $(default: $default:expr,)?
                $(before: $before:expr,)?
                $(shown: $shown:tt,)?
                $(range: $range:expr,)?
                $(check: $check:expr,)?
                $(by: $by:ident,)?
            })?
            ,
        )*
    })*) => {
        /// All settings that decide a picture, resolved: the same settings give the same bytes.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $($($(
                $(#[doc = $doc])*
                pub $name: setting_type!($kind $type),
            )?)*)*
        }

        /// The settings that one source gives: the command line, a recipe, the environment or a file.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Overrides {
            $($(
                $(
                    $(#[doc = $asked_doc])*
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pub $asked: Option<$asked_type>,
                )?
                $(
                    $(#[doc = $doc])*
                    #[serde(skip_serializing_if = "Option::is_none" $(, deserialize_with = $read)?)]
                    pub $name: Option<given_type!($kind $type)>,
                )?
            )*)*
        }

        /// All options that affect a picture, in the order of the help.
        pub static OPTIONS: &[OptionInfo] = &[
            $($(
                $(OptionInfo {
                    name: stringify!($asked),
                    option: dashed!($asked),
                    value: Some($asked_value),
                    group: $heading,
                    help: &[$($asked_doc),*],
                    type_name: stringify!($asked_type),
                    default: || None,
                    shown: optional!($($asked_shown)?),
                    range: optional!($($asked_range)?),
                    takes_none: false,
                    setter: setter!($($asked_by)?),
                    reads: |argument| {
                        let argument = argument.value_parser(clap::value_parser!($asked_type));
                        changed!(argument $(, $asked_arg)?)
                    },
                },)?
                $(OptionInfo {
                    name: stringify!($name),
                    option: dashed!($name),
                    value: optional!($($value)?),
                    group: $heading,
                    help: &[$($doc),*],
                    type_name: stringify!($type),
                    default: || json!($($default)?),
                    shown: optional!($($shown)?),
                    range: optional!($($range)?),
                    takes_none: takes_none!($kind),
                    setter: setter!($($by)?),
                    reads: |argument| {
                        let argument = argument.value_parser(clap::value_parser!($type)).action(action!($kind));
                        changed!(argument $(, $arg)?)
                    },
                },)?
            )*)*
        ];

        impl Overrides {
            /// These values, with those of a weaker layer for the ones that are missing.
            #[must_use]
            pub fn or(self, weaker: Self) -> Self {
                Self {
                    $($(
                        $($asked: self.$asked.or(weaker.$asked),)?
                        $($name: self.$name.or(weaker.$name),)?
                    )*)*
                }
            }

            /// Removes the values of all settings that recipes can omit.
            pub(crate) fn take_what_recipes_omit(&mut self) {
                $($($(taken_away!($kind self.$name);)?)*)*
            }

            /// The options that have a value, in the order of the help.
            pub(crate) fn given(&self) -> impl Iterator<Item = &'static OptionInfo> {
                let are_given = [$($($(self.$asked.is_some(),)? $(self.$name.is_some(),)?)*)*];
                OPTIONS.iter().zip(are_given).filter_map(|(option, is_given)| is_given.then_some(option))
            }

            /// These values without those of the options under a heading.
            #[must_use]
            pub(crate) fn without_group(mut self, group: &str) -> Self {
                $(if group == $heading {
                    $($(self.$asked = None;)? $(self.$name = None;)?)*
                })*
                self
            }

            /// The settings from these values and the defaults.
            ///
            /// # Errors
            /// If an option that has no default has no value.
            pub fn resolved(self) -> crate::Result<Settings> {
                Ok(Settings { $($($($name: resolved!($kind self.$name, dashed!($name) $(, $default)?),)?)*)* })
            }

            /// The values on a command line.
            pub(super) fn of_matches(matches: &mut clap::ArgMatches) -> Self {
                Self {
                    $($(
                        $($asked: arguments::one(matches, stringify!($asked)),)?
                        $($name: of_matches!($kind matches, stringify!($name) $(, $value)?),)?
                    )*)*
                }
            }
        }

        impl From<Settings> for Overrides {
            fn from(settings: Settings) -> Self {
                Self { $($($($asked: None,)? $($name: given!($kind settings.$name),)?)*)* }
            }
        }

        impl Settings {
            /// Checks each value by itself.
            ///
            /// # Errors
            /// If a value is outside its range, with the option's name.
            pub(super) fn check_values(&self) -> crate::Result<()> {
                $($($(
                    $(Range::check(&$range, dashed!($name), &self.$name)?;)?
                    $($check(&self.$name)?;)?
                )?)*)*
                Ok(())
            }
        }

        impl serde::Serialize for Settings {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let mut names = vec![$($($(stringify!($name),)?)*)*];
                names.sort_by_key(|name| recipe_place(name));
                $($($(if is_left_out!($kind self.$name) {
                    names.retain(|name| *name != stringify!($name));
                })?)*)*
                let mut fields = serializer.serialize_struct("Settings", names.len())?;
                for name in names {
                    $($($(if name == stringify!($name) {
                        fields.serialize_field(stringify!($name), &self.$name)?;
                    })?)*)*
                }
                fields.end()
            }
        }

        /// Settings as recipes contain them.
        #[derive(serde::Deserialize)]
        #[serde(rename = "Settings", deny_unknown_fields)]
        struct Written {
            $($($(
                #[serde(default, deserialize_with = "present")]
                $name: Option<setting_type!($kind $type)>,
            )?)*)*
        }

        impl<'de> serde::Deserialize<'de> for Settings {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let written = Written::deserialize(deserializer)?;
                Ok(Self {
                    $($($($name: restored!(
                        $kind written.$name, stringify!($name), [$($before)?] [$($default)?]
                    ),)?)*)*
                })
            }
        }
    };
}

/// Generates the struct of the settings of a group.
macro_rules! named_group {
    ($(#[$($attribute:tt)*])* $group:ident, $get:ident, $with:ident {
        $(setting $name:ident: $kind:ident $type:ty {
            $(#[doc = $doc:tt])*
            $(value: $value:tt,)?
            $(arg: $arg:expr,)?
            $(read: $read:tt,)?
            $(default: $default:expr,)?
            $(before: $before:expr,)?
            $(shown: $shown:tt,)?
            $(range: $range:expr,)?
            $(check: $check:expr,)?
            $(by: $by:ident,)?
        },)*
    }) => {
        $(#[$($attribute)*])*
        pub struct $group {
            $(
                $(#[doc = $doc])*
                pub $name: setting_type!($kind $type),
            )*
        }

        impl Default for $group {
            fn default() -> Self {
                Self::resolved(super::Overrides::default())
            }
        }

        impl $group {
            /// The settings from these values and the defaults.
            #[must_use]
            pub fn resolved(values: super::Overrides) -> Self {
                Self { $($name: defaulted!($kind values.$name $(, $default)?),)* }
            }

            /// Checks each value by itself.
            fn check_values(&self) -> crate::Result<()> {
                $(
                    $(Range::check(&$range, dashed!($name), &self.$name)?;)?
                    $($check(&self.$name)?;)?
                )*
                Ok(())
            }
        }

        impl super::Settings {
            #[doc = concat!("The settings of [`", stringify!($group), "`].")]
            #[must_use]
            pub fn $get(&self) -> $group {
                $group { $($name: self.$name.clone(),)* }
            }

            #[doc = concat!("These settings with others of [`", stringify!($group), "`].")]
            #[must_use]
            pub fn $with(self, group: $group) -> Self {
                Self { $($name: group.$name,)* ..self }
            }
        }
    };
}
