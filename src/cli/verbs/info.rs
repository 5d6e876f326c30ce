//! `text2art info`: how a picture was made.

use std::path::PathBuf;

use crate::cli::terminal::stdout;
use crate::output::Recipe;

/// Arguments of `info`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// A picture or a movie that text2art wrote
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    /// Print the whole recipe as JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let recipe = Recipe::read_named(&arguments.picture)?;
    if arguments.json {
        return stdout::print_json(&recipe);
    }
    let how = recipe.result.figures.behind_words();
    let mut comments = vec![format!("{}, {} iterations{how}", recipe.program, recipe.result.iterations_done)];
    comments.extend(recipe.settings.prompts_in_words());
    comments.extend(recipe.settings.styles_in_words());
    comments.extend(recipe.settings.labels_in_words());
    for model in &recipe.models {
        comments.push(format!("{} {}: {} (SHA-256 {})", model.role, model.name, model.file, model.sha256));
    }
    for input in &recipe.inputs {
        comments.push(format!("{} {} (SHA-256 {})", input.option, input.path.display(), input.sha256));
    }
    let later = recipe.earlier.iter().skip(1).map(|stage| &stage.settings).chain([&recipe.settings]);
    for (stage, later) in recipe.earlier.iter().zip(later) {
        let (before, after) = (toml::Table::try_from(&stage.settings)?, toml::Table::try_from(later)?);
        let mut other: Vec<_> = before.iter().filter(|(name, value)| after.get(*name) != Some(value)).collect();
        other.retain(|(name, _)| *name != "stop_at");
        let other: Vec<_> = other.into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let reset = if stage.reset_optimizer { ", with a fresh optimizer" } else { "" };
        let until = if other.is_empty() { String::new() } else { format!("; until then: {}", other.join(", ")) };
        comments.push(format!("resumed after {} iterations{reset}{until}", stage.iterations_done));
    }
    for comment in comments {
        stdout::print_line(&format!("# {comment}"))?;
    }
    stdout::print_toml(&recipe.settings)
}
