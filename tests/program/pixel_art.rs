//! Pixel art as a user makes it: cells in the picture, the same bytes again, and prompts that are followed.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_possible_truncation)]

use crate::common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::PROMPTS;
use common::movie::Movie;
use common::program::{Workplace, words};
use image::RgbImage;

/// A small picture of cells.
const SMALL: [&str; 8] = ["--drawer", "pixel", "--size", "64x64", "--pixel-size", "16x16", "-q", "--force"];
const SHAPES: [&str; 6] = ["rect", "shift", "hex", "tri", "diamond", "knit"];

fn picture(workplace: &Workplace, name: &str) -> RgbImage {
    image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8()
}

fn draw(workplace: &Workplace, arguments: &[&str]) -> RgbImage {
    workplace.run(&[arguments, &["-o", "p.png"]].concat()).succeeded();
    picture(workplace, "p.png")
}

#[test]
fn rectangles_are_of_one_colour_and_of_whole_pixels() {
    let workplace = Workplace::new();
    let picture = draw(&workplace, &[&["a red apple", "-n", "3", "--cutouts", "2"][..], &SMALL].concat());
    assert_eq!(picture.dimensions(), (64, 64));
    for (x, y, colour) in picture.enumerate_pixels() {
        assert_eq!(colour, picture.get_pixel(x / 4 * 4, y / 4 * 4), "{x}, {y}");
    }
}

#[test]
fn every_shape_and_size_is_drawn_the_same_again() {
    let workplace = Workplace::new();
    for shape in SHAPES {
        for size in ["64x64", "61x37", "5x90"] {
            let line = ["a red apple", "--drawer", "pixel", "--pixel-shape", shape, "--size", size, "-n", "2"];
            let line = [&line[..], &["--cutouts", "2", "-q", "--force", "--pixel-scale", "3"]].concat();
            let (width, height) = size.split_once('x').unwrap();
            let first = draw(&workplace, &line);
            assert_eq!(first.dimensions(), (width.parse().unwrap(), height.parse().unwrap()), "{shape}");
            let again = [&line[..], &["-o", "again.png", "--threads", "1"]].concat();
            workplace.run(&again).succeeded();
            let bytes = workplace.read("p.png");
            assert!(bytes == workplace.read("again.png"), "{shape} {size}");
            workplace.run(&["--from", "p.png", "-o", "from.png", "-q", "--force"]).succeeded();
            assert!(bytes == workplace.read("from.png"), "{shape} {size}");
        }
    }
}

#[test]
fn a_start_gives_each_cell_its_mean() {
    let workplace = Workplace::new();
    let start = RgbImage::from_fn(64, 64, |x, y| {
        image::Rgb([if x % 4 < 2 { 0 } else { 200 }, u8::try_from(y / 4 * 4).unwrap(), 9])
    });
    start.save(workplace.join("start.png")).unwrap();
    let line = [&["a", "-n", "0", "--init-image", "start.png"][..], &SMALL].concat();
    let picture = draw(&workplace, &line);
    for (_, y, colour) in picture.enumerate_pixels() {
        assert_eq!(colour.0, [100, u8::try_from(y / 4 * 4).unwrap(), 9]);
    }
}

#[test]
fn a_run_goes_on_as_if_it_had_not_ended() {
    let workplace = Workplace::new();
    let line = [&["a red apple", "--cutouts", "2", "--smoothness", "0.5"][..], &SMALL].concat();
    let whole = [&line[..], &["-n", "6", "-o", "whole.png"]].concat();
    workplace.run(&whole).succeeded();
    let part = [&line[..], &["-n", "6", "--stop-at", "3", "--checkpoint-every", "3", "-o", "part.png"]].concat();
    workplace.run(&part).succeeded();
    workplace.run(&["resume", "part.png.t2a", "-n", "6", "-q", "--force"]).succeeded();
    assert!(picture(&workplace, "whole.png") == picture(&workplace, "part.png"));
}

/// The colours of a picture.
fn colours(picture: &RgbImage) -> BTreeSet<[u8; 3]> {
    picture.pixels().map(|pixel| pixel.0).collect()
}

/// The colours that `text2art palettes` says a text stands for.
fn palette(workplace: &Workplace, text: &str) -> BTreeSet<[u8; 3]> {
    let shown = workplace.run(&["palettes", text, "--json"]).succeeded().output_json();
    let colours = shown["colours"].as_array().unwrap();
    let byte = |digits: &str, at: usize| u8::from_str_radix(&digits[1 + 2 * at..3 + 2 * at], 16).unwrap();
    colours.iter().map(|colour| [0, 1, 2].map(|at| byte(colour.as_str().unwrap(), at))).collect()
}

#[test]
fn every_pixel_has_a_colour_of_the_palette() {
    let workplace = Workplace::new();
    workplace.write("p.gpl", "GIMP Palette\nName: p\n#\n255 0 0 red\n0 0 255\n255 255 255 white\n10 20 30\n");
    workplace.write("p.hex", "ff0000\n0000ff\n#ffffff\n0a141e\n");
    workplace.write("p.pal", "JASC-PAL\r\n0100\r\n3\r\n255 0 0\r\n0 0 255\r\n9 200 7\r\n");
    let mut act = vec![0; 772];
    act[..6].copy_from_slice(&[255, 0, 0, 0, 90, 255]);
    act[769] = 2;
    workplace.write("p.act", act);
    let photo = RgbImage::from_fn(40, 30, |x, y| image::Rgb([x * 6, y * 8, 90].map(|value| value as u8)));
    photo.save(workplace.join("photo.png")).unwrap();
    let texts = [
        "pico-8",
        "game-boy",
        r"red->white\8;navy",
        "[black,#f80,rust]",
        "p.gpl",
        "p.hex",
        "p.pal",
        "p.act",
        r"photo.png\7",
    ];
    let dithers = ["none", "bayer2", "bayer4", "floyd-steinberg"];
    // Cells in whole pixels, cells that meet in pixels, and no cells.
    let drawers: [&[&str]; 3] = [
        &SMALL,
        &["--drawer", "pixel", "--pixel-shape", "hex", "--size", "61x47", "--pixel-size", "9x7", "-q", "--force"],
        &["--size", "64x64", "-q", "--force"],
    ];
    for (index, text) in texts.iter().enumerate() {
        let known = palette(&workplace, text);
        assert!(known.len() > 1, "{text}: {known:?}");
        for (drawer, arguments) in drawers.iter().enumerate() {
            let dither = dithers[(index + drawer) % dithers.len()];
            let line = ["a red apple", "-n", "2", "--cutouts", "2", "--palette", text, "--dither", dither];
            let found = colours(&draw(&workplace, &[&line[..], arguments].concat()));
            assert!(found.is_subset(&known), "{text}, {dither}: {found:?} of {known:?}");
            // The file has a table of colours (PNG, third edition, 11.2.1: colour type 3).
            assert_eq!(workplace.read("p.png")[25], 3, "{text}");
        }
    }
    // Its file is part of the recipe.
    let line = [&["a", "-n", "0", "--palette", "p.gpl"][..], &SMALL].concat();
    draw(&workplace, &line);
    workplace.write("p.gpl", "GIMP Palette\n1 2 3\n4 5 6\n");
    workplace.refuses(&["--from", "p.png", "-o", "q.png"], &["p.gpl", "SHA-256"]);
}

#[test]
fn colours_of_its_own_are_found_and_held() {
    let workplace = Workplace::new();
    let line = [&["a red apple", "--cutouts", "2", "--pixel-art", "--colors", "5"][..], &SMALL].concat();
    let files = ["-n", "8", "--gif", "--checkpoint-every", "6", "-o", "whole.png"];
    workplace.run(&[&line[..], &files].concat()).succeeded();
    let whole = picture(&workplace, "whole.png");
    assert!((2..=5).contains(&colours(&whole).len()), "{:?}", colours(&whole));
    // Frames before they were found have as many of their own; those since then have these.
    let movie = Movie::of_gif(&workplace.join("whole.gif"));
    for (index, (frame, _)) in movie.frames.iter().enumerate() {
        let found = colours(frame);
        assert!(found.len() <= 5 && (index < 5 || found.is_subset(&colours(&whole))), "{index}: {found:?}");
    }
    // They are kept over an end in between.
    workplace.run(&["resume", "whole.png.t2a", "-q", "-o", "again.png"]).succeeded();
    assert!(picture(&workplace, "again.png") == whole);
    workplace.run(&["--from", "whole.png", "-q", "-o", "from.png"]).succeeded();
    assert!(workplace.read("from.png") == workplace.read("whole.png"));
}

#[test]
fn a_gif_has_the_colours_of_the_palette() {
    let workplace = Workplace::new();
    let known = palette(&workplace, "pico-8");
    for dither in ["none", "floyd-steinberg"] {
        let line = ["a red apple", "-n", "6", "--cutouts", "2", "--palette", "pico-8", "--gif", "--dither", dither];
        draw(&workplace, &[&line[..], &SMALL].concat());
        for (frame, _) in &Movie::of_gif(&workplace.join("p.gif")).frames {
            assert!(colours(frame).is_subset(&known), "{:?}", colours(frame));
        }
    }
}

/// What is written on the way is what would have been delivered there.
#[test]
fn frames_are_as_the_final_picture_is() {
    let workplace = Workplace::new();
    for shape in ["rect", "hex"] {
        for more in [&["--palette", "game-boy", "--dither", "floyd-steinberg"][..], &["--colors", "4"]] {
            let line = ["a red apple", "--cutouts", "2", "--pixel-shape", shape, "-n", "6"];
            let line = [&line[..], more, &SMALL].concat();
            let frames = ["--frames", "frames", "-o", "whole.png"];
            workplace.run(&[&line[..], &frames].concat()).succeeded();
            for (stop, frame) in [("2", "frames/000002.png"), ("5", "frames/000005.png")] {
                let (then, frame) =
                    (draw(&workplace, &[&line[..], &["--stop-at", stop]].concat()), picture(&workplace, frame));
                let different = then.pixels().zip(frame.pixels()).filter(|(one, other)| one != other).count();
                // Cells that the edge cuts have no pixel that shows them alone.
                let most = if shape == "rect" { 0 } else { 64 * 64 / 50 };
                assert!(different <= most, "{shape} {more:?}, {stop}: {different} pixels differ");
                assert!(colours(&frame).len() <= 4, "{:?}", colours(&frame));
            }
        }
    }
}

/// A picture that is saved before the run is done.
#[test]
fn a_picture_on_the_way_has_the_colours_of_the_palette() {
    let workplace = Workplace::new();
    let line = ["a red apple", "-n", "100000", "--cutouts", "2", "--palette", "pico-8", "--save-every", "1"];
    let mut run = workplace.command().args(line).args(SMALL).args(["-o", "p.png"]).spawn().unwrap();
    let begun = Instant::now();
    while !workplace.join("p.png").exists() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let found = colours(&picture(&workplace, "p.png"));
    assert!(found.is_subset(&palette(&workplace, "pico-8")), "{found:?}");
}

/// The middles of cells in an MP4 against the picture, whose colours the video's 8 bits and its compression change by at
/// most so many levels.
#[test]
fn an_mp4_comes_near_the_palette() {
    const FARTHEST: u8 = 6;
    let workplace = Workplace::new();
    let line = ["a red apple", "-n", "12", "--cutouts", "2", "--palette", "pico-8", "--drawer", "pixel", "-q"];
    let last = draw(&workplace, &[&line[..], &["--size", "128x128", "--pixel-size", "8x8", "--mp4"]].concat());
    let movie = Movie::of_mp4(&workplace.join("p.mp4"));
    let (shown, _) = movie.frames.last().unwrap();
    let middles = (0..64).map(|cell| (cell % 8 * 16 + 8, cell / 8 * 16 + 8));
    let far = middles.map(|(x, y)| {
        let pairs = shown.get_pixel(x, y).0.into_iter().zip(last.get_pixel(x, y).0);
        pairs.map(|(one, other)| one.abs_diff(other)).max().unwrap()
    });
    let farthest = far.max().unwrap();
    println!("{farthest} levels at most");
    assert!(farthest <= FARTHEST, "{farthest}");
    assert!(colours(&last).len() > 2, "{:?}", colours(&last));
}

#[test]
fn cells_are_written_with_as_many_pixels_as_asked_for() {
    let workplace = Workplace::new();
    let line = [&["a red apple", "-n", "2", "--cutouts", "2", "--palette", "pico-8"][..], &SMALL].concat();
    let whole = draw(&workplace, &line);
    let one = draw(&workplace, &[&line[..], &["--pixel-zoom", "1"]].concat());
    let three = draw(&workplace, &[&line[..], &["--pixel-zoom", "3"]].concat());
    assert_eq!((one.dimensions(), three.dimensions()), ((16, 16), (48, 48)));
    for (x, y, colour) in whole.enumerate_pixels() {
        assert_eq!(colour, one.get_pixel(x / 4, y / 4));
    }
    for (x, y, colour) in three.enumerate_pixels() {
        assert_eq!(colour, one.get_pixel(x / 3, y / 3));
    }
}

#[test]
fn the_size_that_is_reported_is_that_of_the_file() {
    let workplace = Workplace::new();
    let small = "--size 32x32 -n 1 --cutouts 1 --progress json --force";
    let pixel = "--drawer pixel --pixel-size 16x16";
    for (options, name, size) in [
        (format!("{pixel} --pixel-zoom 3"), "p.png", (48, 48)),
        (format!("{pixel} --pixel-zoom 3"), "p.webp", (48, 48)),
        (format!("{pixel} --pixel-zoom 3"), "p.gif", (32, 32)),
        (format!("{pixel} --upscale 2"), "p.png", (64, 64)),
        ("--size 30x20 --upscale 2".to_owned(), "p.png", (60, 40)),
        ("--size 64x64 --hires 2".to_owned(), "p.png", (64, 64)),
    ] {
        let line = format!("apple {small} {options} -o {name}");
        let outcome = workplace.run(&words(&line)).succeeded();
        let events = outcome.events();
        let finished = events.iter().find(|event| event["event"] == "finished").unwrap();
        let saved = image::open(workplace.join(name)).unwrap();
        assert_eq!((saved.width(), saved.height()), size, "{line}");
        assert_eq!((&finished["width"], &finished["height"]), (&size.0.into(), &size.1.into()), "{line}");
        // A movie shows pictures before --pixel-zoom.
        let started = events.iter().find(|event| event["event"] == "started").unwrap();
        let picture = if name == "p.gif" { (48, 48) } else { size };
        assert_eq!((&started["width"], &started["height"]), (&picture.0.into(), &picture.1.into()), "{line}");
    }
    let line = format!("apple --size 32x32 -n 1 --cutouts 1 {pixel} --pixel-zoom 8 -o q.png --progress lines");
    let outcome = workplace.run(&words(&line)).succeeded();
    assert!(outcome.errors.contains("done: 128x128, 1 iteration"), "{}", outcome.errors);
    let line = format!("animate apple {small} {pixel} --pixel-zoom 3 --length 2 --iterations-per-frame 1 -o a.gif");
    let events = workplace.run(&words(&line.replace(" -n 1 ", " "))).succeeded().events();
    let finished = events.iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!((&finished["width"], finished["path"].as_str()), (&32.into(), Some("a.gif")));
}

/// The SVG as resvg shows it against the picture. On white they differ only within two pixels of where colours meet: there
/// the SVG's are mixed, its shapes reach half a pixel into each other, and the picture's are of the palette. Of rectangles of
/// whole pixels none differ. Where cells of one colour meet, up to 16 of 255 levels of white shine through.
#[test]
fn an_svg_shows_the_picture() {
    let workplace = Workplace::new();
    for shape in SHAPES {
        let line =
            ["a red apple", "-n", "3", "--cutouts", "2", "-q", "--force", "--drawer", "pixel", "--pixel-shape", shape];
        let size = ["--size", "192x160", "--pixel-size", "12x10", "--svg", "p.svg", "--palette", "pico-8"];
        let picture = draw(&workplace, &[&line[..], &size].concat());
        let tree = resvg::usvg::Tree::from_data(&workplace.read("p.svg"), &resvg::usvg::Options::default()).unwrap();
        let mut shown = resvg::tiny_skia::Pixmap::new(192, 160).unwrap();
        shown.fill(resvg::tiny_skia::Color::WHITE);
        resvg::render(&tree, resvg::tiny_skia::Transform::default(), &mut shown.as_mut());
        let different: Vec<(u32, u32)> = shown
            .pixels()
            .iter()
            .zip(picture.enumerate_pixels())
            .filter(|(one, (_, _, other))| {
                [one.red(), one.green(), one.blue()].iter().zip(other.0).any(|(one, other)| one.abs_diff(other) > 16)
            })
            .map(|(_, (x, y, _))| (x, y))
            .collect();
        println!("{shape}: {} pixels differ", different.len());
        assert!(shape != "rect" || different.is_empty(), "{} pixels differ", different.len());
        for (x, y) in different {
            let rows = y.saturating_sub(2)..=(y + 2).min(159);
            let around = rows.flat_map(|row| (x.saturating_sub(2)..=(x + 2).min(191)).map(move |column| (column, row)));
            let colours: BTreeSet<[u8; 3]> = around.map(|(column, row)| picture.get_pixel(column, row).0).collect();
            assert!(colours.len() > 1, "{shape}: {x}, {y} differs inside a cell");
        }
    }
}

/// Cells that are like none of those around them, which touch them at an edge or a corner; an eye in a plain area counts
/// as none.
fn strays(cells: &RgbImage) -> Vec<(u32, u32)> {
    let is_stray = |&(x, y): &(u32, u32)| {
        let rows = y.saturating_sub(1)..=(y + 1).min(cells.height() - 1);
        let around = rows
            .flat_map(|row| (x.saturating_sub(1)..=(x + 1).min(cells.width() - 1)).map(move |column| (column, row)));
        let around: Vec<_> = around.filter(|place| *place != (x, y)).map(|(x, y)| cells.get_pixel(x, y)).collect();
        !around.contains(&cells.get_pixel(x, y)) && around.iter().any(|other| *other != around[0])
    };
    let places = (0..cells.height()).flat_map(|y| (0..cells.width()).map(move |x| (x, y)));
    places.filter(is_stray).collect()
}

#[test]
fn pixel_art_has_few_flat_cells() {
    let workplace = Workplace::new();
    let usual = workplace.run(&["a castle", "--pixel-art", "--dry-run"]).succeeded();
    for line in ["pixel_size = \"40x40\"", "colors = 12", "tidy = true"] {
        assert!(usual.output_text().lines().any(|shown| shown == line), "{line}");
    }
    // As many cells in a smaller picture, of which a pixel is a cell.
    let line = ["--pixel-art", "--size", "160x160", "--pixel-zoom", "1", "-n", "8", "--cutouts", "2", "-q", "--force"];
    for prompt in ["a penguin in the snow", "a castle"] {
        let cells = draw(&workplace, &[&[prompt][..], &line].concat());
        assert!((32..=48).contains(&cells.width()) && (32..=48).contains(&cells.height()), "{:?}", cells.dimensions());
        assert!((2..=16).contains(&colours(&cells).len()), "{prompt}: {}", colours(&cells).len());
        assert_eq!(strays(&cells), [], "{prompt}");
        let untidy = draw(&workplace, &[&[prompt][..], &line, &["--tidy=false"]].concat());
        assert!(strays(&untidy).len() > 10, "{prompt}: {}", strays(&untidy).len());
        // A pattern of dots is left alone.
        let dithered = ["--dither", "bayer2"];
        let dithered = draw(&workplace, &[&[prompt][..], &line, &dithered].concat());
        assert!(strays(&dithered).len() > 10, "{prompt}: {}", strays(&dithered).len());
    }
}

#[test]
fn an_outline_is_one_dark_cell_wide() {
    const BLACK: image::Rgb<u8> = image::Rgb([0, 0, 0]);
    let workplace = Workplace::new();
    let line = ["a red apple", "--pixel-art", "--size", "160x160", "--pixel-zoom", "1", "-n", "8", "--cutouts", "2"];
    let line = [&line[..], &["-q", "--force"]].concat();
    let palette = [&line[..], &["--palette", "pico-8"]].concat();
    let plain = draw(&workplace, &palette);
    let outlined = draw(&workplace, &[&palette[..], &["--outline"]].concat());
    let changed: Vec<(u32, u32)> = plain
        .enumerate_pixels()
        .filter(|(x, y, color)| outlined.get_pixel(*x, *y) != *color)
        .map(|(x, y, _)| (x, y))
        .collect();
    // A circle 20 cells across has about 63 around it.
    assert!((40..400).contains(&changed.len()), "{} cells", changed.len());
    let is_line = |x: u32, y: u32| changed.contains(&(x, y));
    for &(x, y) in &changed {
        assert_eq!(*outlined.get_pixel(x, y), BLACK, "{x}, {y}");
        let beside = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        let is_thing = |(x, y): (u32, u32)| x < plain.width() && y < plain.height() && !is_line(x, y);
        assert!(beside.into_iter().any(is_thing), "{x}, {y} is inside the line");
    }
    // Without a palette, a dark color is among those that are chosen.
    let chosen = draw(&workplace, &[&line[..], &["--outline", "--colors", "6"]].concat());
    let dark = colours(&chosen).into_iter().filter(|color| color.iter().all(|channel| *channel < 90));
    assert!(dark.count() >= 1 && colours(&chosen).len() <= 6, "{:?}", colours(&chosen));
}

/// All that shows the picture shows the same cells.
#[test]
fn tidy_and_outlined_cells_are_everywhere() {
    let workplace = Workplace::new();
    for more in [&[][..], &["--transparent"]] {
        let line = ["a red apple", "--pixel-art", "--outline", "--cutouts", "2", "-n", "6", "--seed", "2"];
        let line = [&line[..], more, &SMALL].concat();
        let files = ["--gif", "--svg", "p.svg", "--checkpoint-every", "3"];
        let whole = draw(&workplace, &[&line[..], &files].concat());
        let last = Movie::of_gif(&workplace.join("p.gif")).frames.pop().unwrap().0;
        let tree = resvg::usvg::Tree::from_data(&workplace.read("p.svg"), &resvg::usvg::Options::default()).unwrap();
        let mut shown = resvg::tiny_skia::Pixmap::new(64, 64).unwrap();
        resvg::render(&tree, resvg::tiny_skia::Transform::default(), &mut shown.as_mut());
        let bytes = workplace.read("p.png");
        let layered = image::load_from_memory(&bytes).unwrap().to_rgba8();
        for ((x, y, pixel), vector) in layered.enumerate_pixels().zip(shown.pixels()) {
            let of_vector = [vector.red(), vector.green(), vector.blue(), vector.alpha()];
            assert_eq!(pixel[3], of_vector[3], "{more:?}: {x}, {y}");
            let expected = if pixel[3] == 0 { [255; 3] } else { [pixel[0], pixel[1], pixel[2]] };
            assert!(pixel[3] == 0 || of_vector[..3] == expected, "{more:?}: {x}, {y}: {pixel:?}, {vector:?}");
            assert_eq!(last.get_pixel(x, y).0, expected, "{more:?}: {x}, {y}");
        }
        let stopped = ["--stop-at", "4", "--checkpoint-every", "4", "-o", "part.png"];
        workplace.run(&[&line[..], &stopped].concat()).succeeded();
        workplace.run(&["resume", "part.png.t2a", "-n", "6", "-q", "--force"]).succeeded();
        assert!(picture(&workplace, "part.png") == whole, "{more:?}");
        workplace.run(&["--from", "p.png", "-q", "--force", "-o", "from.png"]).succeeded();
        assert!(workplace.read("from.png") == bytes, "{more:?}");
    }
}

#[test]
fn a_prompt_that_asks_for_pixel_art_suggests_it() {
    let workplace = Workplace::new();
    let hints = |arguments: &[&str]| {
        let line = [arguments, &["-n", "0", "--size", "32x32", "--force", "-o", "p.png"]].concat();
        let errors = workplace.run(&line).succeeded().errors;
        errors.lines().filter(|line| line.starts_with("warning: ") && line.contains("--pixel-art")).count()
    };
    assert_eq!(hints(&["pixel art of a cat | an 8-bit house:0.5"]), 1);
    assert_eq!(hints(&["pixel art of a cat", "--pixel-art"]), 0);
    assert_eq!(hints(&["a cat | pixel art:-0.5"]), 0);
    assert_eq!(hints(&["a cat"]), 0);
}

/// Ten things the embedded model knows, each nearer to its prompt at the end than at the start, for two seeds.
#[test]
fn prompts_are_followed() {
    follows(&PROMPTS, &[], 0.25);
}

/// Five of them in a palette of 16 colours, judged as they are delivered.
#[test]
fn prompts_are_followed_in_few_colours() {
    follows(&PROMPTS[..5], &["--palette", "pico-8"], 0.2);
}

/// Whether pictures of 32x32 cells are nearer to their prompts than what they begin with by a margin of the cosine.
fn follows(prompts: &[&str], more: &[&str], margin: f64) {
    let workplace = Workplace::new();
    // From grey, which shows nothing: all that fits guidance has made.
    let pixel = ["--drawer", "pixel", "--size", "128x128", "--pixel-size", "32x32", "--init-noise", "none", "-q"];
    for &prompt in prompts {
        for seed in ["1", "2"] {
            let cosine = |iterations: &str| {
                let line = ["--seed", seed, "-n", iterations, "-o", "p.png", "--force"];
                workplace.run(&[&[prompt][..], &pixel, more, &line].concat()).succeeded();
                let scores = workplace.run(&["score", "--json", "p.png", "--prompt", prompt]).succeeded().output_json();
                scores[0]["cosine"].as_f64().unwrap()
            };
            let (start, end) = (cosine("0"), cosine("60"));
            println!("{prompt}, seed {seed}: {start:.3} to {end:.3}");
            assert!(end > start + margin, "{prompt}, seed {seed}: {start} to {end}");
        }
    }
}
