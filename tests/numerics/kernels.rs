//! Every fast kernel against the same layer written plainly in f64 (`tests/common/plain.rs`): on random
//! shapes, odd sizes and single pixels among them, and the convolutions at shapes of a 256x256 picture drawn
//! by `imagenet_f16_16384` and of a 128x128 picture drawn by the embedded model.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout
)]

use crate::common;
#[path = "../common/strategies.rs"]
mod strategies;

use common::noise;
use common::plain::{self, Kernels, Size};
use proptest::prelude::*;
use strategies::{touches, views};
use text2art::frozen::{
    Activation, Algorithms, Attention, AttentionLayout, AveragePool, Border, ChannelAffine, Clamp, ClassToken,
    Convolution, DoublingConvolution, Filter, FirstToken, GroupNorm, Homography, Layer, LayerNorm, LeakyRectifier,
    Linear, MeanMaxPool, MeanToken, Padding, Patches, PixelShuffle, Rectangle, Retouch, Touch, Upsample, View, Warp,
    Window,
};

/// What convolutions may differ from f64 by, relative to the norm, as the sums' length and Winograd's
/// algorithm round: the tolerance that was asked for.
const TOLERANCE: f64 = 3e-5;

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

/// ‖found − expected‖ / ‖expected‖
fn distance(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let difference: f64 = found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
    (difference / expected.iter().map(|x| x * x).sum::<f64>().max(f64::MIN_POSITIVE)).sqrt()
}

fn forward(layer: &impl Layer, shape: &[usize], input: &[f32]) -> Vec<f32> {
    // Layers that overwrite must not read what was there.
    let before = if layer.overwrites() { f32::NAN } else { 0.0 };
    let mut output = vec![before; layer.output_shape(shape).unwrap().iter().product()];
    layer.forward(shape, input, &mut output);
    output
}

fn backward(layer: &impl Layer, shape: &[usize], input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let mut input_gradient = vec![if layer.overwrites() { f32::NAN } else { 0.0 }; input.len()];
    let input = if layer.needs_input() { input } else { &[] };
    layer.backward(shape, input, gradient, &mut input_gradient);
    input_gradient
}

/// Compares the values with a plain function's; gives the input, and a gradient of the output for the way back.
fn check_values(
    layer: &impl Layer,
    shape: &[usize],
    seed: u64,
    tolerance: f64,
    function: impl Fn(&[f64]) -> Vec<f64>,
) -> (Vec<f32>, Vec<f32>) {
    let input = noise(shape.iter().product(), seed);
    let output = forward(layer, shape, &input);
    let found = distance(&output, &function(&wide(&input)));
    assert!(found < tolerance, "{} of {shape:?} differs by {found}", layer.name());
    (input, noise(output.len(), seed + 1))
}

/// As `check`, for a layer whose gradient has a plain function of the input and the output's gradient.
fn check_gradient(
    layer: &impl Layer,
    shape: &[usize],
    seed: u64,
    tolerance: f64,
    function: impl Fn(&[f64]) -> Vec<f64>,
    gradient: impl Fn(&[f64], &[f64]) -> Vec<f64>,
) {
    let (input, cotangent) = check_values(layer, shape, seed, tolerance, function);
    let expected = gradient(&wide(&input), &wide(&cotangent));
    let found = distance(&backward(layer, shape, &input, &cotangent), &expected);
    assert!(found < tolerance, "the gradient of {} of {shape:?} differs by {found}", layer.name());
}

/// Compares both passes with a plain function of one input: its values, and its slopes along directions as
/// f64 differences find them.
fn check(layer: &impl Layer, shape: &[usize], seed: u64, tolerance: f64, function: impl Fn(&[f64]) -> Vec<f64>) {
    let (input, cotangent) = check_values(layer, shape, seed, tolerance, &function);
    let gradient = backward(layer, shape, &input, &cotangent);
    let norm = gradient.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    for direction in (2..5).map(|offset| noise(input.len(), seed + offset)) {
        let moved = |step: f64| -> Vec<f64> {
            input.iter().zip(&direction).map(|(x, d)| f64::from(*x) + step * f64::from(*d)).collect()
        };
        let loss = |x: &[f64]| -> f64 { function(x).iter().zip(&cotangent).map(|(y, c)| y * f64::from(*c)).sum() };
        let step = 1e-5;
        let expected = (loss(&moved(step)) - loss(&moved(-step))) / (2.0 * step);
        let slope: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
        let scale = norm * direction.iter().map(|d| f64::from(*d).powi(2)).sum::<f64>().sqrt();
        let found = (slope - expected).abs() / scale.max(1e-6);
        assert!(found < tolerance, "{}: slope {slope} and not {expected} at {shape:?}: {found}", layer.name());
    }
}

fn kernels(inputs: usize, outputs: usize, window: Window, seed: u64) -> Kernels {
    let weight = noise(outputs * inputs * window.side * window.side, seed);
    Kernels { weight, bias: noise(outputs, seed + 1), inputs, outputs, window }
}

fn layer(kernels: &Kernels, algorithms: Algorithms) -> Convolution {
    let Kernels { weight, bias, inputs, outputs, window } = kernels;
    Convolution::new(weight.clone(), bias.clone(), *inputs, *outputs, *window).by(algorithms)
}

/// The same function for each picture of a batch.
fn each(input: &[f64], batch: usize, function: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    input.chunks(input.len() / batch).flat_map(function).collect()
}

fn sides() -> impl Strategy<Value = Size> {
    let side = || prop_oneof![1..=9_usize, 10..=150_usize];
    (side(), side()).prop_filter("small enough for plain loops", |(height, width)| height * width <= 4000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn convolutions_that_keep_the_size(
        size in sides(), batch in 1..=2_usize, inputs in 1..=20_usize, outputs in 1..=20_usize, seed in any::<u32>(),
    ) {
        let kernels = kernels(inputs, outputs, Window::same(3), u64::from(seed));
        let shape = [batch, inputs, size.0, size.1];
        for algorithms in [Algorithms::Sums, Algorithms::Winograd, Algorithms::ByShape] {
            check(&layer(&kernels, algorithms), &shape, u64::from(seed), TOLERANCE, |x| {
                each(x, batch, |x| plain::convolution(x, size, &kernels))
            });
        }
    }

    #[test]
    fn convolutions_of_other_windows(
        size in sides(), side in 1..=5_usize, stride in 1..=3_usize, padding in 0..=2_usize, more in 0..=1_usize,
        inputs in 1..=8_usize, outputs in 1..=8_usize, seed in any::<u32>(),
    ) {
        // No model pads by as much as a kernel's side.
        let padding = padding.min(side - 1);
        let edge = (padding + more).min(side - 1);
        let padding = Padding { top: padding, left: padding, bottom: edge, right: edge };
        prop_assume!(size.0.min(size.1) + padding.top + edge >= side);
        let kernels = kernels(inputs, outputs, Window { side, stride, padding }, u64::from(seed));
        let shape = [1, inputs, size.0, size.1];
        check(&layer(&kernels, Algorithms::Sums), &shape, u64::from(seed), TOLERANCE, |x| {
            plain::convolution(x, size, &kernels)
        });
    }

    #[test]
    fn doubling_convolutions(
        size in sides(), inputs in 1..=12_usize, outputs in 1..=12_usize, seed in any::<u32>(),
    ) {
        prop_assume!(size.0 * size.1 <= 1000);
        let kernels = kernels(inputs, outputs, Window::same(3), u64::from(seed));
        let layer = DoublingConvolution::new(kernels.weight.clone(), kernels.bias.clone(), inputs, outputs);
        check(&layer, &[1, inputs, size.0, size.1], u64::from(seed), TOLERANCE, |x| {
            plain::convolution(&plain::doubled(x, size), (2 * size.0, 2 * size.1), &kernels)
        });
    }

    #[test]
    fn linear_layers(
        rows in 1..=40_usize, inputs in prop_oneof![1..=90_usize, Just(1024_usize)], outputs in 1..=70_usize,
        seed in any::<u32>(),
    ) {
        let (weight, bias) = (noise(inputs * outputs, u64::from(seed) + 9), noise(outputs, u64::from(seed) + 8));
        let layer = Linear::new(weight.clone(), Some(bias.clone()), inputs, outputs);
        check(&layer, &[rows, inputs], u64::from(seed), 1e-5, |x| plain::linear(x, &weight, &bias));
    }

    #[test]
    fn norms(
        (groups, each) in (1..=8_usize, 1..=5_usize), size in sides(), rows in 1..=9_usize, seed in any::<u32>(),
    ) {
        // A group of one number has no variance: its gradient is that of ε.
        prop_assume!(each * size.0 * size.1 > 1 && groups * each > 1);
        let channels = groups * each;
        // The normalised numbers of a small group can hardly move: with a small ε gradients all but cancel.
        let epsilon = |count| if count > 8 { 1e-3 } else { 1.0 };
        let (scale, shift) = (noise(channels, u64::from(seed) + 9), noise(channels, u64::from(seed) + 8));
        let of_group = epsilon(each * size.0 * size.1);
        for silu in [true, false] {
            let layer = GroupNorm::new(scale.clone(), shift.clone(), groups, of_group, silu);
            check(&layer, &[1, channels, size.0, size.1], u64::from(seed), 3e-5, |x| {
                let values = plain::group_norm(x, &scale, &shift, groups, of_group);
                if !silu {
                    return values;
                }
                values.iter().map(|x| plain::activation(Activation::Silu, *x)).collect()
            });
        }
        let of_row = epsilon(channels);
        let layer = LayerNorm::new(scale.clone(), shift.clone(), of_row);
        check(&layer, &[rows, channels], u64::from(seed), 3e-5, |x| plain::layer_norm(x, &scale, &shift, of_row));
    }

    #[test]
    fn attentions(
        tokens in prop_oneof![1..=20_usize, Just(50), Just(300)], heads in 1..=3_usize, head_width in 1..=9_usize,
        causal in any::<bool>(), seed in any::<u32>(),
    ) {
        let width = heads * head_width;
        let all = Attention { heads, causal, first_only: false, layout: AttentionLayout::TokensFirst };
        let expected = |x: &[f64]| plain::attention(x, tokens, heads, causal);
        check(&all, &[1, tokens, 3 * width], u64::from(seed), 3e-5, expected);
        let first = Attention { first_only: true, ..all };
        check(&first, &[1, tokens, 3 * width], u64::from(seed), 3e-5, |x| expected(x)[..width].to_vec());
        let pixels = Attention { layout: AttentionLayout::ChannelsFirst, ..all };
        check(&pixels, &[1, 3 * width, 1, tokens], u64::from(seed), 3e-5, |x| {
            plain::transposed(&expected(&plain::transposed(x, tokens)), width)
        });
    }

    #[test]
    fn warps(
        size in sides(), to in sides(), views in proptest::collection::vec(views(), 1..12), seed in any::<u32>(),
    ) {
        let channels = 3;
        for filter in [Filter::Bilinear, Filter::Area] {
            // Areas take up to 64 samples a pixel.
            let views = if filter == Filter::Area { &views[..1] } else { &views[..] };
            check(&Warp::new(views.to_vec(), to, filter), &[1, channels, size.0, size.1], u64::from(seed), 1e-4, |x| {
                let planes = views.iter().flat_map(|view| x.chunks(x.len() / channels).map(move |plane| (view, plane)));
                planes.flat_map(|(view, plane)| match filter {
                    Filter::Bilinear => plain::sampled(plane, size, view, to),
                    Filter::Area => plain::sampled_by_area(plane, size, view, to),
                }).collect()
            });
        }
    }

    #[test]
    fn activations(count in 1..=3000_usize, seed in any::<u32>()) {
        let function = |kind, x: &[f64]| x.iter().map(|x| plain::activation(kind, *x)).collect();
        for kind in [Activation::Silu, Activation::QuickGelu, Activation::Gelu] {
            check(&kind, &[count], u64::from(seed), 1e-5, |x| function(kind, x));
        }
        // Differences would reach across the bend.
        check_gradient(&Activation::Relu, &[count], u64::from(seed), 1e-5, |x| function(Activation::Relu, x), |x, dy| {
            x.iter().zip(dy).map(|(x, dy)| if *x > 0.0 { *dy } else { 0.0 }).collect()
        });
    }

    #[test]
    fn pools_and_enlargements(
        size in sides(), side in 1..=4_usize, batch in 1..=2_usize, channels in 2..=5_usize, seed in any::<u32>(),
    ) {
        let (seed, shape, area) = (u64::from(seed), [batch, channels, size.0, size.1], size.0 * size.1);
        let side = side.min(size.0).min(size.1);
        check(&AveragePool { side }, &shape, seed, 1e-5, |x| {
            each(x, batch * channels, |plane| plain::pooled(plane, size, side))
        });
        check(&Upsample, &shape, seed, 1e-5, |x| plain::doubled(x, size));
        let many = [batch, channels * side * side, size.0, size.1];
        check(&PixelShuffle { side }, &many, seed, 1e-5, |x| plain::shuffled(x, size, side));
        let slopes = noise(channels, seed + 5);
        let planes = |x: &[f64], factor: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            let slope = |index: usize| f64::from(slopes[index / area % channels]);
            x.iter().enumerate().map(|(index, x)| factor(*x, slope(index))).collect()
        };
        // Differences would reach across the bend.
        check_gradient(
            &LeakyRectifier::new(slopes.clone()),
            &shape,
            seed,
            1e-5,
            |x| planes(x, &|x, slope| if x > 0.0 { x } else { slope * x }),
            |x, dy| {
                let slopes = planes(x, &|x, slope| if x > 0.0 { 1.0 } else { slope });
                slopes.iter().zip(dy).map(|(slope, dy)| slope * dy).collect()
            },
        );
        // Differences would reach across changes of the largest.
        check_gradient(
            &MeanMaxPool,
            &shape,
            seed,
            1e-5,
            |x| each(x, batch, |x| plain::mean_and_maximum(x, area)),
            |x, dy| {
                let pictures = x.chunks(channels * area).zip(dy.chunks(2 * channels));
                pictures.flat_map(|(x, dy)| plain::mean_and_maximum_back(x, dy, area)).collect()
            },
        );
    }

    #[test]
    fn tokens(
        (rows, columns, side) in (1..=5_usize, 1..=7_usize, 1..=5_usize), batch in 1..=2_usize,
        channels in 2..=9_usize, seed in any::<u32>(),
    ) {
        let (seed, area) = (u64::from(seed), rows * columns);
        let size = (rows * side, columns * side);
        check(&Patches { side }, &[batch, channels, size.0, size.1], seed, 1e-5, |x| {
            each(x, batch, |x| plain::patches(x, size, side))
        });
        let (class, positions) = (noise(channels, seed + 9), noise((area + 1) * channels, seed + 8));
        check(&ClassToken::new(class.clone(), positions.clone()), &[batch, area, channels], seed, 1e-5, |x| {
            each(x, batch, |x| plain::class_token(x, &class, &positions))
        });
        check(&MeanToken::new(positions.clone(), channels), &[batch, channels, rows, columns], seed, 1e-5, |x| {
            each(x, batch, |x| plain::mean_token(x, area, &positions))
        });
        check(&FirstToken, &[batch, area, channels], seed, 1e-5, |x| each(x, batch, |x| x[..channels].to_vec()));
    }

    #[test]
    fn values_and_colours(
        (size, touches) in sides().prop_flat_map(|size| (Just(size), proptest::collection::vec(touches(size), 1..4))),
        batch in 1..=2_usize, channels in 2..=5_usize, (low, high) in (-1.0..0.0_f32, 0.0..1.0_f32),
        seed in any::<u32>(),
    ) {
        let (seed, shape) = (u64::from(seed), [batch, channels, size.0, size.1]);
        let (scale, shift) = (noise(channels, seed + 9), noise(channels, seed + 8));
        check(&ChannelAffine::new(scale.clone(), shift.clone()), &shape, seed, 1e-5, |x| {
            each(x, batch, |x| plain::channel_affine(x, &scale, &shift))
        });
        let clamp = Clamp { minimum: low, maximum: high };
        check_gradient(
            &clamp,
            &shape,
            seed,
            1e-5,
            |x| x.iter().map(|x| x.clamp(f64::from(low), f64::from(high))).collect(),
            |x, dy| x.iter().zip(dy).map(|(x, dy)| plain::clamped_back(clamp, *x, *dy)).collect(),
        );
        check(&Retouch::new(touches.clone()), &[touches.len(), 3, size.0, size.1], seed, 1e-5, |x| {
            let pictures = x.chunks(x.len() / touches.len()).zip(&touches);
            pictures.flat_map(|(x, touch)| plain::retouched(x, size.1, touch)).collect()
        });
    }
}

/// Compares 1,000 numbers of each pass with f64 sums.
fn check_samples(layer: &impl Layer, kernels: &Kernels, size: Size, scale: usize) {
    let shape = [1, kernels.inputs, size.0, size.1];
    let large = (scale * size.0, scale * size.1);
    let input = noise(shape.iter().product(), 3);
    let output = forward(layer, &shape, &input);
    let source = if scale == 2 { plain::doubled(&wide(&input), size) } else { wide(&input) };
    let places: Vec<usize> = noise(1000, 4).iter().map(|x| ((x + 1.0) / 2.0 * 0.999_999 * 1e7) as usize).collect();
    let split =
        |place: usize, (height, width): Size| (place / (height * width), (place / width % height, place % width));

    let places_of = |length: usize| places.iter().map(move |place| place % length);
    let found: Vec<f32> = places_of(output.len()).map(|place| output[place]).collect();
    let expected: Vec<f64> = places_of(output.len())
        .map(|place| split(place, large))
        .map(|(channel, pixel)| plain::convolved(&source, large, kernels, channel, pixel))
        .collect();
    let forward_distance = distance(&found, &expected);

    let gradient = noise(output.len(), 5);
    let input_gradient = backward(layer, &shape, &input, &gradient);
    let gradient = wide(&gradient);
    let found: Vec<f32> = places_of(input.len()).map(|place| input_gradient[place]).collect();
    let expected: Vec<f64> = places_of(input.len())
        .map(|place| split(place, size))
        .map(|(channel, (y, x))| {
            let pixels = (0..scale * scale).map(|i| (scale * y + i / scale, scale * x + i % scale));
            pixels.map(|pixel| plain::convolved_back(&gradient, large, kernels, channel, pixel)).sum()
        })
        .collect();
    let backward_distance = distance(&found, &expected);
    println!("{} at {size:?}: {forward_distance:.1e} forward, {backward_distance:.1e} back", layer.name());
    assert!(forward_distance < TOLERANCE && backward_distance < TOLERANCE);
}

#[test]
fn convolutions_at_the_shapes_of_a_published_decoder() {
    for (channels, side) in [(128, 256), (256, 64)] {
        let kernels = kernels(channels, channels, Window::same(3), 1);
        for algorithms in [Algorithms::Sums, Algorithms::Winograd] {
            check_samples(&layer(&kernels, algorithms), &kernels, (side, side), 1);
        }
    }
    for (channels, side) in [(512, 16), (128, 128)] {
        let kernels = kernels(channels, channels, Window::same(3), 1);
        let layer = DoublingConvolution::new(kernels.weight.clone(), kernels.bias.clone(), channels, channels);
        check_samples(&layer, &kernels, (side, side), 2);
    }
}

/// Also with more or fewer pixels and channels than the vectors of a processor hold.
#[test]
fn convolutions_at_the_shapes_of_the_embedded_decoder() {
    let shapes = [
        (32, 80, (16, 16)),
        (80, 80, (16, 16)),
        (80, 64, (32, 32)),
        (64, 32, (64, 64)),
        (32, 16, (128, 128)),
        (16, 3, (128, 128)),
        (17, 33, (13, 37)),
        (40, 19, (3, 150)),
        (16, 16, (150, 2)),
        (64, 64, (1, 1)),
    ];
    for (inputs, outputs, size) in shapes {
        for side in [1, 3] {
            let kernels = kernels(inputs, outputs, Window::same(side), 1);
            check_samples(&layer(&kernels, Algorithms::ByShape), &kernels, size, 1);
        }
    }
    for (channels, size) in [(80, (16, 16)), (32, (64, 64)), (19, (5, 37))] {
        let kernels = kernels(channels, channels, Window::same(3), 1);
        let layer = DoublingConvolution::new(kernels.weight.clone(), kernels.bias.clone(), channels, channels);
        check_samples(&layer, &kernels, size, 2);
    }
}
