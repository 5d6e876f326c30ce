//! The published kinds of CLIP configuration: Hugging Face's, `open_clip`'s and the embedded model's.

mod hugging_face;
mod open_clip;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use hugging_face::read_text;

use super::config::Config;

/// OpenAI's mean and standard deviation of each color.
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const DEVIATION: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// Reads a configuration of any known kind. The error says what is wrong with the configuration.
pub(super) fn read(value: &Value) -> Result<Config, String> {
    if value.get("model_cfg").is_some() {
        open_clip::read(value)
    } else if value.get("model_type").and_then(Value::as_str) == Some("conv-clip") {
        hugging_face::from_convolutions(value)
    } else if value.get("model_type").and_then(Value::as_str) == Some("chinese_clip") {
        hugging_face::from_chinese(value)
    } else {
        hugging_face::from_clip(value)
    }
}

/// Takes the colors' mean and deviation from a `preprocessor_config.json`, if it has them.
pub(super) fn read_colors(text: &str, config: &mut Config) {
    if let Ok(colors) = serde_json::from_str::<Colors>(text) {
        config.mean = colors.image_mean.unwrap_or(config.mean);
        config.deviation = colors.image_std.unwrap_or(config.deviation);
    }
}

/// The most tokens of a text according to a `sentence_bert_config.json`, if it says so.
pub(super) fn read_length(text: &str) -> Option<usize> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.get("max_seq_length")?.as_u64().and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 2)
}

fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| format!("not a CLIP configuration: {error}"))
}

/// `preprocessor_config.json`.
#[derive(Deserialize)]
struct Colors {
    image_mean: Option<[f32; 3]>,
    image_std: Option<[f32; 3]>,
}
