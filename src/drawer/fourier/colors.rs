//! The colors that channels without correlation stand for.

/// The square root of the covariance of the colors of `ImageNet` by its singular values: a channel of brightness, and two of
/// hue (Olah, Mordvintsev and Schubert, "Feature Visualization", 2017; the numbers are in Lucid's `color.py`).
const COLORS: [[f64; 3]; 3] = [[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]];

/// A map between colors, by rows.
pub(super) type Matrix = [[f64; 3]; 3];

/// The map from channels to colors. The channel of brightness is divided by `colorfulness`, and all of it by the length of
/// the longest column, as in aphantasia (`aphantasia/image.py`, `to_valid_rgb`).
pub(super) fn matrix(colorfulness: f64) -> Matrix {
    let colors = COLORS.map(|row| [row[0] / colorfulness, row[1], row[2]]);
    let length = |column: usize| colors.iter().map(|row| row[column] * row[column]).sum::<f64>().sqrt();
    let longest = (0..3).map(length).fold(0.0, f64::max);
    colors.map(|row| row.map(|value| value / longest))
}

/// The inverse of a map, by its cofactors. The maps of [`matrix`] have one.
pub(super) fn inverse(matrix: &Matrix) -> Matrix {
    let cofactor = |row: usize, column: usize| {
        let at = |down: usize, right: usize| matrix[(row + down) % 3][(column + right) % 3];
        at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
    };
    let determinant: f64 = (0..3).map(|column| matrix[0][column] * cofactor(0, column)).sum();
    std::array::from_fn(|row| std::array::from_fn(|column| cofactor(column, row) / determinant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_undoes() {
        for colorfulness in [0.1, 1.0, 1.8, 10.0] {
            let (to, back) = (matrix(colorfulness), inverse(&matrix(colorfulness)));
            for (row, of_row) in to.iter().enumerate() {
                for column in 0..3 {
                    let product: f64 = of_row.iter().zip(&back).map(|(value, row)| value * row[column]).sum();
                    let expected = if row == column { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-9, "{colorfulness}: {product}");
                }
            }
        }
    }

    #[test]
    fn more_colorfulness_is_less_brightness_beside_hue() {
        let share = |colorfulness: f64| matrix(colorfulness)[0][1] / matrix(colorfulness)[0][0];
        assert!((share(1.0) - 0.09 / 0.26).abs() < 1e-12 && (share(1.8) / share(1.0) - 1.8).abs() < 1e-12);
    }
}
