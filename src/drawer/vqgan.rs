//! The VQGAN drawer, whose parameters are the latent.

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};
use image::RgbImage;

use super::motion::{Motion, Remainder, with_colors_of};
use super::start::Start;
use super::{Blueprint, Drawer, Effort, INIT, Loaded, start};
use crate::device::bring;
use crate::frozen::{
    Border, ChannelAffine, Clamp, Filter, Homography, Memory, MemoryOf, Network, Padding, Repeat, SquareSum, Step,
    View, Warp,
};
use crate::models::embedded;
use crate::optimizer::ParameterGroup;
use crate::picture::{Size, Tile, to_values};
use crate::random::Stream;
use crate::settings::{Settings, StartNoise};
use crate::vqgan::{Bounds, Vqgan};
use crate::{Error, Result, picture};

/// The weight that keeps the latent of the embedded model close to the latent of its first picture: with 0.5, guidance
/// disfigures small things; with 1.5, it adds little (`weights/embedded/README.md`).
const PRIOR_HOLD: f64 = 1.0;

/// The motion that halves what the codes cannot show of a canvas, in codes. With 2, some of a slow motion is lost; without a
/// limit, pictures are no sharper.
const REACH: usize = 4;

/// The shortest side that a first pass can draw anything at, in pixels.
const SMALLEST_FIRST: usize = 32;

/// The blueprint of the VQGAN drawer.
pub(super) struct VqganBlueprint;

impl Blueprint for VqganBlueprint {
    fn name(&self) -> &'static str {
        "vqgan"
    }

    fn about(&self) -> &'static str {
        "draws with a VQGAN by optimizing its latent"
    }

    fn example(&self) -> Option<&'static str> {
        Some("examples/pictures/red-apple.png")
    }

    fn options(&self) -> &'static [&'static str] {
        &["vqgan", "hires", "init_image", "init_weight", "init_noise", "overlay", "overlay_every", "overlay_opacity"]
    }

    /// The embedded model stays close to the picture of its prior, whose shapes are better than those of guidance
    /// alone. The latents of other VQGANs have another scale, so they are left free.
    fn usual_init_weight(&self, vqgan: &str) -> f64 {
        if vqgan == embedded::NAME { PRIOR_HOLD } else { 0.0 }
    }

    fn vqgan<'a>(&self, settings: &'a Settings) -> Option<&'a str> {
        Some(&settings.vqgan)
    }

    fn work_size(&self, settings: &Settings, loaded: Loaded) -> Result<Size> {
        Ok(VqganDrawer::work_size(loaded.vqgan()?, settings.size, settings.tile))
    }

    fn check(&self, settings: &Settings) -> Result<()> {
        let first = settings.first_size();
        if settings.hires.is_some() && first.width.min(first.height) < SMALLEST_FIRST {
            let problem =
                format!("with ‹hires›, a {} picture is drawn at {first} first, which is too small", settings.size);
            return Err(Error::usage(problem, "lower ‹hires›, or choose a larger ‹size›"));
        }
        Ok(())
    }

    fn start_memory(&self, settings: &Settings, loaded: Loaded, of: MemoryOf) -> Result<u64> {
        let is_encoded = settings.init_image.is_some() || settings.hires.is_some() || settings.overlay.is_some();
        if !is_encoded && !settings.is_moving() && matches!(settings.init_noise, StartNoise::Codes) {
            return Ok(0);
        }
        let encoding =
            tiled(loaded.vqgan()?, settings.tile).encoding_memory(self.work_size(settings, loaded)?, of)?.peak;
        // The picture and the remainder of the canvas, both together before and after a motion, with the same as numbers.
        let moving = if settings.is_moving() && of == MemoryOf::Host { 96 * pixels(settings) } else { 0 };
        Ok(encoding.saturating_add(moving))
    }

    fn lasting_memory(&self, settings: &Settings, loaded: Loaded) -> Result<u64> {
        let lasting = tiled(loaded.vqgan()?, settings.tile).lasting_memory(self.work_size(settings, loaded)?)?;
        let remainder = if settings.is_moving() { 12 * pixels(settings) } else { 0 };
        Ok(lasting.saturating_add(remainder))
    }

    fn memory(&self, settings: &Settings, loaded: Loaded, recomputed: usize, of: MemoryOf) -> Result<Memory> {
        let size = self.work_size(settings, loaded)?;
        let Memory { kept, peak } =
            tiled(loaded.vqgan()?, settings.tile).decoding_memory(size, true, recomputed, of)?;
        // A picture that is resampled: with a margin, and its gradient twice, of three channels.
        let is_resampled = settings.tile.is_some() && size != settings.size;
        let resampled = if is_resampled { 48 * (size.width.saturating_mul(size.height)) as u64 } else { 0 };
        Ok(Memory { kept, peak: peak.max(kept.saturating_add(resampled)) })
    }

    /// The number of blocks of the decoder.
    fn blocks(&self, loaded: Loaded) -> usize {
        loaded.vqgan.map_or(0, |vqgan| vqgan.decoder(0).blocks())
    }

    fn effort(&self, settings: &Settings, loaded: Loaded) -> Result<Effort> {
        let (vqgan, size) = (tiled(loaded.vqgan()?, settings.tile), self.work_size(settings, loaded)?);
        Ok(Effort { operations: vqgan.decoding_operations(size)?, bytes: vqgan.decoding_traffic(size)? })
    }

    fn build(
        &self,
        settings: &Settings,
        loaded: Loaded,
        recomputed: usize,
        start: Start,
        device: &Device,
    ) -> Result<Box<dyn Drawer>> {
        let drawer = VqganDrawer::tiled(loaded.vqgan()?.clone(), settings.size, settings.tile, start, device)?;
        Ok(Box::new(drawer.recomputing(recomputed)))
    }

    fn in_words(&self, settings: &Settings) -> String {
        format!("VQGAN: {}", settings.vqgan)
    }
}

/// The number of pixels of a picture with these settings.
fn pixels(settings: &Settings) -> u64 {
    settings.size.width.saturating_mul(settings.size.height) as u64
}

/// The VQGAN as it draws pictures that are tiled, if they are.
fn tiled(vqgan: &Arc<Vqgan>, tile: Option<Tile>) -> Arc<Vqgan> {
    tile.map_or_else(|| vqgan.clone(), |tile| vqgan.tiled(tile))
}

/// Draws by optimizing the latent of a VQGAN.
pub struct VqganDrawer {
    vqgan: Arc<Vqgan>,
    decoder: Network,
    latent: Var,
    /// The range of the latent
    bounds: Bounds,
    /// Maps −1 .. 1 to 0 .. 1 and clamps
    finish: Network,
    /// The size of the part of what is drawn that becomes the picture
    shown: Size,
    work_size: Size,
    /// How the picture is tiled, if it is
    tile: Option<Tile>,
    /// Resamples that part to the size of the picture, if it has another
    resampling: Option<Network>,
    /// The weighted distance of the latent from its starting point, if it is kept close to it
    held: Option<Network>,
    /// The weight of that distance; 0 if it is not kept close
    weight: f64,
    /// The part of the last moved canvas that the codes lack
    remainder: Remainder,
}

impl VqganDrawer {
    /// Creates a drawer for a picture of this size, on a device.
    ///
    /// # Errors
    /// If the starting point cannot be encoded.
    pub fn new(vqgan: Arc<Vqgan>, size: Size, start: Start, device: &Device) -> Result<Self> {
        Self::tiled(vqgan, size, None, start, device)
    }

    /// Creates a drawer for a picture of this size that is tiled in this way. Its edges continue each other at every size:
    /// along an edge that has a copy beside it, all of what the VQGAN draws becomes the picture, resampled to its size. A
    /// picture to start from should be tiled as well.
    ///
    /// # Errors
    /// If the starting point cannot be encoded.
    pub fn tiled(vqgan: Arc<Vqgan>, size: Size, tile: Option<Tile>, start: Start, device: &Device) -> Result<Self> {
        let work_size = Self::work_size(&vqgan, size, tile);
        let vqgan = match tile {
            Some(tile) => vqgan.tiled(tile),
            None => vqgan,
        };
        let shown = shown(size, work_size, tile);
        let factor = vqgan.config().factor();
        let (rows, columns) = (work_size.height / factor, work_size.width / factor);
        let mut weight = 0.0;
        let codes = match start {
            Start::Picture(image, hold) => {
                weight = hold;
                codes_of(&vqgan, picture::cover(image, size)?, (shown, work_size), tile, device)?
            }
            Start::Noise(StartNoise::Codes, stream) => {
                let codes = vqgan.codebook().codes();
                let draw = |_| u32::try_from(stream.below(codes)).unwrap_or(0);
                (0..rows * columns).map(draw).collect()
            }
            Start::Noise(noise, stream) => {
                let values = start::picture(noise, work_size, tile, stream);
                let shape = (1, 3, work_size.height, work_size.width);
                vqgan.quantize(&vqgan.encode(&Tensor::from_vec(values, shape, device)?)?)?
            }
        };
        let latent = vqgan.lookup(&codes, rows, columns)?;
        let held = if weight > 0.0 {
            let start = latent.flatten_all()?.to_vec1()?;
            Some(Network::of(SquareSum::mean_from(start, weight)))
        } else {
            None
        };
        let latent = latent.to_device(device)?;
        let bounds = vqgan.codebook().bounds(&latent)?;
        let finish = Network::new(vec![
            Step::layer(ChannelAffine::new(vec![0.5; 3], vec![0.5; 3])),
            Step::layer(Clamp { minimum: 0.0, maximum: 1.0 }),
        ]);
        let decoder = vqgan.decoder(0);
        let resampling = tile.filter(|_| shown != size).map(|tile| resampling(tile, shown, size));
        let latent = Var::from_tensor(&latent)?;
        #[allow(clippy::cast_precision_loss)]
        let remainder = Remainder::new((REACH * factor) as f64);
        Ok(Self { vqgan, decoder, latent, bounds, finish, shown, work_size, tile, resampling, held, weight, remainder })
    }

    /// This drawer, but with `blocks` blocks of its decoder computed twice, which saves memory and takes more time
    /// ([`Network::recomputing`]).
    #[must_use]
    pub fn recomputing(self, blocks: usize) -> Self {
        Self { decoder: self.vqgan.decoder(blocks), ..self }
    }

    /// The place of what is shown in what is drawn: the columns left of it, and the rows above it. The smaller part of an odd
    /// surplus is on the left and at the top.
    fn place(&self) -> (usize, usize) {
        ((self.work_size.width - self.shown.width) / 2, (self.work_size.height - self.shown.height) / 2)
    }

    /// The smallest size that the VQGAN can draw and that holds the picture. If copies are half a picture lower, half of
    /// its height is a whole number of codes.
    #[must_use]
    pub fn work_size(vqgan: &Vqgan, size: Size, tile: Option<Tile>) -> Size {
        let factor = vqgan.config().factor();
        let rows = if tile == Some(Tile::HalfDrop) { 2 * factor } else { factor };
        Size { width: size.width.next_multiple_of(factor), height: size.height.next_multiple_of(rows) }
    }
}

/// The part of what is drawn that becomes the picture: all of it along edges that continue each other.
fn shown(size: Size, work_size: Size, tile: Option<Tile>) -> Size {
    Size {
        width: if tile.is_some_and(Tile::wraps_across) { work_size.width } else { size.width },
        height: if tile.is_some_and(Tile::wraps_down) { work_size.height } else { size.height },
    }
}

/// Resamples a picture between its copies.
#[allow(clippy::cast_precision_loss)]
fn resampling(tile: Tile, from: Size, to: Size) -> Network {
    // A sample lies between the centers of two pixels, of which one may belong to a copy.
    let wide = tile.widened(from, 1);
    let share = |side: usize, wide: usize| side as f64 / wide as f64;
    let (across, down) = (share(from.width, wide.width), share(from.height, wide.height));
    let matrix = Homography([across, 0.0, 0.0, 0.0, down, 0.0, 0.0, 0.0, 1.0]);
    let view = View { matrix, border: Border::Edge };
    Network::new(vec![
        Step::layer(Repeat::around(tile, Padding::uniform(1))),
        Step::layer(Warp::new(vec![view], (to.height, to.width), Filter::Area)),
    ])
}

impl VqganDrawer {
    /// The picture of a latent.
    fn picture_of(&self, latent: &Tensor) -> Result<Tensor> {
        let latent = self.vqgan.codebook().straight_through(latent)?;
        let picture = self.finish.forward(&self.decoder.forward(&latent)?)?;
        let picture = if self.shown == self.work_size {
            picture
        } else {
            // The middle is shown.
            let (left, top) = self.place();
            picture.narrow(2, top, self.shown.height)?.narrow(3, left, self.shown.width)?.contiguous()?
        };
        match &self.resampling {
            Some(resampling) => Ok(resampling.forward(&picture)?),
            None => Ok(picture),
        }
    }

    /// The latent of a picture of the size that is shown, whose edges are extended to the size that the VQGAN works at.
    fn latent_of(&self, picture: &Tensor) -> Result<Tensor> {
        let (left, top) = self.place();
        let (_, _, rows, columns) = self.latent.dims4()?;
        let (right, bottom) =
            (self.work_size.width - self.shown.width - left, self.work_size.height - self.shown.height - top);
        let mut picture = picture.clone();
        if (left, top, right, bottom) != (0, 0, 0, 0) {
            picture = picture.pad_with_same(2, top, bottom)?.pad_with_same(3, left, right)?.contiguous()?;
        }
        let codes = self.vqgan.quantize(&self.vqgan.encode(&picture)?)?;
        Ok(self.vqgan.lookup(&codes, rows, columns)?.to_device(self.latent.device())?)
    }
}

impl Drawer for VqganDrawer {
    fn draw(&self) -> Result<Tensor> {
        self.picture_of(&self.latent)
    }

    fn parameter_groups(&self) -> Vec<ParameterGroup> {
        vec![ParameterGroup::new(vec![self.latent.clone()])]
    }

    fn constrain(&self) -> Result<()> {
        Ok(self.latent.set(&self.bounds.clamp(&self.latent)?)?)
    }

    /// Encodes the picture, and takes the latent where the picture is touched. Elsewhere it stays, since encoding again would
    /// blur the picture.
    fn repaint(&self, picture: RgbImage, touched: &[bool]) -> Result<()> {
        let (_, channels, rows, columns) = self.latent.dims4()?;
        let size = Size::of(&picture);
        let codes = codes_of(&self.vqgan, picture, (self.shown, self.work_size), self.tile, self.latent.device())?;
        let painted = self.vqgan.lookup(&codes, rows, columns)?.flatten_all()?.to_vec1::<f32>()?;
        let (left, top) = self.place();
        let factor = self.vqgan.config().factor();
        // A pixel of a picture that was resampled is part of one or several of those that the VQGAN drew.
        let codes_at = |at: usize, side: usize, shown: usize, before: usize| {
            let (first, end) = (at * shown / side, ((at + 1) * shown).div_ceil(side));
            (first + before) / factor..(end + before).div_ceil(factor)
        };
        let mut is_touched = vec![false; rows * columns];
        for (at, _) in touched.iter().enumerate().filter(|(_, touched)| **touched) {
            for row in codes_at(at / size.width, size.height, self.shown.height, top) {
                for column in codes_at(at % size.width, size.width, self.shown.width, left) {
                    is_touched[row * columns + column] = true;
                }
            }
        }
        let mut values = self.latent.as_detached_tensor().flatten_all()?.to_vec1::<f32>()?;
        for channel in 0..channels {
            let plane = channel * rows * columns;
            for at in (0..rows * columns).filter(|at| is_touched[*at]) {
                values[plane + at] = painted[plane + at];
            }
        }
        Ok(self.latent.set(&Tensor::from_vec(values, self.latent.shape(), self.latent.device())?)?)
    }

    /// Encodes the moved canvas without changing its colors, and keeps the part that the codes lack.
    fn move_canvas(&mut self, motion: &Motion, _: &mut Stream) -> Result<()> {
        if motion.is_none() {
            return Ok(());
        }
        let device = self.latent.device().clone();
        let picture = bring(&self.picture_of(&self.latent.as_detached_tensor())?.detach())?;
        let canvas = self.remainder.moved(&picture, motion)?;
        let encode = |picture: &Tensor| self.latent_of(&picture.to_device(&device)?);
        let decode = |latent: &Tensor| bring(&self.picture_of(latent)?.detach());
        let (latent, shown) = with_colors_of(&canvas, encode, decode)?;
        self.latent.set(&self.bounds.clamp(&latent)?)?;
        self.remainder.keep(&canvas, &shown)
    }

    fn remainder(&self) -> Option<&Tensor> {
        self.remainder.left()
    }

    fn restore_remainder(&mut self, remainder: Option<Tensor>) -> Result<()> {
        let expected = [1, 3, self.shown.height, self.shown.width];
        if remainder.as_ref().is_some_and(|remainder| remainder.dims() != expected) {
            return Err(Error::fault("the remainder of a motion has another size than the picture"));
        }
        self.remainder.restore(remainder);
        Ok(())
    }

    fn hold_here(&mut self) -> Result<()> {
        if self.weight > 0.0 {
            let start = bring(&self.latent.as_detached_tensor())?.flatten_all()?.to_vec1()?;
            self.held = Some(Network::of(SquareSum::mean_from(start, self.weight)));
        }
        Ok(())
    }

    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        let Some(held) = &self.held else { return Ok(Vec::new()) };
        Ok(vec![(INIT, held.forward(&self.latent)?)])
    }
}

/// The codes of a picture, resampled to the size that is shown, whose edges are then extended to the size that the VQGAN
/// works at.
fn codes_of(
    vqgan: &Vqgan,
    mut image: RgbImage,
    (shown, work_size): (Size, Size),
    tile: Option<Tile>,
    device: &Device,
) -> Result<Vec<u32>> {
    if shown != Size::of(&image) {
        image = picture::lanczos_tiled(&image, shown, tile)?;
    }
    let image = picture::pad_to(&image, work_size);
    let shape = (1, 3, work_size.height, work_size.width);
    vqgan.quantize(&vqgan.encode(&Tensor::from_vec(to_values(&image, 3), shape, device)?)?)
}
