#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use image::{Rgb, RgbImage};

use super::*;
use crate::drawer::{Blueprint, Loaded};
use crate::frozen::MemoryOf;
use crate::frozen::cuda::layers::WavesOnDevice;
use crate::gpu::Precision;
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

/// A row below the upper half of the left edge goes on at the right edge: waves that turn by a whole number of periods from a
/// picture to its copy, half a picture lower. A start of any kind is such a picture, if it is a tile.
#[test]
fn copies_that_are_lower_continue() {
    let sides = size((10, 12));
    let look = Look { tile: Some(Tile::HalfDrop), sharpness: 0.2, ..LOOK };
    let turns = |x: u32, y: u32, across: f64, down: f64| {
        // Periods across and down of a picture and the copy on its right, even together.
        std::f64::consts::TAU * (across * f64::from(x) / 20.0 + down * f64::from(y) / 12.0)
    };
    let image = RgbImage::from_fn(10, 12, |x, y| {
        let byte = |across: f64, down: f64| (127.0 + 60.0 * turns(x, y, across, down).sin()).round() as u8;
        Rgb([byte(1.0, 1.0), byte(3.0, -1.0), byte(2.0, 0.0)])
    });
    let mut stream = Stream::new(9, "test", 0);
    let settings = settings(Overrides { tile: Some(Tile::HalfDrop.into()), size: Some(sides), ..Overrides::default() });
    for start in [Start::Picture(image.clone(), 1.0), Start::Noise(StartNoise::Codes, &mut stream)] {
        let is_picture = matches!(start, Start::Picture(..));
        let drawer = FourierDrawer::new(look, sides, start, &Device::Cpu).unwrap();
        let picture = drawer.draw().unwrap();
        assert_eq!(picture.dims(), [1, 3, 12, 10]);
        let losses = drawer.own_losses().unwrap().into_iter().map(|(_, loss)| loss);
        let loss = losses.fold(picture.sqr().unwrap().sum_all().unwrap(), |sum, loss| (sum + loss).unwrap());
        let gradients = loss.backward().unwrap();
        let gradient = values(gradients.get(&drawer.parameters()[0]).unwrap());
        assert!(gradient.iter().any(|value| *value != 0.0) && gradient.iter().all(|value| value.is_finite()));
        let drawn = to_pixels(&drawer.deliver(None, None).unwrap()).unwrap().to_rgb8();
        if is_picture {
            let apart = drawn.as_raw().iter().zip(image.as_raw()).map(|(one, other)| one.abs_diff(*other));
            assert!(apart.max().unwrap() <= 1);
        }
        // Drawn again at its size, with the copy that the drawing contains.
        let drawing = drawer.drawing(None).unwrap().unwrap();
        let again = drawing::render(&settings, &drawing, sides).unwrap().to_rgb8();
        assert!(drawn.as_raw().iter().zip(again.as_raw()).all(|(one, other)| one.abs_diff(*other) <= 2));
        assert_eq!(drawing::render(&settings, &drawing, size((25, 30))).unwrap().to_rgb8().dimensions(), (25, 30));
    }
}

/// The sharpness of a picture that is tiled counts differences across its edges, and its gradient follows.
#[test]
fn sharpness_goes_across_the_edges_of_a_tile() {
    use crate::frozen::Layer;
    for (tile, _) in Tile::ALL {
        for (width, height) in [(5, 4), (1, 6), (6, 2)] {
            let layer = Sharpness::new(size((width, height)), Some(*tile), 0.7);
            let shape = [1, 3, height, width];
            let count = 3 * width * height;
            // Neighbors differ by more than the steps below.
            let picture: Vec<f32> = (0..count).map(|index| (7 * index % count) as f32 / count as f32).collect();
            let loss = |picture: &[f32]| {
                let mut loss = [0.0];
                layer.forward(&shape, picture, &mut loss);
                f64::from(loss[0])
            };
            // By its definition, at every place of the plane of copies that has a neighbor.
            let (mut across, mut down) = (Vec::new(), Vec::new());
            let at = |channel: usize, x: usize, y: usize| {
                let (x, y) = tile.place((x.cast_signed(), y.cast_signed()), size((width, height)));
                f64::from(picture[(channel * height + y) * width + x])
            };
            for (channel, y, x) in
                (0..3).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))))
            {
                if tile.wraps_across() || x + 1 < width {
                    across.push((at(channel, x + 1, y) - at(channel, x, y)).abs());
                }
                if tile.wraps_down() || y + 1 < height {
                    down.push((at(channel, x, y + 1) - at(channel, x, y)).abs());
                }
            }
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
            let expected = -0.7 * (mean(&across) + mean(&down));
            assert!((loss(&picture) - expected).abs() < 1e-5, "{tile} {width}x{height}: {expected}");
            let mut gradient = vec![0.0; picture.len()];
            layer.backward(&shape, &picture, &[1.0], &mut gradient);
            for index in 0..picture.len() {
                let step = 1e-3;
                let changed = |change: f32| {
                    let mut moved = picture.clone();
                    moved[index] += change;
                    loss(&moved)
                };
                let slope = (changed(step) - changed(-step)) / f64::from(2.0 * step);
                assert!((slope - f64::from(gradient[index])).abs() < 2e-3, "{tile} {width}x{height} {index}: {slope}");
            }
        }
    }
}

#[test]
fn a_drawing_keeps_the_palette() {
    let settings = settings(Overrides { palette: "red,white,navy".parse().ok(), ..Overrides::default() });
    let palette = Palette::load("red,white,navy").unwrap();
    let mut stream = Stream::new(11, "test", 0);
    let start = Start::Noise(StartNoise::Codes, &mut stream);
    let drawer = FourierDrawer::new(LOOK, size((20, 10)), start, &Device::Cpu).unwrap();
    let drawing = drawer.drawing(Some((&palette, Dither::None))).unwrap().unwrap();
    let picture = drawing::render(&settings, &drawing, size((50, 25))).unwrap().to_rgb8();
    assert!(picture.pixels().all(|pixel| palette.colours().contains(&pixel.0)));
}

/// The tables of the transforms are counted as they are uploaded, and the passes fit into the rest.
#[test]
fn what_a_gpu_takes_is_estimated() {
    let of = MemoryOf::Gpu(Precision::F32);
    for (tile, sides) in [(None, (301, 200)), (Some(Tile::HalfDrop), (100, 60)), (None, (7, 5))] {
        let settings =
            settings(Overrides { size: Some(size(sides)), tile: tile.map(Into::into), ..Overrides::default() });
        let look = Look { sharpness: 0.0, ..Look::of(&settings) };
        let start = Start::Picture(RgbImage::new(4, 4), 0.0);
        let drawer = FourierDrawer::new(look, size(sides), start, &Device::Cpu).unwrap();
        let passes = drawer.synthesis.memory(drawer.spectrum.dims(), true, of).unwrap().peak;
        let tables = WavesOnDevice::lasting(Waves::<f32>::size_of(size(sides), tile));
        // Ten numbers of 64 bits are those of the tone.
        assert_eq!(drawer.synthesis.resident_memory(), tables + 80, "{sides:?}");
        let estimate = FourierBlueprint.memory(&settings, Loaded { vqgan: None }, 0, of).unwrap().peak;
        // The moments of the tone are as many whatever the size.
        assert!(
            passes + tables < estimate + 2048 && estimate < 3 * (passes + tables),
            "{passes}, {tables}, {estimate}"
        );
    }
}

/// Away from the edges, a moved picture is the function that was drawn at the places before the motion. The function is
/// linear before the sigmoid, so it lies between its samples; what is left is the rounding of the first picture to 255 steps.
#[test]
fn a_moved_picture_is_the_analytic_one() {
    let size = Size { width: 24, height: 16 };
    let shade = |x: f64, y: f64| 1.0 / (1.0 + (-(0.06 * x - 0.08 * y)).exp());
    let image = RgbImage::from_fn(24, 16, |x, y| {
        Rgb([(255.0 * shade(f64::from(x) + 0.5, f64::from(y) + 0.5)).round() as u8; 3])
    });
    for motion in [
        Motion { zoom: 1.4, ..Motion::NONE },
        Motion { pan: [2.5, -1.25], ..Motion::NONE },
        Motion { zoom: 1.3, angle: 25.0, pan: [1.0, 0.5] },
    ] {
        let start = Start::Picture(image.clone(), 2.0);
        let mut drawer = FourierDrawer::new(LOOK, size, start, &Device::Cpu).unwrap();
        let before = values(&drawer.draw().unwrap());
        let spectrum = values(&drawer.spectrum);
        drawer.move_canvas(&Motion::NONE, &mut Stream::new(1, "moves", 0)).unwrap();
        assert_eq!(values(&drawer.spectrum), spectrum, "nothing changes, not one bit");
        drawer.move_canvas(&motion, &mut Stream::new(1, "moves", 0)).unwrap();
        let moved = values(&drawer.draw().unwrap());
        assert_ne!(moved, before);
        let mut compared = 0;
        for (index, found) in moved[..24 * 16].iter().enumerate() {
            let (x, y) = ((index % 24) as f64 + 0.5, (index / 24) as f64 + 0.5);
            let (x, y) = motion.back(size).map(x / 12.0 - 1.0, y / 8.0 - 1.0);
            let (x, y) = ((x + 1.0) * 12.0, (y + 1.0) * 8.0);
            if !(1.5..=22.5).contains(&x) || !(1.5..=14.5).contains(&y) {
                continue;
            }
            compared += 1;
            assert!((f64::from(*found) - shade(x, y)).abs() < 0.006, "{motion:?}: {found}, {}", shade(x, y));
        }
        assert!(compared > 150, "{compared}");
        // The moved picture is the new starting point.
        let loss = |drawer: &FourierDrawer| drawer.own_losses().unwrap()[0].1.to_scalar::<f32>().unwrap();
        let far = loss(&drawer);
        drawer.hold_here().unwrap();
        assert!(far > 1e-3 && loss(&drawer) < 1e-9, "{far}");
    }
}
