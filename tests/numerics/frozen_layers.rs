//! Each frozen layer: its values against the tensor library's own operations, and its gradient
//! against finite differences of its values.

#![allow(
    missing_docs,
    clippy::float_cmp,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation
)]

use crate::common;

use candle_core::{Tensor, Var};
use common::{noise, noise_tensor, relative_distance, values};
use text2art::frozen::{
    Activation, Algorithms, Attention, AttentionLayout, AveragePool, Border, Clamp, ClassToken, Convolution,
    DoublingConvolution, Filter, FirstToken, GroupNorm, Homography, LayerNorm, LeakyRectifier, Linear, MeanMaxPool,
    MeanToken, Network, Padding, Patches, PixelShuffle, PixelUnshuffle, Rectangle, Retouch, SquareSum, Step, Touch,
    Upsample, View, Warp, Window, apply,
};

/// Compares the gradient of Σ layer(x) · c along random directions d with
/// (f(x + h d) − f(x − h d)) / 2h, f summed in f64.
fn check_gradient(layer: impl Fn(&Tensor) -> candle_core::Result<Tensor>, shape: &[usize]) {
    let input = Var::from_tensor(&noise_tensor(shape, 1)).unwrap();
    let output = layer(&input).unwrap();
    let cotangent = noise_tensor(output.dims(), 2);
    let loss = (&output * &cotangent).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    let gradient = gradients.get(&input).expect("the layer passes no gradient");
    assert_eq!(gradient.dims(), input.dims());
    let gradient = values(gradient);

    let function = |x: &Tensor| -> f64 {
        let output = values(&layer(x).unwrap());
        output.iter().zip(values(&cotangent)).map(|(y, c)| f64::from(*y) * f64::from(c)).sum()
    };
    let step = 2e-3;
    for seed in 3..8 {
        let direction = noise_tensor(shape, seed);
        let ahead = function(&(input.as_tensor() + (&direction * step).unwrap()).unwrap());
        let behind = function(&(input.as_tensor() - (&direction * step).unwrap()).unwrap());
        let found = (ahead - behind) / (2.0 * step);
        let expected: f64 = gradient.iter().zip(values(&direction)).map(|(g, d)| f64::from(*g) * f64::from(d)).sum();
        let scale = gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
        assert!((found - expected).abs() < 5e-3 * scale, "slope {found}, gradient says {expected}, scale {scale}");
    }
}

fn assert_close(found: &Tensor, expected: &Tensor) {
    let distance = relative_distance(found, expected);
    assert!(distance < 2e-6, "relative distance {distance}");
}

fn convolution(inputs: usize, outputs: usize, window: Window) -> (Convolution, Tensor, Tensor) {
    let weight = noise_tensor(&[outputs, inputs, window.side, window.side], 10);
    let bias = noise_tensor(&[outputs], 11);
    (Convolution::new(values(&weight), values(&bias), inputs, outputs, window), weight, bias)
}

#[test]
fn convolutions() {
    let windows = [
        Window::same(3),
        Window::same(1),
        Window::same(5),
        Window { side: 3, stride: 2, padding: Padding::uniform(1) },
        Window { side: 5, stride: 2, padding: Padding::uniform(2) },
        Window { side: 4, stride: 4, padding: Padding::default() },
        Window { side: 2, stride: 1, padding: Padding { bottom: 1, right: 1, ..Padding::default() } },
        Window { side: 3, stride: 2, padding: Padding { bottom: 1, right: 1, ..Padding::default() } },
    ];
    for (window, algorithms) in
        windows.into_iter().map(|window| (window, Algorithms::Sums)).chain([(Window::same(3), Algorithms::Winograd)])
    {
        for (batch, inputs, outputs, height, width) in [(2, 5, 7, 9, 12), (1, 1, 3, 5, 4), (1, 33, 40, 64, 40)] {
            let (layer, weight, bias) = convolution(inputs, outputs, window);
            let layer = layer.by(algorithms);
            let input = noise_tensor(&[batch, inputs, height, width], 12);
            let padding = window.padding;
            let padded = input.pad_with_zeros(2, padding.top, padding.bottom).unwrap();
            let padded = padded.pad_with_zeros(3, padding.left, padding.right).unwrap();
            let expected = padded.conv2d(&weight, 0, window.stride, 1, 1).unwrap();
            let expected = expected.broadcast_add(&bias.reshape((1, outputs, 1, 1)).unwrap()).unwrap();
            assert_close(&apply(layer.clone(), &input).unwrap(), &expected);
        }
        let (layer, ..) = convolution(3, 4, window);
        let layer = layer.by(algorithms);
        check_gradient(|x| apply(layer.clone(), x), &[2, 3, 9, 8]);
    }
}

#[test]
fn a_convolution_refuses_what_it_cannot_take() {
    let (layer, ..) = convolution(3, 4, Window { padding: Padding::default(), ..Window::same(5) });
    assert!(apply(layer.clone(), &noise_tensor(&[1, 2, 9, 9], 0)).is_err());
    assert!(apply(layer.clone(), &noise_tensor(&[1, 3, 4, 9], 0)).is_err());
    assert!(apply(layer, &noise_tensor(&[3, 9, 9], 0)).is_err());
}

#[test]
fn linear() {
    let (weight, bias) = (noise_tensor(&[7, 5], 10), noise_tensor(&[7], 11));
    let layer = Linear::new(values(&weight), Some(values(&bias)), 5, 7);
    let input = noise_tensor(&[3, 4, 5], 12);
    let expected = input.broadcast_matmul(&weight.t().unwrap()).unwrap().broadcast_add(&bias).unwrap();
    assert_close(&apply(layer.clone(), &input).unwrap(), &expected);
    check_gradient(|x| apply(layer.clone(), x), &[3, 4, 5]);
    let plain = Linear::new(values(&weight), None, 5, 7);
    check_gradient(|x| apply(plain.clone(), x), &[1, 5]);
}

#[test]
fn normalisations() {
    let (scale, shift) = (noise_tensor(&[12], 10), noise_tensor(&[12], 11));
    let layer = LayerNorm::new(values(&scale), values(&shift), 1e-5);
    let input = noise_tensor(&[2, 5, 12], 12);
    let expected = candle_nn::ops::layer_norm_slow(&input, &scale, &shift, 1e-5).unwrap();
    assert_close(&apply(layer.clone(), &input).unwrap(), &expected);
    check_gradient(|x| apply(layer.clone(), x), &[2, 5, 12]);

    let input = noise_tensor(&[2, 12, 5, 6], 12);
    for groups in [1, 4, 12] {
        let expected = candle_nn::GroupNorm::new(scale.clone(), shift.clone(), 12, groups, 1e-6).unwrap();
        let expected = candle_nn::Module::forward(&expected, &input).unwrap();
        let layer = GroupNorm::new(values(&scale), values(&shift), groups, 1e-6, false);
        assert_close(&apply(layer.clone(), &input).unwrap(), &expected);
        check_gradient(|x| apply(layer.clone(), x), &[2, 12, 5, 6]);
        let layer = GroupNorm::new(values(&scale), values(&shift), groups, 1e-6, true);
        assert_close(&apply(layer.clone(), &input).unwrap(), &expected.silu().unwrap());
        check_gradient(|x| apply(layer.clone(), x), &[2, 12, 5, 6]);
    }
}

#[test]
fn activations() {
    let input = (noise_tensor(&[3, 50], 12) * 6.0).unwrap();
    let slope = (&input * 1.702).unwrap();
    let expected = [
        (Activation::Silu, input.silu().unwrap()),
        (Activation::QuickGelu, (&input * candle_nn::ops::sigmoid(&slope).unwrap()).unwrap()),
        (Activation::Gelu, input.gelu_erf().unwrap()),
        (Activation::Relu, input.relu().unwrap()),
    ];
    for (activation, expected) in expected {
        assert_close(&apply(activation, &input).unwrap(), &expected);
        check_gradient(|x| apply(activation, x), &[4, 31]);
    }
}

/// Attention by the tensor library's operations, for packed `[batch, tokens, 3·width]`.
fn plain_attention(packed: &Tensor, heads: usize, causal: bool) -> Tensor {
    let (batch, tokens, packed_width) = packed.dims3().unwrap();
    let width = packed_width / 3;
    let part = |index: usize| {
        let part = packed.narrow(2, index * width, width).unwrap().contiguous().unwrap();
        part.reshape((batch, tokens, heads, width / heads)).unwrap().transpose(1, 2).unwrap().contiguous().unwrap()
    };
    let scale = 1.0 / ((width / heads) as f64).sqrt();
    let mut scores = (part(0).matmul(&part(1).t().unwrap()).unwrap() * scale).unwrap();
    if causal {
        let mask: Vec<f32> =
            (0..tokens * tokens).map(|i| if i % tokens > i / tokens { f32::NEG_INFINITY } else { 0.0 }).collect();
        let mask = Tensor::from_vec(mask, (1, 1, tokens, tokens), packed.device()).unwrap();
        scores = scores.broadcast_add(&mask).unwrap();
    }
    let output = candle_nn::ops::softmax(&scores, 3).unwrap().matmul(&part(2)).unwrap();
    output.transpose(1, 2).unwrap().contiguous().unwrap().reshape((batch, tokens, width)).unwrap()
}

#[test]
fn attention() {
    for (batch, tokens, heads, causal) in [(2, 7, 3, false), (1, 9, 2, true), (1, 300, 1, false), (3, 1, 2, true)] {
        let layout = AttentionLayout::TokensFirst;
        let layer = Attention { heads, causal, first_only: false, layout };
        let input = noise_tensor(&[batch, tokens, 3 * 4 * heads], 12);
        let expected = plain_attention(&input, heads, causal);
        assert_close(&apply(layer, &input).unwrap(), &expected);
        check_gradient(|x| apply(layer, x), &[batch, tokens, 3 * 4 * heads]);
        if !causal {
            let first = Attention { first_only: true, ..layer };
            assert_close(&apply(first, &input).unwrap(), &expected.narrow(1, 0, 1).unwrap());
            check_gradient(|x| apply(first, x), &[batch, tokens, 3 * 4 * heads]);
        }
    }
    let layer = Attention { heads: 1, causal: false, first_only: false, layout: AttentionLayout::ChannelsFirst };
    let input = noise_tensor(&[2, 12, 3, 5], 12);
    let tokens = input.reshape((2, 12, 15)).unwrap().transpose(1, 2).unwrap().contiguous().unwrap();
    let expected = plain_attention(&tokens, 1, false).transpose(1, 2).unwrap().contiguous().unwrap();
    assert_close(&apply(layer, &input).unwrap(), &expected.reshape((2, 4, 3, 5)).unwrap());
    check_gradient(|x| apply(layer, x), &[2, 12, 3, 5]);
}

#[test]
fn a_doubling_convolution_is_an_upsample_and_a_convolution() {
    for (batch, inputs, outputs, height, width) in [(1, 3, 5, 4, 6), (2, 4, 3, 1, 1), (1, 2, 20, 7, 1), (3, 1, 1, 1, 5)]
    {
        let (whole, weight, bias) = convolution(inputs, outputs, Window::same(3));
        let layer = DoublingConvolution::new(values(&weight), values(&bias), inputs, outputs);
        let shape = [batch, inputs, height, width];
        let network = Network::new(vec![Step::layer(Upsample), Step::layer(whole)]);
        let (together, apart) = (Var::from_tensor(&noise_tensor(&shape, 4)).unwrap(), noise_tensor(&shape, 4));
        let apart = Var::from_tensor(&apart).unwrap();
        let (found, expected) = (apply(layer.clone(), &together).unwrap(), network.forward(&apart).unwrap());
        assert_close(&found, &expected);
        let cotangent = noise_tensor(expected.dims(), 5);
        let gradient = |output: &Tensor, input: &Var| {
            let loss = (output * &cotangent).unwrap().sum_all().unwrap();
            loss.backward().unwrap().get(input).unwrap().clone()
        };
        assert_close(&gradient(&found, &together), &gradient(&expected, &apart));
        check_gradient(|x| apply(layer.clone(), x), &shape);
    }
}

#[test]
fn layers_of_upscalers() {
    let (input, slopes) = (noise_tensor(&[2, 3, 4, 6], 12), noise_tensor(&[3], 13));
    let scaled = input.broadcast_mul(&slopes.reshape((1, 3, 1, 1)).unwrap()).unwrap();
    let expected = input.ge(0.0).unwrap().where_cond(&input, &scaled).unwrap();
    let rectifier = LeakyRectifier::new(values(&slopes));
    assert_close(&apply(rectifier.clone(), &input).unwrap(), &expected);
    // A kink lies between few of the numbers that differences compare.
    let apart = input.affine(1.0, 3.0).unwrap();
    assert_close(&apply(rectifier, &apart).unwrap(), &apart);
    let network = Network::new(vec![Step::layer(LeakyRectifier::new(vec![0.25])), Step::layer(Upsample)]);
    let negative = Var::from_tensor(&noise_tensor(&[1, 1, 2, 2], 4).abs().unwrap().neg().unwrap()).unwrap();
    let gradients = network.forward(&negative).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(values(gradients.get(&negative).unwrap()), [1.0; 4]);

    // The library's own shuffle, and its reverse.
    let many = noise_tensor(&[2, 18, 4, 5], 12);
    let expected = candle_nn::ops::pixel_shuffle(&many, 3).unwrap();
    assert_close(&apply(PixelShuffle { side: 3 }, &many).unwrap(), &expected);
    assert_close(&apply(PixelUnshuffle { side: 3 }, &expected).unwrap(), &many);
    check_gradient(|x| apply(PixelShuffle { side: 3 }, x), &[2, 18, 2, 5]);
    check_gradient(|x| apply(PixelUnshuffle { side: 2 }, x), &[2, 3, 4, 6]);
    assert!(apply(PixelShuffle { side: 3 }, &noise_tensor(&[1, 10, 2, 2], 0)).is_err());
    assert!(apply(PixelUnshuffle { side: 2 }, &noise_tensor(&[1, 1, 3, 2], 0)).is_err());
}

#[test]
fn branches_are_joined() {
    let (layer, weight, bias) = convolution(3, 2, Window::same(3));
    let network = || {
        Network::new(vec![
            Step::Join(vec![], vec![Step::layer(layer.clone()), Step::layer(Activation::Silu)]),
            Step::layer(Activation::Silu),
        ])
    };
    let input = noise_tensor(&[2, 3, 5, 4], 12);
    let convolved = input.conv2d(&weight, 1, 1, 1, 1).unwrap();
    let convolved = convolved.broadcast_add(&bias.reshape((1, 2, 1, 1)).unwrap()).unwrap();
    let joined = Tensor::cat(&[&input, &convolved.silu().unwrap()], 1).unwrap();
    assert_close(&network().forward(&input).unwrap(), &joined.silu().unwrap());
    check_gradient(|x| network().forward(x), &[2, 3, 5, 4]);
    let wrong = Network::new(vec![Step::Join(vec![], vec![Step::layer(Upsample)])]);
    assert!(wrong.forward(&input).is_err());
}

#[test]
fn sampling_layers() {
    let input = noise_tensor(&[2, 3, 4, 6], 12);
    assert_close(&apply(Upsample, &input).unwrap(), &input.upsample_nearest2d(8, 12).unwrap());
    check_gradient(|x| apply(Upsample, x), &[2, 3, 4, 6]);

    let pool = AveragePool { side: 2 };
    assert_close(&apply(pool, &input).unwrap(), &input.avg_pool2d(2).unwrap());
    check_gradient(|x| apply(pool, x), &[2, 3, 5, 7]);

    let mean = input.mean((2, 3)).unwrap();
    let maximum = input.flatten_from(2).unwrap().max(2).unwrap();
    assert_close(&apply(MeanMaxPool, &input).unwrap(), &Tensor::cat(&[mean, maximum], 1).unwrap());
    check_gradient(|x| apply(MeanMaxPool, x), &[2, 3, 4, 5]);

    let clamp = Clamp { minimum: -0.5, maximum: 0.5 };
    assert_close(&apply(clamp, &input).unwrap(), &input.clamp(-0.5, 0.5).unwrap());
}

#[test]
fn sums_of_squares() {
    let (input, from) = (noise_tensor(&[2, 3, 4], 12), noise(24, 13));
    assert_close(&apply(SquareSum::new(), &input).unwrap(), &input.sqr().unwrap().sum_all().unwrap());
    let apart = (&input - Tensor::from_slice(&from, (2, 3, 4), input.device()).unwrap()).unwrap();
    let mean = (apart.sqr().unwrap().mean_all().unwrap() * 0.7).unwrap();
    assert_close(&apply(SquareSum::mean_from(from.clone(), 0.7), &input).unwrap(), &mean);
    check_gradient(|x| apply(SquareSum::new(), x), &[2, 3, 4]);
    check_gradient(|x| apply(SquareSum::mean_from(from.clone(), 0.7), x), &[2, 3, 4]);
    let error = apply(SquareSum::mean_from(from, 0.7), &noise_tensor(&[2, 3], 12)).unwrap_err();
    assert!(error.to_string().contains("24 numbers"), "{error}");
}

#[test]
fn a_clamp_lets_a_gradient_through_where_it_leads_back() {
    let input = Var::new(&[-1.0f32, -1.0, 0.2, 0.2, 2.0, 2.0], &candle_core::Device::Cpu).unwrap();
    let slope = Tensor::new(&[1.0f32, -1.0, 1.0, -1.0, 1.0, -1.0], input.device()).unwrap();
    let output = apply(Clamp { minimum: 0.0, maximum: 1.0 }, &input).unwrap();
    let gradients = (output * slope).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(values(gradients.get(&input).unwrap()), [0.0, -1.0, 1.0, -1.0, 1.0, 0.0]);
}

#[test]
fn tokens() {
    let input = noise_tensor(&[2, 3, 4, 6], 12);
    let patches = Patches { side: 2 };
    let expected = input.reshape(&[2, 3, 2, 2, 3, 2][..]).unwrap().permute([0, 2, 4, 1, 3, 5]).unwrap();
    assert_close(&apply(patches, &input).unwrap(), &expected.contiguous().unwrap().reshape((2, 6, 12)).unwrap());
    check_gradient(|x| apply(patches, x), &[2, 3, 4, 6]);

    let class = ClassToken::new(noise(4, 20), noise(24, 21));
    assert_eq!(apply(class.clone(), &noise_tensor(&[2, 5, 4], 12)).unwrap().dims(), [2, 6, 4]);
    check_gradient(|x| apply(class.clone(), x), &[2, 5, 4]);

    assert_close(
        &apply(FirstToken, &noise_tensor(&[2, 5, 4], 12)).unwrap(),
        &noise_tensor(&[2, 5, 4], 12).narrow(1, 0, 1).unwrap().squeeze(1).unwrap(),
    );
    check_gradient(|x| apply(FirstToken, x), &[2, 5, 4]);

    let mean = MeanToken::new(noise(21, 20), 3);
    assert_eq!(apply(mean.clone(), &noise_tensor(&[2, 3, 2, 3], 12)).unwrap().dims(), [2, 7, 3]);
    check_gradient(|x| apply(mean.clone(), x), &[2, 3, 2, 3]);
}

#[test]
fn networks_add_branches_and_keep_what_they_need() {
    let (first, ..) = convolution(3, 4, Window::same(3));
    let (second, ..) = convolution(3, 4, Window::same(1));
    let (third, ..) = convolution(4, 4, Window::same(3));
    let norm = GroupNorm::new(noise(4, 1), noise(4, 2), 2, 1e-6, true);
    let network = Network::new(vec![
        Step::Sum(vec![Step::layer(first.clone())], vec![Step::layer(second.clone())]),
        Step::residual(vec![Step::layer(norm.clone()), Step::layer(third.clone())]),
        Step::layer(Activation::Silu),
    ]);
    let input = noise_tensor(&[2, 3, 5, 6], 12);
    let h = (apply(first, &input).unwrap() + apply(second, &input).unwrap()).unwrap();
    let h = (&h + apply(third, &apply(norm, &h).unwrap()).unwrap()).unwrap();
    assert_close(&network.forward(&input).unwrap(), &h.silu().unwrap());
    check_gradient(|x| network.forward(x), &[2, 3, 5, 6]);

    // What was recorded is dropped by the backward pass, and a second one says so.
    let loss = network.forward(&Var::from_tensor(&input).unwrap()).unwrap().sum_all().unwrap();
    assert!(loss.backward().is_ok() && loss.backward().is_err());
}

#[test]
fn warps() {
    let matrices = [
        Homography::IDENTITY,
        Homography([0.5, 0.1, 0.3, -0.2, 0.6, -0.1, 0.0, 0.0, 1.0]),
        Homography([1.5, 0.3, 0.1, 0.2, 2.5, 0.0, 0.2, -0.1, 1.0]),
    ];
    for border in [Border::Fill(0.0), Border::Fill(0.4), Border::Edge, Border::Reflection] {
        for filter in [Filter::Bilinear, Filter::Area] {
            let warp = Warp::new(matrices.iter().map(|&matrix| View { matrix, border }).collect(), (5, 7), filter);
            // Affine in the picture: without its constant part the slopes must fit as well.
            check_gradient(|x| apply(warp.clone(), x), &[1, 2, 13, 11]);
        }
    }
}

#[test]
fn bilinear_warps_equal_the_reference() {
    // tests/fixtures/warp: PyTorch's grid_sample(align_corners=False)
    let expected = common::reference("warp/expected.safetensors");
    let matrices = expected["homography"].to_dtype(candle_core::DType::F64).unwrap().flatten_from(1).unwrap();
    let matrices = matrices.to_vec2::<f64>().unwrap();
    let picture = Var::from_tensor(&expected["image"]).unwrap();
    let borders = [("zeros", Border::Fill(0.0)), ("border", Border::Edge), ("reflection", Border::Reflection)];
    for (name, border) in borders {
        let view = |matrix: &Vec<f64>| View { matrix: Homography(matrix.as_slice().try_into().unwrap()), border };
        let warp = Warp::new(matrices.iter().map(view).collect(), (16, 16), Filter::Bilinear);
        let output = apply(warp.clone(), &picture).unwrap();
        assert!(relative_distance(&output, &expected[&format!("out_{name}")]) < 1e-4, "{name}");
        let loss = (output * &expected["cotangent"]).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        let distance = relative_distance(gradients.get(&picture).unwrap(), &expected[&format!("grad_{name}")]);
        assert!(distance < 1e-3, "{name}: {distance}");
    }
}

#[test]
fn retouching() {
    let touch = |factor: f32, erased: bool| Touch {
        colours: [0.9, 0.1, 0.0, -0.1, 1.1, 0.05, 0.02, 0.0, 0.97],
        erased: erased.then_some(Rectangle { left: 1, top: 2, width: 3, height: 2 }),
        fill: 0.3,
        noise: factor,
        noise_seed: 5,
    };
    let layer = Retouch::new(vec![touch(0.1, true), touch(0.0, false)]);
    check_gradient(|x| apply(layer.clone(), x), &[2, 3, 5, 6]);
    let input = noise_tensor(&[2, 3, 5, 6], 1);
    let output = apply(layer.clone(), &input).unwrap();
    assert_eq!(output.get(0).unwrap().get(1).unwrap().get(2).unwrap().to_vec1::<f32>().unwrap()[1], 0.3);
    let plain = Retouch::new(vec![Touch::NONE; 2]);
    assert_eq!(values(&apply(plain.clone(), &input).unwrap()), values(&input));
}

#[test]
fn retouching_noise_is_normal() {
    let layer = Retouch::new(vec![Touch { noise: 0.5, noise_seed: 7, ..Touch::NONE }]);
    let zeros = Tensor::zeros((1, 3, 128, 128), candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
    let noise = values(&apply(layer.clone(), &zeros).unwrap());
    let count = noise.len() as f64;
    let moment = |power: i32| noise.iter().map(|x| (f64::from(*x) / 0.5).powi(power)).sum::<f64>() / count;
    assert!(moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.03, "{} {}", moment(1), moment(2));
    // The sum of four uniform numbers has a fourth moment of 2.7; a normal one has 3.
    assert!((moment(4) - 2.7).abs() < 0.15, "{}", moment(4));
}

#[test]
fn the_identity_returns_the_pictures_bits() {
    for (height, width) in [(1, 1), (7, 13), (224, 224), (500, 281)] {
        let picture = noise_tensor(&[1, 3, height, width], 1);
        for filter in [Filter::Bilinear, Filter::Area] {
            for border in [Border::Fill(0.5), Border::Edge, Border::Reflection] {
                let warp = Warp::new(vec![View { matrix: Homography::IDENTITY, border }], (height, width), filter);
                assert_eq!(values(&apply(warp.clone(), &picture).unwrap()), values(&picture));
            }
        }
    }
}

#[test]
fn the_area_filter_averages_whole_squares() {
    // Shrinking by a whole number averages squares: the same as average pooling.
    let picture = noise_tensor(&[1, 3, 24, 32], 1);
    let warp = Warp::new(vec![View { matrix: Homography::IDENTITY, border: Border::Reflection }], (6, 8), Filter::Area);
    assert_close(&apply(warp.clone(), &picture).unwrap(), &picture.avg_pool2d(4).unwrap());
}

#[test]
fn threads_change_no_bits() {
    let (layer, ..) = convolution(16, 24, Window::same(3));
    let (strided, ..) = convolution(16, 24, Window { side: 3, stride: 2, padding: Padding::uniform(1) });
    let norm = GroupNorm::new(noise(24, 1), noise(24, 2), 4, 1e-6, true);
    let linear = Linear::new(noise(24 * 72, 3), Some(noise(72, 4)), 24, 72);
    let attention = Attention { heads: 2, causal: false, first_only: false, layout: AttentionLayout::TokensFirst };
    let matrix = Homography([0.5, 0.1, 0.3, -0.2, 0.6, -0.1, 0.0, 0.0, 1.0]);
    let warp = Warp::new(vec![View { matrix, border: Border::Edge }; 20], (16, 16), Filter::Area);
    let run = || {
        let picture = Var::from_tensor(&noise_tensor(&[1, 16, 61, 70], 5)).unwrap();
        let cutouts = apply(warp.clone(), &picture).unwrap();
        let features = apply(strided.clone(), &cutouts).unwrap();
        let tokens = features.flatten_from(2).unwrap().transpose(1, 2).unwrap();
        let attended = apply(attention, &apply(linear.clone(), &tokens).unwrap()).unwrap();
        let wide = apply(norm.clone(), &apply(layer.clone(), &picture).unwrap()).unwrap();
        let loss = (attended.sqr().unwrap().sum_all().unwrap() + wide.sqr().unwrap().sum_all().unwrap()).unwrap();
        let gradients = loss.backward().unwrap();
        (values(&loss), values(gradients.get(&picture).unwrap()))
    };
    let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let one = pool(1).install(run);
    for threads in [2, 3, 8] {
        assert!(one == pool(threads).install(run), "{threads} threads give other bits than one");
    }
}
