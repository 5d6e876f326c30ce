//! Hints about a command line that cannot be read.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::text::{near_names, question};

/// An option of this program, as other programs call it.
struct Other {
    /// Its names in other programs
    names: &'static [&'static str],
    /// Its name here, if the verb has it
    option: &'static str,
    /// How to write it
    written: &'static str,
    /// How to write it if the verb does not have it
    elsewhere: Option<&'static str>,
}

/// The most commands that are named as those that have an option.
const MOST_COMMANDS: usize = 2;

const fn other(names: &'static [&'static str], option: &'static str, written: &'static str) -> Other {
    Other { names, option, written, elsewhere: None }
}

/// Options of pixray, VQGAN-CLIP, Disco Diffusion, Stable Diffusion and diffusers. An option that has no equivalent
/// here, such as a guidance scale, is not among them.
const OTHERS: [Other; 21] = [
    other(
        &["width", "height", "W", "H", "w", "resolution", "res", "image-size", "img-size"],
        "size",
        "--size WIDTHxHEIGHT",
    ),
    other(
        &["steps", "iters", "max-iterations", "num-inference-steps", "ddim-steps", "sampling-steps", "epochs"],
        "iterations",
        "--iterations N",
    ),
    other(
        &["outdir", "out-dir", "output-dir", "output-folder", "save-dir", "d"],
        "output",
        "--output 'DIR/{slug}-{seed}.png'",
    ),
    other(&["out", "output-path", "output-file", "save-path"], "output", "--output"),
    Other {
        names: &[
            "count",
            "n-samples",
            "num-samples",
            "num-images",
            "n-images",
            "images",
            "batch",
            "batch-size",
            "batch-count",
            "n-iter",
            "num-images-per-prompt",
        ],
        option: "samples",
        written: "--samples N",
        elsewhere: Some("text2art batch FILE --samples N"),
    },
    other(&["prompts", "text", "texts", "p", "t", "caption"], "prompt", "--prompt TEXT"),
    Other {
        names: &["negative-prompt", "negative", "neg-prompt", "negative-prompts", "neg"],
        option: "",
        written: "",
        elsewhere: Some("\"PROMPT | blurry:-0.3\""),
    },
    other(&["cpu", "use-cpu", "no-gpu", "no-cuda"], "device", "--device cpu"),
    other(&["gpu", "cuda", "use-gpu", "cuda-device", "gpu-id"], "device", "--device cuda"),
    other(&["model-name", "model-id", "model-path", "pretrained-model-name-or-path"], "model", "--model NAME"),
    other(
        &["vqgan-model", "vqgan-checkpoint", "vqgan-config", "checkpoint", "ckpt", "ckpt-path"],
        "vqgan",
        "--vqgan NAME",
    ),
    other(&["clip-model", "clip-models", "clip-name"], "clip", "--clip NAMES"),
    other(&["init", "init-img", "initial-image", "input-image", "start-image"], "init-image", "--init-image FILE"),
    other(&["init-image-alpha", "init-alpha", "init-strength"], "init-opacity", "--init-opacity SHARE"),
    other(&["init-weight-pix", "pixel-weight"], "init-pixel-weight", "--init-pixel-weight WEIGHT"),
    other(&["overlay-image"], "overlay", "--overlay FILE"),
    other(&["mask-image", "mask-file", "inpaint", "inpaint-mask", "spot", "spot-file"], "mask", "--mask FILE"),
    other(&["outside-prompt", "spot-off", "spot-prompt-off"], "prompt-outside", "--prompt-outside TEXT"),
    other(&["feather", "mask-blur"], "mask-feather", "--mask-feather N"),
    other(&["lr", "step-size"], "learning-rate", "--learning-rate X"),
    other(&["cutn", "num-cuts", "cuts", "cutn-batches"], "cutouts", "--cutouts N"),
];

/// The verb that takes only the options of `generate` that a server takes.
const SUBMIT: &str = "submit";

/// The hint about a command line that cannot be read; `given` includes the program's name.
pub(super) fn of(error: &clap::Error, command: &Command, given: &[OsString]) -> String {
    let (root, (command, path)) = (command, command_of(command, given));
    let invalid = texts(error, ContextKind::InvalidArg).into_iter().next().unwrap_or_default();
    if error.kind() == ErrorKind::UnknownArgument && command.get_name() == SUBMIT && has_option(root, &invalid) {
        return format!("a server decides this; `{} generate` takes {invalid}", super::PROGRAM);
    }
    let near = match error.kind() {
        ErrorKind::UnknownArgument => option_like(&invalid, command, root),
        ErrorKind::InvalidSubcommand => {
            let name = texts(error, ContextKind::InvalidSubcommand).concat();
            question(&near_names(&name, command.get_subcommands().map(Command::get_name)))
        }
        ErrorKind::InvalidValue => {
            let value = texts(error, ContextKind::InvalidValue).concat();
            question(&near_names(&value, valid_values(error).iter().map(String::as_str)))
        }
        _ => None,
    };
    if let Some(near) = near {
        return near;
    }
    match error.kind() {
        ErrorKind::UnknownArgument if path == super::PROGRAM => {
            "text2art --help lists all options; everything after ` -- ` is a prompt".to_owned()
        }
        ErrorKind::UnknownArgument => format!("{path} --help lists its options"),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let names = command.get_subcommands().map(Command::get_name).filter(|name| *name != "help");
            let names = names.collect::<Vec<_>>().join(", ");
            format!("run `{path} COMMAND`, where COMMAND is {names}; {path} --help describes them")
        }
        ErrorKind::ArgumentConflict => "give only one of these options".to_owned(),
        ErrorKind::MissingRequiredArgument => {
            let usage = texts(error, ContextKind::Usage).join(" ");
            format!("run `{}`", usage.trim_start_matches("Usage: ").trim())
        }
        ErrorKind::InvalidValue if is_of_argument(error) => format!("use one of {}", valid_values(error).join(", ")),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let name =
                if is_of_argument(error) { Some(invalid.as_str()) } else { invalid.split([' ', '=', '[']).next() };
            let name = name.filter(|name| !name.is_empty()).unwrap_or("the option");
            if name == "--style" {
                return format!("`{} styles` lists the styles", super::PROGRAM);
            }
            format!("{path} --help describes {name}")
        }
        _ => format!("{path} --help shows the usage"),
    }
}

/// Whether a command has an option.
fn has_option(command: &Command, option: &str) -> bool {
    let name = option.trim_start_matches('-').split('=').next();
    command.get_arguments().any(|argument| argument.get_long() == name)
}

/// The valid values, if the given one is not valid.
pub(super) fn valid_values(error: &clap::Error) -> Vec<String> {
    texts(error, ContextKind::ValidValue)
}

/// Whether an error is about the value of an argument, not of an option.
pub(super) fn is_of_argument(error: &clap::Error) -> bool {
    texts(error, ContextKind::InvalidArg).iter().any(|argument| argument.starts_with(['<', '[']))
}

/// The command that a line is for, and the words that name it.
fn command_of<'a>(command: &'a Command, given: &[OsString]) -> (&'a Command, String) {
    let (mut command, mut path) = (command, super::PROGRAM.to_owned());
    for word in given.iter().skip(1) {
        let Some(verb) = word.to_str().and_then(|word| command.find_subcommand(word)) else { break };
        command = verb;
        path = format!("{path} {}", verb.get_name());
    }
    (command, path)
}

/// The number of words behind the first one that name a command within this one: 1 for `text2art info` and 2 for `text2art
/// models list` within the program, 1 for `models list` within `models`.
pub(super) fn depth(command: &Command, given: &[OsString]) -> usize {
    command_of(command, given).1.split(' ').count() - 1
}

/// The question whether another option was meant: one that other programs call so, or one with a close name. For an
/// option of other commands, a command that draws names those commands.
fn option_like(invalid: &str, command: &Command, root: &Command) -> Option<String> {
    let name = invalid.trim_start_matches('-').split('=').next()?;
    if name.len() == invalid.len() {
        return None;
    }
    let known: Vec<&str> = command.get_arguments().filter_map(clap::Arg::get_long).collect();
    // The case of a short option matters.
    let name = if name.chars().count() > 1 { name.to_lowercase().replace('_', "-") } else { name.to_owned() };
    let draws = known.contains(&"iterations") && known.contains(&"output");
    let other = |name: &str| OTHERS.iter().find(|other| other.names.contains(&name));
    let ours = |other: &Other| {
        let written = if known.contains(&other.option) { Some(other.written) } else { other.elsewhere };
        question(written.filter(|_| draws || known.contains(&other.option)).as_slice())
    };
    if let Some(other) = other(&name) {
        return ours(other);
    }
    let near: Vec<String> = near_names(&name, known.iter().copied()).iter().map(|name| format!("--{name}")).collect();
    let mistyped = || near_names(&name, OTHERS.iter().flat_map(|other| other.names.iter().copied())).into_iter().next();
    of_others(&name, root).filter(|_| draws).or_else(|| question(&near)).or_else(|| ours(other(mistyped()?)?))
}

/// The statement that an option is one of other commands; none if no command has it, or many do.
fn of_others(name: &str, root: &Command) -> Option<String> {
    // `animate` repeats the options of `generate`.
    let has = |verb: &&Command| {
        verb.get_name() != "animate" && verb.get_arguments().any(|option| option.get_long() == Some(name))
    };
    let path = |verb: &Command| format!("`{} {}`", super::PROGRAM, verb.get_name());
    let verbs: Vec<String> = root.get_subcommands().filter(has).map(path).collect();
    (1..=MOST_COMMANDS).contains(&verbs.len()).then(|| format!("`--{name}` is an option of {}", verbs.join(" and ")))
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}
