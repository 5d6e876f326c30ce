//! Each frozen layer, forward and backward, at the shapes of a 256x256 picture drawn by
//! `imagenet_f16_16384` and judged by ViT-B/32 on 32 cutouts, and some of a 128x128 picture drawn by the embedded model:
//!
//!     cargo bench --bench layers -- "convolution 3x3"
//!
//! For matrix products the rate is their operations: one element is one floating-point operation.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)]

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use text2art::frozen::{
    Activation, Algorithms, Attention, AttentionLayout, Border, ChannelAffine, Convolution, DoublingConvolution,
    Filter, GroupNorm, Homography, Layer, LayerNorm, LeakyRectifier, Linear, Middle, Padding, Patches, PixelShuffle,
    Repeat, Retouch, Touch, Upsample, View, Warp, Window,
};
use text2art::picture::Tile;

/// Numbers that are neither equal nor large.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919) % 2003) as f32 / 1000.0 - 1.0).collect()
}

/// Measures both passes of a layer for an input of this shape.
fn both(criterion: &mut Criterion, name: &str, layer: &impl Layer, shape: &[usize]) {
    let input = numbers(shape.iter().product());
    let output_shape = layer.output_shape(shape).unwrap();
    let mut output = vec![0.0; output_shape.iter().product()];
    let gradient = numbers(output.len());
    let mut input_gradient = vec![0.0; input.len()];
    let kept = if layer.needs_input() { &input[..] } else { &[] };
    let mut group = criterion.benchmark_group(name);
    let operations = layer.operations(shape);
    group.throughput(Throughput::Elements(if operations > 0 { operations } else { input.len() as u64 }));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group.bench_function("forward", |bench| bench.iter(|| layer.forward(shape, &input, &mut output)));
    group.bench_function("backward", |bench| {
        bench.iter(|| {
            if !layer.overwrites() {
                input_gradient.fill(0.0);
            }
            layer.backward(shape, kept, &gradient, &mut input_gradient);
        });
    });
}

fn convolutions(criterion: &mut Criterion) {
    for (inputs, outputs, side) in
        [(512, 512, 16), (512, 512, 32), (256, 256, 64), (256, 256, 128), (128, 128, 128), (128, 128, 256)]
    {
        let weight = numbers(inputs * outputs * 9);
        let layer =
            Convolution::new(weight, vec![0.1; outputs], inputs, outputs, Window::same(3)).by(Algorithms::ByShape);
        both(criterion, &format!("convolution 3x3 {inputs} to {outputs} at {side}"), &layer, &[1, inputs, side, side]);
    }
    for (channels, side) in [(512, 16), (256, 32), (256, 64), (128, 128)] {
        let layer = DoublingConvolution::new(numbers(channels * channels * 9), vec![0.1; channels], channels, channels);
        both(criterion, &format!("doubling convolution {channels} from {side}"), &layer, &[1, channels, side, side]);
    }
    for (inputs, outputs, kernel, side) in
        [(80, 80, 3, 16), (64, 64, 3, 32), (32, 32, 3, 64), (16, 16, 3, 128), (32, 16, 1, 128)]
    {
        let weight = numbers(inputs * outputs * kernel * kernel);
        let layer =
            Convolution::new(weight, vec![0.1; outputs], inputs, outputs, Window::same(kernel)).by(Algorithms::ByShape);
        let name = format!("embedded convolution {kernel}x{kernel} {inputs} to {outputs} at {side}");
        both(criterion, &name, &layer, &[1, inputs, side, side]);
    }
    let last = Convolution::new(numbers(128 * 3 * 9), vec![0.1; 3], 128, 3, Window::same(3));
    both(criterion, "convolution 3x3 128 to 3 at 256", &last, &[1, 128, 256, 256]);
    let plain = Convolution::new(numbers(512 * 512), vec![0.1; 512], 512, 512, Window::same(1));
    both(criterion, "convolution 1x1 512 to 512 at 16", &plain, &[1, 512, 16, 16]);
}

fn norms(criterion: &mut Criterion) {
    for (channels, side) in [(512, 32), (256, 128), (128, 256)] {
        let layer = GroupNorm::new(vec![1.0; channels], vec![0.0; channels], 32, 1e-6, true);
        both(criterion, &format!("group norm and SiLU {channels} at {side}"), &layer, &[1, channels, side, side]);
    }
    let layer = GroupNorm::new(vec![1.0; 16], vec![0.0; 16], 4, 1e-6, true);
    both(criterion, "embedded group norm and SiLU 16 at 128", &layer, &[1, 16, 128, 128]);
    let layer = LayerNorm::new(vec![1.0; 768], vec![0.0; 768], 1e-5);
    both(criterion, "layer norm 768", &layer, &[32, 50, 768]);
}

fn transformer(criterion: &mut Criterion) {
    for (inputs, outputs) in [(768, 2304), (768, 768), (768, 3072), (3072, 768)] {
        let layer = Linear::new(numbers(inputs * outputs), Some(vec![0.1; outputs]), inputs, outputs);
        both(criterion, &format!("linear {inputs} to {outputs}"), &layer, &[32, 50, inputs]);
    }
    let layer = Attention { heads: 12, causal: false, first_only: false, layout: AttentionLayout::TokensFirst };
    both(criterion, "attention of 50 tokens", &layer, &[32, 50, 3 * 768]);
    let layer = Attention { heads: 1, causal: false, first_only: false, layout: AttentionLayout::ChannelsFirst };
    both(criterion, "attention of 16 x 16 pixels", &layer, &[1, 3 * 512, 16, 16]);
    both(criterion, "quick GELU", &Activation::QuickGelu, &[32, 50, 3072]);
    both(criterion, "patches", &Patches { side: 32 }, &[32, 3, 224, 224]);
}

fn pictures(criterion: &mut Criterion) {
    let view = |index: u32| View {
        matrix: Homography([0.6, 0.02 * f64::from(index), 0.1, -0.05, 0.7, -0.1, 0.05, 0.02, 1.0]),
        border: Border::Reflection,
    };
    let layer = Warp::new((0..32).map(view).collect(), (224, 224), Filter::Area);
    both(criterion, "warp of 32 cutouts", &layer, &[1, 3, 256, 256]);
    let layer = Retouch::new(vec![Touch { noise: 0.05, noise_seed: 3, ..Touch::NONE }; 32]);
    both(criterion, "retouch of 32 cutouts", &layer, &[32, 3, 224, 224]);
    both(criterion, "affine", &ChannelAffine::new(vec![2.0; 3], vec![0.1; 3]), &[32, 3, 224, 224]);
    both(criterion, "upsample", &Upsample, &[1, 128, 128, 128]);
    let rim = Padding::uniform(1);
    both(criterion, "copies around", &Repeat::around(Tile::Both, rim), &[1, 128, 256, 256]);
    both(criterion, "middle", &Middle::of(Tile::Both, rim), &[1, 128, 258, 258]);
    both(criterion, "leaky rectifier", &LeakyRectifier::new(vec![0.2; 64]), &[1, 64, 256, 256]);
    both(criterion, "pixel shuffle", &PixelShuffle { side: 4 }, &[1, 48, 256, 256]);
}

criterion_group!(benches, convolutions, norms, transformer, pictures);
criterion_main!(benches);
