//! Long strokes along the strongest edges of a picture.

use super::super::Look;
use super::map::{Edges, Map};
use super::path::resampled;
use super::{Strokes, curves, random};
use crate::random::Stream;

/// The blur of the picture whose edges are followed, in pixels of the map.
const BLUR: f64 = 2.0;
/// The smoothing of the directions of edges, in pixels of the map.
const SMOOTH: f64 = 1.5;
/// Edges weaker than this share of the strongest are not followed.
const WEAKEST: f64 = 0.12;
/// No stroke begins as near to another as this share of the shorter side.
const APART: f64 = 0.03;
/// The longest stroke for each of its curves, as a share of the shorter side.
const LENGTH: f64 = 0.1;
/// The shortest stroke, as a share of the shorter side.
const SHORTEST: f64 = 0.05;

/// A path along an edge, and the sum of the edge's strength along it.
struct Traced {
    path: Vec<[f64; 2]>,
    strength: f64,
}

/// Strokes along the edges of a map's picture.
#[allow(clippy::cast_precision_loss)]
pub fn strokes(look: &Look, map: &Map, stream: &mut Stream) -> Strokes {
    let [thin, wide] = look.widths(map.size);
    let side = map.size.width.min(map.size.height) as f64;
    let edges = map.blurred(BLUR).edges(SMOOTH);
    let mut found = traced(map, &edges, side * LENGTH * look.segments as f64, side);
    found.sort_by(|one, other| other.strength.total_cmp(&one.strength));
    found.truncate(look.count);
    if found.is_empty() {
        return random::strokes(look, map.size, stream);
    }
    let mut strokes = Strokes { paper: look.paper(), ..Strokes::default() };
    // If there are few edges, some have more than one stroke, which guidance may move elsewhere.
    for traced in found.iter().cycle().take(look.count) {
        let width = (thin * 0.6 + wide * 0.4).clamp(thin, wide);
        strokes.add(&curves(&resampled(&traced.path, look.segments + 1)), width, Look::INK);
    }
    strokes
}

/// Paths along all edges, each where no other is, the strongest first.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn traced(map: &Map, edges: &Edges, longest: f64, side: f64) -> Vec<Traced> {
    let (width, height) = (map.size.width, map.size.height);
    let mut begins: Vec<(f64, usize)> = (0..width * height).map(|at| (edges.strength_at(at), at)).collect();
    begins.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let weakest = begins.first().map_or(0.0, |first| first.0 * WEAKEST);
    let apart = (side * APART).max(1.0);
    let mut is_taken = vec![false; width * height];
    let mut found = Vec::new();
    for (strength, at) in begins {
        if strength <= weakest {
            break;
        }
        if is_taken[at] {
            continue;
        }
        let begin = [(at % width) as f64 + 0.5, (at / width) as f64 + 0.5];
        let mut halves = [Vec::new(), Vec::new()];
        let first = edges.along(begin);
        // The shoulders of an edge that was followed are no edges.
        if across(first, begin).iter().any(|beside| edges.strength(*beside) > strength) {
            continue;
        }
        let mut sum = strength;
        for (half, sign) in halves.iter_mut().zip([1.0, -1.0]) {
            let mut direction = [first[0] * sign, first[1] * sign];
            let (mut place, mut beside) = (begin, 0.0);
            while (half.len() as f64) < longest / 2.0 {
                let along = edges.along(place);
                let agree = along[0] * direction[0] + along[1] * direction[1];
                // A corner ends a stroke.
                if agree.abs() < 0.3 {
                    break;
                }
                direction = [along[0] * agree.signum(), along[1] * agree.signum()];
                let next = [place[0] + direction[0], place[1] + direction[1]];
                let next = on_ridge(edges, next, direction);
                let is_inside = next[0] >= 0.0 && next[1] >= 0.0 && next[0] < width as f64 && next[1] < height as f64;
                if !is_inside || edges.strength(next) <= weakest {
                    break;
                }
                // A stroke goes on beside another one until they meet.
                beside += f64::from(u8::from(is_taken[map.at(next)]));
                if beside > apart {
                    break;
                }
                sum += edges.strength(next);
                half.push(next);
                place = next;
            }
        }
        let [ahead, behind] = halves;
        // What only runs beside other strokes is left out.
        let alone = ahead.iter().chain(&behind).filter(|place| !is_taken[map.at(**place)]).count();
        let path: Vec<_> = behind.into_iter().rev().chain(std::iter::once(begin)).chain(ahead).collect();
        for place in &path {
            let range = |at: f64, count: usize| {
                let low = (at - apart).max(0.0) as usize;
                low..((at + apart).max(0.0) as usize + 1).min(count)
            };
            for y in range(place[1], height) {
                for x in range(place[0], width) {
                    let distance = (x as f64 + 0.5 - place[0]).hypot(y as f64 + 0.5 - place[1]);
                    is_taken[y * width + x] |= distance <= apart;
                }
            }
        }
        if alone as f64 >= side * SHORTEST {
            found.push(Traced { path, strength: sum });
        }
    }
    found
}

/// The strongest of a place and its neighbors across a direction.
fn on_ridge(edges: &Edges, place: [f64; 2], direction: [f64; 2]) -> [f64; 2] {
    let strongest = |best, other| if edges.strength(other) > edges.strength(best) { other } else { best };
    across(direction, place).into_iter().fold(place, strongest)
}

/// The places on both sides of a place, at a right angle to a direction.
fn across(direction: [f64; 2], place: [f64; 2]) -> [[f64; 2]; 2] {
    [1.0, -1.0].map(|side| [place[0] - direction[1] * side, place[1] + direction[0] * side])
}
