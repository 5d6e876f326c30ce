//! Published pictures as answers show them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::files;
use super::viewer::Viewer;
use crate::gallery::Picture;
use crate::server::app::App;
use crate::server::derived::thumbnail_size;
use crate::server::jobs::FileView;
use crate::server::moment::moment;
use crate::server::problem::Answer;

/// A published picture. What is not known, not shared or not there is left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Picture)]
pub(in crate::server) struct View {
    /// The name of the picture
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$", example = "3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    pub id: String,
    /// The address of its page
    #[schema(example = "/g/3kq8s2v6m1x9c4t7w0zr5yhdbn")]
    pub url: String,
    /// What it is called
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "Still life")]
    pub title: Option<String>,
    /// The name of the user who published it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "anna")]
    pub author: Option<String>,
    /// Whether its prompt, settings and recipe are shared
    pub show_prompt: bool,
    /// The sentence, if it is shared
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "a red apple on a blue background")]
    pub prompt: Option<String>,
    /// All settings that decide the picture, if they are shared
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Value>,
    /// Columns
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub width: u32,
    /// Rows
    #[schema(value_type = u64, maximum = 4_294_967_295_u32)]
    pub height: u32,
    /// A small picture of it
    pub thumbnail: Thumbnail,
    /// When it was published
    #[schema(format = DateTime)]
    pub published: String,
    /// How many people like it
    pub likes: u64,
    /// Whether the visitor likes it
    pub liked: bool,
    /// Whether the visitor published it
    pub mine: bool,
    /// The job that drew it, for its owner and for operators
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-hjkmnp-tv-z]{26}$")]
    pub job: Option<String>,
    /// Why others do not see it, for its owner and for operators
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenView>,
    /// Its files
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10)]
    pub files: Option<Vec<FileView>>,
}

/// A small picture for lists, as WebP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::server) struct Thumbnail {
    /// The address
    #[schema(example = "/g/3kq8s2v6m1x9c4t7w0zr5yhdbn/thumb.webp")]
    pub url: String,
    /// Columns
    #[schema(minimum = 1, maximum = 512)]
    pub width: u32,
    /// Rows
    #[schema(minimum = 1, maximum = 512)]
    pub height: u32,
}

/// Why a picture is hidden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Hidden)]
pub(in crate::server) struct HiddenView {
    /// Since when
    #[schema(format = DateTime)]
    pub since: String,
    /// The reason
    pub why: String,
    /// The name of the operator who hid it, for operators
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl View {
    /// Pictures in a list, without their settings and files.
    pub async fn all(app: &App, viewer: &Viewer, pictures: Vec<Picture>) -> Answer<Vec<Self>> {
        let liked = match viewer.who() {
            Some(who) => app.gallery.liked(pictures.iter().map(|picture| &picture.id), who).await?,
            None => std::collections::HashSet::new(),
        };
        Ok(pictures.into_iter().map(|picture| Self::new(viewer, liked.contains(&picture.id), picture)).collect())
    }

    /// A picture by itself, with all that is shared.
    pub async fn with_files(app: &App, viewer: &Viewer, picture: Picture) -> Answer<Self> {
        let settings = if picture.show_prompt { settings(app, &picture).await? } else { None };
        let files = files::list(app, &picture).await?;
        let view = Self::all(app, viewer, vec![picture]).await?.pop();
        let view = view.ok_or_else(|| crate::Error::fault("a picture has no view"))?;
        Ok(Self { settings, files: Some(files), ..view })
    }

    fn new(viewer: &Viewer, liked: bool, picture: Picture) -> Self {
        let (mine, operates) = (viewer.owns(&picture), viewer.operates());
        let (width, height) = thumbnail_size(picture.width, picture.height);
        let hidden = picture.hidden.filter(|_| mine || operates).map(|hidden| HiddenView {
            since: moment(hidden.since),
            why: hidden.why,
            by: hidden.by_name.filter(|_| operates),
        });
        Self {
            url: format!("/g/{}", picture.id),
            thumbnail: Thumbnail { url: files::url(&picture.id, files::THUMBNAIL), width, height },
            id: picture.id.to_string(),
            title: picture.title,
            author: picture.author,
            show_prompt: picture.show_prompt,
            prompt: picture.prompt,
            settings: None,
            width: picture.width,
            height: picture.height,
            published: moment(picture.published),
            likes: picture.likes,
            liked,
            mine,
            job: (mine || operates).then(|| picture.job.to_string()),
            hidden,
            files: None,
        }
    }
}

/// The settings of a picture.
async fn settings(app: &App, picture: &Picture) -> Answer<Option<Value>> {
    let job = app.queue.job(&picture.job, None).await?;
    let order = job.and_then(|job| serde_json::from_str::<Value>(&job.settings).ok());
    Ok(order.and_then(|mut order| order.get_mut("settings").map(Value::take)).filter(Value::is_object))
}
