//! Pictures with transparent cells, as a user makes and sees them.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use crate::common;

use std::collections::BTreeSet;

use common::movie::Movie;
use common::program::{Workplace, finish};
use image::RgbaImage;

/// A picture of cells of four pixels.
const SMALL: [&str; 10] =
    ["a red apple", "--transparent", "--drawer", "pixel", "--size", "64x64", "--pixel-size", "16x16", "-q", "--force"];
/// The bytes of a PNG's kind of colour (third edition, 11.2.1): with alpha, and with a table.
const RGBA: u8 = 6;
const INDEXED: u8 = 3;

fn picture(workplace: &Workplace, name: &str) -> RgbaImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgba8()
}

fn draw(workplace: &Workplace, arguments: &[&str]) -> RgbaImage {
    workplace.run(&[&SMALL[..], arguments, &["-o", "p.png"]].concat()).succeeded();
    picture(workplace, "p.png")
}

/// How much of a picture cannot be seen, as a share.
fn hidden(picture: &RgbaImage) -> f64 {
    let hidden = picture.pixels().filter(|pixel| pixel[3] == 0).count();
    hidden as f64 / f64::from(picture.width() * picture.height())
}

/// Whether something of a picture can be seen and something not.
fn is_mixed(picture: &RgbaImage) -> bool {
    println!("{:.2} is hidden", hidden(picture));
    (0.05..0.95).contains(&hidden(picture))
}

/// The colours that can be seen.
fn colours(picture: &RgbaImage) -> BTreeSet<[u8; 3]> {
    let seen = picture.pixels().filter(|pixel| pixel[3] > 0);
    seen.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

/// The colours that `text2art palettes` says a name stands for.
fn palette(workplace: &Workplace, name: &str) -> BTreeSet<[u8; 3]> {
    let shown = workplace.run(&["palettes", name]).succeeded();
    let byte = |line: &str, at: usize| u8::from_str_radix(&line[2 * at..2 * at + 2], 16).unwrap();
    shown.output_text().lines().map(|line| [0, 1, 2].map(|at| byte(line, at))).collect()
}

fn is_indexed(workplace: &Workplace, name: &str) -> bool {
    let bytes = workplace.read(name);
    assert!([RGBA, INDEXED].contains(&bytes[25]), "{name}: {}", bytes[25]);
    let has_alphas = bytes.windows(4).any(|bytes| bytes == b"tRNS");
    assert_eq!(has_alphas, bytes[25] == INDEXED, "{name}");
    has_alphas
}

/// The background goes, the apple stays, whatever the seed, and the more the stronger cells are pulled out of sight.
#[test]
fn cells_vanish_whole() {
    let workplace = Workplace::new();
    for seed in ["1", "2", "3"] {
        let [weak, default, strong] = [&["--alpha-weight", "0"][..], &[], &["--alpha-weight", "0.6"]].map(|weight| {
            let picture = draw(&workplace, &[&["-n", "60", "--seed", seed], weight].concat());
            for (x, y, pixel) in picture.enumerate_pixels() {
                assert!(pixel[3] == 255 || *pixel == image::Rgba([0; 4]), "{pixel:?}");
                assert_eq!(pixel, picture.get_pixel(x / 4 * 4, y / 4 * 4), "{x}, {y}");
            }
            hidden(&picture)
        });
        println!("seed {seed}: {weak:.2}, {default:.2}, {strong:.2} are hidden");
        // A small weight changes which cells vanish more than how many.
        assert!(weak < default + 0.1 && default < strong, "{weak}, {default}, {strong}");
        assert!((0.1..0.8).contains(&default) && weak < strong, "{weak}, {default}, {strong}");
    }
}

#[test]
fn what_is_seen_is_of_the_palette() {
    let workplace = Workplace::new();
    let known = palette(&workplace, "pico-8");
    for shape in ["rect", "shift", "hex", "tri", "diamond", "knit"] {
        for dither in ["none", "floyd-steinberg", "bayer4"] {
            let line = [
                "-n",
                "12",
                "--palette",
                "pico-8",
                "--alpha-weight",
                "0.4",
                "--learning-rate",
                "0.2",
                "--cutouts",
                "4",
            ];
            let picture = draw(&workplace, &[&line[..], &["--pixel-shape", shape, "--dither", dither]].concat());
            assert!(colours(&picture).is_subset(&known), "{shape}, {dither}: {:?}", colours(&picture));
            assert!(is_indexed(&workplace, "p.png"), "{shape}, {dither}");
            assert!(is_mixed(&picture), "{shape}, {dither}");
            let soft = picture.pixels().any(|pixel| ![0, 255].contains(&pixel[3]));
            assert_eq!(soft, !["rect", "shift"].contains(&shape), "{shape}: only slanted edges are soft");
        }
    }
    // Colours of its own are those of what is seen.
    let own = draw(
        &workplace,
        &["-n", "12", "--colors", "3", "--alpha-weight", "0.8", "--learning-rate", "0.2", "--pixel-zoom", "1"],
    );
    assert!(is_indexed(&workplace, "p.png") && own.dimensions() == (16, 16) && is_mixed(&own));
    assert!((2..=3).contains(&colours(&own).len()), "{:?}", colours(&own));
    draw(&workplace, &["-n", "2", "--pixel-shape", "hex"]);
    assert!(!is_indexed(&workplace, "p.png"));
}

#[test]
fn a_run_goes_on_and_is_made_again() {
    let workplace = Workplace::new();
    let line = [
        &SMALL[..],
        &["-n", "12", "--colors", "4", "--cutouts", "2", "--alpha-weight", "0.8", "--learning-rate", "0.2"],
    ]
    .concat();
    workplace.run(&[&line[..], &["-o", "whole.png", "--svg", "whole.svg"]].concat()).succeeded();
    let whole = workplace.read("whole.png");
    assert!(is_mixed(&picture(&workplace, "whole.png")));
    let part = ["--checkpoint-every", "3", "-o", "part.png", "--svg", "part.svg"];
    workplace.run(&[&line[..], &part, &["--stop-at", "7"]].concat()).succeeded();
    workplace.run(&["resume", "part.png.t2a", "-n", "12", "-q", "--force"]).succeeded();
    assert!(picture(&workplace, "part.png") == picture(&workplace, "whole.png"));
    assert!(workplace.read("part.svg") == workplace.read("whole.svg"));
    workplace.run(&["--from", "whole.png", "-q", "-o", "from.png", "--threads", "1"]).succeeded();
    assert!(workplace.read("from.png") == whole);
    workplace.write("lines.txt", "a red apple\n");
    let files = ["batch", "lines.txt", "-q", "-o", "batch.png", "--contact-sheet", "sheet.png"];
    workplace.run(&[&files, &line[1..8], &line[10..]].concat()).succeeded();
    assert!(picture(&workplace, "batch.png") == picture(&workplace, "whole.png"));
    // What is on the sheet can be seen all over.
    assert_eq!(picture(&workplace, "sheet.png").get_pixel(0, 0)[3], 255);
}

/// The SVG as resvg shows it: where the picture is seen, and of the same colours.
#[test]
fn an_svg_leaves_out_what_vanished() {
    const SIZE: (u32, u32) = (192, 160);
    let workplace = Workplace::new();
    for shape in ["rect", "hex"] {
        let cells = ["--drawer", "pixel", "--size", "192x160", "--pixel-size", "12x10", "--pixel-shape", shape, "-q"];
        let files = ["--force", "-o", "p.png", "--svg", "p.svg"];
        let line = ["a red apple", "-n", "12", "--transparent", "--alpha-weight", "1.5", "--learning-rate", "0.2"];
        workplace.run(&[&line[..], &["--cutouts", "4"], &cells, &files].concat()).succeeded();
        let picture = picture(&workplace, "p.png");
        let tree = resvg::usvg::Tree::from_data(&workplace.read("p.svg"), &resvg::usvg::Options::default()).unwrap();
        let mut shown = resvg::tiny_skia::Pixmap::new(SIZE.0, SIZE.1).unwrap();
        resvg::render(&tree, resvg::tiny_skia::Transform::default(), &mut shown.as_mut());
        let differs = |(one, other): &(&resvg::tiny_skia::PremultipliedColorU8, &image::Rgba<u8>)| {
            let one = one.demultiply();
            let colours = [one.red(), one.green(), one.blue()].into_iter().zip(other.0);
            one.alpha().abs_diff(other[3]) > 2 || colours.into_iter().any(|(one, other)| one.abs_diff(other) > 2)
        };
        let (all, different) = (SIZE.0 * SIZE.1, shown.pixels().iter().zip(picture.pixels()).filter(differs).count());
        println!("{shape}: {different} of {all} pixels differ");
        // Of hexagons those at edges, which reach half a pixel farther.
        assert!(different <= if shape == "rect" { 0 } else { all as usize / 6 }, "{shape}: {different}");
        assert!(is_mixed(&picture));
    }
}

/// Moving pictures have what is left over white; frames in a folder are transparent, as the picture is.
#[test]
fn what_moves_is_over_white() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.join("cutouts")).unwrap();
    let files = ["--gif", "--mp4", "--frames", "frames", "--save-every", "4", "--save-cutouts", "cutouts"];
    let line = [
        "-n",
        "8",
        "--learning-rate-drops",
        "none",
        "--init-noise",
        "none",
        "--palette",
        "pico-8",
        "--alpha-weight",
        "0.4",
        "--learning-rate",
        "0.2",
        "--cutouts",
        "4",
    ];
    let last = draw(&workplace, &[&line[..], &files].concat());
    assert!(is_mixed(&last));
    let mut known = palette(&workplace, "pico-8");
    known.insert([255; 3]);
    let movie = Movie::of_gif(&workplace.join("p.gif"));
    for (frame, _) in &movie.frames {
        let seen: BTreeSet<_> = frame.pixels().map(|pixel| pixel.0).collect();
        assert!(seen.is_subset(&known), "{seen:?}");
    }
    let (shown, _) = movie.frames.last().unwrap();
    for (pixel, expected) in shown.pixels().zip(last.pixels()) {
        let expected = if expected[3] == 0 { [255; 3] } else { [expected[0], expected[1], expected[2]] };
        assert_eq!(pixel.0, expected);
    }
    assert!(picture(&workplace, "frames/000008.png") == last);
    assert!(!Movie::of_mp4(&workplace.join("p.mp4")).frames.is_empty());
}

#[test]
fn a_terminal_shows_it() {
    let workplace = Workplace::new();
    let mut command = workplace.command_of("script");
    let program = common::program::BINARY;
    let line =
        "apple --transparent --drawer pixel --size 32x32 --cutouts 1 -n 3 --alpha-weight 9 -o p.png --preview blocks";
    command.args(["-qec", &format!("stty rows 24 cols 80; exec {program} {line}"), "/dev/null"]);
    command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor");
    // Where util-linux's `script` is missing nothing is seen.
    if command.output().is_err() {
        return;
    }
    std::fs::remove_file(workplace.join("p.png")).unwrap();
    let seen = String::from_utf8(finish(&mut command).succeeded().output).unwrap();
    assert!(seen.contains("\u{1b}[38;2;"), "{seen:?}");
}
