//! Frames in between: cross-fades of amounts of light, as an open shutter would mix them.

use std::sync::LazyLock;

use image::RgbImage;

/// The amount of light of the brightest byte. It is large enough that the darkest bytes differ, and amounts are whole numbers,
/// so that they are the same on every machine.
const BRIGHTEST: f64 = (1_u32 << 24) as f64;

/// The amounts of light of all bytes, and between each byte and the next, the amount above which the next byte is nearer.
struct Light {
    of_byte: [u32; 256],
    between: [u32; 255],
}

/// The transfer function of sRGB (IEC 61966-2-1).
static LIGHT: LazyLock<Light> = LazyLock::new(|| {
    let light = |byte: f64| {
        let channel = byte / 255.0;
        let linear = if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 2^24")]
        let whole = (linear * BRIGHTEST).round() as u32;
        whole
    };
    let number = |index: usize| f64::from(u16::try_from(index).unwrap_or(u16::MAX));
    Light {
        of_byte: std::array::from_fn(|index| light(number(index))),
        between: std::array::from_fn(|index| light(number(index) + 0.5)),
    }
});

/// The picture that is `step` of `steps` steps from one to another of the same size. `steps` is at least 1.
#[must_use]
pub fn blended(from: &RgbImage, to: &RgbImage, step: usize, steps: usize) -> RgbImage {
    let light = &*LIGHT;
    let (step, steps) = (step.min(steps) as u64, steps.max(1) as u64);
    let mut mixed = from.clone();
    for (byte, other) in mixed.as_mut().iter_mut().zip(to.as_raw()) {
        if *byte == *other {
            continue;
        }
        let [own, other] = [*byte, *other].map(|byte| u64::from(light.of_byte[usize::from(byte)]));
        let sum = own * (steps - step) + other * step;
        let mean = (sum + steps / 2) / steps;
        let nearest = light.between.partition_point(|between| u64::from(*between) <= mean);
        *byte = u8::try_from(nearest).unwrap_or(u8::MAX);
    }
    mixed
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn gray(byte: u8) -> RgbImage {
        RgbImage::from_pixel(1, 1, Rgb([byte; 3]))
    }

    #[test]
    fn the_ends_are_exact_and_the_way_is_monotonic() {
        let value = |from: u8, to: u8, step: usize| blended(&gray(from), &gray(to), step, 8).get_pixel(0, 0).0[0];
        for byte in 0..=255 {
            assert_eq!((value(byte, 77, 0), value(77, byte, 8), value(byte, byte, 3)), (byte, byte, byte));
        }
        let way: Vec<u8> = (0..=8).map(|step| value(0, 255, step)).collect();
        assert!(way.is_sorted(), "{way:?}");
        let back: Vec<u8> = (0..=8).map(|step| value(255, 0, 8 - step)).collect();
        assert_eq!(way, back);
    }

    #[test]
    fn light_is_mixed_and_not_bytes() {
        let half = |from: u8, to: u8| blended(&gray(from), &gray(to), 1, 2).get_pixel(0, 0).0[0];
        // Half the light of white: 1.055 * 0.5^(1 / 2.4) - 0.055 = 0.7354 of 255.
        assert_eq!((half(0, 255), half(255, 0)), (188, 188));
        // Near black, the function is a straight line.
        assert_eq!(half(2, 8), 5);
        // A quarter of the way: 0.25 of the light is 0.5371 of 255.
        assert_eq!(blended(&gray(0), &gray(255), 1, 4).get_pixel(0, 0).0[0], 137);
    }
}
