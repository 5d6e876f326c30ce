//! Strokes that paint a picture, from wide to thin, each where the canvas differs most from the picture and along the
//! edges there (after Hertzmann, "Painterly Rendering with Curved Brush Strokes of Multiple Sizes", 1998).

use super::super::Look;
use super::map::{Edges, Map};
use super::path::resampled;
use super::{Strokes, curves};
use crate::random::Stream;

/// The share of the strokes that each layer has; layers go from the widest strokes to the thinnest.
const LAYERS: [f64; 4] = [0.1, 0.2, 0.3, 0.4];
/// The longest stroke, in widths, for each curve in it.
const LENGTH: f64 = 4.0;
/// The blur of the picture that a layer paints, as a share of the width of its strokes.
const BLUR: f64 = 0.25;
/// Lengths to try for a stroke, as shares of the path that was found for it.
const TRIES: [f64; 3] = [1.0, 0.6, 0.25];

/// A canvas that is painted.
struct Canvas {
    colors: Vec<[f32; 3]>,
    width: usize,
    height: usize,
}

/// Strokes that paint a map's picture.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn strokes(look: &Look, map: &Map, stream: &mut Stream) -> Strokes {
    let paper = look.paper.map_or_else(|| map.rim(), |_| look.paper());
    let (width, height) = (map.size.width, map.size.height);
    let mut canvas = Canvas { colors: vec![paper; width * height], width, height };
    let mut strokes = Strokes { paper, ..Strokes::default() };
    let [thin, wide] = look.widths(map.size);
    for layer in 0..LAYERS.len() {
        let done: f64 = LAYERS[..=layer].iter().sum();
        let until = if layer + 1 == LAYERS.len() { look.count } else { (look.count as f64 * done) as usize };
        let brush = wide * (thin / wide).powf(layer as f64 / (LAYERS.len() - 1) as f64);
        let target = map.blurred(brush * BLUR);
        let edges = target.edges(brush / 2.0);
        let mut cells = Cells::new(&canvas, &target, brush);
        while strokes.widths.len() < until {
            let Some(cell) = cells.worst() else { break };
            let begin = cells.begin(cell, &canvas, &target);
            let path = path(begin, brush, look.segments, &target, &edges, &canvas);
            if let Some((places, color, box_)) = best(&path, brush, look.segments, &target, &canvas) {
                let mask = canvas.covered(&places, brush);
                for (at, share) in mask {
                    let old = canvas.colors[at];
                    canvas.colors[at] = [0, 1, 2].map(|channel| old[channel] + (color[channel] - old[channel]) * share);
                }
                strokes.add(&curves(&places), brush, [color[0], color[1], color[2], 1.0]);
                cells.renew(box_, &canvas, &target);
            } else {
                cells.close(cell);
            }
        }
    }
    // Strokes that improve nothing lie where they do not show.
    let edges = map.edges(thin);
    for _ in strokes.widths.len()..look.count {
        let begin = [stream.unit() * width as f64, stream.unit() * height as f64];
        let color = map.color(map.at(begin));
        let path = path(begin, thin, look.segments, map, &edges, &canvas);
        strokes.add(&curves(&resampled(&path, look.segments + 1)), thin, [color[0], color[1], color[2], 1.0]);
    }
    strokes
}

type Found = (Vec<[f64; 2]>, [f32; 3], [usize; 4]);

/// The part of a path that improves the canvas most, with its color; none if no part improves it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn best(path: &[[f64; 2]], brush: f64, segments: usize, target: &Map, canvas: &Canvas) -> Option<Found> {
    let mut best: Option<(f64, Found)> = None;
    for share in TRIES {
        // The path was found in both directions from its beginning, which is in the middle.
        let count = ((path.len() as f64 * share).ceil() as usize).clamp(1, path.len());
        let first = (path.len() - count) / 2;
        let places = resampled(&path[first..first + count], segments + 1);
        let mask = canvas.covered(&places, brush);
        let mut sums = [0.0_f64; 4];
        for (at, share) in &mask {
            let color = target.color(*at);
            (0..3).for_each(|channel| sums[channel] += f64::from(color[channel] * share));
            sums[3] += f64::from(*share);
        }
        if sums[3] <= 0.0 {
            continue;
        }
        let color = [0, 1, 2].map(|channel| (sums[channel] / sums[3]) as f32);
        let mut gain = 0.0;
        let mut bounds = [usize::MAX, usize::MAX, 0, 0];
        for (at, share) in &mask {
            let (wanted, old) = (target.color(*at), canvas.colors[*at]);
            let new = [0, 1, 2].map(|channel| old[channel] + (color[channel] - old[channel]) * share);
            gain += f64::from(apart(old, wanted) - apart(new, wanted));
            let (x, y) = (at % canvas.width, at / canvas.width);
            bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)];
        }
        if gain > 0.0 && best.as_ref().is_none_or(|(other, _)| gain > *other) {
            best = Some((gain, (places, color, bounds)));
        }
    }
    best.map(|(_, found)| found)
}

/// A path through a place along the edges, in both directions, as long as it nears the picture.
fn path(begin: [f64; 2], brush: f64, segments: usize, target: &Map, edges: &Edges, canvas: &Canvas) -> Vec<[f64; 2]> {
    let color = target.color(target.at(begin));
    let step = (brush / 2.0).max(1.0);
    #[allow(clippy::cast_precision_loss)]
    let most = brush * LENGTH * segments as f64 / 2.0;
    let mut halves = [Vec::new(), Vec::new()];
    let first = edges.along(begin);
    for (half, sign) in halves.iter_mut().zip([1.0, -1.0]) {
        let mut direction = [first[0] * sign, first[1] * sign];
        let (mut place, mut passed) = (begin, 0.0);
        while passed < most {
            let along = edges.along(place);
            let turn = if along[0] * direction[0] + along[1] * direction[1] < 0.0 { -1.0 } else { 1.0 };
            direction = [along[0] * turn, along[1] * turn];
            place = [place[0] + direction[0] * step, place[1] + direction[1] * step];
            let (x, y) = (place[0], place[1]);
            #[allow(clippy::cast_precision_loss)]
            let is_inside = x >= 0.0 && y >= 0.0 && x < canvas.width as f64 && y < canvas.height as f64;
            if !is_inside {
                break;
            }
            let at = target.at(place);
            let wanted = target.color(at);
            if apart(wanted, color) > apart(wanted, canvas.colors[at]) {
                break;
            }
            half.push(place);
            passed += step;
        }
    }
    let [ahead, behind] = halves;
    let mut path: Vec<_> = behind.into_iter().rev().chain(std::iter::once(begin)).chain(ahead).collect();
    if path.len() == 1 {
        let end = |share: f64| [begin[0] + first[0] * step * share, begin[1] + first[1] * step * share];
        path = vec![end(-0.5), begin, end(0.5)];
    }
    path
}

/// The square of the difference of colors.
fn apart(one: [f32; 3], other: [f32; 3]) -> f32 {
    one.iter().zip(other).map(|(one, other)| (one - other) * (one - other)).sum()
}

impl Canvas {
    /// The pixels that a path of lines covers, and how much of each.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn covered(&self, places: &[[f64; 2]], brush: f64) -> Vec<(usize, f32)> {
        let radius = brush / 2.0;
        let reach = radius + 0.5;
        let low = |axis: usize| places.iter().map(|place| place[axis]).fold(f64::INFINITY, f64::min) - reach;
        let high = |axis: usize| places.iter().map(|place| place[axis]).fold(f64::NEG_INFINITY, f64::max) + reach;
        let range = |axis: usize, count: usize| {
            let (low, high) = (low(axis).max(0.0) as usize, (high(axis).max(-1.0) + 1.0) as usize);
            low.min(count)..high.min(count)
        };
        let mut mask = Vec::new();
        for y in range(1, self.height) {
            for x in range(0, self.width) {
                let at = [x as f64 + 0.5, y as f64 + 0.5];
                let nearest = places.windows(2).map(|pair| to_line(at, pair[0], pair[1])).fold(f64::INFINITY, f64::min);
                let share = (reach - nearest).clamp(0.0, 1.0);
                if share > 0.0 {
                    mask.push((y * self.width + x, share as f32));
                }
            }
        }
        mask
    }
}

/// The distance of a place from a line.
fn to_line(at: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let (along, offset) = ([to[0] - from[0], to[1] - from[1]], [at[0] - from[0], at[1] - from[1]]);
    let square = along[0] * along[0] + along[1] * along[1];
    let t = if square > 0.0 { ((offset[0] * along[0] + offset[1] * along[1]) / square).clamp(0.0, 1.0) } else { 0.0 };
    (offset[0] - t * along[0]).hypot(offset[1] - t * along[1])
}

/// Square cells of the picture, each with the error of the canvas in it.
struct Cells {
    side: usize,
    columns: usize,
    errors: Vec<f64>,
    is_closed: Vec<bool>,
}

impl Cells {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn new(canvas: &Canvas, target: &Map, brush: f64) -> Self {
        let side = (brush.round() as usize).max(2);
        let (columns, rows) = (canvas.width.div_ceil(side), canvas.height.div_ceil(side));
        let (errors, is_closed) = (vec![0.0; columns * rows], vec![false; columns * rows]);
        let mut cells = Self { side, columns, errors, is_closed };
        cells.renew([0, 0, canvas.width - 1, canvas.height - 1], canvas, target);
        cells
    }

    /// Computes the errors of the cells that a box of pixels touches.
    fn renew(&mut self, [left, top, right, bottom]: [usize; 4], canvas: &Canvas, target: &Map) {
        for row in top / self.side..=bottom / self.side {
            for column in left / self.side..=right / self.side {
                let cell = row * self.columns + column;
                self.errors[cell] = self.pixels(cell, canvas).map(|at| error(at, canvas, target)).sum();
            }
        }
    }

    fn pixels(&self, cell: usize, canvas: &Canvas) -> impl Iterator<Item = usize> + use<> {
        let (left, top) = (cell % self.columns * self.side, cell / self.columns * self.side);
        let (right, bottom) = ((left + self.side).min(canvas.width), (top + self.side).min(canvas.height));
        let width = canvas.width;
        (top..bottom).flat_map(move |y| (left..right).map(move |x| y * width + x))
    }

    /// The open cell with the largest error, the first of several; none if nothing can be improved.
    fn worst(&self) -> Option<usize> {
        let open = (0..self.errors.len()).filter(|cell| !self.is_closed[*cell] && self.errors[*cell] > 0.0);
        open.reduce(|best, cell| if self.errors[cell] > self.errors[best] { cell } else { best })
    }

    fn close(&mut self, cell: usize) {
        self.is_closed[cell] = true;
    }

    /// The place in a cell where the canvas differs most from the picture.
    #[allow(clippy::cast_precision_loss)]
    fn begin(&self, cell: usize, canvas: &Canvas, target: &Map) -> [f64; 2] {
        let pixels = self.pixels(cell, canvas);
        let worst = |best: usize, at: usize| {
            if error(at, canvas, target) > error(best, canvas, target) { at } else { best }
        };
        let at = pixels.reduce(worst).unwrap_or_default();
        [(at % canvas.width) as f64 + 0.5, (at / canvas.width) as f64 + 0.5]
    }
}

fn error(at: usize, canvas: &Canvas, target: &Map) -> f64 {
    f64::from(apart(canvas.colors[at], target.color(at)))
}
