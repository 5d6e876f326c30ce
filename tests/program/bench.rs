//! `text2art bench`: the parts that it reports, and the work that it counts.

#![allow(clippy::unwrap_used, clippy::float_cmp)]

use crate::common;

use common::program::Workplace;

const STAGES: [&str; 7] = [
    "decoder forward",
    "cutouts forward",
    "CLIP forward",
    "CLIP backward",
    "cutouts backward",
    "decoder backward",
    "optimizer",
];

#[test]
fn every_part_of_an_iteration_is_measured() {
    let workplace = Workplace::new();
    let report = workplace.run(&["bench", "--json", "--size", "64x48", "--repetitions", "1"]).succeeded().output_json();
    let names: Vec<&str> =
        report["stages"].as_array().unwrap().iter().map(|stage| stage["name"].as_str().unwrap()).collect();
    assert_eq!(names, STAGES);
    let whole = [&report["start"], &report["iteration"], &report["product"], &report["peak"]];
    let linear = report["linear"].as_array().unwrap();
    let measured = report["stages"].as_array().unwrap().iter().chain(whole).chain(linear);
    for stage in measured {
        assert!(stage["seconds"].as_f64().unwrap() > 0.0, "{stage}");
        if let Some(gigaflop) = stage["gigaflop"].as_f64() {
            let rate = gigaflop / stage["seconds"].as_f64().unwrap();
            assert!((rate / stage["gigaflop_per_second"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{stage}");
        }
    }
    assert!(report["share"].as_f64().unwrap() > 0.0 && report["cutouts"] == 8 && report["vqgan"] == "embedded");
    // 2 · 2048³
    assert_eq!(report["product"]["gigaflop"], 17.179_869_184);
    // Each layer of ViT-B/32 both ways on 16 cutouts of 50 tokens: 2 · 800 · 768 · 3072 is the largest.
    assert_eq!(linear.len(), 8);
    assert_eq!((&linear[5]["name"], &linear[5]["gigaflop"]), (&"linear 768 to 3072 back".into(), &3.774_873_6.into()));
    assert!(report["peak_share"].as_f64().unwrap() > 0.0);
    assert!(workplace.content().values().all(Option::is_none), "a file was written");
}

#[test]
fn the_work_of_published_networks_is_counted() {
    let workplace = Workplace::new();
    let line = ["bench", "--json", "--work", "a", "--size", "32x32", "--cutouts", "2", "--repetitions", "1"];
    let report = workplace.run(&line).succeeded().output_json();
    let gigaflop = |index: usize| report["stages"][index]["gigaflop"].as_f64().unwrap();
    // ViT-B/32 on a picture of 224 x 224 takes 4.41 G multiplications with additions (`fvcore`'s count in the
    // literature), 8.82 GFLOP.
    assert!((gigaflop(2) / 2.0 - 8.82).abs() < 0.05, "{}", gigaflop(2));
    assert_eq!(gigaflop(2), gigaflop(3));
    // 253 GFLOP at 256 x 256 but for the attention, whose work falls with the square: a 64th at 32 x 32.
    assert!((gigaflop(0) * 64.0 - 252.7).abs() < 2.0, "{}", gigaflop(0));
}

#[test]
fn a_configuration_stands_for_random_weights() {
    let workplace = Workplace::new();
    let fixtures = common::fixtures();
    let (vqgan, clip) = (fixtures.join("vqgan/config.json"), fixtures.join("clip/config.json"));
    let line = ["bench", "--json", "--vqgan", common::text(&vqgan), "--clip", common::text(&clip), "--size", "32x32"];
    let report =
        workplace.run(&[&line[..], &["--cutouts", "2", "--repetitions", "1"]].concat()).succeeded().output_json();
    assert_eq!(report["clip"][0], common::text(&clip));
    let text = workplace.run(&["bench", "--size", "32x32", "--repetitions", "1"]).succeeded();
    for name in STAGES {
        assert!(text.output_text().contains(name), "{name}");
    }
}

#[test]
fn the_parts_of_strokes_share_the_time() {
    let workplace = Workplace::new();
    let line = ["bench", "--drawer", "strokes", "--strokes", "20", "--size", "32x32", "--cutouts", "2"];
    let shown = |more: &[&str]| workplace.run(&[&line[..], &["--repetitions", "1"], more].concat()).succeeded();
    let report = shown(&["--json"]).output_json();
    let seconds = |index: usize| report["stages"][index]["seconds"].as_f64().unwrap();
    let all: f64 = (0..STAGES.len()).map(seconds).sum();
    for (part, stages) in [("drawer", [0, 5]), ("cutouts", [1, 4]), ("clip", [2, 3])] {
        let share = report["shares"][part].as_f64().unwrap();
        assert!(share > 0.0 && (share - stages.map(seconds).iter().sum::<f64>() / all).abs() < 1e-9, "{part}: {share}");
    }
    let text = shown(&[]).output_text().to_owned();
    assert!(text.starts_with("strokes with") && text.contains("\ndrawing takes "), "{text}");
}
