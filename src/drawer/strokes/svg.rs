//! Strokes as an SVG: a path for each.

use std::fmt::Write;

use super::drawing::Sheet;
use super::scene::control_points;
use crate::palette::hexadecimal;
use crate::picture::Size;

/// The strokes as an SVG with a page of the picture's size, in its pixels. Paths have round ends and joins; each has the
/// opacity of its stroke, and viewers mix colors as the picture does.
pub fn svg(sheet: &Sheet) -> String {
    let Size { width, height } = sheet.size;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n"
    );
    if sheet.paper()[3] > 0.0 {
        let _ = writeln!(text, "<rect width=\"{width}\" height=\"{height}\" fill=\"#{}\"/>", color(sheet.paper()));
    }
    text += "<g fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n";
    let coordinates = 2 * control_points(sheet.segments);
    let strokes = sheet.points.chunks_exact(coordinates).zip(&sheet.widths).zip(sheet.colors.chunks_exact(4));
    for ((points, width), stroke) in strokes {
        // What cannot be seen is left out.
        let opacity = number(stroke[3]);
        if opacity == "0" {
            continue;
        }
        let mut places = points.chunks_exact(2).map(|point| format!("{} {}", number(point[0]), number(point[1])));
        let start = places.next().unwrap_or_default();
        let curves = places.collect::<Vec<_>>().join(" ");
        let _ = write!(
            text,
            "<path d=\"M{start}C{curves}\" stroke=\"#{}\" stroke-width=\"{}\"",
            color(stroke),
            number(*width)
        );
        if opacity != "1" {
            let _ = write!(text, " stroke-opacity=\"{opacity}\"");
        }
        text += "/>\n";
    }
    text + "</g>\n</svg>\n"
}

/// The color of numbers from 0 to 1.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn color(values: &[f32]) -> String {
    hexadecimal([0, 1, 2].map(|channel| (values[channel] * 255.0).round() as u8))
}

/// A number, rounded to thousandths.
fn number(value: f32) -> String {
    let text = format!("{value:.3}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" | "" => "0".to_owned(),
        short => short.to_owned(),
    }
}
