//! Pictures that are tiled: layers that see copies of a picture instead of zeros, and a whole VQGAN of them.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use crate::common;

use candle_core::{Tensor, Var};
use common::{fixtures, noise, noise_tensor, relative_distance, text, values};
use text2art::frozen::{
    Algorithms, Convolution, DoublingConvolution, MemoryOf, Middle, Network, Padding, Repeat, Step, Upsample, Window,
    apply,
};
use text2art::models::{ModelFiles, Role};
use text2art::picture::{Size, Tile};
use text2art::vqgan::Vqgan;

const TILES: [Tile; 4] = [Tile::Across, Tile::Down, Tile::Both, Tile::HalfDrop];

/// A picture `[batch, channels, height, width]` with copies around it, by the tensor library's operations. The height is even
/// if copies are lower.
fn around(picture: &Tensor, tile: Tile, wider: Padding) -> Tensor {
    let part = |tensor: &Tensor, dimension: usize, start: usize, length: usize| {
        tensor.narrow(dimension, start, length).unwrap()
    };
    let (_, _, height, width) = picture.dims4().unwrap();
    let mut tiled = picture.clone();
    if tile.wraps_across() {
        // What lies beside the picture, half of its height lower or not.
        let half = if tile == Tile::HalfDrop { height / 2 } else { 0 };
        let lower = Tensor::cat(&[part(picture, 2, half, height - half), part(picture, 2, 0, half)], 2).unwrap();
        let left = (wider.left > 0).then(|| part(&lower, 3, width - wider.left, wider.left));
        let right = (wider.right > 0).then(|| part(&lower, 3, 0, wider.right));
        let all: Vec<Tensor> = [left, Some(tiled), right].into_iter().flatten().collect();
        tiled = Tensor::cat(&all, 3).unwrap();
    }
    if tile.wraps_down() {
        let above = (wider.top > 0).then(|| part(&tiled, 2, height - wider.top, wider.top));
        let below = (wider.bottom > 0).then(|| part(&tiled, 2, 0, wider.bottom));
        let all: Vec<Tensor> = [above, Some(tiled), below].into_iter().flatten().collect();
        tiled = Tensor::cat(&all, 2).unwrap();
    }
    tiled
}

/// The gradient of Σ network(x) · c by the network, and its slopes along random directions by differences.
fn check_gradient(network: &Network, shape: &[usize]) {
    let input = Var::from_tensor(&noise_tensor(shape, 1)).unwrap();
    let output = network.forward(&input).unwrap();
    let cotangent = noise_tensor(output.dims(), 2);
    let loss = (&output * &cotangent).unwrap().sum_all().unwrap();
    let gradient = values(loss.backward().unwrap().get(&input).unwrap());
    let function = |x: &Tensor| -> f64 {
        let output = values(&network.forward(x).unwrap());
        output.iter().zip(values(&cotangent)).map(|(y, c)| f64::from(*y) * f64::from(c)).sum()
    };
    for seed in 3..6 {
        let direction = noise_tensor(shape, seed);
        let step = 0.25;
        let ahead = function(&(input.as_tensor() + (&direction * step).unwrap()).unwrap());
        let behind = function(&(input.as_tensor() - (&direction * step).unwrap()).unwrap());
        let found = (ahead - behind) / (2.0 * step);
        let expected: f64 = gradient.iter().zip(values(&direction)).map(|(g, d)| f64::from(*g) * f64::from(d)).sum();
        // The layers are linear, so differences are exact but for rounding.
        let scale = gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
        assert!((found - expected).abs() < 1e-4 * scale, "slope {found}, gradient says {expected}");
    }
}

fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    let distance = relative_distance(found, expected);
    assert!(distance < 2e-6, "{what}: relative distance {distance}");
}

#[test]
fn copies_lie_around_a_picture() {
    let picture = noise_tensor(&[2, 3, 6, 5], 1);
    let wider = Padding { top: 1, bottom: 3, left: 2, right: 4 };
    for tile in TILES {
        let layer = Repeat::around(tile, wider);
        let found = apply(layer, &picture).unwrap();
        assert_eq!(values(&found), values(&around(&picture, tile, wider)), "{tile}");
        assert_eq!(values(&apply(Middle::of(tile, wider), &found).unwrap()), values(&picture), "{tile}");
        check_gradient(&Network::of(layer), &[2, 3, 6, 5]);
        check_gradient(&Network::of(Middle::of(tile, wider)), &[2, 3, 12, 14]);
        // A whole way around, the picture is where it was.
        let by = if tile == Tile::HalfDrop { (10, 0) } else { (5, 6) };
        assert_eq!(values(&apply(Repeat::moved(tile, by), &picture).unwrap()), values(&picture), "{tile}");
        check_gradient(&Network::of(Repeat::moved(tile, (3, 4))), &[1, 1, 6, 5]);
    }
    assert!(apply(Middle::of(Tile::Both, Padding::uniform(3)), &picture).is_err());
}

/// Convolutions of a picture that is tiled are those of a picture with copies around it, and without zeros.
#[test]
fn convolutions_see_copies() {
    let half = Window { side: 3, stride: 2, padding: Padding { bottom: 1, right: 1, ..Padding::default() } };
    for (window, algorithms) in [
        (Window::same(3), Algorithms::Sums),
        (Window::same(3), Algorithms::Winograd),
        (Window::same(5), Algorithms::Sums),
        (Window::same(1), Algorithms::Sums),
        (half, Algorithms::Sums),
    ] {
        let (inputs, outputs) = (3, 4);
        let weight = noise_tensor(&[outputs, inputs, window.side, window.side], 10);
        let layer = Convolution::new(values(&weight), vec![0.0; outputs], inputs, outputs, window).by(algorithms);
        let network = Network::of(layer);
        for tile in TILES {
            let picture = noise_tensor(&[1, inputs, 8, 12], 12);
            let found = network.tiled(tile).forward(&picture).unwrap();
            let wide = around(&picture, tile, window.padding);
            // Zeros at the edges that do not continue each other.
            let zeros = |wraps: bool, before: usize, after: usize| if wraps { (0, 0) } else { (before, after) };
            let down = zeros(tile.wraps_down(), window.padding.top, window.padding.bottom);
            let across = zeros(tile.wraps_across(), window.padding.left, window.padding.right);
            let wide = wide.pad_with_zeros(2, down.0, down.1).unwrap().pad_with_zeros(3, across.0, across.1).unwrap();
            let expected = wide.contiguous().unwrap().conv2d(&weight, 0, window.stride, 1, 1).unwrap();
            assert_close(&found, &expected, &format!("{window:?} {tile}"));
            check_gradient(&network.tiled(tile), &[2, inputs, 8, 12]);
        }
    }
}

#[test]
fn doubling_convolutions_see_copies() {
    let (weight, bias) = (noise(5 * 3 * 9, 10), noise(5, 11));
    let layer = DoublingConvolution::new(weight.clone(), bias.clone(), 3, 5);
    let plain = Convolution::new(weight, bias, 3, 5, Window::same(3));
    let apart = Network::new(vec![Step::layer(Upsample), Step::layer(plain)]);
    for tile in TILES {
        let picture = noise_tensor(&[1, 3, 6, 5], 12);
        let found = Network::of(layer.clone()).tiled(tile).forward(&picture).unwrap();
        assert_close(&found, &apart.tiled(tile).forward(&picture).unwrap(), &tile.to_string());
    }
}

/// A picture of a moved latent is the moved picture, and the latent of a moved picture the moved latent: exactly, but for
/// the order of sums over all pixels, in group norms and attention.
#[test]
fn what_a_vqgan_draws_moves_with_its_latent() {
    let open = |name: &str| ModelFiles::open(Role::Vqgan, name).unwrap();
    let folder = fixtures().join("vqgan");
    for (name, algorithms) in
        [(text(&folder), Algorithms::Sums), (text(&folder), Algorithms::Winograd), ("embedded", Algorithms::ByShape)]
    {
        let vqgan = Vqgan::load_by(&open(name), algorithms).unwrap();
        let (factor, codes) = (vqgan.config().factor(), vqgan.codebook().codes());
        let (rows, columns) = (6, 5);
        let drawn: Vec<u32> =
            noise(rows * columns, 7).iter().map(|x| ((x.abs() * 1e6) as usize % codes) as u32).collect();
        let latent = vqgan.lookup(&drawn, rows, columns).unwrap();
        for tile in TILES {
            let tiled = vqgan.tiled(tile);
            let picture = tiled.decode(&latent).unwrap();
            for by in [(columns / 2, rows / 2), (1, 2), (4, 5)] {
                let moved = |of: &Tensor, by| apply(Repeat::moved(tile, by), of).unwrap();
                let by_pixels = (factor * by.0, factor * by.1);
                let found = tiled.decode(&moved(&latent, by)).unwrap();
                let distance = relative_distance(&found, &moved(&picture, by_pixels));
                assert!(distance < 1e-4, "{name} {algorithms:?} {tile} {by:?}: {distance}");
                let untiled = vqgan.decode(&moved(&latent, by)).unwrap();
                let distance = relative_distance(&untiled, &moved(&vqgan.decode(&latent).unwrap(), by_pixels));
                assert!(distance > 1e-3, "{name} {tile}: without copies, the edges show: {distance}");

                let seen = picture.affine(0.5, 0.5).unwrap();
                let encoded = tiled.encode(&seen).unwrap();
                let found = tiled.encode(&moved(&seen, by_pixels)).unwrap();
                let distance = relative_distance(&found, &moved(&encoded, by));
                assert!(distance < 1e-4, "{name} {tile} {by:?}: encoded {distance}");
            }
        }
    }
}

#[test]
fn copies_take_memory_that_is_counted() {
    let vqgan = Vqgan::load(&ModelFiles::open(Role::Vqgan, text(&fixtures().join("vqgan"))).unwrap()).unwrap();
    let size = Size { width: 64, height: 64 };
    let memory = |vqgan: &Vqgan| vqgan.decoding_memory(size, true, 0, MemoryOf::Host).unwrap();
    let (alone, tiled) = (memory(&vqgan), memory(&vqgan.tiled(Tile::Both)));
    assert!(tiled.peak > alone.peak, "{tiled:?} {alone:?}");
    assert_eq!(vqgan.weight_memory(MemoryOf::Host), vqgan.tiled(Tile::Both).weight_memory(MemoryOf::Host));
}
