//! `text2art models info`: the details of one model.

use super::{Model, list, stdout, unknown};
use crate::models::{Finder, Vocabulary, embedded};

/// Arguments of `models info`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// `embedded`, or a name from `models list`
    #[arg(value_name = "MODEL")]
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments, finder: &Finder) -> anyhow::Result<()> {
    if arguments.name == embedded::NAME {
        return embedded_model(arguments.json);
    }
    let Model::Entry(entry) = Model::of(&arguments.name)? else { return Err(unknown(&arguments.name).into()) };
    let line = list::line(entry, finder)?;
    let described = serde_json::to_value(&line)?;
    if arguments.json {
        return stdout::print_json(&described);
    }
    for (key, value) in described.as_object().into_iter().flatten() {
        let name = if key == "licence" { "license" } else { key };
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => stdout::print_line(&format!("{name}: {text}"))?,
            other => stdout::print_line(&format!("{name}: {other}"))?,
        }
    }
    Ok(())
}

fn embedded_model(json: bool) -> anyhow::Result<()> {
    let vocabulary = Vocabulary::embedded()?;
    if json {
        return stdout::print_json(&vocabulary);
    }
    let things: Vec<String> = vocabulary.things.iter().map(|names| names.join(" or ")).collect();
    stdout::print_line("The model inside the program: a CLIP, a VQGAN and a prior. It knows")?;
    let kinds = [
        ("things", &things),
        ("colors", &vocabulary.colours),
        ("scenes", &vocabulary.scenes),
        ("styles", &vocabulary.styles),
    ];
    for (kind, names) in kinds {
        stdout::print_lines(&format!("\n{} {kind}: {}", names.len(), names.join(", ")))?;
    }
    stdout::print_lines("\nand one to three of a thing, and things beside, above and under each other.")
}
