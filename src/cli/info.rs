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
    let mut text = format!("# {}, {} iterations", recipe.program, recipe.result.iterations_done);
    if let Some(loss) = recipe.result.loss {
        text += &format!(", loss {loss:.4}");
    }
    for model in &recipe.models {
        text += &format!("\n# {} {}: {} (SHA-256 {})", model.role, model.name, model.file, model.sha256);
    }
    for input in &recipe.inputs {
        text += &format!("\n# {} {} (SHA-256 {})", input.option, input.path.display(), input.sha256);
    }
    output::print(format!("{text}\n{}", toml::to_string(&recipe.settings)?).as_bytes())
}
