//! Masks: which part of a picture follows which prompts, and what happens to the rest of it.

mod distance;
mod kept;
mod matte;
mod surroundings;

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::RgbImage;

pub(in crate::session) use matte::Matte;
pub use surroundings::Surroundings;

use kept::Kept;
use matte::Shape;

use super::Session;
use crate::drawer::Drawer;
use crate::judge::{Area, Judge, Part, Reach};
use crate::picture::{self, Size};
use crate::settings::{Mask, Settings};
use crate::{Error, Result};

/// How much the proportions of a mask and of an init image may differ before they are cropped differently.
const SAME_SHAPE: f64 = 0.01;

/// The mask of a run at the sizes that it is drawn and delivered at, in host memory.
pub(super) struct Masks {
    /// At the size of each pass, the first pass first
    passes: Vec<Pass>,
    /// What is around the inside of the enlarged picture; none if it is not enlarged, or by repeating its pixels
    enlarged: Option<Arc<Surroundings>>,
}

/// A mask at the size of a pass.
struct Pass {
    matte: Matte,
    /// What is around the inside if the picture is inpainted
    surroundings: Option<Arc<Surroundings>>,
}

impl Masks {
    /// Reads the mask of a run whose first pass draws at a size; none if the run has none. `init` is the init image as it
    /// was read. `warn` receives a warning for the user.
    ///
    /// # Errors
    /// If the mask cannot be read, or if nothing is inside, or nothing outside although there are prompts for it.
    pub(super) fn read(
        settings: &Settings,
        first: Size,
        init: Option<&RgbImage>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Option<Self>> {
        let Some(mask) = &settings.mask else { return Ok(None) };
        let shape = match mask {
            Mask::Side(side, share) => Shape::Side(*side, *share),
            Mask::File(path) => Shape::Picture(picture::read_mask(Path::new(path))?),
        };
        let init = init.filter(|_| settings.is_inpainted());
        if let (Shape::Picture(mask), Some(init)) = (&shape, init) {
            warn_of_shapes(mask, init, warn);
        }
        // The edge is as wide beside the picture at every size.
        #[allow(clippy::cast_precision_loss)]
        let feather = |size: Size| {
            settings.mask_feather.unwrap_or_default() as f64 * size.width as f64 / settings.size.width.max(1) as f64
        };
        let surroundings = |matte: &Matte| {
            init.map(|init| Surroundings::new(init, matte, feather(matte.size)).map(Arc::new)).transpose()
        };
        let pass = |size: Size| {
            let matte = Matte::new(&shape, size)?;
            Ok::<_, Error>(Pass { surroundings: surroundings(&matte)?, matte })
        };
        let mut passes = vec![pass(settings.size)?];
        check(mask, &passes[0].matte, settings)?;
        if first != settings.size {
            passes.insert(0, pass(first)?);
        }
        let is_resampled = settings.upscale.is_some() && !settings.keeps_pixels() && init.is_some();
        let enlarged = is_resampled.then(|| surroundings(&Matte::new(&shape, settings.upscaled_size())?));
        Ok(Some(Self { passes, enlarged: enlarged.transpose()?.flatten() }))
    }

    /// The mask at the size of the first pass.
    pub(super) fn first(&self) -> &Matte {
        &self.passes[0].matte
    }

    /// What is around the inside of the picture at its size; none if all of it is drawn.
    pub(super) fn surroundings(&self) -> Option<&Surroundings> {
        self.passes.last()?.surroundings.as_deref()
    }

    /// What is around the inside of the enlarged picture; none if the picture has it before it is enlarged.
    pub(super) fn enlarged(&self) -> Option<Arc<Surroundings>> {
        self.enlarged.clone()
    }

    /// What the mask does to pictures that a drawer draws for these settings, which are those of a pass, on a device.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn masking(&self, settings: &Settings, drawer: &dyn Drawer, device: &Device) -> Result<Masking> {
        let pass = self.passes.iter().find(|pass| pass.matte.size == settings.size);
        let Pass { matte, surroundings } = pass.ok_or_else(|| Error::fault("there is no mask of this size"))?;
        let inside = matte.seen(matte.inside());
        if settings.prompt_outside.is_some() {
            let outside = matte.seen(matte.outside());
            let others: Vec<f32> = matte.values.iter().map(|value| 1.0 - value).collect();
            let area = |part: Part, shares: &[f32]| {
                Ok::<_, Error>(Area { part, weights: Some(shares_of(part, shares, matte.size, device)?) })
            };
            let (inside, outside) = (area(inside, &matte.values)?, area(outside, &others)?);
            return Ok(Masking { inside, outside: Some(outside), kept: None });
        }
        let kept = match surroundings {
            Some(surroundings) => Kept::as_in(surroundings, matte, if settings.transparent { 4 } else { 3 }, device)?,
            None => Kept::as_drawn(matte, drawer.draw()?.detach())?,
        };
        // What is kept limits what follows all judges.
        Ok(Masking { inside: Area { part: inside, weights: None }, outside: None, kept: Some(kept) })
    }
}

/// What a mask does to the pictures of a pass.
pub(super) struct Masking {
    inside: Area,
    outside: Option<Area>,
    /// What keeps the outside, if no prompts act on it
    kept: Option<Kept>,
}

impl Masking {
    /// What a perceptor with such cutouts sees and moves; none if that is all of the picture.
    pub(super) fn area(&self, reach: Reach) -> Option<Area> {
        match reach {
            Reach::All => Some(self.inside.clone()),
            Reach::Outside => self.outside.clone(),
            Reach::Details => None,
        }
    }

    /// What judges see of what is visible of a picture, `[1, 3, height, width]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn seen(&self, visible: Tensor) -> Result<Tensor> {
        self.kept.as_ref().map_or(Ok(visible.clone()), |kept| kept.seen(visible))
    }

    /// The loss that keeps the outside of a detached picture, if it is kept, and the gradient with respect to the picture,
    /// from that of its judges.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn hold(&self, picture: &Tensor, gradient: Tensor) -> Result<(Option<Tensor>, Tensor)> {
        let Some(kept) = &self.kept else { return Ok((None, gradient)) };
        let (loss, gradient) = kept.hold(picture, &gradient)?;
        Ok((Some(loss), gradient))
    }
}

impl Session {
    /// What judges see of what is visible of a picture, `[1, 3, height, width]`: with a mask, maybe in its surroundings.
    pub(super) fn masked(&self, visible: Tensor) -> Result<Tensor> {
        match &self.masking {
            Some(masking) => masking.seen(visible),
            None => Ok(visible),
        }
    }
}

/// The memory that a mask takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// During the whole run, in bytes
    pub(super) lasting: u64,
    /// While the mask is prepared, in bytes
    pub(super) starting: u64,
    /// While the picture is enlarged, in bytes
    pub(super) enlarging: u64,
}

/// The memory that the mask of a run takes, if it has one.
pub(super) fn memory(settings: &Settings) -> Memory {
    if settings.mask.is_none() {
        return Memory::default();
    }
    let pixels = |size: Size| (size.width as u64).saturating_mul(size.height as u64);
    let (drawn, enlarged) = (pixels(settings.size), pixels(settings.upscaled_size()));
    // The mask; for each side what judges see of it and its gradient twice, or what keeps the outside and what comes of
    // it in an iteration (`Kept`): three tensors that stay and five that come and go have the picture's channels.
    let kept = if settings.transparent { 4 + 176 } else { 4 + 144 };
    let each = if settings.prompt_outside.is_some() { 4 + 2 * 36 } else { kept };
    // The init image and how far it is seen.
    let around = if settings.is_inpainted() && settings.upscale.is_some() { 7 } else { 0 };
    Memory {
        lasting: drawn.saturating_mul(each).saturating_add(enlarged.saturating_mul(around)),
        // The distances from the outside, as squares and as roots, and whether a pixel is outside.
        starting: if around > 0 { enlarged } else { drawn }.saturating_mul(8 + 4 + 1 + 8),
        enlarging: if around > 0 { enlarged.saturating_mul(16) } else { 0 },
    }
}

/// The shares of a part, once for each color: `[1, 3, height, width]`.
fn shares_of(part: Part, shares: &[f32], size: Size, device: &Device) -> Result<Tensor> {
    let Part { left, top, width, height } = part;
    let rows = shares.chunks_exact(size.width).skip(top).take(height);
    let once: Vec<f32> = rows.flat_map(|row| row[left..left + width].iter().copied()).collect();
    let count = once.len();
    let three: Vec<f32> = once.into_iter().cycle().take(3 * count).collect();
    Ok(Tensor::from_vec(three, (1, 3, height, width), device)?)
}

/// Checks that prompts have something to act on.
fn check(mask: &Mask, matte: &Matte, settings: &Settings) -> Result<()> {
    let problem = if !matte.has_inside() {
        ("nothing is inside the mask", "paint white what the prompts are to change")
    } else if settings.prompt_outside.is_some() && !matte.has_outside() {
        ("nothing is outside the mask", "paint black what ‹prompt-outside› is to change, or leave that option out")
    } else {
        return Ok(());
    };
    let (problem, hint) = problem;
    match mask.file() {
        Some(path) => Err(Error::file(path, problem, hint)),
        None => {
            Err(Error::usage(format!("{problem} {mask}"), "choose another share of the picture, or a larger ‹size›"))
        }
    }
}

/// Warns if a mask does not have the shape of the init image: both are cropped to that of the picture.
fn warn_of_shapes(mask: &RgbImage, init: &RgbImage, warn: &mut dyn FnMut(String)) {
    let ratio = |picture: &RgbImage| f64::from(picture.width()) / f64::from(picture.height().max(1));
    if (ratio(mask) / ratio(init) - 1.0).abs() > SAME_SHAPE {
        warn(format!(
            "the mask has {} pixels and the init image {}: each is cropped to the shape of the picture, so they may \
             not line up",
            Size::of(mask),
            Size::of(init)
        ));
    }
}

/// Limits each perceptor to what it sees and moves with a mask.
pub(super) fn limit(judge: &mut Judge, masking: Option<&Masking>) {
    for perceptor in &mut judge.perceptors {
        let area = masking.and_then(|masking| masking.area(perceptor.cutouts().reach));
        perceptor.set_area(area);
    }
}
