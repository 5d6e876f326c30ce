//! Judging a picture: cutouts, perceptors, distances to prompts, and losses of the picture itself.

mod cutouts;
mod distance;
mod fit;
mod losses;
mod perceptor;
mod slopes;

pub use cutouts::{Cutout, Cutouts, Framing, Reach};
pub use distance::{cosine, distances};
pub use fit::{Fit, mean_cosine};
pub use losses::{Loss, LossValue, Seen, Verdict, losses};
pub(crate) use perceptor::no_gradient;
pub use perceptor::{Perceptor, Target};
#[cfg(test)]
pub(crate) use slopes::{Slope, Slopes};

use candle_core::{Tensor, Var};

use crate::Result;

/// Judges pictures with all perceptors.
pub struct Judge {
    /// The CLIP models that judge, each for the prompts, then perhaps again for the styles
    pub perceptors: Vec<Perceptor>,
    /// The number of cutouts judged at once: the graph of a perceptor is dropped after each batch
    pub batch: usize,
}

/// The judgement of a picture, on the device that computed it.
pub struct Judgement {
    /// For each perceptor, in order: the distance of each cutout to each target, `[cutouts, targets]`
    pub distances: Vec<Tensor>,
    /// The gradient of the sum of all losses with respect to the picture, with the shape of the picture
    pub gradient: Tensor,
}

/// The views of a picture in an iteration. Those that several perceptors see are drawn once.
struct Views<'a> {
    iteration: usize,
    width: usize,
    height: usize,
    drawn: Vec<(&'a Cutouts, Vec<Cutout>)>,
}

impl<'a> Views<'a> {
    fn new(iteration: usize, width: usize, height: usize) -> Self {
        Self { iteration, width, height, drawn: Vec::new() }
    }

    fn of(&mut self, cutouts: &'a Cutouts) -> &[Cutout] {
        let place = self.drawn.iter().position(|(known, _)| *known == cutouts).unwrap_or_else(|| {
            self.drawn.push((cutouts, cutouts.draw(self.iteration, self.width, self.height)));
            self.drawn.len() - 1
        });
        &self.drawn[place].1
    }
}

impl Judge {
    /// The cutouts of a picture in an iteration: for each perceptor its name, with `-style` after it if it looks for
    /// styles, and `[cutouts, 3, side, side]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn look(&self, picture: &Tensor, iteration: usize) -> Result<Vec<(String, Tensor)>> {
        let (_, _, height, width) = picture.dims4()?;
        let mut views = Views::new(iteration, width, height);
        let mut seen = Vec::with_capacity(self.perceptors.len());
        for perceptor in &self.perceptors {
            let cutouts = perceptor.cutouts();
            let end = if cutouts.reach == Reach::Details { "-style" } else { "" };
            seen.push((format!("{}{end}", perceptor.name), perceptor.look(picture, views.of(cutouts))?));
        }
        Ok(seen)
    }

    /// Judges a picture `[1, 3, height, width]` with values from 0 to 1. Does not wait for a GPU to finish, unless a
    /// perceptor compares cutouts with those of another picture.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn judge(&self, picture: &Tensor, iteration: usize) -> Result<Judgement> {
        let (_, _, height, width) = picture.dims4()?;
        let picture = Var::from_tensor(&picture.detach())?;
        let mut views = Views::new(iteration, width, height);
        let mut distances = Vec::new();
        let mut gradient: Option<Tensor> = None;
        for perceptor in &self.perceptors {
            let mut rows = Vec::new();
            for batch in views.of(perceptor.cutouts()).chunks(self.batch) {
                let judged = perceptor.judge(&picture, batch)?;
                rows.push(judged.distances);
                gradient = Some(match gradient {
                    Some(gradient) => (gradient + judged.gradient)?,
                    None => judged.gradient,
                });
            }
            distances.push(Tensor::cat(&rows, 0)?);
        }
        let gradient = match gradient {
            Some(gradient) => gradient,
            None => picture.zeros_like()?,
        };
        Ok(Judgement { distances, gradient })
    }

    /// The weighted losses by name, `<target>/<perceptor>`, such as `prompt:0/embedded`. `distances` has the numbers of
    /// [`Judgement::distances`], row by row for each perceptor.
    #[must_use]
    pub fn losses(&self, distances: &[Vec<f32>]) -> Vec<(String, f64)> {
        let of_perceptor = |(perceptor, distances): (&Perceptor, &Vec<f32>)| {
            let losses = perceptor.losses(distances);
            let named = |(target, loss): (&Target, f64)| (format!("{}/{}", target.name, perceptor.name), loss);
            perceptor.targets().iter().zip(losses).map(named).collect::<Vec<_>>()
        };
        self.perceptors.iter().zip(distances).flat_map(of_perceptor).collect()
    }
}
