//! The memory that a dry run estimates, compared with what the run takes by the count of the kernel, and how it grows.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::print_stdout, clippy::float_cmp)]

use crate::common;

use common::program::{BINARY, Outcome, Workplace};
use common::{fixtures, text};

const MEBIBYTE: f64 = 1_048_576.0;

/// The least memory a run can be made to take, as `--max-memory` takes it: what the program offers where it is
/// allowed too little.
fn least(workplace: &Workplace, arguments: &[&str]) -> String {
    let Outcome { errors, code, .. } = workplace.run(&[arguments, &["--dry-run", "--max-memory", "1M"]].concat());
    assert_eq!(code, Some(2), "{errors}");
    let offer = errors.split("--max-memory ").last().unwrap().split_whitespace().next().unwrap();
    assert!(offer.ends_with('M'), "{errors}");
    offer.to_owned()
}

#[test]
fn the_estimate_is_near_what_a_run_takes() {
    let workplace = Workplace::new();
    let (vqgan, clip) = (fixtures().join("vqgan/last.ckpt"), fixtures().join("clip"));
    let other = ["--vqgan", text(&vqgan), "--clip", text(&clip)];
    for models in [&[][..], &other] {
        for size in ["96x96", "256x256", "512x320"] {
            for batch in ["2", "24"] {
                let run = ["a", "--size", size, "-n", "2", "--cutouts", "24", "--cut-batch", batch, "-o", "p.png"];
                let whole = [&run[..], &["--force", "-q"], models].concat();
                let least = least(&workplace, &whole);
                let mut estimates = Vec::new();
                for arguments in [whole.clone(), [&whole[..], &["--max-memory", &least]].concat()] {
                    let (estimate, peak) = (workplace.estimate(&arguments), workplace.peak(&arguments));
                    println!("{size}, {batch} at a time: {estimate} MiB estimated, {peak:.0} taken");
                    assert!((estimate / peak - 1.0).abs() < 0.25, "{size}, {batch}: {estimate} MiB against {peak:.0}");
                    estimates.push(estimate);
                }
                // In a small picture, nothing takes more than the prior, which cannot take less.
                let is_of_prior = models.is_empty() && size == "96x96" && estimates[1] == estimates[0];
                assert!(estimates[1] < estimates[0] || is_of_prior, "{estimates:?}");
            }
        }
    }
}

#[test]
fn moving_pictures_take_little_beside_a_run() {
    let workplace = Workplace::new();
    let run = ["a", "--size", "512x512", "-n", "3", "--cutouts", "16", "--force", "-q", "-o", "p.png"];
    let moving = ["--gif", "--mp4", "--frames", "frames", "--boomerang"];
    let (still, all) = (workplace.peak(&run), workplace.peak(&[&run[..], &moving].concat()));
    println!("{still:.0} MiB, {all:.0} with everything that moves");
    // What the estimate counts on top of a run for all it does not count (`SLACK`) is a fifth.
    assert!(all < 1.1 * still, "{still:.0} MiB, {all:.0} with everything that moves");
}

/// Draws with each of some options, and compares the memory with the estimate. Returns the peaks in MiB.
fn peaks_near_the_estimate(line: &[&str], cases: [&[&str]; 4]) -> Vec<f64> {
    let workplace = Workplace::new();
    let compared = |more: &&[&str]| {
        let arguments = [line, more, &["-n", "2", "-o", "p.png", "--force", "-q"]].concat();
        let (estimate, peak) = (workplace.estimate(&arguments), workplace.peak(&arguments));
        println!("{more:?}: {estimate} MiB estimated, {peak:.0} taken");
        assert!((estimate / peak - 1.0).abs() < 0.25, "{more:?}: {estimate} MiB against {peak:.0}");
        peak
    };
    cases.iter().map(compared).collect()
}

#[test]
fn cells_take_what_is_estimated() {
    const LARGE: &str = "1024x1024";
    let cases: [&[&str]; 4] = [
        &["--size", LARGE],
        &["--size", LARGE, "--palette", "pico-8"],
        &["--size", LARGE, "--transparent"],
        &["--size", "300x200"],
    ];
    peaks_near_the_estimate(&["a", "--drawer", "pixel", "--cutouts", "8"], cases);
}

#[test]
fn waves_take_what_is_estimated() {
    const LARGE: &str = "1920x1080";
    let cases: [&[&str]; 4] = [
        &["--size", LARGE],
        &["--size", LARGE, "--palette", "pico-8"],
        &["--size", LARGE, "--init-noise", "codes"],
        &["--size", "300x200"],
    ];
    let peaks = peaks_near_the_estimate(&["a", "--drawer", "fft", "--cutouts", "16", "--cut-batch", "16"], cases);
    assert!(peaks.iter().all(|peak| *peak < 1024.0), "{peaks:?} MiB");
}

#[test]
fn strokes_take_what_is_estimated() {
    const LARGE: &str = "1024x1024";
    let cases: [&[&str]; 4] = [
        &["--size", "512x512", "--strokes", "1024"],
        &["--size", LARGE, "--strokes", "1024"],
        &["--size", LARGE, "--strokes", "1024", "--transparent"],
        &["--size", "640x480", "--strokes", "64"],
    ];
    peaks_near_the_estimate(&["a", "--drawer", "strokes", "--cutouts", "4"], cases);
}

#[test]
#[ignore = "takes about half a minute"]
fn the_most_strokes_fit_in_two_gigabytes() {
    let workplace = Workplace::new();
    let strokes = ["a", "--drawer", "strokes", "--strokes", "4096", "--size", "2048x2048", "--cutouts", "4"];
    let arguments = [&strokes[..], &["-n", "2", "-o", "p.png", "--force", "-q"]].concat();
    let (estimate, peak) = (workplace.estimate(&arguments), workplace.peak(&arguments));
    println!("{estimate} MiB estimated, {peak:.0} taken");
    assert!(estimate * MEBIBYTE < 2e9, "{estimate} MiB");
    assert!(peak < 1.1 * estimate, "{estimate} MiB against {peak:.0}");
}

#[test]
fn cutouts_take_time_and_no_memory() {
    let workplace = Workplace::new();
    let taken = |cutouts| {
        let run = ["a", "--size", "64x64", "-n", "2", "--cut-batch", "8", "--cutouts", cutouts, "-o", "p.png"];
        workplace.peak(&[&run[..], &["--force", "-q"]].concat())
    };
    let (few, many) = (taken("8"), taken("96"));
    // The pictures of the eight that are judged at a time are 1.5 % of it.
    assert!(many < 1.1 * few, "{few:.0} MiB for 8 cutouts, {many:.0} for 96");
}

#[test]
fn memory_grows_with_the_pixels() {
    let workplace = Workplace::new();
    let vqgan = fixtures().join("vqgan/last.ckpt");
    // Of the two models one has attention, which keeps queries, keys and values and no scores.
    for models in [&[][..], &["--vqgan", text(&vqgan)]] {
        let taken = |size| {
            let run = ["a", "--size", size, "-n", "1", "--cutouts", "1", "-o", "p.png", "--force", "-q"];
            workplace.peak(&[&run[..], models].concat())
        };
        let [small, middle, large] = ["128x128", "256x256", "512x512"].map(taken);
        // The second step is of four times as many pixels as the first.
        let (first, second) = (middle - small, large - middle);
        println!("{small:.0}, {middle:.0} and {large:.0} MiB");
        assert!((second / first / 4.0 - 1.0).abs() < 0.3, "{small:.0}, {middle:.0} and {large:.0} MiB");
    }
}

/// Networks of the published size at 1024x1024 on a machine of 8 GB, of which a run takes most.
#[test]
#[ignore = "takes some minutes and 8 GB"]
fn large_pictures_fit_into_eight_gigabytes() {
    let workplace = Workplace::new();
    let line = ["bench", "--json", "--work", "a", "--size", "1024x1024", "--repetitions", "1", "--max-memory", "7GB"];
    let output = workplace.command_of(BINARY).args(line).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let peak = report["peak_memory"].as_f64().unwrap();
    println!("{:.0} MiB with {}", peak / MEBIBYTE, report["recomputed"]);
    assert!(peak < 7e9, "{peak} bytes");
}
