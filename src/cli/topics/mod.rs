//! `text2art help`: the help of the program and its verbs, and the topics, which explain what a list of options cannot.

mod pager;
mod render;

use std::fmt::Write;
use std::io::IsTerminal;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory};

use super::PROGRAM;
use super::options::help;
use super::reading::GENERATE;
use super::terminal::{Window, is_output_colored};
use crate::Error;
use crate::text::{near_names, question};

/// All topics, in the order of their list. A new one is a file of Markdown in this folder, and a line here.
static TOPICS: [Topic; 18] = [
    topic("animation", include_str!("animation.md")),
    topic("batch", include_str!("batch.md")),
    topic("configuration", include_str!("configuration.md")),
    topic("films", include_str!("films.md")),
    topic("gpu", include_str!("gpu.md")),
    topic("losses", include_str!("losses.md")),
    topic("masks", include_str!("masks.md")),
    topic("models", include_str!("models.md")),
    topic("pixel-art", include_str!("pixel-art.md")),
    topic("prompts", include_str!("prompts.md")),
    topic("reproducible", include_str!("reproducible.md")),
    topic("scripting", include_str!("scripting.md")),
    topic("server", include_str!("server.md")),
    topic("strokes", include_str!("strokes.md")),
    topic("tiles", include_str!("tiles.md")),
    topic("tuning", include_str!("tuning.md")),
    topic("video", include_str!("video.md")),
    topic("waves", include_str!("waves.md")),
];

/// The widest lines of a topic, in columns: longer ones are hard to read.
const WIDEST: usize = 100;
/// The narrowest lines of a topic, in columns.
const NARROWEST: usize = 20;
/// The width of a topic that is not shown in a terminal, in columns.
const USUAL: usize = 80;

/// Something to read about.
#[derive(Clone, Copy)]
struct Topic {
    /// What `text2art help` calls it
    name: &'static str,
    /// A heading, which says in a line what it is about, and the text
    markdown: &'static str,
}

const fn topic(name: &'static str, markdown: &'static str) -> Topic {
    Topic { name, markdown }
}

impl Topic {
    fn of(name: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.name == name)
    }

    /// What it is about, in a line.
    fn title(&self) -> &str {
        let line = self.markdown.lines().next().unwrap_or_default();
        line.trim_start_matches('#').trim()
    }

    /// The whole text, as standard output takes it.
    fn text(&self) -> String {
        let is_terminal = std::io::stdout().is_terminal();
        let width = if is_terminal { Window::of_output().columns().clamp(NARROWEST, WIDEST) } else { USUAL };
        render::render(self.markdown, width, is_output_colored())
    }
}

/// What `help` was asked for.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A topic or command; without it, shows the main help
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// A nested command, such as `list` in `help models list`
    #[arg(value_name = "COMMAND", value_parser = inner_verb)]
    command: Option<String>,
}

/// Shows a topic, or the help of a verb or of the program.
///
/// # Errors
/// If there is no such topic or verb, or standard output takes nothing.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.name.iter().chain(&arguments.command).map(String::as_str).collect();
    let topic = match words[..] {
        [name] => Topic::of(name).map(Topic::text),
        _ => None,
    };
    let text = topic.or_else(|| help_of(&words)).ok_or_else(|| unknown(&words))?;
    pager::show(&text)
}

/// The topics with what they are about, as the end of the program's help.
pub(super) fn list() -> String {
    let mut list = format!("Topics, shown by `{PROGRAM} help TOPIC`:");
    for topic in &TOPICS {
        // Writing to a string cannot fail.
        let _ = write!(list, "\n  {:<15}{}", topic.name, topic.title());
    }
    list
}

/// The names of all topics.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|topic| topic.name)
}

/// The topics, as a section of the manual page.
pub(super) fn section() -> String {
    let mut section = ".SH TOPICS\n".to_owned();
    for topic in &TOPICS {
        let name = topic.name.replace('-', r"\-");
        let _ = writeln!(section, ".TP\n\\fB{PROGRAM} help {name}\\fR\n{}", topic.title().replace('-', r"\-"));
    }
    section
}

/// The long help of the command that these words lead to; no words lead to the program's.
fn help_of(words: &[&str]) -> Option<String> {
    let command = help::command(false);
    words.iter().try_fold(&command, |command, word| command.find_subcommand(word))?;
    let line = [PROGRAM].iter().chain(words).chain(&["--help"]);
    let error = command.clone().try_get_matches_from(line).err()?;
    let text = error.render();
    let is_help = error.kind() == ErrorKind::DisplayHelp;
    is_help.then(|| if is_output_colored() { text.ansi().to_string() } else { text.to_string() })
}

/// Reads the name of a command that a verb has. Any other word is one of a prompt: `text2art help me paint`.
fn inner_verb(word: &str) -> Result<String, String> {
    let command = super::Arguments::command();
    let is_one = command.get_subcommands().any(|verb| verb.find_subcommand(word).is_some());
    is_one.then(|| word.to_owned()).ok_or_else(|| format!("no command has a command {word}"))
}

/// What is wrong with words that lead nowhere.
fn unknown(words: &[&str]) -> Error {
    let command = super::Arguments::command();
    let topics = TOPICS.map(|topic| topic.name);
    let names = topics.into_iter().chain(command.get_subcommands().map(Command::get_name));
    let near = words.first().and_then(|word| question(&near_names(word, names)));
    let near = near.map_or_else(String::new, |question| format!("{question} "));
    let words = words.join(" ");
    let quoted = shlex::try_quote(&words).unwrap_or_else(|_| words.as_str().into());
    let draw = format!("to use these words as a prompt, run: {PROGRAM} {GENERATE} help {quoted}");
    let topics = topics.join(", ");
    let hint = format!("{near}topics: {topics}; {PROGRAM} --help lists the commands; {draw}");
    Error::usage(format!("`{words}` is not a topic or a command"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_a_title_that_fits_the_list_and_lines_that_fit_a_terminal() {
        for topic in &TOPICS {
            let Topic { name, markdown } = topic;
            assert!(markdown.starts_with("# ") && !topic.title().is_empty(), "{name}");
            let text = render::render(markdown, USUAL, false);
            for line in text.lines().chain(list().lines()) {
                assert!(line.chars().count() <= USUAL, "{name}: {line}");
            }
            assert!(!text.contains('\x1b') && !text.contains("**") && !text.contains("```"), "{name}");
        }
        assert!(TOPICS.is_sorted_by_key(|topic| topic.name));
    }

    #[test]
    fn a_topic_with_the_name_of_a_verb_begins_with_the_way_to_its_options() {
        let command = super::super::Arguments::command();
        for Topic { name, markdown } in TOPICS.iter().filter(|topic| command.find_subcommand(topic.name).is_some()) {
            let begin: String = markdown.lines().take_while(|line| !line.starts_with("```")).collect();
            assert!(begin.contains(&format!("`text2art {name} --help`")), "{name}");
        }
    }

    #[test]
    fn words_that_lead_nowhere_get_a_question_and_the_list() {
        let error = unknown(&["pixl-art"]);
        assert_eq!(error.to_string(), "`pixl-art` is not a topic or a command");
        let hint = error.hint();
        assert!(hint.starts_with("did you mean `pixel-art`? topics: animation, "), "{hint}");
        assert!(hint.ends_with("to use these words as a prompt, run: text2art generate help pixl-art"), "{hint}");
        assert!(unknown(&["xyzzy"]).hint().starts_with("topics: "));
    }

    #[test]
    fn words_lead_to_the_help_of_a_command() {
        assert!(help_of(&[]).is_some_and(|help| help.contains("Topics, shown by")));
        assert!(help_of(&["models", "list"]).is_some_and(|help| help.contains("Usage: text2art models list")));
        assert!(help_of(&["batch", "list"]).is_none() && help_of(&["castle"]).is_none());
    }
}
