//! The rasterizer against finite differences, and against another one.

#![allow(clippy::cast_precision_loss)]

use std::fmt::Write;

use candle_core::{Device, Tensor, Var};

use super::copies::Copies;
use super::drawing::{Reveal, Sheet};
use super::real::Real;
use super::scene::{Scene, control_points};
use super::{STROKES, operation, raster, svg};
use crate::drawer::drawing::{Drawing, Parts};
use crate::drawer::{Blueprint, Drawer, Loaded, Motion, Start};
use crate::frozen::{MemoryOf, with_gradient};
use crate::gpu::Precision;
use crate::picture::{Size, Tile};
use crate::random::Stream;
use crate::resolve::combine;
use crate::settings::{Overrides, StartNoise};

/// A scene that owns its numbers.
#[derive(Clone)]
struct Owned {
    size: Size,
    segments: usize,
    /// Points, widths, colors
    numbers: [Vec<f64>; 3],
}

/// Where strokes are.
#[derive(Clone, Copy, Debug)]
enum Place {
    Crossing,
    Tiny,
    Clipped,
    Wide,
}

impl Owned {
    fn scene(&self) -> Scene<'_, f64> {
        let [points, widths, colors] = &self.numbers;
        Scene { size: self.size, segments: self.segments, points, widths, colors }
    }

    fn random(stream: &mut Stream, size: Size, count: usize, segments: usize, place: Place, paper: f64) -> Self {
        let (mut points, mut widths, mut colors) = (Vec::new(), Vec::new(), Vec::new());
        #[allow(clippy::cast_precision_loss)]
        let sides = [size.width as f64, size.height as f64];
        let (margin, step, thin, wide) = match place {
            Place::Crossing => (0.0, 12.0, 1.0, 6.0),
            Place::Tiny => (0.1, 0.4, 0.2, 0.9),
            Place::Clipped => (-0.3, 25.0, 1.0, 5.0),
            Place::Wide => (0.0, 40.0, 20.0, 60.0),
        };
        for _ in 0..count {
            let mut at = sides.map(|side| side * stream.between(margin, 1.0 - margin));
            for _ in 0..control_points(segments) {
                points.extend(at);
                at = at.map(|at| at + stream.between(-step, step));
            }
            widths.push(stream.between(thin, wide));
            colors.extend([0.0; 4].map(|_: f64| stream.between(0.1, 0.9)));
        }
        colors.extend([0.9, 0.8, 0.7, paper]);
        Self { size, segments, numbers: [points, widths, colors] }
    }

    /// The sum of the picture with weights.
    fn loss(&self, channels: usize, weights: &[f64]) -> f64 {
        picture_of(&self.scene(), channels).iter().zip(weights).map(|(value, weight)| value * weight).sum()
    }

    /// The slope of the loss in one number, by finite differences with two steps; none beside a kink.
    fn slope(&self, channels: usize, weights: &[f64], (part, index): (usize, usize)) -> Option<f64> {
        let at = |change: f64| {
            let mut moved = self.clone();
            moved.numbers[part][index] += change;
            moved.loss(channels, weights)
        };
        let slope = |step: f64| (at(step) - at(-step)) / (2.0 * step);
        let (coarse, fine) = (slope(1e-4), slope(2e-5));
        ((coarse - fine).abs() <= 2e-4 * fine.abs().max(0.1)).then_some(fine)
    }
}

/// The picture of a scene.
fn picture_of<T: Real>(scene: &Scene<T>, channels: usize) -> Vec<T> {
    let mut picture = vec![T::of(0.0); channels * scene.size.width * scene.size.height];
    raster::draw(scene, channels, &mut picture);
    picture
}

fn weights(stream: &mut Stream, size: Size, channels: usize) -> Vec<f64> {
    (0..channels * size.width * size.height).map(|_| stream.between(-1.0, 1.0)).collect()
}

const SIZE: Size = Size { width: 37, height: 29 };

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut stream = Stream::new(23, "test", 0);
    for (channels, paper) in [(3, 1.0), (4, 0.0), (4, 0.5)] {
        for place in [Place::Crossing, Place::Tiny, Place::Clipped, Place::Wide] {
            for segments in [1, 3] {
                let owned = Owned::random(&mut stream, SIZE, 7, segments, place, paper);
                let weights = weights(&mut stream, SIZE, channels);
                let gradient = raster::gradient(&owned.scene(), channels, &weights);
                let (mut compared, mut kinks) = (0, 0);
                for (part, computed) in [gradient.points, gradient.widths, gradient.colors].into_iter().enumerate() {
                    for (index, computed) in computed.into_iter().enumerate() {
                        // The alpha of the paper is never changed, and at 0 is at the end of its range.
                        if part == 2 && index == 4 * 7 + 3 {
                            continue;
                        }
                        let Some(slope) = owned.slope(channels, &weights, (part, index)) else {
                            kinks += 1;
                            continue;
                        };
                        compared += 1;
                        let far = (slope - computed).abs() / slope.abs().max(computed.abs()).max(0.1);
                        assert!(
                            far < 1e-3,
                            "{place:?} {channels} {segments}, {part} {index}: {slope} is not {computed}"
                        );
                    }
                }
                assert!(kinks * 10 <= compared, "{place:?} {channels} {segments}: {kinks} kinks, {compared} compared");
            }
        }
    }
}

/// What leaves at an edge enters at the opposite one: strokes that all move by the distance between copies look the same.
#[test]
fn strokes_of_a_tile_go_on_at_the_opposite_edge() {
    let mut stream = Stream::new(23, "test", 7);
    let size = Size { width: 37, height: 30 };
    let picture = |owned: &Owned, tile| picture_of(&Copies::new(&owned.scene(), tile).scene(), 4);
    for place in [Place::Crossing, Place::Clipped, Place::Wide] {
        let owned = Owned::random(&mut stream, size, 6, 2, place, 0.4);
        for (tile, distances) in [
            (Tile::Across, vec![[37.0, 0.0]]),
            (Tile::Down, vec![[0.0, 30.0]]),
            (Tile::Both, vec![[37.0, 0.0], [0.0, 30.0], [-37.0, 30.0]]),
            (Tile::HalfDrop, vec![[37.0, 15.0], [37.0, -15.0], [0.0, 30.0]]),
        ] {
            let drawn = picture(&owned, tile);
            for distance in distances {
                let mut moved = owned.clone();
                for point in moved.numbers[0].chunks_exact_mut(2) {
                    (point[0], point[1]) = (point[0] + distance[0], point[1] + distance[1]);
                }
                let again = picture(&moved, tile);
                let apart = drawn.iter().zip(&again).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
                assert!(apart < 1e-6, "{place:?} {tile} {distance:?}: {apart}");
                assert!(picture_of(&moved.scene(), 4) != picture_of(&owned.scene(), 4), "{place:?}");
            }
        }
    }
}

#[test]
fn gradients_of_a_tile_are_those_of_finite_differences() {
    let mut stream = Stream::new(23, "test", 8);
    let size = Size { width: 21, height: 18 };
    for tile in [Tile::Across, Tile::Both, Tile::HalfDrop] {
        let owned = Owned::random(&mut stream, size, 4, 2, Place::Clipped, 0.8);
        let weights = weights(&mut stream, size, 3);
        let loss = |owned: &Owned| -> f64 {
            let copies = Copies::new(&owned.scene(), tile);
            picture_of(&copies.scene(), 3).iter().zip(&weights).map(|(value, weight)| value * weight).sum()
        };
        let copies = Copies::new(&owned.scene(), tile);
        let gradient = copies.summed(&raster::gradient(&copies.scene(), 3, &weights), 4);
        let (mut compared, mut kinks) = (0, 0);
        for (part, computed) in [gradient.points, gradient.widths, gradient.colors].into_iter().enumerate() {
            assert_eq!(computed.len(), owned.numbers[part].len());
            for (index, computed) in computed.into_iter().enumerate() {
                let at = |change: f64| {
                    let mut moved = owned.clone();
                    moved.numbers[part][index] += change;
                    loss(&moved)
                };
                let slope = |step: f64| (at(step) - at(-step)) / (2.0 * step);
                let (coarse, fine) = (slope(1e-4), slope(2e-5));
                if (coarse - fine).abs() > 2e-4 * fine.abs().max(0.1) {
                    kinks += 1;
                    continue;
                }
                compared += 1;
                let far = (fine - computed).abs() / fine.abs().max(computed.abs()).max(0.1);
                assert!(far < 1e-3, "{tile}, {part} {index}: {fine} is not {computed}");
            }
        }
        assert!(kinks * 5 <= compared, "{tile}: {kinks} kinks, {compared} compared");
    }
}

#[test]
fn degenerate_strokes_are_dots_or_nothing() {
    let mut stream = Stream::new(23, "test", 1);
    let mut owned = Owned::random(&mut stream, SIZE, 5, 1, Place::Crossing, 1.0);
    let points = &mut owned.numbers[0];
    // All points equal; two at each end; off the canvas; huge; a line there and back.
    points[..8].copy_from_slice(&[12.3, 14.1, 12.3, 14.1, 12.3, 14.1, 12.3, 14.1]);
    points[8..16].copy_from_slice(&[3.2, 4.7, 3.2, 4.7, 31.1, 22.6, 31.1, 22.6]);
    points[16..24].copy_from_slice(&[-900.0, 70.0, -890.0, 75.0, -880.0, 75.0, -890.0, 75.0]);
    points[24..32].copy_from_slice(&[-9e7, 3e7, 9e7, 2e7, -8e7, -3e7, 7e7, 2e6]);
    points[32..40].copy_from_slice(&[20.3, 4.2, 30.3, 4.2, 10.3, 4.2, 20.3, 4.2]);
    let weights = weights(&mut stream, SIZE, 3);
    let gradient = raster::gradient(&owned.scene(), 3, &weights);
    let all = [&gradient.points, &gradient.widths, &gradient.colors];
    assert!(all.iter().all(|numbers| numbers.iter().all(|number| number.is_finite())));
    assert!(gradient.points[16..24].iter().all(|number| *number == 0.0), "what is not seen has no gradient");
    let close = |one: f64, other: f64| (one - other).abs() <= 1e-3 * one.abs().max(other.abs()).max(0.1);
    // A dot is moved as a whole: each point alone makes a line of it, in a direction.
    for axis in [0, 1] {
        let at = |change: f64| {
            let mut moved = owned.clone();
            (0..4).for_each(|point| moved.numbers[0][2 * point + axis] += change);
            moved.loss(3, &weights)
        };
        let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
        let sum: f64 = (0..4).map(|point| gradient.points[2 * point + axis]).sum();
        assert!(close(slope, sum), "{slope} is not {sum}");
    }
    for (part, numbers) in [(1, &gradient.widths), (2, &gradient.colors)] {
        for (index, computed) in numbers.iter().enumerate() {
            if let Some(slope) = owned.slope(3, &weights, (part, index)) {
                assert!(close(slope, *computed), "{part} {index}: {slope} is not {computed}");
            }
        }
    }
    // A dot covers what a disk of its width does.
    let mut dot = owned.clone();
    dot.numbers[0][..8].copy_from_slice(&[18.0; 8]);
    dot.numbers = [dot.numbers[0][..8].to_vec(), vec![10.0], vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]];
    let picture = picture_of(&dot.scene(), 3);
    let dark: f64 = picture.iter().map(|value| 1.0 - value).sum::<f64>() / 3.0;
    assert!((dark - 25.0 * std::f64::consts::PI).abs() < 1.0, "{dark}");
}

#[test]
fn the_nearest_place_is_found() {
    let mut stream = Stream::new(23, "test", 2);
    // One opaque stroke: the coverage tells the distance within a pixel of the edge.
    for place in [Place::Crossing, Place::Clipped, Place::Wide] {
        for _ in 0..20 {
            let mut owned = Owned::random(&mut stream, SIZE, 1, 2, place, 1.0);
            owned.numbers[2] = vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0];
            let picture = picture_of(&owned.scene(), 3);
            let radius = owned.numbers[1][0] / 2.0;
            let (scene, steps) = (owned.scene(), 4000);
            let places: Vec<[f64; 2]> = (0..2)
                .flat_map(|segment| (0..=steps).map(move |step| (segment, f64::from(step) / f64::from(steps))))
                .map(|(segment, t)| scene.curve(0, segment).at(t))
                .collect();
            for (at, shown) in picture[..SIZE.width * SIZE.height].iter().enumerate() {
                #[allow(clippy::cast_precision_loss)]
                let center = [(at % SIZE.width) as f64 + 0.5, (at / SIZE.width) as f64 + 0.5];
                let distances = places.iter().map(|[x, y]| (x - center[0]).hypot(y - center[1]));
                let nearest = distances.fold(f64::INFINITY, f64::min);
                let expected = 1.0 - super::coverage::coverage(nearest, radius).share;
                assert!((shown - expected).abs() < 0.03, "{place:?} {at}: {shown} is not {expected}");
            }
        }
    }
}

fn single(numbers: &[f64]) -> Vec<f32> {
    #[allow(clippy::cast_possible_truncation)]
    numbers.iter().map(|number| *number as f32).collect()
}

fn sheet(owned: &Owned) -> Sheet {
    let [points, widths, colors] = owned.numbers.each_ref().map(|numbers| single(numbers));
    Sheet { size: owned.size, segments: owned.segments, points, widths, colors }
}

/// The bounds of issue 23: 2 of 255 on average, and 8 outside two pixels of an edge. An edge is where the other picture
/// has a step.
#[test]
fn a_picture_is_that_of_another_rasterizer() {
    let mut stream = Stream::new(23, "test", 3);
    let size = Size { width: 256, height: 192 };
    let mut owned = Owned::random(&mut stream, size, 200, 2, Place::Crossing, 1.0);
    for width in &mut owned.numbers[1] {
        *width = stream.between(1.0, 12.0);
    }
    let text = svg::svg(&sheet(&owned));
    let tree = resvg::usvg::Tree::from_str(&text, &resvg::usvg::Options::default()).unwrap();
    let mut shown = resvg::tiny_skia::Pixmap::new(256, 192).unwrap();
    resvg::render(&tree, resvg::tiny_skia::Transform::default(), &mut shown.as_mut());
    let picture = picture_of(&owned.scene(), 3);
    let area = size.width * size.height;
    let theirs: Vec<[f64; 3]> =
        shown.pixels().iter().map(|pixel| [pixel.red(), pixel.green(), pixel.blue()].map(f64::from)).collect();
    let apart = |at: usize| [0, 1, 2].map(|channel| (picture[channel * area + at] * 255.0 - theirs[at][channel]).abs());
    let mean = (0..area).flat_map(apart).sum::<f64>() / (3 * area) as f64;
    assert!(mean <= 2.0, "{mean}");
    // Within two pixels of an edge, a pixel nearby has another color.
    let steps = |at: usize| {
        let (x, y) = (at % size.width, at / size.width);
        let rows = y.saturating_sub(2)..(y + 3).min(size.height);
        let mut around =
            rows.flat_map(|y| (x.saturating_sub(2)..(x + 3).min(size.width)).map(move |x| y * size.width + x));
        around.any(|other| (0..3).any(|channel| (theirs[other][channel] - theirs[at][channel]).abs() > 1.0))
    };
    let mut flat = 0;
    for at in (0..area).filter(|at| !steps(*at)) {
        let most = apart(at).into_iter().fold(0.0, f64::max);
        assert!(most <= 8.0, "{}, {}: {most}", at % size.width, at / size.width);
        flat += 1;
    }
    assert!(flat > area / 50, "{flat}");
}

#[test]
fn the_operation_records_all_three() {
    let mut stream = Stream::new(23, "test", 4);
    let owned = Owned::random(&mut stream, SIZE, 6, 2, Place::Crossing, 1.0);
    let variable = |part: usize, shape: &[usize]| {
        Var::from_tensor(&Tensor::from_vec(single(&owned.numbers[part]), shape, &Device::Cpu).unwrap()).unwrap()
    };
    let (points, widths, colors) = (variable(0, &[6, 7, 2]), variable(1, &[6]), variable(2, &[7, 4]));
    let picture = operation::draw(&points, &widths, &colors, SIZE, None, 3).unwrap();
    assert_eq!(picture.dims(), [1, 3, SIZE.height, SIZE.width]);
    let weights = weights(&mut stream, SIZE, 3);
    let given = Tensor::from_vec(single(&weights), picture.shape(), &Device::Cpu).unwrap();
    let gradients = with_gradient(&picture, &given).unwrap().backward().unwrap();
    let expected = raster::gradient(&owned.scene(), 3, &weights);
    for (variable, expected) in [(&points, expected.points), (&widths, expected.widths), (&colors, expected.colors)] {
        let computed = gradients.get(variable).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (computed, expected) in computed.iter().zip(expected) {
            let far = (f64::from(*computed) - expected).abs();
            assert!(far < 2e-2 * expected.abs().max(1.0), "{computed} is not {expected}");
        }
    }
    let error = operation::draw(&points, &widths, &widths, SIZE, None, 3).unwrap_err().to_string();
    assert!(error.contains("[n + 1, 4]"), "{error}");
}

#[test]
fn threads_change_no_bit() {
    let mut stream = Stream::new(23, "test", 5);
    let size = Size { width: 130, height: 90 };
    let owned = Owned::random(&mut stream, size, 60, 2, Place::Clipped, 1.0);
    let weights = weights(&mut stream, size, 3);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let gradient = raster::gradient(&owned.scene(), 3, &weights);
            (picture_of(&owned.scene(), 3), gradient.points, gradient.widths, gradient.colors)
        })
    };
    let one = with(1);
    assert!(one == with(2) && one == with(7));
}

#[test]
fn a_drawing_is_drawn_again() {
    let mut stream = Stream::new(23, "test", 6);
    let settings = Overrides { prompt: Some("a".parse().unwrap()), ..Overrides::default() };
    let settings = combine(&[settings]).unwrap();
    for paper in [1.0, 0.0] {
        let owned = Owned::random(&mut stream, SIZE, 9, 2, Place::Crossing, paper);
        let drawing = sheet(&owned).drawing().unwrap();
        let mut revealed = Reveal::new(&settings, &drawing, SIZE).unwrap();
        assert_eq!(revealed.count(), 9);
        for shown in [0, 4, 4, 9] {
            let part = Owned { numbers: owned.numbers.clone(), ..owned };
            let mut part = sheet(&part);
            let paper = part.colors.split_off(4 * 9);
            part.points.truncate(2 * 7 * shown);
            part.widths.truncate(shown);
            part.colors.truncate(4 * shown);
            part.colors.extend(paper);
            let whole = Reveal::new(&settings, &part.drawing().unwrap(), SIZE).unwrap().picture(shown).unwrap();
            assert!(revealed.picture(shown).unwrap() == whole, "{shown}");
        }
        // Twice the size has the same colors, seen from afar.
        let double = Size { width: 2 * SIZE.width, height: 2 * SIZE.height };
        let large = Reveal::new(&settings, &drawing, double).unwrap().picture(9).unwrap().to_rgba8();
        let small = revealed.picture(9).unwrap().to_rgba8();
        let mean = |picture: &image::RgbaImage, of: fn(&image::Rgba<u8>) -> f64| {
            picture.pixels().map(of).sum::<f64>() / f64::from(picture.width() * picture.height())
        };
        let apart = |of: fn(&image::Rgba<u8>) -> f64| (mean(&large, of) - mean(&small, of)).abs();
        // Pixels that are hardly visible have a color all the same.
        let (color, alpha) =
            (apart(|pixel| f64::from(pixel[1]) * f64::from(pixel[3]) / 255.0), apart(|pixel| pixel[3].into()));
        assert!(color < 3.0 && alpha < 3.0, "{color} {alpha}");
    }
}

#[test]
fn damaged_drawings_are_refused() {
    let owned = Owned::random(&mut Stream::new(23, "test", 7), SIZE, 3, 1, Place::Crossing, 1.0);
    let bytes = sheet(&owned).drawing().unwrap().bytes().to_vec();
    let read = |bytes: Vec<u8>| Sheet::of(&Drawing::new(bytes).unwrap()).map(drop);
    assert!(read(bytes.clone()).is_ok());
    let changed = |at: usize, with: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let damaged = [
        Vec::new(),
        bytes[..7].to_vec(),
        bytes[..bytes.len() - 4].to_vec(),
        changed(0, &[9]),
        changed(1, &[0, 0, 0, 0]),
        changed(1, &[255; 4]),
        changed(5, &[255; 4]),
        changed(9, &[0; 4]),
        changed(17, &f32::NAN.to_le_bytes()),
    ];
    for bytes in damaged {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.starts_with("the drawing in the picture cannot be read: "), "{error}");
    }
}

/// Strokes that reach over all of the plane would have 81 copies each. Those that a run may leave are drawn, also where the
/// picture is so small that strokes reach over many copies of it.
#[test]
fn a_drawing_of_a_tile_has_a_bound_of_copies() {
    let owned = Owned::random(&mut Stream::new(23, "test", 9), SIZE, 3, 1, Place::Crossing, 1.0);
    let reaching = |beyond: f32, tile: Option<Tile>, size: Size| {
        let tiled =
            Overrides { prompt: Some("a".parse().unwrap()), tile: tile.map(Into::into), ..Overrides::default() };
        let mut sheet = sheet(&owned);
        for (index, point) in sheet.points.chunks_exact_mut(2).enumerate() {
            let share = if index.is_multiple_of(2) { -beyond } else { 1.0 + beyond };
            (point[0], point[1]) = (share * SIZE.width as f32, share * SIZE.height as f32);
        }
        Reveal::new(&combine(&[tiled]).unwrap(), &sheet.drawing().unwrap(), size).map(drop)
    };
    let small = Size { width: 1, height: 1 };
    for size in [SIZE, small] {
        assert!(reaching(0.0, Some(Tile::Both), size).is_ok());
        // As far as a run lets strokes leave the picture: 25 copies.
        assert!(reaching(1.0, Some(Tile::Both), size).is_ok());
        let error = reaching(6.0, Some(Tile::Both), size).unwrap_err().to_string();
        assert!(error.ends_with("its strokes have too many copies"), "{error}");
        assert!(reaching(6.0, None, size).is_ok());
    }
}

#[test]
fn an_svg_has_a_path_for_each_stroke() {
    let mut sheet = sheet(&Owned::random(&mut Stream::new(1, "test", 0), SIZE, 2, 1, Place::Crossing, 1.0));
    sheet.points = vec![1.0, 2.0, 3.5, 4.0, 5.25, -6.0, 7.0, 8.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
    sheet.widths = vec![2.5, 1.0];
    sheet.colors = vec![1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let mut expected =
        String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"37\" height=\"29\" viewBox=\"0 0 37 29\">\n");
    expected += "<rect width=\"37\" height=\"29\" fill=\"#ffffff\"/>\n";
    expected += "<g fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n";
    let _ = writeln!(
        expected,
        "<path d=\"M1 2C3.5 4 5.25 -6 7 8\" stroke=\"#ff0000\" stroke-width=\"2.5\" stroke-opacity=\"0.5\"/>"
    );
    expected += "<path d=\"M0 0C1 1 2 2 3 3\" stroke=\"#0000ff\" stroke-width=\"1\"/>\n</g>\n</svg>\n";
    assert_eq!(svg::svg(&sheet), expected);
}

/// The most strokes of a large picture: a GPU holds the gradients of some of its tiles at a time, and nothing of those of a
/// picture that is tiled.
#[test]
fn what_a_gpu_takes_has_a_bound() {
    let peak = |tile: Option<Tile>| {
        let size = Some(Size { width: 2048, height: 2048 });
        let (prompt, drawer) = (Some("a".parse().unwrap()), Some("strokes".into()));
        let asked =
            Overrides { prompt, drawer, size, strokes: Some(4096), tile: tile.map(Into::into), ..Overrides::default() };
        let (settings, of) = (combine(&[asked]).unwrap(), MemoryOf::Gpu(Precision::F32));
        STROKES.memory(&settings, Loaded { vqgan: None }, 0, of).unwrap().peak
    };
    let (plain, tiled) = (peak(None), peak(Some(Tile::Both)));
    assert!(plain - tiled > 240 << 20 && plain < 1 << 30, "{plain} {tiled}");
}

/// Strokes of a painting without paper.
fn painting(count: usize, segments: usize, percent: [f64; 2]) -> super::Look {
    super::Look {
        kind: super::Kind::Painting,
        count,
        segments,
        percent,
        paper: None,
        changes_paper: false,
        alpha_weight: None,
        tile: None,
    }
}

#[test]
#[allow(clippy::float_cmp, clippy::cast_possible_truncation)]
fn strokes_move_exactly() {
    let size = Size { width: 64, height: 48 };
    let look = painting(7, 2, [1.0, 50.0]);
    let mut stream = Stream::new(5, "test", 0);
    let start = Start::Noise(StartNoise::Codes, &mut stream);
    let mut drawer = super::StrokesDrawer::new(look, size, start, &Device::Cpu).unwrap();
    let numbers = |drawer: &super::StrokesDrawer| -> Vec<Vec<f32>> {
        drawer.parameters().iter().map(|one| one.flatten_all().unwrap().to_vec1().unwrap()).collect()
    };
    let before = numbers(&drawer);
    let mut moves = Stream::new(5, "moves", 0);
    drawer.move_canvas(&Motion::NONE, &mut moves).unwrap();
    assert_eq!(numbers(&drawer), before, "nothing changes, not one bit");
    let motion = Motion { zoom: 1.1, angle: 30.0, pan: [3.0, -2.0] };
    drawer.move_canvas(&motion, &mut moves).unwrap();
    let after = numbers(&drawer);
    let mut compared = 0;
    for ((from, to), width) in before[0].chunks(14).zip(after[0].chunks(14)).zip(&after[1]) {
        let place = |point: &[f32]| motion.place([f64::from(point[0]), f64::from(point[1])], size);
        let moved: Vec<f32> = from.chunks(2).flat_map(|point| place(point).map(|number| number as f32)).collect();
        if super::moving::is_outside(&moved, *width, size) {
            assert!(!super::moving::is_outside(to, *width, size), "{to:?}");
        } else {
            compared += 7;
            assert_eq!(moved, to);
        }
    }
    assert!(compared > 20, "{compared}");
    for (from, to) in before[1].iter().zip(&after[1]) {
        let wider = f64::from(*from) * 1.1;
        assert!((f64::from(*to) - wider.clamp(0.48, 24.0)).abs() < 1e-4, "{from}, {to}");
    }
    assert_eq!(before[2], after[2], "colors stay");
}

/// Nothing pulls back strokes that have left the canvas, so without new places, all of them would be gone.
#[test]
fn strokes_that_leave_the_canvas_begin_elsewhere() {
    let size = Size { width: 64, height: 48 };
    let look = painting(20, 1, [1.0, 5.0]);
    let drawn = |frames: u64| -> Vec<Vec<f32>> {
        let mut stream = Stream::new(5, "test", 0);
        let start = Start::Noise(StartNoise::Codes, &mut stream);
        let mut drawer = super::StrokesDrawer::new(look, size, start, &Device::Cpu).unwrap();
        for frame in 0..frames {
            let motion = Motion { zoom: 1.02, pan: [0.5, 0.0], ..Motion::NONE };
            drawer.move_canvas(&motion, &mut Stream::new(5, "moves", frame)).unwrap();
        }
        drawer.parameters().iter().map(|one| one.flatten_all().unwrap().to_vec1().unwrap()).collect()
    };
    let moved = drawn(150);
    for (points, width) in moved[0].chunks(8).zip(&moved[1]) {
        assert!(!super::moving::is_outside(points, *width, size), "{points:?}");
    }
    let distinct: std::collections::BTreeSet<_> = moved[0].chunks(8).map(|points| points[0].to_bits()).collect();
    assert_eq!(distinct.len(), 20, "each has a place of its own");
    assert!(drawn(150) == moved, "the places follow from the stream");
    let is_out = |low: f32| super::moving::is_outside(&[low, 3.0, low - 2.0, 9.0], 4.0, size);
    assert_eq!([is_out(-2.9), is_out(-3.1), is_out(66.0), is_out(70.0)], [false, true, false, true]);
}
