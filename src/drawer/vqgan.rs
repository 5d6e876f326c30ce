//! The VQGAN drawer, whose parameters are the latent.

use std::sync::Arc;

use candle_core::{Device, Tensor, Var};

use super::start::Start;
use super::{Blueprint, Drawer, Effort, Loaded, start};
use crate::frozen::{ChannelAffine, Clamp, Memory, MemoryOf, Network, SquareSum, Step};
use crate::models::embedded;
use crate::optimizer::ParameterGroup;
use crate::picture::{Size, to_values};
use crate::settings::{Settings, StartNoise};
use crate::vqgan::{Bounds, Vqgan};
use crate::{Result, picture};

/// The weight that keeps the latent of the embedded model close to the latent of its first picture: with 0.5, guidance
/// disfigures small things; with 1.5, it adds little (`weights/embedded/README.md`).
const PRIOR_HOLD: f64 = 1.0;

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
        &["vqgan", "init_image", "init_weight", "init_noise"]
    }

    /// The embedded model stays close to the picture of its prior, whose shapes are better than those of guidance
    /// alone. The latents of other VQGANs have another scale, so they are left free.
    fn usual_init_weight(&self, vqgan: &str) -> f64 {
        if vqgan == embedded::NAME { PRIOR_HOLD } else { 0.0 }
    }

    fn vqgan<'a>(&self, settings: &'a Settings) -> Option<&'a str> {
        Some(&settings.vqgan)
    }

    fn work_size(&self, size: Size, loaded: Loaded) -> Result<Size> {
        Ok(VqganDrawer::work_size(loaded.vqgan()?, size))
    }

    fn start_memory(&self, settings: &Settings, loaded: Loaded, of: MemoryOf) -> Result<u64> {
        if settings.init_image.is_none() && matches!(settings.init_noise, StartNoise::Codes) {
            return Ok(0);
        }
        Ok(loaded.vqgan()?.encoding_memory(self.work_size(settings.size, loaded)?, of)?.peak)
    }

    fn lasting_memory(&self, settings: &Settings, loaded: Loaded) -> Result<u64> {
        loaded.vqgan()?.lasting_memory(self.work_size(settings.size, loaded)?)
    }

    fn memory(&self, settings: &Settings, loaded: Loaded, recomputed: usize, of: MemoryOf) -> Result<Memory> {
        loaded.vqgan()?.decoding_memory(self.work_size(settings.size, loaded)?, true, recomputed, of)
    }

    /// The number of blocks of the decoder.
    fn blocks(&self, loaded: Loaded) -> usize {
        loaded.vqgan.map_or(0, |vqgan| vqgan.decoder(0).blocks())
    }

    fn effort(&self, settings: &Settings, loaded: Loaded) -> Result<Effort> {
        let (vqgan, size) = (loaded.vqgan()?, self.work_size(settings.size, loaded)?);
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
        let drawer = VqganDrawer::new(loaded.vqgan()?.clone(), settings.size, start, device)?;
        Ok(Box::new(drawer.recomputing(recomputed)))
    }

    fn in_words(&self, settings: &Settings) -> String {
        format!("VQGAN: {}", settings.vqgan)
    }
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
    size: Size,
    work_size: Size,
    /// The weighted distance of the latent from its starting point, if it is kept close to it
    held: Option<Network>,
}

impl VqganDrawer {
    /// Creates a drawer for a picture of this size, on a device.
    ///
    /// # Errors
    /// If the starting point cannot be encoded.
    pub fn new(vqgan: Arc<Vqgan>, size: Size, start: Start, device: &Device) -> Result<Self> {
        let work_size = Self::work_size(&vqgan, size);
        let factor = vqgan.config().factor();
        let (rows, columns) = (work_size.height / factor, work_size.width / factor);
        let mut weight = 0.0;
        let codes = match start {
            Start::Picture(image, hold) => {
                weight = hold;
                let image = picture::pad_to(&picture::cover(image, size)?, work_size);
                let shape = (1, 3, work_size.height, work_size.width);
                vqgan.quantize(&vqgan.encode(&Tensor::from_vec(to_values(&image, 3), shape, device)?)?)?
            }
            Start::Noise(StartNoise::Codes, stream) => {
                let codes = vqgan.codebook().codes();
                let draw = |_| u32::try_from(stream.below(codes)).unwrap_or(0);
                (0..rows * columns).map(draw).collect()
            }
            Start::Noise(noise, stream) => {
                let values = start::picture(noise, work_size, stream);
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
        Ok(Self { latent: Var::from_tensor(&latent)?, bounds, decoder, finish, vqgan, size, work_size, held })
    }

    /// This drawer, but with `blocks` blocks of its decoder computed twice, which saves memory and takes more time
    /// ([`Network::recomputing`]).
    #[must_use]
    pub fn recomputing(self, blocks: usize) -> Self {
        Self { decoder: self.vqgan.decoder(blocks), ..self }
    }

    /// The smallest size that the VQGAN can draw and that holds the picture.
    #[must_use]
    pub fn work_size(vqgan: &Vqgan, size: Size) -> Size {
        let factor = vqgan.config().factor();
        Size { width: size.width.next_multiple_of(factor), height: size.height.next_multiple_of(factor) }
    }
}

impl Drawer for VqganDrawer {
    fn draw(&self) -> Result<Tensor> {
        let latent = self.vqgan.codebook().straight_through(&self.latent)?;
        let picture = self.finish.forward(&self.decoder.forward(&latent)?)?;
        if self.size == self.work_size {
            return Ok(picture);
        }
        // The middle is delivered; the smaller part of an odd surplus is on the left and at the top.
        let top = (self.work_size.height - self.size.height) / 2;
        let left = (self.work_size.width - self.size.width) / 2;
        Ok(picture.narrow(2, top, self.size.height)?.narrow(3, left, self.size.width)?.contiguous()?)
    }

    fn parameter_groups(&self) -> Vec<ParameterGroup> {
        vec![ParameterGroup::new(vec![self.latent.clone()])]
    }

    fn constrain(&self) -> Result<()> {
        Ok(self.latent.set(&self.bounds.clamp(&self.latent)?)?)
    }

    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        let Some(held) = &self.held else { return Ok(Vec::new()) };
        Ok(vec![("init", held.forward(&self.latent)?)])
    }
}
