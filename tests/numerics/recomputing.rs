//! Blocks that are computed twice to save memory: the same bits, and runs that stay within `--max-memory`.

#![allow(clippy::unwrap_used)]

use crate::common;

use candle_core::{Tensor, Var};
use common::program::Workplace;
use common::{noise, noise_tensor, values};
use text2art::frozen::{
    Activation, Attention, AttentionLayout, Convolution, DoublingConvolution, GroupNorm, LayerNorm, Linear, MemoryOf,
    Network, Step, Window,
};

fn convolution(inputs: usize, outputs: usize, side: usize) -> Step {
    let (weight, bias) = (noise(outputs * inputs * side * side, 10), noise(outputs, 11));
    Step::layer(Convolution::new(weight, bias, inputs, outputs, Window::same(side)))
}

fn group_norm(channels: usize, silu: bool) -> Step {
    Step::layer(GroupNorm::new(noise(channels, 1), noise(channels, 2), 2, 1e-6, silu))
}

/// norm, convolution, norm, convolution; the input through a convolution of its own.
fn residual_block(inputs: usize, outputs: usize) -> Step {
    let branch = vec![
        group_norm(inputs, true),
        convolution(inputs, outputs, 3),
        group_norm(outputs, true),
        convolution(outputs, outputs, 3),
    ];
    Step::Sum(branch, vec![convolution(inputs, outputs, 1)])
}

/// A decoder in small.
fn decoder() -> Network {
    let attention = Attention { heads: 1, causal: false, first_only: false, layout: AttentionLayout::ChannelsFirst };
    Network::new(vec![
        convolution(3, 4, 3),
        residual_block(4, 6),
        Step::residual(vec![group_norm(6, false), convolution(6, 18, 1), Step::layer(attention), convolution(6, 6, 1)]),
        Step::layer(DoublingConvolution::new(noise(36 * 9, 3), noise(6, 4), 6, 6)),
        residual_block(6, 4),
        // An empty first branch, and a block inside a block.
        Step::Sum(Vec::new(), vec![residual_block(4, 4), Step::layer(Activation::Relu)]),
        group_norm(4, true),
    ])
}

/// A transformer in small.
fn transformer() -> Network {
    let linear = |inputs: usize, outputs: usize| {
        Step::layer(Linear::new(noise(inputs * outputs, 5), Some(noise(outputs, 6)), inputs, outputs))
    };
    let norm = || Step::layer(LayerNorm::new(noise(8, 7), noise(8, 8), 1e-5));
    let attention = Attention { heads: 2, causal: true, first_only: false, layout: AttentionLayout::TokensFirst };
    let blocks = (0..3).flat_map(|_| {
        [
            Step::residual(vec![norm(), linear(8, 24), Step::layer(attention), linear(8, 8)]),
            Step::residual(vec![norm(), linear(8, 32), Step::layer(Activation::QuickGelu), linear(32, 8)]),
        ]
    });
    Network::new(blocks.collect())
}

/// Output and gradient.
fn passes(network: &Network, shape: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let input = Var::from_tensor(&noise_tensor(shape, 12)).unwrap();
    let output = network.forward(&input).unwrap();
    let slopes: Tensor = noise_tensor(output.dims(), 13);
    let gradients = (&output * slopes).unwrap().sum_all().unwrap().backward().unwrap();
    (values(&output), values(gradients.get(&input).unwrap()))
}

#[test]
fn blocks_computed_twice_give_the_same_bits() {
    for (network, shape) in [(decoder(), &[1, 3, 7, 5][..]), (transformer(), &[2, 9, 8])] {
        let once = passes(&network, shape);
        let mut kept = network.memory(shape, true, MemoryOf::Host).unwrap().kept;
        assert!(network.blocks() > 3);
        for blocks in 1..=network.blocks() {
            let recomputing = network.recomputing(blocks);
            assert!(passes(&recomputing, shape) == once, "{blocks} blocks");
            let less = recomputing.memory(shape, true, MemoryOf::Host).unwrap().kept;
            assert!(less < kept, "{blocks} blocks keep {less} bytes, one fewer {kept}");
            kept = less;
        }
        // More than there are is all of them.
        assert_eq!(network.recomputing(100).memory(shape, true, MemoryOf::Host).unwrap().kept, kept);
    }
}

/// What a dry run says of memory and blocks.
fn comments(workplace: &Workplace, arguments: &[&str]) -> Vec<String> {
    let outcome = workplace.run(&[arguments, &["--dry-run"]].concat()).succeeded();
    let lines = outcome.output_text().lines().filter(|line| line.starts_with("# ") || line.starts_with("cut_batch"));
    lines.map(str::to_owned).collect()
}

#[test]
fn less_memory_gives_the_same_picture() {
    let workplace = Workplace::new();
    let line = ["a", "--size", "256x256", "-n", "3", "--cutouts", "4", "--cut-batch", "4", "-q"];
    let twice = |line: &[&str]| comments(&workplace, line).iter().any(|comment| comment.contains("computed twice"));
    assert!(!twice(&line));
    let draw = |more: &[&str]| {
        workplace.run(&[&line[..], more, &["-o", "p.png", "--force"]].concat()).succeeded();
        workplace.read("p.png")
    };
    let picture = draw(&[]);
    // The least that is enough; what it is depends on the size of the program.
    let refused = workplace.refuses_somehow(&[&line[..], &["--max-memory", "64M"]].concat()).join("\n");
    let (_, least) = refused.rsplit_once("--max-memory ").unwrap();
    let less = ["--max-memory", least.trim()];
    assert!(twice(&[&line[..], &less].concat()), "{refused}");
    assert!(draw(&less) == picture);
}

#[test]
fn what_does_not_fit_is_refused_with_a_way_out() {
    let workplace = Workplace::new();
    let refusal = |line: &[&str]| workplace.refuses_somehow(line).join("\n");
    let big = ["a", "--size", "1024x1024", "--max-memory", "400M", "--cut-batch", "32", "--cutouts", "32"];
    let text = refusal(&big);
    assert!(text.contains("--max-memory allows 400 MiB"), "{text}");
    // What the hint offers does it.
    let hint = text.lines().find_map(|line| line.strip_prefix("hint: ")).unwrap();
    let offers: Vec<&str> = hint.strip_prefix("try ").unwrap().split(" or ").collect();
    assert!(offers.len() >= 2, "{hint}");
    for offer in offers {
        let mut line = big.to_vec();
        if let Some((option, value)) = offer.split_once(' ') {
            let place = line.iter().position(|word| *word == option).unwrap();
            line[place + 1] = value;
        }
        if !offer.starts_with("--max-memory") {
            let place = line.iter().position(|word| *word == "--cut-batch").unwrap();
            line[place + 1] = "auto";
        }
        comments(&workplace, &line);
    }
    let text = refusal(&["a", "--max-memory", "20M"]);
    assert!(text.contains("hint:") && text.contains("of memory even with one cutout at a time"), "{text}");
}
