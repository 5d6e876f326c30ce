//! What is visible of a picture, in host memory, and sums over its pixels.

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use crate::picture::Size;
use crate::{Error, Result};

/// A share of `factor` for each of so many terms of a mean.
#[allow(clippy::cast_precision_loss)]
pub(super) fn share(factor: f64, terms: usize) -> f64 {
    factor / terms.max(1) as f64
}

/// The pixels of a picture as CLIP sees them: a transparent picture is in front of the gray of the iteration.
pub(super) struct Visible {
    /// The size
    pub size: Size,
    /// `[3, height, width]`, values from 0 to 1
    values: Vec<f32>,
    /// Of a picture with alpha: `[4, height, width]` as it was drawn, and the gray behind it
    layers: Option<(Vec<f32>, f32)>,
}

impl Visible {
    /// Looks at a picture `[1, 3, height, width]`, or `[1, 4, height, width]` with straight alpha.
    ///
    /// # Errors
    /// If the tensor has another shape.
    #[allow(clippy::cast_possible_truncation)]
    pub fn of(picture: &Tensor, gray: f64) -> Result<Self> {
        let (_, channels, height, width) = picture.dims4()?;
        let size = Size { width, height };
        let drawn = picture.detach().flatten_all()?.to_vec1::<f32>()?;
        let area = width * height;
        match channels {
            3 => Ok(Self { size, values: drawn, layers: None }),
            4 => {
                let gray = gray as f32;
                let (colors, alphas) = drawn.split_at(3 * area);
                let shown = |(color, alpha): (&f32, &f32)| gray + (color - gray) * alpha;
                let values = colors.iter().zip(alphas.iter().cycle()).map(shown).collect();
                Ok(Self { size, values, layers: Some((drawn, gray)) })
            }
            _ => Err(Error::fault("the tensor is not a picture of three or four channels")),
        }
    }

    /// The gradient with respect to the picture as it was drawn, from the slopes `[3, height, width]` of what is visible.
    ///
    /// # Errors
    /// If the picture is another one.
    pub fn gradient(&self, picture: &Tensor, mut slopes: Vec<f32>) -> Result<Tensor> {
        if let Some((drawn, gray)) = &self.layers {
            let area = self.area();
            let (colors, alphas) = drawn.split_at(3 * area);
            let of_alpha = |pixel: usize| -> f32 {
                (0..3).map(|channel| channel * area + pixel).map(|at| slopes[at] * (colors[at] - gray)).sum()
            };
            let of_alphas: Vec<f32> = (0..area).into_par_iter().map(of_alpha).collect();
            slopes.iter_mut().zip(alphas.iter().cycle()).for_each(|(slope, alpha)| *slope *= alpha);
            slopes.extend(of_alphas);
        }
        Ok(Tensor::from_vec(slopes, picture.shape(), picture.device())?)
    }

    /// What is visible on a device, `[1, 3, height, width]`.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn tensor(&self, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_slice(&self.values, (1, 3, self.size.height, self.size.width), device)?)
    }

    /// The number of pixels.
    pub fn area(&self) -> usize {
        self.size.width * self.size.height
    }

    /// The value of a channel in a pixel; pixels are counted row by row.
    pub fn value(&self, channel: usize, pixel: usize) -> f64 {
        f64::from(self.values[channel * self.area() + pixel])
    }

    /// Sums of what a function of pixels returns, always in the same order.
    pub fn sums<const COUNT: usize>(&self, of: impl Fn(usize) -> [f64; COUNT] + Sync) -> [f64; COUNT] {
        let add = |mut sums: [f64; COUNT], terms: [f64; COUNT]| {
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            sums
        };
        let Size { width, height } = self.size;
        let row = |row: usize| (row * width..(row + 1) * width).map(&of).fold([0.0; COUNT], add);
        // Gathered in order before they are summed.
        let rows: Vec<_> = (0..height).into_par_iter().map(row).collect();
        rows.into_iter().fold([0.0; COUNT], add)
    }

    /// The slopes `[3, height, width]` that a function of channels and pixels returns.
    #[allow(clippy::cast_possible_truncation)]
    pub fn slopes(&self, of: impl Fn(usize, usize) -> f64 + Sync) -> Vec<f32> {
        let (area, width) = (self.area(), self.size.width);
        let mut slopes = vec![0.0; 3 * area];
        slopes.par_chunks_mut(width.max(1)).enumerate().for_each(|(row, slopes)| {
            for (column, slope) in slopes.iter_mut().enumerate() {
                let at = row * width + column;
                *slope = of(at / area, at % area) as f32;
            }
        });
        slopes
    }
}
