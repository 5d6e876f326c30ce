//! A CLIP model with what it is asked to find in the picture.

use std::sync::Arc;

use candle_core::{Tensor, Var};

use super::Cutout;
use super::distance::distances_to;
use crate::clip::Clip;
use crate::frozen::{Filter, Network, Retouch, Step, Touch, Warp};
use crate::{Error, Result};

/// What a prompt asks for, as features.
#[derive(Clone, Debug)]
pub struct Target {
    /// What its losses are called by
    pub name: String,
    /// `[features]`, of any length
    pub feature: Tensor,
    /// How much it counts; negative: to be avoided
    pub weight: f64,
    /// Cutouts whose distance, with the weight's sign, is below this pull no further
    pub stop: Option<f64>,
}

/// A CLIP model that judges.
pub struct Perceptor {
    /// What its losses are called by
    pub name: String,
    /// What it looks for, in order
    pub targets: Vec<Target>,
    clip: Arc<Clip>,
    image_tower: Network,
    /// To all targets
    distances: Network,
}

/// A perceptor's share of a judgement.
pub(super) struct Judged {
    /// Of each cutout and target: `[cutouts, targets]`
    pub distances: Tensor,
    /// With respect to the picture
    pub gradient: Tensor,
}

impl Perceptor {
    /// A perceptor that looks for these targets.
    ///
    /// # Errors
    /// Where there is no target, or the features are of different lengths.
    pub fn new(name: String, clip: Arc<Clip>, targets: Vec<Target>) -> Result<Self> {
        let features: Vec<&Tensor> = targets.iter().map(|target| &target.feature).collect();
        let distances = distances_to(&Tensor::stack(&features, 0)?)?;
        let image_tower = clip.image_tower(0);
        Ok(Self { name, targets, clip, image_tower, distances })
    }

    /// The same perceptor, which keeps less of so many blocks of its model, and takes more time
    /// ([`Network::recomputing`]).
    #[must_use]
    pub fn recomputing(self, blocks: usize) -> Self {
        Self { image_tower: self.clip.image_tower(blocks), ..self }
    }

    /// The model.
    #[must_use]
    pub fn clip(&self) -> &Clip {
        &self.clip
    }

    /// Judges some of an iteration's `total` cutouts. Nothing waits for what is computed.
    ///
    /// For a target of weight w and stop s and the distance d of each cutout, the loss is the mean of
    /// w d ([`Perceptor::losses`]); its gradient is zero for the cutouts where sign(w) d < s (VQGAN+CLIP, Crowson, 2021).
    pub(super) fn judge(&self, picture: &Var, cutouts: &[Cutout], total: usize) -> Result<Judged> {
        let features = self.image_features(&self.look(picture, cutouts)?)?;
        let distances = self.distances.forward(&features)?;
        let slopes = self.slopes(&distances.detach(), total)?;
        let gradients = (&distances * slopes)?.sum_all()?.backward()?;
        let gradient = gradients.get(picture).ok_or_else(no_gradient)?.clone();
        Ok(Judged { distances: distances.detach(), gradient })
    }

    /// What each distance of `[cutouts, targets]` adds to the loss, for one of it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    fn slopes(&self, distances: &Tensor, total: usize) -> Result<Tensor> {
        let row = |value: &dyn Fn(&Target) -> f64| {
            let values = self.targets.iter().map(|target| value(target) as f32).collect();
            Tensor::from_vec(values, (1, self.targets.len()), distances.device())
        };
        let share = 1.0 / total as f64;
        let slopes = row(&|target| share * target.weight)?.broadcast_as(distances.shape())?;
        if self.targets.iter().all(|target| target.stop.is_none()) {
            return Ok(slopes.contiguous()?);
        }
        let signed = distances.broadcast_mul(&row(&|target| target.weight.signum())?)?;
        let stops = row(&|target| target.stop.unwrap_or(f64::NEG_INFINITY))?;
        let pulls = signed.broadcast_ge(&stops)?;
        Ok(pulls.where_cond(&slopes, &slopes.zeros_like()?)?)
    }

    /// The loss of each target of an iteration's `total` cutouts, of which some have these distances, row by row.
    pub(super) fn losses(&self, distances: &[f32], total: usize) -> Vec<f64> {
        #[allow(clippy::cast_precision_loss)]
        let share = 1.0 / total as f64;
        let mut losses = vec![0.0; self.targets.len()];
        for row in distances.chunks(losses.len()) {
            for ((target, loss), distance) in self.targets.iter().zip(&mut losses).zip(row) {
                *loss += share * target.weight * f64::from(*distance);
            }
        }
        losses
    }

    /// The features of what the model sees, as [`Clip::image_features`].
    ///
    /// # Errors
    /// Where the pictures have other dimensions.
    pub fn image_features(&self, seen: &Tensor) -> Result<Tensor> {
        Ok(self.image_tower.forward(seen)?)
    }

    /// The cutouts as the model sees them, `[cutouts, 3, side, side]`.
    ///
    /// # Errors
    /// Where the computation fails.
    pub fn look(&self, picture: &Tensor, cutouts: &[Cutout]) -> Result<Tensor> {
        let side = self.clip.side();
        let views = cutouts.iter().map(|cutout| cutout.view).collect();
        let mut steps = vec![Step::layer(Warp::new(views, (side, side), Filter::Area))];
        let touches: Vec<Touch> = cutouts.iter().map(|cutout| cutout.touch_at(side)).collect();
        let untouched =
            |touch: &Touch| touch.noise == 0.0 && touch.erased.is_none() && touch.colours == Touch::NONE.colours;
        if !touches.iter().all(untouched) {
            steps.push(Step::layer(Retouch::new(touches)));
        }
        Ok(Network::new(steps).forward(picture)?)
    }
}

/// The error of a graph that does not lead back to what is trained.
pub(crate) fn no_gradient() -> Error {
    Error::fault("no gradient reaches the picture's parameters")
}
