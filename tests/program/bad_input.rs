//! Input that cannot work is refused before any work: exit code 2, one line that says what is wrong with which option
//! or file, one line that says what to do, and no file written. This file has options, prompts, pictures, configuration
//! files and recipes; `bad_models.rs` has models.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::io::BufWriter;
use std::path::Path;

use common::program::Workplace;
use common::{fixtures, text};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use sha2::{Digest, Sha256};
use text2art::files::to_hex;

/// Draws a small picture with the small models.
fn draw(workplace: &Workplace, arguments: &[&str]) {
    let (clip, vqgan) = (fixtures().join("clip"), fixtures().join("vqgan"));
    let small = ["a red apple", "--clip", text(&clip), "--vqgan", text(&vqgan), "--size", "32x32", "-n", "1"];
    workplace.run(&[&small[..], &["--cutouts", "1"], arguments].concat()).succeeded();
}

fn init_image() -> Vec<u8> {
    std::fs::read(fixtures().join("trace/init.png")).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    to_hex(&Sha256::digest(bytes))
}

/// Writes a PNG with a text chunk.
fn write_png(path: &Path, keyword: &str, text: &str) {
    let file = BufWriter::new(std::fs::File::create(path).unwrap());
    let mut encoder = png::Encoder::new(file, 2, 2);
    encoder.set_color(png::ColorType::Rgb);
    encoder.add_itxt_chunk(keyword.into(), text.into()).unwrap();
    encoder.write_header().unwrap().write_image_data(&[7; 12]).unwrap();
}

#[test]
fn values_that_no_option_takes() {
    let workplace = Workplace::new();
    for (arguments, words) in [
        (&["--sed", "7"][..], &["--sed", "--seed"][..]),
        (&["--optimiser", "adam"], &["--optimiser", "--optimizer"]),
        (&["--optimizer", "sgd"], &["--optimizer", "sgd", "adamw"]),
        (&["--augment", "crop,wobble"], &["--augment", "wobble", "perspective"]),
        (&["--quality", "great"], &["--quality", "great", "draft"]),
        (&["--size", "big"], &["--size", "big", "512x384"]),
        (&["--size", "0x5"], &["--size", "0x5"]),
        (&["--size", "64x64", "--aspect", "1:1"], &["--size", "--aspect"]),
        (&["--aspect", "round"], &["--aspect", "round", "widescreen"]),
        (&["--aspect", "1:0"], &["--aspect", "1:0"]),
        (&["--init-noise", "pink"], &["--init-noise", "pink", "fractal"]),
        (&["--learning-rate-drops", "150%"], &["--learning-rate-drops", "150%"]),
        (&["--seed", ""], &["--seed"]),
        (&["--iterations", "-3"], &["-3"]),
        (&["--iterations", "many"], &["--iterations", "many"]),
        (&["--save-every", "0"], &["--save-every", "0"]),
        (&["--threads", "0"], &["--threads", "0"]),
        (&["--progress", "loud"], &["--progress", "loud"]),
    ] {
        let message = workplace.refuses_somehow(&[&["a"], arguments].concat()).join("\n");
        assert!(message.starts_with("error: "), "{message}");
        for word in words {
            assert!(message.contains(word), "{word}: {message}");
        }
    }
}

#[test]
fn a_refusal_for_programs_is_an_event() {
    let workplace = Workplace::new();
    for (arguments, word) in [
        (&["a", "--progress", "json", "--sed", "7"][..], "--sed"),
        (&["a", "--progress=json", "--optimizer", "sgd"], "sgd"),
        (&["a", "--progress", "json", "--cutouts", "0"], "--cutouts"),
        (&["a", "--progress", "json", "--init-image", "none.png"], "none.png"),
    ] {
        let lines = workplace.refuses_somehow(arguments);
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&event["event"], &event["exit_code"]), (&"failed".into(), &2.into()), "{event}");
        assert_eq!(event["in_fields"], Value::Null, "{event}");
        assert!(event["message"].as_str().unwrap().contains(word) && event["hint"].is_string(), "{event}");
    }
}

#[test]
fn values_out_of_range() {
    let workplace = Workplace::new();
    for (arguments, words) in [
        (&["--cutouts", "0"][..], &["--cutouts", "0"][..]),
        (&["--cutouts", "4097"], &["--cutouts", "4097"]),
        (&["--cut-batch", "0"], &["--cut-batch", "0"]),
        (&["--cut-noise=-0.5"], &["--cut-noise", "-0.5"]),
        (&["--cut-noise", "inf"], &["--cut-noise", "inf"]),
        (&["--learning-rate", "0"], &["--learning-rate", "0"]),
        (&["--learning-rate", "nan"], &["--learning-rate", "NaN"]),
        (&["--learning-rate=-1"], &["--learning-rate", "-1"]),
        (&["--iterations", "1000001"], &["--iterations", "1000001"]),
        (&["--init-weight", "1", "--init-noise", "none"], &["--init-weight"]),
        (&["--aspect", "retain"], &["--aspect retain"]),
        (&["--model", "nonsense"], &["nonsense"]),
        (&["--clip", ""], &["--clip"]),
    ] {
        workplace.refuses(&[&["a"], arguments].concat(), words);
    }
}

#[test]
fn prompts_that_say_nothing() {
    let workplace = Workplace::new();
    workplace.refuses(&[""], &["prompt", "empty", "column 1"]);
    workplace.refuses(&["  "], &["prompt", "empty"]);
    workplace.refuses(&["a | | b"], &["prompt", "empty", "column 4"]);
    workplace.refuses(&["a |"], &["prompt", "empty"]);
    workplace.refuses(&["a:0"], &["weight 0"]);
    workplace.refuses::<&str>(&[], &["no prompt"]);
    workplace.refuses(&["generate", "--seed", "1"], &["no prompt"]);
}

#[test]
fn places_that_cannot_be_written() {
    let workplace = Workplace::new();
    workplace.write("there.png", "what was there");
    std::fs::create_dir(workplace.join("folder")).unwrap();
    std::fs::create_dir(workplace.join("folder.png")).unwrap();
    for (output, words) in [
        ("there.png", &["there.png", "already exists"][..]),
        ("picture.bmp", &["picture.bmp", ".png"]),
        ("picture", &["picture", ".png"]),
        ("none/picture.png", &["none", "folder not found"]),
        ("there.png/picture.png", &["there.png", "not a folder"]),
        ("folder", &["folder"]),
        ("folder.png", &["folder.png", "a folder"]),
    ] {
        workplace.refuses(&["a", "-o", output], words);
    }
    for (output, error, hint) in [
        ("a", "a: the name has no extension; expected .png", "a name that ends in .png"),
        ("folder", "folder: this is a folder", "'folder/{slug}-{seed}.png'"),
        ("", "the name of the output is empty", "a name that ends in .png"),
        ("a.svg", "a.svg: unsupported file type", "--output a.png --svg"),
    ] {
        let lines = workplace.refuses_somehow(&["a", "-o", output]);
        assert!(lines[0].contains(error) && lines[1].contains(hint), "{lines:?}");
    }
    workplace.refuses(&["a", "-o", "folder.png", "--force"], &["folder.png", "a folder"]);
    assert_eq!(workplace.read("there.png"), b"what was there");
    draw(&workplace, &["-o", "there.png", "--force"]);
    assert!(workplace.read("there.png").starts_with(b"\x89PNG"));
    workplace.refuses(&["a", "-o", "-", "--save-every", "1"], &["--save-every"]);
}

#[test]
fn places_that_a_reconstruction_cannot_be_written_to() {
    let workplace = Workplace::new();
    workplace.write("in.png", init_image());
    workplace.write("there.png", "what was there");
    std::fs::create_dir(workplace.join("folder.png")).unwrap();
    let refuses = |output: &[&str], words: &[&str]| {
        workplace.refuses(&[&["reconstruct", "in.png", "-o"], output].concat(), words);
    };
    refuses(&["there.png"], &["there.png", "already exists"]);
    refuses(&["none/out.png"], &["none", "folder not found"]);
    refuses(&["folder.png"], &["folder.png"]);
    refuses(&["folder.png", "--force"], &["folder.png"]);
    refuses(&["out.bmp"], &["out.bmp", ".png"]);
    // Standard output or a refusal, but no file of this name.
    workplace.run(&["reconstruct", "in.png", "-o", "-"]);
    assert!(!workplace.join("-").exists());
}

#[test]
fn init_images_that_are_none() {
    let workplace = Workplace::new();
    workplace.write("empty.png", "");
    workplace.write("cut.png", &init_image()[..120]);
    workplace.write("header.png", &init_image()[..8]);
    workplace.write("text.png", "no picture at all");
    let noise = RgbImage::from_fn(64, 64, |x, y| Rgb([x, y, x * y % 251].map(|value| u8::try_from(value).unwrap())));
    noise.save_with_format(workplace.join("whole.jpg"), ImageFormat::Jpeg).unwrap();
    workplace.write("cut.jpg", &workplace.read("whole.jpg")[..60]);
    std::fs::create_dir(workplace.join("folder.png")).unwrap();
    for name in ["none.png", "empty.png", "cut.png", "header.png", "text.png", "cut.jpg", "folder.png"] {
        workplace.refuses(&["a", "--init-image", name, "--quality", "draft"], &[name]);
        workplace.refuses(&["a", "--init-image", name, "--aspect", "retain"], &[name]);
        workplace.refuses(&["reconstruct", name, "-o", "out.png"], &[name]);
        workplace.refuses(&["score", name, "-p", "a"], &[name]);
    }
}

#[test]
fn configuration_files_that_cannot_be_used() {
    let workplace = Workplace::new();
    workplace.write("unknown.toml", "prompt = \"a\"\niteration = 3\n");
    workplace.write("value.toml", "# a comment\n\noptimizer = \"sgd\"\n");
    workplace.write("broken.toml", "prompt = \"a\nsize = \n");
    workplace.write("range.toml", "cutouts = 0\n");
    workplace.write("binary.toml", [0xff, 0xfe, 0]);
    for (name, words) in [
        ("unknown.toml", &["unknown.toml", "line 2", "iteration"][..]),
        ("value.toml", &["value.toml", "line 3", "sgd"]),
        ("broken.toml", &["broken.toml", "line 1"]),
        ("range.toml", &["cutouts", "0"]),
        ("binary.toml", &["binary.toml", "UTF-8"]),
        ("none.toml", &["none.toml"]),
        (".", &["."]),
    ] {
        workplace.refuses(&["a", "--config", name], words);
    }
    // The user's own file is held to the same.
    workplace.write("../home/.config/text2art/config.toml", "sed = 3\n");
    workplace.refuses(&["a"], &["config.toml", "line 1", "sed"]);
}

#[test]
fn pictures_without_a_usable_recipe() {
    let workplace = Workplace::new();
    draw(&workplace, &["-o", "made.png"]);
    workplace.write("plain.png", init_image());
    workplace.write("cut.png", &workplace.read("made.png")[..300]);
    workplace.write("empty.png", "");
    RgbImage::new(8, 8).save_with_format(workplace.join("jpeg.png"), ImageFormat::Jpeg).unwrap();
    write_png(&workplace.join("other.png"), "parameters", "a red apple");
    write_png(&workplace.join("broken.png"), "text2art", "{\"format\": 1, \"program\":");
    write_png(&workplace.join("newer.png"), "text2art", "{\"format\": 2, \"brushes\": []}");
    let unknown = workplace.run(&["info", "made.png", "--json"]).succeeded().output_text().to_owned();
    let unknown = unknown.replacen("\"cutouts\"", "\"cuttings\"", 1);
    write_png(&workplace.join("unknown.png"), "text2art", &unknown);
    workplace.write("unknown.json", &unknown);
    workplace.write("other.json", "{\"prompt\": \"a red apple\"}");
    workplace.write("newer.json", "{\"format\": 2, \"brushes\": []}");
    workplace.write("binary.json", b"{\"format\": 1, \xff");
    workplace.write("large.json", format!("{{{}", " ".repeat(5 << 20)));
    for (name, word) in [
        ("plain.png", "no recipe"),
        ("other.png", "no recipe"),
        ("jpeg.png", "no recipe"),
        ("empty.png", "PNG"),
        ("cut.png", "PNG"),
        ("broken.png", "recipe"),
        ("newer.png", "newer"),
        ("unknown.png", "cuttings"),
        ("none.png", "file not found"),
        ("unknown.json", "cuttings"),
        ("other.json", "missing field"),
        ("newer.json", "newer"),
        ("binary.json", "UTF-8"),
        ("large.json", "longer than 4 MiB"),
        (".", "."),
    ] {
        workplace.refuses(&["--from", name, "-o", "new.png"], &[name, word]);
        workplace.refuses(&["info", name], &[name, word]);
    }
}

#[test]
fn recipes_whose_init_image_is_another() {
    let workplace = Workplace::new();
    let (before, after) = (init_image(), std::fs::read(fixtures().join("cli/odd.png")).unwrap());
    workplace.write("in.png", &before);
    workplace.write("other.png", &after);
    draw(&workplace, &["--init-image", "in.png", "-o", "made.png"]);
    workplace.write("in.png", &after);
    workplace.refuses(&["--from", "made.png", "-o", "new.png"], &["in.png", &sha256(&before), &sha256(&after)]);
    std::fs::remove_file(workplace.join("in.png")).unwrap();
    workplace.refuses(&["--from", "made.png", "-o", "new.png"], &["in.png", "missing", &sha256(&before)]);
    workplace.run(&["--from", "made.png", "--init-image", "other.png", "-o", "new.png"]).succeeded();
    workplace.write("in.png", &before);
    workplace.run(&["--from", "made.png", "-o", "again.png"]).succeeded();
    assert!(workplace.read("again.png") == workplace.read("made.png"));
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let workplace = Workplace::new();
    let broken = OsStr::from_bytes(b"a\xffb.png");
    let plain = OsStr::new;
    for arguments in [
        &[broken][..],
        &[plain("a"), plain("--seed"), broken],
        &[plain("a"), plain("--progress"), plain("json"), plain("--clip"), broken],
        &[plain("score"), plain("none.png"), plain("-p"), broken],
    ] {
        let message = workplace.refuses_somehow(arguments).join("\n");
        assert!(message.contains("UTF-8"), "{message}");
    }
}

/// A name that is no text may be refused or taken, but not after the work is done.
#[cfg(unix)]
#[test]
fn files_whose_name_is_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let workplace = Workplace::new();
    let name = OsStr::from_bytes(b"a\xffb.png");
    // Some systems have no such files.
    if std::fs::write(workplace.join(name), init_image()).is_err() {
        return;
    }
    let plain = OsStr::new;
    let draw = ["a", "--size", "32x32", "-n", "1", "-o", "new.png", "--init-image"].map(plain);
    let score = ["score", "--json", "-p", "a"].map(plain);
    for arguments in [&draw[..], &score] {
        let outcome = workplace.run(&[arguments, &[name]].concat());
        assert!(matches!(outcome.code, Some(0 | 2)), "{arguments:?}: {:?}: {}", outcome.code, outcome.errors);
    }
}

#[test]
fn a_prompt_of_a_hundred_thousand_characters() {
    let words = (0..).map(|number| format!("apple{number}")).take(10_200).collect::<Vec<_>>().join(" ");
    let prompt = &words[..100_000];
    let unbroken = "a".repeat(100_000);
    for prompt in [prompt, &unbroken] {
        let workplace = Workplace::new();
        let outcome = workplace.run(&[prompt, "--size", "64x64", "--iterations", "1"]).succeeded();
        let first = outcome.errors.lines().next().unwrap();
        assert!(first.starts_with("warning: ") && first.ends_with("...") && first.len() < 200, "{first}");
        assert!(Path::new(outcome.output_text().trim_end()).file_name().unwrap().len() < 100);
        workplace.run(&["info", outcome.output_text().trim_end()]).succeeded();
    }
}
