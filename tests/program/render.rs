//! `text2art render` and `--reveal`: pictures that are drawn again from what they were made of, at any size.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::path::Path;

use common::apart;
use common::movie::Movie;
use common::program::{Workplace, words};
use image::{DynamicImage, RgbImage};
use text2art::output::{Recipe, read_drawing};
use text2art::video::REVEAL;

/// A picture of strokes that takes a moment.
const SMALL: &str = "a red apple --drawer strokes --strokes 30 --size 64x48 -n 3 --cutouts 2 --seed 5 -q";

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.run(&words(&format!("{SMALL} -o p.png"))).succeeded();
    workplace
}

fn run(workplace: &Workplace, line: &str) -> String {
    workplace.run(&words(line)).succeeded().output_text().to_owned()
}

fn open(workplace: &Workplace, name: &str) -> DynamicImage {
    image::open(workplace.join(name)).unwrap()
}

#[test]
fn a_picture_is_drawn_again_at_any_size() {
    let workplace = workplace();
    let (small, before) = (open(&workplace, "p.png"), Recipe::read(&workplace.join("p.png")).unwrap());
    assert_eq!(run(&workplace, "render p.png -q"), "p-x4.png\n");
    assert_eq!(run(&workplace, "render p.png -x 1 -q"), "p-x1.png\n");
    assert_eq!(run(&workplace, "render p.png --size 640x480 -q"), "p-640x480.png\n");
    // At its own size, it is the same picture.
    assert!(open(&workplace, "p-x1.png") == small);
    for (name, width, height) in [("p-x4.png", 256, 192), ("p-640x480.png", 640, 480)] {
        let large = open(&workplace, name);
        assert_eq!((large.width(), large.height()), (width, height));
        // Edges are sharper than in the small picture, but everything is in its place.
        let again = large.resize_exact(64, 48, image::imageops::FilterType::Triangle);
        let difference = apart(&again.into_rgb8(), &small.to_rgb8());
        assert!(difference < 3.0, "{name}: {difference}");
        let recipe = Recipe::read(&workplace.join(name)).unwrap();
        assert_eq!(recipe.rendered.unwrap(), format!("{width}x{height}").parse().unwrap());
        assert_eq!(Recipe { rendered: None, ..recipe }, before);
    }
    // What was drawn again can be drawn again, and its recipe still draws the picture.
    assert_eq!(run(&workplace, "render p-x4.png --size 640x480 -o again.png -q"), "again.png\n");
    assert!(workplace.read("again.png") == workplace.read("p-640x480.png"));
    run(&workplace, "--from p-x4.png -o from.png -q");
    assert!(workplace.read("from.png") == workplace.read("p.png"));
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    let workplace = workplace();
    for threads in [1, 2, 7] {
        run(&workplace, &format!("render p.png --size 1024x768 --threads {threads} -o {threads}.png -q"));
    }
    let one = workplace.read("1.png");
    assert!(one == workplace.read("2.png") && one == workplace.read("7.png"));
}

#[test]
fn a_run_that_continues_carries_the_same_drawing() {
    let workplace = workplace();
    let part = SMALL.replace("-n 3", "-n 3 --stop-at 2 --checkpoint-every 1 --reveal");
    run(&workplace, &format!("{part} -o part.png"));
    let drawing = |name: &str| read_drawing(&workplace.join(name)).unwrap().unwrap();
    assert_ne!(drawing("part.png"), drawing("p.png"));
    let early = workplace.read("part.reveal.mp4");
    run(&workplace, "resume part.png.t2a -n 3 -q");
    assert_eq!(drawing("part.png"), drawing("p.png"));
    assert!(workplace.read("part.reveal.mp4") != early);
    // Frames, and pictures that were saved on the way, carry none.
    run(&workplace, &format!("{SMALL} -o q.png --frames frames"));
    assert_eq!(read_drawing(&workplace.join("frames/000003.png")).unwrap(), None);
    assert_eq!(drawing("q.png"), drawing("p.png"));
}

#[test]
fn names_of_several_pictures() {
    let workplace = workplace();
    std::fs::copy(workplace.join("p.png"), workplace.join("q.png")).unwrap();
    assert_eq!(run(&workplace, "render p.png q.png -x 2 -q"), "p-x2.png\nq-x2.png\n");
    assert_eq!(run(&workplace, "render p.png q.png -x 2 -q"), "p-x2-2.png\nq-x2-2.png\n");
    assert_eq!(run(&workplace, "render p.png q.png -x 2 -q --force"), "p-x2.png\nq-x2.png\n");
    std::fs::create_dir(workplace.join("large")).unwrap();
    assert_eq!(run(&workplace, "render p.png q.png -o large -q"), "large/p-x4.png\nlarge/q-x4.png\n");
    assert_eq!(run(&workplace, "render p.png q.png -o {name}-big.png -q"), "p-big.png\nq-big.png\n");
    workplace.refuses(&words("render p.png q.png -o one.png"), &["2 pictures cannot have one name"]);
    workplace.refuses(&words("render p.png -o q.png"), &["q.png", "already exists"]);
    workplace.refuses(&words("render p.png -o p.png"), &["p.png", "already exists"]);
    workplace.refuses(&words("render p.png -o a.tiff"), &["unsupported file type"]);
    // An SVG or a movie alone needs no PNG.
    assert_eq!(run(&workplace, "render p.png q.png --svg -q"), "p.svg\nq.svg\n");
    assert_eq!(run(&workplace, "render p.png --svg a.svg --reveal a.gif -q"), "a.svg\na.gif\n");
    assert_eq!(run(&workplace, "render p.png --reveal -x 2 -q --force"), "p-x2.png\np.reveal.mp4\n");
    workplace.refuses(&words("render p.png --svg a.png"), &["unsupported file type; expected .svg"]);
    workplace.refuses(&words("render p.png --reveal a.webm"), &["unsupported file type; expected .mp4 or .gif"]);
}

#[test]
fn an_svg_is_the_one_of_the_run() {
    let workplace = Workplace::new();
    run(&workplace, &format!("{SMALL} --palette pico-8 -o p.png --svg"));
    run(&workplace, "render p.png --svg later.svg -q");
    assert!(workplace.read("p.svg") == workplace.read("later.svg"));
}

#[test]
fn colors_and_transparency_stay() {
    let workplace = Workplace::new();
    workplace.write("p.hex", "ff0000\n0000ff\nffffff\n");
    run(&workplace, &format!("{SMALL} --palette p.hex -o p.png"));
    run(&workplace, &format!("{SMALL} --transparent -o t.png"));
    for name in ["p", "t"] {
        run(&workplace, &format!("render {name}.png -x 1 -q"));
        let (drawn, again) = (format!("{name}.png"), format!("{name}-x1.png"));
        assert!(open(&workplace, &again) == open(&workplace, &drawn), "{name}");
    }
    assert!(open(&workplace, "t-x1.png").color().has_alpha());
}

#[test]
fn other_pictures_are_refused_with_the_reason() {
    let workplace = workplace();
    RgbImage::new(8, 8).save(workplace.join("photo.png")).unwrap();
    run(&workplace, "an apple --size 32x32 -n 0 --cutouts 1 -q -o vqgan.png");
    run(&workplace, &format!("{SMALL} -o a.png --frames frames"));
    run(&workplace, "upscale p.png -x 2 -q -o enlarged.png");
    workplace.refuses(&words("render photo.png"), &["photo.png", "no recipe"]);
    workplace.refuses(&words("render vqgan.png"), &["vqgan.png", "--drawer vqgan"]);
    for name in ["frames/000001.png", "enlarged.png"] {
        workplace.refuses(&words(&format!("render {name}")), &[name, "lacks what the picture was made of"]);
    }
    for (name, words_of) in [("a.jpg", "a JPEG does not carry"), ("a.webp", "a WebP does not carry")] {
        run(&workplace, &format!("{SMALL} -o {name}"));
        workplace.refuses(&words(&format!("render {name}")), &[name, words_of]);
    }
    workplace.refuses(&words("render none.png"), &["none.png", "not found"]);
    // Nothing is made if one of several is refused.
    let before = workplace.content();
    workplace.refuses(&words("render p.png vqgan.png"), &["vqgan.png"]);
    let lines = workplace.refuses_somehow(&words("render p.png --size 640x640"));
    assert!(lines[0].contains("another shape") && lines[1] == "hint: use --size 640x480", "{lines:?}");
    workplace.refuses(&words("render p.png -x 2 --size 640x480"), &["cannot be used with"]);
    workplace.refuses(&words("render p.png --size 1000000x750000"), &["of memory"]);
    workplace.refuses(&words("render p.png --size 6400x4800 --max-memory 100M"), &["--max-memory allows 100 MiB"]);
    assert!(before == workplace.content());
}

/// Every file is read whole or refused, however it is damaged.
#[test]
fn damaged_drawings_are_refused() {
    let workplace = workplace();
    let whole = workplace.read("p.png");
    let start = whole.windows(4).position(|window| window == b"drAW").unwrap() - 4;
    let (mut refused, mut drawn) = (0, 0);
    for place in (start..whole.len()).step_by(97).chain(start..start + 48) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x11;
        workplace.write("damaged.png", &damaged);
        let outcome = workplace.run(&words("render damaged.png -x 1 -o out.png -q --force"));
        match outcome.code {
            Some(0) => drawn += 1,
            Some(2) => refused += 1,
            code => panic!("byte {place}: {code:?} {}", outcome.errors),
        }
        assert!(!outcome.errors.contains("bug"), "byte {place}: {}", outcome.errors);
    }
    assert!(refused > 40 && drawn < 10, "{refused} {drawn}");
    workplace.write("short.png", &whole[..whole.len() - 40]);
    workplace.refuses(&words("render short.png"), &["short.png", "the PNG is damaged"]);
}

#[test]
fn a_reveal_paints_the_finished_picture() {
    let workplace = Workplace::new();
    let line = format!("{SMALL} --seconds 2 --hold 0.4 --fps 10 -o p.png --reveal r.gif --gif i.gif");
    assert_eq!(run(&workplace, &line), "p.png\ni.gif\nr.gif\n");
    let movie = Movie::of_gif(&workplace.join("r.gif"));
    let finished = open(&workplace, "p.png").into_rgb8();
    let (first, last) = (&movie.frames.first().unwrap().0, &movie.frames.last().unwrap().0);
    assert!(apart(last, &finished) < 3.0, "{}", apart(last, &finished));
    // It begins with plain paper, and comes nearer to the picture.
    assert!(first.pixels().all(|pixel| pixel == first.get_pixel(0, 0)));
    let middle = &movie.frames[movie.frames.len() / 2].0;
    assert!(apart(first, &finished) > apart(middle, &finished));
    assert_eq!(Recipe::read(&workplace.join("r.gif")).unwrap(), Recipe::read(&workplace.join("p.png")).unwrap());
    // It is made again of the picture alone, and does not change the picture.
    run(&workplace, "render p.png --reveal again.gif -q");
    assert!(workplace.read("again.gif") == workplace.read("r.gif"));
    run(&workplace, &format!("{SMALL} --seconds 2 --hold 0.4 --fps 10 -o q.png"));
    assert!(workplace.read("q.png") == workplace.read("p.png"));
}

#[test]
fn a_reveal_has_a_name_of_its_own() {
    let workplace = Workplace::new();
    assert_eq!(run(&workplace, &format!("{SMALL} -o a.mp4 --reveal")), "a.mp4\na.reveal.mp4\n");
    assert_eq!(
        run(&workplace, &format!("{SMALL} --strokes 3 -o b.png --mp4 --reveal")),
        "b.png\nb.mp4\nb.reveal.mp4\n"
    );
    let again = format!("{SMALL} -o c.png --gif x.gif --reveal x.gif");
    workplace.refuses(&words(&again), &["--reveal x.gif is also the name of another output"]);
    workplace.refuses(&words("an apple --reveal"), &["--reveal does not work with --drawer vqgan"]);
    workplace.refuses(&words("an apple --drawer pixel --reveal"), &["--reveal does not work with --drawer pixel"]);
    workplace
        .refuses(&words(&format!("{SMALL} --reveal x.webm")), &["--reveal takes a name that ends in .mp4 or .gif"]);
    assert!(Path::new(REVEAL.extension).extension().is_some());
}

#[test]
fn a_batch_makes_reveals() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a red apple\na pear -- --reveal pear.gif\n");
    let options = "--drawer strokes --strokes 12 --size 64x48 -n 1 --cutouts 1 --seed 1 -q";
    let batch = format!("batch a.txt {options} --reveal");
    run(&workplace, &batch);
    for name in ["a-red-apple-1.reveal.mp4", "pear.gif"] {
        assert!(workplace.join(name).is_file(), "{name}");
    }
    // What is there is not made again.
    let before = workplace.content();
    run(&workplace, &batch);
    assert!(before == workplace.content());
}
