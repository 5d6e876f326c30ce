//! Values of options as words of a command line.

use serde_json::Value;

use super::{OPTIONS, OptionInfo, Overrides};

impl Overrides {
    /// These values as words of a command line, in the order of the help: reading the words gives the values again. The
    /// prompt is not an option, so it is not among them.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let given = serde_json::to_value(self).unwrap_or_default();
        let mut words = Vec::new();
        for option in OPTIONS.iter().filter(|option| option.value.is_some()) {
            match given.get(option.name) {
                None | Some(Value::Null) => {}
                Some(Value::Array(values)) => values.iter().for_each(|value| option.add_words(value, &mut words)),
                Some(value) => option.add_words(value, &mut words),
            }
        }
        words
    }
}

impl OptionInfo {
    /// Adds the words that give the option one value.
    fn add_words(&self, value: &Value, words: &mut Vec<String>) {
        let option = format!("--{}", self.option);
        let text = match value {
            Value::Bool(true) => return words.push(option),
            Value::Bool(false) => return words.push(format!("{option}=false")),
            Value::String(text) => text.clone(),
            // `5` is easier to read than `5.0`.
            Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
            other => other.to_string(),
        };
        let has_equals = self.value.is_some_and(|value| self.argument(value).is_require_equals_set());
        if text.starts_with('-') || has_equals {
            words.push(format!("{option}={text}"));
        } else {
            words.extend([option, text]);
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    /// What the command line understands.
    fn read(words: &[String]) -> Overrides {
        let command = Overrides::augment_args(Command::new("words").no_binary_name(true));
        let matches = command.try_get_matches_from(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        Overrides::from_arg_matches(&matches).unwrap()
    }

    fn overrides(json: Value) -> Overrides {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn words_mean_the_values_that_they_were_made_from() {
        let all = overrides(serde_json::json!({
            "quality": "draft", "size": "64x48", "iterations": 3, "auto_stop": false, "transparent": true,
            "seed": u64::MAX.to_string(), "noise_prompt": ["3:0.5", "-odd:-1"], "init_image": "-a b'\".png",
            "cut_noise": 1e-7, "learning_rate": 5.0, "augment": "none", "palette": "red->white\\8", "fps": "24000/1001"
        }));
        assert_eq!(read(&all.words()), all);
        let few = overrides(serde_json::json!({"prompt": "a", "learning_rate": 5.0, "init_image": "-a.png"}));
        assert_eq!(few.words(), ["--init-image=-a.png", "--learning-rate", "5"]);
        assert_eq!(Overrides::default().words(), [""; 0]);
    }

    #[test]
    fn every_option_can_be_written_in_words() {
        for option in OPTIONS.iter().filter(|option| option.value.is_some()) {
            let value = match option.example() {
                Value::Array(one) => Value::Array([one.clone(), one].concat()),
                one => one,
            };
            let given = overrides(serde_json::json!({ option.name: value }));
            assert_eq!(read(&given.words()), given, "{option:?}");
        }
    }
}
