//! What drawers make pictures of: strokes, waves, mosaics.

use super::*;

/// The numbers of strokes in and around a picture, over each other; of every `far` + 1 of them, `far` are nowhere near it.
#[allow(clippy::cast_precision_loss)]
fn numbers_of(strokes: Strokes, far: usize, seed: u64) -> Vec<f32> {
    let Strokes { size, count, segments, channels, .. } = strokes;
    let share = |value: f32| value.abs().min(1.0);
    let mut points = noise(count * 2 * (3 * segments + 1), seed);
    for (stroke, points) in points.chunks_exact_mut(2 * (3 * segments + 1)).enumerate() {
        let away = if stroke % (far + 1) == 0 { 0.0 } else { 900.0 };
        for point in points.chunks_exact_mut(2) {
            point[0] = (0.5 + 0.7 * point[0]) * size.width as f32 + away;
            point[1] = (0.5 + 0.7 * point[1]) * size.height as f32;
        }
    }
    let widths = noise(count, seed + 1).into_iter().map(|value| 0.3 + 8.0 * share(value));
    let mut colors: Vec<f32> = noise(4 * (count + 1), seed + 2).into_iter().map(share).collect();
    // What is seen through paper without any color has gradients that rounding decides.
    colors[4 * count + 3] = if channels == 4 { 0.3 } else { 1.0 };
    points.into_iter().chain(widths).chain(colors).collect()
}

fn compare_strokes(strokes: Strokes, far: usize, seed: u64) {
    let numbers = numbers_of(strokes, far, seed);
    // Where a coverage ends, its slope hangs on roundings.
    compare_steps(&[Step::layer(strokes)], &[], &[numbers.len()], &numbers, seed, 1e-4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn strokes(
        (height, width) in sides(), count in 1..=6_usize, segments in 1..=3_usize, transparent in any::<bool>(),
        seed in any::<u32>(),
    ) {
        let channels = if transparent { 4 } else { 3 };
        let strokes = Strokes { size: Size { width, height }, count, segments, tile: None, channels };
        compare_strokes(strokes, 0, u64::from(seed));
    }

    #[test]
    fn waves((height, width) in sides(), has_start in any::<bool>(), seed in any::<u32>()) {
        let (seed, size) = (u64::from(seed), Size { width, height: 2 * height });
        for tile in Tile::ALL.iter().map(|(tile, _)| Some(*tile)).chain([None]) {
            let look = Look { sharpness: 0.3, tile, ..Look::USUAL };
            let mut stream = Stream::new(seed, "test", 0);
            let start = if has_start {
                Start::Picture(RgbImage::new(3, 2), 2.0)
            } else {
                Start::Noise(StartNoise::Codes, &mut stream)
            };
            let drawer = FourierDrawer::new(look, size, start, &Device::Cpu).unwrap();
            let spectrum = drawer.parameters()[0].dims().to_vec();
            for (index, network) in drawer.networks().enumerate() {
                let shape = if index == 0 { spectrum.clone() } else { vec![1, 3, size.height, size.width] };
                let input = noise(shape.iter().product(), seed);
                compare_steps(&network.steps, &[], &shape, &input, seed, 3e-5);
            }
        }
    }
}

#[test]
fn mosaics() {
    let size = Size { width: 30, height: 20 };
    for (seed, &(pixel_shape, _)) in (0..).zip(PixelShape::ALL) {
        for tile in [None, Some(Tile::Both)] {
            let art = PixelArt {
                shape: pixel_shape,
                grid: Size { width: 6, height: 4 },
                smoothness: 0.0,
                alpha_weight: None,
                finish: Finish::default(),
                tile,
            };
            let start = Start::Picture(RgbImage::new(3, 2), 0.0);
            let drawer = PixelDrawer::new(art, size, start, &Device::Cpu).unwrap();
            let shape = drawer.parameters()[0].dims().to_vec();
            let input = noise(shape.iter().product(), seed);
            compare_steps(&drawer.mosaic().steps, &[], &shape, &input, seed, TOLERANCE);
        }
    }
}

/// More strokes than threads, of which more reach a tile than are kept at once; and tiles all at once or one by one.
#[test]
fn strokes_come_in_parts() {
    let strokes = Strokes { size: Size { width: 20, height: 16 }, count: 280, segments: 1, tile: None, channels: 3 };
    compare_strokes(strokes, 3, 1);
    let (on, numbers) = (device(), numbers_of(strokes, 3, 1));
    let input = on.upload(bytemuck::cast_slice(&numbers)).unwrap();
    let given = on.upload(bytemuck::cast_slice(&noise(3 * 20 * 16, 2))).unwrap();
    let gradient = |words: usize| {
        let scene = StrokesOnDevice::within(words, strokes.size, strokes.count, 1, 3).unwrap();
        let gradient = on.allocate(numbers.len()).unwrap();
        scene.backward(on, &[numbers.len()], &input, &given, &gradient).unwrap();
        on.download(&gradient)
    };
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert!(bits(gradient(0)) == bits(gradient(usize::MAX)));
}
