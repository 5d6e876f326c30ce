//! Every command in the README and in the topics of `text2art help` works, and `help` shows what it says it shows.
//!
//! A block that is marked `sh` is run line by line in one folder per document, so that a command can use what an earlier
//! one wrote. Of a block marked `sh network`, `sh gpu`, `sh server` or `sh build` only the options of text2art are checked,
//! and that the files it names exist.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use crate::common::program::{Workplace, finish};

/// The smallest work, so that a command takes a fraction of a second.
const SMALL: [(&str, &str); 4] =
    [("TEXT2ART_SIZE", "32x32"), ("TEXT2ART_ITERATIONS", "4"), ("TEXT2ART_CUTOUTS", "1"), ("TEXT2ART_CONFIG", "none")];
/// The same as options, behind the name of the program.
const SMALL_OPTIONS: &str = "text2art --size 32x32 -n 4 --cutouts 1 ";
/// What a prompt in a document begins with, unless it is quoted. Any other word is to be a command.
const ARTICLES: [&str; 2] = ["a", "an"];
/// What begins the marks of blocks with commands.
const SHELL: &str = "sh";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The topics' files by their names.
fn topics() -> Vec<(String, PathBuf)> {
    let files = std::fs::read_dir(root().join("src/cli/topics")).unwrap().map(|entry| entry.unwrap().path());
    let mut topics: Vec<(String, PathBuf)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    topics.sort();
    assert!(topics.len() > 5, "{topics:?}");
    topics
}

/// A command of a document.
struct Line {
    /// What stands behind the fence of its block
    mark: String,
    text: String,
    /// Its document and its line there
    place: String,
}

/// The commands of a document. A block without a mark could hide one.
fn commands(path: &Path) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut mark: Option<String> = None;
    for (index, text) in std::fs::read_to_string(path).unwrap().lines().enumerate() {
        let place = format!("{} line {}", path.display(), index + 1);
        if let Some(begun) = text.strip_prefix("```") {
            assert_eq!(mark.is_none(), !begun.is_empty(), "{place}: say what the block is, or end the one before");
            mark = mark.is_none().then(|| begun.to_owned());
        } else if let Some(mark) = mark.as_ref().filter(|mark| mark.split(' ').next() == Some(SHELL)) {
            match lines.last_mut().and_then(|line: &mut Line| Some((line.text.strip_suffix('\\')?.to_owned(), line))) {
                Some((begun, line)) => line.text = begun + text,
                None => lines.push(Line { mark: mark.clone(), text: text.to_owned(), place }),
            }
        } else {
            let is_command = mark.is_none() && text.starts_with("    ");
            assert!(!is_command, "{place}: put commands between ```sh and ```");
        }
    }
    assert_eq!(mark, None, "{}: a block has no end", path.display());
    lines
}

/// The words of each run of text2art in a line, without what the shell adds to them.
fn runs(text: &str) -> Vec<Vec<String>> {
    // What installs the program does not run it.
    if text.starts_with("sudo install ") {
        return Vec::new();
    }
    let mut words = shlex::split(text).unwrap().into_iter().peekable();
    let mut runs = Vec::new();
    while let Some(word) = words.next() {
        if word == "text2art" || word == "target/release/text2art" {
            let mut run = Vec::new();
            while let Some(word) = words.next_if(|word| !["|", ">", "2>", "&&"].contains(&word.as_str())) {
                run.push(word);
            }
            runs.push(run);
        }
    }
    runs
}

/// A folder with files of the names that the checkout's examples have. They are shorter: `.ci/check_examples.sh` runs those.
fn checkout() -> Workplace {
    let workplace = Workplace::new();
    let prompts = "# fruit\na red apple\na green pear -- --seed 2\n";
    let jobs = "[[picture]]\nprompt = \"a yellow banana\"\noutput = \"{slug}.png\"\n";
    for (name, content) in [("examples/prompts.txt", prompts), ("examples/jobs.toml", jobs)] {
        assert!(root().join(name).is_file(), "{name}");
        workplace.write(name, content);
    }
    workplace
}

/// Runs a line in a shell in which `text2art` is the program.
fn run(workplace: &Workplace, line: &Line) {
    let program = workplace.command().get_program().to_owned();
    let folder = Path::new(&program).parent().unwrap().to_str().unwrap().to_owned();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let mut command = workplace.command_of("sh");
    // The work of a quality that is named wins over the environment's.
    let small = if line.text.contains("--quality") { SMALL_OPTIONS } else { "text2art " };
    let text = line.text.replace("text2art ", small);
    let outcome = finish(command.arg("-c").arg(text).env("PATH", path).envs(SMALL));
    assert_eq!(outcome.code, Some(0), "{}: {}\n{}", line.place, line.text, outcome.errors);
}

/// Checks the options of a line, and the files that it names.
fn check(workplace: &Workplace, line: &Line) {
    // The id of some job, which earlier lines of a topic would have printed.
    let text = line.text.replace("$id", "3kq8s2v6m1x9c4t7w0zr5yhdbn");
    for words in runs(&text) {
        let outcome = workplace.run(&[&words[..], &["--help".to_owned()]].concat());
        assert_eq!(outcome.code, Some(0), "{}: {}\n{}", line.place, line.text, outcome.errors);
    }
    for word in shlex::split(&line.text).unwrap() {
        let is_ours = word.starts_with("examples/") || word.starts_with("tests/");
        assert!(!is_ours || root().join(&word).exists(), "{}: {word} is not there", line.place);
    }
}

fn check_document(path: &Path) {
    let workplace = checkout();
    let help = workplace.run(&["--help"]).succeeded();
    let verbs = help.output_text().lines().skip_while(|line| *line != "Commands:").skip(1);
    let verbs: Vec<&str> =
        verbs.take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next()).collect();
    let lines = commands(path);
    assert!(!lines.is_empty(), "{}", path.display());
    for line in &lines {
        for words in runs(&line.text) {
            // A mistyped command would be drawn as a prompt.
            let first = words.first().unwrap_or_else(|| panic!("{}: {}", line.place, line.text));
            let is_plain = !first.starts_with('-') && !first.contains(' ');
            let is_known = verbs.contains(&first.as_str()) || ARTICLES.contains(&first.as_str());
            assert!(!is_plain || is_known, "{}: {first} is not a command", line.place);
        }
        match line.mark.as_str() {
            SHELL => run(&workplace, line),
            "sh network" | "sh gpu" | "sh build" | "sh server" => check(&workplace, line),
            other => panic!("{}: what is `{other}`?", line.place),
        }
    }
}

#[test]
fn every_command_of_the_readme_works() {
    check_document(&root().join("README.md"));
}

#[test]
fn every_command_of_the_topics_works() {
    for (_, path) in topics() {
        check_document(&path);
    }
}

#[test]
fn the_readme_leads_to_every_topic_and_every_heading() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for (name, _) in topics() {
        assert!(readme.contains(&format!("[`{name}`](src/cli/topics/{name}.md)")), "{name}");
    }
    for heading in readme.lines().filter_map(|line| line.strip_prefix("## ")) {
        assert!(readme.contains(&format!("[{heading}](#{})", heading.to_lowercase().replace(' ', "-"))), "{heading}");
    }
}

#[test]
fn help_shows_topics_and_commands() {
    let workplace = Workplace::new();
    let shown = |words: &[&str]| workplace.run(words).succeeded().output_text().to_owned();
    assert_eq!(shown(&["help"]), shown(&["--help"]));
    for (name, path) in topics() {
        let text = shown(&["help", &name]);
        let markdown = std::fs::read_to_string(path).unwrap();
        let title = markdown.lines().next().unwrap().trim_start_matches("# ");
        assert_eq!(text.lines().next(), Some(title), "{name}");
        assert!(text.lines().all(|line| line.chars().count() <= 80) && !text.contains('\x1b'), "{text}");
        assert!(shown(&["help"]).contains(title) && shown(&["man"]).contains(&title.replace('-', r"\-")), "{name}");
    }
    assert_eq!(shown(&["help", "score"]), shown(&["score", "--help"]));
    assert_eq!(shown(&["help", "models", "list"]), shown(&["models", "list", "--help"]));
    let colored = finish(workplace.command().args(["help", "video"]).env("CLICOLOR_FORCE", "1")).succeeded();
    assert!(colored.output_text().starts_with("\x1b["), "{}", colored.output_text());
}

#[test]
fn unknown_words_are_refused_with_what_was_probably_meant() {
    let workplace = Workplace::new();
    for (words, error, hint) in [
        (&["help", "pixl-art"][..], "`pixl-art` is not a topic or a command", "did you mean `pixel-art`?"),
        (&["help", "btach"], "`btach` is not a topic or a command", "did you mean `batch`?"),
        (&["help", "castle"], "`castle` is not a topic or a command", "topics: animation, batch, "),
        (&["help", "castle"], "", "text2art generate help castle"),
        (&["help", "batch", "list"], "`batch list` is not a topic or a command", "topics: "),
    ] {
        let lines = workplace.refuses_somehow(words);
        assert!(lines[0].contains(error) && lines[1].contains(hint), "{words:?}: {lines:?}");
    }
}
