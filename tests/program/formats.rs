//! Pictures as JPEG and WebP: what they show, what they keep, and that they can be drawn again.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::apart;
use common::program::{Workplace, words};
use image::{DynamicImage, RgbImage};
use text2art::output::Recipe;

/// A picture that takes a moment.
const SMALL: &str = "a red apple --size 48x32 -n 2 --cutouts 2 --seed 5 --init-noise codes -q";
/// A picture of cells, some of them transparent.
const CELLS: &str = "a red apple --transparent --drawer pixel --size 64x64 --pixel-size 16x16 --alpha-weight 0.8 \
                     --learning-rate 0.2 -n 12 --cutouts 2 -q";

fn run(workplace: &Workplace, line: &str) -> String {
    workplace.run(&words(line)).succeeded().output_text().to_owned()
}

fn open(workplace: &Workplace, name: &str) -> DynamicImage {
    image::load_from_memory(&workplace.read(name)).unwrap()
}

fn recipe(workplace: &Workplace, name: &str) -> Recipe {
    Recipe::read(&workplace.join(name)).unwrap()
}

#[test]
fn every_format_shows_the_picture_and_draws_it_again() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} -o p.png"));
    let (drawn, told) = (open(&workplace, "p.png").into_rgb8(), run(&workplace, "info p.png"));
    for (end, begins) in [("jpg", &b"\xff\xd8\xff"[..]), ("jpeg", b"\xff\xd8\xff"), ("webp", b"RIFF")] {
        let name = format!("p.{end}");
        assert_eq!(run(&workplace, &format!("{SMALL} -o {name}")), format!("{name}\n"));
        assert!(workplace.read(&name).starts_with(begins), "{name}");
        let difference = apart(&open(&workplace, &name).into_rgb8(), &drawn);
        assert!(
            if end == "webp" { difference == 0.0 } else { difference > 0.0 && difference < 6.0 },
            "{name}: {difference}"
        );
        assert_eq!(run(&workplace, &format!("info {name}")), told);
        assert_eq!(recipe(&workplace, &name), recipe(&workplace, "p.png"));
        run(&workplace, &format!("--from {name} -o again.{end} -q"));
        assert!(workplace.read(&format!("again.{end}")) == workplace.read(&name), "{name}");
        run(&workplace, &format!("--from {name} -o {end}.png -q"));
        assert!(workplace.read(&format!("{end}.png")) == workplace.read("p.png"), "{name}");
    }
    // Other verbs take them as pictures.
    let scores = run(&workplace, "score p.png p.webp p.jpg --prompt apple");
    let cosine = |line: usize| scores.lines().nth(line).unwrap().split('\t').next().unwrap().to_owned();
    assert_eq!(cosine(0), cosine(1));
    workplace.refuses(&words("an apple -o p.bmp"), &["p.bmp", "expected .png, .jpg, .jpeg, .webp, .gif or .mp4"]);
    workplace.refuses(&words("an apple -o p.jpg"), &["p.jpg", "already exists"]);
}

#[test]
fn what_a_prompt_says_is_no_note() {
    let workplace = Workplace::new();
    let prompt = "a \"red\" <apple> & tiff:Orientation=\"8\" tiff:Orientation>6 </text2art:recipe> grün \u{1f34e}";
    for name in ["p.jpg", "p.webp"] {
        let line = format!("--size 48x32 -n 0 --cutouts 1 -q -o {name}");
        workplace.run(&[&[prompt.replace(':', "\\:").as_str()][..], &words(&line)].concat()).succeeded();
        assert_eq!(recipe(&workplace, name).settings.prompt.all()[0].text, prompt);
        run(&workplace, &format!("upscale {name} -x 2 -q -o {name}-x2.png"));
        let large = open(&workplace, &format!("{name}-x2.png"));
        assert_eq!((large.width(), large.height()), (96, 64), "{name}");
    }
}

#[test]
fn the_quality_is_part_of_the_recipe() {
    let workplace = Workplace::new();
    for end in ["jpg", "webp"] {
        run(&workplace, &format!("{SMALL} --picture-quality 10 -o low.{end}"));
        run(&workplace, &format!("{SMALL} --picture-quality 95 -o high.{end}"));
        let length = |name: &str| workplace.read(&format!("{name}.{end}")).len();
        assert!(length("low") < length("high"), "{end}");
        assert_eq!(recipe(&workplace, &format!("low.{end}")).settings.picture_quality, Some(10));
        workplace.write("settings.toml", "picture_quality = 60\n");
        run(&workplace, &format!("--from low.{end} --config settings.toml -o again.{end} -q"));
        assert!(workplace.read(&format!("again.{end}")) == workplace.read(&format!("low.{end}")), "{end}");
        run(&workplace, &format!("--from low.{end} --picture-quality 95 -o better.{end} -q"));
        assert!(workplace.read(&format!("better.{end}")) == workplace.read(&format!("high.{end}")), "{end}");
    }
    workplace.refuses(&words("an apple -o p.jpg --picture-quality 0"), &["--picture-quality 0 is out of range"]);
}

#[test]
fn transparency_stays_or_becomes_white() {
    let workplace = Workplace::new();
    for name in ["p.png", "p.webp"] {
        assert_eq!(workplace.run(&words(&format!("{CELLS} -o {name}"))).succeeded().errors, "");
    }
    let png = open(&workplace, "p.png").into_rgba8();
    assert!(png.pixels().any(|pixel| pixel[3] == 0));
    assert!(open(&workplace, "p.webp").into_rgba8() == png);
    let outcome = workplace.run(&words(&format!("{CELLS} -o p.jpg"))).succeeded();
    assert!(outcome.errors.contains("p.jpg: a JPEG has no transparency"), "{}", outcome.errors);
    let (jpeg, mut hidden) = (open(&workplace, "p.jpg").into_rgb8(), 0);
    for (x, y, pixel) in png.enumerate_pixels() {
        // The middles of cells: a JPEG blurs edges.
        if pixel[3] == 0 && x % 4 == 1 && y % 4 == 1 {
            hidden += 1;
            assert!(jpeg.get_pixel(x, y).0.iter().all(|part| *part > 200), "{x} {y} {:?}", jpeg.get_pixel(x, y));
        }
    }
    assert!(hidden > 0);
    let outcome = workplace.run(&words("upscale p.webp -x 2 -o large.jpg -q")).succeeded();
    assert!(outcome.errors.contains("large.jpg: a JPEG has no transparency"), "{}", outcome.errors);
}

#[test]
fn a_batch_knows_its_pictures() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple\na pear -- -o pear.webp\n");
    let options = "--size 32x32 -n 1 --cutouts 1 --seed 5 --progress lines";
    let batch = |more: &str| {
        let outcome = workplace.run(&words(&format!("batch a.txt {options} {more}"))).succeeded();
        (outcome.output_text().to_owned(), outcome.errors.lines().last().unwrap().to_owned())
    };
    let (paths, end) = batch("-o {slug}.jpg");
    assert_eq!(paths, "a-red-apple.jpg\npear.webp\n");
    assert!(end.starts_with("2 drawn, 0 already done"), "{end}");
    let before = workplace.content();
    assert!(batch("-o {slug}.jpg").1.starts_with("0 drawn, 2 already done"));
    assert!(workplace.content() == before);
    // Another quality is another file, but not of a PNG.
    assert!(batch("-o {slug}.png").1.starts_with("1 drawn, 1 already done"));
    workplace.write("a.txt", "a red apple\n");
    assert!(batch("-o {slug}.png --picture-quality 20").1.starts_with("0 drawn, 1 already done"));
    assert_eq!(batch("-o {slug}.jpg --picture-quality 20").0, "a-red-apple-2.jpg\n");
}

#[test]
fn scores_are_those_of_the_files() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple\n");
    let line = "batch a.txt --size 32x32 -n 1 --cutouts 1 --samples 2 --picture-quality 5 -q -o {slug}-{seed}.jpg";
    let scores = || -> Vec<_> {
        run(&workplace, line);
        let text = String::from_utf8(workplace.read("results.jsonl")).unwrap();
        let results = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        results.map(|result| (result["seed"].clone(), result["result"]["score"].as_f64().unwrap())).collect()
    };
    let drawn = scores();
    std::fs::remove_file(workplace.join("results.jsonl")).unwrap();
    assert_eq!(scores(), drawn);
    assert_eq!(drawn.len(), 2);
}

#[test]
fn a_run_continues_in_every_format() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} -o whole.jpg"));
    for end in ["jpg", "webp"] {
        let line = format!("{SMALL} --stop-at 1 --checkpoint-every 1 --save-every 1");
        run(&workplace, &format!("{line} -o part.{end}"));
        assert!(workplace.join(format!("part.{end}.t2a")).is_file());
        assert_eq!(run(&workplace, &format!("resume part.{end}.t2a -n 2 -q")), format!("part.{end}\n"));
    }
    assert!(workplace.read("part.jpg") == workplace.read("whole.jpg"));
    assert_eq!(run(&workplace, "resume part.jpg.t2a -n +1 -o more.webp -q"), "more.webp\n");
    assert!(workplace.join("more.webp.t2a").is_file());
}

#[test]
fn other_verbs_write_every_format() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} -o p.png"));
    run(&workplace, "reconstruct p.png -o r.png");
    run(&workplace, "reconstruct p.png -o r.webp");
    run(&workplace, "reconstruct p.png -o r.jpg --picture-quality 100");
    assert!(open(&workplace, "r.webp") == open(&workplace, "r.png"));
    assert!(apart(&open(&workplace, "r.jpg").into_rgb8(), &open(&workplace, "r.png").into_rgb8()) < 2.0);
    assert_eq!(run(&workplace, "upscale p.png -x 2 -q -o {name}.webp"), "p.webp\n");
    assert_eq!(run(&workplace, "upscale p.png -x 2 -q -o large.jpg --picture-quality 30"), "large.jpg\n");
    run(&workplace, "upscale p.png -x 2 -q");
    assert!(open(&workplace, "p.webp") == open(&workplace, "p-x2.png"));
    assert_eq!(recipe(&workplace, "p.webp"), recipe(&workplace, "p-x2.png"));
    assert_eq!(recipe(&workplace, "large.jpg").settings.picture_quality, Some(30));
    let strokes = "a red apple --drawer strokes --strokes 30 --size 64x48 -n 1 --cutouts 1 -q";
    run(&workplace, &format!("{strokes} -o s.png"));
    run(&workplace, "render s.png -x 2 -q");
    run(&workplace, "render s.png -x 2 -q -o s.webp");
    run(&workplace, "render s.png -x 2 -q -o {name}.jpg --picture-quality 100");
    assert!(open(&workplace, "s.webp") == open(&workplace, "s-x2.png"));
    assert_eq!(recipe(&workplace, "s.jpg").rendered, recipe(&workplace, "s-x2.png").rendered);
    workplace.refuses(&words("render s.png -x 2 -o t.jpg --picture-quality 101"), &["--picture-quality 101"]);
    // What a format has no room for is said before any work.
    workplace.refuses(&words("an apple --size 16400x16 -o wide.webp"), &["wide.webp", "at most 16383 pixels"]);
    workplace.refuses(&words("render s.png --size 21856x16392 -o wide.webp"), &["wide.webp", "at most 16383 pixels"]);
}

#[test]
fn damage_is_said() {
    let workplace = Workplace::new();
    for name in ["p.jpg", "p.webp"] {
        run(&workplace, &format!("{SMALL} -o {name}"));
        let whole = workplace.read(name);
        workplace.write(name, &whole[..whole.len() - 9]);
        workplace.refuses(&words(&format!("info {name}")), &[name, "the file is cut short"]);
        workplace.refuses(&words(&format!("--from {name} -o q.png")), &[name, "the file is cut short"]);
    }
    RgbImage::new(8, 8).save(workplace.join("photo.jpg")).unwrap();
    workplace.refuses(&["info", "photo.jpg"], &["photo.jpg", "the file contains no recipe"]);
}
