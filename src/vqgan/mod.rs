//! VQGAN: turns a grid of codebook vectors into a picture, and back (Esser et al., 2021).

mod blocks;
mod codebook;
mod config;
mod decoder;
mod encoder;
mod names;

use std::sync::{Arc, OnceLock};

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

pub use codebook::{Bounds, Codebook};
pub use config::{Config, Layout};

use crate::frozen::{Algorithms, Memory, MemoryOf, Network, Step, Window};
use crate::models::{ModelFiles, Weights};
use crate::picture::{Size, Tile};
use crate::{Error, Result};
use blocks::convolution;

/// A VQGAN with frozen weights.
pub struct Vqgan {
    config: Config,
    /// Up to the codebook
    encoder: Network,
    codebook: Arc<Codebook>,
    /// From the codebook on
    decoder: Network,
    bytes: u64,
    /// The same for pictures that are tiled, by the way to tile, once one is drawn. They are kept because the layers that
    /// copy pictures are known by their addresses on a GPU.
    tiled: [OnceLock<Arc<Vqgan>>; Tile::ALL.len()],
}

impl Vqgan {
    /// Reads a VQGAN in taming-transformers', flax's or diffusers' layout.
    ///
    /// # Errors
    /// If the configuration cannot be used or the weights do not fit it.
    pub fn load(files: &ModelFiles) -> Result<Self> {
        Self::load_by(files, Algorithms::ByShape)
    }

    /// Reads a VQGAN like [`Vqgan::load`], with specific algorithms for the decoder's convolutions.
    ///
    /// # Errors
    /// As for [`Vqgan::load`].
    pub fn load_by(files: &ModelFiles, algorithms: Algorithms) -> Result<Self> {
        let config = Config::read(&files.config)?;
        let names = names::Names::of(&config, &files.weights);
        let parts = |name: &str| names.parts(name);
        let ignored = |name: &str| names.is_ignored(name);
        let ((encoder, codebook, decoder), bytes) =
            Weights::build(&files.weights, &parts, &ignored, |builder| networks(&builder, &config, algorithms))?;
        Ok(Self::of(config, (encoder, Arc::new(codebook), decoder), bytes))
    }

    /// A VQGAN of random weights, for benchmarks.
    ///
    /// # Errors
    /// If the configuration does not describe a valid network.
    pub fn random(config: Config, seed: u64) -> Result<Self> {
        let ((encoder, codebook, decoder), bytes) =
            Weights::random(seed, |builder| networks(&builder, &config, Algorithms::ByShape))?;
        Ok(Self::of(config, (encoder, Arc::new(codebook), decoder), bytes))
    }

    fn of(config: Config, (encoder, codebook, decoder): (Network, Arc<Codebook>, Network), bytes: u64) -> Self {
        Self { config, encoder, codebook, decoder, bytes, tiled: Default::default() }
    }

    /// The same VQGAN for pictures that are tiled: it sees the copies of a picture at the edges that continue each other,
    /// and zeros at the others. The weights are shared.
    #[must_use]
    pub fn tiled(&self, tile: Tile) -> Arc<Self> {
        let make = || {
            let networks = (self.encoder.tiled(tile), self.codebook.clone(), self.decoder.tiled(tile));
            Arc::new(Self::of(self.config.clone(), networks, self.bytes))
        };
        self.tiled[tile as usize].get_or_init(make).clone()
    }

    /// Bytes of memory that the weights take; on a GPU only those of networks counted there before, since unused
    /// networks are not copied to it.
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
    /// If the sides are not multiples of the factor.
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

    /// The codes for an encoded picture: the nearest ones, or the ones that a Gumbel codebook rates
    /// highest. One for each position, row by row.
    ///
    /// # Errors
    /// If the latent does not have the codebook's channels.
    pub fn quantize(&self, encoded: &Tensor) -> Result<Vec<u32>> {
        self.codebook.quantize(encoded)
    }

    /// The picture of a latent of codebook vectors: `[1, embedding, h, w]` to `[1, 3, h·f, w·f]`
    /// with values around −1 to 1, not clamped.
    ///
    /// # Errors
    /// If the latent does not have the codebook's channels.
    pub fn decode(&self, latent: &Tensor) -> Result<Tensor> {
        Ok(self.decoder.forward(latent)?)
    }

    /// The network behind [`Vqgan::decode`]; with its gradient, it recomputes `recomputed` blocks instead of keeping
    /// them ([`Network::recomputing`]).
    #[must_use]
    pub fn decoder(&self, recomputed: usize) -> Network {
        self.decoder.recomputing(recomputed)
    }

    /// Approximate memory to encode a picture of a given size.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn encoding_memory(&self, size: Size, of: MemoryOf) -> Result<Memory> {
        Ok(self.encoder.memory(&[1, 3, size.height, size.width], false, of)?)
    }

    /// Approximate memory to draw a picture of a given size, including the gradient of the latent if `tracked`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decoding_memory(&self, size: Size, tracked: bool, recomputed: usize, of: MemoryOf) -> Result<Memory> {
        let latent = self.latent_shape(size);
        let nearest = self.codebook.network().memory(&latent, false, of)?.peak;
        let Memory { kept, peak } = self.decoder(recomputed).memory(&latent, tracked, of)?;
        Ok(Memory { kept, peak: peak.max(nearest) })
    }

    /// Bytes of memory, beside the weights, that drawing pictures of a given size allocates once and keeps.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn lasting_memory(&self, size: Size) -> Result<u64> {
        Ok(self.decoder.lasting_memory(&self.latent_shape(size))?)
    }

    /// Floating-point operations of the matrix products that draw a picture of a given size.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decoding_operations(&self, size: Size) -> Result<u64> {
        Ok(self.decoder.operations(&self.latent_shape(size))?)
    }

    /// Minimum of bytes read and written to draw a picture of a given size ([`Network::traffic`]).
    ///
    /// # Errors
    /// If the computation fails.
    pub fn decoding_traffic(&self, size: Size) -> Result<u64> {
        Ok(self.decoder.traffic(&self.latent_shape(size))?)
    }

    /// Shape `[1, dim, height, width]` of the latent of a picture of a given size.
    fn latent_shape(&self, size: Size) -> [usize; 4] {
        let factor = self.config.factor();
        [1, self.config.embedding_dim, size.height.div_ceil(factor), size.width.div_ceil(factor)]
    }

    /// The latent of codes given row by row in a grid of `height` x `width`.
    ///
    /// # Errors
    /// If the number of codes does not fit the grid, or a code is not in the codebook.
    pub fn lookup(&self, codes: &[u32], height: usize, width: usize) -> Result<Tensor> {
        self.codebook.lookup(codes, height, width, &Device::Cpu)
    }
}

/// The encoder up to the codebook, the codebook, and the decoder from it on.
fn networks(builder: &VarBuilder, config: &Config, algorithms: Algorithms) -> Result<(Network, Codebook, Network)> {
    let (latent, dim) = (config.latent_channels, config.embedding_dim);
    let mut encoder = encoder::encoder(&builder.pp("encoder"), config)?;
    encoder.push(Step::layer(convolution(&builder.pp("quant_conv"), latent, dim, Window::same(1))?));
    let mut decoder = vec![Step::layer(convolution(&builder.pp("post_quant_conv"), dim, latent, Window::same(1))?)];
    decoder.extend(decoder::decoder(&builder.pp("decoder"), config, algorithms)?);
    let codebook = Codebook::load(&builder.pp("quantize"), config)?;
    Ok((Network::new(encoder), codebook, Network::new(decoder)))
}
