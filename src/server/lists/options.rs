//! What a request may set, for whoever builds a form or a client: each field with its type, range, default and help.

use axum::Json;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::drawer::ALL;
use crate::server::jobs::request::{self, EMAIL, LONGEST_LIST, LONGEST_PROMPT, LONGEST_TEXT, PRODUCTS, UPLOADS};
use crate::settings::{Form, FormKind, OPTIONS, OptionInfo, Range};
use crate::styles::Style;

/// The fields of a request.
#[derive(Serialize, ToSchema)]
pub(super) struct Options {
    /// In the order of the command line's help
    items: Vec<Opened>,
}

/// A field of a request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RequestOption)]
pub struct Opened {
    /// The name of the field
    #[schema(example = "iterations")]
    pub name: &'static str,
    /// The heading of its group
    #[schema(example = "Picture")]
    pub group: &'static str,
    /// What a value is
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether the field takes a list of such values
    pub list: bool,
    /// Whether a request must have the field
    pub required: bool,
    /// The value if nothing else decides it, such as a quality or a drawer; absent if something else always does
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub default: Option<Value>,
    /// The only valid values; absent if there are others
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The least valid number
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// A number that every valid number is above
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<f64>,
    /// The largest valid number
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// The most characters of a text
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// The most values of a list
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
    /// What it does, in a line
    pub help: String,
    /// What else there is to know about it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The name of the type of a value in the program
    #[serde(skip)]
    pub type_word: &'static str,
    /// The delimiter between values if one text holds the whole list; none if each value is a separate text
    #[serde(skip)]
    pub delimiter: Option<char>,
    /// The default in words, be it one that depends on other settings; none if no words say it
    #[serde(skip)]
    pub usual: Option<String>,
}

/// What a value of a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RequestOptionType)]
pub enum Kind {
    /// True or false
    Boolean,
    /// A whole number
    Integer,
    /// A number
    Number,
    /// A number, or a text
    NumberOrString,
    /// A text
    String,
    /// The `id` of an upload; in a list, a weight may follow, as in `ID:0.5`; a mask may also be a side, as in `left:0.3`
    Upload,
}

/// List what a request may set
///
/// These are the fields of the body of `POST /api/v1/jobs`.
#[utoipa::path(
    get, path = "/options", tag = "lists", operation_id = "list_options",
    responses((status = 200, description = "The fields of a request", body = Options)),
)]
pub(super) async fn list() -> Json<Options> {
    Json(Options { items: opened() })
}

/// Whether requests may set an option, perhaps in another way than the command line.
pub(super) fn is_open(option: &OptionInfo) -> bool {
    request::is_open(option)
}

/// The fields of a request, in the order of the command line's help.
#[must_use]
pub fn opened() -> Vec<Opened> {
    OPTIONS.iter().filter(|option| is_open(option)).map(Opened::of).chain([products(), email()]).collect()
}

/// Help that differs from that of the command line, where files have paths.
const HELP: [(&str, &str, Option<&str>); 8] = [
    ("init_image", "Image to start from: the id of an upload", None),
    (
        "overlay",
        "Image to lay over the picture again and again: the id of an upload",
        Some(
            "The run goes on from the picture with the image on it, so the image may change again until the next time. \
             Transparent parts of the image change nothing. The image is resized and cropped like init_image.",
        ),
    ),
    (
        "mask",
        "Limit the prompts to a part: the white area of an upload, given by its id, or a side such as left:0.3",
        Some(
            "Black and transparent parts of the upload are outside, and gray is in between. The upload is resized and \
             cropped like init_image. A side is left, right, top or bottom, with its share of the picture, which is \
             half if none is given. prompt, label, image_prompt and noise_prompt act inside. Other prompts can act \
             outside (prompt_outside). Without them, the outside is kept: it stays exactly as it is in init_image, or \
             close to the first picture if there is no such image.",
        ),
    ),
    ("image_prompt", "Also steer toward these images: ids of uploads, each with a weight if you like, as ID:0.5", None),
    (
        "length",
        "Draw an animation of this many frames instead of a single picture",
        Some(
            "The run takes length times iterations_per_frame iterations. Movies show the end of each frame, and the picture is \
             the last frame. If you leave out products, the server also makes an MP4.",
        ),
    ),
    (
        "style",
        "Also steer toward these styles: names of `GET /api/v1/styles`",
        Some(
            "All styles together are one additional prompt with the weight style_weight. CLIP compares it with separate, \
             smaller cutouts, half as many as cutouts, so it changes surfaces more than the composition. Models that do not \
             know a style ignore it.",
        ),
    ),
    (
        "loss",
        "Also judge the picture itself: losses with weights, such as saturation:0.5",
        Some(
            "The losses are saturation, symmetry, symmetry-top-bottom, symmetry-half-turn, smoothness, smoothness-clipped, \
             smoothness-log, tv, sharpness, border, vignette and aesthetic. The weight is 1 if none is given. saturation, smoothness, tv \
             and sharpness may have negative weights, which do the opposite. A border and a vignette are white, or have a \
             color, as in border=navy:0.5. aesthetic needs a CLIP of the server that has an aesthetic head.",
        ),
    ),
    (
        "palette",
        "Use only these colors: names, ramps (red->white\\8) or the name of a palette",
        Some(
            "Takes CSS and xkcd color names, hexadecimal colors, ramps such as `black->navy\\4;gold`, and the names of \
             `GET /api/v1/palettes`.",
        ),
    ),
];

impl Opened {
    fn of(option: &'static OptionInfo) -> Self {
        let Form { kind, list, delimiter, mut choices } = option.form();
        let is_upload = UPLOADS.contains(&option.name);
        let kind = match kind {
            _ if is_upload => Kind::Upload,
            FormKind::Switch => Kind::Boolean,
            FormKind::Whole => Kind::Integer,
            FormKind::Number => Kind::Number,
            FormKind::NumberOrText => Kind::NumberOrString,
            FormKind::Text => Kind::String,
        };
        if option.name == "drawer" {
            choices = ALL.iter().map(|blueprint| blueprint.name().to_owned()).collect();
        }
        if option.name == "style" {
            choices = Style::all().into_iter().flatten().map(|style| style.name.clone()).collect();
        }
        let own = HELP.iter().find(|(name, _, _)| *name == option.name);
        let (help, description) = match own {
            Some((_, help, description)) => ((*help).to_owned(), description.map(str::to_owned)),
            None => (in_fields(&option.help()), option.long_help().as_deref().map(further)),
        };
        let is_text = matches!(kind, Kind::String | Kind::NumberOrString | Kind::Upload);
        let longest = if request::is_prompt(option.name) { LONGEST_PROMPT } else { LONGEST_TEXT };
        Self {
            name: option.name,
            group: option.group,
            kind,
            list,
            required: option.name == "prompt",
            default: option.default_value().filter(|_| !is_upload),
            minimum: option.range.filter(|range| !range.is_above()).map(|range| range.least()),
            exclusive_minimum: option.range.filter(Range::is_above).map(|range| range.least()),
            maximum: option.range.map(|range| range.most()),
            max_length: (is_text && choices.is_empty()).then_some(longest),
            max_items: list.then_some(LONGEST_LIST),
            choices,
            help,
            description,
            type_word: option.type_word(),
            delimiter,
            usual: option.default().filter(|_| !is_upload).map(|text| in_fields(&text)),
        }
    }
}

/// The field of the files that are made beside the PNG.
fn products() -> Opened {
    let choices: Vec<String> = request::products().map(str::to_owned).collect();
    Opened {
        name: PRODUCTS,
        group: "Files",
        kind: Kind::String,
        list: true,
        required: false,
        default: None,
        minimum: None,
        exclusive_minimum: None,
        maximum: None,
        max_length: None,
        max_items: Some(choices.len()),
        choices,
        help: "What to make besides the PNG".into(),
        description: Some(
            "`GET /api/v1/drawers` lists what each drawer can make. If you leave out this field, an animation also gets an \
             MP4."
                .into(),
        ),
        type_word: "products",
        delimiter: None,
        usual: None,
    }
}

/// The field that asks for a letter.
fn email() -> Opened {
    Opened {
        name: EMAIL,
        group: "Files",
        kind: Kind::Boolean,
        list: false,
        required: false,
        default: Some(Value::Bool(false)),
        minimum: None,
        exclusive_minimum: None,
        maximum: None,
        max_length: None,
        max_items: None,
        choices: Vec::new(),
        help: "Whether to email the picture to your confirmed address".into(),
        description: Some("Needs a login, and an address that was confirmed; see `PUT /api/v1/me/email`.".into()),
        type_word: "email",
        delimiter: None,
        usual: None,
    }
}

/// What a long help says beyond its first paragraph.
fn further(long_help: &str) -> String {
    let (_, rest) = long_help.split_once("\n\n").unwrap_or_default();
    in_fields(rest)
}

/// A help that names options as fields: `cut_noise` instead of `--cut-noise`.
fn in_fields(help: &str) -> String {
    let mut text = String::with_capacity(help.len());
    let mut rest = help;
    while let Some((before, after)) = rest.split_once("--") {
        text.push_str(before);
        let length = after.find(|sign: char| !sign.is_ascii_lowercase() && sign != '-').unwrap_or(after.len());
        let name = after[..length].replace('-', "_");
        match OptionInfo::of(&name) {
            Some(option) => text.push_str(option.name),
            None => text.extend(["--", &after[..length]]),
        }
        rest = &after[length..];
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_fields() {
        assert_eq!(in_fields("as with --cut-noise, --x or --size."), "as with cut_noise, --x or size.");
        for Opened { name, help, description, .. } in opened() {
            let texts = [Some(help), description].into_iter().flatten().collect::<String>();
            assert!(!texts.is_empty() && !texts.contains("--") && !texts.contains("text2art "), "{name}: {texts}");
        }
    }

    #[test]
    fn each_field_says_what_it_takes() {
        let all = opened();
        let named = |name: &str| all.iter().find(|opened| opened.name == name).unwrap();
        assert_eq!(all.iter().map(|opened| opened.name).collect::<Vec<_>>(), request::fields().collect::<Vec<_>>());
        let rate = named("learning_rate");
        assert_eq!((rate.kind, rate.exclusive_minimum, rate.minimum), (Kind::Number, Some(0.0), None));
        assert_eq!((named("cutouts").minimum, named("cutouts").maximum), (Some(1.0), Some(4096.0)));
        assert_eq!(named("drawer").choices, ["vqgan", "pixel", "strokes", "line", "fft"]);
        assert_eq!((named("init_image").kind, named("init_image").list), (Kind::Upload, false));
        assert_eq!((named("mask").kind, named("prompt_outside").max_length), (Kind::Upload, Some(LONGEST_PROMPT)));
        assert_eq!((named("image_prompt").kind, named("image_prompt").list), (Kind::Upload, true));
        assert!(named("prompt").required && all.iter().filter(|opened| opened.required).count() == 1);
    }
}
