#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use image::{Rgb, RgbImage};

use super::*;
use crate::picture::to_pixels;
use crate::random::Stream;
use crate::resolve::combine;
use crate::settings::Overrides;

const SIZES: [(usize, usize); 8] = [(1, 1), (1, 6), (7, 1), (2, 2), (8, 6), (5, 9), (6, 7), (9, 4)];

const LOOK: Look = Look::USUAL;

fn size((width, height): (usize, usize)) -> Size {
    Size { width, height }
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn random(count: usize, name: &str) -> Vec<f64> {
    let mut stream = Stream::new(3, name, 0);
    (0..count).map(|_| stream.between(-1.0, 1.0)).collect()
}

/// The gradient of every number of the spectrum equals differences of the picture, in 64 bits.
#[test]
fn the_gradient_is_that_of_the_picture() {
    for sides in SIZES {
        for contrast in [Contrast::Fixed(2.5), Contrast::Deviation(1.1)] {
            let waves = Waves::<f64>::new(size(sides), 1.5);
            let tone = Tone { contrast, matrix: colors::matrix(1.8) };
            let (pixels, count) = (3 * sides.0 * sides.1, Waves::<f64>::dimensions(size(sides)).iter().product());
            let (spectrum, slopes) = (random(count, "spectrum"), random(pixels, "slopes"));
            let planes = |spectrum: &[f64]| {
                let mut planes = vec![0.0; pixels];
                waves.planes(spectrum, &mut planes);
                planes
            };
            let objective = |spectrum: &[f64]| -> f64 {
                let mut picture = vec![0.0; pixels];
                tone.picture(&planes(spectrum), &mut picture);
                picture.iter().zip(&slopes).map(|(value, slope)| value * slope).sum()
            };
            let (mut of_waves, mut gradient) = (vec![0.0; pixels], vec![0.0; count]);
            tone.gradient(&planes(&spectrum), &slopes, &mut of_waves);
            waves.gradient(&of_waves, &mut gradient);
            let largest = gradient.iter().map(|value| value.abs()).fold(0.0, f64::max);
            assert!(largest > 1e-3, "{sides:?}");
            for index in 0..count {
                let step = 1e-5;
                let at = |change: f64| {
                    let mut moved = spectrum.clone();
                    moved[index] += change;
                    objective(&moved)
                };
                let (difference, found) = ((at(step) - at(-step)) / (2.0 * step), gradient[index]);
                assert!((difference - found).abs() < 1e-7 * largest, "{sides:?}, {contrast:?}: {difference}, {found}");
            }
        }
    }
}

/// The recorded gradient of the drawer, with its losses, follows the picture along random directions.
#[test]
#[allow(clippy::cast_possible_truncation)]
fn the_drawer_records_it() {
    let sides = (9, 6);
    let image = RgbImage::from_fn(9, 6, |x, y| Rgb([x * 20, y * 30, 90].map(|value| value as u8)));
    let look = Look { sharpness: 0.3, ..LOOK };
    let mut stream = Stream::new(5, "test", 0);
    for start in [Start::Picture(image, 2.0), Start::Noise(StartNoise::Codes, &mut stream)] {
        let drawer = FourierDrawer::new(look, size(sides), start, &Device::Cpu).unwrap();
        let [parameter] = &drawer.parameters()[..] else { panic!("one parameter") };
        let begin = parameter.as_detached_tensor();
        let tensor = |name: &str, shape: &[usize]| {
            let values = random(shape.iter().product(), name).into_iter().map(|value| value as f32);
            Tensor::from_vec(values.collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
        };
        // Away from the start, where the hold has no slope.
        let begin = (begin + (tensor("away", parameter.dims()) * 0.01).unwrap()).unwrap();
        let slopes = tensor("slopes", &[1, 3, 6, 9]);
        let objective = |at: &Tensor| {
            parameter.set(at).unwrap();
            let drawn = (drawer.draw().unwrap() * &slopes).unwrap().sum_all().unwrap();
            drawer.own_losses().unwrap().into_iter().fold(drawn, |sum, (_, loss)| (sum + loss).unwrap())
        };
        let gradients = objective(&begin).backward().unwrap();
        let gradient = gradients.get(parameter).unwrap().copy().unwrap();
        for name in ["one", "two", "three"] {
            let direction = tensor(name, parameter.dims());
            let at = |step: f64| {
                let moved = (&begin + (&direction * step).unwrap()).unwrap();
                f64::from(objective(&moved).to_scalar::<f32>().unwrap())
            };
            let found = (at(1e-4) - at(-1e-4)) / 2e-4;
            let expected = (&gradient * &direction).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(
                (found - f64::from(expected)).abs() < 0.02 * f64::from(expected).abs().max(1.0),
                "{found}, {expected}"
            );
        }
        let names: Vec<_> = drawer.own_losses().unwrap().into_iter().map(|(name, _)| name).collect();
        assert!(names == ["init", "sharpness"] || names == ["sharpness"], "{names:?}");
    }
}

#[test]
fn a_picture_starts_as_it_is() {
    for sides in SIZES {
        for look in [LOOK, Look { decay: 0.5, colorfulness: 0.5, ..LOOK }, Look { decay: 2.5, contrast: 3.0, ..LOOK }] {
            let mut stream = Stream::new(7, "test", 0);
            let side = |pixels: usize| u32::try_from(pixels).unwrap();
            let image = RgbImage::from_fn(side(sides.0), side(sides.1), |_, _| {
                Rgb([0; 3].map(|_: u8| u8::try_from(stream.below(256)).unwrap()))
            });
            let drawer =
                FourierDrawer::new(look, size(sides), Start::Picture(image.clone(), 0.0), &Device::Cpu).unwrap();
            let drawn = values(&drawer.draw().unwrap());
            for (found, given) in drawn.iter().zip(to_values(&image, 3)) {
                let expected = given.clamp(0.01, 0.99);
                assert!((found - expected).abs() < 2e-4, "{sides:?}, {look:?}: {found} for {given}");
            }
        }
    }
}

#[test]
fn waves_of_noise_have_the_contrast_that_was_asked_for() {
    for contrast in [0.5, 1.1, 2.0] {
        let mut stream = Stream::new(9, "test", 0);
        let look = Look { contrast, ..LOOK };
        let start = Start::Noise(StartNoise::Codes, &mut stream);
        let drawer = FourierDrawer::new(look, size((31, 20)), start, &Device::Cpu).unwrap();
        let back = colors::inverse(&colors::matrix(look.colorfulness));
        let picture = values(&drawer.draw().unwrap());
        let area = 31 * 20;
        let logit = |value: f32| (f64::from(value) / (1.0 - f64::from(value))).ln();
        let pixels = (0..area).map(|pixel| [0, 1, 2].map(|color| logit(picture[color * area + pixel])));
        let waves: Vec<f64> = pixels
            .flat_map(|logits| back.map(|row| (0..3).map(|color| row[color] * logits[color]).sum::<f64>()))
            .collect();
        let mean = waves.iter().sum::<f64>() / waves.len() as f64;
        let variance = waves.iter().map(|wave| (wave - mean).powi(2)).sum::<f64>() / waves.len() as f64;
        assert!((variance.sqrt() / contrast - 1.0).abs() < 1e-3, "{} for {contrast}", variance.sqrt());
    }
}

fn settings(overrides: Overrides) -> Settings {
    let prompt = Some("a".parse().unwrap());
    combine(&[Overrides { prompt, drawer: Some("fft".into()), ..overrides }]).unwrap()
}

/// A picture is drawn again with the colors that it has, at its own size and at others.
#[test]
fn a_drawing_is_the_picture() {
    let sides = size((40, 27));
    let settings = settings(Overrides::default());
    let mut stream = Stream::new(11, "test", 0);
    let image = RgbImage::from_fn(40, 27, |x, y| {
        let byte = |phase: f32| {
            let wave = (x as f32 * 0.31 + phase).sin() * (y as f32 * 0.23 - phase).cos();
            (127.0 + 90.0 * wave) as u8
        };
        Rgb([byte(0.0), byte(1.0), byte(2.0)])
    });
    for start in [Start::Picture(image, 0.0), Start::Noise(StartNoise::Codes, &mut stream)] {
        let drawer = FourierDrawer::new(LOOK, sides, start, &Device::Cpu).unwrap();
        let drawn = to_pixels(&drawer.deliver(None, None).unwrap()).unwrap().to_rgb8();
        let drawing = drawer.drawing(None).unwrap().unwrap();
        let again = drawing::render(&settings, &drawing, sides).unwrap().to_rgb8();
        let differences: Vec<u8> = drawn.as_raw().iter().zip(again.as_raw()).map(|(a, b)| a.abs_diff(*b)).collect();
        let mean = differences.iter().map(|difference| f64::from(*difference)).sum::<f64>() / differences.len() as f64;
        assert!(mean < 0.3 && differences.iter().all(|difference| *difference <= 2), "{mean}");
        // Three times as large, the middle of each three pixels is at the center of one.
        let larger = drawing::render(&settings, &drawing, size((120, 81))).unwrap().to_rgb8();
        let mut apart = 0.0;
        for (x, y, color) in drawn.enumerate_pixels() {
            let found = larger.get_pixel(3 * x + 1, 3 * y + 1);
            apart += color.0.iter().zip(found.0).map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>()
                / f64::from(3 * 40 * 27);
        }
        assert!(apart < 1.0, "{apart}");
        let smaller = drawing::render(&settings, &drawing, size((13, 9))).unwrap().to_rgb8();
        assert_eq!(smaller.dimensions(), (13, 9));
    }
}

#[test]
fn a_drawing_keeps_the_palette() {
    let settings = settings(Overrides { palette: Some("red,white,navy".into()), ..Overrides::default() });
    let palette = Palette::load("red,white,navy").unwrap();
    let mut stream = Stream::new(11, "test", 0);
    let start = Start::Noise(StartNoise::Codes, &mut stream);
    let drawer = FourierDrawer::new(LOOK, size((20, 10)), start, &Device::Cpu).unwrap();
    let drawing = drawer.drawing(Some((&palette, Dither::None))).unwrap().unwrap();
    let picture = drawing::render(&settings, &drawing, size((50, 25))).unwrap().to_rgb8();
    assert!(picture.pixels().all(|pixel| palette.colours().contains(&pixel.0)));
}
