//! How far pixels are from the outside of a mask.

use rayon::prelude::*;

use crate::picture::Size;

/// The distance of each pixel from the nearest one that is outside, in pixels; infinite if none is. `is_outside` has a
/// value for each pixel, row by row.
///
/// The columns first, then along each row the lower envelope of parabolas (Felzenszwalb and Huttenlocher, "Distance
/// Transforms of Sampled Functions", 2012).
pub(super) fn distances(is_outside: &[bool], Size { width, height }: Size) -> Vec<f32> {
    let mut squares = vec![f64::INFINITY; width * height];
    for backward in [false, true] {
        let mut since = vec![f64::INFINITY; width];
        for step in 0..height {
            let row = if backward { height - 1 - step } else { step };
            for (column, since) in since.iter_mut().enumerate() {
                let at = row * width + column;
                *since = if is_outside[at] { 0.0 } else { *since + 1.0 };
                squares[at] = squares[at].min(*since * *since);
            }
        }
    }
    let mut distances = vec![0.0; squares.len()];
    let rows = distances.par_chunks_mut(width.max(1)).zip(squares.par_chunks(width.max(1)));
    rows.for_each(|(distances, squares)| along(squares, distances));
    distances
}

/// The root of the least sum of the square of the way to a place in the row and the number there, for each place.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn along(squares: &[f64], distances: &mut [f32]) {
    // The places whose parabolas are lowest somewhere, each with the place where that begins.
    let mut lowest: Vec<(usize, f64)> = Vec::new();
    for (place, square) in squares.iter().enumerate().filter(|(_, square)| square.is_finite()) {
        let begins = loop {
            let Some(&(last, begins)) = lowest.last() else { break f64::NEG_INFINITY };
            let (here, there) = (place as f64, last as f64);
            let crossing = (square + here * here - squares[last] - there * there) / (2.0 * (here - there));
            if crossing > begins {
                break crossing;
            }
            lowest.pop();
        };
        lowest.push((place, begins));
    }
    let mut at = 0;
    for (place, distance) in distances.iter_mut().enumerate() {
        while lowest.get(at + 1).is_some_and(|(_, begins)| *begins < place as f64) {
            at += 1;
        }
        *distance = lowest.get(at).map_or(f32::INFINITY, |(nearest, _)| {
            let way = place as f64 - *nearest as f64;
            (way * way + squares[*nearest]).sqrt() as f32
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    #[allow(clippy::cast_precision_loss, clippy::float_cmp)]
    fn each_is_the_way_to_the_nearest() {
        let mut stream = Stream::new(3, "test", 0);
        for (width, height, share) in [(1, 1, 0.5), (17, 1, 0.2), (1, 9, 0.2), (23, 19, 0.03), (23, 19, 0.5)] {
            let is_outside: Vec<bool> = (0..width * height).map(|_| stream.happens(share)).collect();
            let found = distances(&is_outside, Size { width, height });
            for (at, distance) in found.iter().enumerate() {
                let way = |other: usize| {
                    let (across, down) = ((at % width).abs_diff(other % width), (at / width).abs_diff(other / width));
                    ((across * across + down * down) as f32).sqrt()
                };
                let outside = (0..is_outside.len()).filter(|other| is_outside[*other]);
                let nearest = outside.map(way).fold(f32::INFINITY, f32::min);
                assert!(*distance == nearest || (distance - nearest).abs() < 1e-4, "{at}: {distance} {nearest}");
            }
        }
    }
}
