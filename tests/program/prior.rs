//! The first guess by the prior inside the program is where guidance begins: it follows the prompt and the seed, for
//! every drawer, every VQGAN and every shape.

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

/// The mean colour of a corner of eight by eight pixels.
fn corner(picture: &RgbImage) -> [u32; 3] {
    let pixels = (0..64).map(|index| picture.get_pixel(index % 8, index / 8).0);
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
