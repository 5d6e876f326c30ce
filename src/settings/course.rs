//! Keyframes over the iterations of a run, and the parts of an animation.

use super::{ITERATIONS_PER_FRAME, Keyframes, OrNone, Overrides, Prompts, Settings};

/// Keyframes over the iterations of a run. They count the frames of an animation, or the iterations of a single picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    keys: Keyframes,
    /// The iterations of each frame
    iterations: usize,
}

impl Course {
    /// The value in an iteration.
    #[must_use]
    pub fn at(&self, iteration: usize) -> f64 {
        self.keys.at(iteration / self.iterations)
    }
}

impl Overrides {
    /// Whether the source asks for an animation.
    #[must_use]
    pub fn is_animated(&self) -> bool {
        self.length.as_ref().and_then(OrNone::value).is_some()
    }
}

impl Settings {
    /// The iterations of each frame of an animation, from 1; none if a single picture is drawn.
    #[must_use]
    pub fn iterations_of_frame(&self) -> Option<usize> {
        self.length?;
        Some(self.iterations_per_frame.unwrap_or(ITERATIONS_PER_FRAME).max(1))
    }

    /// The first option that moves the canvas of an animation; none if none does.
    #[must_use]
    pub fn motion(&self) -> Option<&'static str> {
        let motions = [
            ("zoom", self.zoom.is_some()),
            ("angle", self.angle.is_some()),
            ("pan-x", self.pan_x.is_some()),
            ("pan-y", self.pan_y.is_some()),
            ("wander", self.wander.is_some()),
        ];
        motions.into_iter().find(|(_, is_asked)| *is_asked).map(|(option, _)| option)
    }

    /// Whether the canvas of an animation moves from frame to frame.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.length.is_some() && self.motion().is_some()
    }

    /// Keyframes over the iterations of the run.
    #[must_use]
    pub fn course(&self, keys: &Keyframes) -> Course {
        Course { keys: keys.clone(), iterations: self.iterations_of_frame().unwrap_or(1) }
    }

    /// How the weight of the prompt with this index changes; none if it does not change.
    #[must_use]
    pub fn course_of_prompt(&self, index: usize) -> Option<Course> {
        let weight = self.prompt_weights.iter().find(|weight| weight.prompt == index + 1)?;
        Some(self.course(&weight.keys))
    }

    /// The prompts with their weights in the first iteration, without prompts of weight 0. If all weights are 0, all prompts
    /// unchanged.
    #[must_use]
    pub fn prompts_at_start(&self) -> Prompts {
        let weight = |index: usize, own: f64| self.course_of_prompt(index).map_or(own, |course| course.at(0));
        self.prompt.with_weights(|index, prompt| weight(index, prompt.weight)).unwrap_or_else(|| self.prompt.clone())
    }

    /// The weight of the starting point that the drawer is built with. Keyframes multiply this weight later.
    #[must_use]
    pub fn weight_of_start(&self) -> f64 {
        if self.init_weight_keys.is_some() { 1.0 } else { self.init_weight }
    }
}
