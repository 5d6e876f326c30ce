//! The body of a request for a picture: settings and products by name, as a configuration file has them.

use serde_json::{Map, Value};

use crate::database::Id;
use crate::palette::file_of;
use crate::server::problem::{Answer, Problem};
use crate::server::whole::whole;
use crate::settings::{Form, FormKind, LossChoice, Mask, OPTIONS, OptionInfo, OrNone, Overrides, Setter, Weighted};
use crate::text::did_you_mean;
use crate::video::KINDS;

/// The longest prompt, in characters.
pub(in crate::server) const LONGEST_PROMPT: usize = 2000;
/// The longest other text, in characters: a palette with a name for each of many colors is the longest of them.
pub(in crate::server) const LONGEST_TEXT: usize = 1000;
/// The most values of a list.
pub(in crate::server) const LONGEST_LIST: usize = 16;
/// The field of the files that are made beside the PNG.
pub(in crate::server) const PRODUCTS: &str = "products";
/// The field that asks for a letter at the end of the job.
pub(in crate::server) const EMAIL: &str = "email";
/// Settings that name a file on the command line, and an upload here.
pub(in crate::server) const UPLOADS: [&str; 4] = ["init_image", "mask", "overlay", "image_prompt"];
/// The setting that may name a file on the command line, but not here.
pub(in crate::server) const PALETTE: &str = "palette";

/// The setting whose values may name files on the command line, but not here.
pub(in crate::server) const LOSS: &str = "loss";

/// The setting whose values are in a list of their own.
const STYLE: &str = "style";

/// What a request asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::server) struct Asked {
    /// The settings that it names, without those that name uploads
    pub overrides: Overrides,
    /// The kinds of files to make besides the PNG, each once; none if the request does not say
    pub products: Option<Vec<String>>,
    /// Whether a letter goes to the visitor at the end
    pub email: bool,
    /// The upload to start from
    pub init_image: Option<Id>,
    /// The upload that is the mask
    pub mask: Option<Id>,
    /// The upload to lay over the picture
    pub overlay: Option<Id>,
    /// The uploads to steer toward, with their weights
    pub image_prompts: Vec<(Id, f64)>,
}

/// The fields that a request may have, in the order of the help.
pub(in crate::server) fn fields() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().filter(|option| is_open(option)).map(|option| option.name).chain([PRODUCTS, EMAIL])
}

/// The kinds of files that can be made beside the PNG.
pub(in crate::server) fn products() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter().filter(|kind| kind.help.is_some() && !kind.is_folder()).map(|kind| kind.option)
}

/// Whether requests may set an option, be it in another way than the command line.
pub(in crate::server) fn is_open(option: &OptionInfo) -> bool {
    option.setter == Setter::Requests || UPLOADS.contains(&option.name) || option.name == PALETTE
}

/// Reads a body.
pub(in crate::server) fn read(body: Map<String, Value>) -> Answer<Asked> {
    let mut asked = Asked::default();
    let mut settings = Vec::new();
    for (name, value) in body {
        let wrong = |problem: String| refused(&name, &problem);
        match name.as_str() {
            PRODUCTS => asked.products = Some(products_in(value).map_err(wrong)?),
            EMAIL => asked.email = email_in(&value)?,
            "init_image" => asked.init_image = Some(upload_in(value).map_err(wrong)?),
            "mask" => match mask_in(value).map_err(wrong)? {
                Parts::Upload(id) => asked.mask = Some(id),
                Parts::Side(side) => asked.overrides.mask = Some(side),
            },
            "overlay" => asked.overlay = Some(upload_in(value).map_err(wrong)?),
            "image_prompt" => asked.image_prompts = weighted_uploads_in(value).map_err(wrong)?,
            _ => settings.push((known(&name)?, value)),
        }
    }
    for (option, value) in settings {
        let value = value_of(option, value).map_err(|problem| refused(option.name, &problem))?;
        let one = Map::from_iter([(option.name.to_owned(), value)]);
        let read: Overrides = serde_json::from_value(Value::Object(one)).map_err(|error| {
            let problem = refused(option.name, &in_words(&error.to_string()));
            if option.name == STYLE { problem.hint("GET /api/v1/styles lists the styles") } else { problem }
        })?;
        asked.overrides = read.or(asked.overrides);
    }
    Ok(asked)
}

/// Whether a field has prompts.
pub(in crate::server) fn is_prompt(name: &str) -> bool {
    ["prompt", "prompt_outside"].contains(&name)
}

/// A problem with the value of a field.
pub(in crate::server) fn refused(field: &str, problem: &str) -> Problem {
    Problem::unprocessable(format!("{field}: {problem}")).field(field)
}

/// The option with a name, if requests may set it.
fn known(name: &str) -> Answer<&'static OptionInfo> {
    match OptionInfo::of(name) {
        Some(option) if is_open(option) => Ok(option),
        Some(_) => Err(Problem::unprocessable(format!("{name} cannot be set by a request"))
            .hint(format!("leave out {name}: the operator of the server decides it"))
            .field(name)),
        None => {
            // Whoever sends long names does not need to read them again.
            let shown: String = name.chars().filter(|sign| !sign.is_control()).take(50).collect();
            let near = did_you_mean(&shown, fields());
            let hint = near.strip_prefix("; ").unwrap_or("GET /api/v1/openapi.json lists the settings").to_owned();
            Err(Problem::unprocessable(format!("there is no setting `{shown}`")).hint(hint).field(shown))
        }
    }
}

/// A value in the form that files of settings have.
fn value_of(option: &OptionInfo, value: Value) -> Result<Value, String> {
    let Form { kind, list, .. } = option.form();
    if !list {
        return one_value(option, kind, value);
    }
    let Value::Array(values) = value else { return Err(format!("{} instead of a list", described(&value))) };
    if values.len() > LONGEST_LIST {
        return Err(format!("there are {} values; give at most {LONGEST_LIST}", values.len()));
    }
    values.into_iter().map(|value| one_value(option, kind, value)).collect()
}

fn one_value(option: &OptionInfo, kind: FormKind, value: Value) -> Result<Value, String> {
    match (kind, &value) {
        (FormKind::Whole, Value::Number(number)) => {
            whole(number).map(Value::from).ok_or_else(|| format!("{number} is not a whole number from 0"))
        }
        (FormKind::Switch, Value::Bool(_)) | (FormKind::Number | FormKind::NumberOrText, Value::Number(_)) => Ok(value),
        (FormKind::Text | FormKind::NumberOrText, Value::String(text)) => {
            let most = if is_prompt(option.name) { LONGEST_PROMPT } else { LONGEST_TEXT };
            check_text(text, most)?;
            if option.name == PALETTE && file_of(text).is_some() {
                return Err(format!(
                    "`{text}` is a file; give names of colors, ramps such as red->white\\8, or the name of a palette"
                ));
            }
            if option.name == LOSS
                && let Ok(choice) = text.parse::<LossChoice>()
                && let Some(loss) = choice.loss().filter(|loss| loss.file().is_some())
            {
                let way_out = if loss.kind.has_color() { "give a color, such as border=white" } else { "leave it out" };
                return Err(format!("`{text}` names a file; {way_out}"));
            }
            Ok(value)
        }
        (kind, other) => {
            let expected = match kind {
                FormKind::Switch => "true or false",
                FormKind::Whole => "a whole number",
                FormKind::Number => "a number",
                FormKind::NumberOrText => "a number or a text",
                FormKind::Text => "a text",
            };
            Err(format!("{} instead of {expected}", described(other)))
        }
    }
}

/// Checks that a text is neither empty nor long, and has only signs that can be shown and stored.
fn check_text(text: &str, most: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length == 0 {
        return Err("the text is empty".into());
    }
    if length > most {
        return Err(format!("the text has {length} characters; write at most {most}"));
    }
    match text.chars().find(|sign| sign.is_control() && !matches!(sign, '\n' | '\r' | '\t')) {
        Some(sign) => Err(format!("the text contains the control character U+{:04X}; remove it", u32::from(sign))),
        None => Ok(()),
    }
}

fn products_in(value: Value) -> Result<Vec<String>, String> {
    let Value::Array(values) = value else { return Err(format!("{} instead of a list", described(&value))) };
    let mut found: Vec<String> = Vec::new();
    for value in values {
        let Value::String(name) = value else { return Err(format!("{} instead of a text", described(&value))) };
        if !products().any(|known| known == name) {
            let shown: String = name.chars().filter(|sign| !sign.is_control()).take(50).collect();
            let all: Vec<&str> = products().collect();
            let near = did_you_mean(&shown, products());
            return Err(format!("`{shown}` is not a kind of file; use {}{near}", all.join(", ")));
        }
        if found.contains(&name) {
            return Err(format!("`{name}` is listed twice"));
        }
        found.push(name);
    }
    Ok(found)
}

fn email_in(value: &Value) -> Answer<bool> {
    match value {
        Value::Bool(email) => Ok(*email),
        // A letter to an address that nobody confirmed would be spam of this server.
        Value::String(_) => Err(refused(EMAIL, "email is only sent to your confirmed address")
            .hint("give true; PUT /api/v1/me/email changes your address")),
        other => Err(refused(EMAIL, &format!("{} instead of true or false", described(other)))),
    }
}

fn upload_in(value: Value) -> Result<Id, String> {
    match value {
        Value::String(text) => Id::parse(&text).ok_or_else(not_an_upload),
        other => Err(format!("{} instead of the id of an upload", described(&other))),
    }
}

/// What a mask is.
enum Parts {
    Upload(Id),
    /// A side, or none
    Side(OrNone<Mask>),
}

fn mask_in(value: Value) -> Result<Parts, String> {
    let Value::String(text) = value else {
        return Err(format!("{} instead of a side or the id of an upload", described(&value)));
    };
    if let Some(id) = Id::parse(&text) {
        return Ok(Parts::Upload(id));
    }
    check_text(&text, LONGEST_TEXT)?;
    let mask: OrNone<Mask> = text.parse()?;
    if mask.value().and_then(Mask::file).is_some() {
        return Err(format!("{}; or give a side such as left:0.3", not_an_upload()));
    }
    Ok(Parts::Side(mask))
}

fn weighted_uploads_in(value: Value) -> Result<Vec<(Id, f64)>, String> {
    let Value::Array(values) = value else { return Err(format!("{} instead of a list", described(&value))) };
    if values.len() > LONGEST_LIST {
        return Err(format!("there are {} values; give at most {LONGEST_LIST}", values.len()));
    }
    let one = |value: Value| {
        let Value::String(text) = value else { return Err(format!("{} instead of a text", described(&value))) };
        check_text(&text, LONGEST_TEXT)?;
        let Weighted { value, weight } = text.parse()?;
        Ok((Id::parse(&value).ok_or_else(not_an_upload)?, weight))
    };
    values.into_iter().map(one).collect()
}

fn not_an_upload() -> String {
    "this is not the id of an upload; give the picture to POST /api/v1/uploads first, and the `id` in its answer here"
        .into()
}

fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The words of serde's message without its names of types.
fn in_words(message: &str) -> String {
    message.split(", expected").next().unwrap_or(message).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "calls read better without a borrow")]
    fn asked(body: Value) -> Answer<Asked> {
        let Value::Object(body) = body else { panic!("{body}") };
        read(body)
    }

    fn problem(body: &Value) -> Value {
        serde_json::to_value(asked(body.clone()).unwrap_err()).unwrap()
    }

    #[test]
    fn requests_have_these_fields_and_no_others() {
        // Whoever adds one must be sure that it names no file and no model, and claims no share of the machine.
        let expected = "prompt quality size aspect iterations stop_at auto_stop seed style style_weight upscale hires \
            tile label image_prompt image_stop recut_images noise_prompt no_text init_image init_opacity init_weight \
            init_pixel_weight init_noise overlay overlay_every overlay_opacity mask prompt_outside mask_feather cutouts augment \
            cut_noise zooms cut_power center_bias loss optimizer momentum learning_rate learning_rate_drops average drawer \
            pixel_shape pixel_size pixel_scale smoothness tidy outline transparent \
            alpha_weight pixel_art pixel_zoom strokes segments min_stroke_width max_stroke_width paper \
            change_paper decay colorfulness contrast sharpness palette colors palette_weight dither fps frame_every \
            blend seconds hold boomerang gif_palette length iterations_per_frame zoom angle pan_x pan_y wander prompt_weights \
             learning_rate_keys init_weight_keys products email";
        assert_eq!(fields().collect::<Vec<_>>().join(" "), expected);
        assert_eq!(products().collect::<Vec<_>>(), ["gif", "mp4", "reveal", "svg", "tile-proof"]);
    }

    #[test]
    fn values_are_those_of_a_configuration_file() {
        let id = "0123456789abcdefghjkmnpqrs";
        let body = json!({"prompt": "a | b:0.5", "size": "64x48", "iterations": 3.0, "seed": "cat", "cut_noise": 1,
            "transparent": true, "noise_prompt": ["7:0.5"], "products": ["mp4", "gif"], "init_image": id,
            "image_prompt": [format!("{id}:0.5"), id], "palette": "red->white\\8"});
        let asked = asked(body).unwrap();
        assert_eq!(asked.overrides.iterations, Some(3));
        assert_eq!(asked.overrides.prompt.as_ref().unwrap().all().len(), 2);
        assert_eq!(asked.overrides.size, Some("64x48".parse().unwrap()));
        assert_eq!(asked.overrides.init_image, None);
        assert_eq!(asked.products.unwrap(), ["mp4", "gif"]);
        let masked = |text: &str| {
            let asked = self::asked(json!({"mask": text, "prompt_outside": "sky"})).unwrap();
            (asked.mask.map(|id| id.to_string()), asked.overrides.mask.map(|mask| mask.to_string()))
        };
        assert_eq!(masked(id), (Some(id.to_owned()), None));
        assert_eq!(masked("none"), (None, Some("none".to_owned())));
        assert_eq!(masked("top:0.25"), (None, Some("top:0.25".to_owned())));
        assert_eq!(asked.image_prompts.iter().map(|(_, weight)| *weight).collect::<Vec<_>>(), [0.5, 1.0]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_field() {
        for (body, field, words) in [
            (json!({"promt": "a"}), "promt", "there is no setting `promt`"),
            (json!({"clip": ["a"]}), "clip", "cannot be set by a request"),
            (json!({"device": "cpu"}), "device", "cannot be set by a request"),
            (json!({"output": "/etc/passwd"}), "output", "there is no setting `output`"),
            (json!({"iterations": "3"}), "iterations", "a text instead of a whole number"),
            (json!({"iterations": 1.5}), "iterations", "1.5 is not a whole number"),
            (json!({"iterations": -1}), "iterations", "-1 is not a whole number"),
            (json!({"iterations": 1e300}), "iterations", "is not a whole number"),
            (json!({"prompt": null}), "prompt", "null instead of a text"),
            (json!({"prompt": ["a"]}), "prompt", "a list instead of a text"),
            (json!({"prompt": ""}), "prompt", "the text is empty"),
            (json!({"prompt": "a\u{0}b"}), "prompt", "U+0000"),
            (json!({"prompt": "x".repeat(2001)}), "prompt", "2001 characters"),
            (json!({"size": "big"}), "size", "`big` is not a valid size"),
            (json!({"quality": "god"}), "quality", "`god` is not a valid"),
            (json!({"transparent": "yes"}), "transparent", "a text instead of true or false"),
            (json!({"noise_prompt": "7"}), "noise_prompt", "a text instead of a list"),
            (json!({"noise_prompt": vec!["7"; 17]}), "noise_prompt", "17 values"),
            (json!({"style": "neon"}), "style", "a text instead of a list"),
            (json!({"style": ["neno"]}), "style", "`neno` is not a style; did you mean `neon`?"),
            (json!({"style": vec!["neon"; 17]}), "style", "17 values"),
            (json!({"loss": "tv"}), "loss", "a text instead of a list"),
            (json!({"loss": ["border=/etc/passwd"]}), "loss", "names a file; give a color"),
            (json!({"loss": ["style=/etc/passwd"]}), "loss", "names a file; leave it out"),
            (json!({"loss": ["style"]}), "loss", "`style` needs a picture"),
            (json!({"loss": ["tvv"]}), "loss", "did you mean `tv`?"),
            (json!({"palette": "/etc/passwd.gpl"}), "palette", "is a file"),
            (json!({"palette": "a.png\\8"}), "palette", "is a file"),
            (json!({"init_image": "../../etc/passwd"}), "init_image", "not the id of an upload"),
            (json!({"image_prompt": ["a.png:0.5"]}), "image_prompt", "not the id of an upload"),
            (json!({"overlay": "logo.png"}), "overlay", "not the id of an upload"),
            (json!({"mask": "mask.png"}), "mask", "not the id of an upload"),
            (json!({"mask": "lfet:0.3"}), "mask", "did you mean `left`?"),
            (json!({"mask": "left:2"}), "mask", "above 0 and below 1"),
            (json!({"mask": 0.3}), "mask", "a number instead of a side or the id of an upload"),
            (json!({"prompt_outside": ""}), "prompt_outside", "the text is empty"),
            (json!({"prompt_outside": "x".repeat(2001)}), "prompt_outside", "2001 characters"),
            (json!({"products": ["frames"]}), "products", "`frames` is not a kind of file"),
            (json!({"products": ["gif", "gif"]}), "products", "twice"),
            (json!({"email": "anna@example.org"}), "email", "email is only sent to your confirmed address"),
            (json!({"email": 1}), "email", "a number instead of true or false"),
        ] {
            let problem = problem(&body);
            assert_eq!((&problem["field"], &problem["status"]), (&json!(field), &json!(422)), "{body}: {problem}");
            assert!(problem["detail"].as_str().unwrap().contains(words), "{body}: {problem}");
        }
        assert_eq!(problem(&json!({"promt": "a"}))["hint"], "did you mean `prompt`?");
        let long = "x".repeat(10_000);
        assert!(problem(&json!({ long: 1 })).to_string().len() < 400);
    }
}
