//! What values an option takes, for whoever builds a form or a schema from the options.

use clap::{Arg, ArgAction};

use super::OptionInfo;

/// What values an option takes in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What one value is
    pub kind: FormKind,
    /// Whether the option has a list of them
    pub list: bool,
    /// The delimiter between values if one text holds the whole list; none if each value is a separate text
    pub delimiter: Option<char>,
    /// The only texts that are valid; none if there are others
    pub choices: Vec<String>,
}

/// What one value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormKind {
    /// True or false
    Switch,
    /// A whole number
    Whole,
    /// A number
    Number,
    /// A number or a text
    NumberOrText,
    /// A text
    Text,
}

impl OptionInfo {
    /// What values the option takes.
    #[must_use]
    pub fn form(&self) -> Form {
        let kind = match self.type_word() {
            "bool" => FormKind::Switch,
            "usize" => FormKind::Whole,
            "f64" => FormKind::Number,
            "Seed" | "FrameRate" | "CutBatch" => FormKind::NumberOrText,
            _ => FormKind::Text,
        };
        // An option that is not on the command line is a single text.
        let argument = self.value.map_or_else(|| Arg::new(self.name), |value| self.argument(value));
        let choices = argument.get_possible_values().into_iter().map(|value| value.get_name().to_owned());
        let choices = choices.filter(|_| kind == FormKind::Text).collect();
        let list = matches!(argument.get_action(), ArgAction::Append);
        Form { kind, list, delimiter: argument.get_value_delimiter(), choices }
    }

    /// The name of the type of a value, without its path.
    #[must_use]
    pub fn type_word(&self) -> &'static str {
        self.type_name.rsplit(':').next().unwrap_or_default().trim()
    }

    /// The default as files contain it; none if there is no default, or if other options decide it.
    #[must_use]
    pub fn default_value(&self) -> Option<serde_json::Value> {
        (self.default)().filter(|_| self.shown.is_none())
    }
}

#[cfg(test)]
impl OptionInfo {
    /// A value that a file can set for the option.
    pub(crate) fn example(&self) -> serde_json::Value {
        let Form { kind, list, choices, .. } = self.form();
        let one = match kind {
            FormKind::Switch => serde_json::json!(true),
            FormKind::Whole => serde_json::json!(3),
            FormKind::Number => {
                serde_json::json!(self.range.filter(|range| !range.contains(0.5)).map_or(0.5, |range| range.most()))
            }
            FormKind::NumberOrText => serde_json::json!(7),
            FormKind::Text => match (choices.first(), self.type_word()) {
                (Some(choice), _) => serde_json::json!(choice),
                (None, "Size") => serde_json::json!("64x48"),
                (None, "Aspect") => serde_json::json!("3:2"),
                (None, "Augmentations" | "LearningRateDrops") => serde_json::json!("none"),
                (None, "DeviceChoice") => serde_json::json!("cpu"),
                (None, "StyleName") => serde_json::json!("watercolor"),
                (None, "Color") => serde_json::json!("navy"),
                (None, "Schedule") => serde_json::json!("0.25,0.75@40%"),
                (None, "Keyframes") => serde_json::json!("0: 1, 50: 1.02"),
                (None, "PromptWeight") => serde_json::json!("1 = 0: 1, 50: 0"),
                (None, "LossChoice") => serde_json::json!("border=navy:0.5"),
                (None, "Mask") => serde_json::json!("left:0.3"),
                (None, _) if self.name == "model" => serde_json::json!("embedded"),
                (None, _) => serde_json::json!("a"),
            },
        };
        if list { serde_json::json!([one]) } else { one }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{OPTIONS, Overrides};

    fn form(name: &str) -> Form {
        OptionInfo::of(name).unwrap().form()
    }

    #[test]
    fn forms_say_what_files_may_contain() {
        assert_eq!(form("quality").choices, ["draft", "normal", "better", "best"]);
        assert_eq!((form("seed").kind, form("fps").kind), (FormKind::NumberOrText, FormKind::NumberOrText));
        assert!(form("noise_prompt").list && !form("augment").list && form("prompt").choices.is_empty());
        assert_eq!((form("loss").delimiter, form("noise_prompt").delimiter), (Some(','), None));
        // Whatever a form allows can be read.
        for option in OPTIONS {
            let value = option.example();
            let read = serde_json::from_value::<Overrides>(serde_json::json!({ option.name: value }));
            assert!(read.is_ok(), "{option:?}: {value}: {read:?}");
            if let Some(default) = option.default_value() {
                assert!(
                    serde_json::from_value::<Overrides>(serde_json::json!({ option.name: default })).is_ok(),
                    "{option:?}"
                );
            }
        }
    }
}
