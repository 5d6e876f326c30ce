//! A CLIP model with what it is asked to find in the picture.

use std::sync::Arc;

use candle_core::{Tensor, Var};

use super::Cutout;
use super::distance::distances_to;
use super::slopes::Slopes;
use crate::clip::Clip;
use crate::frozen::{Filter, Network, Retouch, Step, Touch, Warp, with_gradient};
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
    targets: Vec<Target>,
    clip: Arc<Clip>,
    image_tower: Network,
    /// To all targets
    distances: Network,
    /// What each of these adds to the loss, for one of it
    slopes: Network,
    /// Of an iteration
    cutouts: usize,
}

/// A perceptor's share of a judgement.
pub(super) struct Judged {
    /// Of each cutout and target: `[cutouts, targets]`
    pub distances: Tensor,
    /// With respect to the picture
    pub gradient: Tensor,
}

impl Perceptor {
    /// A perceptor that looks for these targets in so many cutouts an iteration.
    ///
    /// # Errors
    /// If there is no target, or the features are of different lengths.
    pub fn new(name: String, clip: Arc<Clip>, targets: Vec<Target>, cutouts: usize) -> Result<Self> {
        let features: Vec<&Tensor> = targets.iter().map(|target| &target.feature).collect();
        let distances = distances_to(&Tensor::stack(&features, 0)?)?;
        let image_tower = clip.image_tower(0);
        let slopes = Network::of(Slopes::new(&targets, cutouts));
        Ok(Self { name, targets, clip, image_tower, distances, slopes, cutouts })
    }

    /// The same perceptor, which keeps less of so many blocks of its model, and takes more time
    /// ([`Network::recomputing`]).
    #[must_use]
    pub fn recomputing(self, blocks: usize) -> Self {
        Self { image_tower: self.clip.image_tower(blocks), ..self }
    }

    /// What it looks for, in order.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The model.
    #[must_use]
    pub fn clip(&self) -> &Clip {
        &self.clip
    }

    /// Judges some of an iteration's cutouts. Nothing waits for what is computed.
    ///
    /// For a target of weight w and stop s and the distance d of each cutout, the loss is the mean of
    /// w d ([`Perceptor::losses`]); its gradient is zero for the cutouts where sign(w) d < s (VQGAN+CLIP, Crowson, 2021).
    pub(super) fn judge(&self, picture: &Var, cutouts: &[Cutout]) -> Result<Judged> {
        let features = self.image_features(&self.look(picture, cutouts)?)?;
        let distances = self.distances.forward(&features)?;
        let slopes = self.slopes.forward(&distances.detach())?;
        let gradients = with_gradient(&distances, &slopes)?.backward()?;
        let gradient = gradients.get(picture).ok_or_else(no_gradient)?.clone();
        Ok(Judged { distances: distances.detach(), gradient })
    }

    /// The loss of each target of an iteration's cutouts, of which some have these distances, row by row.
    pub(super) fn losses(&self, distances: &[f32]) -> Vec<f64> {
        #[allow(clippy::cast_precision_loss)]
        let share = 1.0 / self.cutouts as f64;
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
    /// If the pictures have other dimensions.
    pub fn image_features(&self, seen: &Tensor) -> Result<Tensor> {
        Ok(self.image_tower.forward(seen)?)
    }

    /// The cutouts as the model sees them, `[cutouts, 3, side, side]`.
    ///
    /// # Errors
    /// If the computation fails.
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
