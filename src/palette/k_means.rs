//! The colors of a picture: clusters in OKLab.
//!
//! k-means (S. Lloyd, 1982) from a start by k-means++ (D. Arthur and S. Vassilvitskii, 2007) that takes the best of a
//! few tries for each center. All sums are made in one order, so that the number of threads changes nothing.

use std::collections::BTreeMap;

use image::RgbImage;
use rayon::prelude::*;

use super::{nearest, oklab};
use crate::random::Stream;

/// The most points that are clustered: a picture with more colors is counted in cells.
const MOST_POINTS: usize = 1 << 15;
/// Bits of a channel that distinguish cells. The first value that gives no more cells than there may be points is used;
/// 5 bits give 2^15 cells.
const CELL_BITS: [u32; 4] = [8, 7, 6, 5];
/// The most rounds of clustering.
const MOST_ROUNDS: usize = 100;

/// A color and the number of pixels that have it.
struct Point {
    perceived: [f32; 3],
    weight: f64,
}

/// At most `count` colors for those of a picture, from dark to light.
pub(super) fn colors(picture: &RgbImage, count: usize, seed: u64) -> Vec<[u8; 3]> {
    let (bits, cells) = count_colors(picture);
    let mut colors: Vec<[u8; 3]> = if bits == 8 && cells.len() <= count {
        cells.into_keys().collect()
    } else {
        let points: Vec<Point> = cells.values().map(Cell::point).collect();
        cluster(&points, count, seed).into_iter().map(oklab::to_srgb).collect()
    };
    let lightness = |color: &[u8; 3]| oklab::of_srgb(*color)[0];
    colors.sort_by(|one, other| lightness(one).total_cmp(&lightness(other)).then(one.cmp(other)));
    colors.dedup();
    colors
}

/// Pixels of nearly one color.
#[derive(Default)]
struct Cell {
    pixels: u64,
    /// Sum of each channel
    sums: [u64; 3],
}

impl Cell {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn point(&self) -> Point {
        let mean = self.sums.map(|sum| (sum as f64 / self.pixels as f64 / 255.0) as f32);
        Point { perceived: oklab::of_unit_srgb(mean), weight: self.pixels as f64 }
    }
}

/// Counts a picture's colors, in cells as small as possible.
fn count_colors(picture: &RgbImage) -> (u32, BTreeMap<[u8; 3], Cell>) {
    let mut found = (0, BTreeMap::new());
    for bits in CELL_BITS {
        let mut cells: BTreeMap<[u8; 3], Cell> = BTreeMap::new();
        let fits = picture.pixels().all(|pixel| {
            let cell = cells.entry(pixel.0.map(|channel| channel >> (8 - bits))).or_default();
            cell.pixels += 1;
            cell.sums.iter_mut().zip(pixel.0).for_each(|(sum, channel)| *sum += u64::from(channel));
            cells.len() <= MOST_POINTS
        });
        found = (bits, cells);
        if fits {
            break;
        }
    }
    found
}

/// How many pixels of a picture are nearest to each of some colors.
pub(super) fn shares(picture: &RgbImage, colors: &[[f32; 3]]) -> Vec<f64> {
    let points: Vec<Point> = count_colors(picture).1.values().map(Cell::point).collect();
    let owners: Vec<usize> = points.par_iter().map(|point| nearest(colors, point.perceived)).collect();
    let mut shares = vec![0.0; colors.len()];
    for (point, owner) in points.iter().zip(owners) {
        shares[owner] += point.weight;
    }
    shares
}

fn cluster(points: &[Point], count: usize, seed: u64) -> Vec<[f32; 3]> {
    let mut centers = start(points, count, &mut Stream::new(seed, "palette", 0));
    let mut before = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let owners: Vec<usize> = points.par_iter().map(|point| nearest(&centers, point.perceived)).collect();
        if owners == before {
            break;
        }
        let mut sums = vec![(0.0, [0.0; 3]); centers.len()];
        for (point, owner) in points.iter().zip(&owners) {
            let (weight, sum) = &mut sums[*owner];
            *weight += point.weight;
            sum.iter_mut().zip(point.perceived).for_each(|(sum, axis)| *sum += point.weight * f64::from(axis));
        }
        for (center, (weight, sum)) in centers.iter_mut().zip(sums).filter(|(_, (weight, _))| *weight > 0.0) {
            #[allow(clippy::cast_possible_truncation)]
            let mean = sum.map(|sum| (sum / weight) as f32);
            *center = mean;
        }
        before = owners;
    }
    centers
}

/// The first centers of the clusters: each is a point, and the likelier the farther it is from the earlier ones.
fn start(points: &[Point], count: usize, stream: &mut Stream) -> Vec<[f32; 3]> {
    // As many as in scikit-learn: 2 plus the logarithm of the count.
    let tries = 2 + count.max(1).ilog2() as usize;
    let first = chosen(points, |_| 1.0, stream);
    let mut centers: Vec<_> = first.map(|index| points[index].perceived).into_iter().collect();
    let mut far = vec![f32::INFINITY; points.len()];
    let mut newest = centers.first().copied();
    while let Some(center) = newest {
        for (far, point) in far.iter_mut().zip(points) {
            *far = far.min(oklab::distance(point.perceived, center));
        }
        if centers.len() >= count {
            break;
        }
        let candidates = (0..tries).filter_map(|_| chosen(points, |index| f64::from(far[index]), stream));
        let candidates: Vec<[f32; 3]> = candidates.map(|index| points[index].perceived).collect();
        let left = |candidate: &[f32; 3]| -> f64 {
            let distances = points
                .iter()
                .zip(&far)
                .map(|(point, far)| point.weight * f64::from(far.min(oklab::distance(point.perceived, *candidate))));
            distances.sum()
        };
        let costs: Vec<f64> = candidates.par_iter().map(left).collect();
        let best = costs.iter().zip(&candidates).min_by(|one, other| one.0.total_cmp(other.0));
        newest = best.map(|(_, candidate)| *candidate);
        centers.extend(newest);
    }
    centers
}

/// A random point, with a probability proportional to its weight times a factor; none if all are 0.
fn chosen(points: &[Point], factor: impl Fn(usize) -> f64, stream: &mut Stream) -> Option<usize> {
    let share = |index: usize| points[index].weight * factor(index);
    let total: f64 = (0..points.len()).map(share).sum();
    let mut left = stream.unit() * total;
    let mut last = None;
    for index in (0..points.len()).filter(|index| share(*index) > 0.0) {
        last = Some(index);
        left -= share(index);
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// Four flat quarters with a little noise, of unlike sizes.
    fn quarters() -> RgbImage {
        RgbImage::from_fn(100, 100, |x, y| {
            let base: [u8; 3] = match (x < 30, y < 70) {
                (true, true) => [200, 30, 30],
                (true, false) => [30, 200, 30],
                (false, true) => [30, 30, 200],
                (false, false) => [220, 220, 220],
            };
            let noise = u8::try_from((x * 7 + y * 13) % 9).unwrap();
            Rgb(base.map(|channel| channel + noise))
        })
    }

    #[test]
    fn clusters_are_found() {
        for seed in 0..20 {
            let found = colors(&quarters(), 4, seed);
            // The noise's mean is 4; dark to light in OKLab.
            let expected = [[34, 34, 204], [204, 34, 34], [34, 204, 34], [224, 224, 224]];
            assert_eq!(found.len(), 4);
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.iter().zip(expected).all(|(one, other)| one.abs_diff(other) <= 2), "{seed}: {found:?}");
            }
        }
    }

    #[test]
    fn few_colours_stay_as_they_are() {
        let picture = RgbImage::from_fn(6, 1, |x, _| Rgb([u8::try_from(x % 3).unwrap() * 100; 3]));
        let expected = [[0; 3], [100; 3], [200; 3]];
        for count in [3, 4, 256] {
            assert_eq!(colors(&picture, count, 1), expected);
        }
        let one = colors(&picture, 1, 1);
        assert_eq!(one.len(), 1);
        // OKLab lightness 0, 0.50 and 0.83, whose mean 0.44 is that of 0.087 of the light: 84 of 255.
        assert!(one[0][0].abs_diff(84) <= 1, "{one:?}");
    }

    #[test]
    fn many_colours_come_near_whatever_the_threads() {
        // 65,536 colors, more than are clustered one by one.
        let picture = RgbImage::from_fn(256, 256, |x, y| {
            let (x, y) = (u8::try_from(x).unwrap(), u8::try_from(y).unwrap());
            Rgb([x, y, x ^ y])
        });
        let of = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| colors(&picture, 64, 5))
        };
        let found = of(1);
        assert_eq!(found, of(3));
        assert_eq!(found.len(), 64);
        let lightness: Vec<f32> = found.iter().map(|color| oklab::of_srgb(*color)[0]).collect();
        assert!(lightness.is_sorted());
        let centers: Vec<_> = found.iter().map(|color| oklab::of_srgb(*color)).collect();
        let far = picture.pixels().map(|pixel| {
            let lab = oklab::of_srgb(pixel.0);
            oklab::distance(lab, centers[nearest(&centers, lab)])
        });
        // The gamut's volume is about 0.054; a 64th of it is a ball of radius 0.059.
        let root_mean_square = (far.sum::<f32>() / 65_536.0).sqrt();
        assert!(root_mean_square < 0.06, "{root_mean_square}");
    }

    #[test]
    fn seeds_choose_the_start() {
        let picture = RgbImage::from_fn(64, 64, |x, y| {
            let (x, y) = (u8::try_from(4 * x).unwrap(), u8::try_from(4 * y).unwrap());
            Rgb([x, y, 128])
        });
        assert_eq!(colors(&picture, 12, 1), colors(&picture, 12, 1));
        assert_ne!(colors(&picture, 12, 1), colors(&picture, 12, 2));
    }
}
