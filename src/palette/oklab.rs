//! OKLab, a color space in which distances are about as large as they look.
//!
//! Björn Ottosson, A perceptual color space for image processing, 2020 (<https://bottosson.github.io/posts/oklab/>).
//! A color is its lightness, 0 to 1, and two axes, a and b, each about -0.4 to 0.4.

/// The OKLab of 8-bit sRGB.
#[must_use]
pub fn of_srgb(color: [u8; 3]) -> [f32; 3] {
    of_unit_srgb(color.map(|channel| f32::from(channel) / 255.0))
}

/// The OKLab of sRGB whose channels are 0 to 1.
#[must_use]
pub fn of_unit_srgb(color: [f32; 3]) -> [f32; 3] {
    of_linear(color.map(to_linear))
}

/// The nearest 8-bit sRGB; values outside its gamut are clipped channel by channel.
#[must_use]
pub fn to_srgb(lab: [f32; 3]) -> [u8; 3] {
    let [lightness, a, b] = lab;
    let long = lightness + 0.396_337_78 * a + 0.215_803_76 * b;
    let medium = lightness - 0.105_561_346 * a - 0.063_854_17 * b;
    let short = lightness - 0.089_484_18 * a - 1.291_485_5 * b;
    let [long, medium, short] = [long, medium, short].map(|cone| cone * cone * cone);
    let linear = [
        4.076_741_7 * long - 3.307_711_6 * medium + 0.230_969_94 * short,
        -1.268_438 * long + 2.609_757_4 * medium - 0.341_319_4 * short,
        -0.004_196_086_3 * long - 0.703_418_6 * medium + 1.707_614_7 * short,
    ];
    linear.map(|channel| {
        let unit = if channel <= 0.003_130_8 { 12.92 * channel } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let byte = (unit * 255.0).round() as u8;
        byte
    })
}

/// The square of the distance between two colors.
pub(crate) fn distance(one: [f32; 3], other: [f32; 3]) -> f32 {
    let [lightness, a, b] = [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
    lightness * lightness + a * a + b * b
}

/// A channel of sRGB, 0 to 1, as an amount of light (IEC 61966-2-1).
pub(super) fn to_linear(channel: f32) -> f32 {
    if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

/// From amounts of red, green and blue light to the response of each kind of cone.
const CONES: [[f32; 3]; 3] = [
    [0.412_221_46, 0.536_332_55, 0.051_445_995],
    [0.211_903_5, 0.680_699_5, 0.107_396_96],
    [0.088_302_46, 0.281_718_85, 0.629_978_7],
];
/// From the cube roots of the responses to OKLab's axes.
const AXES: [[f32; 3]; 3] = [
    [0.210_454_26, 0.793_617_8, -0.004_072_047],
    [1.977_998_5, -2.428_592_2, 0.450_593_7],
    [0.025_904_037, 0.782_771_77, -0.808_675_77],
];

fn product(matrix: [[f32; 3]; 3], [x, y, z]: [f32; 3]) -> [f32; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

fn transposed(matrix: [[f32; 3]; 3]) -> [[f32; 3]; 3] {
    std::array::from_fn(|column| matrix.map(|row| row[column]))
}

/// The OKLab of amounts of red, green and blue light.
pub(super) fn of_linear(light: [f32; 3]) -> [f32; 3] {
    product(AXES, product(CONES, light).map(f32::cbrt))
}

/// Converts a slope along OKLab's axes into one along the channels of sRGB, 0 to 1, at a color. At black, where OKLab
/// is infinitely steep, it is the slope at a slightly lighter color.
#[must_use]
pub fn slope(color: [f32; 3], lab: [f32; 3]) -> [f32; 3] {
    /// Smaller amounts of light count as this one
    const DARKEST: f32 = 1e-4;
    let cones = product(CONES, color.map(to_linear));
    let along = product(transposed(AXES), lab);
    let along_cones = std::array::from_fn(|cone| {
        let root = cones[cone].max(DARKEST).cbrt();
        along[cone] / (3.0 * root * root)
    });
    let light = product(transposed(CONES), along_cones);
    std::array::from_fn(|channel| {
        let value = color[channel];
        let steepness = if value <= 0.040_45 { 1.0 / 12.92 } else { 2.4 / 1.055 * ((value + 0.055) / 1.055).powf(1.4) };
        light[channel] * steepness
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_are_where_they_are_known_to_be() {
        // CSS Color Module Level 4, section 9: red is oklab(62.8% 0.22486 0.12585), lime 86.64% -0.23389 0.1795.
        let known = [
            ([255, 255, 255], [1.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0; 3]),
            ([255, 0, 0], [0.627_96, 0.224_86, 0.125_85]),
            ([0, 255, 0], [0.866_44, -0.233_89, 0.179_50]),
        ];
        for (color, expected) in known {
            assert!(distance(of_srgb(color), expected).sqrt() < 1e-4, "{color:?}: {:?}", of_srgb(color));
        }
    }

    #[test]
    fn the_slope_is_that_of_small_steps() {
        for color in [[0.3, 0.6, 0.9], [0.9, 0.1, 0.2], [0.5; 3], [0.03, 0.9, 0.02]] {
            let weights = [0.7, -1.3, 2.1];
            let value = |color: [f32; 3]| {
                let lab = of_unit_srgb(color);
                (0..3).map(|axis| f64::from(weights[axis]) * f64::from(lab[axis])).sum::<f64>()
            };
            let found = slope(color, weights);
            for (channel, found) in found.into_iter().enumerate() {
                let at =
                    |change: f32| value(std::array::from_fn(|i| color[i] + if i == channel { change } else { 0.0 }));
                let expected = (at(4e-3) - at(-4e-3)) / 8e-3;
                assert!((expected - f64::from(found)).abs() < 2e-2 * expected.abs().max(0.3), "{color:?}");
            }
        }
    }

    #[test]
    fn bytes_come_back() {
        for step in 0..=u32::from(u16::MAX) {
            let [_, blue, green, red] = (step * 257).to_be_bytes();
            assert_eq!(to_srgb(of_srgb([red, green, blue])), [red, green, blue]);
        }
        assert_eq!(to_srgb([f32::NAN; 3]), [0; 3]);
        assert_eq!(to_srgb([2.0, 0.0, 0.0]), [255; 3]);
    }
}
