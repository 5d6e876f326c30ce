//! The command line: what was typed becomes settings once, and nothing past this folder sees a flag.

mod hint;
mod options;
mod reading;
mod terminal;
mod topics;
mod verbs;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use options::{help, threads};
use reading::Refusal;
use terminal::report::{Progress, Reporter};
use terminal::{interrupt, usage};
use verbs::generate::Subject;
#[cfg(feature = "server")]
use verbs::serve;
use verbs::{
    batch, bench, completions, doctor, drawers, generate, info, man, models, morph, palettes, reconstruct, render,
    restyle, resume, score, study, styles, upscale, video,
};
#[cfg(feature = "server")]
use verbs::{cancel, jobs, login, submit};

/// What the program is called on a command line.
const PROGRAM: &str = "text2art";

/// Exit code: done.
const DONE: u8 = 0;
/// Exit code: failed for a reason that the user could not foresee.
const FAILED: u8 = 1;
/// Exit code: wrong options, files, names or paths.
const USAGE: u8 = 2;
/// Exit code: stopped by Ctrl-C or a signal.
const INTERRUPTED: u8 = 130;

/// Draws a picture from a sentence: VQGAN guided by CLIP.
#[derive(Parser)]
#[command(name = PROGRAM, bin_name = PROGRAM, version, styles = terminal::HELP, args_override_self = true)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
// `generate` has a group of this name.
#[group(skip)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    generate: generate::Arguments,
}

#[derive(Subcommand)]
enum Verb {
    /// Draw a picture (default if no command is given)
    Generate(Box<generate::Arguments>),
    /// Draw an animation, in which the canvas moves or the prompts change
    Animate(Box<generate::Arguments>),
    /// Continue a picture from a checkpoint
    Resume(resume::Arguments),
    /// Draw many pictures from a file of prompts
    Batch(Box<batch::Arguments>),
    /// Draw subjects in many styles, side by side on a page
    Study(Box<study::Arguments>),
    /// Score how well pictures match sentences
    Score(score::Arguments),
    /// Encode a picture with a VQGAN and decode it again
    Reconstruct(reconstruct::Arguments),
    /// Enlarge pictures 2 to 4 times
    Upscale(upscale::Arguments),
    /// Draw finished pictures of strokes or waves again, at any size
    Render(render::Arguments),
    /// Redraw a film or GIF frame by frame to match a prompt
    Restyle(Box<restyle::Arguments>),
    /// Make a film in which finished pictures turn into each other
    Morph(morph::Arguments),
    /// Make an MP4 or GIF from frames on disk
    Video(video::Arguments),
    /// Print a picture's settings as a configuration file
    Info(info::Arguments),
    /// List, download, check and remove published models
    Models(models::Arguments),
    /// List the drawers and their options
    Drawers(drawers::Arguments),
    /// Show the built-in palettes, or any palette that --palette accepts
    Palettes(palettes::Arguments),
    /// List the styles that --style accepts
    Styles(styles::Arguments),
    /// Show what this machine and this build can do
    Doctor(doctor::Arguments),
    /// Measure how fast this machine draws
    Bench(bench::Arguments),
    /// Serve pictures over HTTP: a queue, workers and an API
    #[cfg(feature = "server")]
    Serve(Box<serve::Arguments>),
    /// Draw pictures for the server on this machine, in a separate process
    #[cfg(feature = "server")]
    Worker(verbs::worker::Arguments),
    /// Have a server draw a picture
    #[cfg(feature = "server")]
    Submit(Box<submit::Arguments>),
    /// List, follow and fetch jobs on a server
    #[cfg(feature = "server")]
    Jobs(Box<jobs::Arguments>),
    /// Cancel jobs on a server
    #[cfg(feature = "server")]
    Cancel(cancel::Arguments),
    /// Read a server's token from standard input, and store it
    #[cfg(feature = "server")]
    Login(login::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
    /// Print the manual page
    Man,
    /// Show help for a command or topic
    Help(topics::Arguments),
}

/// Reads the command line, runs the verb and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    interrupt::survive_file_size_limit();
    terminal::make_panics_safe();
    let given: Vec<_> = std::env::args_os().collect();
    let matches = reading::read(&given).or_else(|refusal| {
        if refusal.error.use_stderr() {
            return Err(refusal);
        }
        // Help needs the settings of every quality, so it is built only if it is asked for.
        let help = help::command(help::is_brief(given.iter().cloned())).try_get_matches_from(&given);
        help.map_err(|error| Box::new(Refusal { error, hint: String::new() }))
    });
    let arguments = matches.and_then(|matches| {
        let read = Arguments::from_arg_matches(&matches);
        read.map_err(|error| Box::new(Refusal { hint: hint::of(&error, &Arguments::command(), &given), error }))
    });
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(refusal) => return ExitCode::from(usage::tell(&refusal.error, refusal.hint)),
    };
    let verb = arguments.verb.unwrap_or_else(|| Verb::Generate(Box::new(arguments.generate)));
    let limited = threads::limit(match &verb {
        Verb::Generate(generate) | Verb::Animate(generate) => generate.conduct.threads(),
        Verb::Batch(batch) => batch.conduct.threads(),
        Verb::Study(study) => study.conduct.threads(),
        Verb::Resume(resume) => resume.conduct.threads(),
        Verb::Bench(bench) => bench.threads(),
        Verb::Restyle(restyle) => restyle.conduct.threads(),
        Verb::Upscale(upscale) => upscale.conduct.threads(),
        Verb::Render(render) => render.effort.threads(),
        Verb::Morph(morph) => morph.threads(),
        // It draws in other processes.
        #[cfg(feature = "server")]
        Verb::Worker(_) => Some(1),
        _ => None,
    });
    let allowed = match &verb {
        Verb::Generate(generate) | Verb::Animate(generate) => generate.conduct.max_memory(),
        Verb::Batch(batch) => batch.conduct.max_memory(),
        Verb::Study(study) => study.conduct.max_memory(),
        Verb::Resume(resume) => resume.conduct.max_memory(),
        Verb::Restyle(restyle) => restyle.conduct.max_memory(),
        Verb::Upscale(upscale) => upscale.conduct.max_memory(),
        Verb::Render(render) => render.effort.max_memory(),
        _ => None,
    };
    allowed.into_iter().for_each(crate::machine::limit_memory);
    let reporter = match &verb {
        Verb::Generate(generate) | Verb::Animate(generate) => {
            generate.conduct.reporter().with_preview(generate.preview).for_server(generate.stop_when_stdin_ends)
        }
        Verb::Resume(resume) => {
            resume.conduct.reporter().with_preview(resume.preview).for_server(resume.stop_when_stdin_ends)
        }
        Verb::Batch(batch) => batch.conduct.reporter(),
        Verb::Study(study) => study.conduct.reporter(),
        #[cfg(feature = "server")]
        Verb::Submit(submit) => submit.reporter(),
        #[cfg(feature = "server")]
        Verb::Jobs(jobs) => jobs.reporter(),
        Verb::Models(models) => Reporter::new(models.progress()),
        Verb::Video(video) => Reporter::new(video.progress()),
        Verb::Morph(morph) => Reporter::new(morph.progress()),
        Verb::Restyle(restyle) => restyle.conduct.reporter().with_preview(restyle.preview),
        Verb::Upscale(upscale) => upscale.conduct.reporter(),
        Verb::Render(render) => render.effort.reporter(),
        _ => Reporter::new(Progress::Auto),
    };
    let exit_code = limited.map_err(Into::into).and_then(|()| run(&verb, &reporter));
    let failed = |error| reporter.failed(&reading::with_other_reading(error, &given));
    let exit_code = exit_code.unwrap_or_else(failed);
    reporter.end();
    ExitCode::from(exit_code)
}

/// Runs a verb and returns the exit code.
fn run(verb: &Verb, reporter: &Reporter) -> anyhow::Result<u8> {
    match verb {
        Verb::Generate(generate) => return generate::run(generate, Subject::Picture, reporter),
        Verb::Animate(animate) => return generate::run(animate, Subject::Animation, reporter),
        Verb::Resume(resume) => return resume::run(resume, reporter),
        Verb::Restyle(restyle) => return restyle::run(restyle, reporter),
        Verb::Video(video) => return video::run(video, reporter),
        Verb::Morph(morph) => return morph::run(morph, reporter),
        Verb::Upscale(upscale) => return upscale::run(upscale, reporter),
        Verb::Render(render) => return render::run(render, reporter),
        Verb::Batch(batch) => return batch::run(batch, reporter),
        Verb::Study(study) => return study::run(study, reporter),
        #[cfg(feature = "server")]
        Verb::Serve(serve) => return serve::run(serve, reporter),
        #[cfg(feature = "server")]
        Verb::Submit(submit) => return submit::run(submit, reporter),
        #[cfg(feature = "server")]
        Verb::Jobs(jobs) => return jobs::run(jobs, reporter),
        #[cfg(feature = "server")]
        Verb::Cancel(cancel) => return cancel::run(cancel, reporter),
        #[cfg(feature = "server")]
        Verb::Login(login) => login::run(login),
        Verb::Score(score) => score::run(score, reporter),
        Verb::Reconstruct(reconstruct) => reconstruct::run(reconstruct, reporter),
        Verb::Info(info) => info::run(info),
        Verb::Models(models) => models::run(models, reporter),
        Verb::Drawers(drawers) => drawers::run(drawers),
        Verb::Palettes(palettes) => palettes::run(palettes),
        Verb::Styles(styles) => styles::run(styles),
        Verb::Doctor(doctor) => doctor::run(doctor, reporter),
        Verb::Bench(bench) => bench::run(bench, reporter),
        #[cfg(feature = "server")]
        Verb::Worker(worker) => verbs::worker::run(worker, reporter),
        Verb::Completions(completions) => completions::run(completions),
        Verb::Man => man::run(),
        Verb::Help(help) => topics::run(help),
    }?;
    Ok(DONE)
}
