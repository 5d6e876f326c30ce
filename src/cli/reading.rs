//! Decides whether a command line begins with a verb or with a prompt.
//!
//! 1. The first word is a verb if the verb accepts the rest: `text2art info castle.png` shows a recipe.
//! 2. It is also a verb if a single word follows that the verb does not accept, as in `text2art cancel all`, unless there is
//!    an option that only pictures have; and if the rest looks mistyped: the name of a file, or one or two words, the first
//!    of which is close to the name of a command of the verb (`text2art models pul imagenet`).
//! 3. Other lines are prompts, with the verb's name as their first word: `text2art video game castle` draws.
//! 4. A single word is not a prompt if it is a mistyped verb and the embedded model does not know the word.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, CommandFactory};

use super::options::secret::concealed;
use super::{Arguments, PROGRAM, hint};
use crate::Error;
use crate::drawer::limit_names;
use crate::sentence;
use crate::text::{is_slip, near_names, question};

/// The verb that draws. Words after it are a prompt.
pub(super) const GENERATE: &str = "generate";
/// The shortest verb for which a single word can be a typo: shorter names are close to many words.
const SHORTEST_VERB: usize = 4;
/// Extensions of the files that verbs and options accept.
const EXTENSIONS: [&str; 29] = [
    "act",
    "avif",
    "bin",
    "bmp",
    "ckpt",
    "csv",
    "gif",
    "gpl",
    "heic",
    "hex",
    "jpeg",
    "jpg",
    "json",
    "jsonl",
    "mp4",
    "ndjson",
    "pal",
    "png",
    "pt",
    "pth",
    "safetensors",
    "svg",
    "t2a",
    "tif",
    "tiff",
    "toml",
    "tsv",
    "txt",
    "webp",
];

/// A command line that is refused.
pub(super) struct Refusal {
    /// The problem, or the help that was asked for
    pub(super) error: clap::Error,
    /// What to do
    pub(super) hint: String,
}

/// Reads a command line, including the program's name.
pub(super) fn read(given: &[OsString]) -> Result<ArgMatches, Box<Refusal>> {
    let error = match parse(given) {
        Ok(matches) => {
            // After `generate` and after ` -- `, everything is a prompt.
            let is_plain = matches.subcommand_name().is_none() && !given.iter().any(|argument| argument == "--");
            let words = words_of(&matches);
            let refusal = || {
                // The option shows that a picture is wanted.
                let is_alone = given.len() == 2;
                refusal(&words).or_else(|| mistyped_alone(words.first().filter(|_| is_alone)?))
            };
            return match is_plain.then(refusal).flatten() {
                Some((message, hint)) => {
                    let error = clap::Error::raw(ErrorKind::InvalidValue, message);
                    Err(Box::new(Refusal { error, hint }))
                }
                None => Ok(matches),
            };
        }
        Err(error) => error,
    };
    if !error.use_stderr() {
        return Err(Box::new(Refusal { error, hint: String::new() }));
    }
    let mut command = Arguments::command();
    command.build();
    let mut hint = hint::of(&error, &command, given);
    if let Some(verb) = verb_of(&command, given) {
        let mut is_one_wrong = false;
        if let Some((matches, words)) = as_prompt(given) {
            is_one_wrong = is_one_word(&words) && !asks_to_draw(verb, given);
            if !is_one_wrong && !belongs_to(verb, &words, &error) {
                return Ok(matches);
            }
        }
        let begin = given[1..].iter().take_while(|argument| !is_option(argument));
        let begin: Vec<&OsString> = begin.collect();
        let is_prompt = is_one_wrong || begin.iter().all(|word| is_plain(word));
        let is_more = begin.len() > hint::depth(&command, given) && is_prompt;
        if is_more && is_about_words(&error) && !hint.ends_with('?') {
            hint = format!("{hint}; {}", to_draw(begin));
        }
    } else if let Some(verb) = mistyped(&command, given) {
        hint = question(&[verb]).unwrap_or(hint);
    }
    Err(Box::new(Refusal { error, hint }))
}

/// Adds how to draw the words of a command line if they were read as a verb's, and the verb could not use one of its
/// files. A verb whose required options are given was meant.
pub(super) fn with_other_reading(error: anyhow::Error, given: &[OsString]) -> anyhow::Error {
    let command = Arguments::command();
    let verb = verb_of(&command, given).filter(|verb| !verb.get_opts().any(clap::Arg::is_required_set));
    let Some((_, words)) = verb.and_then(|_| as_prompt(given)) else { return error };
    let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    if words.len() < 2 || !words.iter().all(|word| is_plain(word)) {
        return error;
    }
    let more = |hint: String| format!("{hint}; {}", to_draw(&given[1..]));
    match error.downcast::<Error>() {
        Ok(Error::File { path, problem, hint }) => Error::File { path, problem, hint: more(hint) }.into(),
        Ok(other) => other.into(),
        Err(other) => other,
    }
}

fn parse(given: &[OsString]) -> Result<ArgMatches, clap::Error> {
    limit_names(Arguments::command()).try_get_matches_from(given).map_err(concealed)
}

/// The verb that a command line begins with, other than the one that draws.
fn verb_of<'a>(command: &'a Command, given: &[OsString]) -> Option<&'a Command> {
    let name = given.get(1)?.to_str().filter(|name| *name != GENERATE)?;
    command.find_subcommand(name)
}

/// The command line read as a prompt, and the words of the prompt.
fn as_prompt(given: &[OsString]) -> Option<(ArgMatches, Vec<String>)> {
    let mut longer = given.to_vec();
    longer.insert(1, GENERATE.into());
    let matches = parse(&longer).ok()?;
    let words = words_of(matches.subcommand_matches(GENERATE)?);
    Some((matches, words))
}

fn is_option(argument: &OsStr) -> bool {
    argument.as_encoded_bytes().starts_with(b"-")
}

/// Whether an error is about words that a verb does not accept, or options that it does not have. A wrong value of an
/// option shows that the verb was meant.
fn is_about_words(error: &clap::Error) -> bool {
    let kinds = [
        ErrorKind::UnknownArgument,
        ErrorKind::InvalidSubcommand,
        ErrorKind::MissingRequiredArgument,
        ErrorKind::MissingSubcommand,
    ];
    kinds.contains(&error.kind()) || hint::is_of_argument(error)
}

fn words_of(matches: &ArgMatches) -> Vec<String> {
    matches.get_many::<String>("prompt").into_iter().flatten().cloned().collect()
}

/// Whether a single word that is not the name of a file follows the name of a verb. Words in quotes are a phrase.
fn is_one_word(words: &[String]) -> bool {
    let [_, word] = words else { return false };
    !word.contains(char::is_whitespace) && !is_file_name(word) && !Path::new(word).exists()
}

/// Whether a line has an option that its verb does not have.
fn asks_to_draw(verb: &Command, given: &[OsString]) -> bool {
    let is_other = |option: &str| match option.strip_prefix("--") {
        Some(long) => {
            let name = long.split('=').next();
            !verb.get_arguments().any(|argument| argument.get_long() == name)
        }
        None => option.chars().nth(1).is_some_and(|letter| {
            letter.is_alphabetic() && !verb.get_arguments().any(|argument| argument.get_short() == Some(letter))
        }),
    };
    let options = given.iter().skip(2).filter(|argument| is_option(argument));
    options.filter_map(|option| option.to_str()).any(is_other)
}

/// Whether words that could be a prompt are a verb with something missing or mistyped.
fn belongs_to(verb: &Command, words: &[String], error: &clap::Error) -> bool {
    let [_, first, others @ ..] = words else { return true };
    let path_type = clap::value_parser!(PathBuf).type_id();
    let takes_files = verb.get_positionals().any(|argument| argument.get_value_parser().type_id() == path_type);
    let names_file = (takes_files && Path::new(first).exists()) || words[1..].iter().any(|word| is_file_name(word));
    // Valid without the options, so one of the options is wrong.
    let alone = std::iter::once(PROGRAM).chain(words.iter().map(String::as_str)).map(OsString::from);
    let is_whole = parse(&alone.collect::<Vec<_>>()).is_ok();
    let known: Vec<String> = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            verb.get_subcommands().map(Command::get_name).chain(["help"]).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let is_near = others.len() < 2 && !near_names(first, known.iter().map(String::as_str)).is_empty();
    // `completions tcsh` names a shell.
    let is_value = others.is_empty() && hint::is_of_argument(error) && !hint::valid_values(error).is_empty();
    // `models rm` and `serve admin drain` lack a name; they are no prompts.
    let nested = hint::depth(verb, &words.iter().map(OsString::from).collect::<Vec<_>>());
    let is_begun = nested > 1 || (nested == 1 && others.is_empty());
    names_file || is_whole || is_near || is_value || is_begun
}

/// Why a prompt was probably not meant as one, and what to do.
fn refusal(words: &[String]) -> Option<(String, String)> {
    let draw = to_draw(words);
    let [first, others @ ..] = words else { return None };
    let whole = words.join(" ");
    if Path::new(&whole).is_file() {
        let hint = use_of(Path::new(&whole)).map_or_else(|| draw.clone(), |use_it| format!("{use_it}; {draw}"));
        return Some((format!("`{whole}` is a file, not a prompt"), hint));
    }
    if words.iter().all(|word| is_file_name(word) && Path::new(word).is_file()) {
        return Some((format!("`{whole}` are files, not a prompt"), draw));
    }
    let second = others.first()?;
    if !is_file_name(second) && !Path::new(second).is_file() {
        return None;
    }
    let command = Arguments::command();
    let near = near_names(first, names_of_verbs(&command));
    let question = question(&near[..near.len().min(1)])?;
    Some((format!("`{first}` is not a command"), format!("{question} {draw}")))
}

/// Why a single word was probably not meant as a prompt, because it is a mistyped verb, and what to do.
fn mistyped_alone(word: &str) -> Option<(String, String)> {
    let lower = word.to_lowercase();
    let command = Arguments::command();
    let verb = names_of_verbs(&command)
        .filter(|name| name.len() >= SHORTEST_VERB)
        .find(|name| is_slip(&lower, name) || *name == lower)?;
    let is_known = sentence::knows(word).unwrap_or(true);
    // Only the case of a command's name is wrong then: the model knows `Styles` for its `style`.
    if is_known && verb != lower {
        return None;
    }
    let message = if is_known {
        format!("`{word}` is not a command")
    } else {
        format!("`{word}` is not a command, and the embedded model does not know this word")
    };
    Some((message, format!("did you mean the command `{verb}`? {}", to_draw([word]))))
}

/// The verb that the first word was probably meant to be: with it, the line can be read or lacks only an argument.
fn mistyped<'a>(command: &'a Command, given: &[OsString]) -> Option<&'a str> {
    let first = given.get(1)?.to_str()?;
    let near = near_names(first, names_of_verbs(command));
    near.into_iter().find(|verb| {
        let mut other = given.to_vec();
        other[1] = (*verb).into();
        parse(&other).map_or_else(|error| error.kind() == ErrorKind::MissingRequiredArgument, |_| true)
    })
}

fn names_of_verbs(command: &Command) -> impl Iterator<Item = &str> {
    command.get_subcommands().map(Command::get_name)
}

/// What a file with this name is for.
fn use_of(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?.to_lowercase();
    let name = quoted(path.as_os_str());
    Some(match extension.as_str() {
        "t2a" => format!("to continue its picture: text2art resume {name}"),
        "txt" | "csv" | "tsv" | "json" | "jsonl" | "ndjson" | "toml" => {
            format!("to draw the prompts in it: text2art batch {name}")
        }
        "png" | "gif" | "mp4" => {
            format!("to see how it was made: text2art info {name}; to draw it again: text2art --from {name}")
        }
        // Most of these come from elsewhere.
        "jpg" | "jpeg" | "webp" | "bmp" | "tif" | "tiff" => {
            format!("to start from it: text2art PROMPT --init-image {name}")
        }
        _ => return None,
    })
}

/// The command that draws words that are read as something else.
fn to_draw<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| quoted(word.as_ref())).collect();
    format!("to use these words as a prompt, run: {PROGRAM} {GENERATE} {}", words.join(" "))
}

/// A word as it must be written in a shell.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    shlex::try_quote(&word).map_or_else(|_| format!("{word:?}"), std::borrow::Cow::into_owned)
}

/// Whether a word looks like the name of a file.
fn is_file_name(word: &str) -> bool {
    let extension = Path::new(word).extension().and_then(OsStr::to_str).map(str::to_lowercase);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
        || ["./", "../", "~/", "/"].iter().any(|start| word.starts_with(start))
}

/// Whether a word belongs to a language, rather than being a name, a number or an option.
fn is_plain(word: &OsStr) -> bool {
    let is_letter = |character: char| character.is_alphabetic() || "-',.!?".contains(character);
    word.to_str()
        .is_some_and(|word| word.chars().all(is_letter) && word.contains(char::is_alphabetic) && !is_file_name(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_told_from_words() {
        for name in ["cat.png", "a.PNG", "run.png.t2a", "x/y.txt", "./cat", "../a b", "/tmp", "~/x"] {
            assert!(is_file_name(name), "{name}");
        }
        for word in ["cat", "Mr.", "node.js", "and/or", "J.S.Bach", "3.5", "...", ".png", ""] {
            assert!(!is_file_name(word), "{word}");
        }
        assert!(is_plain("don't".as_ref()) && is_plain("東京".as_ref()));
        assert!(!is_plain("vit-b32".as_ref()) && !is_plain("red->white".as_ref()) && !is_plain("".as_ref()));
    }

    #[test]
    fn a_word_that_the_model_knows_is_no_mistyped_verb() {
        for word in ["palette", "Palette", "castle", "store", "mna"] {
            assert!(mistyped_alone(word).is_none(), "{word}");
        }
        assert!(mistyped_alone("stlyes").is_some());
    }

    #[test]
    fn the_command_to_draw_is_one_for_a_shell() {
        assert_eq!(
            to_draw(["info", "a b's"]),
            r#"to use these words as a prompt, run: text2art generate info "a b's""#
        );
    }
}
