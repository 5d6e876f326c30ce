//! The help: all defaults in it come from the settings, and `-h` fits the screen of a terminal.

use std::ffi::OsString;

use clap::{Arg, Command, CommandFactory};

use crate::cli::{Arguments, topics};
use crate::drawer::limit_names;
use crate::models::Quality;
use crate::resolve::combine;
use crate::settings::{ANIMATION, OptionInfo, Overrides, Settings, VideoSettings};

/// The options that `-h` shows; `--help` shows all of them.
const BRIEF: [&str; 12] = [
    "prompt",
    "quality",
    "size",
    "aspect",
    "iterations",
    "seed",
    "init_image",
    "model",
    "output",
    "mp4",
    "from",
    "dry_run",
];
/// The commands that `-h` names; `--help` describes all of them.
const USUAL: [&str; 9] = ["resume", "batch", "score", "video", "info", "models", "serve", "submit", "help"];
/// The end of the help.
pub(in crate::cli) const EXAMPLES: &str = "Examples:
  text2art a red apple on a blue background
  text2art \"a cactus | sunset:0.5\" --seed 7 -o cactus.png
  text2art a green frog --gif --mp4 --hold 1
  text2art --from cactus.png --quality best -o better.png";
/// The defaults of options that are not settings.
const OTHER_DEFAULTS: [(&str, &str); 3] = [
    ("output", "{slug}-{seed}.png"),
    ("config", "text2art/config.toml in the user's configuration folder"),
    ("threads", "all cores"),
];

/// The groups of settings whose defaults are the same for all models.
const SAME_EVERYWHERE: [&str; 2] = ["Machine", VideoSettings::GROUP];

/// Whether the arguments ask for the short help.
pub(in crate::cli) fn is_brief(mut arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.any(|argument| argument == "-h")
}

/// The command line with defaults in its help.
pub(in crate::cli) fn command(brief: bool) -> Command {
    let defaults = Defaults::new(brief);
    let command = limit_names(Arguments::command());
    let usual = command.get_subcommands().map(clap::Command::get_name).filter(|name| USUAL.contains(name));
    let usual = usual.collect::<Vec<_>>().join(", ");
    let command =
        command.mut_args(|option| defaults.tell(option)).after_help(format!("{EXAMPLES}\n\n{}", topics::list()));
    let tell = |verb: Command| verb.mut_args(|option| defaults.tell(option));
    let command = command.mut_subcommand("generate", tell).mut_subcommand("animate", tell);
    let command = command.mut_subcommand("batch", tell).mut_subcommand("study", tell);
    // The defaults of the other settings depend on the benchmark, the server or the film.
    let tell_some = |verb: Command| verb.mut_args(|option| defaults.tell_some(option));
    let command = command
        .mut_subcommand("video", tell_some)
        .mut_subcommand("morph", tell_some)
        .mut_subcommand("restyle", |verb| tell_some(verb).mut_args(without_animation))
        .mut_subcommand("bench", tell_some)
        .mut_subcommand("upscale", tell_some);
    #[cfg(feature = "server")]
    let command = command.mut_subcommand("submit", tell_some);
    if !brief {
        return command;
    }
    let more = "text2art --help: all options; text2art COMMAND --help; text2art help: topics";
    let verbs = format!("Commands: {usual}, ...\n{more}");
    let command = command.mut_args(|option| {
        let hidden = !BRIEF.contains(&option.get_id().as_str());
        let option = option.help_heading(None).hide_short_help(hidden);
        if option.get_action().takes_values() { option.hide_possible_values(true) } else { option }
    });
    command.mut_subcommands(|verb| verb.hide(true)).after_help(verbs)
}

/// Hides the options of animations, which a film refuses with the reason.
fn without_animation(option: Arg) -> Arg {
    let is_of_animations = OptionInfo::of(option.get_id().as_str()).is_some_and(|option| option.group == ANIMATION);
    option.hide(is_of_animations)
}

/// The defaults of options as text.
struct Defaults {
    embedded: toml::Table,
    /// None if only the defaults of the embedded model are known
    published: Option<toml::Table>,
}

impl Defaults {
    fn new(brief: bool) -> Self {
        let table = |vqgan| {
            let settings = settings(vqgan, Quality::Normal);
            settings.and_then(|settings| toml::Table::try_from(settings).ok()).unwrap_or_default()
        };
        Self { embedded: table(EMBEDDED), published: (!brief).then(|| table(PUBLISHED)) }
    }

    /// Adds the default of an option to its help, if the default is the same for all models.
    fn tell_some(&self, option: Arg) -> Arg {
        let name = option.get_id().as_str();
        let is_same = OptionInfo::of(name).is_some_and(|option| SAME_EVERYWHERE.contains(&option.group));
        if is_same || name == "threads" { self.tell(option) } else { option }
    }

    /// Adds the default of an option to its help.
    fn tell(&self, option: Arg) -> Arg {
        if !option.get_default_values().is_empty() {
            // The help of such an option has its default.
            return option;
        }
        let id = option.get_id().as_str().to_owned();
        let other = OTHER_DEFAULTS.iter().find(|(name, _)| *name == id).map(|(_, value)| *value);
        let shown = OptionInfo::of(&id).and_then(|option| option.shown);
        let other = other.or(shown).map(str::to_owned);
        let Some(default) = other.or_else(|| self.of(&id)) else { return option };
        let add = |help: String| format!("{} [default: {default}]", help.trim_end());
        let long = match id.as_str() {
            "quality" => option.get_long_help().map(|help| format!("{help}\n\n{}", qualities())),
            _ => option.get_long_help().map(ToString::to_string),
        };
        let short = option.get_help().map(ToString::to_string);
        let option = match short {
            Some(help) => option.help(add(help)),
            None => option,
        };
        match long {
            Some(help) => option.long_help(format!("{}\n\n[default: {default}]", help.trim_end())),
            None => option,
        }
    }

    /// The default of a setting; both defaults if published models have another one.
    fn of(&self, id: &str) -> Option<String> {
        // The prompt is not an option but the words of the command line.
        OptionInfo::of(id)?.value?;
        let text = |table: &toml::Table| match table.get(id)? {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Float(number) => Some(number.to_string()),
            value => Some(value.to_string()),
        };
        let embedded = text(&self.embedded)?;
        let published = self.published.as_ref().and_then(text).filter(|published| *published != embedded);
        Some(match published {
            Some(published) => format!("{embedded}, or {published} with published models"),
            None => embedded,
        })
    }
}

/// The value of `--vqgan`.
type Named = Option<&'static str>;
/// The embedded VQGAN.
const EMBEDDED: Named = None;
/// Any other VQGAN.
const PUBLISHED: Named = Some("another");

/// The settings with a VQGAN and a quality if nothing else is given.
fn settings(vqgan: Named, quality: Quality) -> Option<Settings> {
    let overrides = Overrides {
        prompt: "a".parse().ok(),
        quality: Some(quality),
        vqgan: vqgan.map(str::to_owned),
        ..Overrides::default()
    };
    combine(&[overrides]).ok()
}

/// The settings that each quality stands for.
fn qualities() -> String {
    let row = |vqgan, &(quality, name): &(Quality, &str)| {
        let Settings { size, iterations, cutouts, .. } = settings(vqgan, quality)?;
        Some(format!("  {name}: {size}, {iterations} iterations, {cutouts} cutouts"))
    };
    let table = |title: &str, vqgan| {
        let rows = Quality::ALL.iter().filter_map(|quality| row(vqgan, quality));
        std::iter::once(title.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
    };
    format!("{}\n{}", table("With the embedded model:", EMBEDDED), table("With published models:", PUBLISHED))
}
