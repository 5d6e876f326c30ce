//! Views and touches of any kind. Unit tests of GPU code also use them; the layers are those of the module above this
//! one.

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

/// Transformed colors, with or without noise, and with or without an erased rectangle of any size.
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
