//! Compares every layer on a GPU with the same layer on the CPU, in both directions and on random shapes: on the card
//! if there is one and the program is built for it, otherwise in the emulation of the kernels.

#[path = "../../../tests/common/noise.rs"]
#[allow(clippy::cast_precision_loss)]
mod noise;
#[path = "../../../tests/common/strategies.rs"]
mod strategies;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::RgbImage;
use proptest::prelude::*;

use super::Resident;
use super::accelerator::{Accelerator, Slice};
use super::emulation::Emulation;
use super::execution::{OnDevice, Residents};
use super::layers::StrokesOnDevice;
use crate::drawer::{Drawer, Finish, FourierDrawer, Look, PixelArt, PixelDrawer, Start, Strokes};
use crate::frozen::network::passes::{Computed, Execution, Gradient, Record, Values, back, run};
use crate::frozen::*;
use crate::judge::{Slope, Slopes, distances_to};
use crate::picture::{Size, Tile};
use crate::random::Stream;
use crate::settings::{PixelShape, StartNoise};
use noise::noise;
use strategies::{touches, views};

/// Maximum difference of sums in a different order, relative to the norm.
const TOLERANCE: f64 = 3e-6;

/// The card, if there is one.
#[cfg(feature = "cuda")]
fn device() -> &'static dyn Accelerator {
    use std::sync::OnceLock;

    use super::card::Card;

    static CARD: OnceLock<Option<Arc<Card>>> = OnceLock::new();
    let card = || match candle_core::Device::new_cuda_with_stream(0) {
        Ok(candle_core::Device::Cuda(device)) => {
            Card::prepare(&device, crate::gpu::Precision::F32).unwrap();
            Some(Card::of(&device).unwrap())
        }
        found => {
            // Set by the virtual card's `run.sh`.
            assert!(std::env::var_os("TEXT2ART_TESTS_NEED_CARD").is_none(), "there is no card: {:?}", found.err());
            None
        }
    };
    match CARD.get_or_init(card) {
        Some(card) => card.as_ref(),
        None => Emulation::shared(),
    }
}

#[cfg(not(feature = "cuda"))]
fn device() -> &'static dyn Accelerator {
    Emulation::shared()
}

/// ‖found − expected‖ / ‖expected‖
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
    let apart = square(&mut found.iter().zip(expected).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let length = square(&mut expected.iter().map(|x| f64::from(*x)));
    if apart == 0.0 { 0.0 } else { (apart / length).sqrt() }
}

/// Runs steps forward and back by an execution, and returns the output and the input's gradient.
fn passes<E: Execution>(
    execution: &E,
    steps: &[Step],
    recomputed: &[usize],
    (shape, input): (&[usize], E::Buffer),
    gradient: &E::View,
    host: impl Fn(&E::View) -> Vec<f32>,
) -> (Vec<f32>, Vec<f32>) {
    let mut records: Vec<Record<E::Buffer>> = Vec::new();
    let x = Values { shape: shape.to_vec(), values: Arc::new(input) };
    let output = run(execution, steps, x, Some(&mut records), recomputed).unwrap();
    let input_gradient = back(execution, steps, records, Gradient::Lent(gradient)).unwrap();
    (host(&output.values), host(&input_gradient))
}

fn output_length(steps: &[Step], shape: &[usize]) -> usize {
    let output = steps.iter().fold(shape.to_vec(), |shape, step| step.output_shape(&shape).unwrap());
    output.iter().product()
}

/// Compares steps on the device with the same steps on the host.
fn compare_steps(steps: &[Step], recomputed: &[usize], shape: &[usize], input: &[f32], seed: u64, tolerance: f64) {
    let on = device();
    let gradient = noise(output_length(steps, shape), seed + 1);
    let copied = Computed.copy(input).unwrap();
    let expected = passes(&Computed, steps, recomputed, (shape, copied), &gradient, <[f32]>::to_vec);
    let residents = Residents::default();
    let execution = OnDevice { accelerator: on, residents: &residents };
    let there = on.upload(bytemuck::cast_slice(&gradient)).unwrap();
    let on_device = || {
        let input = on.upload(bytemuck::cast_slice(input)).unwrap();
        passes(&execution, steps, recomputed, (shape, input), &there, |slice| on.download(slice))
    };
    let found = on_device();
    let apart = (distance(&found.0, &expected.0), distance(&found.1, &expected.1));
    assert!(apart.0 < tolerance, "{shape:?}: the values differ by {}", apart.0);
    assert!(apart.1 < tolerance, "{shape:?}: the gradient differs by {}", apart.1);
    let bits = |(values, gradient): &(Vec<f32>, Vec<f32>)| -> Vec<u32> {
        values.iter().chain(gradient).map(|value| value.to_bits()).collect()
    };
    assert!(bits(&found) == bits(&on_device()), "{shape:?}: other bytes the second time");
}

/// Compares a layer with itself on the host, both with separate memory for its backward pass and in place.
fn compare_near(layer: impl Layer, shape: &[usize], seed: u64, tolerance: f64) {
    let input = noise(shape.iter().product(), seed);
    let in_place = layer.in_place().is_some();
    let mut steps = vec![Step::layer(layer)];
    compare_steps(&steps, &[], shape, &input, seed, tolerance);
    if in_place {
        // With a layer after it, the incoming gradient belongs to the network.
        steps.push(Step::layer(Activation::Silu));
        compare_steps(&steps, &[], shape, &input, seed, 4.0 * tolerance);
    }
}

fn compare(layer: impl Layer, shape: &[usize], seed: u64) {
    compare_near(layer, shape, seed, TOLERANCE);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn activations(count in 1..=3000_usize, seed in any::<u32>()) {
        for activation in [Activation::Silu, Activation::QuickGelu, Activation::Gelu, Activation::Relu] {
            compare(activation, &[count], u64::from(seed));
        }
    }

    #[test]
    fn group_norms(
        batch in 1..=2_usize, groups in 1..=4_usize, share in 1..=3_usize, height in 1..=60_usize, width in 1..=60_usize,
        silu in any::<bool>(), seed in any::<u32>(),
    ) {
        let (channels, seed) = (groups * share, u64::from(seed));
        // With only one or two numbers, only rounding noise remains.
        prop_assume!(share * height * width > 2);
        let layer = GroupNorm::new(noise(channels, seed + 2), noise(channels, seed + 3), groups, 1e-6, silu);
        compare_near(layer, &[batch, channels, height, width], seed, 3e-5);
    }
}

fn sides() -> impl Strategy<Value = (usize, usize)> {
    let side = || prop_oneof![1..=9_usize, 10..=40_usize];
    (side(), side())
}

fn convolution(inputs: usize, outputs: usize, window: Window, seed: u64) -> Convolution {
    let weight = noise(outputs * inputs * window.side * window.side, seed + 2);
    Convolution::new(weight, noise(outputs, seed + 3), inputs, outputs, window)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn convolutions(
        size in sides(), batch in 1..=2_usize, (inputs, outputs) in (1..=6_usize, 1..=6_usize),
        window in (1..=4_usize, 1..=3_usize, 0..=2_usize, 0..=2_usize), seed in any::<u32>(),
    ) {
        let (side, stride, before, after) = window;
        let (before, after) = (before.min(side - 1), after.min(side - 1));
        let window = Window { side, stride, padding: Padding { top: before, bottom: after, left: after, right: before } };
        prop_assume!(window.output_size(size.0, size.1).is_some());
        let layer = convolution(inputs, outputs, window, u64::from(seed));
        compare(layer, &[batch, inputs, size.0, size.1], u64::from(seed));
    }

    #[test]
    fn doubling_convolutions(
        size in sides(), batch in 1..=2_usize, (inputs, outputs) in (1..=5_usize, 1..=5_usize), seed in any::<u32>(),
    ) {
        let seed = u64::from(seed);
        let layer = DoublingConvolution::new(noise(9 * inputs * outputs, seed + 2), noise(outputs, seed + 3), inputs, outputs);
        compare(layer, &[batch, inputs, size.0, size.1], seed);
    }

    #[test]
    fn nearest_vectors(
        size in sides(), batch in 1..=2_usize, (count, length) in (1..=600_usize, 1..=9_usize), seed in any::<u32>(),
    ) {
        // Coarse numbers have exact products, so some vectors are equally near and rounding does not matter.
        let coarse = |count, seed| noise(count, seed).into_iter().map(|x| (8.0 * x).round() / 8.0).collect::<Vec<_>>();
        let (seed, shape) = (u64::from(seed), [batch, length, size.0, size.1]);
        let layer = NearestVectors::new(coarse(count * length, seed + 2), length);
        let steps = [Step::layer(layer), Step::layer(Activation::Silu)];
        compare_steps(&steps, &[], &shape, &coarse(shape.iter().product(), seed), seed, TOLERANCE);
    }

    #[test]
    fn linears(rows in 1..=20_usize, inputs in 1..=40_usize, outputs in 1..=40_usize, bias in any::<bool>(), seed in any::<u32>()) {
        let seed = u64::from(seed);
        let bias = bias.then(|| noise(outputs, seed + 3));
        compare(Linear::new(noise(inputs * outputs, seed + 2), bias, inputs, outputs), &[rows, inputs], seed);
    }

    #[test]
    fn layer_norms(rows in 1..=10_usize, channels in 3..=600_usize, seed in any::<u32>()) {
        let seed = u64::from(seed);
        let layer = LayerNorm::new(noise(channels, seed + 2), noise(channels, seed + 3), 1e-5);
        compare_near(layer, &[rows, channels], seed, 3e-5);
    }

    #[test]
    fn attentions(
        // Few tokens with narrow heads use a different kernel.
        batch in 1..=2_usize, tokens in prop_oneof![1..=50_usize, 51..=80_usize], heads in 1..=3_usize,
        width in prop_oneof![1..=8_usize, 9..=70_usize], causal in any::<bool>(),
        seed in any::<u32>(),
    ) {
        let seed = u64::from(seed);
        for first_only in [false, true] {
            let layer = Attention { heads, causal, first_only, layout: AttentionLayout::TokensFirst };
            compare_near(layer, &[batch, tokens, 3 * heads * width], seed, 1e-5);
        }
        let layer = Attention { heads, causal, first_only: false, layout: AttentionLayout::ChannelsFirst };
        compare_near(layer, &[batch, 3 * heads * width, tokens, 2], seed, 1e-5);
    }

    #[test]
    fn pictures(size in sides(), batch in 1..=2_usize, channels in 1..=5_usize, side in 1..=3_usize, seed in any::<u32>()) {
        let (seed, shape) = (u64::from(seed), [batch, channels, size.0, size.1]);
        compare(Upsample, &shape, seed);
        compare(LeakyRectifier::new(noise(channels, seed + 2)), &shape, seed);
        compare(PixelShuffle { side }, &[batch, channels * side * side, size.0, size.1], seed);
        compare(PixelUnshuffle { side }, &[batch, channels, size.0 * side, size.1 * side], seed);
        compare(MeanMaxPool, &shape, seed);
        compare(Clamp { minimum: -0.4, maximum: 0.6 }, &shape, seed);
        compare(ChannelAffine::new(noise(channels, seed + 2), noise(channels, seed + 3)), &shape, seed);
        compare(MeanToken::new(noise((size.0 * size.1 + 1) * channels, seed + 2), channels), &shape, seed);
        if size.0 >= side && size.1 >= side {
            compare(AveragePool { side }, &shape, seed);
        }
        compare(Patches { side }, &[batch, channels, size.0 * side, size.1 * side], seed);
    }

    #[test]
    fn copies_of_pictures(
        size in sides(), batch in 1..=2_usize, channels in 1..=3_usize, wider in prop::array::uniform4(0..=7_usize),
        by in (0..=9_usize, 0..=9_usize), seed in any::<u32>(),
    ) {
        let [top, bottom, left, right] = wider;
        let padding = Padding { top, bottom, left, right };
        for &(tile, _) in Tile::ALL {
            let (seed, shape) = (u64::from(seed), [batch, channels, size.0, size.1]);
            compare(Repeat::around(tile, padding), &shape, seed);
            compare(Repeat::moved(tile, by), &shape, seed);
            let wide = [batch, channels, size.0 + top + bottom, size.1 + left + right];
            compare(Middle::of(tile, padding), &wide, seed);
        }
    }

    #[test]
    fn slopes_of_distances(
        targets in prop::collection::vec((-1.0..1.0_f32, prop_oneof![Just(f32::NEG_INFINITY), -1.0..1.0_f32]), 1..=5),
        cutouts in 1..=70_usize, seed in any::<u32>(),
    ) {
        let shape = [cutouts, targets.len()];
        let slopes = targets.into_iter().map(|(slope, stop)| Slope { slope, stop }).collect();
        compare(Slopes::of(slopes), &shape, u64::from(seed));
    }

    #[test]
    fn spherical_distances(
        batch in 1..=40_usize, count in 1..=5_usize, length in 3..=40_usize, seed in any::<u32>(),
    ) {
        let seed = u64::from(seed);
        let targets = Tensor::from_vec(noise(count * length, seed + 2), (count, length), &Device::Cpu).unwrap();
        let network = distances_to(&targets).unwrap();
        compare_steps(&network.steps, &[], &[batch, length], &noise(batch * length, seed), seed, 3e-5);
    }

    #[test]
    fn square_sums(count in 1..=3000_usize, seed in any::<u32>()) {
        let seed = u64::from(seed);
        compare(SquareSum::new(), &[count], seed);
        compare(SquareSum::mean_from(noise(count, seed + 2), 0.7), &[count], seed);
    }

    #[test]
    fn tokens(batch in 1..=3_usize, tokens in 1..=20_usize, width in 1..=30_usize, seed in any::<u32>()) {
        let (seed, shape) = (u64::from(seed), [batch, tokens, width]);
        compare(FirstToken, &shape, seed);
        compare(ClassToken::new(noise(width, seed + 2), noise((tokens + 1) * width, seed + 3)), &shape, seed);
    }

    #[test]
    fn retouches(
        (size, touches) in sides().prop_flat_map(|size| (Just(size), prop::collection::vec(touches(size), 1..=3))),
        seed in any::<u32>(),
    ) {
        let shape = [touches.len(), 3, size.0, size.1];
        compare(Retouch::new(touches), &shape, u64::from(seed));
    }

    #[test]
    fn warps(
        size in sides(), output in sides(), views in prop::collection::vec(views(), 1..=4), channels in 1..=5_usize,
        area in any::<bool>(), seed in any::<u32>(),
    ) {
        let filter = if area { Filter::Area } else { Filter::Bilinear };
        let shape = [1, channels, size.0, size.1];
        compare_near(Warp::new(views, output, filter), &shape, u64::from(seed), 1e-5);
    }
}

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

#[test]
fn numbers_of_16_bits_are_the_nearest() {
    let on = device();
    let mut values = noise(601, 1);
    // Halfway between two, not a number, infinite, and out of range.
    values.extend([1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0, f32::NAN, f32::INFINITY, f32::MAX, -0.0]);
    let tensor = |values: &[f32]| candle_core::Tensor::new(values, &candle_core::Device::Cpu).unwrap();
    let rounded =
        tensor(&values).to_dtype(candle_core::DType::BF16).unwrap().to_dtype(candle_core::DType::F32).unwrap();
    let there = on.upload(bytemuck::cast_slice(&values)).unwrap();
    let halves = super::halves::narrowed(on, there.at(0), values.len()).unwrap();
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    super::halves::widen(on, &halves, there.at(0), values.len(), false).unwrap();
    let expected = rounded.to_vec1::<f32>().unwrap();
    assert_eq!(bits(&on.download(&there)), bits(&expected));
    super::halves::widen(on, &halves, there.at(0), values.len(), true).unwrap();
    // The bits of a NaN after a sum depend on the device.
    let numbers = |values: &[f32]| bits(&values.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>());
    let doubled: Vec<f32> = expected.iter().map(|value| 2.0 * value).collect();
    assert_eq!(numbers(&on.download(&there)), numbers(&doubled));
}

#[test]
fn the_identity_returns_the_pictures_bits() {
    let picture = noise(3 * 7 * 13, 1);
    for border in [Border::Fill(0.5), Border::Edge, Border::Reflection] {
        let view = View { matrix: Homography::IDENTITY, border };
        let on = device();
        let (input, output) = (on.upload(bytemuck::cast_slice(&picture)).unwrap(), on.allocate(picture.len()).unwrap());
        let warp = Warp::new(vec![view], (7, 13), Filter::Area).resident(on).unwrap();
        warp.forward(on, &[1, 3, 7, 13], &input, &output).unwrap();
        assert!(on.download(&output) == picture, "{border:?}");
    }
}

/// Group norms of several chunks, convolutions of several parts and scores of several tiles.
#[test]
fn large_shapes_come_in_parts() {
    let layer = GroupNorm::new(noise(2, 2), noise(2, 3), 1, 1e-6, true);
    compare_near(layer, &[1, 2, 70, 91], 1, 3e-5);
}

#[test]
fn a_gradient_that_is_not_finite_stays_so() {
    let on = device();
    let warp = Warp::new(vec![View { matrix: Homography::IDENTITY, border: Border::Edge }], (2, 2), Filter::Bilinear);
    let warp = warp.resident(on).unwrap();
    for value in [f32::NAN, f32::INFINITY] {
        let gradient = on.upload(bytemuck::cast_slice(&[1.0, value, 0.0, 2.0])).unwrap();
        let input_gradient = on.allocate(4).unwrap();
        warp.backward(on, &[1, 1, 2, 2], &Slice::default(), &gradient, &input_gradient).unwrap();
        assert!(on.download(&input_gradient).iter().all(|value| value.is_nan()));
    }
}

/// Blocks with an empty branch, nested blocks, and blocks that are recomputed in the backward pass.
#[test]
fn networks() {
    let window = Window::same(3);
    let norm = || Step::layer(GroupNorm::new(noise(6, 8), noise(6, 9), 3, 1e-6, true));
    let steps = vec![
        Step::layer(convolution(3, 6, window, 1)),
        Step::residual(vec![norm(), Step::layer(convolution(6, 6, window, 2))]),
        Step::Sum(
            vec![norm(), Step::residual(vec![Step::layer(Activation::QuickGelu)])],
            vec![Step::layer(convolution(6, 6, Window::same(1), 3))],
        ),
        Step::Sum(vec![], vec![Step::layer(Activation::Silu)]),
        Step::Join(vec![], vec![Step::layer(convolution(6, 4, window, 4)), Step::layer(Activation::Silu)]),
        Step::layer(convolution(10, 6, window, 7)),
        Step::layer(Upsample),
        Step::layer(MeanMaxPool),
    ];
    let shape = [2, 3, 9, 7];
    let input = noise(shape.iter().product(), 5);
    for recomputed in [&[][..], &[1], &[1, 2, 3]] {
        compare_steps(&steps, recomputed, &shape, &input, 6, 1e-5);
    }
}

#[test]
fn a_layer_without_a_kernel_says_so() {
    struct Strange;
    impl Layer for Strange {
        fn name(&self) -> &'static str {
            "a strange layer"
        }
        fn output_shape(&self, input_shape: &[usize]) -> candle_core::Result<Vec<usize>> {
            Ok(input_shape.to_vec())
        }
        fn forward(&self, _: &[usize], _: &[f32], _: &mut [f32]) {}
        fn needs_input(&self) -> bool {
            false
        }
        fn backward(&self, _: &[usize], _: &[f32], _: &[f32], _: &mut [f32]) {}
    }
    let on = device();
    let (residents, input) = (Residents::default(), on.allocate(1).unwrap());
    let execution = OnDevice { accelerator: on, residents: &residents };
    let x = Values { shape: vec![1], values: Arc::new(input) };
    let error = run(&execution, &[Step::layer(Strange)], x, None, &[]).err().unwrap();
    assert!(error.to_string().contains("a strange layer cannot run on a GPU"), "{error}");
}
