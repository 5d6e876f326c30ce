//! The settings as options of the command line: all of them, or the ones that a verb takes.

use std::marker::PhantomData;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::options::OptionInfo;
use super::{OPTIONS, OrNone, Overrides};
use crate::text;

/// Reads a whole number. A negative number is reported as a wrong value, not as an unknown option.
pub(super) fn whole_number(argument: Arg) -> Arg {
    signed(argument).value_parser(text::whole_number)
}

/// Reads a number.
pub(super) fn number(argument: Arg) -> Arg {
    signed(argument).value_parser(text::number)
}

/// Reads a number or `none`.
pub(super) fn number_or_none(argument: Arg) -> Arg {
    signed(argument).value_parser(|text: &str| OrNone::read(text, text::number))
}

/// Reads `--option`, which means `usual`, or `--option=NUMBER`.
pub(super) fn number_or(argument: Arg, usual: &'static str) -> Arg {
    number(argument).num_args(0..=1).require_equals(true).default_missing_value(usual)
}

/// Reads a word that begins with a minus sign and a digit as a value.
pub(super) fn signed(argument: Arg) -> Arg {
    argument.allow_negative_numbers(true)
}

/// Reads `--option`, which means true, or `--option=BOOL`.
pub(super) fn switch(argument: Arg) -> Arg {
    argument.num_args(0..=1).require_equals(true).default_missing_value("true")
}

/// Applies a function to an argument.
pub(super) fn changed(argument: Arg, change: impl FnOnce(Arg) -> Arg) -> Arg {
    change(argument)
}

/// The value of an argument; none if it is not given, or if the verb does not have it.
pub(super) fn one<T: Clone + Send + Sync + 'static>(matches: &mut ArgMatches, name: &str) -> Option<T> {
    matches.try_remove_one(name).ok().flatten()
}

/// All values of an argument; none if it is not given, or if the verb does not have it.
pub(super) fn all<T: Clone + Send + Sync + 'static>(matches: &mut ArgMatches, name: &str) -> Option<Vec<T>> {
    matches.try_remove_many(name).ok().flatten().map(Iterator::collect)
}

impl OptionInfo {
    /// This option as an argument of the command line.
    pub(super) fn argument(&self, value: &'static str) -> Arg {
        let argument = Arg::new(self.name).long(self.option).value_name(value).help_heading(self.group);
        let argument = argument.help(self.help());
        let argument = match self.long_help() {
            Some(help) => argument.long_help(help),
            None => argument,
        };
        let argument = (self.reads)(argument);
        match self.range {
            // A word is refused with the range of the option.
            Some(range) if self.type_name == "usize" => {
                let read = move |text: &str| {
                    text::whole_number(text).map_err(|_| format!("`{text}` is not a whole number {range}"))
                };
                if self.takes_none {
                    argument.value_parser(move |text: &str| OrNone::read(text, read))
                } else {
                    argument.value_parser(read)
                }
            }
            _ => argument,
        }
    }
}

/// Adds the options that `takes` selects to a command, each changed by `change`.
fn with_options(
    command: Command,
    takes: impl Fn(&OptionInfo) -> bool,
    change: impl Fn(&OptionInfo, Arg) -> Arg,
) -> Command {
    let taken = OPTIONS.iter().filter(|option| takes(option));
    command.args(taken.filter_map(|option| Some(change(option, option.argument(option.value?)))))
}

impl Args for Overrides {
    fn augment_args(command: Command) -> Command {
        with_options(command, |_| true, |_, argument| argument)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self::of_matches(matches))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?.or(std::mem::take(self));
        Ok(())
    }
}

/// Selects the options that a verb takes.
pub trait Choice {
    /// Whether the help lists the options under the headings of their groups.
    const HAS_HEADINGS: bool = false;

    /// Whether the verb takes this option.
    fn takes(option: &OptionInfo) -> bool;

    /// The help of this option if the verb says it in other words.
    #[must_use]
    fn help(_option: &OptionInfo) -> Option<&'static str> {
        None
    }
}

/// The options of a verb that takes some of them.
pub struct Chosen<C> {
    /// The values given
    pub overrides: Overrides,
    choice: PhantomData<C>,
}

impl<C: Choice> Args for Chosen<C> {
    fn augment_args(command: Command) -> Command {
        with_options(command, C::takes, |option, argument| {
            let argument = if C::HAS_HEADINGS { argument } else { argument.help_heading(None) };
            match C::help(option) {
                Some(help) => argument.help(help),
                None => argument,
            }
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<C: Choice> FromArgMatches for Chosen<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self { overrides: Overrides::from_arg_matches(matches)?, choice: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.overrides.update_from_arg_matches(matches)
    }
}
