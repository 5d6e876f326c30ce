//! What a client of OpenAI's API asks for, and what that means here.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::models;
use crate::models::Quality;
use crate::server::problem::{Answer, Problem};
use crate::settings::SeedChoice;

/// The most pictures of a request.
const MOST: u32 = 10;

/// Pictures to be drawn. Fields that only other servers know, such as `style`, `background` and `user`, are ignored.
#[derive(Deserialize, ToSchema)]
#[schema(as = OpenAiWish)]
pub(super) struct Wish {
    /// The sentence
    #[schema(min_length = 1, max_length = 2000, example = "a red apple on a blue background")]
    prompt: String,
    /// `text2art`, or the name of a quality
    #[schema(nullable, max_length = 100, example = "text2art")]
    model: Option<String>,
    /// How many pictures, each with another seed
    #[schema(nullable, minimum = 1, maximum = 10)]
    n: Option<u32>,
    /// `auto`, or width and height in pixels, such as `256x256`
    #[schema(nullable, pattern = "^(auto|[1-9][0-9]{0,3}x[1-9][0-9]{0,3})$", max_length = 20)]
    size: Option<String>,
    /// `auto`, `low`, `medium`, `high`, `standard`, `hd`, or the name of a quality of this server
    #[schema(nullable, pattern = "^(auto|low|medium|high|standard|hd|draft|normal|better|best)$", max_length = 20)]
    quality: Option<String>,
    /// Whether the answer has addresses (`url`) or bytes (`b64_json`)
    #[schema(nullable, pattern = "^(url|b64_json)$", max_length = 20)]
    response_format: Option<String>,
    /// Only `png`
    #[schema(nullable, pattern = "^png$", max_length = 20)]
    output_format: Option<String>,
    /// Only `false`
    #[schema(nullable)]
    stream: Option<bool>,
    /// A seed: a number, a word, or `random`. Further pictures get the numbers after it
    #[serde(default)]
    #[schema(nullable, value_type = u64, minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    seed: Value,
}

/// How an answer contains a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its address
    Url,
    /// Its bytes
    Base64,
}

impl Wish {
    /// The body of a request for each of the pictures.
    pub fn bodies(&self) -> Answer<Vec<Map<String, Value>>> {
        let count = self.n.unwrap_or(1);
        if !(1..=MOST).contains(&count) {
            return Err(wrong("n", &format!("{count} is not a number from 1 to {MOST}")));
        }
        if self.output_format.as_deref().is_some_and(|format| format != "png") {
            return Err(wrong("output_format", "only png can be made"));
        }
        if self.stream == Some(true) {
            return Err(wrong("stream", "pictures cannot be streamed")
                .hint("watch a job with GET /api/v1/jobs/{id}/events instead"));
        }
        let mut body = Map::new();
        body.insert("prompt".into(), json!(self.prompt));
        if let Some(size) = self.size.as_deref().filter(|size| *size != "auto") {
            body.insert("size".into(), json!(size));
        }
        if let Some(quality) = self.chosen_quality()? {
            body.insert("quality".into(), json!(quality.to_string()));
        }
        (0..u64::from(count))
            .map(|number| {
                let mut body = body.clone();
                if let Some(seed) = self.seed_of(number)? {
                    body.insert("seed".into(), seed);
                }
                Ok(body)
            })
            .collect()
    }

    /// How the answer contains the pictures.
    pub fn form(&self) -> Answer<Form> {
        match self.response_format.as_deref() {
            None | Some("url") => Ok(Form::Url),
            Some("b64_json") => Ok(Form::Base64),
            Some(_) => Err(wrong("response_format", "only url and b64_json can be answered")),
        }
    }

    /// The quality that the field names, else the one that the model names.
    fn chosen_quality(&self) -> Answer<Option<Quality>> {
        let of_model = self.model.as_deref().map(models::quality_of).transpose()?.flatten();
        let chosen = match self.quality.as_deref() {
            None | Some("auto" | "standard") => return Ok(of_model),
            Some("low") => Quality::Draft,
            Some("medium") => Quality::Normal,
            Some("hd") => Quality::Better,
            Some("high") => Quality::Best,
            Some(name) => name.parse().map_err(|_| {
                wrong("quality", "this is not a quality")
                    .hint("use auto, low, medium, high, or draft, normal, better, best")
            })?,
        };
        Ok(Some(chosen))
    }

    /// The seed of a picture by its number, from 0; none for a random one.
    fn seed_of(&self, number: u64) -> Answer<Option<Value>> {
        match &self.seed {
            Value::Null => Ok(None),
            Value::Number(seed) => {
                let seed = seed.as_u64().and_then(|seed| seed.checked_add(number));
                seed.map(|seed| Some(json!(seed))).ok_or_else(|| wrong("seed", "this is not a seed"))
            }
            Value::String(word) if word.parse() == Ok(SeedChoice::Random) => Ok(None),
            Value::String(word) if number == 0 => Ok(Some(json!(word))),
            Value::String(word) => Ok(Some(json!(format!("{word} {number}")))),
            _ => Err(wrong("seed", "this is not a seed")),
        }
    }
}

fn wrong(field: &str, problem: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{field}: {problem}")).field(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(body: Value) -> Wish {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn wishes_are_understood_as_their_clients_mean_them() {
        let usual = json!({"prompt": "a cat", "model": "text2art", "n": 2, "size": "64x48", "quality": "low",
            "style": "vivid", "user": "someone", "background": "auto", "moderation": null});
        let bodies = wish(usual).bodies().unwrap();
        let expected = json!({"prompt": "a cat", "size": "64x48", "quality": "draft"});
        assert_eq!(json!(bodies), json!([expected, expected]));
        let least = wish(json!({"prompt": "a cat", "size": "auto", "quality": "auto", "n": null}));
        assert_eq!(json!(least.bodies().unwrap()), json!([{"prompt": "a cat"}]));
        assert_eq!(least.form().unwrap(), Form::Url);
        let named = wish(json!({"prompt": "a cat", "model": "best", "quality": "standard"}));
        assert_eq!(named.bodies().unwrap()[0]["quality"], "best");
        let random = wish(json!({"prompt": "a cat", "n": 3, "seed": "random"})).bodies().unwrap();
        assert!(random.iter().all(|body| !body.contains_key("seed")));
        let seeds = wish(json!({"prompt": "a cat", "n": 3, "seed": 7})).bodies().unwrap();
        assert_eq!(seeds.iter().map(|body| &body["seed"]).collect::<Vec<_>>(), [7, 8, 9]);
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (field, value) in [
            ("n", json!(0)),
            ("n", json!(11)),
            ("model", json!("dall-e-3")),
            ("quality", json!("ultra")),
            ("output_format", json!("webp")),
            ("stream", json!(true)),
            ("seed", json!([1])),
        ] {
            let problem = wish(json!({"prompt": "a cat", field: value})).bodies().unwrap_err();
            assert_eq!(serde_json::to_value(problem).unwrap()["field"], field);
        }
        assert!(wish(json!({"prompt": "a cat", "response_format": "gif"})).form().is_err());
    }
}
