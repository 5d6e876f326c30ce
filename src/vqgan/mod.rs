//! VQGAN: pictures from a grid of codebook vectors, and back (Esser et al., 2021).

mod blocks;
mod codebook;
mod config;
mod decoder;
mod encoder;
mod names;

use candle_core::{Device, Tensor};

pub use codebook::{Bounds, Codebook};
pub use config::{Config, Layout};

use crate::frozen::{Algorithms, Memory, MemoryOf, Network, Step, Window};
use crate::models::{ModelFiles, Weights};
use crate::picture::Size;
use crate::{Error, Result};
use blocks::convolution;

/// A VQGAN with frozen weights.
pub struct Vqgan {
    config: Config,
    /// Up to the codebook
    encoder: Network,
    codebook: Codebook,
    /// From the codebook on
    decoder: Network,
    bytes: u64,
}

impl Vqgan {
    /// Reads a VQGAN in taming-transformers', flax's or diffusers' layout.
    ///
    /// # Errors
    /// Where the configuration cannot be used or the weights do not fit it.
    pub fn load(files: &ModelFiles) -> Result<Self> {
        Self::load_by(files, Algorithms::ByShape)
    }

    /// The same, with its decoder's convolutions served by these algorithms.
    ///
    /// # Errors
    /// As [`Vqgan::load`].
    pub fn load_by(files: &ModelFiles, algorithms: Algorithms) -> Result<Self> {
        let config = Config::read(&files.config)?;
        let names = names::Names::of(&config, &files.weights);
        let parts = |name: &str| names.parts(name);
        let ignored = |name: &str| names.is_ignored(name);
        Weights::build(&files.weights, &parts, &ignored, |weights| Self::build(config.clone(), weights, algorithms))
    }

    /// A VQGAN of random weights, to measure with.
    ///
    /// # Errors
    /// Where the configuration describes no network.
    pub fn random(config: Config, seed: u64) -> Result<Self> {
        Weights::random(seed, |weights| Self::build(config, weights, Algorithms::ByShape))
    }

    fn build(config: Config, weights: &Weights, algorithms: Algorithms) -> Result<Self> {
        let (latent, dim) = (config.latent_channels, config.embedding_dim);
        let mut encoder = encoder::encoder(weights, &config)?;
        encoder.push(Step::layer(convolution(weights, "quant_conv", latent, dim, Window::same(1))?));
        let mut decoder = vec![Step::layer(convolution(weights, "post_quant_conv", dim, latent, Window::same(1))?)];
        decoder.extend(decoder::decoder(weights, &config, algorithms)?);
        Ok(Self {
            encoder: Network::new(encoder),
            codebook: Codebook::load(weights, &config)?,
            decoder: Network::new(decoder),
            bytes: weights.bytes(),
            config,
        })
    }

    /// How many bytes of memory its weights take; on a GPU those of what was counted there before, as what is not used
    /// does not come there.
    #[must_use]
    pub fn weight_memory(&self, of: MemoryOf) -> u64 {
        match of {
            MemoryOf::Host => self.bytes,
            MemoryOf::Gpu(_) => {
                let networks = [&self.encoder, &self.decoder, self.codebook.network()];
                networks.into_iter().map(Network::resident_memory).sum()
            }
        }
    }

    /// The model's dimensions.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model's codebook.
    #[must_use]
    pub fn codebook(&self) -> &Codebook {
        &self.codebook
    }

    /// The latent of a picture, before the nearest codes are taken: `[1, 3, H, W]` with values from
    /// 0 to 1 to `[1, embedding, H/f, W/f]`. Both sides must be multiples of the factor f.
    ///
    /// # Errors
    /// Where the sides are no such multiples.
    pub fn encode(&self, picture: &Tensor) -> Result<Tensor> {
        let factor = self.config.factor();
        let (_, _, height, width) = picture.dims4()?;
        if !height.is_multiple_of(factor) || !width.is_multiple_of(factor) {
            return Err(Error::usage(
                format!("a picture of {width}x{height} pixels cannot be encoded"),
                format!("both sides must be multiples of {factor} for this VQGAN"),
            ));
        }
        Ok(self.encoder.forward(&picture.affine(2.0, -1.0)?)?)
    }

    /// The codes that stand for an encoded picture: the nearest ones, or for a Gumbel codebook those
    /// it rates highest. One for each position, row by row.
    ///
    /// # Errors
    /// Where the latent has not the codebook's channels.
    pub fn quantize(&self, encoded: &Tensor) -> Result<Vec<u32>> {
        self.codebook.quantize(encoded)
    }

    /// The picture of a latent of codebook vectors: `[1, embedding, h, w]` to `[1, 3, h·f, w·f]`
    /// with values around −1 to 1, not clamped.
    ///
    /// # Errors
    /// Where the latent has not the codebook's channels.
    pub fn decode(&self, latent: &Tensor) -> Result<Tensor> {
        Ok(self.decoder.forward(latent)?)
    }

    /// What [`Vqgan::decode`] runs; with its gradient, it keeps less of so many blocks
    /// ([`Network::recomputing`]).
    #[must_use]
    pub fn decoder(&self, recomputed: usize) -> Network {
        self.decoder.recomputing(recomputed)
    }

    /// About how much memory encoding a picture of this size takes.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn encoding_memory(&self, size: Size, of: MemoryOf) -> Result<Memory> {
        Ok(self.encoder.memory(&[1, 3, size.height, size.width], false, of)?)
    }

    /// About how much memory drawing a picture of this size takes; with the gradient of its latent where
    /// that is tracked.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn decoding_memory(&self, size: Size, tracked: bool, recomputed: usize, of: MemoryOf) -> Result<Memory> {
        let latent = self.latent_shape(size);
        let nearest = self.codebook.network().memory(&latent, false, of)?.peak;
        let Memory { kept, peak } = self.decoder(recomputed).memory(&latent, tracked, of)?;
        Ok(Memory { kept, peak: peak.max(nearest) })
    }

    /// How many bytes of memory drawing pictures of this size makes once and keeps, beside the weights.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn lasting_memory(&self, size: Size) -> Result<u64> {
        Ok(self.decoder.lasting_memory(&self.latent_shape(size))?)
    }

    /// Floating-point operations of the matrix products that draw a picture of this size.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn decoding_operations(&self, size: Size) -> Result<u64> {
        Ok(self.decoder.operations(&self.latent_shape(size))?)
    }

    /// Bytes that drawing a picture of this size reads and writes at least ([`Network::traffic`]).
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn decoding_traffic(&self, size: Size) -> Result<u64> {
        Ok(self.decoder.traffic(&self.latent_shape(size))?)
    }

    /// `[1, dim, height, width]` of the latent of a picture of this size.
    fn latent_shape(&self, size: Size) -> [usize; 4] {
        let factor = self.config.factor();
        [1, self.config.embedding_dim, size.height.div_ceil(factor), size.width.div_ceil(factor)]
    }

    /// The latent of codes that stand row by row in a grid of `height` x `width`.
    ///
    /// # Errors
    /// Where the number of codes is another, or a code is not in the codebook.
    pub fn lookup(&self, codes: &[u32], height: usize, width: usize) -> Result<Tensor> {
        self.codebook.lookup(codes, height, width, &Device::Cpu)
    }
}
