//! The command line: what was typed becomes settings once, and nothing past this folder sees a flag.

mod download_bars;
mod generate;
mod info;
mod interrupt;
mod models;
mod output;
mod reconstruct;
mod report;
mod score;
mod sources;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use report::{Progress, Reporter};

/// Done.
const DONE: u8 = 0;
/// Failed for a reason the user could not see before.
const FAILED: u8 = 1;
/// Wrong options, files, names or paths.
const USAGE: u8 = 2;
/// Stopped by Ctrl-C or a signal.
const INTERRUPTED: u8 = 130;

/// Draws a picture from a sentence: VQGAN guided by CLIP.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(after_help = "Examples:\n  \
    text2art a red apple on a blue background\n  \
    text2art \"a castle | night sky:0.5 | blurry:-0.3\" --seed 7 -o castle.png\n  \
    text2art --from castle.png --quality best -o better.png")]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    generate: generate::Arguments,
}

#[derive(Subcommand)]
enum Verb {
    /// Draw a picture (what text2art does without a verb)
    Generate(Box<generate::Arguments>),
    /// Say how well pictures fit sentences
    Score(score::Arguments),
    /// Encode a picture with a VQGAN and decode it again
    Reconstruct(reconstruct::Arguments),
    /// Show how a picture was made, as a configuration file
    Info(info::Arguments),
    /// Show, fetch, check and remove published models
    Models(models::Arguments),
}

/// Reads the command line, runs the verb and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(report::usage_error(&error)),
    };
    let generate = match arguments.verb {
        None => arguments.generate,
        Some(Verb::Generate(generate)) => *generate,
        Some(Verb::Score(score)) => {
            let reporter = Reporter::new(Progress::Auto);
            let result = score::run(&score, &reporter).map(|()| DONE);
            return finish(&reporter, result);
        }
        Some(Verb::Reconstruct(reconstruct)) => {
            let reporter = Reporter::new(Progress::Auto);
            let result = reconstruct::run(&reconstruct, &reporter).map(|()| DONE);
            return finish(&reporter, result);
        }
        Some(Verb::Models(models)) => {
            let reporter = Reporter::new(models.progress());
            let result = models::run(&models, &reporter).map(|()| DONE);
            return finish(&reporter, result);
        }
        Some(Verb::Info(info)) => return finish(&Reporter::new(Progress::Auto), info::run(&info).map(|()| DONE)),
    };
    let reporter = Reporter::new(generate.progress());
    let result = generate::run(&generate, &reporter);
    finish(&reporter, result)
}

/// Tells what failed, and turns it into the exit code.
fn finish(reporter: &Reporter, result: anyhow::Result<u8>) -> ExitCode {
    ExitCode::from(result.unwrap_or_else(|error| reporter.failed(&error)))
}
