//! Cells as shapes of an SVG.

use std::fmt::Write;

use image::RgbaImage;

use super::PixelArt;
use super::coverage::{Coverage, scale};
use crate::palette::hexadecimal;
use crate::picture::Size;
use crate::settings::PixelShape;

/// How far cells that are not rectangles overlap their neighbors, in pixels: viewers let the background show through
/// between edges that only touch.
const OVERLAP: f64 = 0.5;

/// The cells of a picture as an SVG, each in the color of the pixel that it covers most. Each cell is an element;
/// adjacent rectangles of one color share an element. Cells that are more transparent than opaque are left out.
pub(super) fn svg(art: PixelArt, picture: &RgbaImage) -> String {
    let size = Size { width: picture.width() as usize, height: picture.height() as usize };
    let cells = art.shape.cells(art.grid);
    let colors = colors(&Coverage::new(&cells, art.grid, size), picture);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n",
        size.width, size.height
    );
    let scale = scale(art.grid, size);
    if art.shape == PixelShape::Rectangle {
        text += "<g shape-rendering=\"crispEdges\">\n";
        for (row, colors) in colors.chunks(art.grid.width).enumerate() {
            let mut column = 0;
            for run in colors.chunk_by(|one, other| one == other) {
                rectangle(&mut text, (column, row), run.len(), scale, run[0]);
                column += run.len();
            }
        }
    } else {
        let width = 2.0 * OVERLAP;
        let _ = writeln!(
            text,
            "<g fill=\"currentColor\" stroke=\"currentColor\" stroke-width=\"{width}\" stroke-linejoin=\"round\">"
        );
        for (cell, color) in cells.cells.iter().zip(colors) {
            let Some(color) = color else { continue };
            let polygon = |corners: &Vec<(f64, f64)>| {
                let corners: Vec<String> = corners.iter().map(|(x, y)| place(x * scale.0, y * scale.1)).collect();
                format!("M{}Z", corners.join("L"))
            };
            let path: String = cell.iter().map(polygon).collect();
            let _ = writeln!(text, "<path color=\"#{}\" d=\"{path}\"/>", hexadecimal(color));
        }
    }
    text + "</g>\n</svg>\n"
}

/// The color of each cell; none for cells that are left out or outside the picture.
fn colors(coverage: &Coverage, picture: &RgbaImage) -> Vec<Option<[u8; 3]>> {
    let color = |pixel: u32| {
        let [red, green, blue, alpha] = picture.get_pixel(pixel % picture.width(), pixel / picture.width()).0;
        (alpha >= 128).then_some([red, green, blue])
    };
    coverage.fullest().map(|pixel| pixel.and_then(color)).collect()
}

#[allow(clippy::cast_precision_loss)]
fn rectangle(
    text: &mut String,
    (column, row): (usize, usize),
    count: usize,
    scale: (f64, f64),
    color: Option<[u8; 3]>,
) {
    let Some(color) = color else { return };
    let edge = |at: usize, scale: f64| at as f64 * scale;
    let (x, y) = (edge(column, scale.0), edge(row, scale.1));
    let (width, height) = (edge(column + count, scale.0) - x, edge(row + 1, scale.1) - y);
    let [x, y, width, height] = [x, y, width, height].map(number);
    let fill = hexadecimal(color);
    let _ = writeln!(text, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"#{fill}\"/>");
}

fn place(x: f64, y: f64) -> String {
    format!("{} {}", number(x), number(y))
}

/// A number of pixels, rounded to thousandths.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        short => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Finish;
    use super::*;

    #[test]
    fn cells_of_one_colour_are_one_rectangle() {
        let art = PixelArt {
            shape: PixelShape::Rectangle,
            grid: Size { width: 3, height: 2 },
            smoothness: 0.0,
            alpha_weight: None,
            finish: Finish::default(),
            tile: None,
        };
        let picture = RgbaImage::from_fn(6, 4, |x, y| match (x, y) {
            (0..4, 0..2) => image::Rgba([255, 0, 16, 255]),
            (2..4, _) => image::Rgba([9, 9, 9, 127]),
            _ => image::Rgba([0, 0, 0, 255]),
        });
        let expected = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"6\" height=\"4\" viewBox=\"0 0 6 4\">\n\
                        <g shape-rendering=\"crispEdges\">\n\
                        <rect x=\"0\" y=\"0\" width=\"4\" height=\"2\" fill=\"#ff0010\"/>\n\
                        <rect x=\"4\" y=\"0\" width=\"2\" height=\"2\" fill=\"#000000\"/>\n\
                        <rect x=\"0\" y=\"2\" width=\"2\" height=\"2\" fill=\"#000000\"/>\n\
                        <rect x=\"4\" y=\"2\" width=\"2\" height=\"2\" fill=\"#000000\"/>\n</g>\n</svg>\n";
        assert_eq!(svg(art, &picture), expected);
    }
}
