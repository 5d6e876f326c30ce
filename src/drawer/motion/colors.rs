//! Keeps the brightness, contrast and saturation of a canvas while a model encodes it again. Each encoding by a VQGAN makes a
//! picture a little flatter or changes its colors, which would add up over the frames of an animation.

use candle_core::Tensor;

use crate::Result;

/// The most times that a canvas is encoded to approach its colors.
const TRIES: usize = 3;
/// Colors that differ by less than this count as equal: a twentieth of a step of 255, since differences add up over
/// the frames.
const NEAR: f64 = 0.0002;
/// The limits of how much the contrast is changed.
const GAINS: (f64, f64) = (0.5, 2.0);
/// A channel with a smaller deviation has no contrast to change.
const PLAIN: f64 = 1e-4;

/// Brightness, and how much red is above green and both are above blue: the deviation of the first is the contrast, and
/// those of the others are, with their means, the saturation.
const CHANNELS: [[f64; 3]; 3] = [[1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], [1.0, -1.0, 0.0], [0.5, 0.5, -1.0]];
/// The inverse of [`CHANNELS`].
const COLORS: [[f64; 3]; 3] = [[1.0, 0.5, 1.0 / 3.0], [1.0, -0.5, 1.0 / 3.0], [1.0, 0.0, -2.0 / 3.0]];

/// The mean and the standard deviation of each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tones([(f64, f64); 3]);

impl Tones {
    /// The tones of a picture of three planes.
    #[allow(clippy::cast_precision_loss)]
    fn of(picture: &[f32]) -> Self {
        let area = picture.len() / 3;
        let count = area.max(1) as f64;
        let mut sums = [(0.0, 0.0); 3];
        for at in 0..area {
            for (sum, value) in sums.iter_mut().zip(mixed(&CHANNELS, color(picture, at))) {
                *sum = (sum.0 + value, sum.1 + value * value);
            }
        }
        let tone = |(sum, squares): (f64, f64)| {
            let mean = sum / count;
            (mean, (squares / count - mean * mean).max(0.0).sqrt())
        };
        Self(sums.map(tone))
    }

    /// The largest difference of a mean or a deviation.
    fn apart(&self, other: &Self) -> f64 {
        let pairs = self.0.iter().zip(&other.0);
        pairs.map(|(one, other)| (one.0 - other.0).abs().max((one.1 - other.1).abs())).fold(0.0, f64::max)
    }
}

/// How the colors of a canvas are changed before it is encoded.
#[derive(Clone, Copy)]
struct Correction {
    gains: [f64; 3],
    offsets: [f64; 3],
}

impl Correction {
    const NONE: Self = Self { gains: [1.0; 3], offsets: [0.0; 3] };

    /// The correction after a try that did not give the wanted tones.
    fn after(self, wanted: &Tones, found: &Tones) -> Self {
        let Self { mut gains, mut offsets } = self;
        for channel in 0..3 {
            let (wanted, found) = (wanted.0[channel], found.0[channel]);
            if wanted.1 > PLAIN && found.1 > PLAIN {
                gains[channel] = (gains[channel] * wanted.1 / found.1).clamp(GAINS.0, GAINS.1);
            }
            offsets[channel] += wanted.0 - found.0;
        }
        Self { gains, offsets }
    }

    /// A picture of three planes with these tones, corrected.
    #[allow(clippy::cast_possible_truncation)]
    fn applied(&self, picture: &[f32], tones: &Tones) -> Vec<f32> {
        let area = picture.len() / 3;
        let mut corrected = picture.to_vec();
        for at in 0..area {
            let channels = mixed(&CHANNELS, color(picture, at));
            let changed = std::array::from_fn(|channel| {
                let mean = tones.0[channel].0;
                (channels[channel] - mean) * self.gains[channel] + mean + self.offsets[channel]
            });
            for (plane, value) in mixed(&COLORS, changed).into_iter().enumerate() {
                corrected[plane * area + at] = value.clamp(0.0, 1.0) as f32;
            }
        }
        corrected
    }
}

fn color(picture: &[f32], at: usize) -> [f64; 3] {
    let area = picture.len() / 3;
    std::array::from_fn(|plane| f64::from(picture[plane * area + at]))
}

fn mixed(rows: &[[f64; 3]; 3], values: [f64; 3]) -> [f64; 3] {
    rows.map(|row| row[0] * values[0] + row[1] * values[1] + row[2] * values[2])
}

/// Encodes a canvas, `[1, 3, height, width]`, so that it keeps its colors. The canvas is encoded, decoded and compared with the
/// original. If the mean or the deviation of its brightness or of a hue differs, the canvas is changed by the same amount the
/// other way and encoded again, a few times. The closest try counts: what `encode` made of it, and what `decode` made of that.
///
/// # Errors
/// If `encode` or `decode` fails, or the tensor is not a picture.
pub(in crate::drawer) fn with_colors_of(
    canvas: &Tensor,
    encode: impl Fn(&Tensor) -> Result<Tensor>,
    decode: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<(Tensor, Tensor)> {
    let numbers = |picture: &Tensor| picture.flatten_all()?.to_vec1::<f32>();
    let picture = numbers(canvas)?;
    let wanted = Tones::of(&picture);
    let mut correction = Correction::NONE;
    let mut input = canvas.clone();
    let mut best: Option<(f64, (Tensor, Tensor))> = None;
    let mut tries = 0;
    loop {
        let encoded = encode(&input)?;
        let decoded = decode(&encoded)?;
        let found = Tones::of(&numbers(&decoded)?);
        let apart = wanted.apart(&found);
        let closest = match best.take() {
            Some((least, closest)) if apart >= least => (least, closest),
            _ => (apart, (encoded, decoded)),
        };
        tries += 1;
        if apart < NEAR || tries == TRIES {
            return Ok(closest.1);
        }
        best = Some(closest);
        correction = correction.after(&wanted, &found);
        input = Tensor::from_vec(correction.applied(&picture, &wanted), canvas.shape(), canvas.device())?;
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::Stream;

    #[allow(clippy::cast_possible_truncation)]
    fn picture(seed: u64) -> Tensor {
        let mut stream = Stream::new(seed, "test", 0);
        let values: Vec<f32> = (0..3 * 8 * 8).map(|_| stream.between(0.2, 0.7) as f32).collect();
        Tensor::from_vec(values, (1, 3, 8, 8), &Device::Cpu).unwrap()
    }

    fn tones(picture: &Tensor) -> Tones {
        Tones::of(&picture.flatten_all().unwrap().to_vec1::<f32>().unwrap())
    }

    #[test]
    fn colors_come_back_from_channels() {
        for color in [[0.1, 0.5, 0.9], [1.0, 0.0, 0.25]] {
            let back = mixed(&COLORS, mixed(&CHANNELS, color));
            assert!((0..3).all(|channel| (back[channel] - color[channel]).abs() < 1e-12), "{back:?}");
        }
    }

    /// A model that makes pictures flatter, darker and redder: alone, fifty times leave almost nothing of the contrast.
    #[test]
    fn fifty_times_leave_the_colors() {
        let decode = |encoded: &Tensor| -> Result<Tensor> {
            let red = encoded.narrow(1, 0, 1)?.affine(0.95, 0.03)?;
            let others = encoded.narrow(1, 1, 2)?.affine(0.93, 0.01)?;
            Ok(Tensor::cat(&[red, others], 1)?)
        };
        let first = picture(3);
        let (mut kept, mut alone) = (first.clone(), first.clone());
        for _ in 0..50 {
            kept = with_colors_of(&kept, |input| Ok(input.clone()), decode).unwrap().1;
            alone = decode(&alone).unwrap();
        }
        assert!(tones(&first).apart(&tones(&alone)) > 0.1);
        assert!(tones(&first).apart(&tones(&kept)) < 0.02, "{:?}, {:?}", tones(&first), tones(&kept));
    }

    #[test]
    fn what_keeps_its_colors_is_not_changed() {
        let same = |picture: &Tensor| Ok(picture.clone());
        let first = picture(4);
        let (kept, shown) = with_colors_of(&first, same, same).unwrap();
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!((values(&kept), values(&shown)), (values(&first), values(&first)));
    }
}
