//! Views and touches of any kind. The unit tests of what computes on GPUs use them, too: the layers are what the module
//! above this one has.

use proptest::prelude::*;

use super::{Border, Homography, Rectangle, Touch, View};

/// A view of most of a picture, and of some of what lies around it.
pub fn views() -> impl Strategy<Value = View> {
    let border = prop_oneof![(-1.0..1.0_f32).prop_map(Border::Fill), Just(Border::Edge), Just(Border::Reflection)];
    let matrix = proptest::array::uniform9(-0.2..0.2_f64).prop_map(|mut matrix| {
        for diagonal in [0, 4, 8] {
            matrix[diagonal] += 1.0;
        }
        Homography(matrix)
    });
    (matrix, border).prop_map(|(matrix, border)| View { matrix, border })
}

/// Colours turned, with noise or none, and a rectangle of any size erased or none.
pub fn touches((height, width): (usize, usize)) -> impl Strategy<Value = Touch> {
    let corner = (0..height, 0..width);
    let erased = corner.prop_flat_map(move |(top, left)| {
        let sides = (0..=height - top, 0..=width - left);
        sides.prop_map(move |(height, width)| Rectangle { left, top, width, height })
    });
    let noise = prop_oneof![Just(0.0), 0.0..0.5_f32];
    let fill = -1.0..1.0_f32;
    (proptest::array::uniform9(-1.0..1.0_f32), noise, any::<u64>(), proptest::option::of(erased), fill)
        .prop_map(|(colours, noise, noise_seed, erased, fill)| Touch { colours, noise, noise_seed, erased, fill })
}
