//! The schema of the body of a request for a picture, made from the options.

use serde_json::{Map, Value, json};

use crate::server::jobs::request::PRODUCTS;
use crate::server::lists::{Kind, Opened, opened};

/// What a value of an option of this type looks like, and an example. The program takes more spellings.
const PATTERNS: [(&str, &str, &str); 15] = [
    (
        "Prompts",
        r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*\S[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
        "a red apple on a blue background",
    ),
    (
        "Prompt",
        r"^[^|:\\\u0000-\u001f\u007f-\u009f]*[^|:\\\s\u0000-\u001f\u007f-\u009f][^|:\\\u0000-\u001f\u007f-\u009f]*(:-?[0-9]{0,3}[1-9](\.[0-9]{1,5})?)?$",
        "lighthouse:0.5",
    ),
    ("Size", "^[1-9][0-9]{0,3}x[1-9][0-9]{0,3}$", "256x192"),
    ("Aspect", "^(square|portrait|widescreen|retain|[1-9][0-9]{0,2}:[1-9][0-9]{0,2})$", "3:2"),
    (
        "Augmentations",
        "^(none|(crop|perspective|affine|flip|jitter|erase)(,(crop|perspective|affine|flip|jitter|erase))*)$",
        "crop,perspective",
    ),
    ("LearningRateDrops", "^(none|([0-9]{1,6}|[1-9]?[0-9]%)(,([0-9]{1,6}|[1-9]?[0-9]%))*)$", "60%"),
    ("Weighted", r"^[0-9]{1,19}(:-?[0-9]{0,5}[1-9](\.[0-9]{1,5})?)?$", "7:0.5"),
    ("PathBuf", "^[0-9a-hjkmnp-tv-z]{26}$", "3kq8s2v6m1x9c4t7w0zr5yhdbn"),
    ("Mask", r"^(none|[0-9a-hjkmnp-tv-z]{26}|(left|right|top|bottom)(:0\.[0-9]{0,5}[1-9])?)$", "left:0.3"),
    ("Color", "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", "#f2eecb"),
    (
        "Schedule",
        r"^[0-9]{1,3}(\.[0-9]{1,5})?(,[0-9]{1,3}(\.[0-9]{1,5})?@([0-9]{1,6}|[1-9]?[0-9]%)){0,9}$",
        "0.25,0.75@40%",
    ),
    (
        "Keyframes",
        r"^(-?[0-9]{1,4}(\.[0-9]{1,5})?|(smooth )?[0-9]{1,7}: -?[0-9]{1,4}(\.[0-9]{1,5})?(, [0-9]{1,7}: -?[0-9]{1,4}(\.[0-9]{1,5})?){0,50})$",
        "0: 1, 50: 1.02",
    ),
    (
        "PromptWeight",
        r"^[1-9][0-9]{0,2} = (smooth )?[0-9]{1,7}: -?[0-9]{1,4}(\.[0-9]{1,5})?(, [0-9]{1,7}: -?[0-9]{1,4}(\.[0-9]{1,5})?){0,50}$",
        "1 = 0: 1, 50: 0",
    ),
    (
        "LossChoice",
        r"^(none|(saturation|smoothness|smoothness-clipped|smoothness-log|tv|sharpness)(:-?[0-9]{1,5}(\.[0-9]{1,5})?)?|((symmetry|symmetry-top-bottom|symmetry-half-turn|aesthetic)|(border|vignette)(=#[0-9a-fA-F]{6})?)(:[0-9]{1,5}(\.[0-9]{1,5})?)?)$",
        "border=#f2eecb:0.5",
    ),
    ("String", "^.+$", "pico-8"),
];
/// An upload in a list, with its weight.
const WEIGHTED_UPLOAD: (&str, &str) =
    (r"^[0-9a-hjkmnp-tv-z]{26}(:-?[0-9]{0,5}[1-9](\.[0-9]{1,5})?)?$", "3kq8s2v6m1x9c4t7w0zr5yhdbn:0.5");

/// The name of the schema.
const NAME: &str = "NewJob";

/// Adds the schema to a description, and to the operation that it is for.
pub(super) fn describe(description: &mut Value) {
    description["components"]["schemas"][NAME] = schema();
    if let Some(operation) = description.pointer_mut("/paths/~1api~1v1~1jobs/post") {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{NAME}") } } },
        });
    }
}

fn schema() -> Value {
    let fields = opened();
    let properties: Map<String, Value> = fields.iter().map(|field| (field.name.to_owned(), schema_of(field))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    json!({
        "type": "object",
        "description": "A picture to be drawn: what a configuration file or a command line says, as JSON.",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        // They contradict each other.
        "allOf": [
            { "not": { "required": ["size", "aspect"] } },
            { "not": { "required": ["palette", "colors"] } },
            { "not": { "required": ["mask", "tile"] } },
            { "not": { "required": ["recut_images", "tile"], "properties": { "recut_images": { "const": true } } } },
        ],
        "examples": [{ "prompt": "a red apple on a blue background", "quality": "draft", "products": ["gif"] }],
    })
}

fn schema_of(field: &Opened) -> Value {
    let one = one(field);
    let mut schema = match field.max_items {
        Some(most) if field.list => json!({
            "type": "array", "items": one, "maxItems": most, "uniqueItems": field.name == PRODUCTS,
        }),
        _ => one,
    };
    let help = match &field.description {
        Some(description) => format!("{}.\n\n{description}", field.help),
        None => field.help.clone(),
    };
    schema["description"] = help.into();
    if let Some(default) = &field.default {
        schema["default"] = default.clone();
    }
    schema
}

fn one(field: &Opened) -> Value {
    let mut schema = Map::new();
    let kind = match field.kind {
        Kind::Boolean => json!("boolean"),
        Kind::Integer => json!("integer"),
        Kind::Number => json!("number"),
        Kind::NumberOrString => return number_or_text(field),
        Kind::String | Kind::Upload => json!("string"),
    };
    schema.insert("type".into(), kind);
    // A range of whole numbers has whole ends.
    #[allow(clippy::cast_possible_truncation, reason = "the ends of ranges are small")]
    let end = |number: f64| if field.kind == Kind::Integer { json!(number as i64) } else { json!(number) };
    let ends = [("minimum", field.minimum), ("exclusiveMinimum", field.exclusive_minimum), ("maximum", field.maximum)];
    schema.extend(ends.into_iter().filter_map(|(name, number)| Some((name.to_owned(), end(number?)))));
    if !field.choices.is_empty() {
        schema.insert("enum".into(), json!(field.choices));
    } else if let Some((pattern, example)) = pattern_of(field) {
        schema.insert("pattern".into(), json!(pattern));
        schema.insert("examples".into(), json!([example]));
        schema.insert("minLength".into(), json!(1));
        schema.insert("maxLength".into(), json!(field.max_length));
    }
    Value::Object(schema)
}

/// The schema of the seed and of the frame rate.
fn number_or_text(field: &Opened) -> Value {
    if field.name == "fps" {
        return json!({ "anyOf": [
            { "type": "number", "minimum": 0.1, "maximum": 240 },
            { "type": "string", "pattern": "^[1-9][0-9]?(/[1-9])?$", "maxLength": 20 },
        ], "examples": [25, "30000/1001"] });
    }
    json!({ "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": u64::MAX },
        { "type": "string", "minLength": 1, "maxLength": field.max_length },
    ], "examples": [7, "apple"] })
}

fn pattern_of(field: &Opened) -> Option<(&'static str, &'static str)> {
    if field.kind == Kind::Upload && field.list {
        return Some(WEIGHTED_UPLOAD);
    }
    PATTERNS.iter().find(|(name, _, _)| *name == field.type_word).map(|(_, pattern, example)| (*pattern, *example))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::jobs::request::read;

    #[test]
    fn every_field_has_a_schema_whose_examples_are_taken() {
        let schema = schema();
        for field in opened() {
            let property = &schema["properties"][field.name];
            let one = if field.list { &property["items"] } else { property };
            let typed = one["type"].is_string() || one["anyOf"].is_array();
            assert!(typed && property["description"].is_string(), "{property}");
            assert!(one["type"] != "string" || one["enum"].is_array() || one["pattern"].is_string(), "{property}");
            assert!(!matches!(field.kind, Kind::Integer) || one["maximum"].is_i64(), "{property}");
            let ends = ["minimum", "maximum"].map(|end| one[end].clone());
            let examples = one["examples"].as_array().or(one["enum"].as_array()).cloned();
            for example in examples.into_iter().flatten().chain(ends).filter(|example| !example.is_null()) {
                let value = if field.list { json!([example]) } else { example.clone() };
                let body = Map::from_iter([(field.name.to_owned(), value)]);
                assert!(read(body.clone()).is_ok(), "{body:?}");
            }
        }
    }
}
