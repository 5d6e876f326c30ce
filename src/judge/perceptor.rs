//! A CLIP model with the targets that it looks for in the picture.

use std::sync::Arc;

use candle_core::{Tensor, Var};

use super::distance::{distances_to, paired_distances};
use super::rating::{Rated, Rating};
use super::slopes::Slopes;
use super::{Area, Cutout, Cutouts};
use crate::clip::{AestheticHead, Clip};
use crate::frozen::{Filter, Network, Retouch, Step, Touch, Warp, with_gradient};
use crate::settings::{Course, LossKind};
use crate::{Error, Result};

/// A prompt as features.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name of the target in the names of losses
    pub name: String,
    /// `[features]`, of any length
    pub feature: Tensor,
    /// How much the target counts; negative to steer away from it
    pub weight: f64,
    /// A cutout stops pulling once its distance, with the sign of the weight, is below this
    pub stop: Option<f64>,
}

/// A CLIP model that judges.
pub struct Perceptor {
    /// The name of the perceptor in the names of losses
    pub name: String,
    targets: Vec<Target>,
    /// How the weights of the first targets change, if they do
    courses: Vec<Option<Course>>,
    clip: Arc<Clip>,
    image_tower: Network,
    /// From features to the distances to all targets but those that are cut
    distances: Network,
    /// The pictures of the last targets, `[1, 3, height, width]`: each is cut like the picture, or like the part of it that is
    /// seen, and compared cutout by cutout
    cut: Vec<Tensor>,
    /// Rates the cutouts, if ratings are requested
    rating: Option<Rating>,
    /// From distances to the slopes of the loss
    slopes: Network,
    /// The views that it sees
    cutouts: Cutouts,
    /// The part of the picture that it sees; none if it sees and moves all of it
    area: Option<Area>,
}

/// The part of a perceptor in a judgement.
pub(super) struct Judged {
    /// The distance of each cutout to each target, `[cutouts, targets]`, followed by the loss of the rating if there is one
    pub distances: Tensor,
    /// The gradient with respect to what is seen of the picture
    pub gradient: Tensor,
}

impl Perceptor {
    /// Creates a perceptor that looks for these targets in these cutouts. Perceptors with the same cutouts see the same
    /// views, each at its own resolution.
    ///
    /// # Errors
    /// If there is no target, or the features are of different lengths.
    pub fn new(name: String, clip: Arc<Clip>, targets: Vec<Target>, cutouts: Cutouts) -> Result<Self> {
        let features: Vec<&Tensor> = targets.iter().map(|target| &target.feature).collect();
        let distances = distances_to(&Tensor::stack(&features, 0)?)?;
        let image_tower = clip.image_tower(0);
        let slopes = Network::of(Slopes::new(targets.iter().map(pull), cutouts.count));
        let (courses, cut) = (Vec::new(), Vec::new());
        Ok(Self {
            name,
            targets,
            courses,
            clip,
            image_tower,
            distances,
            cut,
            rating: None,
            slopes,
            cutouts,
            area: None,
        })
    }

    /// This perceptor, which also looks for pictures, `[1, 3, height, width]` on the device of the picture that is judged and
    /// with its proportions. In each iteration they are cut like that picture, and each cutout is compared with the same
    /// cutout of each of them (pixray, `image_prompts`).
    #[must_use]
    pub fn cutting(mut self, targets: Vec<(Target, Tensor)>) -> Self {
        for (target, picture) in targets {
            self.targets.push(target);
            self.cut.push(picture);
        }
        self.set_slopes();
        self
    }

    /// This perceptor, which also rates wides with a head for its features and a weight.
    #[must_use]
    pub fn rating(mut self, head: Arc<AestheticHead>, weight: f64) -> Self {
        self.rating = Some(Rating { head, weight });
        self.set_slopes();
        self
    }

    /// Computes the slopes of all targets from their weights.
    fn set_slopes(&mut self) {
        let rating = self.rating.iter().map(|rating| (rating.weight, None));
        self.slopes = Network::of(Slopes::new(self.targets.iter().map(pull).chain(rating), self.cutouts.count));
    }

    /// The names of the losses: those of the targets, and `aesthetic` if it rates.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let rating = self.rating.iter().map(|_| LossKind::Aesthetic.name());
        self.targets.iter().map(|target| target.name.as_str()).chain(rating)
    }

    /// This perceptor with changing weights for its first targets.
    #[must_use]
    pub fn following(self, courses: Vec<Option<Course>>) -> Self {
        Self { courses, ..self }
    }

    /// Gives all targets their weights in an iteration.
    pub(super) fn weigh(&mut self, iteration: usize) {
        let mut is_changed = false;
        for (target, course) in self.targets.iter_mut().zip(&self.courses) {
            let Some(weight) = course.as_ref().map(|course| course.at(iteration)) else { continue };
            is_changed |= weight.to_bits() != target.weight.to_bits();
            target.weight = weight;
        }
        if is_changed {
            self.set_slopes();
        }
    }

    /// This perceptor, but with `blocks` blocks of its model computed twice, which saves memory and takes more time
    /// ([`Network::recomputing`]).
    #[must_use]
    pub fn recomputing(self, blocks: usize) -> Self {
        Self { image_tower: self.clip.image_tower(blocks), ..self }
    }

    /// The views that it sees.
    #[must_use]
    pub fn cutouts(&self) -> &Cutouts {
        &self.cutouts
    }

    /// The part of the picture that it sees; none if it sees and moves all of it.
    #[must_use]
    pub fn area(&self) -> Option<&Area> {
        self.area.as_ref()
    }

    /// Limits it to a part of the picture, or to none.
    pub fn set_area(&mut self, area: Option<Area>) {
        self.area = area;
    }

    /// The targets, in order.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The CLIP model.
    #[must_use]
    pub fn clip(&self) -> &Clip {
        &self.clip
    }

    /// Judges some of the cutouts of what it sees of a picture of this height and width, in an iteration; `rated` counts all
    /// of them. It sees the same part of pictures that are cut. It waits for a GPU only if there are such pictures, or if
    /// it rates.
    ///
    /// For a target with weight w and stop s, the loss is the mean of w d over the distances d of the cutouts
    /// ([`Perceptor::losses`]). The gradient is zero for cutouts with sign(w) d < s (VQGAN+CLIP, Crowson, 2021).
    pub(super) fn judge(&self, seen: &Var, whole: (usize, usize), cutouts: &[Cutout], rated: Rated) -> Result<Judged> {
        let features_of = |seen: &Tensor| self.image_features(&self.look(seen, cutouts)?);
        let wanted_of = |cut: &Tensor| match &self.area {
            Some(area) => features_of(&area.of_another(cut, whole)?),
            None => features_of(cut),
        };
        let wanted = self.cut.iter().map(wanted_of).collect::<Result<Vec<_>>>()?;
        let features = features_of(seen)?;
        let mut distances = self.distances.forward(&features)?;
        let paired = wanted.iter().map(|wanted| paired_distances(&features, wanted));
        let ratings = self.rating.iter().map(|rating| rating.losses(&features, cutouts, rated));
        let more = paired.chain(ratings).collect::<candle_core::Result<Vec<_>>>()?;
        if !more.is_empty() {
            distances = Tensor::cat(&[vec![distances], more].concat(), 1)?;
        }
        let slopes = self.slopes.forward(&distances.detach())?;
        let gradients = with_gradient(&distances, &slopes)?.backward()?;
        let gradient = gradients.get(seen).ok_or_else(no_gradient)?.clone();
        Ok(Judged { distances: distances.detach(), gradient })
    }

    /// The loss of each target, and of the ratings, from the distances of cutouts of an iteration, row by row.
    pub(super) fn losses(&self, distances: &[f32]) -> Vec<f64> {
        #[allow(clippy::cast_precision_loss)]
        let share = 1.0 / self.cutouts.count as f64;
        let rating = self.rating.iter().map(|rating| rating.weight);
        let weights: Vec<f64> = self.targets.iter().map(|target| target.weight).chain(rating).collect();
        let mut losses = vec![0.0; weights.len()];
        for row in distances.chunks(losses.len()) {
            for ((weight, loss), distance) in weights.iter().zip(&mut losses).zip(row) {
                *loss += share * weight * f64::from(*distance);
            }
        }
        losses
    }

    /// The features of images, as [`Clip::image_features`] computes them.
    ///
    /// # Errors
    /// If the images have other dimensions than the model expects.
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

/// The weight and the stop of a target.
fn pull(target: &Target) -> (f64, Option<f64>) {
    (target.weight, target.stop)
}

/// The error of a graph that does not lead back to the parameters.
pub(crate) fn no_gradient() -> Error {
    Error::fault("no gradient reaches the picture's parameters")
}
