//! A published picture by itself.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::super::downloads::{Download, downloads};
use super::super::job::has_cells;
use super::super::{Layout, render};
use crate::server::absolute::absolute;
use crate::server::app::App;
use crate::server::jobs::FileView;
use crate::server::pictures::{View, Viewer, picture_of};
use crate::server::problem::{Answer, PathId};
use crate::settings::DrawerName;

/// The most characters of a heading of the window.
const LONGEST_HEADING: usize = 60;
/// The settings that are shown first, with their labels.
const FIRST: [(&str, &str); 3] = [("drawer", "Drawer"), ("iterations", "Iterations"), ("seed", "Seed")];

#[derive(Template)]
#[template(path = "picture.html", config = "src/server/pages/askama.toml")]
struct PicturePage {
    layout: Layout,
    picture: View,
    heading: String,
    /// What stands for the picture where it is not seen
    alt: String,
    /// The whole addresses of the page and of the picture
    page_url: String,
    image_url: String,
    has_cells: bool,
    film: Option<FileView>,
    loop_: Option<FileView>,
    downloads: Vec<Download>,
    facts: Vec<(&'static str, String)>,
    settings: Vec<(String, String)>,
}

pub(super) async fn show(
    State(app): State<App>,
    layout: Layout,
    viewer: Viewer,
    PathId(id): PathId,
    headers: HeaderMap,
) -> Answer<Response> {
    let picture = picture_of(&app, &viewer, &id).await?;
    let has_cells = has_cells(&DrawerName::from(picture.kind.as_str()));
    let view = View::with_files(&app, &viewer, picture).await?;
    Ok(render(&PicturePage::new(layout, view, has_cells, &|path| absolute(&app, &headers, path))))
}

impl PicturePage {
    fn new(layout: Layout, mut picture: View, has_cells: bool, whole: &dyn Fn(&str) -> String) -> Self {
        let files = picture.files.take().unwrap_or_default();
        let file = |name: &str| files.iter().find(|file| file.name == name).cloned();
        let settings = picture.settings.take();
        let set = |name: &str| settings.as_ref().and_then(|settings| settings.get(name)).and_then(written);
        let heading = picture.title.as_ref().or(picture.prompt.as_ref()).map_or("Untitled", String::as_str);
        let alt =
            picture.prompt.as_ref().or(picture.title.as_ref()).map_or("A picture without a title", String::as_str);
        Self {
            layout,
            heading: shortened(heading),
            alt: alt.to_owned(),
            page_url: whole(&picture.url),
            image_url: whole(&format!("{}/picture.png", picture.url)),
            has_cells,
            film: file("picture.mp4"),
            loop_: file("picture.gif"),
            downloads: downloads(&files),
            facts: FIRST.iter().filter_map(|(name, label)| Some((*label, set(name)?))).collect(),
            settings: all(settings.as_ref()),
            picture,
        }
    }
}

/// All settings that are set, but the prompt, which stands by itself.
fn all(settings: Option<&Value>) -> Vec<(String, String)> {
    let settings = settings.and_then(Value::as_object).into_iter().flatten();
    let settings = settings.filter(|(name, _)| *name != "prompt");
    settings.filter_map(|(name, value)| Some((name.replace('_', " "), written(value)?))).collect()
}

/// A value in words; none if nothing is set.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(is) => Some(if *is { "yes" } else { "no" }.to_owned()),
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().filter_map(written).collect();
            Some(values.join(", ")).filter(|text| !text.is_empty())
        }
        other => Some(other.to_string()),
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST_HEADING).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_shown_as_words() {
        let settings = json!({"prompt": "a", "size": "32x32", "palette": null, "noise_prompt": [], "transparent": false,
            "learning_rate": 0.3, "image_prompt": [{"value": "b"}, "c"], "seed": 7});
        let expected = [
            ("size", "32x32"),
            ("transparent", "no"),
            ("learning rate", "0.3"),
            ("image prompt", "{\"value\":\"b\"}, c"),
            ("seed", "7"),
        ];
        assert_eq!(all(Some(&settings)), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(all(None), []);
    }

    #[test]
    fn long_headings_are_cut() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ä".repeat(61)), format!("{}…", "ä".repeat(60)));
    }
}
