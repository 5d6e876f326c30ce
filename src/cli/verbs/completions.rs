//! `text2art completions`: a script with which a shell completes command lines.

use clap_complete::Shell;

use crate::cli::options::help;
use crate::cli::terminal::stdout;

/// Arguments of `completions`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The shell to print completions for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut help::command(false), "text2art", &mut script);
    stdout::print(&script)
}
