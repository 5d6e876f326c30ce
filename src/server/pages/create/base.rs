//! A picture whose settings the form starts with.

use serde_json::{Map, Value};

use super::options::{self, Typed};
use super::wish::{Wish, divided};
use crate::database::Id;
use crate::gallery::Picture;
use crate::models::Quality;
use crate::palette::BuiltIn;
use crate::picture::Size;
use crate::queue::Job;
use crate::resolve::combine;
use crate::server::app::App;
use crate::server::jobs::job_of;
use crate::server::lists::{Kind, usual_settings};
use crate::server::pages::Form;
use crate::server::problem::{Answer, Problem};
use crate::server::uploads::Uploads;
use crate::server::visitor::Visitor;
use crate::settings::{Mask, Overrides, Settings, Weighted};
use crate::worker::Order;

/// Settings that mean nothing, or are refused, without a file.
const OF_A_FILE: [(&str, &[&str]); 3] = [
    ("mask", &["prompt_outside", "mask_feather"]),
    ("init_image", &["init_opacity", "init_pixel_weight", "mask_feather"]),
    ("image_prompt", &["image_stop", "recut_images"]),
];

/// A picture whose settings the form begins with.
pub(super) struct Base {
    /// The fields of the form that stand for the picture
    pub wish: Wish,
    /// The address of its page
    pub page: String,
    /// Its size
    pub size: String,
    /// The size that it was drawn at, before it was enlarged
    pub drawn_at: Size,
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
        let styles = settings.style.iter().map(ToString::to_string).collect();
        let options = options_of(app, visitor, job, &order).await?;
        let mut wish = Wish { styles, options, ..wish };
        strength_of(&wish).clone_into(&mut wish.strength);
        if !wish.strength.is_empty() {
            wish.options.remove("init_weight");
        }
        Ok(Self { wish, page, size: settings.upscaled_size().to_string(), drawn_at: settings.size })
    }

    /// Whether the rest of its settings suits a wish: a quality and a drawer bring settings of their own.
    pub fn fits(&self, wish: &Wish) -> bool {
        self.wish.quality == wish.quality && self.wish.drawer == wish.drawer
    }
}

/// The settings of a picture that have no place of their own in the form and are not the default.
async fn options_of(app: &App, visitor: &Visitor, job: &Job, order: &Order) -> Answer<Typed> {
    let (config, settings, quality) = (app.config.clone(), order.settings.clone(), job.quality.parse().ok());
    // Trying many combinations of settings takes a moment.
    let needed = tokio::task::spawn_blocking(move || needed(&config.settings, &settings, quality));
    let mut options = needed.await.unwrap_or_default();
    let settings = &order.settings;
    let mask = match settings.mask.as_ref().and_then(Mask::file) {
        Some(path) => upload_of(app, visitor, order, path.to_str()).await?,
        None => settings.mask.as_ref().map(ToString::to_string),
    };
    let overlay = settings.overlay.as_ref().and_then(|path| path.to_str());
    let overlay = upload_of(app, visitor, order, overlay).await?;
    let mut steered = Vec::new();
    for Weighted { value, weight } in &settings.image_prompt {
        if let Some(value) = upload_of(app, visitor, order, Some(value)).await? {
            steered.push(Weighted { value, weight: *weight }.to_string());
        }
    }
    let steered = Some(steered).filter(|steered| !steered.is_empty()).map(|steered| steered.join("\n"));
    for (name, value) in [("mask", mask), ("overlay", overlay), ("image_prompt", steered)] {
        options.extend(value.map(|value| (name, value)));
    }
    let has_start = find_start(app, visitor, order).await?.is_some();
    for (file, dependent) in OF_A_FILE {
        let is_there = if file == "init_image" { has_start } else { options.contains_key(file) };
        if !is_there {
            options.retain(|name, _| !dependent.contains(name));
        }
    }
    Ok(options)
}

/// The values without which a server with these settings would draw a different picture.
fn needed(layers: &[Overrides], settings: &Settings, quality: Option<Quality>) -> Typed {
    let whole = Overrides { quality, ..Overrides::from(settings.clone()) };
    let Ok(Value::Object(mut values)) = serde_json::to_value(&whole) else { return Typed::new() };
    let draws_the_same = |values: &Map<String, Value>| {
        let Ok(strongest) = serde_json::from_value(Value::Object(values.clone())) else { return false };
        let layers: Vec<Overrides> = std::iter::once(strongest).chain(layers.iter().cloned()).collect();
        combine(&layers).is_ok_and(|same| same == *settings)
    };
    let mut needed = Typed::new();
    // The form shows the size as a shape.
    for setting in options::settings().iter().filter(|setting| setting.kind != Kind::Upload && setting.name != "size") {
        let Some(value) = values.shift_remove(setting.name) else { continue };
        if !draws_the_same(&values) {
            needed.insert(setting.name, options::typed(setting, &value));
            values.insert(setting.name.to_owned(), value);
        }
    }
    needed
}

/// How closely a picture keeps to its start, in the words of the form; empty if the form has no word for its weight.
fn strength_of(wish: &Wish) -> &'static str {
    let weight = wish.options.get("init_weight").and_then(|weight| weight.parse::<f64>().ok());
    let Some(weight) = weight.filter(|_| !wish.init_image.is_empty()) else { return "" };
    let is_as_close = |strength: &&str| {
        let close = Wish { strength: (*strength).to_owned(), drawer: wish.drawer.clone(), ..Wish::default() };
        close.hold().is_some_and(|hold| (hold - weight).abs() < f64::EPSILON)
    };
    ["near", "close"].into_iter().find(is_as_close).unwrap_or_default()
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
