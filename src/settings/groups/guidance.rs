//! The options for how a picture is judged and changed.

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
        setting optimizer: always crate::optimizer::OptimizerKind {
            /// Optimizer that updates the picture
            value: "NAME",
            default: crate::optimizer::OptimizerKind::Adam,
            by: Requests,
        },
        setting momentum: maybe f64 {
            /// How much of its direction the optimizer keeps in the next iteration; 0 follows each iteration alone
            ///
            /// For the optimizers adam, adamw, adamax and radam, whose first beta it is.
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
            /// The average is of what the drawer changes, such as the latent of a VQGAN. Its picture is calmer than that of
            /// the last iteration. 0.5 averages few iterations, 0.99 hundreds. It does not affect the iterations themselves.
            value: "DECAY",
            arg: number,
            shown: "0",
            range: Range::new(0.0, 0.9999),
            by: Requests,
        },
    }
}
