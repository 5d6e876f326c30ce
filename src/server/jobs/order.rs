//! From what a request asks for to an order for the queue.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::http::StatusCode;
use sha2::{Digest, Sha256};

use super::request::{Asked, LOSS, PALETTE, PRODUCTS, refused};
use crate::database::Id;
use crate::drawer;
use crate::models::Quality;
use crate::output::{TILE_PROOF, tile_proof_size};
use crate::palette::Palette;
use crate::picture::Size;
use crate::queue::Job;
use crate::resolve::combine;
use crate::server::app::App;
use crate::server::config::Limits;
use crate::server::problem::{Answer, Problem};
use crate::server::uploads::{Upload, Uploads};
use crate::server::visitor::Visitor;
use crate::session::LARGEST_BATCH;
use crate::settings::{Aspect, CutBatch, Mask, OrNone, Overrides, Seed, SeedChoice, Settings, Weighted};
use crate::video::{KINDS, MP4};
use crate::worker::{Input, Order};

/// The longest order, in bytes: what the queue takes.
const LONGEST_ORDER: usize = 65_536;

/// An order, and what the queue must know beside it.
pub(super) struct Prepared {
    pub order: Order,
    /// The order as the queue stores it
    pub json: String,
    /// The quality, by its name
    pub quality: String,
}

/// Completes what is asked for with the server's own settings, and checks it. `key` is the visitor's own name for the
/// request.
pub(super) async fn prepare(app: &App, visitor: &Visitor, asked: Asked, key: Option<&str>) -> Answer<Prepared> {
    let Asked { mut overrides, products, init_image, mask, overlay, image_prompts, email: _ } = asked;
    if overrides.prompt.is_none() {
        return Err(refused("prompt", "no prompt was given").hint("say what to draw"));
    }
    overrides.size.iter().try_for_each(|size| app.config.limits.check_pixels("size", *size))?;
    let mut inputs = Inputs { app, visitor, found: BTreeMap::new() };
    let start = match &init_image {
        Some(id) => Some(inputs.add("init_image", 1, id).await?),
        None => None,
    };
    if overrides.aspect == Some(Aspect::Retain) {
        // The shape is known here: the name of the file means nothing on this machine.
        overrides.aspect = start.as_ref().map(|(_, upload)| Aspect::Ratio(upload.width, upload.height));
        if start.is_none() {
            return Err(refused("aspect", "retain needs an init image, but none was given")
                .hint("give the id of an upload with init_image"));
        }
    }
    overrides.init_image = start.map(|(name, _)| PathBuf::from(name).into());
    if let Some(id) = mask {
        overrides.mask = Some(Mask::File(inputs.add("mask", 1, &id).await?.0).into());
    }
    if let Some(id) = overlay {
        overrides.overlay = Some(PathBuf::from(inputs.add("overlay", 1, &id).await?.0).into());
    }
    let mut steered = Vec::new();
    for (number, (id, weight)) in (1..).zip(image_prompts) {
        let (value, _) = inputs.add("image_prompt", number, &id).await?;
        steered.push(Weighted { value, weight });
    }
    overrides.image_prompt = Some(steered).filter(|steered| !steered.is_empty());
    if overrides.seed.is_none_or(SeedChoice::is_random) {
        overrides.seed = Some(seed(&visitor.owner, key)?.into());
    }
    let inputs =
        inputs.found.into_iter().map(|(name, upload)| (name, Input { object: upload.object, sha256: upload.sha256 }));
    let inputs = inputs.collect();
    let config = app.config.clone();
    // Shapes of cells and colors of palettes take a moment.
    let prepared = tokio::task::spawn_blocking(move || {
        let layers: Vec<Overrides> = std::iter::once(overrides).chain(config.settings.iter().cloned()).collect();
        check_names(&layers[0])?;
        let quality = layers.iter().find_map(|layer| layer.quality).unwrap_or(Quality::Normal);
        let mut settings = combine(&layers)?;
        if config.elsewhere.database.is_some() {
            settings.cut_batch = fixed(settings.cut_batch, settings.cutouts);
        }
        let products = products.unwrap_or_else(|| usual_products(&settings));
        config.limits.check(&settings, &products)?;
        check_products(&products, &settings)?;
        Prepared::new(Order::new(settings, products, inputs), quality.to_string())
    });
    prepared.await.unwrap_or_else(|_| Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed")))
}

impl Prepared {
    fn new(order: Order, quality: String) -> Answer<Self> {
        let json = order.to_json()?;
        if json.len() > LONGEST_ORDER {
            return Err(Problem::unprocessable("the settings are too long")
                .hint("use fewer and shorter prompts, and a shorter palette"));
        }
        Ok(Self { order, json, quality })
    }

    /// The order of a job once more, for a visitor who may see it, maybe with another seed. `key` is the visitor's own name
    /// for the request.
    pub(super) async fn again(
        app: &App,
        visitor: &Visitor,
        job: &Job,
        reseed: bool,
        key: Option<&str>,
    ) -> Answer<Self> {
        let mut order = Order::read(&job.settings)?;
        app.config.limits.check(&order.settings, &order.products)?;
        let uploads = Uploads::new(app);
        for input in order.inputs.values() {
            if !uploads.holds(&visitor.owner, &input.object).await? {
                return Err(Problem::new(StatusCode::CONFLICT, "a picture that this job uses is no longer stored")
                    .hint("choose the same settings and give the picture once more"));
            }
        }
        if reseed {
            order.settings.seed = seed(&visitor.owner, key)?;
        }
        Self::new(order, job.quality.clone())
    }
}

/// The files of an order, from uploads of the visitor.
struct Inputs<'a> {
    app: &'a App,
    visitor: &'a Visitor,
    found: BTreeMap<String, Upload>,
}

impl Inputs<'_> {
    /// Adds an upload, and returns the name of its file in the folder of the job.
    async fn add(&mut self, field: &str, number: usize, id: &Id) -> Answer<(String, Upload)> {
        let upload = Uploads::new(self.app).of(&self.visitor.owner, id).await?;
        let upload = upload.ok_or_else(|| {
            refused(field, &format!("there is no upload {id}"))
                .hint("give the picture to POST /api/v1/uploads; uploads are deleted after a while")
        })?;
        let name = format!("{field}-{number}.png");
        self.found.insert(name.clone(), upload.clone());
        Ok((name, upload))
    }
}

impl Limits {
    /// Checks that a picture and the files beside it are not more work than a request may ask for.
    fn check(&self, settings: &Settings, products: &[String]) -> Answer<()> {
        self.check_pixels("size", settings.size)?;
        let delivered = drawer::of(&settings.drawer)?.finished_size(settings);
        let field = if settings.upscale.is_some() { "upscale" } else { "pixel_zoom" };
        self.check_pixels(field, delivered)?;
        let has_proof = products.iter().any(|name| name == TILE_PROOF.option);
        if let Some(size) = tile_proof_size(delivered, settings).filter(|_| has_proof) {
            self.check_proof(size)?;
        }
        let outside = settings.prompt_outside.as_ref().map_or(0, |outside| outside.all().len());
        let counts = [
            ("iterations", settings.iterations, self.iterations),
            ("cutouts", settings.cutouts, self.cutouts),
            ("prompt", settings.prompt.all().len(), self.prompts),
            ("prompt_outside", outside, self.prompts),
            ("label", settings.label.len(), self.prompts),
        ];
        for (field, count, most) in counts {
            if count > most {
                return Err(refused(field, &format!("{count} is more than this server allows"))
                    .hint(format!("give at most {most}")));
            }
        }
        self.check_cutouts(settings)
    }

    /// Checks the cutouts of all pictures that are cut in an iteration.
    fn check_cutouts(&self, settings: &Settings) -> Answer<()> {
        let outside = usize::from(settings.prompt_outside.is_some());
        let images = if settings.recut_images == Some(true) { settings.image_prompt.len() } else { 0 };
        let times = 1 + outside + images;
        let count = settings.cutouts.saturating_mul(times);
        if count <= self.cutouts {
            return Ok(());
        }
        let problem = format!(
            "{} for the picture, and as many each for prompt_outside and for images that are cut again, are {count}, which \
             is more than this server allows",
            settings.cutouts
        );
        Err(refused("cutouts", &problem).hint(format!("give at most {}", self.cutouts / times)))
    }

    /// Checks the size of the proof of a tile.
    fn check_proof(&self, size: Size) -> Answer<()> {
        self.check_pixels(PRODUCTS, size).map_err(|_| {
            refused(PRODUCTS, &format!("a {} of {size} is more than this server allows", TILE_PROOF.option))
                .hint(format!("leave it out, or choose a smaller picture; files have at most {} pixels", self.pixels))
        })
    }

    fn check_pixels(&self, field: &str, size: Size) -> Answer<()> {
        if size.width.saturating_mul(size.height) <= self.pixels {
            return Ok(());
        }
        // A square is the shape that needs no explanation.
        let side = self.pixels.isqrt();
        Err(refused(field, &format!("{size} is more than this server allows"))
            .hint(format!("choose a picture of at most {} pixels, such as {side}x{side}", self.pixels)))
    }
}

/// How many cutouts are judged at once, which affects the bytes of a picture. Workers on machines of different sizes would
/// choose different numbers, so it is fixed for all of them: the number that a worker with enough memory chooses.
fn fixed(batch: CutBatch, cutouts: usize) -> CutBatch {
    match batch {
        CutBatch::Auto => CutBatch::Count(cutouts.clamp(1, LARGEST_BATCH)),
        count @ CutBatch::Count(_) => count,
    }
}

/// Checks names that are known here only, so that what is wrong with them is said with their field.
fn check_names(overrides: &Overrides) -> Answer<()> {
    let wrong = |field: &'static str| move |error| Problem::from(error).field(field);
    overrides.drawer.as_ref().map(drawer::of).transpose().map_err(wrong("drawer"))?;
    let palette = overrides.palette.as_ref().and_then(OrNone::value);
    palette.map(|palette| Palette::load(palette)).transpose().map_err(wrong(PALETTE))?;
    Ok(())
}

/// The files made besides the PNG if a request does not name any: an MP4 of an animation, which a PNG cannot show.
fn usual_products(settings: &Settings) -> Vec<String> {
    if settings.length.is_some() { vec![MP4.option.to_owned()] } else { Vec::new() }
}

/// Checks that the picture can be shown by each kind of file.
fn check_products(products: &[String], settings: &Settings) -> Answer<()> {
    let wanted = KINDS.into_iter().filter(|kind| products.iter().any(|name| name == kind.option));
    for kind in wanted {
        (kind.check)(settings).map_err(|error| Problem::from(error).field(PRODUCTS))?;
    }
    Ok(())
}

/// A seed: random, or the same for the same key, because a request that is sent again must ask for the same picture.
fn seed(owner: &str, key: Option<&str>) -> Answer<Seed> {
    let mut bytes = [0; 8];
    match key {
        None => {
            let random = Id::random()?;
            bytes.copy_from_slice(&Sha256::digest(random.as_str())[..8]);
        }
        Some(key) => bytes.copy_from_slice(&Sha256::digest(format!("{owner}\0{key}"))[..8]),
    }
    // Programs in JavaScript read larger numbers as others.
    Ok(Seed(u64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))))
}

/// Checks the settings of the server's own configuration: they must not name files, which workers do not have.
///
/// # Errors
/// If they do.
pub(in crate::server) fn check_own(settings: &[Overrides]) -> crate::Result<()> {
    for layer in settings {
        let palette = layer.palette.as_ref().and_then(OrNone::value);
        let palette = palette.is_some_and(|palette| crate::palette::file_of(palette).is_some());
        let named = [
            ("init-image", layer.init_image.as_ref().is_some_and(|image| !image.is_none())),
            ("image-prompt", layer.image_prompt.is_some()),
            ("overlay", layer.overlay.as_ref().is_some_and(|overlay| !overlay.is_none())),
            ("mask", layer.mask.as_ref().and_then(OrNone::value).and_then(Mask::file).is_some()),
            (PALETTE, palette),
            (LOSS, layer.loss.iter().flatten().any(|loss| loss.file().is_some())),
        ];
        if let Some((option, _)) = named.into_iter().find(|(_, named)| *named) {
            return Err(crate::Error::usage(
                format!("the settings of the server name a file with ‹{option}›"),
                format!("remove ‹{option}› from the configuration and the environment of the server"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_gives_the_same_seed() {
        assert_eq!(seed("a", Some("k")), seed("a", Some("k")));
        assert_ne!(seed("a", Some("k")), seed("b", Some("k")));
        assert_ne!(seed("a", None), seed("a", None));
    }

    #[test]
    fn what_machines_would_decide_is_fixed() {
        assert_eq!(fixed(CutBatch::Auto, 4), CutBatch::Count(4));
        assert_eq!(fixed(CutBatch::Auto, 64), CutBatch::Count(16));
        assert_eq!(fixed(CutBatch::Count(32), 64), CutBatch::Count(32));
    }

    #[test]
    fn an_animation_is_a_film_if_nothing_else_is_said() {
        let settings = |json: &str| combine(&[serde_json::from_str(json).unwrap()]).unwrap();
        assert_eq!(usual_products(&settings(r#"{"prompt": "a", "length": 4}"#)), ["mp4"]);
        assert!(usual_products(&settings(r#"{"prompt": "a"}"#)).is_empty());
    }

    #[test]
    fn work_is_bounded() {
        let settings = |json: &str| combine(&[serde_json::from_str(json).unwrap()]).unwrap();
        let limits = Limits { pixels: 64 * 64, iterations: 10, cutouts: 4, ..Limits::default() };
        let base = |more: &str| {
            settings(&format!(r#"{{"prompt": "a", "size": "64x64", "iterations": 10, "cutouts": 4{more}}}"#))
        };
        let check = |limits: &Limits, more: &str| limits.check(&base(more), &[]);
        assert_eq!(check(&limits, ""), Ok(()));
        let smaller = Limits { iterations: 9, ..limits.clone() };
        assert!(serde_json::to_string(&check(&smaller, "").unwrap_err()).unwrap().contains(r#""iterations""#));
        assert!(check(&limits, r#", "drawer": "pixel", "pixel_size": "10x10", "pixel_zoom": 100"#).is_err());
        assert!(limits.check_pixels("size", Size { width: usize::MAX, height: 2 }).is_err());
    }

    #[test]
    fn everything_that_multiplies_work_is_counted() {
        let base = |more: &str| {
            let json = format!(r#"{{"prompt": "a", "size": "64x64", "cutouts": 4{more}}}"#);
            combine(&[serde_json::from_str(&json).unwrap()]).unwrap()
        };
        // The least limits that allow it, and one less.
        let at_least = |settings: &Settings, cutouts: usize, prompts: usize| {
            let limits = Limits { cutouts, prompts, ..Limits::default() };
            assert_eq!(limits.check(settings, &[]), Ok(()));
            assert!(Limits { cutouts: cutouts - 1, ..limits.clone() }.check(settings, &[]).is_err());
            assert!(Limits { prompts: prompts - 1, ..limits }.check(settings, &[]).is_err());
        };
        at_least(&base(""), 4, 1);
        at_least(&base(r#", "label": ["b", "c", "d"]"#), 4, 3);
        at_least(&base(r#", "mask": "left", "prompt_outside": "b | c""#), 8, 2);
        let images = vec![Weighted { value: "a.png".into(), weight: 1.0 }; 2];
        let recut = Settings { image_prompt: images.clone(), recut_images: Some(true), ..base("") };
        at_least(&recut, 12, 1);
        at_least(&Settings { image_prompt: images, ..base("") }, 4, 1);

        let proof = [TILE_PROOF.option.to_owned()];
        for (tile, pixels) in
            [("x", 2 * 64 * 64), ("y", 2 * 64 * 64), ("both", 4 * 64 * 64), ("half-drop", 4 * 64 * 64)]
        {
            let settings = base(&format!(r#", "tile": "{tile}""#));
            let limits = Limits { pixels, ..Limits::default() };
            assert_eq!(limits.check(&settings, &proof), Ok(()), "{tile}");
            let smaller = Limits { pixels: pixels - 1, ..limits };
            assert!(smaller.check(&settings, &proof).is_err() && smaller.check(&settings, &[]).is_ok(), "{tile}");
        }
    }

    #[test]
    fn the_servers_own_settings_name_no_files() {
        let own = |json: &str| check_own(&[serde_json::from_str(json).unwrap()]);
        assert!(own(r#"{"quality": "draft", "palette": "red->white\\8"}"#).is_ok());
        assert!(own(r#"{"loss": ["border=navy"]}"#).is_ok() && own(r#"{"loss": ["tv", "border=a.png"]}"#).is_err());
        assert!(own(r#"{"palette": "a.gpl"}"#).is_err() && own(r#"{"init_image": "a.png"}"#).is_err());
        assert!(own(r#"{"mask": "a.png"}"#).is_err() && own(r#"{"mask": "left"}"#).is_ok());
    }
}
