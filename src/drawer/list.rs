//! The drawers by name.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command};

use super::{ALL, Blueprint};
use crate::settings::DrawerName;
use crate::text::did_you_mean;
use crate::{Error, Result};

/// The drawer with this name.
///
/// # Errors
/// If the drawer does not exist; the message lists all drawers.
pub fn of(name: &DrawerName) -> Result<&'static dyn Blueprint> {
    let found = ALL.iter().copied().find(|blueprint| blueprint.name() == name.as_str());
    found.ok_or_else(|| {
        let near = did_you_mean(name.as_str(), names());
        let names = names().collect::<Vec<_>>().join(", ");
        Error::usage(format!("`{name}` is not a drawer: use one of {names}{near}"), "choose another ‹drawer›")
    })
}

/// The first drawer that has an option; none if no drawer has it.
pub(crate) fn with_option(option: &str) -> Option<DrawerName> {
    ALL.iter().find(|blueprint| blueprint.has(option)).map(|blueprint| blueprint.name().into())
}

/// The error of a drawer that refuses an option. The hint names the drawers for which `can` is true.
pub(crate) fn refusal(refusing: &dyn Blueprint, option: &str, can: impl Fn(&dyn Blueprint) -> bool) -> Error {
    let option = option.replace('_', "-");
    let able = ALL.iter().filter(|blueprint| can(**blueprint)).map(|blueprint| blueprint.name());
    let able = able.collect::<Vec<_>>().join(" or ");
    let problem = format!("‹{option}› does not work with ‹drawer› {}", refusing.name());
    if able.is_empty() {
        return Error::usage(problem, format!("leave out ‹{option}›"));
    }
    Error::usage(problem, format!("choose ‹drawer› {able}, or leave out ‹{option}›"))
}

/// Limits `--drawer` to the names of drawers, in a command and in its subcommands.
pub(crate) fn limit_names(command: Command) -> Command {
    let limited = |option: Arg| {
        if option.get_id() != "drawer" {
            return option;
        }
        option.value_parser(PossibleValuesParser::new(names()).map(|name| DrawerName::from(name.as_str())))
    };
    command.mut_args(limited).mut_subcommands(|verb| verb.mut_args(limited))
}

fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|blueprint| blueprint.name())
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;
    use crate::drawer::Loaded;
    use crate::models::Quality;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    #[test]
    fn each_name_is_one_drawers() {
        for (index, blueprint) in ALL.iter().enumerate() {
            assert!(ALL[..index].iter().all(|other| other.name() != blueprint.name()), "{}", blueprint.name());
            assert_eq!(of(&blueprint.name().into()).unwrap().name(), blueprint.name());
        }
        assert_eq!(of(&DrawerName::default()).unwrap().name(), "vqgan");
        let problem = of(&"pixels".into()).err().unwrap().to_string();
        assert!(
            problem.contains("use one of vqgan, pixel") && problem.ends_with("; did you mean `pixel`?"),
            "{problem}"
        );
    }

    #[test]
    fn options_are_settings() {
        let command = Overrides::augment_args(Command::new("settings"));
        for blueprint in ALL {
            for option in blueprint.options() {
                assert!(command.get_arguments().any(|known| known.get_id() == option), "{option}");
            }
        }
        assert_eq!(with_option("pixel_art").as_ref().map(DrawerName::as_str), Some("pixel"));
        assert_eq!(with_option("prompt"), None);
    }

    #[test]
    fn a_drawer_refuses_what_others_have() {
        let error = refusal(ALL[0], "pixel_zoom", |blueprint| blueprint.has("pixel_zoom"));
        assert_eq!(error.to_string(), "--pixel-zoom does not work with --drawer vqgan");
        assert_eq!(error.hint(), "choose --drawer pixel, or leave out --pixel-zoom");
    }

    #[test]
    fn names_are_checked_where_they_are_typed() {
        let parse = |name: &str| {
            let command = Overrides::augment_args(Command::new("settings").no_binary_name(true));
            limit_names(command).try_get_matches_from(["--drawer", name])
        };
        let matches = parse("pixel").unwrap();
        assert_eq!(matches.get_one::<DrawerName>("drawer"), Some(&"pixel".into()));
        let problem = parse("pixels").unwrap_err().to_string();
        assert!(problem.contains("[possible values: vqgan, pixel"), "{problem}");
    }

    #[test]
    fn each_has_settings_of_each_quality() {
        let nothing = Loaded { vqgan: None };
        for blueprint in ALL {
            for (quality, name) in Quality::ALL {
                let overrides = Overrides {
                    prompt: Some("a".parse().unwrap()),
                    drawer: Some(blueprint.name().into()),
                    quality: Some(*quality),
                    ..Overrides::default()
                };
                let settings = combine(&[overrides]).unwrap();
                assert_eq!(settings.drawer.as_str(), blueprint.name(), "{name}");
                assert!((0.0..=1.0).contains(&blueprint.zooms()));
                assert!(!blueprint.about().is_empty() && !blueprint.in_words(&settings).is_empty());
                assert!(blueprint.example().is_none_or(|example| std::path::Path::new(example).is_file()));
                // A drawer that needs a model reports that none is loaded.
                let work_size = blueprint.work_size(&settings, nothing);
                assert_eq!(work_size.is_ok(), blueprint.vqgan(&settings).is_none(), "{}", blueprint.name());
            }
        }
    }
}
