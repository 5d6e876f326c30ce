//! Formulas by hand, and gradients against differences, which are exact enough because losses are computed in double
//! precision.

use candle_core::Device;

use super::*;
use crate::picture::Tile;
use crate::random::Stream;
use crate::resolve::combine;
use crate::settings::Overrides;

/// The losses of these choices.
fn asked_for(choices: &[&str]) -> Vec<Box<dyn Loss>> {
    asked_of(choices, None)
}

/// The losses of these choices for a picture that may be tiled.
fn asked_of(choices: &[&str], tile: Option<Tile>) -> Vec<Box<dyn Loss>> {
    let loss = choices.iter().map(|choice| choice.parse().unwrap()).collect();
    // Half drops need an even height.
    let (prompt, size) = (Some("a".parse().unwrap()), Some("6x6".parse().unwrap()));
    let overrides = Overrides { prompt, size, loss: Some(loss), tile: tile.map(Into::into), ..Overrides::default() };
    of_settings(overrides)
}

/// The losses that these settings ask for, without models.
fn of_settings(overrides: Overrides) -> Vec<Box<dyn Loss>> {
    losses(&combine(&[overrides]).unwrap(), &[]).unwrap()
}

/// Every loss of the pixels alone, with a color that no pixel has.
fn every() -> Vec<String> {
    let color = |kind: LossKind| if kind.has_color() { "=#123456" } else { "" };
    LossKind::ALL
        .iter()
        .filter(|(kind, _)| kind.is_of_pixels())
        .map(|(kind, name)| format!("{name}{}", color(*kind)))
        .collect()
}

fn tensor(values: &[f32], [channels, height, width]: [usize; 3]) -> Tensor {
    Tensor::from_slice(values, (1, channels, height, width), &Device::Cpu).unwrap()
}

/// The value and the gradient of a loss.
fn judged(loss: &str, values: &[f32], shape: [usize; 3]) -> (f64, Vec<f32>) {
    judged_as(loss, None, values, shape)
}

/// The value and the gradient of a loss for a picture that may be tiled.
fn judged_as(loss: &str, tile: Option<Tile>, values: &[f32], shape: [usize; 3]) -> (f64, Vec<f32>) {
    let picture = tensor(values, shape);
    let verdict = asked_of(&[loss], tile)[0].judge(&Seen::new(&picture, 0, None, 0.625)).unwrap().unwrap();
    let LossValue::Known(value) = verdict.loss else { panic!("{loss} is not known") };
    assert_eq!(verdict.gradient.dims(), picture.dims());
    (value, verdict.gradient.flatten_all().unwrap().to_vec1().unwrap())
}

/// Random values from 0.25 to 0.75 in whole steps: most differences are no edges, and some are.
#[allow(clippy::cast_possible_truncation)]
fn random(count: usize, step: f64) -> Vec<f32> {
    let mut stream = Stream::new(2, "test", 0);
    (0..count).map(|_| ((stream.between(0.25, 0.75) / step).round() * step) as f32).collect()
}

/// Compares a gradient with central differences of this step.
fn check_gradient(loss: &str, values: &[f32], shape: [usize; 3], step: f32, tolerance: f64) {
    let (_, gradient) = judged(loss, values, shape);
    let largest = gradient.iter().fold(0.0_f32, |largest, slope| largest.max(slope.abs()));
    assert!(largest > 0.0, "{loss}");
    for index in 0..values.len() {
        let at = |change: f32| {
            let mut moved = values.to_vec();
            moved[index] += change;
            judged(loss, &moved, shape).0
        };
        let difference = (at(step) - at(-step)) / f64::from(2.0 * step);
        let apart = (difference - f64::from(gradient[index])).abs();
        assert!(
            apart <= tolerance * f64::from(largest),
            "{loss} {shape:?}, {index}: {difference}, {}",
            gradient[index]
        );
    }
}

#[test]
fn losses_have_names_of_their_own() {
    let every = every();
    let loss = every.iter().map(|choice| choice.parse().unwrap()).collect();
    let losses = of_settings(Overrides {
        prompt: Some("a".parse().unwrap()),
        init_image: "a.png".parse().ok(),
        init_pixel_weight: Some(1.0),
        colors: Some(4),
        loss: Some(loss),
        ..Overrides::default()
    });
    let names: Vec<&str> = losses.iter().map(|loss| loss.name()).collect();
    assert_eq!(names.len(), 2 + every.len());
    for (index, name) in names.iter().enumerate() {
        assert!(!name.is_empty() && !names[..index].contains(name), "{name}");
    }
}

#[test]
fn only_what_is_asked_for_is_judged() {
    let few = Overrides { prompt: Some("a".parse().unwrap()), colors: Some(4), ..Overrides::default() };
    let none = Overrides { colors: None, ..few.clone() };
    assert_eq!(of_settings(few).len(), 1);
    assert!(of_settings(none).is_empty());
    assert!(asked_for(&["tv:0"]).is_empty() && asked_for(&["none"]).is_empty());
    assert_eq!(
        asked_for(&["saturation:0", "tv", "border:0"]).iter().map(|loss| loss.name()).collect::<Vec<_>>(),
        ["tv"]
    );
}

#[test]
fn pictures_are_held_to_an_init_image_if_asked() {
    let held = |init_pixel_weight| {
        let overrides = Overrides {
            prompt: Some("a".parse().unwrap()),
            init_image: "a.png".parse().ok(),
            init_pixel_weight,
            ..Overrides::default()
        };
        of_settings(overrides).iter().map(|loss| loss.name()).collect::<Vec<_>>()
    };
    assert_eq!(held(Some(2.0)), ["init-pixels"]);
    assert!(held(Some(0.0)).is_empty() && held(None).is_empty());
}

#[test]
fn formulas_are_as_by_hand() {
    // A black pixel beside a white one, and a red one beside a black one.
    let (white, red) = ([0.0, 1.0].repeat(3), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    for (loss, values, expected) in [
        // The scale times the mean of two squares of 1.
        ("symmetry", &white[..], 10.0),
        ("symmetry-top-bottom", &white, 0.0),
        ("symmetry-half-turn:0.5", &white, 5.0),
        // The first pixel has a difference of 1 in three channels, the second has no neighbor.
        ("smoothness", &white, 10.0 * 3.0_f64.sqrt() / 2.0),
        ("smoothness-clipped", &white, 10.0 * 0.5 / 2.0),
        ("smoothness-log:-3", &white, -3.0 * 10.0 * (1.0 + 3.0_f64.sqrt()).ln() / 2.0),
        // Three squares of 1 among six values.
        ("tv", &white, 100.0 * 3.0 / 6.0),
        // Each of the three differences is 1.
        ("sharpness", &white, -5.0),
        ("sharpness:-2", &white, 10.0),
        // All of it is border, and half of it is black.
        ("border", &white, 10.0 / 2.0),
        ("border=black:0.1", &red, 0.1 * 10.0 / 6.0),
        // Both pixels are one deviation from the center, and one of them is black.
        ("vignette", &white, 10.0 * (1.0 - (-0.5_f64).exp()) / 2.0),
        // R - G is 1 and 0, (R + G) / 2 - B is 1/2 and 0: means 1/2 and 1/4, variances 1/4 and 1/16.
        ("saturation", &red, -2.0 * 1.3 * (1.0_f64 / 4.0 + 1.0 / 16.0).sqrt()),
        ("saturation:-1", &white, 0.0),
    ] {
        let (value, _) = judged(loss, values, [3, 1, 2]);
        assert!((value - expected).abs() < 1e-12, "{loss}: {value}, {expected}");
    }
}

#[test]
fn gradients_are_those_of_the_losses() {
    // A sixty-five thousandth is exact in single precision.
    let step = 1.0 / 65_536.0;
    for shape in [[3, 5, 7], [3, 1, 6], [3, 8, 1], [3, 24, 31]] {
        let values = random(shape.iter().product(), f64::from(step));
        for loss in every() {
            // A line across has no top and bottom, and one down has no left and right.
            let has_none = match loss.as_str() {
                "symmetry" => shape[2] == 1,
                "symmetry-top-bottom" => shape[1] == 1,
                _ => false,
            };
            // The largest picture has an inside of the border; checking every value of it takes long for all losses.
            if !has_none && (shape[1] < 24 || loss.starts_with("border")) {
                check_gradient(&format!("{loss}:1.5"), &values, shape, step, 1e-4);
            }
        }
    }
}

/// The losses of a tile do not depend on where its edges are: shifted, with what leaves on one side coming back on the
/// other, it has the same losses. And its gradients are those of the losses.
#[test]
fn neighbors_go_on_across_the_edges_of_a_tile() {
    let (step, shape, size) = (1.0 / 65_536.0, [3, 4, 5], Size { width: 5, height: 4 });
    let values = random(60, f64::from(step));
    for &(tile, _) in Tile::ALL {
        let by: (isize, isize) = (if tile.wraps_across() { 2 } else { 0 }, isize::from(tile.wraps_down()));
        let moved = |values: &[f32]| -> Vec<f32> {
            let from = |at: usize| {
                let (x, y) = ((at % 5).cast_signed() + by.0, (at / 5 % 4).cast_signed() + by.1);
                let (column, row) = tile.place((x, y), size);
                values[at / 20 * 20 + row * 5 + column]
            };
            (0..60).map(from).collect()
        };
        for loss in ["smoothness", "smoothness-clipped", "smoothness-log", "tv", "sharpness"] {
            let (value, gradient) = judged_as(loss, Some(tile), &values, shape);
            let (again, gradient_again) = judged_as(loss, Some(tile), &moved(&values), shape);
            assert!((value - again).abs() < 1e-9, "{loss} {tile}: {value}, {again}");
            let pairs = moved(&gradient).into_iter().zip(gradient_again);
            assert!(pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max) < 1e-6, "{loss} {tile}");
            assert!((value - judged(loss, &values, shape).0).abs() > 1e-6, "{loss} {tile} ignores the copies");
            let largest = gradient.iter().fold(0.0_f32, |largest, slope| largest.max(slope.abs()));
            for (index, slope) in gradient.iter().enumerate() {
                let at = |change: f32| {
                    let mut moved = values.clone();
                    moved[index] += change;
                    judged_as(loss, Some(tile), &moved, shape).0
                };
                let difference = (at(step) - at(-step)) / f64::from(2.0 * step);
                let apart = (difference - f64::from(*slope)).abs();
                assert!(apart <= 1e-4 * f64::from(largest), "{loss} {tile}, {index}: {difference}, {slope}");
            }
        }
    }
}

/// What is visible of a transparent picture is rounded to single precision, so the steps are larger; these losses have no
/// kinks that a step could cross.
#[test]
fn gradients_reach_transparency() {
    let shape = [4, 3, 5];
    let values = random(shape.iter().product(), 1.0 / 256.0);
    for loss in ["saturation", "symmetry", "symmetry-half-turn", "tv", "border=navy"] {
        check_gradient(loss, &values, shape, 1.0 / 256.0, 2e-3);
    }
    // What is invisible does not count, and what is opaque counts as without alpha.
    let opaque = random(60, 1.0 / 256.0);
    let with_alpha = |alpha: f32| [&opaque[..45], &[alpha; 15]].concat();
    for loss in every() {
        let (plain, seen) = (judged(&loss, &opaque[..45], [3, 3, 5]), judged(&loss, &with_alpha(1.0), shape));
        // Laid over the gray, colors are rounded.
        assert!((plain.0 - seen.0).abs() < 1e-5, "{loss}: {} and {}", plain.0, seen.0);
        let hidden = judged(&loss, &with_alpha(0.0), shape);
        assert!(hidden.1[..45].iter().all(|slope| *slope == 0.0), "{loss}");
    }
}

/// A picture where a loss is not smooth, and the smallest ones.
#[test]
fn plain_pictures_have_finite_gradients() {
    for (values, shape) in [(vec![0.5; 48], [3, 4, 4]), (vec![0.25, 0.5, 1.0], [3, 1, 1]), (vec![0.0; 24], [3, 8, 1])] {
        for loss in every() {
            let (value, gradient) = judged(&loss, &values, shape);
            assert!(value.is_finite() && gradient.iter().all(|slope| slope.is_finite()), "{loss} {shape:?}");
        }
    }
}

#[test]
fn a_weight_multiplies_both() {
    let values = random(3 * 4 * 6, 1.0 / 256.0);
    for loss in every() {
        let [one, three] = [1, 3].map(|weight| judged(&format!("{loss}:{weight}"), &values, [3, 4, 6]));
        assert!((3.0 * one.0 - three.0).abs() <= 1e-12 * three.0.abs(), "{loss}");
        assert!(one.1.iter().zip(&three.1).all(|(one, three)| (3.0 * one - three).abs() <= 1e-6), "{loss}");
    }
}

/// The mean over pixels counts, so a picture of larger pixels has nearly the same loss.
#[test]
#[allow(clippy::cast_precision_loss)]
fn losses_do_not_grow_with_the_picture() {
    // A colorful gradient without an axis of symmetry, at two sizes.
    let ramp = |side: usize| -> Vec<f32> {
        let at = |channel: usize, row: usize, column: usize| {
            let (down, across) = ((row as f32 + 0.5) / side as f32, (column as f32 + 0.5) / side as f32);
            [across, down * across, 0.8 * (1.0 - across)][channel]
        };
        (0..3).flat_map(|channel| (0..side * side).map(move |pixel| at(channel, pixel / side, pixel % side))).collect()
    };
    for loss in ["saturation", "symmetry", "symmetry-top-bottom", "symmetry-half-turn", "border=navy", "vignette"] {
        let [small, large] = [40, 80].map(|side| judged(loss, &ramp(side), [3, side, side]).0);
        assert!((small / large - 1.0).abs() < 0.05, "{loss}: {small} and {large}");
    }
}

/// A border like another picture is one of its color if it has only one, and its gradient is right if it has more.
#[test]
fn a_border_can_be_that_of_another_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frame.png");
    let values = random(3 * 6 * 8, 1.0 / 65_536.0);
    let overrides = |loss: &str| Overrides {
        prompt: Some("a".parse().unwrap()),
        size: Some("8x6".parse().unwrap()),
        loss: Some(vec![loss.parse().unwrap()]),
        ..Overrides::default()
    };
    let framed = |frame: &image::RgbImage, values: &[f32]| {
        frame.save(&path).unwrap();
        let asked = overrides(&format!("border={}:0.5", path.display()));
        let mut loss = of_settings(asked).remove(0);
        loss.prepare().unwrap();
        let verdict = loss.judge(&Seen::new(&tensor(values, [3, 6, 8]), 0, None, 0.5)).unwrap().unwrap();
        let LossValue::Known(value) = verdict.loss else { panic!("not known") };
        (value, verdict.gradient.flatten_all().unwrap().to_vec1::<f32>().unwrap())
    };
    // CSS Color Module Level 4, 6.1: navy is #000080.
    let plain = image::RgbImage::from_pixel(16, 16, image::Rgb([0, 0, 0x80]));
    let (value, gradient) = framed(&plain, &values);
    let (expected, expected_gradient) = judged("border=navy:0.5", &values, [3, 6, 8]);
    // The color of a picture is in single precision.
    assert!((value - expected).abs() < 1e-6, "{value}, {expected}");
    assert!(gradient.iter().zip(&expected_gradient).all(|(one, other)| (one - other).abs() < 1e-6));
    let byte = |number: u32| u8::try_from(number).unwrap();
    let varied = image::RgbImage::from_fn(8, 6, |x, y| image::Rgb([byte(30 * x), byte(40 * y), byte(7 * x * y)]));
    let (_, gradient) = framed(&varied, &values);
    let step = 1.0 / 65_536.0;
    for (index, slope) in gradient.iter().enumerate() {
        let at = |change: f32| {
            let mut moved = values.clone();
            moved[index] += change;
            framed(&varied, &moved).0
        };
        let difference = (at(step) - at(-step)) / f64::from(2.0 * step);
        assert!((difference - f64::from(*slope)).abs() < 1e-6, "{index}: {difference}, {slope}");
    }
    std::fs::remove_file(&path).unwrap();
    let gone = overrides(&format!("border={}", path.display()));
    assert!(of_settings(gone)[0].prepare().is_err());
}

#[test]
fn memory_is_estimated() {
    let size = |width, height| Size { width, height };
    for loss in asked_for(&every().iter().map(String::as_str).collect::<Vec<_>>()) {
        let memory = |size| loss.memory(size, MemoryOf::Host).unwrap();
        assert!(memory(size(64, 64)) >= 64 * 64 * 80);
        assert_eq!(memory(size(usize::MAX, usize::MAX)), u64::MAX);
    }
}
