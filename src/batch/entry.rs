//! What a line of a batch file asks for: a prompt and options, whichever the file's form.

use std::path::PathBuf;

use clap::{Args, Command, FromArgMatches};
use serde_json::{Map, Value};

use super::braces::expand;
use crate::settings::text::did_you_mean;
use crate::settings::{Overrides, Prompts};
use crate::video::MovingPictures;

/// The key of what became of a line, in a file of results.
pub const RESULT: &str = "result";
/// What stands between a prompt and its options.
const BEFORE_OPTIONS: &str = " -- ";

/// One line, or what is wrong with it.
pub struct Entry {
    /// Its number in the file, from 1
    pub line: usize,
    /// What it asks for, one for each line it stands for
    pub asked: Result<Vec<Asked>, String>,
}

/// What one picture is asked to be.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
pub struct Asked {
    /// The settings the line names
    #[command(flatten)]
    pub settings: Overrides,
    /// Where the picture is to go; as `--output`
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// What moves beside it
    #[command(flatten)]
    pub moving: MovingPictures,
}

/// Reads `a prompt -- --options`. Braces stand for several lines.
pub(super) fn of_text(text: &str) -> Result<Vec<Asked>, String> {
    let one = |line: String| {
        let (prompt, options) = line.split_once(BEFORE_OPTIONS).unwrap_or((&line, ""));
        let options = shlex::split(options).ok_or("a quotation mark or a backslash at the end is left open")?;
        of_arguments(Some(prompt), &options)
    };
    expand(text)?.into_iter().map(one).collect()
}

/// Reads settings by name, as JSON, CSV and TOML have them. Braces in text stand for several lines, but not in what
/// a batch wrote itself.
pub(super) fn of_fields(mut fields: Map<String, Value>) -> Result<Vec<Asked>, String> {
    let literal = fields.remove(RESULT).is_some();
    if literal && fields.is_empty() {
        return Ok(Vec::new());
    }
    let known = known_names();
    let (mut names, mut lines) = (Vec::new(), vec![Vec::new()]);
    for (name, value) in fields {
        let option = name.replace('_', "-");
        if !known.contains(&option) {
            return Err(unknown(&name));
        }
        let texts = texts(&name, value)?;
        // All the texts of one name are one choice; other names' choices go with each.
        let mut choices = vec![Vec::new()];
        for text in texts {
            let expanded = if literal { vec![text] } else { expand(&text)? };
            choices = crossed(&choices, &expanded.into_iter().map(|text| vec![text]).collect::<Vec<_>>())?;
        }
        names.push(option);
        lines = crossed(&lines, &choices.into_iter().map(|texts| vec![texts]).collect::<Vec<_>>())?;
    }
    let one = |line: Vec<Vec<String>>| {
        let (mut prompt, mut arguments) = (None, Vec::new());
        for (name, texts) in names.iter().zip(line) {
            if name == "prompt" {
                prompt = texts.into_iter().next();
            } else {
                let value = |text| if MOVING.contains(&name.as_str()) { moving(text) } else { text };
                arguments.extend(texts.iter().map(|text| format!("--{name}={}", value(text))));
            }
        }
        of_arguments(prompt.as_deref(), &arguments)
    };
    lines.into_iter().map(one).collect()
}

/// The options that name files, or say only whether there are some.
const MOVING: [&str; 3] = ["gif", "mp4", "frames"];

/// The value of such an option for one in a file: true is the name of the picture.
fn moving(text: &str) -> &str {
    match text {
        "true" => "",
        "false" => "none",
        name => name,
    }
}

/// Every beginning with every ending.
fn crossed<T: Clone>(beginnings: &[Vec<T>], endings: &[Vec<T>]) -> Result<Vec<Vec<T>>, String> {
    if beginnings.len().saturating_mul(endings.len()) > super::braces::MOST_LINES {
        return Err(format!("the line stands for more than {} lines", super::braces::MOST_LINES));
    }
    let together = |beginning: &Vec<T>, ending: &Vec<T>| beginning.iter().chain(ending).cloned().collect();
    Ok(beginnings.iter().flat_map(|beginning| endings.iter().map(move |ending| together(beginning, ending))).collect())
}

/// A value as the command line has it: the texts its option is given with.
fn texts(name: &str, value: Value) -> Result<Vec<String>, String> {
    Ok(match value {
        Value::Null => Vec::new(),
        Value::Bool(value) => vec![value.to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::String(text) => vec![text],
        Value::Array(values) => {
            let all: Result<Vec<_>, _> = values.into_iter().map(|value| texts(name, value)).collect();
            all?.into_iter().flatten().collect()
        }
        Value::Object(_) => return Err(format!("`{name}` is a table, where a text or a number is wanted")),
    })
}

fn of_arguments(prompt: Option<&str>, arguments: &[String]) -> Result<Asked, String> {
    let matches = command().try_get_matches_from(arguments);
    let asked = matches.and_then(|matches| Asked::from_arg_matches(&matches));
    let mut asked = asked.map_err(|error| crate::settings::text::first_paragraph(&error))?;
    if let Some(prompt) = prompt {
        asked.settings.prompt = Some(prompt.parse::<Prompts>()?);
    }
    Ok(asked)
}

fn command() -> Command {
    Asked::augment_args(Command::new("line").no_binary_name(true).disable_help_flag(true)).args_override_self(true)
}

/// Whether a line may give this name a value.
pub(super) fn is_known(name: &str) -> bool {
    known_names().contains(&name.replace('_', "-"))
}

/// What is said of a name that is not known.
pub(super) fn unknown(name: &str) -> String {
    let known: Vec<String> = known_names().iter().map(|name| name.replace('-', "_")).collect();
    format!("there is no setting `{name}`{}", did_you_mean(name, known.iter().map(String::as_str)))
}

/// The names a line may give values to, as options have them.
fn known_names() -> Vec<String> {
    let options = command();
    let names = options.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned);
    names.chain(["prompt".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Result<Vec<Asked>, String> {
        of_fields(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn every_form_asks_for_the_same() {
        let text = of_text(
            r#"a "red" apple | sky:0.5 -- --seed 7 -n 5 --size 64x48 --clip a,b -o 'my apple.png' --auto-stop"#,
        );
        let json = r#"{"prompt": "a \"red\" apple | sky:0.5", "seed": 7, "iterations": 5, "size": "64x48",
            "clip": ["a", "b"], "output": "my apple.png", "auto_stop": true, "cutouts": null}"#;
        assert_eq!(text.as_ref().unwrap(), &fields(json).unwrap());
        let [asked] = &text.unwrap()[..] else { panic!() };
        assert_eq!(asked.settings.prompt.as_ref().unwrap().to_string(), "a \"red\" apple | sky:0.5");
        assert_eq!(asked.output, Some("my apple.png".into()));
        assert_eq!(asked.settings.clip.as_ref().unwrap(), &["a", "b"]);
    }

    #[test]
    fn braces_stand_for_lines_but_not_in_results() {
        let seeds = |asked: Vec<Asked>| asked.iter().map(|asked| asked.settings.seed.unwrap().0).collect::<Vec<_>>();
        assert_eq!(seeds(of_text("a {b,c} -- --seed {1..3}").unwrap()), [1, 2, 3, 1, 2, 3]);
        assert_eq!(seeds(fields(r#"{"prompt": "a {b,c}", "seed": "{1..3}"}"#).unwrap()), [1, 2, 3, 1, 2, 3]);
        let [asked] = &fields(r#"{"prompt": "a {b,c}", "result": {}}"#).unwrap()[..] else { panic!() };
        assert_eq!(asked.settings.prompt.as_ref().unwrap().to_string(), "a {b,c}");
        assert_eq!(fields(r#"{"result": {"status": "failed"}}"#), Ok(Vec::new()));
        assert!(fields(r#"{"prompt": "{0..9999}", "seed": "{0..99}"}"#).unwrap_err().contains("100000"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, words) in [
            ("", "a prompt is empty"),
            ("a -- --sed 5", "--sed"),
            ("a -- --size big", "--size"),
            ("a -- pear", "pear"),
            ("a -- --seed '5", "quotation mark"),
            ("a -- --help", "--help"),
            ("a -- --dry-run", "--dry-run"),
        ] {
            let error = of_text(line).unwrap_err();
            assert!(error.contains(words) && !error.contains('\n'), "{line}: {error}");
        }
        for (json, words) in [
            (r#"{"promt": "a"}"#, "there is no setting `promt`; did you mean `prompt`?"),
            (r#"{"prompt": "a", "size": {"width": 5}}"#, "`size` is a table"),
            (r#"{"prompt": "a", "iterations": 1.5}"#, "1.5"),
            (r#"{"prompt": "a", "help": true}"#, "no setting `help`"),
        ] {
            let error = fields(json).unwrap_err();
            assert!(error.contains(words), "{json}: {error}");
        }
    }
}
