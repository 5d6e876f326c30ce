//! Folders that a template names are created when files are written, and no others.

#![allow(clippy::unwrap_used)]

use crate::common;

use common::program::{Workplace, words};

/// A picture that takes a moment.
const SMALL: &str = "a red apple --size 32x32 -n 2 --cutouts 1 --seed 5 --init-noise codes -q";

fn run(workplace: &Workplace, line: &str) -> String {
    workplace.run(&words(line)).succeeded().output_text().to_owned()
}

#[test]
fn a_run_creates_the_folders_of_a_template() {
    let workplace = Workplace::new();
    let shown = run(&workplace, &format!("{SMALL} -o deep/{{slug}}/{{seed}}.png --dry-run"));
    assert!(shown.contains("# picture: deep/a-red-apple/5.png"), "{shown}");
    // Neither a dry run nor a refusal leaves anything.
    let outcome = workplace.run(&words(&format!("{SMALL} --clip none -o {{slug}}/{{seed}}.png")));
    assert_ne!(outcome.code, Some(0));
    assert!(!workplace.join("deep").exists() && !workplace.join("a-red-apple").exists());
    let line = format!("{SMALL} -o deep/{{slug}}/{{seed}}.png --gif --frames {{slug}}/frames --checkpoint-every 1");
    assert_eq!(run(&workplace, &line), "deep/a-red-apple/5.png\ndeep/a-red-apple/5.gif\na-red-apple/frames\n");
    for name in ["deep/a-red-apple/5.png", "deep/a-red-apple/5.png.t2a", "a-red-apple/frames/000002.png"] {
        assert!(workplace.join(name).is_file(), "{name}");
    }
    let line = "resume deep/a-red-apple/5.png.t2a -n +1 -q -o more/{slug}-{seed}.jpg";
    assert_eq!(run(&workplace, line), "more/a-red-apple-5.jpg\nmore/a-red-apple-5.gif\nmore/a-red-apple-5-frames\n");
}

#[test]
fn other_names_need_their_folder() {
    let workplace = Workplace::new();
    workplace.write("file", "no folder");
    workplace.refuses(&words("an apple -o none/apple.png"), &["none: folder not found"]);
    workplace.refuses(&words("an apple -o {slug}.png --gif none/apple.gif"), &["none: folder not found"]);
    for line in ["an apple -o {prompt}.png", "an apple --gif {prompt}.gif", "batch - -o {prompt}.png"] {
        workplace.refuses(&words(line), &["{prompt} is not a known field in a file name"]);
    }
    workplace.refuses(&words("an apple -o file/{slug}/{seed}.png"), &["file: this is not a folder"]);
    let long = "x".repeat(300);
    workplace.refuses(&words(&format!("an apple -o {{slug}}/{long}.png")), &["the name is too long"]);
    workplace.refuses(&words(&format!("an apple -o {long}/{{slug}}.png")), &["the name is too long"]);
}

#[test]
fn a_batch_creates_folders_line_by_line() {
    let workplace = Workplace::new();
    workplace.write("a.txt", "a {red,green} apple\na pear -- -o none/pear.png\na fig -- -o figs/{seed}.webp\n");
    let line = "batch a.txt --size 32x32 -n 1 --cutouts 1 --seed 5 -q -o {slug}/{seed}.png";
    let before = workplace.content();
    assert_eq!(workplace.run(&words(&format!("{line} --dry-run"))).code, Some(1));
    assert!(workplace.content() == before);
    let outcome = workplace.run(&words(line));
    assert_eq!(outcome.output_text(), "a-red-apple/5.png\na-green-apple/5.png\nfigs/5.webp\n");
    assert!(outcome.errors.contains("line 2: none: folder not found"), "{}", outcome.errors);
    let content = workplace.content();
    assert_eq!(workplace.run(&words(line)).code, Some(1));
    assert!(workplace.content() == content);
}

#[test]
fn other_verbs_create_the_folders_of_a_template() {
    let workplace = Workplace::new();
    run(&workplace, "a red apple --drawer strokes --strokes 9 --size 32x32 -n 1 --cutouts 1 -q -o p.png");
    assert_eq!(run(&workplace, "upscale p.png -x 2 -q -o large/{name}.png"), "large/p.png\n");
    assert_eq!(
        run(&workplace, "render p.png -x 2 -q -o again/{name}.png --svg svg/{name}.svg"),
        "again/p.png\nsvg/p.svg\n"
    );
    workplace.refuses(&words("upscale p.png -x 2 -o none/p.png"), &["none: folder not found"]);
    workplace.refuses(&words("render p.png -x 2 -o none/"), &["none"]);
}
