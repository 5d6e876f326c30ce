//! `--tile`: opposite edges of a picture continue each other, whatever draws it and however it is enlarged.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use crate::common;

use common::program::{Workplace, words};
use image::RgbImage;

/// What every run has.
const SHORT: &str = "-n 4 --cutouts 2 -q --force";

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8()
}

fn draw(workplace: &Workplace, line: &str) {
    workplace.run(&words(line)).succeeded();
}

/// Mean differences of neighboring columns of a picture.
struct Differences {
    /// Across the seam on the right
    seam: f64,
    /// Between columns of the picture, on average
    usual: f64,
    /// The largest one between columns of the picture
    largest: f64,
}

/// The differences of columns, with the copy on the right `drop` rows lower. Inside, each `step`-th is looked at.
fn across(picture: &RgbImage, drop: u32, step: u32) -> Differences {
    let (width, height) = picture.dimensions();
    let apart = |left: u32, right: u32, drop: u32| {
        let bytes = (0..height).flat_map(|y| {
            let (one, other) = (picture.get_pixel(left, y).0, picture.get_pixel(right, (y + drop) % height).0);
            (0..3).map(move |channel| f64::from(one[channel].abs_diff(other[channel])))
        });
        bytes.sum::<f64>() / f64::from(3 * height)
    };
    let inside: Vec<f64> = (1..width).filter(|x| x.is_multiple_of(step)).map(|x| apart(x - 1, x, 0)).collect();
    Differences {
        seam: apart(width - 1, 0, drop),
        usual: inside.iter().sum::<f64>() / inside.len() as f64,
        largest: inside.into_iter().fold(0.0, f64::max),
    }
}

/// The same of rows.
fn down(picture: &RgbImage, step: u32) -> Differences {
    across(&image::imageops::rotate90(picture), 0, step)
}

/// How much larger than all differences inside a seam may be: among the rows where codes or cells meet, each is the largest
/// now and then. Seams of other pictures are several times as large.
const CHANCE: f64 = 1.5;

/// Checks the seams of a picture that is tiled. Cells are compared with cells, which begin at each `step`-th pixel.
fn check_seams(picture: &RgbImage, tile: &str, step: u32, what: &str) {
    let drop = if tile == "half-drop" { picture.height() / 2 } else { 0 };
    if tile != "y" {
        let Differences { seam, largest, .. } = across(picture, drop, step);
        assert!(seam <= CHANCE * largest, "{what}, {tile}: {seam} at the seam, at most {largest} inside");
    }
    if tile != "x" {
        let Differences { seam, largest, .. } = down(picture, step);
        assert!(seam <= CHANCE * largest, "{what}, {tile}: {seam} at the seam below, at most {largest} inside");
    }
}

/// What draws, at odd sizes, and the distance of cells.
const DRAWERS: [(&str, &str, u32); 8] = [
    ("--init-noise codes", "45x38", 1),
    ("--init-noise fractal", "33x50", 1),
    ("", "45x38", 1),
    ("--drawer pixel --pixel-size 9x8 --init-noise fractal", "45x40", 5),
    ("--drawer pixel --pixel-shape hex --init-noise fractal", "45x38", 1),
    ("--drawer strokes --strokes 60 --init-noise codes", "45x38", 1),
    ("--drawer line", "45x38", 1),
    ("--drawer fft --init-noise gradient --sharpness 0.1", "45x38", 1),
];

#[test]
fn edges_continue_each_other_for_every_drawer() {
    let workplace = Workplace::new();
    for (options, size, step) in DRAWERS {
        for tile in ["x", "y", "both", "half-drop"] {
            draw(&workplace, &format!("a castle {options} --size {size} --tile {tile} {SHORT} -o p.png"));
            let picture = picture(&workplace, "p.png");
            let (width, height) = size.split_once('x').unwrap();
            assert_eq!(picture.dimensions(), (width.parse().unwrap(), height.parse().unwrap()));
            check_seams(&picture, tile, step, options);
        }
    }
    // An odd height as well, of which no half is a whole number of rows.
    draw(&workplace, &format!("a castle --init-noise codes --size 37x29 --tile both {SHORT} -o p.png"));
    check_seams(&picture(&workplace, "p.png"), "both", 1, "37x29");
}

/// Drawn pictures, at an odd size: no seam stands out of its picture, and seams are usually no stronger than what is inside.
#[test]
fn seams_are_no_stronger_than_what_is_inside() {
    let workplace = Workplace::new();
    let drawers = [("vqgan", 1), ("pixel --pixel-size 15x13", 5), ("strokes --strokes 60", 1), ("line", 1), ("fft", 1)];
    for (drawer, step) in drawers {
        let (mut seams, mut usual) = (0.0, 0.0);
        for prompt in ["a meadow", "a castle", "roses", "a forest"] {
            let line = format!("{prompt} --drawer {drawer} --size 75x65 --tile both --upscale 1 {SHORT} -o p.png");
            draw(&workplace, &line);
            let picture = picture(&workplace, "p.png");
            for found in [across(&picture, 0, step), down(&picture, step)] {
                assert!(found.seam <= found.largest, "{prompt}, {drawer}: {} > {}", found.seam, found.largest);
                seams += found.seam;
                usual += found.usual;
            }
        }
        assert!(seams <= usual, "{drawer}: {seams} at all seams, {usual} inside");
    }
}

/// The measure of these tests tells a tile from a picture that is none.
#[test]
fn edges_of_other_pictures_do_not() {
    let workplace = Workplace::new();
    for options in ["--init-noise codes", "--init-noise fractal", "--drawer fft --init-noise gradient"] {
        draw(&workplace, &format!("a castle {options} --size 45x38 {SHORT} -o p.png"));
        let picture = picture(&workplace, "p.png");
        let [columns, rows] = [across(&picture, 0, 1), down(&picture, 1)];
        let apart = |found: &Differences| found.seam > 2.0 * found.largest;
        assert!(apart(&columns) || apart(&rows), "{options}");
    }
}

#[test]
fn enlarging_keeps_the_edges() {
    let workplace = Workplace::new();
    for tile in ["x", "both", "half-drop"] {
        let line = format!("a castle --init-noise codes --size 48x32 --tile {tile} {SHORT}");
        draw(&workplace, &format!("{line} -o small.png"));
        for upscaler in ["crisp", "lanczos"] {
            draw(&workplace, &format!("{line} --upscale 3 --upscaler {upscaler} -o large.png"));
            let large = picture(&workplace, "large.png");
            assert_eq!(large.dimensions(), (144, 96));
            check_seams(&large, tile, 1, upscaler);
            // The verb knows from the recipe that the picture is a tile.
            draw(&workplace, &format!("upscale small.png -x 3 --upscaler {upscaler} -o again.png --force"));
            assert!(large == picture(&workplace, "again.png"), "{upscaler} {tile}");
        }
        let line =
            format!("a castle --init-noise codes --size 72x48 --hires 1.5 --tile {tile} -n 5 --cutouts 2 -q --force");
        draw(&workplace, &format!("{line} --upscale 2 -o hires.png"));
        check_seams(&picture(&workplace, "hires.png"), tile, 1, "--hires");
    }
}

#[test]
fn a_start_is_made_to_continue() {
    let workplace = Workplace::new();
    RgbImage::from_fn(50, 40, |x, y| image::Rgb([u8::try_from(5 * x).unwrap(), u8::try_from(6 * y).unwrap(), 90]))
        .save(workplace.join("start.png"))
        .unwrap();
    for drawer in ["vqgan", "pixel --pixel-size 50x40", "strokes", "fft"] {
        let line = format!("a castle --drawer {drawer} --init-image start.png --size 50x40 -n 0 -q --force");
        for tile in ["both", "half-drop"] {
            draw(&workplace, &format!("{line} --tile {tile} -o p.png"));
            check_seams(&picture(&workplace, "p.png"), tile, 1, drawer);
        }
    }
}

#[test]
fn the_same_bytes_come_again() {
    let workplace = Workplace::new();
    for drawer in ["vqgan", "pixel --pixel-shape tri --smoothness 0.5 --transparent", "strokes", "fft"] {
        let line = format!("a castle --drawer {drawer} --size 46x38 --tile half-drop --tile-proof {SHORT}");
        draw(&workplace, &format!("{line} --threads 1 -o one.png"));
        draw(&workplace, &format!("{line} --threads 7 -o seven.png"));
        assert!(workplace.read("one.png") == workplace.read("seven.png"), "{drawer}");
        draw(&workplace, "--from one.png -o from.png -q --force");
        assert!(workplace.read("one.png") == workplace.read("from.png"), "{drawer}");
        draw(&workplace, &format!("{line} --stop-at 2 --checkpoint-every 2 -o part.png"));
        draw(&workplace, "resume part.png.t2a -n 4 -q --force");
        for end in ["png", "tile.png"] {
            let (whole, part) = (format!("one.{end}"), format!("part.{end}"));
            assert!(picture(&workplace, &whole) == picture(&workplace, &part), "{drawer}: {end}");
        }
    }
}

#[test]
fn a_proof_shows_copies() {
    let workplace = Workplace::new();
    let line = format!("a castle --size 32x24 --upscale 2 {SHORT}");
    for (tile, width, height) in [("x", 128, 48), ("y", 64, 96), ("both", 128, 96), ("half-drop", 128, 96)] {
        draw(&workplace, &format!("{line} --tile {tile} --tile-proof {tile}.png -o p.png"));
        let (own, proof) = (picture(&workplace, "p.png"), picture(&workplace, &format!("{tile}.png")));
        assert_eq!(proof.dimensions(), (width, height), "{tile}");
        let drop = if tile == "half-drop" { 24 } else { 0 };
        for (x, y, pixel) in proof.enumerate_pixels() {
            assert_eq!(pixel, own.get_pixel(x % 64, (y + x / 64 * drop) % 48), "{tile} {x} {y}");
        }
    }
    // Without a name, and in a batch.
    workplace.write("b.txt", "a castle -- --tile --tile-proof\na pear\n");
    draw(&workplace, "batch b.txt --size 32x24 -n 1 --cutouts 1 -q");
    assert_eq!(picture(&workplace, "a-castle-0.tile.png").dimensions(), (64, 48));
    assert!(!workplace.join("a-pear-0.tile.png").exists());
    // Its recipe draws the tile again.
    draw(&workplace, "--from a-castle-0.tile.png -o again.png -q");
    assert!(picture(&workplace, "again.png") == picture(&workplace, "a-castle-0.png"));
    workplace.refuses(&words("a castle --tile-proof -o q.png"), &["--tile-proof shows copies of a tile"]);
}

/// Strokes and waves go on at other sizes too; an SVG has the strokes that enter at the opposite edge.
#[test]
fn drawings_continue_at_every_size() {
    let workplace = Workplace::new();
    for drawer in ["strokes --strokes 40 --init-noise codes", "fft --init-noise codes"] {
        for tile in ["both", "half-drop"] {
            draw(&workplace, &format!("a castle --drawer {drawer} --size 45x38 --tile {tile} {SHORT} -o p.png"));
            draw(&workplace, "render p.png -x 3 -o large.png --force");
            check_seams(&picture(&workplace, "large.png"), tile, 1, drawer);
        }
    }
    let paths = |tile: &str| {
        let line =
            "a castle --drawer strokes --strokes 40 --init-noise codes --size 45x38 -n 0 -q --force -o s.png --svg";
        draw(&workplace, &format!("{line} {tile}"));
        String::from_utf8(workplace.read("s.svg")).unwrap().matches("<path").count()
    };
    let (alone, tiled) = (paths(""), paths("--tile"));
    assert!(tiled > alone, "{alone} strokes, {tiled} with their copies");
}

#[test]
fn what_cannot_be_a_tile_is_refused() {
    let workplace = Workplace::new();
    for (line, named) in [
        ("a castle --tile half-drop --size 64x33", "half-drop needs an even height"),
        ("a castle --tile half-drop --size 64x42 --hires 2", "drawn at 32x21"),
        ("a castle --drawer pixel --pixel-shape hex --pixel-size 9x9 --tile", "9x9 cells of --pixel-shape hex"),
        ("a castle --drawer pixel --pixel-size 9x9 --tile half-drop --size 64x64", "9x9 cells of --pixel-shape rect"),
        ("a castle --drawer pixel --pixel-shape tri --pixel-size 9x8 --tile x", "9x8 cells of --pixel-shape tri"),
    ] {
        workplace.refuses(&words(line), &[named]);
    }
    // Cells that nobody counted are made to fit.
    draw(&workplace, "a castle --drawer pixel --pixel-shape tri --tile half-drop --size 54x50 -n 0 -q -o p.png");
}

#[test]
fn a_recipe_is_drawn_without_its_tile_and_gets_none_from_a_configuration() {
    let workplace = Workplace::new();
    let line = "a castle --size 64x64 --cutouts 2 -n 2 --seed 3 -q";
    draw(&workplace, &format!("{line} --tile -o tile.png"));
    draw(&workplace, &format!("{line} -o plain.png"));
    let plain = workplace.read("plain.png");
    assert!(workplace.read("tile.png") != plain);
    draw(&workplace, "--from tile.png --tile none -q -o without.png");
    assert!(workplace.read("without.png") == plain);
    workplace.write("settings.toml", "tile = \"both\"\npalette = \"pico-8\"\nupscale = 2\nhires = 2.0\n");
    draw(&workplace, "--from plain.png --config settings.toml -q -o configured.png");
    assert!(workplace.read("configured.png") == plain);
    // The command line itself counts.
    draw(&workplace, "--from plain.png --config settings.toml --palette pico-8 -q -o colors.png");
    assert!(workplace.read("colors.png") != plain);
}
