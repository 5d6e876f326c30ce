//! The options for how a picture is judged and changed.

use crate::settings::LossChoice;
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
        setting loss: several crate::settings::LossChoice {
            /// Also judge the picture itself: losses NAME[=COLOR][:WEIGHT] (comma-separated), or `none`
            ///
            /// The losses are saturation, symmetry, symmetry-top-bottom, symmetry-half-turn, smoothness, smoothness-clipped,
            /// smoothness-log, tv, sharpness, border and vignette. `text2art help losses` describes them.
            ///
            /// The weight is 1 if none is given, and 0 turns a loss off. saturation, smoothness, tv and sharpness may have
            /// negative weights, which do the opposite. A border and a vignette are white, or have the color behind `=`:
            /// border=navy:0.5. The border can also be like that of another picture: border=frame.png.
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
    }
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
