//! The memory of reading pictures, and of outsized settings.

#![cfg(target_os = "linux")]

use std::io::Write;

use crate::common::program::{Workplace, finish, peak};
use crate::common::{fixtures, text};

/// A PNG of so many black pixels a side, of one bit each.
fn black(side: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().unwrap();
    let mut rows = writer.stream_writer().unwrap();
    let row = vec![0; side.div_ceil(8) as usize];
    (0..side).for_each(|_| rows.write_all(&row).unwrap());
    rows.finish().unwrap();
    writer.finish().unwrap();
    file
}

/// A PNG that has no more than a header: interlaced, of 16 bits and alpha, 8 bytes a pixel that must all be there at
/// once.
fn header(side: u32) -> Vec<u8> {
    let chunk = |name: &[u8; 4], data: &[u8]| {
        let mut checksum = flate2::Crc::new();
        checksum.update(name);
        checksum.update(data);
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], name, data, &checksum.sum().to_be_bytes()].concat()
    };
    let head = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[16, 6, 0, 0, 1]].concat();
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &head), &chunk(b"IDAT", &[]), &chunk(b"IEND", &[])].concat()
}

#[test]
fn a_large_picture_is_read_in_little_memory() {
    let workplace = Workplace::new();
    workplace.write("small.png", black(64));
    workplace.write("large.png", black(10_000));
    let run = ["a", "-n", "1", "--size", "32x32", "--cutouts", "1", "--force", "-q", "-o", "p.png"];
    let with = |picture| workplace.peak(&[&run[..], &["--init-image", picture]].concat());
    let (small, large) = (with("small.png"), with("large.png"));
    // 5000x5000 pixels of three bytes are 72 MiB; all 100 million, of one byte and then of three, are 381.
    assert!(large - small < 150.0, "{small:.0} MiB and {large:.0}");
}

#[test]
fn a_large_picture_is_read_as_the_mean_of_its_parts() {
    let workplace = Workplace::new();
    workplace.write("large.png", black(9_000));
    let outcome = workplace.run(&["palettes", "large.png"]);
    // A palette needs two colors, and it has one.
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.errors.contains("its only color is #000000"), "{}", outcome.errors);
}

#[test]
fn pictures_that_take_too_much_are_refused_by_their_header() {
    let workplace = Workplace::new();
    // 20000 x 20000 x 8 bytes are 3 GiB.
    workplace.write("huge.png", header(20_000));
    for arguments in [
        &["a", "--init-image", "huge.png"][..],
        &["a", "--image-prompt", "huge.png"],
        &["a", "--palette", "huge.png"],
        &["score", "huge.png", "--prompt", "a"],
        &["reconstruct", "huge.png", "-o", "p.png"],
        &["video", "huge.png", "-o", "p.gif"],
    ] {
        workplace.refuses(arguments, &["huge.png", "reading 20000x20000 pixels takes about", "GiB of memory"]);
        let (peak, code) = peak(workplace.command().args(arguments));
        assert!(code == Some(2) && peak < 200.0, "{arguments:?}: {peak} MiB");
    }
}

#[test]
fn the_limit_counts_the_pictures_that_are_read() {
    let workplace = Workplace::new();
    // 3000 x 3000 x 8 bytes are 69 MiB, of 3 bytes 26.
    workplace.write("large.png", header(3_000));
    let run = ["a", "-n", "1", "--size", "32x32", "--cutouts", "1", "-o", "p.png"];
    let plain = workplace.estimate(&run);
    let with = |option| workplace.estimate(&[&run[..], &[option, "large.png"]].concat());
    for option in ["--init-image", "--image-prompt"] {
        assert!(with(option) > plain + 50.0, "{option}: {plain} MiB and {}", with(option));
    }
    let least = format!("{}M", plain + 20.0);
    let whole = [&run[..], &["--max-memory", &least]].concat();
    workplace.run(&[&whole[..], &["--dry-run"]].concat()).succeeded();
    for option in ["--init-image", "--image-prompt"] {
        let arguments = [&whole[..], &[option, "large.png"]].concat();
        workplace.refuses(&arguments, &["memory", "--max-memory allows"]);
    }
    let arguments = [&run[..], &["--max-memory", "60M", "--palette", "large.png"]].concat();
    workplace.refuses(&arguments, &["large.png", "3000x3000 pixels", "--max-memory allows 60 MiB"]);
}

#[test]
fn outsized_settings_are_refused_before_any_work() {
    let workplace = Workplace::new();
    workplace.write("long.toml", format!("prompt = \"{}\"\n", "a ".repeat(2 << 20)));
    workplace.write("many.toml", format!("prompt = \"a\"\nclip = [{}]\n", "\"embedded\", ".repeat(1000)));
    workplace.write("prompts.toml", format!("prompt = \"a\"\nimage_prompt = [{}]\n", "\"a.png\", ".repeat(1001)));
    for (config, named) in [("long.toml", "100 KiB"), ("many.toml", "--clip has 1000"), ("prompts.toml", "1001")] {
        let arguments = ["--config", config, "-n", "1"];
        workplace.refuses(&arguments, &[named]);
        let (peak, code) = peak(workplace.command().args(arguments));
        assert!(code == Some(2) && peak < 200.0, "{config}: {peak} MiB");
    }
    workplace.write("long.txt", "a ".repeat(2 << 20));
    let outcome = workplace.run(&["batch", "long.txt", "--results", "none"]);
    assert!(outcome.code == Some(1) || outcome.code == Some(2), "{outcome:?}");
    assert!(outcome.errors.len() < 10_000, "{} bytes of errors", outcome.errors.len());
}

#[test]
fn a_large_size_from_a_recipe_is_refused_by_the_estimate() {
    let workplace = Workplace::new();
    let vqgan = fixtures().join("vqgan/last.ckpt");
    for models in [&[][..], &["--vqgan", text(&vqgan)], &["--drawer", "pixel"]] {
        let run = ["a", "-n", "0", "--size", "32x32", "--cutouts", "1", "--force", "-q", "-o", "p.png"];
        workplace.run(&[&run[..], models].concat()).succeeded();
        let recipe = recipe(&workplace.read("p.png")).replace(r#""size":"32x32""#, r#""size":"4096x4096""#);
        workplace.write("large.png", with_recipe(&recipe));
        let arguments = ["--from", "large.png", "--max-memory", "200M"];
        workplace.refuses(&arguments, &["4096x4096", "--max-memory allows 200 MiB"]);
        let (peak, _) = peak(workplace.command().args(arguments));
        assert!(peak < 200.0, "{models:?}: {peak} MiB");
    }
}

/// The recipe in a PNG.
fn recipe(png: &[u8]) -> String {
    let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let chunk = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == "text2art").unwrap();
    chunk.get_text().unwrap()
}

/// A PNG with a recipe.
fn with_recipe(recipe: &str) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 1, 1);
    encoder.add_itxt_chunk("text2art".into(), recipe.into()).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0]).unwrap();
    writer.finish().unwrap();
    file
}

#[test]
fn a_limited_address_space_is_an_error_and_no_crash() {
    let workplace = Workplace::new();
    workplace.write("large.png", black(3_000));
    workplace.write("huge.png", header(5_000));
    let program = workplace.command().get_program().to_owned();
    for picture in ["large.png", "huge.png"] {
        for mebibytes in [100, 150, 200, 300, 400, 600] {
            let script = format!(
                "ulimit -v {}; exec \"$0\" a -n 1 --size 64x64 --cutouts 2 --init-image {picture} -o p.png --force",
                mebibytes << 10
            );
            let outcome = finish(workplace.command_of("sh").arg("-c").arg(script).arg(&program));
            // Below what the program itself needs, the system's own loader refuses it with 127.
            assert!(matches!(outcome.code, Some(0 | 1 | 2 | 127)), "{picture}, {mebibytes} MiB: {outcome:?}");
            assert!(!outcome.errors.contains("panicked"), "{picture}, {mebibytes} MiB: {}", outcome.errors);
        }
    }
}
