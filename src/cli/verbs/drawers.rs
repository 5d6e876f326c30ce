//! `text2art drawers`: the drawers, and the options of each.

use std::fmt::Write;

use clap::Args;
use serde::Serialize;

use crate::cli::terminal::stdout;
use crate::drawer::{ALL, Blueprint};
use crate::output::{Kind, SVG};
use crate::settings::Overrides;
use crate::video::REVEAL;

/// The arguments of `drawers`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// A drawer.
#[derive(Serialize)]
struct Drawer {
    name: &'static str,
    draws: &'static str,
    /// A picture that it drew, in the repository
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'static str>,
    options: Vec<DrawerOption>,
}

/// An option of a drawer.
#[derive(Serialize)]
struct DrawerOption {
    option: String,
    value: String,
    meaning: String,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let drawers: Vec<Drawer> = ALL.iter().map(|blueprint| drawer(*blueprint)).collect();
    if arguments.json {
        return stdout::print_json(&drawers);
    }
    let mut text = String::new();
    for Drawer { name, draws, example, options } in &drawers {
        let _ = writeln!(text, "{name}: {draws}");
        if let Some(example) = example {
            let _ = writeln!(text, "  example: {example}");
        }
        for DrawerOption { option, value, meaning } in options {
            let _ = writeln!(text, "  {:<30}{meaning}", format!("--{option} {value}"));
        }
    }
    stdout::print_lines(&text)
}

fn drawer(blueprint: &dyn Blueprint) -> Drawer {
    // Every drawer has the options for palettes.
    let identifiers = blueprint.options().iter().chain(&["palette", "colors", "palette_weight", "dither"]);
    let command = Overrides::augment_args(clap::Command::new(blueprint.name()));
    let settings = identifiers.filter_map(|identifier| {
        let option = command.get_arguments().find(|option| option.get_id() == identifier)?;
        let value = option.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
        Some(DrawerOption {
            option: option.get_long()?.to_owned(),
            value: value.unwrap_or_default(),
            meaning: option.get_help().map(ToString::to_string).unwrap_or_default(),
        })
    });
    let kinds = [(SVG, blueprint.vector().is_some()), (REVEAL, blueprint.reveal().is_some())];
    let files = kinds.into_iter().filter(|(_, is_able)| *is_able).map(|(kind, _)| file(kind));
    Drawer {
        name: blueprint.name(),
        draws: blueprint.about(),
        example: blueprint.example(),
        options: settings.chain(files).collect(),
    }
}

/// The option for a kind of file that not every drawer can make.
fn file(kind: Kind) -> DrawerOption {
    let meaning = kind.help.map(|help| help.short.to_owned()).unwrap_or_default();
    DrawerOption { option: kind.option.to_owned(), value: "FILE".to_owned(), meaning }
}
