//! How pictures are judged: micro-batches, the reach of cutouts, and the effect of shrinking on noise.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use crate::common;

use candle_core::Tensor;
use common::{fixtures, noise, noise_tensor, relative_distance, text, values};
use text2art::clip::Clip;
use text2art::frozen::{Border, Filter, Homography, View, Warp, apply};
use text2art::judge::{Cutouts, Framing, Judge, Judgement, Perceptor, Reach, Target};
use text2art::models::{Finder, ModelFiles, Role};
use text2art::progress::Stop;
use text2art::resolve::combine;
use text2art::session::{Models, Plan, Session};
use text2art::settings::Overrides;

fn judge(model: &str, prompts: &[(&str, f64)], stop: Option<f64>, cutouts: usize, batch: usize) -> Judge {
    let clip = std::sync::Arc::new(Clip::load(&ModelFiles::open(Role::Clip, model).unwrap()).unwrap());
    let target = |&(prompt, weight): &(&str, f64)| {
        let feature = clip.text_feature(&clip.tokenizer().encode(prompt).unwrap()).unwrap();
        Target { name: prompt.to_owned(), feature, weight, stop }
    };
    let targets = prompts.iter().map(target).collect();
    let augmentations = "crop,perspective,jitter,erase".parse().unwrap();
    let cutouts = Cutouts {
        reach: Reach::All,
        count: cutouts,
        augmentations,
        zooms: 0.6,
        noise: 0.1,
        seed: 5,
        framing: Framing::default(),
    };
    Judge { perceptors: vec![Perceptor::new("clip".into(), clip.clone(), targets, cutouts).unwrap()], batch }
}

fn losses(judge: &Judge, judgement: &Judgement) -> Vec<(String, f64)> {
    judge.losses(&judgement.distances.iter().map(values).collect::<Vec<_>>())
}

fn picture(height: usize, width: usize) -> Tensor {
    noise_tensor(&[1, 3, height, width], 9).affine(0.5, 0.5).unwrap()
}

#[test]
fn micro_batches_change_nothing_but_memory() {
    let clip = fixtures().join("clip");
    let judged = |batch| {
        let judge = judge(text(&clip), &[("a red apple", 1.0), ("a mountain", -0.5)], None, 32, batch);
        let judgement = judge.judge(&picture(48, 64), 0).unwrap();
        (losses(&judge, &judgement), judgement.gradient)
    };
    let whole = judged(32);
    for batch in [1, 5] {
        let parts = judged(batch);
        assert!(relative_distance(&parts.1, &whole.1) < 1e-5);
        for ((name, loss), (expected_name, expected)) in parts.0.iter().zip(&whole.0) {
            assert!(name == expected_name && (loss - expected).abs() < 1e-6, "{name}");
        }
    }
}

#[test]
fn a_stopped_prompt_pulls_no_further() {
    let clip = fixtures().join("clip");
    let gradient = |stop| {
        let judge = judge(text(&clip), &[("a red apple", 1.0)], stop, 8, 8);
        let judged = judge.judge(&picture(32, 32), 0).unwrap();
        (losses(&judge, &judged)[0].1, values(&judged.gradient).iter().map(|slope| slope.abs()).sum::<f32>())
    };
    let (loss, slope) = gradient(None);
    // The largest distance is pi squared over two: every cutout is nearer than that.
    assert_eq!(gradient(Some(5.0)), (loss, 0.0));
    assert_eq!(gradient(Some(0.0)), (loss, slope));
    assert!(slope > 0.0);
}

#[test]
fn cutouts_reach_every_corner() {
    const ITERATIONS: usize = 4;
    for (height, width) in [(128, 128), (96, 160)] {
        let judge = judge("embedded", &[("a red apple", 1.0)], None, 64, 32);
        let mut blocks = [[0.0_f64; 8]; 8];
        for iteration in 0..ITERATIONS {
            let gradient = values(&judge.judge(&picture(height, width), iteration).unwrap().gradient);
            for (index, slope) in gradient.iter().enumerate() {
                let (y, x) = (index / width % height, index % width);
                blocks[y * 8 / height][x * 8 / width] += f64::from(slope.abs());
            }
        }
        let centre = (blocks[3][3] + blocks[3][4] + blocks[4][3] + blocks[4][4]) / 4.0;
        let shares: Vec<f64> = blocks.iter().flatten().map(|block| block / centre).collect();
        assert!(shares.iter().all(|share| (0.2..5.0).contains(share)), "{width}x{height}: {shares:.2?}");
    }
}

#[test]
fn the_area_filter_averages_noise_away() {
    let picture = Tensor::from_vec(noise(256 * 256, 4), (1, 1, 256, 256), &candle_core::Device::Cpu).unwrap();
    let deviation = |tensor: &Tensor| {
        let values = values(tensor);
        (values.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / values.len() as f64).sqrt()
    };
    // Off the pixels' grid, so that bilinear taps do not fall on whole pixels.
    let matrix = Homography([0.97, 0.0, 0.003, 0.0, 0.97, -0.002, 0.0, 0.0, 1.0]);
    let shrunk = |filter| {
        let warp = Warp::new(vec![View { matrix, border: Border::Reflection }], (64, 64), filter);
        deviation(&apply(warp, &picture).unwrap()) / deviation(&picture)
    };
    // Sixteen pixels averaged: a quarter. Four weighted ones: about two thirds of the whole on average.
    assert!((shrunk(Filter::Area) / 0.25 - 1.0).abs() < 0.15, "{}", shrunk(Filter::Area));
    assert!(shrunk(Filter::Bilinear) > 0.4, "{}", shrunk(Filter::Bilinear));
}

#[test]
fn a_picture_can_be_its_own_prompt() {
    // The distance of a picture to itself is 0, where the arc sine's slope is infinite.
    let init = fixtures().join("trace/init.png");
    let flags = Overrides {
        prompt: Some("a red apple".parse().unwrap()),
        init_image: Some(init.clone().into()),
        image_prompt: Some(vec![format!("{}:2", text(&init)).parse().unwrap()]),
        noise_prompt: Some(vec!["5:-0.1".parse().unwrap()]),
        size: Some("32x32".parse().unwrap()),
        augment: Some("none".parse().unwrap()),
        cut_noise: Some(0.0),
        vqgan: Some(text(&fixtures().join("vqgan/last.ckpt")).to_owned()),
        clip: Some(vec![text(&fixtures().join("clip")).to_owned()]),
        ..Overrides::default()
    };
    let settings = combine(&[flags]).unwrap();
    let finder = Finder::new(true, &Stop::default(), &|_| ());
    let models = Models::load(&settings, &finder).unwrap();
    let mut session =
        Session::new(&Plan::new(settings, &models).unwrap(), &models, &mut |warning| panic!("{warning}")).unwrap();
    for _ in 0..3 {
        let (step, picture) = session.step().unwrap();
        let names: Vec<&str> = step.losses.iter().map(|(name, _)| name.split('/').next().unwrap()).collect();
        assert_eq!(names, ["prompt:0", "image-prompt:0", "noise-prompt:0"]);
        assert!(values(&picture).iter().all(|value| value.is_finite()));
    }
}

/// A run with styles and a CLIP in the published layout.
fn styled(style: &[&str], weight: Option<f64>) -> Session {
    let flags = Overrides {
        prompt: Some("a red apple | a mountain:0.5".parse().unwrap()),
        style: Some(style.iter().map(|name| name.parse().unwrap()).collect()),
        style_weight: weight,
        size: Some("32x32".parse().unwrap()),
        cutouts: Some(5),
        vqgan: Some(text(&fixtures().join("vqgan/last.ckpt")).to_owned()),
        clip: Some(vec![text(&fixtures().join("clip")).to_owned()]),
        ..Overrides::default()
    };
    let settings = combine(&[flags]).unwrap();
    let models = Models::load(&settings, &Finder::new(true, &Stop::default(), &|_| ())).unwrap();
    let plan = Plan::new(settings, &models).unwrap();
    let mut session = Session::new(&plan, &models, &mut |warning| panic!("{warning}")).unwrap();
    let (step, _) = session.step().unwrap();
    let names: Vec<String> = step.losses.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.iter().any(|name| name.starts_with("style/")), !style.is_empty(), "{names:?}");
    session
}

#[test]
fn styles_are_one_more_target_whose_feature_is_that_of_their_words() {
    let clip = Clip::load(&ModelFiles::open(Role::Clip, text(&fixtures().join("clip"))).unwrap()).unwrap();
    let feature = |words: &str| values(&clip.text_feature(&clip.tokenizer().encode(words).unwrap()).unwrap());
    let prompts = |perceptor: &Perceptor| {
        perceptor.targets().iter().map(|target| (values(&target.feature), target.weight)).collect::<Vec<_>>()
    };
    let expected = vec![(feature("a red apple"), 1.0), (feature("a mountain"), 0.5)];
    let plain = styled(&[], None);
    let plain = &plain.judge().perceptors;
    assert_eq!((plain.len(), prompts(&plain[0])), (1, expected.clone()));
    for (names, weight, words) in [
        (&["artstation"][..], None, "artstation"),
        (&["Watercolor", "artstation"], Some(0.25), "watercolor, artstation"),
        (&["1990s"], None, "1990s, 1995"),
        (&["Edward Hopper"], None, "by Edward Hopper"),
    ] {
        let session = styled(names, weight);
        let styled = &session.judge().perceptors;
        assert_eq!((styled.len(), prompts(&styled[0])), (2, expected.clone()), "{words}");
        assert_eq!(prompts(&styled[1]), [(feature(words), weight.unwrap_or(0.5))], "{words}");
        assert_eq!(styled[1].cutouts(), &styled[0].cutouts().details());
        assert_eq!((styled[0].cutouts().count, styled[1].cutouts().count), (5, 3));
    }
}
