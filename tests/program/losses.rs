//! Losses of the picture itself, as a user asks for them: what they do to pictures of several drawers, and what repeats.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

use crate::common;

use common::program::Workplace;
use image::RgbImage;
use serde_json::Value;

/// Small pictures of each kind of drawer. Cells are two pixels wide.
const DRAWERS: [&[&str]; 3] = [
    &["--size", "64x64", "-n", "20"],
    &["--drawer", "pixel", "--size", "64x64", "--pixel-size", "32x32", "-n", "20"],
    &["--drawer", "fft", "--size", "64x64", "-n", "20"],
];

fn draw(workplace: &Workplace, arguments: &[&str]) -> RgbImage {
    workplace.run(&[arguments, &["--cutouts", "2", "-o", "p.png", "-q", "--force"]].concat()).succeeded();
    image::load_from_memory(&workplace.read("p.png")).unwrap().to_rgb8()
}

/// The colors of a picture from 0 to 1.
fn pixel(picture: &RgbImage, x: u32, y: u32) -> [f64; 3] {
    picture.get_pixel(x, y).0.map(|byte| f64::from(byte) / 255.0)
}

/// The mean over all pixels of a function of their places.
fn mean(picture: &RgbImage, of: impl Fn(u32, u32) -> f64) -> f64 {
    let (width, height) = picture.dimensions();
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    places.map(|(x, y)| of(x, y)).sum::<f64>() / f64::from(width * height)
}

/// The mean square of the difference between two colors.
fn square(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f64>() / 3.0
}

/// The mean square of the difference to the picture with the right on the left.
fn lopsidedness(picture: &RgbImage) -> f64 {
    mean(picture, |x, y| square(pixel(picture, x, y), pixel(picture, picture.width() - 1 - x, y)))
}

/// The same for the picture upside down.
fn turn(picture: &RgbImage) -> f64 {
    let (width, height) = picture.dimensions();
    mean(picture, |x, y| square(pixel(picture, x, y), pixel(picture, width - 1 - x, height - 1 - y)))
}

/// How far colors are from gray.
fn colorfulness(picture: &RgbImage) -> f64 {
    mean(picture, |x, y| {
        let color = pixel(picture, x, y);
        color.iter().copied().fold(0.0, f64::max) - color.iter().copied().fold(1.0, f64::min)
    })
}

/// How much neighbors differ.
fn roughness(picture: &RgbImage) -> f64 {
    let (width, height) = picture.dimensions();
    mean(picture, |x, y| {
        let to = |x: u32, y: u32, here: [f64; 3]| square(pixel(picture, x.min(width - 1), y.min(height - 1)), here);
        let here = pixel(picture, x, y);
        (to(x + 1, y, here) + to(x, y + 1, here)).sqrt()
    })
}

/// How far the outermost three pixels are from black, as a mean square.
fn edge(picture: &RgbImage) -> f64 {
    let (width, height) = picture.dimensions();
    let is_edge = |x: u32, y: u32| x.min(y) < 3 || x + 3 >= width || y + 3 >= height;
    mean(picture, |x, y| if is_edge(x, y) { square(pixel(picture, x, y), [0.0; 3]) } else { 0.0 })
}

/// How far the corners are from black.
fn corners(picture: &RgbImage) -> f64 {
    let (width, height) = picture.dimensions();
    let is_corner = |x: u32, y: u32| x.min(width - 1 - x) < 16 && y.min(height - 1 - y) < 16;
    mean(picture, |x, y| if is_corner(x, y) { pixel(picture, x, y).iter().sum() } else { 0.0 })
}

/// A number that a loss is to change.
type Measured = fn(&RgbImage) -> f64;

/// What weight 1 does, and what negative weights do, to a picture that is the same without the loss.
#[test]
fn losses_change_what_they_are_about() {
    let workplace = Workplace::new();
    for drawer in DRAWERS {
        let line = [&["a yellow banana and a green leaf on a gray background"][..], drawer].concat();
        let without = draw(&workplace, &line);
        assert!(draw(&workplace, &[&line[..], &["--loss", "saturation:0,border:0"]].concat()) == without);
        for (loss, measured, least, most) in [
            ("symmetry", lopsidedness as Measured, 0.0, 0.8),
            ("symmetry-half-turn", turn, 0.0, 0.8),
            ("saturation", colorfulness, 1.1, f64::INFINITY),
            ("saturation:-1", colorfulness, 0.0, 0.9),
            ("smoothness", roughness, 0.0, 0.95),
            // The squares of small differences are small, and the VQGAN draws smooth pictures.
            ("tv", roughness, 0.0, 0.995),
            ("sharpness", roughness, 1.01, f64::INFINITY),
            ("border=black", edge, 0.0, 0.7),
            ("vignette=black", corners, 0.0, 0.98),
        ] {
            let with = draw(&workplace, &[&line[..], &["--loss", loss]].concat());
            let change = measured(&with) / measured(&without);
            println!("{drawer:?} {loss}: {:.4} to {:.4}", measured(&without), measured(&with));
            assert!((least..most).contains(&change), "{drawer:?} {loss}: {change}");
        }
    }
}

/// Strokes move slowly, so their colors tell the most.
#[test]
fn strokes_are_changed_too() {
    let workplace = Workplace::new();
    let line = ["a red apple", "--drawer", "strokes", "--strokes", "60", "--size", "64x64", "-n", "30"];
    let colors = |loss: &str| colorfulness(&draw(&workplace, &[&line[..], &["--loss", loss]].concat()));
    let [gray, usual, colorful] = ["saturation:-1", "saturation:0", "saturation:1"].map(colors);
    println!("{gray:.4} {usual:.4} {colorful:.4}");
    assert!(gray < usual && usual < colorful, "{gray} {usual} {colorful}");
}

/// Everything that can change a picture, so that whoever repeats it must read all of it.
const MANY: [&str; 4] =
    ["a red apple", "--loss", "symmetry:0.5,smoothness-log:2,border=navy", "--loss=saturation:-0.25"];

#[test]
fn pictures_with_losses_are_drawn_again() {
    let workplace = Workplace::new();
    for drawer in
        [&["--size", "48x40"][..], &["--drawer", "pixel", "--transparent", "--size", "48x40", "--pixel-size", "12x10"]]
    {
        let line = [&MANY[..], drawer, &["-n", "4", "--cutouts", "2", "-q", "--force"]].concat();
        for threads in ["1", "2", "7"] {
            let name = format!("{threads}.png");
            workplace.run(&[&line[..], &["--threads", threads, "-o", &name]].concat()).succeeded();
        }
        let one = workplace.read("1.png");
        assert!(one == workplace.read("2.png") && one == workplace.read("7.png"), "{drawer:?}");
        workplace.run(&["--from", "1.png", "-o", "from.png", "-q", "--force"]).succeeded();
        assert!(one == workplace.read("from.png"), "{drawer:?}");
        let part = [&line[..], &["--stop-at", "2", "--checkpoint-every", "2", "-o", "part.png"]].concat();
        workplace.run(&part).succeeded();
        workplace.run(&["resume", "part.png.t2a", "-n", "4", "-q", "--force"]).succeeded();
        let pixels = |name: &str| image::load_from_memory(&workplace.read(name)).unwrap();
        assert!(pixels("part.png") == pixels("1.png"), "{drawer:?}");
        // A recipe is complete: weaker sources add nothing, and `none` takes its losses away.
        let plain = [&["a red apple"][..], drawer, &["-n", "4", "--cutouts", "2", "-q", "--force", "-o", "plain.png"]];
        workplace.run(&plain.concat()).succeeded();
        workplace.run(&["--from", "1.png", "--loss", "none", "-o", "none.png", "-q", "--force"]).succeeded();
        assert!(workplace.read("none.png") == workplace.read("plain.png"), "{drawer:?}");
        workplace.write("own.toml", "loss = [\"tv:5\"]\n");
        let again = ["--from", "plain.png", "--config", "own.toml", "-o", "own.png", "-q", "--force"];
        workplace.run(&again).succeeded();
        assert!(workplace.read("own.png") == workplace.read("plain.png"), "{drawer:?}");
    }
}

#[test]
fn events_and_recipes_name_losses() {
    let workplace = Workplace::new();
    let line =
        [&MANY[..], &["--size", "32x32", "-n", "2", "--cutouts", "1", "-o", "p.png", "--progress", "json"]].concat();
    let outcome = workplace.run(&line).succeeded();
    let events = outcome.errors.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let steps: Vec<Value> = events.filter(|event| event["event"] == "step").collect();
    assert_eq!(steps.len(), 2);
    for step in steps {
        let losses = serde_json::to_string(&step["losses"]).unwrap();
        for name in ["symmetry", "smoothness-log", "border", "saturation"] {
            assert!(losses.contains(&format!("{name:?}")), "{name}: {losses}");
        }
    }
    let shown = workplace.run(&["info", "p.png"]).succeeded();
    let expected = r#"loss = ["symmetry:0.5", "smoothness-log:2", "border=#000080:1", "saturation:-0.25"]"#;
    assert!(shown.output_text().lines().any(|line| line == expected), "{}", shown.output_text());
}

#[test]
fn a_batch_has_losses_of_its_own_in_each_line() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple -- --loss border=black:3 -o with.png\na red apple -- -o without.png\n");
    let few = ["batch", "a.txt", "--drawer", "pixel", "--size", "32x32", "-n", "10", "--cutouts", "1", "-q"];
    workplace.run(&few).succeeded();
    let edge = |name: &str| edge(&image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8());
    assert!(edge("with.png") < 0.9 * edge("without.png"));
}

/// A frame of another picture, whose file is an input of the picture like any other.
#[test]
fn a_border_can_be_that_of_a_file() {
    let workplace = Workplace::new();
    RgbImage::from_pixel(20, 20, image::Rgb([0; 3])).save(workplace.join("frame.png")).unwrap();
    let line = ["a red apple", "--drawer", "pixel", "--size", "64x64", "-n", "20"];
    let without = draw(&workplace, &line);
    let with = draw(&workplace, &[&line[..], &["--loss", "border=frame.png"]].concat());
    assert!(edge(&with) < 0.7 * edge(&without));
    let shown = workplace.run(&["info", "p.png"]).succeeded();
    assert!(shown.output_text().contains("# loss frame.png (SHA-256 "), "{}", shown.output_text());
    workplace.run(&["--from", "p.png", "-o", "again.png", "-q"]).succeeded();
    assert!(workplace.read("again.png") == workplace.read("p.png"));
    let twice = [&line[..], &["--hires", "2", "--loss", "border=frame.png"]].concat();
    workplace.refuses(&twice, &["--hires"]);
    let line = ["a red apple", "--size", "64x64", "--hires", "2", "-n", "10"];
    let (without, with) =
        (draw(&workplace, &line), draw(&workplace, &[&line[..], &["--loss", "border=frame.png:3"]].concat()));
    assert!(edge(&with) < edge(&without));
    RgbImage::from_pixel(20, 20, image::Rgb([9; 3])).save(workplace.join("frame.png")).unwrap();
    workplace.refuses(&["--from", "p.png", "-o", "changed.png"], &["frame.png", "the file has changed"]);
}

/// A second pass draws at another size; the losses see both.
#[test]
fn a_second_pass_has_the_same_losses() {
    let workplace = Workplace::new();
    let line = ["a red apple", "--size", "64x64", "--hires", "2", "-n", "10"];
    let without = draw(&workplace, &line);
    let with = draw(&workplace, &[&line[..], &["--loss", "symmetry:5"]].concat());
    assert!(lopsidedness(&with) < 0.8 * lopsidedness(&without));
}

#[test]
fn losses_that_cannot_be_meant_are_refused() {
    let workplace = Workplace::new();
    for (loss, words) in [("tv,tv:2", "--loss names `tv` twice"), ("none,tv", "--loss has both `none` and losses")] {
        workplace.refuses(&["a", "--loss", loss], &[words]);
    }
    workplace.refuses(
        &["a", "--smoothness", "1", "--loss", "smoothness-clipped"],
        &["--smoothness and --loss smoothness-clipped"],
    );
    workplace
        .refuses(&["a", "--drawer", "fft", "--sharpness", "1", "--loss", "sharpness"], &["--sharpness and --loss"]);
}
