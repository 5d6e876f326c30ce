//! The options for how a picture is judged and changed.

use super::Range;
use crate::settings::{LossChoice, Schedule};
use crate::{Error, Result};

group! {
    guidance "Guidance" {
        setting cutouts: always usize {
            /// Number of cutouts that each CLIP model judges per iteration
            ///
            /// A cutout is a view of the picture, randomly cropped and distorted. CLIP judges only cutouts.
            value: "N",
            arg: whole_number,
            range: Range::whole(1, 4096),
            by: Requests,
        },
        setting cut_batch: always crate::settings::CutBatch {
            /// Number of cutouts to judge at once, or `auto`
            ///
            /// Fewer cutouts use less memory. `auto` uses as many as fit in memory, at most 16 on the CPU.
            value: "N",
            arg: signed,
            default: crate::settings::CutBatch::default(),
            range: Range::whole(1, 4096),
        },
        setting augment: always crate::settings::Augmentations {
            /// Random changes to cutouts (comma-separated): crop, perspective, affine, flip, jitter and erase, or `none`
            value: "LIST",
            default: {
                use crate::settings::Augmentation::{Crop, Jitter, Perspective};
                crate::settings::Augmentations::new(&[Crop, Perspective, Jitter])
            },
            by: Requests,
        },
        setting cut_noise: always f64 {
            /// Maximum standard deviation of the noise added to cutouts (0 to 10)
            ///
            /// Color values run from 0 (black) to 1 (full intensity).
            value: "X",
            arg: number,
            default: 0.1,
            range: Range::new(0.0, 10.0),
            by: Requests,
        },
        setting zooms: maybe crate::settings::Schedule {
            /// Share of cutouts that show a part of the picture; the others show all of it
            ///
            /// A number from 0 to 1, or several with the points of the run from which they apply: `0.25,0.75@40%` looks
            /// mostly at the whole picture in the first 40% of the iterations, and mostly at details after that.
            value: "SHARE",
            shown: "0.6 with --drawer vqgan or fft, 0.5 with pixel, 0.4 with strokes or line",
            check: guidance::check_zooms,
            by: Requests,
        },
        setting cut_power: maybe crate::settings::Schedule {
            /// Size of cutouts that show a part of the picture: above 1, more are small; below 1, more are large
            ///
            /// Their area is between a quarter of the picture and nearly all of it: a random number from 0 to 1, raised
            /// to this power, says where in between. The power can change during the run, as --zooms can.
            value: "POWER",
            shown: "1",
            check: guidance::check_cut_power,
            by: Requests,
        },
        setting center_bias: maybe f64 {
            /// How closely cutouts that show a part of the picture gather around its middle; 0 spreads them evenly
            ///
            /// Their distance from the middle has a normal distribution, with a standard deviation of 1/FOCUS of the
            /// way to the edge. 2 puts most of them near the middle.
            value: "FOCUS",
            arg: number,
            shown: "0",
            range: Range::new(0.0, 10.0),
            by: Requests,
        },
        setting loss: several crate::settings::LossChoice {
            /// Also judge the picture itself: losses NAME[=COLOR|FILE][:WEIGHT] (comma-separated), or `none`
            ///
            /// The losses are saturation, symmetry, symmetry-top-bottom, symmetry-half-turn, smoothness, smoothness-clipped,
            /// smoothness-log, tv, sharpness, border, vignette, aesthetic and style. `text2art help losses` describes them.
            ///
            /// The weight is 1 if none is given, and 0 turns a loss off. saturation, smoothness, tv and sharpness may have
            /// negative weights, which do the opposite. A border and a vignette are white, or have the color after `=`:
            /// border=navy:0.5. The border can also be like that of another picture: border=frame.png. style=painting.jpg
            /// copies the colors and textures of another picture. aesthetic needs a CLIP that has an aesthetic head, such as
            /// vit-b32.
            value: "LOSSES",
            arg: |argument| argument.value_delimiter(','),
            check: guidance::check_losses,
            by: Requests,
        },
        setting optimizer: always crate::optimizer::OptimizerKind {
            /// Optimizer that updates the picture
            value: "NAME",
            default: crate::optimizer::OptimizerKind::Adam,
            by: Requests,
        },
        setting momentum: maybe f64 {
            /// How much of its direction the optimizer keeps in the next iteration; 0 follows each iteration alone
            ///
            /// This is the first beta of the optimizers adam, adamw, adamax and radam. Other optimizers refuse the
            /// option.
            value: "SHARE",
            arg: number,
            shown: "0.9",
            range: Range::new(0.0, 0.9999),
            by: Requests,
        },
        setting learning_rate: always f64 {
            /// Learning rate of the optimizer
            value: "X",
            arg: number,
            default: 0.1,
            range: Range::above(0.0, 1000.0),
            by: Requests,
        },
        setting learning_rate_drops: always crate::settings::LearningRateDrops {
            /// Points at which the learning rate is divided by ten (comma-separated): iterations (150) or percentages of
            /// the run (75%), or `none`
            value: "LIST",
            default: crate::settings::LearningRateDrops::default(),
            by: Requests,
        },
        setting average: maybe f64 {
            /// Show an average over the iterations, in which each counts DECAY times as much as the next; 0 turns it off
            ///
            /// The average is of what the drawer changes, such as the latent of a VQGAN. Its picture is calmer than
            /// that of the last iteration. 0.5 averages a few iterations, and 0.99 averages hundreds. The average does
            /// not affect the iterations themselves.
            value: "DECAY",
            arg: number,
            shown: "0",
            range: Range::new(0.0, 0.9999),
            by: Requests,
        },
    }
}

/// Checks each share of zooms.
#[allow(clippy::ref_option, reason = "the table passes a reference to the setting")]
pub(super) fn check_zooms(zooms: &Option<Schedule>) -> Result<()> {
    check_values("zooms", Range::new(0.0, 1.0), zooms.as_ref())
}

/// Checks each power.
#[allow(clippy::ref_option, reason = "the table passes a reference to the setting")]
pub(super) fn check_cut_power(powers: &Option<Schedule>) -> Result<()> {
    check_values("cut-power", Range::new(0.01, 100.0), powers.as_ref())
}

fn check_values(option: &str, range: Range, schedule: Option<&Schedule>) -> Result<()> {
    schedule.into_iter().flat_map(Schedule::values).try_for_each(|value| range.check(option, &value))
}

/// Checks that no loss is named twice.
pub(super) fn check_losses(losses: &[LossChoice]) -> Result<()> {
    let kinds: Vec<_> = losses.iter().filter_map(LossChoice::loss).map(|loss| loss.kind).collect();
    match kinds.iter().enumerate().find(|(index, kind)| kinds[..*index].contains(kind)) {
        Some((_, kind)) => {
            Err(Error::usage(format!("‹loss› names `{kind}` twice"), "give each loss once, with one weight"))
        }
        None => Ok(()),
    }
}
