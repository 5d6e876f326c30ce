//! The options for animations: how many frames, how the canvas moves between them, and what changes over them.

use super::Range;
use super::picture::check_count;
use crate::Result;
use crate::settings::prompt::{LARGEST_WEIGHT, MOST as MOST_PROMPTS};
use crate::settings::{Keyframes, PromptWeight};

/// The iterations of each frame if nothing else is said: other programs re-encode every 10 to 25 iterations.
pub(crate) const ITERATIONS_PER_FRAME: usize = 10;

group! {
    motion "Animation" {
        setting length: optional usize {
            /// Draw an animation of this many frames instead of a single picture; `none` draws a picture
            ///
            /// The run has as many iterations as --length times --iterations-per-frame. Movies show the end of each frame, and
            /// the picture is the last frame. The command `animate` draws 100 frames if nothing else is said. With `none`, the
            /// recipe of an animation draws a single picture, without its motions.
            value: "FRAMES",
            arg: whole_number,
            read: "crate::settings::or_none::whole",
            range: Range::whole(1, 1_000_000),
            by: Requests,
        },
        setting iterations_per_frame: maybe usize {
            /// Number of iterations for each frame of an animation
            ///
            /// After the canvas has moved, the iterations repair and redraw it. Fewer are faster, but blur and drift more.
            value: "N",
            arg: whole_number,
            shown: "10",
            range: Range::whole(1, 10_000),
            by: Requests,
        },
        setting zoom: maybe crate::settings::Keyframes {
            /// How many times larger the canvas becomes from frame to frame; below 1 zooms out
            ///
            /// A number, or numbers at frames: `0: 1, 50: 1.02` zooms faster and faster until frame 50. Between these frames,
            /// the number changes in proportion, or slowly at both ends if the value begins with the word `smooth`. Values
            /// from 0.98 to 1.02 give steady films.
            value: "KEYS",
            arg: signed,
            shown: "1",
            check: motion::keys_within("zoom", Range::above(0.0, 100.0)),
            by: Requests,
        },
        setting angle: maybe crate::settings::Keyframes {
            /// How many degrees the canvas turns clockwise from frame to frame; keyframes as in --zoom
            value: "KEYS",
            arg: signed,
            shown: "0",
            check: motion::keys_within("angle", Range::new(-360.0, 360.0)),
            by: Requests,
        },
        setting pan_x: maybe crate::settings::Keyframes {
            /// How many pixels the canvas moves to the right from frame to frame; keyframes as in --zoom
            ///
            /// Pixels are those of --size. What comes in at the other side is a reflection of the canvas.
            value: "KEYS",
            arg: signed,
            shown: "0",
            check: motion::keys_within("pan-x", Range::new(-16384.0, 16384.0)),
            by: Requests,
        },
        setting pan_y: maybe crate::settings::Keyframes {
            /// How many pixels the canvas moves down from frame to frame; keyframes as in --zoom
            value: "KEYS",
            arg: signed,
            shown: "0",
            check: motion::keys_within("pan-y", Range::new(-16384.0, 16384.0)),
            by: Requests,
        },
        setting wander: maybe f64 {
            /// Also move the canvas in a smooth random way, which follows from the seed; 0 turns it off
            ///
            /// It zooms by up to 1.2%, turns by up to 0.8 degrees and moves by up to 0.8% of the shorter side from frame to
            /// frame, times STRENGTH.
            value: "STRENGTH",
            arg: |argument| number_or(argument, "1"),
            range: Range::new(0.0, 20.0),
            by: Requests,
        },
        asked story: std::path::PathBuf {
            /// Tell a story: a text file with a prompt in each line
            ///
            /// The lines follow each other over the animation, or over the iterations of a single picture. A line may begin
            /// with its frame, such as `50: a castle at night`, if all lines do; otherwise all lines take the same time. Each
            /// fades into the next. The recipe contains the prompts and their weights, not the name of the file.
            value: "FILE",
        },
        asked crossfade: usize {
            /// Frames that a line of --story takes to fade into the next; 0 changes at once
            value: "FRAMES",
            arg: whole_number,
            shown: "all the time from line to line",
            range: Range::whole(0, 1_000_000),
        },
        setting prompt_weights: several crate::settings::PromptWeight {
            /// Change the weight of the Nth prompt: keyframes as in --zoom; may be repeated
            ///
            /// `2 = 0: 1, 50: 0` fades the second prompt out. The keyframes replace the weight of the prompt. They count the
            /// frames of an animation, and the iterations of a single picture.
            value: "N=KEYS",
            check: motion::check_prompt_weights,
            by: Requests,
        },
        setting learning_rate_keys: maybe crate::settings::Keyframes {
            /// Learning rate that changes: keyframes as in --zoom, instead of --learning-rate
            ///
            /// They count the frames of an animation, and the iterations of a single picture.
            value: "KEYS",
            arg: signed,
            check: motion::keys_within("learning-rate-keys", Range::new(0.0, 1000.0)),
            by: Requests,
        },
        setting init_weight_keys: maybe crate::settings::Keyframes {
            /// How strongly to keep the picture close to its starting point: keyframes as in --zoom, instead of --init-weight
            ///
            /// After the canvas of an animation has moved, that is its new starting point.
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

/// Checks the number of prompts with other weights, and each weight.
pub(super) fn check_prompt_weights(weights: &[PromptWeight]) -> Result<()> {
    check_count("prompt-weights", weights.len(), MOST_PROMPTS)?;
    let range = Range::new(-LARGEST_WEIGHT, LARGEST_WEIGHT);
    weights.iter().try_for_each(|weight| weight.keys.check("prompt-weights", range))
}
