//! The settings of a request that have no place of their own in the form. Each gets a field, made from the table of options.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Number, Value};

use super::FILE;
use super::offer::titled;
use crate::drawer::ALL;
use crate::server::jobs::request::refused;
use crate::server::lists::{Kind, Opened, opened};
use crate::server::pages::{Form, sentence};
use crate::server::problem::Answer;
use crate::text;

/// The fields of a request that have a place of their own in the form.
const OWN: [&str; 15] = [
    "prompt",
    "quality",
    "aspect",
    "iterations",
    "seed",
    "style",
    "upscale",
    "init_image",
    "drawer",
    "outline",
    "pixel_art",
    "palette",
    "colors",
    "products",
    "email",
];
/// The suffix that turns the name of a setting into the name of its file field.
const FILE_OF: &str = "_file";
/// The longest default that is shown inside its field, in characters: as many as a phone shows.
const LONGEST_PLACEHOLDER: usize = 24;
/// The longest text of a number, in bytes.
const LONGEST_NUMBER: usize = 50;
/// Words of names that are written in capitals.
const ACRONYMS: [&str; 2] = ["fps", "gif"];

/// What was typed, by the names of the settings. An empty text means the default.
pub(super) type Typed = BTreeMap<&'static str, String>;

/// The settings, in the order of the help.
pub(super) fn settings() -> &'static [Opened] {
    static SETTINGS: LazyLock<Vec<Opened>> =
        LazyLock::new(|| opened().into_iter().filter(|setting| !OWN.contains(&setting.name)).collect());
    &SETTINGS
}

/// The fields of the form that can have a file.
pub(super) fn files() -> Vec<String> {
    let uploads = settings().iter().filter(|setting| setting.kind == Kind::Upload);
    std::iter::once(FILE.to_owned()).chain(uploads.map(|setting| format!("{}{FILE_OF}", setting.name))).collect()
}

/// The setting that a file field belongs to; none if it belongs to no setting here.
pub(super) fn setting_of_file(field: &str) -> Option<&'static Opened> {
    let name = field.strip_suffix(FILE_OF)?;
    settings().iter().find(|setting| setting.name == name)
}

/// The settings in a form. Settings that the form lacks stay as they were before.
pub(super) fn read(form: &Form, before: &Typed) -> Typed {
    let typed = |setting: &Opened| {
        // A hidden field comes before each checkbox, in case the box is not checked.
        let typed = form.all(setting.name).last().map(|typed| typed.trim().to_owned());
        Some((setting.name, typed.or_else(|| before.get(setting.name).cloned())?))
    };
    settings().iter().filter_map(typed).collect()
}

/// The value of a text, as a request contains it.
///
/// # Errors
/// If a number or a switch cannot be read.
pub(super) fn value(setting: &Opened, typed: &str) -> Answer<Value> {
    if !setting.list {
        return one(setting, typed);
    }
    let parts: Vec<&str> = match setting.delimiter {
        Some(delimiter) => typed.split(delimiter).collect(),
        None => typed.lines().collect(),
    };
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| one(setting, part)).collect()
}

fn one(setting: &Opened, typed: &str) -> Answer<Value> {
    let wrong = |problem: String| refused(setting.name, &problem);
    if matches!(setting.kind, Kind::Integer | Kind::Number) && typed.len() > LONGEST_NUMBER {
        return Err(wrong("this is not a number".into()).hint("use digits only, or leave the field empty"));
    }
    match setting.kind {
        Kind::Integer => text::whole_number(typed).map(Value::from).map_err(wrong),
        Kind::Number => {
            let number = text::number(typed).map_err(wrong)?;
            let number = Number::from_f64(number).ok_or_else(|| wrong(format!("`{typed}` is not a number")))?;
            Ok(Value::Number(number))
        }
        Kind::Boolean => match typed {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(wrong("this is neither true nor false".into())),
        },
        Kind::NumberOrString | Kind::String | Kind::Upload => Ok(typed.into()),
    }
}

/// A value as it is typed.
pub(super) fn typed(setting: &Opened, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
        Value::Array(values) => {
            let values = values.iter().map(|value| typed(setting, value).replace('\n', " "));
            let between = setting.delimiter.map_or("\n".to_owned(), |delimiter| format!("{delimiter} "));
            values.collect::<Vec<_>>().join(&between)
        }
        other => other.to_string(),
    }
}

/// Settings under a heading.
pub(super) struct Group {
    pub title: String,
    pub fields: Vec<Field>,
    /// Whether the group starts open: a field is filled in, or wrong
    pub is_open: bool,
}

/// The field for a setting.
pub(super) struct Field {
    pub name: &'static str,
    pub label: String,
    pub hint: String,
    pub input: Input,
    /// What was typed
    pub value: String,
    /// The default if it is short, else empty
    pub placeholder: String,
    /// The smallest number; empty if there is none
    pub least: String,
    /// The largest number; empty if there is none
    pub most: String,
    /// The most characters; empty if there is no limit
    pub longest: String,
}

/// The kind of field for a setting.
pub(super) enum Input {
    /// A checkbox
    Box,
    /// A list to choose from: values, and how they are shown
    Choices(Vec<(String, String)>),
    Whole,
    Number,
    Line,
    /// One value per line
    Lines,
    /// A file, or the upload that it became
    File,
    /// Files, or the uploads that they became, one per line
    Files,
}

/// The fields in groups: first those that several drawers share, by heading, then those of a single drawer, by its title.
/// `usual` has the default settings of a picture, and `wrong` is the setting that is wrong.
pub(super) fn groups(typed: &Typed, usual: &Value, wrong: Option<&str>) -> Vec<Group> {
    let (mut shared, mut own): (Vec<Group>, Vec<Group>) = (Vec::new(), Vec::new());
    for setting in settings() {
        let able: Vec<_> = ALL.iter().filter(|drawer| drawer.has(setting.name)).collect();
        let (groups, title) = match able.as_slice() {
            [only] => (&mut own, titled(only.name(), only.about()).0),
            _ => (&mut shared, setting.group.to_owned()),
        };
        let field = Field::of(setting, typed, usual);
        let is_open = !field.value.is_empty() || wrong == Some(setting.name);
        if let Some(group) = groups.iter_mut().find(|group| group.title == title) {
            group.is_open |= is_open;
            group.fields.push(field);
        } else {
            groups.push(Group { title, fields: vec![field], is_open });
        }
    }
    shared.append(&mut own);
    shared
}

impl Field {
    fn of(setting: &Opened, typed: &Typed, usual: &Value) -> Self {
        let default = setting.usual.clone().unwrap_or_default();
        let input = Input::of(setting, usual.get(setting.name) == Some(&Value::Bool(true)));
        let is_short = default.chars().count() <= LONGEST_PLACEHOLDER;
        let mut hint = sentence(&setting.help.replace('`', ""));
        if !is_short {
            hint.extend([" Default: ", &default, "."]);
        }
        match input {
            Input::Lines | Input::Files => hint += " One per line.",
            Input::Line if setting.list => hint += " Separate values with commas.",
            _ => {}
        }
        let end = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        Self {
            name: setting.name,
            label: in_words(setting.name),
            hint,
            input,
            value: typed.get(setting.name).cloned().unwrap_or_default(),
            placeholder: if is_short { default } else { String::new() },
            least: end(setting.minimum.or(setting.exclusive_minimum)),
            most: end(setting.maximum),
            longest: setting.max_length.filter(|_| !setting.list).map(|most| most.to_string()).unwrap_or_default(),
        }
    }

    /// The entry of a list for no choice.
    fn nothing_chosen(&self) -> String {
        if self.placeholder.is_empty() { "Default".into() } else { format!("Default ({})", self.placeholder) }
    }

    /// The entries of a list: a value, how it is shown, and whether it is chosen. A wrong value is kept, so that its
    /// problem can be understood.
    pub fn entries(&self) -> Vec<(String, String, bool)> {
        let Input::Choices(choices) = &self.input else { return Vec::new() };
        let nothing = (String::new(), self.nothing_chosen());
        let is_known = self.value.is_empty() || choices.iter().any(|(value, _)| *value == self.value);
        let wrong = (!is_known).then(|| (self.value.clone(), self.value.clone()));
        let entries = std::iter::once(nothing).chain(choices.iter().cloned()).chain(wrong);
        entries.map(|(value, shown)| (value.clone(), shown, value == self.value)).collect()
    }
}

impl Input {
    /// `is_on` says whether a switch is on by default.
    fn of(setting: &Opened, is_on: bool) -> Self {
        let is_off = setting.usual.as_deref().is_none_or(|usual| usual == "false") && !is_on;
        match setting.kind {
            Kind::Boolean if is_off => Self::Box,
            // An unchecked box could mean either the default or off.
            Kind::Boolean => Self::Choices([("true", "Yes"), ("false", "No")].map(owned).into()),
            Kind::Upload if setting.list => Self::Files,
            Kind::Upload => Self::File,
            _ if setting.list && setting.delimiter.is_none() => Self::Lines,
            _ if !setting.list && !setting.choices.is_empty() => {
                Self::Choices(setting.choices.iter().map(|choice| (choice.clone(), choice.clone())).collect())
            }
            Kind::Integer if !setting.list => Self::Whole,
            Kind::Number if !setting.list => Self::Number,
            _ => Self::Line,
        }
    }
}

fn owned((value, shown): (&str, &str)) -> (String, String) {
    (value.to_owned(), shown.to_owned())
}

/// The name of a setting in words: `cut_noise` is "Cut noise".
fn in_words(name: &str) -> String {
    let word = |word: &str| if ACRONYMS.contains(&word) { word.to_uppercase() } else { word.to_owned() };
    let words = name.split('_').map(word).collect::<Vec<_>>().join(" ");
    sentence(&words).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::jobs::request;

    fn setting(name: &str) -> &'static Opened {
        settings().iter().find(|setting| setting.name == name).unwrap()
    }

    #[test]
    fn every_field_of_a_request_has_one_place() {
        let all: Vec<&str> = request::fields().collect();
        assert!(OWN.iter().all(|name| all.contains(name)));
        let groups = groups(&Typed::new(), &Value::Null, None);
        let shown: Vec<&str> = groups.iter().flat_map(|group| &group.fields).map(|field| field.name).collect();
        assert_eq!(shown.len() + OWN.len(), all.len());
        assert!(shown.iter().all(|name| all.contains(name) && !OWN.contains(name)));
        assert!(groups.iter().all(|group| !group.is_open));
        let group_of = |name: &str| {
            &groups.iter().find(|group| group.fields.iter().any(|field| field.name == name)).unwrap().title
        };
        assert_eq!((group_of("loss").as_str(), group_of("strokes").as_str()), ("Guidance", "Strokes"));
        assert_eq!((group_of("decay").as_str(), group_of("pixel_shape").as_str()), ("Waves", "Pixel art"));
        assert_eq!((in_words("gif_palette"), in_words("cut_noise")), ("GIF palette".into(), "Cut noise".into()));
    }

    #[test]
    fn texts_become_values_and_values_texts() {
        for (name, text, expected) in [
            ("cutouts", "12", json!(12)),
            ("cut_noise", "0.5", json!(0.5)),
            ("transparent", "true", json!(true)),
            ("tidy", "false", json!(false)),
            ("loss", "tv:0.5, border=navy", json!(["tv:0.5", "border=navy"])),
            ("label", "a fox\na red, round apple", json!(["a fox", "a red, round apple"])),
            ("zooms", "0.25,0.75@40%", json!("0.25,0.75@40%")),
            ("fps", "30000/1001", json!("30000/1001")),
            ("mask", "left:0.3", json!("left:0.3")),
        ] {
            assert_eq!(value(setting(name), text).unwrap(), expected);
            assert_eq!(typed(setting(name), &expected), text);
        }
        assert_eq!(typed(setting("learning_rate"), &json!(5.0)), "5");
        let many = "9".repeat(60);
        for (name, text) in
            [("cutouts", "1.5"), ("cut_noise", "much"), ("cut_noise", "nan"), ("tidy", "on"), ("cutouts", &many)]
        {
            assert_eq!(value(setting(name), text).unwrap_err().wrong_field(), Some(name), "{text}");
        }
    }

    #[test]
    fn an_unchecked_box_takes_a_value_back() {
        let before = Typed::from([("transparent", "true".to_owned()), ("cutouts", "3".to_owned())]);
        let read = |query: &str| read(&Form::parse(query.as_bytes()), &before);
        assert_eq!(read("transparent="), Typed::from([("transparent", String::new()), ("cutouts", "3".into())]));
        assert_eq!(read("transparent=&transparent=true&cutouts=+4+")["cutouts"], "4");
        assert_eq!(read("transparent=&transparent=true")["transparent"], "true");
        // A switch that is on by default cannot be a box.
        let is_box = |name: &str, usual: bool| matches!(Input::of(setting(name), usual), Input::Box);
        assert!(is_box("transparent", false) && !is_box("transparent", true) && !is_box("tidy", false));
    }
}
