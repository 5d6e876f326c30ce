//! Gradients against finite differences, and the operation that records them.

use super::*;

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
