//! `text2art info`: how a picture was made.

use std::path::PathBuf;

use super::output;
use crate::output::Recipe;

/// What `info` was asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A PNG that text2art wrote
    #[arg(value_name = "PICTURE")]
    picture: PathBuf,
    /// Print the whole recipe as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let recipe = Recipe::read(&arguments.picture)?;
    if arguments.json {
        return output::print_line(&serde_json::to_string_pretty(&recipe)?);
    }
    let loss = recipe.result.loss.map_or_else(String::new, |loss| format!(", loss {loss:.4}"));
    let mut comments = vec![format!("{}, {} iterations{loss}", recipe.program, recipe.result.iterations_done)];
    for model in &recipe.models {
        comments.push(format!("{} {}: {} (SHA-256 {})", model.role, model.name, model.file, model.sha256));
    }
    for input in &recipe.inputs {
        comments.push(format!("{} {} (SHA-256 {})", input.option, input.path.display(), input.sha256));
    }
    for comment in comments {
        output::print_line(&format!("# {comment}"))?;
    }
    output::print(toml::to_string(&recipe.settings)?.as_bytes())
}
