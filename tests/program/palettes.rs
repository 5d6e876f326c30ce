//! Palettes from every kind of file, and the verb that shows them.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::fmt::Write;

use common::program::Workplace;
use image::{Rgb, RgbImage};
use proptest::prelude::*;
use text2art::palette::{BuiltIn, Palette, file_of};

/// The colours of all files here.
const COLOURS: [[u8; 3]; 3] = [[255, 136, 0], [0, 0, 128], [18, 52, 86]];

fn gimp(colours: &[[u8; 3]]) -> String {
    let mut text = String::from("GIMP Palette\r\nName: Three: of them\r\nColumns: 16\r\n#\r\n# a comment\r\n\r\n");
    for [red, green, blue] in colours {
        write!(text, "{red:3} {green:3}\t{blue:3}\tcolour 1 2 3\r\n").unwrap();
    }
    text
}

fn jasc(colours: &[[u8; 3]]) -> String {
    let lines = colours.iter().map(|[red, green, blue]| format!("{red} {green} {blue}\r\n"));
    format!("JASC-PAL\r\n0100\r\n{}\r\n{}", colours.len(), lines.collect::<String>())
}

fn hexadecimal(colours: &[[u8; 3]]) -> String {
    let mut text = String::new();
    for [red, green, blue] in colours {
        writeln!(text, "{red:02x}{green:02X}{blue:02x}").unwrap();
    }
    text
}

/// 768 bytes, and 4 more where the number of colours is told.
fn adobe(colours: &[[u8; 3]], tail: Option<u16>) -> Vec<u8> {
    let mut bytes = colours.as_flattened().to_vec();
    bytes.resize(768, 0);
    bytes.extend(tail.into_iter().flat_map(|count| [count.to_be_bytes(), [255, 255]]).flatten());
    bytes
}

/// A RIFF palette; with another chunk of odd length before the colours.
fn riff(colours: &[[u8; 3]], told: u16) -> Vec<u8> {
    let mut data = vec![0, 3];
    data.extend(told.to_le_bytes());
    data.extend(colours.iter().flat_map(|[red, green, blue]| [*red, *green, *blue, 0]));
    let mut bytes = b"RIFF\0\0\0\0PAL note\x03\0\0\0abc\0data".to_vec();
    bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    bytes.extend(data);
    bytes
}

/// So many colours, none twice.
fn many(count: u32) -> Vec<[u8; 3]> {
    (0..count).map(u32::to_be_bytes).map(|[_, red, green, blue]| [red, green, blue]).collect()
}

/// A picture of the three colours and a fourth.
fn photo() -> RgbImage {
    RgbImage::from_fn(8, 8, |x, y| Rgb(if y == 0 { [250, 250, 250] } else { COLOURS[x as usize % 3] }))
}

#[test]
fn every_format_is_read() {
    let workplace = Workplace::new();
    workplace.write("three.gpl", gimp(&COLOURS));
    workplace.write("bom.gpl", format!("\u{feff}{}", gimp(&COLOURS)));
    workplace.write("latin.gpl", [gimp(&COLOURS).as_bytes(), b"18 52 86 \xe9t\xe9\n"].concat());
    workplace.write("three.PAL", jasc(&COLOURS));
    workplace.write("riff.pal", riff(&COLOURS, 3));
    workplace.write("three.hex", hexadecimal(&COLOURS));
    workplace.write("comment.hex", format!("; a comment\n\n#{}", hexadecimal(&COLOURS)));
    workplace.write("told.act", adobe(&COLOURS, Some(3)));
    for name in ["three.gpl", "bom.gpl", "latin.gpl", "three.PAL", "riff.pal", "three.hex", "comment.hex", "told.act"] {
        let text = workplace.argument(name);
        let palette = Palette::load(&text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((palette.colours(), palette.name()), (&COLOURS[..], text.as_str()), "{name}");
    }
    // Where no number is told all 256 count, of which the rest are black.
    workplace.write("all.act", adobe(&COLOURS, None));
    let all = Palette::load(&workplace.argument("all.act")).unwrap();
    assert_eq!(all.colours(), [&COLOURS[..], &[[0; 3]]].concat());
    // As many as there can be.
    workplace.write("most.gpl", gimp(&many(256)));
    assert_eq!(Palette::load(&workplace.argument("most.gpl")).unwrap().colours(), many(256));
}

#[test]
fn pictures_give_their_colours() {
    let workplace = Workplace::new();
    let path = workplace.argument("photo.png");
    photo().save(&path).unwrap();
    let all = Palette::load(&path).unwrap();
    // From dark to light.
    assert_eq!(all.colours(), [[0, 0, 128], [18, 52, 86], [255, 136, 0], [250, 250, 250]]);
    let two = Palette::load(&format!("{path}\\2")).unwrap();
    assert_eq!(two.colours().len(), 2);
    assert_eq!(two, Palette::load(&format!("{path}\\2")).unwrap());
    let own = Palette::of_picture(&photo(), 3, 7).unwrap();
    assert_eq!(own.colours().len(), 3);
    for count in [0, 257] {
        assert!(Palette::of_picture(&photo(), count, 7).unwrap_err().to_string().contains(&count.to_string()));
    }
    assert!(Palette::of_picture(&RgbImage::new(0, 3), 3, 7).is_err());
}

#[test]
fn what_is_a_file_is_told_by_the_spelling() {
    let file = |text| file_of(text).map(|path| path.to_str().unwrap().to_owned());
    for (text, expected) in [
        ("photo.png", "photo.png"),
        (" photo.png\\12 ", "photo.png"),
        ("a folder/ROBOTS.GPL", "a folder/ROBOTS.GPL"),
        ("photo.png\\many", "photo.png"),
        ("C:\\art\\night.hex", "C:\\art\\night.hex"),
    ] {
        assert_eq!(file(text).as_deref(), Some(expected), "{text}");
    }
    for text in ["red->white\\8", "pico-8", "png", "blue/green", "photo", "photo.txt", "", "red.gpl;gold"] {
        assert_eq!(file(text), None, "{text}");
    }
    // A file of a palette's name changes nothing.
    let workplace = Workplace::new();
    workplace.write("pico-8", "no palette");
    assert_eq!(workplace.run(&["palettes", "pico-8"]).succeeded().output_text().lines().count(), 16);
}

#[test]
fn files_errors_name_the_place() {
    let workplace = Workplace::new();
    photo().save(workplace.join("photo.png")).unwrap();
    let png = workplace.read("photo.png");
    RgbImage::from_pixel(3, 2, Rgb(COLOURS[0])).save(workplace.join("plain.png")).unwrap();
    let plain = workplace.read("plain.png");
    std::fs::create_dir(workplace.join("folder.gpl")).unwrap();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty.gpl", b"".to_vec(), "the file is empty"),
        ("empty.png", b"".to_vec(), "the file is empty"),
        ("none.gpl", b"GIMP Palette\nName: none\n".to_vec(), "the file contains no colors"),
        ("blank.hex", b"\n\n".to_vec(), "the file contains no colors"),
        ("one.gpl", gimp(&COLOURS[..1]).into(), "its only color is #ff8800"),
        ("twice.hex", b"ff8800\n#FF8800\n".to_vec(), "its only color is #ff8800"),
        ("one.pal", jasc(&COLOURS[..1]).into(), "its only color is #ff8800"),
        ("one-riff.pal", riff(&COLOURS[..1], 1), "its only color is #ff8800"),
        ("one.act", adobe(&COLOURS[..1], Some(1)), "its only color is #ff8800"),
        ("one.png", plain, "its only color is #ff8800"),
        ("none.pal", b"JASC-PAL\n0100\n0\n".to_vec(), "the file contains no colors"),
        ("none.act", adobe(&[], Some(0)), "byte 768: the table claims 0 colors"),
        ("picture.gpl", png.clone(), "this is a PNG picture"),
        ("picture.act", png.clone(), "this is a PNG picture"),
        ("gimp.pal", gimp(&COLOURS).into(), "this is a GIMP palette"),
        ("gimp.hex", gimp(&COLOURS).into(), "this is a GIMP palette"),
        ("jasc.gpl", jasc(&COLOURS).into(), "this is a JASC palette"),
        ("riff.gpl", riff(&COLOURS, 3), "this is a RIFF palette"),
        ("text.png", b"red".to_vec(), "not an image"),
        ("title.gpl", b"GIMP Pallet\n1 2 3".to_vec(), "line 1: `GIMP Pallet` is not `GIMP Palette`"),
        ("range.gpl", b"GIMP Palette\n# two\n255 256 0 red\n".to_vec(), "line 3: `255 256 0 red` does not begin"),
        ("digits.hex", b"ff8800\n\nff880g\n".to_vec(), "line 3: `ff880g` is not a color of six hexadecimal digits"),
        ("alpha.hex", b"ff8800ff\n".to_vec(), "line 1: `ff8800ff`"),
        ("version.pal", b"JASC-PAL\n0200\n1\n1 2 3\n".to_vec(), "line 2: `0200` is not `0100`"),
        ("count.pal", b"JASC-PAL\n0100\nfew\n1 2 3\n".to_vec(), "line 3: `few` is not a valid number of colors"),
        ("short.pal", b"JASC-PAL\n0100\n2\n1 2 3\n".to_vec(), "line 3 claims 2 colors, but there are 1"),
        ("colour.pal", b"JASC-PAL\n0100\n1\n1 2\n".to_vec(), "line 4: `1 2` does not begin"),
        ("head.pal", b"JASC-PAL\n".to_vec(), "the file ends before `0100`"),
        ("cut.pal", riff(&COLOURS, 3)[..34].to_vec(), "byte 34: the file ends within the palette"),
        ("told.pal", riff(&COLOURS, 4), "byte 34: the palette claims 4 colors, but the file ends after 3"),
        ("sound.pal", b"RIFF\0\0\0\0WAVEfmt ".to_vec(), "byte 8: this RIFF file is not a palette"),
        ("cut.act", adobe(&COLOURS, None)[..700].to_vec(), "768 or 772 bytes, but this file has 700"),
        ("long.act", adobe(&COLOURS, Some(257)), "claims 257 colors"),
        ("many.gpl", gimp(&many(10_000)).into(), "10000 colors are too many"),
        ("many.hex", hexadecimal(&many(257)).into(), "257 colors are too many"),
        ("huge.hex", vec![b'\n'; (1 << 20) + 1], "too large"),
    ];
    for (name, bytes, expected) in cases {
        workplace.write(name, bytes);
        let outcome = workplace.run(&["palettes", name]);
        assert_eq!(outcome.code, Some(2), "{name}: {}", outcome.errors);
        assert!(outcome.errors.starts_with(&format!("error: {name}: ")), "{name}: {}", outcome.errors);
        assert!(outcome.errors.contains(expected), "{name}: {}", outcome.errors);
        assert_eq!(outcome.errors.lines().count(), 2, "{name}: {}", outcome.errors);
    }
    for (text, expected) in [
        ("nowhere.gpl", "nowhere.gpl: file not found"),
        ("folder.gpl", "folder.gpl: this is not a regular file"),
        ("photo.png\\0", "photo.png: `0` is not a valid number of colors"),
        ("photo.png\\1", "photo.png: `1` is not a valid number of colors"),
        ("gold", "the palette gold: its only color is #ffd700"),
        ("[gold,#ffd700]", "the palette [gold,#ffd700]: its only color is #ffd700"),
        ("gold->white\\1", "the palette gold->white\\1: a ramp cannot have only one color"),
        ("gold->white\\10000", "a ramp of 10000 colors is too long"),
        ("pico-8;picco-8", "the palette pico-8;picco-8: no color or palette is named `picco-8`"),
        ("", "a palette without colors cannot be used"),
        ("photo.png\\10000", "photo.png: `10000` is not a valid number"),
        ("many.gpl\\8", "the number of colors of a palette file cannot be chosen"),
    ] {
        let outcome = workplace.run(&["palettes", text]);
        assert_eq!(outcome.code, Some(2), "{text}");
        assert!(outcome.errors.contains(expected), "{text}: {}", outcome.errors);
        assert_eq!(outcome.errors.lines().count(), 2, "{text}: {}", outcome.errors);
        // The same is said before anything is drawn; what names neither the palette nor a file names the option.
        let drawing = workplace.run(&["a", "--palette", text, "-o", "p.png"]);
        assert_eq!((drawing.code, drawing.errors.replace("--palette: ", "")), (Some(2), outcome.errors), "{text}");
    }
    let near = workplace.run(&["palettes", "picco-8"]).errors;
    assert!(near.contains("hint: did you mean `pico-8`?"), "{near}");
    let far = workplace.run(&["palettes", "foo"]).errors;
    assert!(far.contains("is named `foo`") && !far.contains("`poo`"), "{far}");
    workplace.refuses(&["a", "--palette", "nosuch"], &["--palette: no color or palette is named `nosuch`"]);
    workplace.refuses(&["a", "--colors", "1"], &["--colors 1 is out of range"]);
}

#[test]
fn what_is_shown_is_read_again() {
    let workplace = Workplace::new();
    let list = workplace.run(&["palettes", "--json"]).succeeded().output_json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), BuiltIn::all().unwrap().len());
    for entry in list {
        let name = entry["name"].as_str().unwrap();
        let colours: Vec<_> =
            entry["colours"].as_array().unwrap().iter().map(|colour| colour.as_str().unwrap()).collect();
        let palette = Palette::load(name).unwrap();
        assert_eq!(Palette::load(&colours.join(",")).unwrap().colours(), palette.colours(), "{name}");
        assert!(["title", "source", "licence"].iter().all(|key| !entry[key].as_str().unwrap().is_empty()), "{name}");
    }
    let ramp = "black->red->white\\9;gold";
    let shown = workplace.run(&["palettes", ramp]).succeeded();
    workplace.write("ramp.hex", shown.output_text());
    let expected = Palette::load(ramp).unwrap();
    assert_eq!(Palette::load(&workplace.argument("ramp.hex")).unwrap().colours(), expected.colours());
    let json = workplace.run(&["palettes", ramp, "--json"]).succeeded().output_json();
    assert_eq!((json["name"].as_str(), json["source"].as_str()), (Some(ramp), None));
    assert_eq!(json["colours"].as_array().unwrap().len(), 10);
    let all = workplace.run(&["palettes"]).succeeded();
    assert!(all.output_text().contains("game-boy             4  Nintendo"), "{}", all.output_text());
    assert!(all.output_text().contains("  #0f380f #306230 #8bac0f #9bbc0f\n"));
}

/// Bytes that begin as a format does.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let starts = ["", "GIMP Palette\n", "JASC-PAL\n0100\n2\n", "RIFF\0\0\0\0PAL data", "RIFF\0\0\0\0PAL note"];
    let rest = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..900),
        prop::collection::vec(any::<u8>(), 768..773),
        "[0-9 \n#a-f:]{0,200}".prop_map(String::into_bytes),
    ];
    (prop::sample::select(starts.to_vec()), rest).prop_map(|(start, rest)| [start.as_bytes(), &rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_too_odd(text in prop_oneof![
        any::<String>(),
        r"((red|navy|pico-8|#f80|xkcd:rust|[a-z#]{0,4}|\[|\]|\(1\+2\+3\))(->|,|;|\\[0-9]{0,3}|\+| )?){0,9}",
    ]) {
        // Names of files that may be there are another test's.
        prop_assume!(file_of(&text).is_none());
        match Palette::load(&text) {
            Ok(palette) => prop_assert!((2..=256).contains(&palette.colours().len())),
            Err(error) => prop_assert!(error.is_usage() && !error.hint().is_empty(), "{}", error),
        }
    }

    #[test]
    fn no_file_is_too_odd(bytes in bytes(), ending in prop::sample::select(vec!["gpl", "act", "hex", "pal", "png"])) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("odd.{ending}"));
        std::fs::write(&path, bytes).unwrap();
        match Palette::load(path.to_str().unwrap()) {
            Ok(palette) => prop_assert!((2..=256).contains(&palette.colours().len())),
            Err(error) => prop_assert!(error.is_usage() && error.to_string().contains("odd."), "{}", error),
        }
    }
}
