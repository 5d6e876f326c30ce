//! Pictures as phones, cameras and editors write them.
//!
//! The pictures are made by `tests/fixtures/field/pictures.py`, which also prints how Pillow shows them.

use std::path::PathBuf;

use image::{AnimationDecoder, RgbImage};

use crate::common::program::Workplace;
use crate::common::{fixtures, text};

/// The quarters of every picture: above from the left, below from the left.
const QUARTERS: [[u8; 3]; 4] = [[220, 40, 40], [40, 200, 60], [30, 60, 220], [240, 230, 40]];

fn fixture(name: &str) -> PathBuf {
    fixtures().join("field").join(name)
}

/// The picture as the program reads it, through a GIF of one frame, whose few colors are exact.
fn shown(workplace: &Workplace, path: &str) -> RgbImage {
    workplace.run(&["video", path, "-o", "shown.gif", "--force", "-q"]).succeeded();
    let file = std::io::Cursor::new(workplace.read("shown.gif"));
    let mut frames = image::codecs::gif::GifDecoder::new(file).unwrap().into_frames();
    image::DynamicImage::from(frames.next().unwrap().unwrap().into_buffer()).into_rgb8()
}

/// The colors in the middle of the quarters.
fn quarters(picture: &RgbImage) -> [[u8; 3]; 4] {
    let (x, y) = (picture.width() / 4, picture.height() / 4);
    [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)].map(|(x, y)| picture.get_pixel(x, y).0)
}

fn near(found: [[u8; 3]; 4], expected: [[u8; 3]; 4], tolerance: u8) -> bool {
    found.as_flattened().iter().zip(expected.as_flattened()).all(|(one, other)| one.abs_diff(*other) <= tolerance)
}

#[test]
fn pictures_are_turned_wherever_the_turn_is_written() {
    let workplace = Workplace::new();
    let [red, green, blue, yellow] = QUARTERS;
    // Number 6: a quarter clockwise. JPEG's colors are inexact.
    let turned = [blue, red, yellow, green];
    let cases = [
        "exif_behind_xmp.jpg",
        "exif_in_two.jpg",
        "xmp.jpg",
        "exif.png",
        "exif_behind.png",
        "raw_profile.png",
        "xmp.png",
        "exif.webp",
        "xmp.webp",
        "turned.tif",
        "xmp.tif",
    ];
    for name in cases {
        let picture = shown(&workplace, text(&fixture(name)));
        assert_eq!(picture.dimensions(), (64, 96), "{name}");
        assert!(near(quarters(&picture), turned, 2), "{name}: {:?}", quarters(&picture));
    }
    // Number 7: over the other diagonal.
    let mirrored = shown(&workplace, text(&fixture("mirrored.png")));
    assert_eq!((mirrored.dimensions(), quarters(&mirrored)), ((64, 96), [yellow, green, blue, red]));
    // Of files from the field: a turn as a long number, and one behind the name of its own chunk.
    for name in ["exif_long.jpg", "webp_prefix.webp"] {
        assert_eq!(shown(&workplace, text(&fixture(name))).dimensions(), (64, 96), "{name}");
    }
}

#[test]
fn a_turn_counts_for_the_shape_that_is_kept() {
    let workplace = Workplace::new();
    let path = fixture("exif_long.jpg");
    let run = ["a", "--init-image", text(&path), "--aspect", "retain", "--dry-run"];
    let outcome = workplace.run(&run).succeeded();
    let size = outcome.output_text().lines().find_map(|line| line.strip_prefix("size = ")).unwrap().to_owned();
    let (width, height) = size.trim_matches('"').split_once('x').unwrap();
    assert!(width.parse::<u32>().unwrap() < height.parse::<u32>().unwrap(), "{size}");
}

#[test]
fn colors_of_other_spaces_become_srgb() {
    let workplace = Workplace::new();
    // By LittleCMS 2.17 through Pillow 13.0.0; the two transforms round their tables differently.
    let p3 = [[240, 0, 21], [0, 204, 12], [17, 61, 229], [242, 230, 0]];
    let cases = [
        ("p3.png", p3),
        ("p3.webp", p3),
        ("p3.tif", p3),
        ("cicp_p3.png", p3),
        ("adobe.png", [[255, 35, 35], [0, 201, 37], [0, 57, 225], [244, 231, 0]]),
        ("swapped.png", [[40, 220, 40], [200, 40, 60], [60, 30, 220], [230, 240, 40]]),
        ("linear_gray.png", [[163; 3], [193; 3], [142; 3], [235; 3]]),
    ];
    for (name, expected) in cases {
        let found = quarters(&shown(&workplace, text(&fixture(name))));
        assert!(near(found, expected, 2), "{name}: {found:?}");
    }
    // Display P3's (220, 40, 41) with the curve of Adobe RGB.
    let found = quarters(&shown(&workplace, text(&fixture("icc_p3.jpg"))));
    assert!(near([found[0]; 4], [[241, 0, 13]; 4], 3), "{found:?}");
    for name in ["srgb.png", "broken_profile.png"] {
        assert_eq!(quarters(&shown(&workplace, text(&fixture(name)))), QUARTERS, "{name}");
    }
}

#[test]
fn all_kinds_of_tiff_are_read() {
    let workplace = Workplace::new();
    for name in ["palette.tif", "big.tif"] {
        assert_eq!(quarters(&shown(&workplace, text(&fixture(name)))), QUARTERS, "{name}");
    }
    let float = quarters(&shown(&workplace, text(&fixture("float.tif"))));
    // The luma that Pillow's `F` keeps, 92.9 and so on.
    assert!(near(float, [[93; 3], [136; 3], [69; 3], [211; 3]], 1), "{float:?}");
    for name in ["cmyk.tif", "cmyk.jpg"] {
        let found = quarters(&shown(&workplace, text(&fixture(name))));
        assert!(near(found, QUARTERS, 2), "{name}: {found:?}");
    }
    // 216 colors of steps of 51, of which the first is black.
    let palette = shown(&workplace, text(&fixture("tif_p.tif")));
    assert!(palette.pixels().all(|pixel| pixel.0.iter().all(|value| value % 51 == 0)), "{:?}", quarters(&palette));
}

#[test]
fn other_files_are_named_with_a_way_out() {
    let workplace = Workplace::new();
    let cases: [(&str, &[u8], &str, &str); 14] = [
        ("phone.jpg", &std::fs::read(fixture("a.heic")).unwrap(), "HEIC", "heif-convert"),
        ("a.avif", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF", "avifdec"),
        ("a.psd", b"8BPS\0\x01\0\0\0\0\0\0\0\x03", "Photoshop", "export a PNG"),
        ("a.pdf", b"%PDF-1.7\n%", "PDF", "pdftoppm"),
        ("a.svg", b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG", "rsvg-convert"),
        ("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "JPEG 2000", "opj_decompress"),
        ("a.jxl", b"\xff\x0a\xfa\x1f", "JPEG XL", "djxl"),
        ("a.cr2", b"II*\0\x10\0\0\0CR\x02\0", "raw file", "darktable"),
        ("a.ico", b"\0\0\x01\0\x01\0\x10\x10", "icon", "convert"),
        ("a.qoi", b"qoif\0\0\0\x01\0\0\0\x01\x03\0", "QOI", "convert"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript", "gs "),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video", "ffmpeg"),
        ("saved.jpg", b"\n<!DOCTYPE html><html><body>Not found", "web page", "save the picture"),
        ("pointer.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS", "git lfs pull"),
    ];
    for (name, content, what, way) in cases {
        workplace.write(name, content);
        workplace.refuses(&["a", "-n", "1", "--init-image", name], &[name, what]);
        let lines = workplace.refuses_somehow(&["score", name, "--prompt", "a"]);
        assert!(lines[1].contains(way), "{lines:?}");
    }
    // Where a picture comes from makes no difference.
    for arguments in [
        &["reconstruct", "phone.jpg", "-o", "p.png"][..],
        &["a", "--image-prompt", "phone.jpg"],
        &["a", "--palette", "phone.jpg"],
        &["video", "phone.jpg", "-o", "p.gif"],
        &["palettes", "phone.jpg"],
    ] {
        workplace.refuses(arguments, &["phone.jpg", "HEIC"]);
    }
}
