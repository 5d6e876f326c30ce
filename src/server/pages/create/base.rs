//! A picture whose settings the form begins with: everything that the form does not show stays as it was.

use serde_json::{Map, Value};

use super::wish::{Wish, divided};
use crate::database::Id;
use crate::gallery::Picture;
use crate::models::Quality;
use crate::palette::BuiltIn;
use crate::queue::Job;
use crate::server::app::App;
use crate::server::jobs::{job_of, request};
use crate::server::lists::usual_settings;
use crate::server::pages::Form;
use crate::server::problem::{Answer, Problem};
use crate::server::uploads::Uploads;
use crate::server::visitor::Visitor;
use crate::settings::Mask;
use crate::worker::Order;

/// Settings that the form itself decides.
const OF_THE_FORM: [&str; 16] = [
    "prompt",
    "style",
    "quality",
    "aspect",
    "seed",
    "iterations",
    "palette",
    "colors",
    "drawer",
    "pixel_art",
    "init_image",
    "image_prompt",
    "mask",
    "overlay",
    "outline",
    "upscale",
];

/// A picture whose settings the form begins with.
pub(super) struct Base {
    /// The fields of the form that stand for the picture
    pub wish: Wish,
    /// The address of its page
    pub page: String,
    /// Its size
    pub size: String,
    settings: Map<String, Value>,
    /// Its mask and its overlay as a request has them, with their fields: a side or an upload, if that was not deleted
    /// meanwhile
    inputs: Vec<(&'static str, String)>,
}

impl Base {
    /// The picture that a form or an address names with `from` or `like`; none if it names none.
    pub async fn of(app: &App, visitor: &Visitor, form: &Form) -> Answer<Option<Self>> {
        if let Some(id) = form.some("from") {
            let id = Id::parse(id).ok_or_else(|| Problem::missing("picture"))?;
            let job = job_of(app, visitor, &id).await?;
            let mut base = Self::read(app, visitor, &job, format!("/p/{id}")).await?;
            base.wish.from = id.to_string();
            return Ok(Some(base));
        }
        if let Some(id) = form.some("like") {
            let picture = match Id::parse(id) {
                Some(id) => app.gallery.picture(&id).await?,
                None => None,
            };
            // Without its prompt, the owner shares no settings either.
            let is_shared = |picture: &Picture| picture.show_prompt && picture.hidden.is_none();
            let picture = picture.filter(|picture| is_shared(picture) || visitor.sees_those_of(&picture.owner));
            let picture = picture.ok_or_else(|| Problem::missing("picture"))?;
            let job = app.queue.job(&picture.job, None).await?.ok_or_else(|| Problem::missing("picture"))?;
            let mut base = Self::read(app, visitor, &job, format!("/g/{}", picture.id)).await?;
            base.wish.like = picture.id.to_string();
            // With its seed as well, it would be the same picture.
            base.wish.seed.clear();
            return Ok(Some(base));
        }
        Ok(None)
    }

    async fn read(app: &App, visitor: &Visitor, job: &Job, page: String) -> Answer<Self> {
        let order = Order::read(&job.settings)?;
        let settings = &order.settings;
        let (prompt, negative) = divided(&settings.prompt);
        let drawer = settings.drawer.to_string();
        let named = settings.palette.clone().unwrap_or_default();
        let is_built_in = BuiltIn::of(&named)?.is_some();
        let quality: Option<Quality> = job.quality.parse().ok();
        let usual = usual_settings(app, &drawer, quality)?;
        let wish = Wish {
            prompt,
            negative,
            quality: job.quality.clone(),
            seed: settings.seed.to_string(),
            iterations: only_if(settings.iterations != usual.iterations, settings.iterations),
            palette: if is_built_in { named.clone() } else { String::new() },
            own_colors: if is_built_in { String::new() } else { named },
            colors: settings.colors.map(|colors| colors.to_string()).unwrap_or_default(),
            outline: settings.outline == Some(true),
            upscale: settings.upscale.map(|times| times.to_string()).unwrap_or_default(),
            products: order.products.clone(),
            init_image: find_start(app, visitor, &order).await?.unwrap_or_default(),
            drawer,
            ..Wish::default()
        };
        let mask = match settings.mask.as_ref().and_then(Mask::file) {
            Some(path) => upload_of(app, visitor, &order, path.to_str()).await?,
            None => settings.mask.as_ref().map(ToString::to_string),
        };
        let overlay = settings.overlay.as_ref().and_then(|path| path.to_str());
        let overlay = upload_of(app, visitor, &order, overlay).await?;
        let inputs = [("mask", mask), ("overlay", overlay)];
        let inputs = inputs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let size = settings.upscaled_size().to_string();
        // Settings can always be written.
        let Ok(Value::Object(settings)) = serde_json::to_value(settings) else {
            return Err(Problem::missing("picture"));
        };
        let styles = settings.get("style").and_then(Value::as_array).into_iter().flatten();
        let styles = styles.filter_map(|style| style.as_str().map(str::to_owned)).collect();
        Ok(Self { wish: Wish { styles, ..wish }, page, size, settings, inputs })
    }

    /// Whether the rest of its settings suits a wish: a quality and a drawer bring settings of their own.
    pub fn fits(&self, wish: &Wish) -> bool {
        self.wish.quality == wish.quality && self.wish.drawer == wish.drawer
    }

    /// The settings that the form does not show, as a request has them.
    pub fn settings(&self, wish: &Wish) -> Map<String, Value> {
        let has_mask = self.inputs.iter().any(|(name, _)| *name == "mask");
        let is_kept = |name: &str, value: &Value| {
            let is_decided = match name {
                "size" => !wish.aspect.is_empty(),
                "init_weight" | "init_noise" => wish.init_image != self.wish.init_image || !wish.strength.is_empty(),
                "style_weight" => wish.styles.is_empty(),
                "stop_at" | "learning_rate_drops" => wish.iterations != self.wish.iterations,
                // These belong to the mask.
                "prompt_outside" => !has_mask,
                "mask_feather" => !has_mask || wish.init_image.is_empty(),
                // These belong to the image.
                "init_opacity" | "init_pixel_weight" => wish.init_image.is_empty(),
                name => OF_THE_FORM.contains(&name),
            };
            !is_decided && !value.is_null()
        };
        let fields = request::fields().filter_map(|name| Some((name, self.settings.get(name)?)));
        let kept =
            fields.filter(|(name, value)| is_kept(name, value)).map(|(name, value)| (name.into(), value.clone()));
        kept.chain(self.inputs.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into()))).collect()
    }
}

/// The upload that a picture began with; none if it has none, or it was deleted meanwhile.
async fn find_start(app: &App, visitor: &Visitor, order: &Order) -> Answer<Option<String>> {
    upload_of(app, visitor, order, order.settings.init_image.as_ref().and_then(|path| path.to_str())).await
}

/// The upload of a visitor that is an input of a job; none if there is none, or it was deleted meanwhile.
async fn upload_of(app: &App, visitor: &Visitor, order: &Order, name: Option<&str>) -> Answer<Option<String>> {
    let Some(input) = name.and_then(|name| order.inputs.get(name)) else { return Ok(None) };
    let upload = Uploads::new(app).with_hash(&visitor.owner, &input.sha256).await?;
    Ok(upload.map(|upload| upload.id.to_string()))
}

fn only_if(condition: bool, number: usize) -> String {
    if condition { number.to_string() } else { String::new() }
}
