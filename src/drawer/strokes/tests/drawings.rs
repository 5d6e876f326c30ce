//! Drawings that are drawn again, and the SVG.

use super::*;

#[test]
fn a_drawing_is_drawn_again() {
    let mut stream = Stream::new(23, "test", 6);
    let settings = Overrides { prompt: Some("a".parse().unwrap()), ..Overrides::default() };
    let settings = combine(&[settings]).unwrap();
    for paper in [1.0, 0.0] {
        let owned = Owned::random(&mut stream, SIZE, 9, 2, Place::Crossing, paper);
        let drawing = sheet(&owned).drawing().unwrap();
        let mut revealed = Reveal::new(&settings, &drawing, SIZE).unwrap();
        assert_eq!(revealed.count(), 9);
        for shown in [0, 4, 4, 9] {
            let part = Owned { numbers: owned.numbers.clone(), ..owned };
            let mut part = sheet(&part);
            let paper = part.colors.split_off(4 * 9);
            part.points.truncate(2 * 7 * shown);
            part.widths.truncate(shown);
            part.colors.truncate(4 * shown);
            part.colors.extend(paper);
            let whole = Reveal::new(&settings, &part.drawing().unwrap(), SIZE).unwrap().picture(shown).unwrap();
            assert!(revealed.picture(shown).unwrap() == whole, "{shown}");
        }
        // Twice the size has the same colors, seen from afar.
        let double = Size { width: 2 * SIZE.width, height: 2 * SIZE.height };
        let large = Reveal::new(&settings, &drawing, double).unwrap().picture(9).unwrap().to_rgba8();
        let small = revealed.picture(9).unwrap().to_rgba8();
        let mean = |picture: &image::RgbaImage, of: fn(&image::Rgba<u8>) -> f64| {
            picture.pixels().map(of).sum::<f64>() / f64::from(picture.width() * picture.height())
        };
        let apart = |of: fn(&image::Rgba<u8>) -> f64| (mean(&large, of) - mean(&small, of)).abs();
        // Pixels that are hardly visible have a color all the same.
        let (color, alpha) =
            (apart(|pixel| f64::from(pixel[1]) * f64::from(pixel[3]) / 255.0), apart(|pixel| pixel[3].into()));
        assert!(color < 3.0 && alpha < 3.0, "{color} {alpha}");
    }
}

#[test]
fn damaged_drawings_are_refused() {
    let owned = Owned::random(&mut Stream::new(23, "test", 7), SIZE, 3, 1, Place::Crossing, 1.0);
    let bytes = sheet(&owned).drawing().unwrap().bytes().to_vec();
    let read = |bytes: Vec<u8>| Sheet::of(&Drawing::new(bytes).unwrap()).map(drop);
    assert!(read(bytes.clone()).is_ok());
    let changed = |at: usize, with: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let damaged = [
        Vec::new(),
        bytes[..7].to_vec(),
        bytes[..bytes.len() - 4].to_vec(),
        changed(0, &[9]),
        changed(1, &[0, 0, 0, 0]),
        changed(1, &[255; 4]),
        changed(5, &[255; 4]),
        changed(9, &[0; 4]),
        changed(17, &f32::NAN.to_le_bytes()),
    ];
    for bytes in damaged {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.starts_with("the drawing in the picture cannot be read: "), "{error}");
    }
}

/// Strokes that reach over all of the plane would have 81 copies each. Those that a run may leave are drawn, also where the
/// picture is so small that strokes reach over many copies of it.
#[test]
fn a_drawing_of_a_tile_has_a_bound_of_copies() {
    let owned = Owned::random(&mut Stream::new(23, "test", 9), SIZE, 3, 1, Place::Crossing, 1.0);
    let reaching = |beyond: f32, tile: Option<Tile>, size: Size| {
        let tiled =
            Overrides { prompt: Some("a".parse().unwrap()), tile: tile.map(Into::into), ..Overrides::default() };
        let mut sheet = sheet(&owned);
        for (index, point) in sheet.points.chunks_exact_mut(2).enumerate() {
            let share = if index.is_multiple_of(2) { -beyond } else { 1.0 + beyond };
            (point[0], point[1]) = (share * SIZE.width as f32, share * SIZE.height as f32);
        }
        Reveal::new(&combine(&[tiled]).unwrap(), &sheet.drawing().unwrap(), size).map(drop)
    };
    let small = Size { width: 1, height: 1 };
    for size in [SIZE, small] {
        assert!(reaching(0.0, Some(Tile::Both), size).is_ok());
        // As far as a run lets strokes leave the picture: 25 copies.
        assert!(reaching(1.0, Some(Tile::Both), size).is_ok());
        let error = reaching(6.0, Some(Tile::Both), size).unwrap_err().to_string();
        assert!(error.ends_with("its strokes have too many copies"), "{error}");
        assert!(reaching(6.0, None, size).is_ok());
    }
}

#[test]
fn an_svg_has_a_path_for_each_stroke() {
    let mut sheet = sheet(&Owned::random(&mut Stream::new(1, "test", 0), SIZE, 2, 1, Place::Crossing, 1.0));
    sheet.points = vec![1.0, 2.0, 3.5, 4.0, 5.25, -6.0, 7.0, 8.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0];
    sheet.widths = vec![2.5, 1.0];
    sheet.colors = vec![1.0, 0.0, 0.0, 0.5, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let mut expected =
        String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"37\" height=\"29\" viewBox=\"0 0 37 29\">\n");
    expected += "<rect width=\"37\" height=\"29\" fill=\"#ffffff\"/>\n";
    expected += "<g fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n";
    let _ = writeln!(
        expected,
        "<path d=\"M1 2C3.5 4 5.25 -6 7 8\" stroke=\"#ff0000\" stroke-width=\"2.5\" stroke-opacity=\"0.5\"/>"
    );
    expected += "<path d=\"M0 0C1 1 2 2 3 3\" stroke=\"#0000ff\" stroke-width=\"1\"/>\n</g>\n</svg>\n";
    assert_eq!(svg::svg(&sheet), expected);
}
