//! The options for animations: how many frames, how the canvas moves from frame to frame, and what else changes.

use super::Range;
use super::picture::check_count;
use crate::Result;
use crate::settings::prompt::{LARGEST_WEIGHT, MOST as MOST_PROMPTS};
use crate::settings::{Keyframes, PromptWeight};

/// The default number of iterations per frame: other programs re-encode every 10 to 25 iterations.
pub(crate) const ITERATIONS_PER_FRAME: usize = 10;

/// The heading of these options.
pub(crate) const GROUP: &str = "Animation";

group! {
    motion "Animation" {
        setting length: optional usize {
            /// Draw an animation of this many frames; `none` draws a single picture
            ///
            /// The run takes --length times --iterations-per-frame iterations. Movies show the end of each frame, and the
            /// picture is the last frame. The command `animate` draws 100 frames by default. With `none`, you can draw a
            /// single picture from the recipe of an animation, without its motions.
            value: "FRAMES",
            arg: whole_number,
            read: "crate::settings::or_none::whole",
            range: Range::whole(1, 1_000_000),
            by: Requests,
        },
        setting iterations_per_frame: maybe usize {
            /// Number of iterations for each frame of an animation
            ///
            /// After each motion, the iterations repair and redraw the canvas. Fewer iterations are faster, but the film blurs
            /// and drifts more.
            value: "N",
            arg: whole_number,
            shown: "10",
            range: Range::whole(1, 10_000),
            by: Requests,
        },
        setting zoom: maybe crate::settings::Keyframes {
            /// Factor by which the canvas grows from frame to frame; below 1 zooms out
            ///
            /// KEYS is a number, or numbers at given frames (keyframes): `0: 1, 50: 1.02` zooms faster and faster until frame 50.
            /// The number changes evenly between keyframes; put the word `smooth` first to ease in and out of each keyframe.
            /// Values from 0.98 to 1.02 look steady; slow zooms, such as 1.002, add up over the frames.
            value: "KEYS",
            arg: signed,
            shown: "1",
            check: motion::keys_within("zoom", Range::above(0.0, 100.0)),
            by: Requests,
        },
        setting angle: maybe crate::settings::Keyframes {
            /// Degrees that the canvas rotates clockwise from frame to frame; takes keyframes like --zoom
            value: "KEYS",
            arg: signed,
            shown: "0",
            check: motion::keys_within("angle", Range::new(-360.0, 360.0)),
            by: Requests,
        },
        setting pan_x: maybe crate::settings::Keyframes {
            /// Pixels that the canvas moves right from frame to frame; takes keyframes like --zoom
            ///
            /// Pixels are those of --size. A reflection of the canvas fills the part that comes into view.
            value: "KEYS",
            arg: signed,
            shown: "0",
            check: motion::keys_within("pan-x", Range::new(-16384.0, 16384.0)),
            by: Requests,
        },
        setting pan_y: maybe crate::settings::Keyframes {
            /// Pixels that the canvas moves down from frame to frame; takes keyframes like --zoom
            value: "KEYS",
            arg: signed,
            shown: "0",
            check: motion::keys_within("pan-y", Range::new(-16384.0, 16384.0)),
            by: Requests,
        },
        setting wander: maybe f64 {
            /// Also move the canvas smoothly at random, depending on the seed; 0 turns this off
            ///
            /// From frame to frame, the canvas zooms by up to 1.2%, rotates by up to 0.8 degrees and moves by up to 0.8% of the
            /// shorter side, all times STRENGTH.
            value: "STRENGTH",
            arg: |argument| number_or(argument, "1"),
            range: Range::new(0.0, 20.0),
            by: Requests,
        },
        asked story: std::path::PathBuf {
            /// Text file that tells a story, with one prompt per line
            ///
            /// Each line fades into the next, over the frames of an animation or the iterations of a single picture. All lines
            /// take the same time, unless every line begins with its frame, such as `50: a castle at night`. The recipe
            /// contains the prompts and their weights, not the name of the file.
            value: "FILE",
        },
        asked crossfade: usize {
            /// Number of frames in which each line of --story fades into the next; 0 switches at once
            value: "FRAMES",
            arg: whole_number,
            shown: "all frames from line to line",
            range: Range::whole(0, 1_000_000),
        },
        setting prompt_weights: several crate::settings::PromptWeight {
            /// Change the weight of the Nth prompt over time; takes keyframes like --zoom, and can be repeated
            ///
            /// `2 = 0: 1, 50: 0` fades the second prompt out. The keyframes replace the weight of the prompt. They count the
            /// frames of an animation, or the iterations of a single picture.
            value: "N=KEYS",
            check: motion::check_prompt_weights,
            by: Requests,
        },
        setting learning_rate_keys: maybe crate::settings::Keyframes {
            /// Change the learning rate over time; takes keyframes like --zoom, and replaces --learning-rate
            ///
            /// The keyframes count the frames of an animation, or the iterations of a single picture.
            value: "KEYS",
            arg: signed,
            check: motion::keys_within("learning-rate-keys", Range::new(0.0, 1000.0)),
            by: Requests,
        },
        setting init_weight_keys: maybe crate::settings::Keyframes {
            /// Change how strongly the picture is kept close to its starting point; takes keyframes like --zoom, and replaces
            /// --init-weight
            ///
            /// Each time the canvas of an animation moves, the moved canvas becomes the new starting point.
            value: "KEYS",
            arg: signed,
            check: motion::keys_within("init-weight-keys", Range::new(0.0, 1000.0)),
            by: Requests,
        },
    }
}

/// Checks the numbers of the keyframes of an option.
pub(super) fn keys_within(option: &'static str, range: Range) -> impl Fn(&Option<Keyframes>) -> Result<()> {
    move |keys| keys.iter().try_for_each(|keys| keys.check(option, range))
}

/// Checks the number of prompts with keyframes, and each weight.
pub(super) fn check_prompt_weights(weights: &[PromptWeight]) -> Result<()> {
    check_count("prompt-weights", weights.len(), MOST_PROMPTS)?;
    let range = Range::new(-LARGEST_WEIGHT, LARGEST_WEIGHT);
    weights.iter().try_for_each(|weight| weight.keys.check("prompt-weights", range))
}
