//! Judging a picture: cutouts, perceptors, distances to prompts, and losses of the picture itself.

mod area;
mod cutouts;
mod distance;
mod fit;
mod losses;
mod perceptor;
mod rating;
mod slopes;

pub use area::{Area, Part};
pub use cutouts::{Cutout, Cutouts, Framing, Reach};
#[cfg(test)]
pub(crate) use distance::distances_to;
pub use distance::{cosine, distances};
pub use fit::{Fit, mean_cosine};
pub use losses::{Loss, LossValue, Seen, Verdict, losses};
pub(crate) use perceptor::no_gradient;
pub use perceptor::{Perceptor, Target};
#[cfg(test)]
pub(crate) use slopes::{Slope, Slopes};

use candle_core::{Tensor, Var};

use crate::Result;
use rating::Rated;

/// Judges pictures with all perceptors.
pub struct Judge {
    /// The CLIP models that judge, each for the prompts, then perhaps again for the styles
    pub perceptors: Vec<Perceptor>,
    /// The number of cutouts judged at once: the graph of a perceptor is dropped after each batch
    pub batch: usize,
}

/// The judgement of a picture, on the device that computed it.
pub struct Judgement {
    /// For each perceptor, in order: the distance of each cutout to each target, `[cutouts, targets]`, followed by a column for
    /// the loss of the ratings if the perceptor rates
    pub distances: Vec<Tensor>,
    /// The gradient of the sum of all losses with respect to the picture, with the shape of the picture
    pub gradient: Tensor,
}

/// The cutouts of a picture of some height and width, and their views.
type Drawn<'a> = ((&'a Cutouts, usize, usize), Vec<Cutout>);

/// The views of a picture in an iteration. Those that several perceptors see are drawn once.
struct Views<'a> {
    iteration: usize,
    drawn: Vec<Drawn<'a>>,
}

impl<'a> Views<'a> {
    fn new(iteration: usize) -> Self {
        Self { iteration, drawn: Vec::new() }
    }

    /// The views of what a perceptor sees of a picture, `[1, 3, height, width]`.
    fn of(&mut self, cutouts: &'a Cutouts, seen: &Tensor) -> Result<&[Cutout]> {
        let (_, _, height, width) = seen.dims4()?;
        let key = (cutouts, height, width);
        let place = self.drawn.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.drawn.push((key, cutouts.draw(self.iteration, width, height)));
            self.drawn.len() - 1
        });
        Ok(&self.drawn[place].1)
    }
}

impl Judge {
    /// Gives all targets their weights in an iteration, for [`Judge::judge`] and [`Judge::losses`].
    pub fn weigh(&mut self, iteration: usize) {
        self.perceptors.iter_mut().for_each(|perceptor| perceptor.weigh(iteration));
    }

    /// The cutouts of a picture in an iteration: for each perceptor its name, with `-style` after it if it looks for
    /// styles, or `-outside` if it looks outside a mask, and `[cutouts, 3, side, side]`.
    ///
    /// # Errors
    /// If the computation fails.
    pub fn look(&self, picture: &Tensor, iteration: usize) -> Result<Vec<(String, Tensor)>> {
        let mut views = Views::new(iteration);
        let mut seen = Vec::with_capacity(self.perceptors.len());
        for perceptor in &self.perceptors {
            let cutouts = perceptor.cutouts();
            let end = match cutouts.reach {
                Reach::All => "",
                Reach::Details => "-style",
                Reach::Outside => "-outside",
            };
            let picture = perceptor.area().map_or_else(|| Ok(picture.clone()), |area| area.of(picture))?;
            let views = views.of(cutouts, &picture)?;
            seen.push((format!("{}{end}", perceptor.name), perceptor.look(&picture, views)?));
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
        let mut views = Views::new(iteration);
        let mut distances = Vec::new();
        let mut gradient: Option<Tensor> = None;
        for perceptor in &self.perceptors {
            let area = perceptor.area();
            let seen = match area {
                Some(area) => Var::from_tensor(&area.of(&picture)?)?,
                None => picture.clone(),
            };
            let mut rows = Vec::new();
            let mut of_area: Option<Tensor> = None;
            let cutouts = views.of(perceptor.cutouts(), &seen)?;
            let rated = Rated::of(cutouts);
            for batch in cutouts.chunks(self.batch) {
                let judged = perceptor.judge(&seen, (height, width), batch, rated)?;
                rows.push(judged.distances);
                let sum = if area.is_some() { &mut of_area } else { &mut gradient };
                *sum = Some(added(sum.take(), judged.gradient)?);
            }
            if let (Some(area), Some(of_area)) = (area, of_area) {
                gradient = Some(added(gradient, area.spread(of_area, (height, width))?)?);
            }
            distances.push(Tensor::cat(&rows, 0)?);
        }
        let gradient = match gradient {
            Some(gradient) => gradient,
            None => picture.zeros_like()?,
        };
        Ok(Judgement { distances, gradient })
    }

    /// The weighted losses by name, `<target>/<perceptor>`, such as `prompt:0/embedded` or `aesthetic/vit-b32`. `distances` has
    /// the numbers of [`Judgement::distances`], row by row for each perceptor.
    #[must_use]
    pub fn losses(&self, distances: &[Vec<f32>]) -> Vec<(String, f64)> {
        let of_perceptor = |(perceptor, distances): (&Perceptor, &Vec<f32>)| {
            let losses = perceptor.losses(distances);
            let named = |(name, loss): (&str, f64)| (format!("{name}/{}", perceptor.name), loss);
            perceptor.names().zip(losses).map(named).collect::<Vec<_>>()
        };
        self.perceptors.iter().zip(distances).flat_map(of_perceptor).collect()
    }
}

/// The sum of gradients so far and another one.
fn added(so_far: Option<Tensor>, another: Tensor) -> Result<Tensor> {
    match so_far {
        Some(so_far) => Ok((so_far + another)?),
        None => Ok(another),
    }
}
