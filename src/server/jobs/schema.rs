//! The schema of a request for a picture, from the table of options.

use serde_json::{Value, json};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Object, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::request::{LONGEST_LIST, LONGEST_PROMPT, LONGEST_TEXT, PRODUCTS, UPLOADS, is_open, products};
use crate::settings::{Form, FormKind, OPTIONS, OptionInfo};
use crate::text::{Spelling, spelled};

/// The pattern of texts that a request may contain.
const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]+$";

/// A request for a picture. The type only stands for its schema.
pub(super) struct NewJob;

impl PartialSchema for NewJob {
    fn schema() -> RefOr<Schema> {
        let read = serde_json::from_value(whole());
        // Whatever is wrong with the schema, the test below finds it.
        RefOr::T(read.unwrap_or_else(|_| Schema::Object(Object::new())))
    }
}

impl ToSchema for NewJob {
    fn name() -> std::borrow::Cow<'static, str> {
        "NewJob".into()
    }
}

fn whole() -> Value {
    let mut properties: serde_json::Map<String, Value> =
        OPTIONS.iter().filter(|option| is_open(option)).map(|option| (option.name.into(), property(option))).collect();
    let kinds: Vec<&str> = products().collect();
    properties.insert(
        PRODUCTS.into(),
        json!({
            "type": "array", "items": {"type": "string", "enum": kinds}, "uniqueItems": true, "maxItems": kinds.len(),
            "description": "The files to make beside the PNG",
        }),
    );
    json!({
        "type": "object", "properties": properties, "required": ["prompt"], "additionalProperties": false,
        "description": "The settings of a picture. What is left out has the usual values.",
        "example": {"prompt": "a red apple on a blue background", "quality": "draft", "products": ["mp4"]},
    })
}

fn property(option: &OptionInfo) -> Value {
    let Form { kind, list, choices } = option.form();
    let is_upload = UPLOADS.contains(&option.name);
    let mut one = match kind {
        FormKind::Switch => json!({"type": "boolean"}),
        FormKind::Whole => json!({"type": "integer", "minimum": 0}),
        FormKind::Number => json!({"type": "number"}),
        FormKind::NumberOrText => json!({"type": ["number", "string"]}),
        FormKind::Text => json!({"type": "string"}),
    };
    if matches!(kind, FormKind::Text | FormKind::NumberOrText) {
        let longest = if option.name == "prompt" { LONGEST_PROMPT } else { LONGEST_TEXT };
        one["minLength"] = json!(1);
        one["maxLength"] = json!(longest);
        one["pattern"] = json!(if is_upload { r"^[0-9a-hjkmnp-tv-z]{26}(:-?[0-9.]+)?$" } else { TEXT });
    }
    if !choices.is_empty() {
        one["enum"] = json!(choices);
    }
    if let Some(range) = option.range {
        let (least, is_above) = range.least();
        let number = |value: f64| if kind == FormKind::Whole { whole_json(value) } else { json!(value) };
        one[if is_above { "exclusiveMinimum" } else { "minimum" }] = number(least);
        one["maximum"] = number(range.most());
    }
    let mut property = if list { json!({"type": "array", "items": one, "maxItems": LONGEST_LIST}) } else { one };
    let help = spelled_in_fields(&option.help());
    property["description"] = json!(match option.name {
        "init_image" => "The id of an upload to start from".to_owned(),
        "image_prompt" => "Also steer toward these uploads: ids, each with `:WEIGHT` behind it if wanted".to_owned(),
        "palette" => "Use only these colors: names, ramps (red->white\\8), or the name of a palette".to_owned(),
        _ => help,
    });
    if let Some(default) = option.default_value() {
        property["default"] = default;
    }
    property
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the ends of ranges of whole numbers")]
fn whole_json(value: f64) -> Value {
    json!(value as u64)
}

/// The help of an option, with the names of other options as fields.
fn spelled_in_fields(help: &str) -> String {
    let names = OPTIONS.iter().map(|option| option.option);
    let quoted = names.fold(help.to_owned(), |help, name| help.replace(&format!("--{name}"), &format!("‹{name}›")));
    spelled(&quoted, Spelling::Field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_has_every_field_and_can_be_written() {
        let RefOr::T(Schema::Object(object)) = NewJob::schema() else { panic!() };
        let fields: Vec<&str> = super::super::request::fields().collect();
        assert_eq!(object.properties.len(), fields.len());
        let written = serde_json::to_value(&object).unwrap();
        for field in fields {
            let property = &written["properties"][field];
            let description = property["description"].as_str().unwrap_or_default();
            assert!(!description.is_empty() && !description.contains("--"), "{field}: {property}");
        }
        assert_eq!(written["properties"]["cutouts"]["maximum"], json!(4096));
        assert_eq!(written["properties"]["learning_rate"]["exclusiveMinimum"], json!(0.0));
        assert_eq!(written["additionalProperties"], json!(false));
    }
}
