//! What judges a picture: cutouts, perceptors, distances to prompts.

mod cutouts;
mod distance;
mod perceptor;

pub use cutouts::{Augmentation, Augmentations, Cutout, Cutouts};
pub use distance::{cosine, distances};
pub(crate) use perceptor::no_gradient;
pub use perceptor::{Perceptor, Target};

use candle_core::{Tensor, Var};

use crate::Result;

/// Judges pictures by all perceptors.
pub struct Judge {
    /// The judges
    pub perceptors: Vec<Perceptor>,
    /// What they see
    pub cutouts: Cutouts,
    /// Cutouts judged at a time: the graph of a perceptor is dropped after each
    pub batch: usize,
}

/// What the judges say of a picture.
pub struct Judgement {
    /// Losses by name, each weighted: `<target>/<perceptor>`, such as `prompt:0/embedded`
    pub losses: Vec<(String, f64)>,
    /// The gradient of their sum with respect to the picture, of the picture's shape
    pub gradient: Tensor,
}

impl Judge {
    /// What each perceptor sees of a picture in an iteration: its name, and `[cutouts, 3, side, side]`.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn look(&self, picture: &Tensor, iteration: usize) -> Result<Vec<(String, Tensor)>> {
        let (_, _, height, width) = picture.dims4()?;
        let cutouts = self.cutouts.draw(iteration, width, height);
        let seen = |perceptor: &Perceptor| Ok((perceptor.name.clone(), perceptor.look(picture, &cutouts)?));
        self.perceptors.iter().map(seen).collect()
    }

    /// Judges a picture `[1, 3, height, width]` with values from 0 to 1.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn judge(&self, picture: &Tensor, iteration: usize) -> Result<Judgement> {
        let (_, _, height, width) = picture.dims4()?;
        let cutouts = self.cutouts.draw(iteration, width, height);
        let picture = Var::from_tensor(&picture.detach())?;
        let mut losses = Vec::new();
        let mut gradient: Option<Tensor> = None;
        for perceptor in &self.perceptors {
            let mut sums = vec![0.0; perceptor.targets.len()];
            for batch in cutouts.chunks(self.batch) {
                let judged = perceptor.judge(&picture, batch, cutouts.len())?;
                for (sum, loss) in sums.iter_mut().zip(judged.losses) {
                    *sum += loss;
                }
                gradient = Some(match gradient {
                    Some(gradient) => (gradient + judged.gradient)?,
                    None => judged.gradient,
                });
            }
            for (target, loss) in perceptor.targets.iter().zip(sums) {
                losses.push((format!("{}/{}", target.name, perceptor.name), loss));
            }
        }
        let gradient = match gradient {
            Some(gradient) => gradient,
            None => picture.zeros_like()?,
        };
        Ok(Judgement { losses, gradient })
    }
}
