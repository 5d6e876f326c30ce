//! The memory a dry run estimates against what the run takes, as the kernel counts it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::print_stdout)]

mod common;

use std::process::Stdio;

use common::program::Workplace;
use common::{fixtures, text};

/// What a dry run says, in MiB.
fn estimate(workplace: &Workplace, arguments: &[&str]) -> f64 {
    let outcome = workplace.run(&[arguments, &["--dry-run"]].concat()).succeeded();
    let line = outcome.output_text().lines().find_map(|line| line.strip_prefix("# memory: about ")).unwrap();
    let (amount, unit) = line.split_once(' ').unwrap();
    amount.parse::<f64>().unwrap() * if unit == "GiB" { 1024.0 } else { 1.0 }
}

/// The most memory a run holds at a time, in MiB (`VmHWM` of `proc(5)`, read until it ends).
fn peak(workplace: &Workplace, arguments: &[&str]) -> f64 {
    let mut command = workplace.command();
    let mut child = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let path = format!("/proc/{}/status", child.id());
    let mut highest = 0.0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kibibytes) = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok()) {
            highest = kibibytes / 1024.0;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
    highest
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
                let arguments = [&run[..], &["--force", "-q"], models].concat();
                let (estimate, peak) = (estimate(&workplace, &arguments), peak(&workplace, &arguments));
                println!("{size}, {batch} at a time: {estimate} MiB estimated, {peak:.0} taken");
                assert!((estimate / peak - 1.0).abs() < 0.25, "{size}, {batch}: {estimate} MiB against {peak:.0}");
            }
        }
    }
}
