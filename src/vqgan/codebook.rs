//! The codebook: its vectors, the nearest one to a point, and the straight-through gradient.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use super::Config;
use super::blocks::convolution;
use crate::frozen::{self, Convolution, NearestVectors, Network, Window};
use crate::models::Values;
use crate::{Error, Result};

/// The vectors a latent is made of.
pub struct Codebook {
    vectors: NearestVectors,
    /// Replaces each position by its nearest vector
    straight_through: Network,
    /// Rates codes for an encoded picture, in a Gumbel codebook
    ratings: Option<Convolution>,
    /// Smallest and largest value of each channel
    range: Vec<(f32, f32)>,
}

/// The range of a latent: a smallest and a largest value for each channel.
pub struct Bounds {
    /// In the latent's shape
    low: Tensor,
    high: Tensor,
}

impl Codebook {
    pub(super) fn load(builder: &VarBuilder, config: &Config) -> Result<Self> {
        let (codes, dim) = (config.codes, config.embedding_dim);
        let (vectors, ratings) = if builder.contains_tensor("embed.weight") {
            let ratings = convolution(&builder.pp("proj"), dim, codes, Window::same(1))?;
            (builder.values((codes, dim), "embed.weight")?, Some(ratings))
        } else {
            (builder.values((codes, dim), "embedding.weight")?, None)
        };
        let mut range = vec![(f32::INFINITY, f32::NEG_INFINITY); dim];
        for vector in vectors.chunks(dim) {
            for ((low, high), x) in range.iter_mut().zip(vector) {
                (*low, *high) = (low.min(*x), high.max(*x));
            }
        }
        let vectors = NearestVectors::new(vectors, dim);
        let straight_through = Network::of(vectors.clone());
        Ok(Self { vectors, straight_through, ratings, range })
    }

    /// Number of vectors.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.vectors.count()
    }

    /// Channels of a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.vectors.length()
    }

    /// The code nearest to each position of `[1, dim, h, w]`, row by row; of equals, the first.
    ///
    /// # Errors
    /// If the latent has the wrong number of dimensions or channels.
    pub fn nearest(&self, latent: &Tensor) -> Result<Vec<u32>> {
        let (_, dim, height, width) = latent.dims4()?;
        if dim != self.dim() {
            return Err(Error::fault(format!("a latent has {dim} channels, but the codebook has {}", self.dim())));
        }
        Ok(self.vectors.nearest(&latent.detach().flatten_all()?.to_vec1::<f32>()?, height * width))
    }

    /// The codes of an encoded picture.
    pub(super) fn quantize(&self, encoded: &Tensor) -> Result<Vec<u32>> {
        let Some(ratings) = &self.ratings else { return self.nearest(encoded) };
        let ratings = frozen::apply(ratings.clone(), encoded)?;
        let (_, codes, height, width) = ratings.dims4()?;
        let ratings = ratings.flatten_all()?.to_vec1::<f32>()?;
        let positions = height * width;
        let rating = |position: usize| (0..codes).map(move |code| code * positions + position);
        Ok((0..positions)
            .map(|position| frozen::index_of_largest(rating(position).map(|index| &ratings[index])))
            .collect())
    }

    /// The latent of codes given row by row.
    pub(super) fn lookup(&self, codes: &[u32], height: usize, width: usize, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_vec(self.channels_first(codes)?, (1, self.dim(), height, width), device)?)
    }

    /// `[dim, positions]`
    fn channels_first(&self, codes: &[u32]) -> Result<Vec<f32>> {
        if let Some(code) = codes.iter().find(|code| **code as usize >= self.codes()) {
            let hint = format!("the codebook has {} codes", self.codes());
            return Err(Error::usage(format!("there is no code {code}"), hint));
        }
        let mut values = vec![0.0; codes.len() * self.dim()];
        self.vectors.look_up(codes, &mut values);
        Ok(values)
    }

    /// Replaces each position by its nearest code's vector; the gradient passes through unchanged
    /// (the straight-through estimator of van den Oord et al., 2017).
    ///
    /// # Errors
    /// If the latent has the wrong number of dimensions or channels.
    pub fn straight_through(&self, latent: &Tensor) -> Result<Tensor> {
        Ok(self.straight_through.forward(latent)?)
    }

    /// The network behind [`Codebook::straight_through`].
    pub(super) fn network(&self) -> &Network {
        &self.straight_through
    }

    /// The range that the codes span, in the shape and on the device of a latent.
    ///
    /// # Errors
    /// If the latent has the wrong number of channels.
    pub fn bounds(&self, latent: &Tensor) -> Result<Bounds> {
        let bound = |choose: fn(&(f32, f32)) -> f32| {
            let of_channels = self.range.iter().map(choose).collect();
            let of_channels = Tensor::from_vec(of_channels, (1, self.dim(), 1, 1), latent.device())?;
            of_channels.broadcast_as(latent.shape())?.contiguous()
        };
        Ok(Bounds { low: bound(|range| range.0)?, high: bound(|range| range.1)? })
    }
}

impl Bounds {
    /// Moves each channel of a latent into its range.
    ///
    /// # Errors
    /// If the latent has other dimensions than the bounds.
    pub fn clamp(&self, latent: &Tensor) -> Result<Tensor> {
        Ok(latent.detach().maximum(&self.low)?.minimum(&self.high)?)
    }
}
