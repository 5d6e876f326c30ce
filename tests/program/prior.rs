//! The first guess by the prior inside the program is where guidance begins: it follows the prompt and the seed, for
//! every drawer, every VQGAN and every shape. Several things, unusual colors and scenes are composed; unknown nouns are named.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::Workplace;
use image::RgbImage;

/// The untouched start of a prompt.
fn first(arguments: &[&str]) -> RgbImage {
    let workplace = Workplace::new();
    workplace.run(&[arguments, &["--iterations", "0", "-q", "-o", "p.png"]].concat()).succeeded();
    image::load_from_memory(&workplace.read("p.png")).unwrap().to_rgb8()
}

/// The mean colour of eight by eight pixels near a corner, inside the discolored rim.
fn corner(picture: &RgbImage) -> [u32; 3] {
    let (left, top) = (picture.width() / 16, picture.height() / 16);
    let pixels = (0..64).map(|index| picture.get_pixel(left + index % 8, top + index / 8).0);
    let sum = pixels.fold([0; 3], |sum: [u32; 3], pixel| std::array::from_fn(|at| sum[at] + u32::from(pixel[at])));
    sum.map(|total| total / 64)
}

#[test]
fn it_is_of_the_prompt_and_of_the_seed() {
    let apple = first(&["a red apple on a blue background", "--seed", "1"]);
    assert_eq!(apple, first(&["a red apple on a blue background", "--seed", "1"]));
    assert_ne!(apple, first(&["a red apple on a blue background", "--seed", "2"]));
    let [red, _, blue] = corner(&apple);
    assert!(blue > red + 60, "the background is blue: {red} {blue}");
    let [red, _, blue] = corner(&first(&["a red apple on a yellow background", "--seed", "1"]));
    assert!(red > blue + 60, "the background is yellow: {red} {blue}");
}

#[test]
fn it_serves_every_drawer_and_shape() {
    for arguments in [
        &["a red apple on a blue background", "--size", "192x96"][..],
        &["a red apple on a blue background", "--size", "200x200"],
        &["a red apple on a blue background", "--drawer", "pixel", "--pixel-size", "32x32", "--size", "128x128"],
        &["a red apple on a blue background | an apple:0.5 | blurry:-0.5", "--size", "64x64"],
    ] {
        let picture = first(arguments);
        let [red, _, blue] = corner(&picture);
        assert!(blue > red + 60, "{arguments:?}: {red} {blue}");
    }
}

#[test]
fn what_is_only_to_be_avoided_begins_grey() {
    let avoided = ["a red apple:-1", "--size", "64x64"];
    let grey = first(&[&avoided[..], &["--init-noise", "none"]].concat());
    assert_eq!(first(&avoided), grey);
}

/// The number of connected parts of a picture whose pixels are chosen, of more than 1 % of it.
fn parts(picture: &RgbImage, chosen: impl Fn([i32; 3]) -> bool) -> usize {
    common::parts(picture, picture.width() * picture.height() / 100, chosen)
}

fn is_red([red, green, blue]: [i32; 3]) -> bool {
    red > 150 && red > green + 70 && red > blue + 70
}

fn is_blue([red, green, blue]: [i32; 3]) -> bool {
    blue > red + 60 && blue > green + 30
}

#[test]
fn things_are_as_many_as_the_prompt_says() {
    for (prompt, count) in [("an apple", 1), ("two apples", 2), ("three apples", 3), ("four hearts", 4)] {
        assert_eq!(parts(&first(&[prompt, "--seed", "1"]), is_red), count, "{prompt}");
    }
    let both = first(&["a red apple beside a blue apple", "--seed", "1"]);
    assert_eq!((parts(&both, is_red), parts(&both, is_blue)), (1, 1));
    let wide = first(&["two red hearts on a yellow background", "--size", "192x96"]);
    assert_eq!((wide.dimensions(), parts(&wide, is_red)), ((192, 96), 2));
}

#[test]
fn a_thing_of_an_unusual_color_keeps_its_parts() {
    let banana = first(&["a blue banana", "--seed", "1"]);
    assert_eq!(parts(&banana, is_blue), 1);
    let [red, green, blue] = corner(&banana);
    assert!(red.min(green).min(blue) > 220, "what is behind it is white: {red} {green} {blue}");
    let is_green = |[red, green, blue]: [i32; 3]| green > red + 40 && green > blue + 30;
    let apple = first(&["a purple apple", "--seed", "1"]);
    let leaf = apple.pixels().filter(|pixel| is_green(pixel.0.map(i32::from))).count();
    assert!(leaf > 30, "the leaf stays green: {leaf}");
}

/// How red the thing in the middle of a picture is: the mean by which red exceeds green and blue, over the pixels that
/// are not like the corner.
fn redness(picture: &RgbImage) -> f64 {
    let behind = corner(picture);
    let is_thing = |pixel: [u8; 3]| pixel.iter().zip(behind).any(|(one, other)| u32::from(*one).abs_diff(other) > 40);
    let thing: Vec<[f64; 3]> =
        picture.pixels().filter(|pixel| is_thing(pixel.0)).map(|pixel| pixel.0.map(f64::from)).collect();
    let sum: f64 = thing.iter().map(|[red, green, blue]| red - green.max(*blue)).sum();
    sum / f64::from(u32::try_from(thing.len()).unwrap())
}

#[test]
fn a_thing_is_not_of_the_color_that_a_prompt_steers_away_from() {
    let drawn = |prompt: &str| {
        let workplace = Workplace::new();
        workplace.run(&[prompt, "--seed", "1", "-n", "12", "-q", "-o", "p.png"]).succeeded();
        image::load_from_memory(&workplace.read("p.png")).unwrap().to_rgb8()
    };
    let (red, other) = (redness(&drawn("an apple")), redness(&drawn("an apple | red:-0.5")));
    assert!(other < red - 100.0, "{red} {other}");
    // Nothing else changes the start: a color that the thing does not have, and what is to be avoided besides colors.
    let apple = first(&["an apple", "--seed", "1"]);
    for prompt in ["an apple | blue:-0.5", "an apple | a red banana:-0.5", "an apple | blurry:-0.5"] {
        assert_eq!(first(&[prompt, "--seed", "1"]), apple, "{prompt}");
    }
}

#[test]
fn a_composed_picture_follows_from_the_settings() {
    let workplace = Workplace::new();
    let draw = |arguments: &[&str], name: &str| {
        workplace.run(&[arguments, &["--iterations", "0", "-q", "-o", name]].concat()).succeeded();
        workplace.read(name)
    };
    let picture = draw(&["two penguins in the snow", "--seed", "5"], "one.png");
    assert!(picture == draw(&["two penguins in the snow", "--seed", "5"], "again.png"));
    assert!(picture == draw(&["--from", "one.png"], "from.png"), "by its recipe");
    let decoded = |name: &str| image::load_from_memory(&workplace.read(name)).unwrap().to_rgb8();
    draw(&["two penguins in the snow", "--seed", "6"], "other.png");
    assert_ne!(decoded("one.png"), decoded("other.png"), "another seed");
    draw(&["two penguins | in the snow:0.5 | blurry:-0.5", "--seed", "5"], "apart.png");
    assert_eq!(decoded("one.png"), decoded("apart.png"), "said in several prompts");
}

#[test]
fn unknown_nouns_are_named() {
    let workplace = Workplace::new();
    let warnings = |prompt: &str| {
        let arguments = [prompt, "--iterations", "0", "--size", "64x64", "--force", "-o", "p.png"];
        workplace.run(&arguments).succeeded().errors
    };
    let both = warnings("a cat on a trampoline beside a lighthouse");
    assert!(both.contains("does not know \"trampoline\", \"lighthouse\", and may not draw them"), "{both}");
    let known = warnings("a beautiful fluffy cat sleeping on a big red chair, watercolor");
    assert!(!known.contains("does not"), "{known}");
}
