//! Cuts a thing out of a drawing of it alone on a plain background.

use image::RgbImage;

use crate::palette::oklab;

/// Colors at most this far from the background's, in OKLab, may be background: from that of the first drawing ...
const NEAR: f32 = 0.06;
/// ... and of the others, which have more color and so stronger ripples along the edges of things.
const NEAR_COLORED: f32 = 0.12;
/// So many pixels along each edge never belong to the thing; the decoder draws them worse than others.
const FRAME: usize = 2;
/// How thick the ring along the edges is whose color is taken as the background's.
const RING: usize = 5;
/// Colors at most this far apart, in OKLab, look about the same.
const ALIKE: f32 = 0.08;
/// Parts smaller than this share of the largest are specks.
const SPECK: f32 = 0.015;
/// Pixels up to this far from the background are partly transparent.
const EDGE: usize = 2;
/// How much clearer than the first another drawing must be to be used.
const PREFERRED: f32 = 1.2;
/// Drawings whose thing covers less than this share are no use.
const LEAST: f32 = 0.03;
/// How far apart the colors of two backgrounds must be, in sRGB from 0 to 255, to tell what covers them.
const BACKGROUNDS_APART: f32 = 100.0;
/// Two drawings of the same thing agree if the area that seems partly transparent is at most this many times that of the
/// thing.
const MOST_UNSURE: f32 = 0.6;
/// A pixel with at least this coverage shows the color of the thing.
const SOLID: f32 = 0.9;
/// A pixel with less coverage shows nothing of the thing.
const SEEN: f32 = 0.05;

/// A thing without its background.
#[derive(Clone)]
pub(in crate::prior) struct Cutout {
    pub width: usize,
    pub height: usize,
    /// Row by row, sRGB from 0 to 255
    pub colors: Vec<[f32; 3]>,
    /// From 0, transparent, to 1
    pub coverage: Vec<f32>,
    /// The color of the background of the first drawing
    pub background: [u8; 3],
}

impl Cutout {
    /// The share of the thing that is in about a color.
    pub(in crate::prior) fn share_like(&self, color: [u8; 3]) -> f32 {
        let wanted = oklab::of_srgb(color);
        let (mut alike, mut total) = (0.0, 0.0);
        for (color, coverage) in self.colors.iter().zip(&self.coverage) {
            total += coverage;
            let lab = oklab::of_unit_srgb(color.map(|value| value / 255.0));
            if oklab::distance(lab, wanted).sqrt() < ALIKE {
                alike += coverage;
            }
        }
        if total > 0.0 { alike / total } else { 0.0 }
    }
}

/// A drawing, and which of its pixels are like its background.
struct Drawn {
    width: usize,
    height: usize,
    /// Row by row, sRGB
    colors: Vec<[u8; 3]>,
    /// Distances from the background, in OKLab
    far: Vec<f32>,
    background: [u8; 3],
    /// What is not connected to the edges by background
    inside: Vec<bool>,
}

/// Cuts a thing out of drawings of it, which differ in the color of their background. An area that shows the background in
/// each of them is a hole. If two drawings do not agree, the thing is cut out of the better one. None if there is almost
/// nothing on any drawing.
pub(in crate::prior) fn cut(drawings: &[RgbImage]) -> Option<Cutout> {
    let near = |index: usize| if index == 0 { NEAR } else { NEAR_COLORED };
    let mut drawn: Vec<Drawn> =
        drawings.iter().enumerate().map(|(index, drawing)| Drawn::of(drawing, near(index))).collect();
    if let [first, second] = &mut drawn[..]
        && let Some(coverage) = first.coverage_beside(second)
    {
        return first.covered(coverage);
    }
    // The first is on white, which the prior knows best.
    let clarity = |index: usize| drawn[index].clarity() * if index == 0 { PREFERRED } else { 1.0 };
    let best = (0..drawn.len()).max_by(|one, other| clarity(*one).total_cmp(&clarity(*other)))?;
    for hole in drawn.first().filter(|_| drawn.len() > 1).map_or(0..0, |first| 0..first.far.len()) {
        let is_background = drawn.iter().all(|drawn| drawn.far.get(hole).is_some_and(|far| *far < NEAR));
        if is_background && let Some(inside) = drawn[best].inside.get_mut(hole) {
            *inside = false;
        }
    }
    let background = drawn.first()?.background;
    let best = &mut drawn[best];
    best.drop_specks();
    best.background = background;
    best.cutout()
}

impl Drawn {
    fn of(picture: &RgbImage, near: f32) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let colors: Vec<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
        let labs: Vec<[f32; 3]> = colors.iter().map(|color| oklab::of_srgb(*color)).collect();
        let from_edge = |at: usize| edge_distance(at, width, height);
        let ring: Vec<usize> = (0..labs.len()).filter(|at| (FRAME..FRAME + RING).contains(&from_edge(*at))).collect();
        let plain: [f32; 3] = std::array::from_fn(|axis| {
            let mut values: Vec<f32> = ring.iter().map(|at| labs[*at][axis]).collect();
            values.sort_by(f32::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        });
        let far: Vec<f32> = labs.iter().map(|lab| oklab::distance(*lab, plain).sqrt()).collect();
        // Floods what is like the background, from the edges.
        let mut inside: Vec<bool> = (0..labs.len()).map(|at| from_edge(at) >= FRAME).collect();
        let edges = (0..labs.len()).filter(|at| from_edge(*at) < FRAME).collect();
        flood(edges, width, height, |at| inside[at] && far[at] < near && std::mem::take(&mut inside[at]));
        Self { width, height, colors, far, background: oklab::to_srgb(plain), inside }
    }

    /// The distance of a pixel from the nearest edge of the drawing.
    fn edge_distance(&self, at: usize) -> usize {
        edge_distance(at, self.width, self.height)
    }

    /// How well the thing is told from its background: its area, times how different its pixels are up to a limit.
    #[allow(clippy::cast_precision_loss)]
    fn clarity(&self) -> f32 {
        let area = self.inside.iter().filter(|inside| **inside).count() as f32;
        let rim = (0..self.far.len())
            .filter(|at| self.inside[*at] && neighbors(*at, self.width, self.height).any(|next| !self.inside[next]));
        let (mut sum, mut count) = (0.0, 0.0);
        for at in rim {
            sum += self.farthest_around(at).min(0.3);
            count += 1.0;
        }
        if count > 0.0 { area * (sum / count).sqrt() } else { 0.0 }
    }

    /// The largest distance from the background among the pixels of the thing around one of them.
    fn farthest_around(&self, at: usize) -> f32 {
        let inside = self.around(at, EDGE).filter(|other| self.inside[*other]);
        inside.map(|other| self.far[other]).fold(self.far[at], f32::max)
    }

    /// The pixels of a square around one, itself included.
    fn around(&self, at: usize, reach: usize) -> impl Iterator<Item = usize> {
        let (x, y, width) = (at % self.width, at / self.width, self.width);
        let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(self.height);
        rows.flat_map(move |row| columns.clone().map(move |column| row * width + column))
    }

    /// Drops connected parts that are too small to be seen.
    #[allow(clippy::cast_precision_loss)]
    fn drop_specks(&mut self) {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        let mut seen = vec![false; self.inside.len()];
        let mut enters = |at: usize| self.inside[at] && !std::mem::replace(&mut seen[at], true);
        for start in 0..self.inside.len() {
            if enters(start) {
                parts.push(flood(vec![start], self.width, self.height, &mut enters));
            }
        }
        let largest = parts.iter().map(Vec::len).max().unwrap_or(0) as f32;
        for part in parts.iter().filter(|part| (part.len() as f32) < largest * SPECK) {
            for at in part {
                self.inside[*at] = false;
            }
        }
    }

    /// How much of each pixel belongs to the thing, from this drawing and one on another background: the less it belongs to
    /// the thing, the more the difference of the backgrounds shows in the difference of the drawings. None if the
    /// backgrounds are alike, or if the drawings are not of the same thing.
    /// See Smith and Blinn, Blue screen matting, 1996: triangulation.
    fn coverage_beside(&self, other: &Self) -> Option<Vec<f32>> {
        let apart = |one: [u8; 3], other: [u8; 3]| -> [f32; 3] {
            std::array::from_fn(|channel| f32::from(one[channel]) - f32::from(other[channel]))
        };
        let along =
            |one: [f32; 3], other: [f32; 3]| -> f32 { one.iter().zip(other).map(|(one, other)| one * other).sum() };
        let backgrounds = apart(self.background, other.background);
        let length = along(backgrounds, backgrounds);
        if (self.width, self.height) != (other.width, other.height) || length < BACKGROUNDS_APART.powi(2) {
            return None;
        }
        let covered = |at: usize| {
            if self.edge_distance(at) < FRAME {
                return 0.0;
            }
            let shown = along(apart(self.colors[at], other.colors[at]), backgrounds) / length;
            // The decoder's ripples are neither holes nor parts of the thing.
            ((0.75 - shown) / 0.5).clamp(0.0, 1.0)
        };
        let coverage: Vec<f32> = (0..self.colors.len()).map(covered).collect();
        let area: f32 = coverage.iter().sum();
        let unsure: f32 = coverage.iter().map(|covered| 1.0 - (2.0 * covered - 1.0).abs()).sum();
        (unsure <= MOST_UNSURE * area).then_some(coverage)
    }

    /// The pixels of the thing, given how much of each it covers, cropped to the thing.
    fn covered(&mut self, mut coverage: Vec<f32>) -> Option<Cutout> {
        self.inside = coverage.iter().map(|covered| *covered > SEEN).collect();
        self.drop_specks();
        for (covered, _) in coverage.iter_mut().zip(&self.inside).filter(|(_, inside)| !**inside) {
            *covered = 0.0;
        }
        let solid: Vec<bool> = coverage.iter().map(|covered| *covered > SOLID).collect();
        self.cropped(&coverage, &solid)
    }

    /// The pixels of the thing, with soft edges, cropped to it.
    fn cutout(&self) -> Option<Cutout> {
        let is_deep = |at: usize| self.inside[at] && self.around(at, EDGE).all(|other| self.inside[other]);
        let deep: Vec<bool> = (0..self.inside.len()).map(is_deep).collect();
        let coverage: Vec<f32> = (0..deep.len()).map(|at| self.coverage(at, &deep)).collect();
        self.cropped(&coverage, &deep)
    }

    /// The pixels inside, with a coverage, cropped to what is seen. Those that are deep keep their colors.
    #[allow(clippy::cast_precision_loss)]
    fn cropped(&self, coverage: &[f32], deep: &[bool]) -> Option<Cutout> {
        let (width, height) = (self.width, self.height);
        let area = self.inside.iter().filter(|inside| **inside).count() as f32;
        if area < LEAST * self.inside.len() as f32 {
            return None;
        }
        let colors: Vec<[f32; 3]> = (0..coverage.len()).map(|at| self.pure_color(at, coverage, deep)).collect();
        let is_seen = |at: usize| coverage[at] > SEEN;
        let columns: Vec<usize> = (0..width).filter(|x| (0..height).any(|y| is_seen(y * width + x))).collect();
        let rows: Vec<usize> = (0..height).filter(|y| (0..width).any(|x| is_seen(y * width + x))).collect();
        let (left, right) = (*columns.first()?, *columns.last()?);
        let (top, bottom) = (*rows.first()?, *rows.last()?);
        let kept = (top..=bottom).flat_map(|y| (left..=right).map(move |x| y * width + x));
        let (colors, coverage) = kept.map(|at| (colors[at], coverage[at])).unzip();
        Some(Cutout {
            width: right - left + 1,
            height: bottom - top + 1,
            colors,
            coverage,
            background: self.background,
        })
    }

    /// How much of a pixel belongs to the thing: inside all of it, at an edge the more the less it is like the
    /// background, compared with the pixels around it.
    fn coverage(&self, at: usize, deep: &[bool]) -> f32 {
        if !self.inside[at] {
            return 0.0;
        }
        if deep[at] {
            return 1.0;
        }
        let share = self.far[at] / self.farthest_around(at).max(1e-6);
        let share = ((share - 0.4) / 0.45).clamp(0.0, 1.0);
        share * share * (3.0 - 2.0 * share)
    }

    /// The color of a pixel; at an edge that of the pixels around it that are not at an edge, or less so.
    #[allow(clippy::cast_precision_loss)]
    fn pure_color(&self, at: usize, coverage: &[f32], deep: &[bool]) -> [f32; 3] {
        let own = self.colors[at].map(f32::from);
        if coverage[at] == 0.0 || deep[at] {
            return own;
        }
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for other in self.around(at, EDGE + 1) {
            let (row, column) = (other / self.width, other % self.width);
            let away = row.abs_diff(at / self.width).pow(2) + column.abs_diff(at % self.width).pow(2);
            let weight = if deep[other] { 1.0 } else { 0.02 * coverage[other].powi(4) } / (1.0 + away as f32);
            let color = self.colors[other];
            sum = std::array::from_fn(|channel| sum[channel] + weight * f32::from(color[channel]));
            total += weight;
        }
        if total > 1e-4 { sum.map(|value| value / total) } else { own }
    }
}

/// The distance of a pixel from the nearest edge of a picture.
fn edge_distance(at: usize, width: usize, height: usize) -> usize {
    let (x, y) = (at % width, at / width);
    x.min(y).min(width - 1 - x).min(height - 1 - y)
}

/// Spreads from pixels to those beside, above and below them that `enters` accepts, which it must do only once for each.
/// Returns all of them, those at the beginning first.
fn flood(starts: Vec<usize>, width: usize, height: usize, mut enters: impl FnMut(usize) -> bool) -> Vec<usize> {
    let mut reached = starts;
    let mut next = 0;
    while let Some(at) = reached.get(next).copied() {
        reached.extend(neighbors(at, width, height).filter(|other| enters(*other)));
        next += 1;
    }
    reached
}

/// The pixels beside, above and below one.
fn neighbors(at: usize, width: usize, height: usize) -> impl Iterator<Item = usize> {
    let (x, y) = (at % width, at / width);
    [
        (x > 0).then(|| at - 1),
        (x + 1 < width).then_some(at + 1),
        (y > 0).then(|| at - width),
        (y + 1 < height).then_some(at + width),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// A red ring around a white hole or disk on a background; a speck beside it.
    fn ring(background: [u8; 3], middle: [u8; 3]) -> RgbImage {
        RgbImage::from_fn(64, 64, |x, y| {
            let radius = (f64::from(x) - 32.0).hypot(f64::from(y) - 32.0);
            let is_speck = (x, y) == (6, 6);
            Rgb(if radius < 8.0 {
                middle
            } else if radius < 20.0 || is_speck {
                [220, 30, 30]
            } else {
                background
            })
        })
    }

    const WHITE: [u8; 3] = [245; 3];
    const BLUE: [u8; 3] = [40, 95, 220];

    /// The coverage in the middle, in the ring, and of the whole.
    fn seen(cutout: &Cutout) -> (f32, f32, f32) {
        let middle = cutout.height / 2 * cutout.width + cutout.width / 2;
        (cutout.coverage[middle], cutout.coverage[middle + 14], cutout.coverage.iter().sum())
    }

    #[test]
    fn the_thing_is_cut_out_with_what_is_inside_it() {
        let cutout = cut(&[ring(WHITE, WHITE), ring(BLUE, WHITE)]).unwrap();
        let (middle, body, area) = seen(&cutout);
        assert!(middle > 0.99 && body > 0.99, "the middle is white on blue, too: {middle} {body}");
        assert!((38..=42).contains(&cutout.width) && (38..=42).contains(&cutout.height), "the speck is left out");
        // The disk's area is 400 pi.
        assert!((area / 1256.6 - 1.0).abs() < 0.1, "{area}");
    }

    #[test]
    fn what_shows_the_background_of_both_is_a_hole() {
        let (middle, body, _) = seen(&cut(&[ring(WHITE, WHITE), ring(BLUE, BLUE)]).unwrap());
        assert!(middle < 0.01 && body > 0.99, "{middle} {body}");
    }

    #[test]
    fn a_faint_hole_is_seen_if_the_drawings_differ_there() {
        // Neither is close to its background, as small holes of a decoder are.
        let (middle, body, _) = seen(&cut(&[ring(WHITE, [235, 225, 215]), ring(BLUE, [80, 120, 210])]).unwrap());
        assert!(middle < 0.2 && body > 0.99, "{middle} {body}");
    }

    #[test]
    fn drawings_on_the_same_background_count_alone() {
        let (middle, body, area) = seen(&cut(&[ring(WHITE, BLUE), ring(WHITE, BLUE)]).unwrap());
        assert!(middle > 0.99 && body > 0.99 && (area / 1256.6 - 1.0).abs() < 0.1, "{middle} {body} {area}");
    }

    #[test]
    fn a_white_thing_is_taken_from_the_drawing_on_blue() {
        let disk = |background: [u8; 3]| {
            let radius = |x: u32, y: u32| (f64::from(x) - 32.0).hypot(f64::from(y) - 32.0);
            RgbImage::from_fn(64, 64, |x, y| Rgb(if radius(x, y) < 20.0 { [250; 3] } else { background }))
        };
        let cutout = cut(&[disk(WHITE), disk(BLUE)]).unwrap();
        assert!((seen(&cutout).2 / 1256.6 - 1.0).abs() < 0.1, "{}", seen(&cutout).2);
        assert!(
            cutout.colors.iter().zip(&cutout.coverage).all(|(color, seen)| *seen < 0.1 || color[0] > 200.0),
            "no blue"
        );
        assert_eq!(cutout.background, WHITE);
    }

    #[test]
    fn soft_edges_do_not_show_the_background() {
        let picture = image::imageops::blur(&ring(BLUE, [220, 30, 30]), 1.0);
        let cutout = cut(&[picture]).unwrap();
        let blue = cutout.colors.iter().zip(&cutout.coverage).filter(|(color, seen)| **seen > 0.2 && color[2] > 110.0);
        assert!(cutout.coverage.iter().any(|seen| (0.1..0.9).contains(seen)) && blue.count() == 0);
    }

    #[test]
    fn an_empty_drawing_has_nothing_to_cut_out() {
        assert!(cut(&[RgbImage::from_pixel(64, 64, Rgb(WHITE)), RgbImage::from_pixel(64, 64, Rgb(BLUE))]).is_none());
        assert!(cut(&[RgbImage::new(1, 1)]).is_none() && cut(&[RgbImage::new(0, 0)]).is_none() && cut(&[]).is_none());
        assert!(cut(&[ring(WHITE, WHITE), RgbImage::new(3, 3)]).is_some(), "another size");
    }
}
