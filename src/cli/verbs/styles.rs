//! `text2art styles`: the styles that `--style` accepts, by group.

use serde::Serialize;

use crate::Result;
use crate::cli::terminal::stdout;
use crate::models::embedded;
use crate::styles::{Group, Style};

/// Arguments of `styles`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Only the styles of this group
    #[arg(value_name = "GROUP")]
    group: Option<String>,
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// A style and what is known about it.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    group: &'static str,
    effect: &'static str,
    /// What a model is told
    words: &'static str,
    /// Whether the embedded model knows the style; published CLIP models know all
    embedded: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let groups: Vec<&'static Group> = match &arguments.group {
        Some(name) => vec![Group::of(name)?],
        None => Group::all()?.iter().collect(),
    };
    if arguments.json {
        return stdout::print_json(&shown(&groups)?);
    }
    for group in groups {
        stdout::print_line(&format!("{}: {}", group.name, group.title))?;
        let width = group.styles.iter().map(|style| style.name.chars().count()).max().unwrap_or_default();
        for style in &group.styles {
            let mark = if style.is_embedded()? { '*' } else { ' ' };
            let Style { name, effect, .. } = style;
            stdout::print_line(&format!("{mark} {name:width$}  {effect}"))?;
        }
        stdout::print_line("")?;
    }
    stdout::print_line(&format!(
        "The {} model knows only the styles marked *; published CLIP models know all of them.",
        embedded::NAME
    ))
}

fn shown(groups: &[&'static Group]) -> Result<Vec<Shown>> {
    let styles = groups.iter().flat_map(|group| group.styles.iter().map(move |style| (group, style)));
    let shown = styles.map(|(group, style)| {
        Ok(Shown {
            name: &style.name,
            group: &group.name,
            effect: &style.effect,
            words: style.words(),
            embedded: style.is_embedded()?,
        })
    });
    shown.collect()
}
