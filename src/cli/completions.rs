//! `text2art completions`: what a shell needs to complete command lines.

use clap_complete::Shell;

use super::{help, output};

/// What `completions` was asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut help::command(false), "text2art", &mut script);
    output::print(&script)
}
