//! `text2art upscale` and `--upscale`: sizes, names, recipes, transparency, cells, movies, and files that are no upscalers.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;
use common::fixtures;
use common::program::{Running, Workplace, words};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

/// The options of a run that takes a moment.
const SMALL: &str = "apple --size 32x24 -n 1 --cutouts 1 --seed 3 --quiet";

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    for name in ["compact-x4.safetensors", "compact-x2.safetensors", "residual-x4.pth", "residual-x2.pth"] {
        workplace.write(name, std::fs::read(fixtures().join("upscalers").join(name)).unwrap());
    }
    workplace
}

/// A picture in which every pixel differs from those around it.
fn pattern(width: u32, height: u32) -> RgbImage {
    let byte = |x: u32, factor: u32| u8::try_from(x * factor % 256).unwrap();
    RgbImage::from_fn(width, height, |x, y| Rgb([byte(x, 37), byte(y, 53), byte(x + y, 11)]))
}

fn open(path: &Path) -> DynamicImage {
    image::open(path).unwrap()
}

/// The recipe of a picture, from `info --json`.
fn recipe(workplace: &Workplace, name: &str) -> serde_json::Value {
    workplace.run(&["info", name, "--json"]).succeeded().output_json()
}

#[test]
fn every_kind_of_network_enlarges_two_and_four_times() {
    let workplace = workplace();
    pattern(21, 17).save(workplace.join("photo.png")).unwrap();
    for network in
        ["compact-x4.safetensors", "compact-x2.safetensors", "residual-x4.pth", "residual-x2.pth", "lanczos", "crisp"]
    {
        for times in [2, 4] {
            let line = format!("upscale photo.png -x {times} --upscaler {network} -o {network}-{times}.png -q");
            let outcome = workplace.run(&words(&line)).succeeded();
            assert_eq!(outcome.output_text().trim(), format!("{network}-{times}.png"));
            let large = open(&workplace.join(format!("{network}-{times}.png")));
            assert_eq!((large.width(), large.height()), (21 * times, 17 * times), "{network}");
            assert!(!large.color().has_alpha());
        }
    }
    assert_ne!(workplace.read("compact-x4.safetensors-4.png"), workplace.read("lanczos-4.png"));
}

#[test]
fn all_formats_are_read_and_turned() {
    let workplace = workplace();
    let picture = DynamicImage::from(pattern(20, 10));
    for extension in ["png", "jpg", "webp", "gif", "bmp"] {
        picture.save(workplace.join(format!("{extension}.{extension}"))).unwrap();
        let line = format!("upscale {extension}.{extension} -x 2 -q");
        workplace.run(&words(&line)).succeeded();
        let large = open(&workplace.join(format!("{extension}-x2.png")));
        assert_eq!((large.width(), large.height()), (40, 20), "{extension}");
    }
}

#[test]
fn an_animated_gif_is_refused() {
    let workplace = workplace();
    workplace
        .run(&words(
            "apple --size 32x24 -n 12 --cutouts 1 --init-noise codes --learning-rate 0.5 -q -o 'my castle.gif'",
        ))
        .succeeded();
    let lines = workplace.refuses_somehow(&words("upscale 'my castle.gif' -x 2"));
    assert!(lines[0].contains("my castle.gif") && lines[0].contains("this GIF is animated"), "{lines:?}");
    let again = "text2art --from 'my castle.gif' --upscale 2 --gif";
    assert!(lines[1].contains("`text2art video`") && lines[1].ends_with(again), "{lines:?}");
    // One that another program made has no recipe, and another picture of the same command is not enlarged either.
    pattern(20, 10).save(workplace.join("photo.png")).unwrap();
    RgbImage::from_pixel(20, 10, Rgb([0, 90, 200])).save(workplace.join("plain.png")).unwrap();
    workplace.run(&words("morph photo.png plain.png -o morph.gif --length 2 -q")).succeeded();
    let lines = workplace.refuses_somehow(&words("upscale photo.png morph.gif -x 2"));
    assert!(lines[0].contains("morph.gif") && !lines[1].contains("--from"), "{lines:?}");
    // The command of the hint works.
    let outcome = workplace.run(&words("--from 'my castle.gif' --upscale 2 --gif -q -o large.png")).succeeded();
    assert_eq!(outcome.output_text(), "large.png\nlarge.gif\n");
}

/// Bytes must not depend on the number of threads, with several tiles (the picture is wider than a tile) or one.
#[test]
fn the_bytes_do_not_depend_on_threads() {
    let workplace = workplace();
    pattern(600, 9).save(workplace.join("wide.png")).unwrap();
    pattern(40, 30).save(workplace.join("small.png")).unwrap();
    for (name, network) in
        [("wide", "compact-x2.safetensors"), ("small", "residual-x4.pth"), ("small", "compact-x4.safetensors")]
    {
        let bytes = |threads: &str| {
            let line = format!("upscale {name}.png -x 2 --upscaler {network} --threads {threads} -o t.png --force -q");
            workplace.run(&words(&line)).succeeded();
            workplace.read("t.png")
        };
        assert!(bytes("1") == bytes("2"), "{network}");
    }
}

#[test]
fn tiles_are_counted() {
    let workplace = workplace();
    pattern(1100, 8).save(workplace.join("wide.png")).unwrap();
    let line = "upscale wide.png -x 2 --upscaler compact-x2.safetensors --progress json";
    let events = workplace.run(&words(line)).succeeded().events();
    let kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(events[0]["tiles"], 3);
    assert_eq!(kinds, ["enlarging", "enlarged", "enlarged", "enlarged", "saved"]);
}

#[test]
fn names_of_several_pictures() {
    let workplace = workplace();
    std::fs::create_dir(workplace.join("other")).unwrap();
    for name in ["a.png", "b.png", "other/a.png"] {
        pattern(6, 5).save(workplace.join(name)).unwrap();
    }
    let run = |line: &str| workplace.run(&words(line)).succeeded().output_text().to_owned();
    assert_eq!(run("upscale a.png b.png other/a.png -x 2 -q"), "a-x2.png\nb-x2.png\nother/a-x2.png\n");
    assert_eq!(run("upscale a.png -q"), "a-x4.png\n");
    // Existing pictures are kept, as in a batch, unless they may be replaced.
    assert_eq!(run("upscale a.png b.png -x 2 -q"), "a-x2-2.png\nb-x2-2.png\n");
    assert_eq!(run("upscale a.png b.png -x 2 -q --force"), "a-x2.png\nb-x2.png\n");
    assert_eq!(run("upscale a.png other/a.png -x 2 -o other -q"), "other/a-x2-2.png\nother/a-x2-3.png\n");
    assert_eq!(run("upscale a.png b.png -o large-{name}.png -q"), "large-a.png\nlarge-b.png\n");
    workplace.refuses(&words("upscale a.png b.png -o one.png"), &["2 pictures cannot have one name"]);
    workplace.refuses(&words("upscale a.png -o b.png"), &["b.png", "already exists"]);
    workplace.refuses(&words("upscale a.png none.png"), &["none.png", "not found"]);
    workplace.refuses(&words("upscale a.png -o a.bmp"), &["unsupported file type"]);
}

/// One damaged picture does not keep the others from being enlarged.
#[test]
fn a_damaged_picture_is_reported_and_the_others_continue() {
    let workplace = workplace();
    pattern(60, 50).save(workplace.join("good.png")).unwrap();
    let bytes = workplace.read("good.png");
    workplace.write("bad.png", &bytes[..bytes.len() / 2]);
    let outcome = workplace.run(&words("upscale bad.png good.png -x 2 -q"));
    assert!(outcome.code != Some(0) && outcome.errors.contains("bad.png"), "{}", outcome.errors);
    assert_eq!(outcome.output_text(), "good-x2.png\n");
    assert!(!workplace.join("bad-x2.png").exists());
}

#[test]
fn transparency_is_kept() {
    let workplace = workplace();
    let clear = |x: u32, _| if x < 10 { Rgba([200, 100, 50, 255]) } else { Rgba([0, 0, 0, 0]) };
    RgbaImage::from_fn(20, 12, clear).save(workplace.join("clear.png")).unwrap();
    for upscaler in ["lanczos", "crisp", "compact-x2.safetensors", "nearest"] {
        let line = format!("upscale clear.png -x 2 --upscaler {upscaler} -o large.png --force -q");
        workplace.run(&words(&line)).succeeded();
        let large = open(&workplace.join("large.png"));
        assert!(large.color().has_alpha(), "{upscaler}");
        let large = large.into_rgba8();
        assert_eq!((large.dimensions(), large.get_pixel(2, 2).0[3]), ((40, 24), 255), "{upscaler}");
        assert_eq!(large.get_pixel(37, 20).0, [0; 4], "{upscaler}");
        let edge = large.pixels().any(|pixel| (1..255).contains(&pixel.0[3]));
        assert_eq!(edge, upscaler != "nearest", "{upscaler}");
    }
}

/// Pictures of the embedded model are saved four times as large as they are drawn, unless somebody asks for a size.
#[test]
fn the_embedded_model_saves_larger_pictures_than_it_draws() {
    let workplace = workplace();
    for (options, drawn, saved) in [
        ("", "128x128", (512, 512)),
        ("--quality draft", "64x64", (256, 256)),
        ("--aspect 2:1 --quality draft", "88x48", (352, 192)),
        ("--upscale 2", "128x128", (256, 256)),
        ("--upscale 1", "128x128", (128, 128)),
        ("--size 48x40", "48x40", (48, 40)),
        ("--size 48x40 --upscale 3", "48x40", (144, 120)),
    ] {
        workplace.run(&words(&format!("apple -n 0 -q --force -o apple.png {options}"))).succeeded();
        let picture = open(&workplace.join("apple.png"));
        assert_eq!((picture.width(), picture.height()), saved, "{options}");
        let found = recipe(&workplace, "apple.png");
        assert_eq!(found["settings"]["size"], drawn, "{options}");
        let is_enlarged = picture.width() > 128 || options.contains("upscale 3");
        assert_eq!(found["settings"]["upscaler"], if is_enlarged { "crisp".into() } else { serde_json::Value::Null });
        workplace.run(&words("--from apple.png -q --force -o again.png")).succeeded();
        assert!(workplace.read("again.png") == workplace.read("apple.png"), "{options}");
    }
    // Edges are steeper than Lanczos's filter leaves them.
    let steepest = |upscaler: &str| {
        let line = format!("apple -n 0 -q --force -o apple.png --upscaler {upscaler}");
        workplace.run(&words(&line)).succeeded();
        let picture = open(&workplace.join("apple.png")).into_luma8();
        let rows = picture.rows().map(|row| {
            let row: Vec<u8> = row.map(|pixel| pixel[0]).collect();
            row.windows(2).map(|pair| u32::from(pair[0].abs_diff(pair[1]))).max().unwrap()
        });
        rows.sum::<u32>()
    };
    assert!(steepest("crisp") > 2 * steepest("lanczos"));
    // A size in a configuration file is asked for as well; few colors are enlarged without new ones.
    workplace.write("own.toml", "size = \"48x40\"\n");
    workplace.run(&words("apple -n 0 -q --config own.toml --force -o apple.png")).succeeded();
    assert_eq!(open(&workplace.join("apple.png")).width(), 48);
    workplace.run(&words("apple -n 0 -q --palette pico-8 --force -o apple.png")).succeeded();
    assert_eq!(recipe(&workplace, "apple.png")["settings"]["upscaler"], "nearest");
    workplace.run(&words("apple -n 0 -q --pixel-art --force -o apple.png")).succeeded();
    assert_eq!(recipe(&workplace, "apple.png")["settings"]["upscale"], serde_json::Value::Null);
}

/// The recipe of an enlarged picture draws the enlarged picture: drawing and enlarging apart or together is the same.
#[test]
fn the_recipe_draws_the_enlarged_picture() {
    let workplace = workplace();
    workplace.run(&words(&format!("{SMALL} -o apple.png"))).succeeded();
    for upscaler in ["lanczos", "compact-x4.safetensors"] {
        workplace
            .run(&words(&format!("upscale apple.png -x 2 --upscaler {upscaler} -o large.png --force -q")))
            .succeeded();
        let found = recipe(&workplace, "large.png");
        assert_eq!((&found["settings"]["upscale"], &found["settings"]["upscaler"]), (&2.into(), &upscaler.into()));
        assert_eq!(found["settings"]["size"], "32x24");
        let roles: Vec<_> =
            found["models"].as_array().unwrap().iter().map(|model| model["role"].as_str().unwrap()).collect();
        assert_eq!(roles.contains(&"upscaler"), upscaler != "lanczos", "{roles:?}");
        workplace.run(&words("--from large.png -o again.png --force -q")).succeeded();
        assert!(workplace.read("again.png") == workplace.read("large.png"), "{upscaler}");
        let together = format!("{SMALL} --upscale 2 --upscaler {upscaler} -o together.png --force");
        workplace.run(&words(&together)).succeeded();
        assert!(workplace.read("together.png") == workplace.read("large.png"), "{upscaler}");
    }
    // The recipe can also be drawn as it was.
    workplace.run(&words("--from large.png --upscale 1 -o small.png -q")).succeeded();
    assert!(workplace.read("small.png") == workplace.read("apple.png"));
    // A recipe knows one enlargement.
    let outcome = workplace.run(&words("upscale large.png -x 2 -o larger.png")).succeeded();
    assert!(outcome.errors.contains("was enlarged before"), "{}", outcome.errors);
    assert_eq!(open(&workplace.join("larger.png")).width(), 128);
}

/// Cells keep their edges, and pictures of few colors get no new ones.
#[test]
fn cells_are_enlarged_without_blur() {
    let workplace = workplace();
    let options = "--pixel-size 8x6 --drawer pixel --transparent";
    workplace.run(&words(&format!("{SMALL} {options} -o cells.png"))).succeeded();
    workplace.run(&words(&format!("{SMALL} --palette pico-8 -o few.png"))).succeeded();
    for name in ["cells", "few"] {
        let line = format!("upscale {name}.png -x 2 --upscaler compact-x2.safetensors");
        let outcome = workplace.run(&words(&line)).succeeded();
        assert!(outcome.errors.contains("pixels are repeated"), "{}", outcome.errors);
        let (small, large) =
            (open(&workplace.join(format!("{name}.png"))), open(&workplace.join(format!("{name}-x2.png"))));
        let (small, large) = (small.into_rgba8(), large.into_rgba8());
        assert_eq!(large.dimensions(), (64, 48));
        assert!(large.enumerate_pixels().all(|(x, y, pixel)| pixel == small.get_pixel(x / 2, y / 2)), "{name}");
        assert_eq!(recipe(&workplace, &format!("{name}-x2.png"))["settings"]["upscaler"], "nearest");
        workplace.run(&words(&format!("--from {name}.png --upscale 2 -o again.png --force -q"))).succeeded();
        assert!(workplace.read("again.png") == workplace.read(&format!("{name}-x2.png")), "{name}");
    }
}

/// Movies and folders of frames show enlarged pictures; an SVG has no pixels and stays as it is.
#[test]
fn every_file_of_a_run_is_enlarged() {
    let workplace = workplace();
    let line = format!("{SMALL} -n 2 --upscale 2 --upscaler compact-x2.safetensors --gif --frames frames -o apple.png");
    workplace.run(&words(&line)).succeeded();
    for name in ["apple.png", "apple.gif"] {
        assert_eq!(open(&workplace.join(name)).width(), 64, "{name}");
    }
    let frames = workplace.files_in("frames");
    assert!(frames.len() >= 2 && frames.iter().all(|frame| open(frame).width() == 64), "{frames:?}");
    let svg = |upscale: &str, name: &str| {
        let line = format!("{SMALL} --drawer pixel --pixel-size 8x6 {upscale} -o {name}.png --svg {name}.svg");
        workplace.run(&words(&line)).succeeded();
        workplace.read(&format!("{name}.svg"))
    };
    assert!(svg("--upscale 4", "large") == svg("", "small"));
}

#[test]
fn a_batch_enlarges_and_knows_what_is_done() {
    let workplace = workplace();
    workplace.write("prompts.txt", "an apple\na pear -- --upscale 4\n");
    let line = "batch prompts.txt --size 32x24 -n 1 --cutouts 1 --upscale 2 --upscaler lanczos -q";
    let first = workplace.run(&words(line)).succeeded();
    let names: Vec<_> = first.output_text().lines().map(str::to_owned).collect();
    let widths: Vec<_> = names.iter().map(|name| open(&workplace.join(name)).width()).collect();
    assert_eq!(widths, [64, 128]);
    let before: Vec<_> =
        names.iter().map(|name| workplace.join(name).metadata().unwrap().modified().unwrap()).collect();
    workplace.run(&words(line)).succeeded();
    let after: Vec<_> = names.iter().map(|name| workplace.join(name).metadata().unwrap().modified().unwrap()).collect();
    assert_eq!(before, after);
}

#[test]
fn a_resumed_run_is_enlarged() {
    let workplace = workplace();
    let upscaled = "--upscale 2 --upscaler compact-x2.safetensors";
    let whole = format!("apple --size 32x24 -n 4 --cutouts 1 --seed 3 -q {upscaled} -o whole.png --gif");
    workplace.run(&words(&whole)).succeeded();
    let part = format!(
        "apple --size 32x24 -n 4 --stop-at 2 --cutouts 1 --seed 3 -q {upscaled} -o part.png --gif --checkpoint-every 1"
    );
    workplace.run(&words(&part)).succeeded();
    workplace.run(&words("resume part.png.t2a -n 4 -q")).succeeded();
    assert_eq!(open(&workplace.join("part.png")).width(), 64);
    let pixels = |name: &str| open(&workplace.join(name)).into_rgb8();
    assert!(pixels("part.png") == pixels("whole.png"));
}

/// A weight file of zeros with these tensors.
fn weights(workplace: &Workplace, name: &str, tensors: &[(&str, &[usize])]) {
    let zeros = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
    let tensors: HashMap<_, _> = tensors.iter().map(|(name, shape)| ((*name).to_owned(), zeros(shape))).collect();
    candle_core::safetensors::save(&tensors, workplace.join(name)).unwrap();
}

#[test]
fn files_that_are_no_upscalers_say_why() {
    let workplace = workplace();
    pattern(6, 5).save(workplace.join("photo.png")).unwrap();
    workplace.write("text.pth", "hello");
    weights(&workplace, "other.safetensors", &[("layer.weight", &[3, 3])]);
    weights(&workplace, "flat.safetensors", &[("body.0.weight", &[8, 3])]);
    weights(&workplace, "short.safetensors", &[("body.0.weight", &[8, 3, 3, 3]), ("body.2.weight", &[8, 8, 3, 3])]);
    let three: &[(&str, &[usize])] = &[("body.0.weight", &[8, 3, 3, 3]), ("body.4.weight", &[27, 8, 3, 3])];
    weights(&workplace, "three.safetensors", three);
    weights(&workplace, "wide.safetensors", &[("conv_first.weight", &[8, 48, 3, 3])]);
    weights(&workplace, "bare.safetensors", &[("conv_first.weight", &[8, 3, 3, 3])]);
    let deep: &[(&str, &[usize])] = &[("conv_first.weight", &[8, 3, 3, 3]), ("body.999999999.rdb1.conv1.weight", &[1])];
    weights(&workplace, "deep.safetensors", deep);
    let part: &[(&str, &[usize])] =
        &[("conv_first.weight", &[8, 3, 3, 3]), ("body.0.rdb1.conv1.weight", &[4, 8, 3, 3])];
    weights(&workplace, "part.safetensors", part);
    for (file, words) in [
        ("text.pth", "is a text file, not weights"),
        ("other.safetensors", "it has neither conv_first.weight nor body.0.weight"),
        ("flat.safetensors", "body.0.weight has the shape [8, 3]"),
        ("short.safetensors", "its layers end with body.2"),
        ("three.safetensors", "it enlarges 3 times"),
        ("wide.safetensors", "takes 48 channels"),
        ("bare.safetensors", "it has no tensor body.0.rdb1.conv1.weight"),
        ("deep.safetensors", "blocks; expected at most 64"),
        ("part.safetensors", "missing (conv_first.bias"),
        ("none.pth", "none.pth"),
        ("vit-b32", "this model is for --clip"),
        ("realesrgan-x4pluss", "realesrgan-x4plus"),
        ("embedded", "no embedded upscaler"),
    ] {
        let lines = workplace.refuses_somehow(&["upscale", "photo.png", "--upscaler", file, "--offline"]);
        assert!(lines.iter().any(|line| line.contains(words)), "{file}: {lines:?}");
        let lines = workplace.refuses_somehow(&["apple", "--upscale", "2", "--upscaler", file, "--offline"]);
        assert!(lines.iter().any(|line| line.contains(words)), "{file}: {lines:?}");
    }
}

#[test]
fn memory_is_checked_before_any_work() {
    let workplace = workplace();
    pattern(400, 300).save(workplace.join("photo.png")).unwrap();
    let line = "upscale photo.png --upscaler residual-x4.pth --max-memory 64M";
    workplace.refuses(&words(line), &["photo.png (400x300 pixels)", "--max-memory allows 64"]);
    // A dry run counts what enlarging takes.
    let estimate = |more: &str| workplace.estimate(&words(&format!("apple --size 256x256 -n 1 --cutouts 1 {more}")));
    assert!(estimate("--upscale 4 --upscaler residual-x4.pth") > estimate(""));
}

/// Ctrl-C ends the work after a tile, and leaves no part of a file.
#[cfg(unix)]
#[test]
fn an_interrupted_picture_leaves_nothing() {
    let workplace = workplace();
    pattern(2000, 1500).save(workplace.join("photo.png")).unwrap();
    let mut command = workplace.command();
    command.args(["upscale", "photo.png", "--upscaler", "residual-x4.pth", "--progress", "json"]);
    let mut running = Running::start(&mut command);
    running.wait_for_lines("\"enlarged\"", 1);
    running.signal("INT");
    let outcome = running.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    let mut names: Vec<_> =
        workplace.files_in("").into_iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    names.retain(|name| name.to_string_lossy().contains("photo"));
    assert_eq!(names, ["photo.png"]);
}
