//! Upscalers against `PyTorch` on random weights in the layouts of Real-ESRGAN, and tiles against the whole picture.
//!
//! `tests/fixtures/upscalers.py` computed the expected values.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use crate::common;

use candle_core::Device;
use common::{fixtures, reference, relative_distance, text};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
use text2art::models::{ModelFiles, Role};
use text2art::upscale::{Factor, Method, Upscaler};

fn load(file: &str) -> Upscaler {
    let path = fixtures().join("upscalers").join(file);
    Upscaler::load(&ModelFiles::open(Role::Upscaler, text(&path)).unwrap()).unwrap()
}

/// A picture without regularity.
fn picture(width: u32, height: u32) -> RgbImage {
    let noise = common::noise((3 * width * height) as usize, 5);
    let byte = |x: u32, y: u32, channel: u32| {
        let smooth = f64::from(x * (channel + 1) + 2 * y) / 7.0;
        let value = 0.5 + 0.3 * smooth.sin() + 0.2 * f64::from(noise[((y * width + x) * 3 + channel) as usize]);
        (value.clamp(0.0, 1.0) * 255.0) as u8
    };
    RgbImage::from_fn(width, height, |x, y| Rgb([byte(x, y, 0), byte(x, y, 1), byte(x, y, 2)]))
}

fn enlarged(upscaler: &Upscaler, picture: &RgbImage, times: usize) -> RgbImage {
    let method = Method::Network(upscaler);
    let factor = Factor::of(times).unwrap();
    method.enlarge(&picture.clone().into(), factor, None, &Device::Cpu, &mut || Ok(())).unwrap().into_rgb8()
}

/// The largest difference of two pictures, in steps of 255.
fn apart(one: &RgbImage, other: &RgbImage) -> u8 {
    assert_eq!(one.dimensions(), other.dimensions());
    one.iter().zip(other.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn both_families_compute_what_pytorch_computes() {
    let expected = reference("upscalers/expected.safetensors");
    for (file, scale) in
        [("compact-x4.safetensors", 4), ("compact-x2.safetensors", 2), ("residual-x4.pth", 4), ("residual-x2.pth", 2)]
    {
        let upscaler = load(file);
        assert_eq!(upscaler.scale(), scale, "{file}");
        let found = upscaler.forward(&expected["picture"]).unwrap();
        let distance = relative_distance(&found, &expected[file.split('.').next().unwrap()]);
        assert!(distance < 1e-4, "{file}: relative distance {distance}");
    }
}

/// A compact network of four convolutions sees four pixels to each side, so a margin of four hides every seam; of less,
/// the seams are seen.
#[test]
fn tiles_of_a_compact_network_leave_no_seam() {
    let picture = picture(90, 61);
    let whole = enlarged(&load("compact-x4.safetensors"), &picture, 4);
    assert_eq!(apart(&enlarged(&load("compact-x4.safetensors").with_tiles(32, 4), &picture, 4), &whole), 0);
    assert!(apart(&enlarged(&load("compact-x4.safetensors").with_tiles(32, 0), &picture, 4), &whole) > 8);
}

/// The residual blocks see farther than any margin; with random weights, the margin in use leaves at most a rounding
/// error of the last bit.
#[test]
fn tiles_of_a_large_network_leave_no_seam() {
    for (file, times, squares) in [("residual-x4.pth", 4, 1), ("residual-x2.pth", 2, 2)] {
        let picture = picture(150 * squares, 97 * squares);
        let whole = enlarged(&load(file), &picture, times);
        let tiled = enlarged(&load(file).with_tiles(96 * squares as usize, 24 * squares as usize), &picture, times);
        assert!(apart(&tiled, &whole) <= 1, "{file}: {}", apart(&tiled, &whole));
        let bare = enlarged(&load(file).with_tiles(96 * squares as usize, 0), &picture, times);
        assert!(apart(&bare, &whole) > 2, "{file}");
    }
}

#[test]
fn every_factor_is_possible_with_every_network() {
    let picture = picture(21, 13);
    for file in ["compact-x4.safetensors", "compact-x2.safetensors", "residual-x2.pth"] {
        for times in [2, 3, 4] {
            let found = enlarged(&load(file), &picture, times);
            assert_eq!(found.dimensions(), (21 * times as u32, 13 * times as u32), "{file}");
        }
    }
    // Twice by two is what a network that enlarges by two does for four.
    let network = load("compact-x2.safetensors");
    let twice = enlarged(&network, &enlarged(&network, &picture, 2), 2);
    assert_eq!(enlarged(&network, &picture, 4), twice);
}

#[test]
fn transparency_is_enlarged_without_dark_rims() {
    let light = |x: u32, _| if x < 20 { Rgba([250, 240, 230, 255]) } else { Rgba([0; 4]) };
    let picture = DynamicImage::from(RgbaImage::from_fn(40, 24, light));
    let network = load("compact-x2.safetensors");
    for (method, tolerance) in [(Method::Lanczos, 1), (Method::Network(&network), 255)] {
        let factor = Factor::of(2).unwrap();
        let enlarged = method.enlarge(&picture, factor, None, &Device::Cpu, &mut || Ok(())).unwrap().into_rgba8();
        assert_eq!(enlarged.dimensions(), (80, 48));
        assert!(enlarged.get_pixel(10, 10).0[3] == 255 && enlarged.get_pixel(70, 10).0 == [0; 4]);
        let partly: Vec<_> = enlarged.pixels().filter(|pixel| (1..255).contains(&pixel.0[3])).collect();
        assert!(!partly.is_empty());
        // Half visible pixels have the color of the visible side, not that of the invisible black one.
        assert!(partly.iter().all(|pixel| pixel.0[0].abs_diff(250) <= tolerance), "{partly:?}");
    }
}
