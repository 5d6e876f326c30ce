//! Entries of a batch file: a prompt and options, whatever the form of the file.

use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, Command, FromArgMatches};
use serde_json::{Map, Value};

use super::braces::expand;
use super::forgotten::Forgotten;
use crate::drawer::limit_names;
use crate::settings::{Overrides, Prompts, Seed};
use crate::text::{at_least_one, did_you_mean, first_paragraph, near_names, question};
use crate::video::{FileNames, KINDS};

/// The key of a line's outcome, in a results file.
pub const RESULT: &str = "result";
/// The separator between a prompt and its options.
pub(super) const BEFORE_OPTIONS: &str = " -- ";
/// 2^53: floating-point numbers represent every whole number up to this one exactly.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A line of a batch file.
pub struct Entry {
    /// The number of the line in the file, from 1
    pub line: usize,
    /// A request for each line that its braces expand to, or what is wrong with the line
    pub asked: Result<Vec<Asked>, String>,
    /// Options in its prompt
    pub(super) forgotten: Option<Forgotten>,
}

impl Entry {
    /// An entry for a line that cannot be read.
    pub(super) fn wrong(line: usize, problem: String) -> Self {
        Self { line, asked: Err(problem), forgotten: None }
    }

    /// Reads a line of text.
    pub(super) fn of_text(line: usize, text: &str) -> Self {
        let asked = of_text(text);
        let forgotten = asked.as_ref().ok().and_then(|_| Forgotten::in_line(text));
        Self { line, asked, forgotten }
    }

    /// Reads settings by name, or a recipe.
    pub(super) fn of_fields(line: usize, fields: Result<Map<String, Value>, String>) -> Self {
        let fields = match fields.and_then(without_recipe) {
            Ok(fields) => fields,
            Err(problem) => return Self::wrong(line, problem),
        };
        // A result was warned about when its picture was drawn.
        let prompt = fields.get("prompt").and_then(Value::as_str).filter(|_| !fields.contains_key(RESULT));
        let forgotten = prompt.and_then(Forgotten::in_field);
        let asked = of_fields(fields);
        Self { line, forgotten: forgotten.filter(|_| asked.is_ok()), asked }
    }
}

/// The request for one picture.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
pub struct Asked {
    /// The settings that the line names
    #[command(flatten)]
    pub settings: Overrides,
    /// The output file, as for `--output`
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// The files beside the picture
    #[command(flatten)]
    pub files: FileNames,
    /// The iterations from one checkpoint to the next
    #[arg(long, value_parser = at_least_one)]
    pub checkpoint_every: Option<u64>,
    /// Whether the line is a recipe or a result, which names all settings of its picture
    #[arg(skip)]
    pub is_recipe: bool,
}

/// Reads `a prompt -- --options`. Braces expand to several lines.
pub(super) fn of_text(text: &str) -> Result<Vec<Asked>, String> {
    if text.starts_with(BEFORE_OPTIONS.trim_start()) {
        return Err("there is no prompt before ` -- `; write one, as in `a red apple -- --seed 3`".into());
    }
    let one = |line: String| {
        let (prompt, options) = line.split_once(BEFORE_OPTIONS).unwrap_or((&line, ""));
        let options =
            shlex::split(options).ok_or("a quotation mark is not closed, or the line ends with a backslash")?;
        if options.is_empty() && is_only_options(prompt) {
            return Err(format!("the line has options but no prompt; write one, as in `a red apple -- {prompt}`"));
        }
        of_arguments(Some(prompt), &options)
    };
    expand(text)?.into_iter().map(one).collect()
}

/// Whether a text consists only of options.
fn is_only_options(text: &str) -> bool {
    text.starts_with('-') && shlex::split(text).is_some_and(|options| of_arguments(None, &options).is_ok())
}

/// Replaces a recipe, as `text2art info --json` prints it, by its settings.
fn without_recipe(mut fields: Map<String, Value>) -> Result<Map<String, Value>, String> {
    if !(fields.contains_key("format") && fields.contains_key("program")) {
        return Ok(fields);
    }
    let Some(Value::Object(mut settings)) = fields.remove("settings") else { return Ok(fields) };
    if fields.get("earlier").is_some_and(|earlier| earlier.as_array().is_none_or(|stages| !stages.is_empty())) {
        return Err("the picture was resumed with other settings, so its recipe cannot be repeated".into());
    }
    // A recipe repeats a picture: every word in it is a seed.
    if let Some(seed) = settings.get_mut("seed") {
        *seed = serde_json::from_value::<Seed>(seed.take()).map_err(|error| error.to_string())?.to_string().into();
    }
    // Braces in a recipe are not expanded, as in results.
    settings.insert(RESULT.to_owned(), Value::Null);
    Ok(settings)
}

/// Reads settings by name, from JSON, CSV or TOML. Braces in text expand to several lines, except in results that a
/// batch wrote.
pub(super) fn of_fields(mut fields: Map<String, Value>) -> Result<Vec<Asked>, String> {
    let literal = fields.remove(RESULT).is_some();
    if literal && fields.is_empty() {
        return Ok(Vec::new());
    }
    let (known, lists) = (known_names(), lists());
    let (mut names, mut lines) = (Vec::new(), vec![Vec::new()]);
    for (name, value) in fields {
        let option = name.replace('_', "-");
        if !known.contains(&option) {
            return Err(unknown(&name));
        }
        let texts = texts(&name, value)?;
        let expanded = |text: String| -> Result<Vec<Vec<String>>, String> {
            let expanded = if literal { vec![text] } else { expand(&text)? };
            Ok(expanded.into_iter().map(|text| vec![text]).collect())
        };
        // Several texts of one name are one choice if the option takes all of them, else each is a choice. Each choice
        // is combined with those of the other names.
        let mut choices = Vec::new();
        if texts.len() > 1 && COMMA_LISTS.contains(&option.as_str()) {
            choices.push(vec![texts.join(",")]);
        } else if texts.is_empty() || lists.contains(&option) {
            choices.push(Vec::new());
            for text in texts {
                choices = crossed(&choices, &expanded(text)?)?;
            }
        } else {
            for text in texts {
                choices.extend(expanded(text)?);
            }
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
                let is_file = KINDS.iter().any(|kind| kind.option == name);
                let value = |text| if is_file { file_name(text) } else { text };
                arguments.extend(texts.iter().map(|text| format!("--{name}={}", value(text))));
            }
        }
        of_arguments(prompt.as_deref(), &arguments).map(|asked| Asked { is_recipe: literal, ..asked })
    };
    lines.into_iter().map(one).collect()
}

/// The options whose value is a comma-separated list.
const COMMA_LISTS: [&str; 2] = ["augment", "learning-rate-drops"];

/// The value of an option that names a file: `true` stands for a name derived from the picture, `false` for no file.
fn file_name(text: &str) -> &str {
    match text {
        "true" => "",
        "false" => "none",
        name => name,
    }
}

/// Every beginning combined with every ending.
fn crossed<T: Clone>(beginnings: &[Vec<T>], endings: &[Vec<T>]) -> Result<Vec<Vec<T>>, String> {
    if beginnings.len().saturating_mul(endings.len()) > super::braces::MOST_LINES {
        return Err(format!("the braces expand to more than {} lines", super::braces::MOST_LINES));
    }
    let together = |beginning: &Vec<T>, ending: &Vec<T>| beginning.iter().chain(ending).cloned().collect();
    Ok(beginnings.iter().flat_map(|beginning| endings.iter().map(move |ending| together(beginning, ending))).collect())
}

/// A value as texts for its option on the command line.
fn texts(name: &str, value: Value) -> Result<Vec<String>, String> {
    Ok(match value {
        Value::Null => Vec::new(),
        Value::Bool(value) => vec![value.to_string()],
        Value::Number(number) => vec![plain(&number)],
        Value::String(text) => vec![text],
        Value::Array(values) => {
            let all: Result<Vec<_>, _> = values.into_iter().map(|value| texts(name, value)).collect();
            all?.into_iter().flatten().collect()
        }
        Value::Object(_) => return Err(format!("`{name}` is a table; expected a string or a number")),
    })
}

/// A number as options expect it. Some programs have no whole numbers and write 3 as `3.0`, which becomes 3.
fn plain(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() < LARGEST_EXACT => format!("{value:.0}"),
        _ => number.to_string(),
    }
}

fn of_arguments(prompt: Option<&str>, arguments: &[String]) -> Result<Asked, String> {
    let matches = command().try_get_matches_from(arguments);
    let asked = matches.and_then(|matches| Asked::from_arg_matches(&matches));
    let mut asked = asked.map_err(|error| problem(&error))?;
    if let Some(prompt) = prompt {
        asked.settings.prompt = Some(prompt.parse::<Prompts>()?);
    }
    Ok(asked)
}

/// The problem with the options of a line, with close names if an option or a value is unknown.
fn problem(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let near = match error.kind() {
        ErrorKind::UnknownArgument => {
            let option = text(ContextKind::InvalidArg).strip_prefix("--").unwrap_or_default();
            let known = known_names();
            let near = near_names(option, known.iter().map(String::as_str));
            near.into_iter().take(1).map(|name| format!("--{name}")).collect()
        }
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(valid)) => {
                let near = near_names(text(ContextKind::InvalidValue), valid.iter().map(String::as_str));
                near.into_iter().take(1).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let question = question(&near).map_or_else(String::new, |question| format!("; {question}"));
    format!("{}{question}", first_paragraph(error))
}

/// The command that parses the options of a line.
pub(super) fn command() -> Command {
    let command = Command::new("line").no_binary_name(true).disable_help_flag(true);
    limit_names(Asked::augment_args(command)).args_override_self(true)
}

/// Whether a line may have a setting with this name.
pub(super) fn is_known(name: &str) -> bool {
    known_names().contains(&name.replace('_', "-"))
}

/// The error for an unknown name.
pub(super) fn unknown(name: &str) -> String {
    let known: Vec<String> = known_names().iter().map(|name| name.replace('-', "_")).collect();
    format!("there is no setting `{name}`{}", did_you_mean(name, known.iter().map(String::as_str)))
}

/// The options that may be repeated, and use all their values.
fn lists() -> Vec<String> {
    let command = command();
    let lists = command.get_arguments().filter(|argument| matches!(argument.get_action(), ArgAction::Append));
    lists.filter_map(clap::Arg::get_long).map(str::to_owned).collect()
}

/// The names of the settings that a line may have, spelled like options.
pub(super) fn known_names() -> Vec<String> {
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
        let seeds = |asked: Vec<Asked>| {
            asked.iter().map(|asked| asked.settings.seed.unwrap().seed().unwrap().0).collect::<Vec<_>>()
        };
        assert_eq!(seeds(of_text("a {b,c} -- --seed {1..3}").unwrap()), [1, 2, 3, 1, 2, 3]);
        assert_eq!(seeds(fields(r#"{"prompt": "a {b,c}", "seed": "{1..3}"}"#).unwrap()), [1, 2, 3, 1, 2, 3]);
        let [asked] = &fields(r#"{"prompt": "a {b,c}", "result": {}}"#).unwrap()[..] else { panic!() };
        assert_eq!(asked.settings.prompt.as_ref().unwrap().to_string(), "a {b,c}");
        assert_eq!(fields(r#"{"result": {"status": "failed"}}"#), Ok(Vec::new()));
        // An array expands as well, unless the setting is a list.
        assert_eq!(seeds(fields(r#"{"prompt": ["a", "b"], "seed": [1, "{2..3}"]}"#).unwrap()), [1, 2, 3, 1, 2, 3]);
        assert_eq!(fields(r#"{"prompt": "a", "clip": ["x", "y"], "augment": ["crop", "flip"]}"#).unwrap().len(), 1);
        assert!(fields(r#"{"prompt": "{0..9999}", "seed": "{0..99}"}"#).unwrap_err().contains("100000"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, words) in [
            ("", "a prompt is empty"),
            ("a -- --sed 5", "unexpected argument '--sed' found; did you mean `--seed`?"),
            ("a -- --quality bets", "; did you mean `best`?"),
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
