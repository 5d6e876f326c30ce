//! Each layer by itself.

use super::*;
use crate::frozen::cuda::halves::{narrowed, widen};

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
    let halves = narrowed(on, there.at(0), values.len()).unwrap();
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    widen(on, &halves, there.at(0), values.len(), false).unwrap();
    let expected = rounded.to_vec1::<f32>().unwrap();
    assert_eq!(bits(&on.download(&there)), bits(&expected));
    widen(on, &halves, there.at(0), values.len(), true).unwrap();
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
