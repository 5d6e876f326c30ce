//! What strokes cover, against another rasterizer.

use super::*;
use crate::drawer::strokes::coverage::coverage;

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
                let expected = 1.0 - coverage(nearest, radius).share;
                assert!((shown - expected).abs() < 0.03, "{place:?} {at}: {shown} is not {expected}");
            }
        }
    }
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
