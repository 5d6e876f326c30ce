//! The weight of a prompt that changes from frame to frame.

use std::fmt;
use std::str::FromStr;

use super::keyframes::{self, Keyframes};

/// The weights of one prompt: `2 = 0: 1, 50: 0` fades the second prompt out.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptWeight {
    /// The number of the prompt, from 1
    pub prompt: usize,
    /// The weight in each frame
    pub keys: Keyframes,
}

impl FromStr for PromptWeight {
    type Err = String;

    /// Reads the number of the prompt, `=` and keyframes. Errors name the column, from 1.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((number, keys)) = text.split_once('=') else {
            return Err("the prompt number is missing: write `2 = 0: 1, 50: 0` for the second prompt".into());
        };
        let prompt = number.trim().parse().ok().filter(|prompt| *prompt > 0);
        let is_number = number.trim().bytes().all(|byte| byte.is_ascii_digit());
        let Some(prompt) = prompt.filter(|_| is_number) else {
            return Err(format!("`{}` is not a prompt number: prompts are numbered from 1 (column 1)", number.trim()));
        };
        Ok(Self { prompt, keys: keyframes::read(keys, number.chars().count() + 2)? })
    }
}

impl fmt::Display for PromptWeight {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} = {}", self.prompt, self.keys)
    }
}

crate::text::serde_as_text!(PromptWeight);

#[cfg(test)]
#[allow(clippy::float_cmp)] // values are passed on as they are
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_prompt_comes_first() {
        let weight: PromptWeight = "2 = 0: 1, 50: (0)".parse().unwrap();
        assert_eq!((weight.prompt, weight.keys.at(25), weight.to_string()), (2, 0.5, "2 = 0: 1, 50: 0".to_owned()));
        for (text, problem) in [
            ("0: 1", "the prompt number is missing: write `2 = 0: 1, 50: 0` for the second prompt"),
            ("0 = 1", "`0` is not a prompt number: prompts are numbered from 1 (column 1)"),
            ("+1 = 1", "`+1` is not a prompt number: prompts are numbered from 1 (column 1)"),
            ("1 = 0: 1, 5", "`5` has no frame number: write it like 50: 5 (column 11)"),
        ] {
            assert_eq!(text.parse::<PromptWeight>().unwrap_err(), problem);
        }
    }
}
