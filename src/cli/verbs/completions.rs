//! `text2art completions`: a script with which a shell completes command lines.

use std::collections::BTreeSet;
use std::fmt::Write;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};
use clap_complete::Shell;

use crate::Result;
use crate::cli::options::help;
use crate::cli::terminal::stdout;
use crate::cli::{PROGRAM, topics};
use crate::models::manifest::Manifest;
use crate::models::{Role, embedded};
use crate::palette::BuiltIn;
use crate::styles::{Group, Style};
use crate::upscale;

/// Options whose values may also be files.
const OF_FILES: [&str; 5] = ["clip", "palette", "rank-with", "upscaler", "vqgan"];

/// Arguments of `completions`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The shell to print completions for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let command = help::command(false);
    // Values must live as long as the program, which ends after this.
    let verbs = command.get_subcommands().map(|verb| &*verb.get_name().to_owned().leak());
    let topics: BTreeSet<&'static str> = topics::names().chain(verbs).collect();
    let command = with_values(command, arguments.shell)?;
    let mut command = command.mut_subcommand("help", |verb| {
        verb.mut_arg("name", |name| name.value_parser(PossibleValuesParser::new(topics.iter().copied())))
    });
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, PROGRAM, &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = match arguments.shell {
        // Bash completes files if no value fits, and the other shells get no values.
        Shell::Zsh => zsh_with_files(&script),
        Shell::Fish => fish_with_files(&script) + &fish_help(&topics),
        _ => script.into_owned(),
    };
    stdout::print(script.as_bytes())
}

/// Gives a command and all its verbs the values of options that take names from a list of the program, without those that
/// the shell's script would not quote. They refuse every other value, so such a command must not read a command line.
fn with_values(command: Command, shell: Shell) -> Result<Command> {
    let styles = Style::all()?.map(|style| style.name.as_str());
    let known: [(&str, Vec<&'static str>); 8] = [
        ("style", Style::all()?.map(|style| style.name.as_str()).collect()),
        ("styles", Group::all()?.iter().map(|group| group.name.as_str()).chain(styles).collect()),
        ("palette", BuiltIn::all()?.iter().map(|palette| palette.name.as_str()).collect()),
        ("model", Manifest::get()?.presets().iter().map(|preset| preset.name.as_str()).collect()),
        ("vqgan", models(Role::Vqgan)?),
        ("clip", models(Role::Clip)?),
        ("rank-with", models(Role::Clip)?),
        ("upscaler", models(Role::Upscaler)?),
    ];
    let more = |option: &str| -> &'static [&'static str] {
        match option {
            "styles" => &["all"],
            "model" | "vqgan" | "clip" | "rank-with" => &[embedded::NAME],
            "upscaler" => &[upscale::LANCZOS, upscale::CRISP, upscale::NEAREST],
            _ => &[],
        }
    };
    let is_safe = |value: &str| {
        // The other scripts split names at spaces.
        let is_space = |character| shell == Shell::Zsh && character == ' ';
        value
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-._".contains(character) || is_space(character))
    };
    let given = |option: Arg| {
        let values = known.iter().find(|(name, _)| option.get_long() == Some(*name));
        match values {
            Some((name, values)) => {
                let values = more(name).iter().chain(values).copied();
                option.value_parser(PossibleValuesParser::new(values.filter(|value| is_safe(value))))
            }
            None => option,
        }
    };
    Ok(everywhere(command, &given))
}

/// Changes the options of a command and of all its verbs.
fn everywhere(command: Command, change: &impl Fn(Arg) -> Arg) -> Command {
    command.mut_args(change).mut_subcommands(|verb| everywhere(verb, change))
}

/// The published models of a kind.
fn models(role: Role) -> Result<Vec<&'static str>> {
    let entries = Manifest::get()?.models().iter().filter(|entry| entry.role == role);
    Ok(entries.map(|entry| entry.name.as_str()).collect())
}

/// Lets zsh complete files as well, where a list of values would keep it from them.
fn zsh_with_files(script: &str) -> String {
    lines(script, |line| {
        let option = line.trim_start_matches(['\'', '*']).strip_prefix("--")?;
        OF_FILES.iter().find(|name| option.strip_prefix(**name).is_some_and(|rest| rest.starts_with("=[")))?;
        let (head, values) = line.rsplit_once(":(")?;
        let (values, end) = values.rsplit_once(")'")?;
        Some(format!(r#"{head}:{{_alternative names\:name\:"({values})" files\:file\:_files}}'{end}"#))
    })
}

/// Lets fish complete files as well, where a list of values would keep it from them.
fn fish_with_files(script: &str) -> String {
    lines(script, |line| {
        OF_FILES.iter().find(|name| line.contains(&format!(" -l {name} ")))?;
        let (head, values) = line.rsplit_once(" -r -f -a ")?;
        Some(format!("{head} -r -F -a {values}"))
    })
}

/// The topics and verbs for fish, whose script has no values of arguments without an option.
fn fish_help(topics: &BTreeSet<&str>) -> String {
    let topics = topics.iter().copied().collect::<Vec<_>>().join(" ");
    format!("complete -c {PROGRAM} -n \"__fish_{PROGRAM}_using_subcommand help\" -f -a \"{topics}\"\n")
}

/// A script in which `change` replaced some lines.
fn lines(script: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut changed = String::with_capacity(script.len());
    for line in script.lines() {
        // Writing to a string cannot fail.
        let _ = writeln!(changed, "{}", change(line).as_deref().unwrap_or(line));
    }
    changed
}
