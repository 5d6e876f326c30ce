//! The camera of an animation: how the canvas moves from frame to frame.

use candle_core::Tensor;

use super::second_pass::of_another_run;
use super::state::restore_parameters;
use super::{Session, optimizer};
use crate::Result;
use crate::drawer::{INIT, Motion};
use crate::random::Stream;
use crate::settings::{Keyframes, Settings, smoothstep};

/// The frames from one random motion to the next; between them, the motion changes smoothly.
const WANDER_FRAMES: usize = 40;
/// The largest random changes from frame to frame: of the logarithm of the size, in degrees, and as shares of the shorter
/// side (illustrip: scale 0.012, angle 0.8, 10 of 1280 pixels).
const WANDER: [f64; 4] = [0.012, 0.8, 0.008, 0.008];

/// How the canvas of a run moves.
pub(super) struct Camera {
    /// The iterations of each frame
    iterations: usize,
    /// Zoom, angle, and distances to the right and down, where settings give them
    keys: [Option<Keyframes>; 4],
    wander: Option<f64>,
    seed: u64,
    /// The shorter side of the canvas, in pixels
    side: f64,
    /// Whether each frame is a new starting point even if nothing moves, because the picture follows changing prompts
    follows_prompts: bool,
}

/// The canvas at the start of a frame.
#[derive(Clone)]
pub struct FrameStart {
    /// The number of the frame, from 1: the first frame has number 0 and does not begin with a motion
    pub frame: usize,
    /// The parameters after the motion
    pub parameters: Vec<Tensor>,
    /// What these cannot hold of the canvas ([`Drawer::remainder`](crate::drawer::Drawer::remainder))
    pub remainder: Option<Tensor>,
}

impl Camera {
    /// The camera of settings; none if nothing moves and no prompt changes.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        let follows_prompts = follows_prompts(settings);
        let iterations = settings.iterations_of_frame().filter(|_| settings.is_moving() || follows_prompts)?;
        let Settings { zoom, angle, pan_x, pan_y, wander, .. } = settings;
        let keys = [zoom, angle, pan_x, pan_y].map(Clone::clone);
        let side = settings.size.width.min(settings.size.height) as f64;
        Some(Self { iterations, keys, wander: *wander, seed: settings.seed.0, side, follows_prompts })
    }

    /// The frame that starts with an iteration; none for the first frame, and in the middle of a frame.
    pub(super) fn frame_at(&self, iteration: usize) -> Option<usize> {
        (iteration > 0 && iteration.is_multiple_of(self.iterations)).then(|| iteration / self.iterations)
    }

    /// The motion from the previous frame to this one.
    pub(super) fn motion(&self, frame: usize) -> Motion {
        let [zoom, angle, right, down] = &self.keys;
        let at = |keys: &Option<Keyframes>, none: f64| keys.as_ref().map_or(none, |keys| keys.at(frame));
        let motion = Motion { zoom: at(zoom, 1.0), angle: at(angle, 0.0), pan: [at(right, 0.0), at(down, 0.0)] };
        let Some(strength) = self.wander else { return motion };
        let [grown, turned, right, down] = self.wandering(frame).map(|change| strength * change);
        Motion {
            zoom: motion.zoom * grown.exp(),
            angle: motion.angle + turned,
            pan: [motion.pan[0] + right * self.side, motion.pan[1] + down * self.side],
        }
    }

    /// The random changes of a frame, each up to its limit in [`WANDER`].
    #[allow(clippy::cast_precision_loss)]
    fn wandering(&self, frame: usize) -> [f64; 4] {
        let key = |number: usize| {
            let mut stream = Stream::new(self.seed, "wander", number as u64);
            WANDER.map(|limit| stream.between(-limit, limit))
        };
        let (before, after) = (key(frame / WANDER_FRAMES), key(frame / WANDER_FRAMES + 1));
        let share = smoothstep((frame % WANDER_FRAMES) as f64 / WANDER_FRAMES as f64);
        std::array::from_fn(|index| before[index] + (after[index] - before[index]) * share)
    }
}

/// The memory of moving the canvas, in bytes.
pub(super) fn memory(settings: &Settings) -> u64 {
    let pixels = (settings.size.width as u64).saturating_mul(settings.size.height as u64);
    // The picture before and after the motion, corrected, read back, and as it is shown, with three or four channels each;
    // and the parameters at the start of the frame.
    let moving = if settings.is_moving() { pixels.saturating_mul(5 * 16) } else { 0 };
    let start = if settings.is_moving() || follows_prompts(settings) { pixels.saturating_mul(12) } else { 0 };
    moving.saturating_add(start)
}

/// Whether the weights of prompts change in an animation. A picture that is kept close to its first frame could not follow
/// them.
fn follows_prompts(settings: &Settings) -> bool {
    settings.iterations_of_frame().is_some() && !settings.prompt_weights.is_empty()
}

impl Session {
    /// Moves the canvas if a frame starts with the next iteration and the canvas has not moved for it yet. The optimizer
    /// starts over, since its state belongs to another picture. The canvas becomes the new starting point that the picture is
    /// kept close to.
    pub(super) fn move_if_due(&mut self) -> Result<()> {
        self.frame_end = None;
        let Some(camera) = &self.camera else { return Ok(()) };
        let Some(frame) = camera.frame_at(self.iteration) else { return Ok(()) };
        let motion = camera.motion(frame);
        let is_still = motion.is_none();
        if is_still && !camera.follows_prompts || self.frame_start.as_ref().is_some_and(|start| start.frame == frame) {
            return Ok(());
        }
        if !is_still {
            self.frame_end = Some(self.picture()?);
            let mut stream = Stream::new(self.settings.seed.0, "new strokes", frame as u64);
            self.drawer.move_canvas(&motion, &mut stream)?;
            self.optimizer = optimizer(&self.settings, self.drawer.as_ref())?;
            // An average of the parameters of two canvases means nothing.
            self.average = None;
            self.averaged.take();
        }
        self.drawer.hold_here()?;
        let parameters = self.drawer.parameters();
        let parameters = parameters.iter().map(|parameter| parameter.as_detached_tensor().copy());
        let parameters = parameters.collect::<candle_core::Result<_>>()?;
        self.frame_start = Some(FrameStart { frame, parameters, remainder: self.drawer.remainder().cloned() });
        Ok(())
    }

    /// Continues a frame that started with this canvas.
    ///
    /// # Errors
    /// If its parameters or their remainder have other shapes.
    pub(super) fn begin_frame(&mut self, start: FrameStart) -> Result<()> {
        if self.camera.is_none() {
            return Err(of_another_run());
        }
        restore_parameters(&self.drawer.parameters(), &start.parameters)?;
        self.drawer.restore_remainder(start.remainder.clone()).map_err(|_| of_another_run())?;
        self.drawer.hold_here()?;
        self.frame_start = Some(start);
        Ok(())
    }

    /// The losses of the drawer in an iteration. The loss that keeps the picture close to its starting point can have a
    /// changing weight.
    pub(super) fn own_losses(&self, iteration: usize) -> Result<Vec<(&'static str, Tensor)>> {
        let mut losses = self.drawer.own_losses()?;
        let Some(weight) = self.hold.as_ref().map(|course| course.at(iteration)) else { return Ok(losses) };
        losses.retain(|(name, _)| *name != INIT || weight != 0.0);
        for (_, loss) in losses.iter_mut().filter(|(name, _)| *name == INIT) {
            *loss = (&*loss * weight)?;
        }
        Ok(losses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    fn camera(asked: Overrides) -> Option<Camera> {
        let named = Overrides { prompt: Some("a".parse().unwrap()), length: Some(100.into()), ..Overrides::default() };
        Camera::of(&combine(&[asked, named]).unwrap())
    }

    #[test]
    fn motions_are_those_of_the_keys() {
        let keys = |text: &str| Some(text.parse().unwrap());
        let asked = Overrides { zoom: keys("0: 1, 10: 1.1"), pan_y: keys("-2"), ..Overrides::default() };
        let camera = camera(asked).unwrap();
        let motion = camera.motion(5);
        assert!((motion.zoom - 1.05).abs() < 1e-12);
        assert_eq!(motion, Motion { pan: [0.0, -2.0], zoom: motion.zoom, angle: 0.0 });
        assert_eq!([0, 1, 9, 10, 15, 20].map(|at| camera.frame_at(at)), [None, None, None, Some(1), None, Some(2)]);
        assert!(self::camera(Overrides::default()).is_none());
    }

    #[test]
    fn wandering_is_smooth_and_within_its_limits() {
        let camera = camera(Overrides { wander: Some(1.0), ..Overrides::default() }).unwrap();
        let all: Vec<_> = (0..400).map(|frame| camera.wandering(frame)).collect();
        for index in 0..4 {
            let most = all.iter().map(|changes| changes[index].abs()).fold(0.0, f64::max);
            assert!(most <= WANDER[index] && most > 0.2 * WANDER[index], "{index}: {most}");
            // Between two keys, the smoothstep rises by at most 1.5 of the difference, which is at most twice the limit.
            let steepest = all.windows(2).map(|pair| (pair[1][index] - pair[0][index]).abs()).fold(0.0, f64::max);
            #[allow(clippy::cast_precision_loss)]
            let limit = 3.0 * WANDER[index] / WANDER_FRAMES as f64;
            assert!(steepest <= limit + 1e-12, "{index}: {steepest}");
        }
        let other =
            self::camera(Overrides { wander: Some(1.0), seed: Some("7".parse().unwrap()), ..Overrides::default() });
        assert_ne!(other.unwrap().motion(3), camera.motion(3));
    }
}
