//! A small picture to lay strokes along: its colors, and the directions of its edges.

use image::RgbImage;

use crate::picture::{Size, to_values};

/// A picture as planes of numbers.
pub struct Map {
    /// The size
    pub size: Size,
    /// Red, green and blue, 0 to 1
    pub planes: [Vec<f32>; 3],
}

/// The direction of the edges at each pixel of a picture.
pub struct Edges {
    size: Size,
    /// The smoothed products xx, xy and yy of the slopes of all colors
    products: [Vec<f32>; 3],
}

impl Map {
    /// The map of a picture.
    pub fn of(picture: &RgbImage) -> Self {
        let size = Size::of(picture);
        let values = to_values(picture.as_raw(), 3);
        let area = size.width * size.height;
        let plane = |channel: usize| values[channel * area..(channel + 1) * area].to_vec();
        Self { size, planes: [plane(0), plane(1), plane(2)] }
    }

    /// The picture, blurred with a standard deviation in pixels.
    pub fn blurred(&self, deviation: f64) -> Self {
        let planes = self.planes.each_ref().map(|plane| blurred(plane, self.size, deviation));
        Self { size: self.size, planes }
    }

    /// A color.
    pub fn color(&self, at: usize) -> [f32; 3] {
        [self.planes[0][at], self.planes[1][at], self.planes[2][at]]
    }

    /// The pixel at a place; the nearest one outside the picture.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn at(&self, place: [f64; 2]) -> usize {
        pixel(self.size, place)
    }

    /// The usual color at the edges: the median of each channel in a band around the picture.
    pub fn rim(&self) -> [f32; 3] {
        let Size { width, height } = self.size;
        let band = (width.min(height) / 16).max(1);
        let is_rim = |at: usize| {
            let (x, y) = (at % width, at / width);
            x < band || y < band || x + band >= width || y + band >= height
        };
        self.planes.each_ref().map(|plane| {
            let mut values: Vec<f32> = (0..plane.len()).filter(|at| is_rim(*at)).map(|at| plane[at]).collect();
            let middle = values.len() / 2;
            *values.select_nth_unstable_by(middle, f32::total_cmp).1
        })
    }

    /// The directions of edges: the structure tensor of the picture, smoothed with a standard deviation in pixels.
    pub fn edges(&self, deviation: f64) -> Edges {
        let area = self.size.width * self.size.height;
        let mut products = [vec![0.0; area], vec![0.0; area], vec![0.0; area]];
        for plane in &self.planes {
            for (at, ((xx, xy), yy)) in pixels(&mut products).enumerate() {
                let [x, y] = slope(plane, self.size, at);
                *xx += x * x;
                *xy += x * y;
                *yy += y * y;
            }
        }
        Edges { size: self.size, products: products.map(|plane| blurred(&plane, self.size, deviation)) }
    }
}

/// The numbers of each pixel in three planes.
fn pixels(planes: &mut [Vec<f32>; 3]) -> impl Iterator<Item = ((&mut f32, &mut f32), &mut f32)> {
    let [first, second, third] = planes;
    first.iter_mut().zip(second).zip(third)
}

impl Edges {
    /// How strong the edge at a place is: the root of the larger eigenvalue.
    pub fn strength(&self, place: [f64; 2]) -> f64 {
        self.strength_at(pixel(self.size, place))
    }

    /// How strong the edge at a pixel is.
    pub fn strength_at(&self, at: usize) -> f64 {
        let [xx, xy, yy] = self.products.each_ref().map(|plane| f64::from(plane[at]));
        let half = (xx - yy) / 2.0;
        (f64::midpoint(xx, yy) + (half * half + xy * xy).sqrt()).max(0.0).sqrt()
    }

    /// The direction along the edge at a place, with length 1.
    pub fn along(&self, place: [f64; 2]) -> [f64; 2] {
        let at = pixel(self.size, place);
        let [xx, xy, yy] = self.products.each_ref().map(|plane| f64::from(plane[at]));
        // The slope's main direction is at half the angle of (xx - yy, 2 xy); the edge is at a right angle to it.
        let angle = (2.0 * xy).atan2(xx - yy) / 2.0 + std::f64::consts::FRAC_PI_2;
        [angle.cos(), angle.sin()]
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn pixel(size: Size, place: [f64; 2]) -> usize {
    let index = |at: f64, count: usize| at.floor().clamp(0.0, (count - 1) as f64) as usize;
    index(place[1], size.height) * size.width + index(place[0], size.width)
}

/// Half the differences between neighbors.
fn slope(plane: &[f32], size: Size, at: usize) -> [f32; 2] {
    let (x, y) = (at % size.width, at / size.width);
    let value = |x: usize, y: usize| plane[y.min(size.height - 1) * size.width + x.min(size.width - 1)];
    let across = (value(x + 1, y) - value(x.saturating_sub(1), y)) / 2.0;
    let down = (value(x, y + 1) - value(x, y.saturating_sub(1))) / 2.0;
    [across, down]
}

/// Three box filters, one after the other, which together are nearly a bell curve.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn blurred(plane: &[f32], size: Size, deviation: f64) -> Vec<f32> {
    // The variance of a box of 2 r + 1 pixels is r (r + 1) / 3.
    let radius = ((deviation * deviation + 0.25).sqrt() - 0.5).round().max(0.0) as usize;
    let mut values = plane.to_vec();
    if radius == 0 {
        return values;
    }
    for _ in 0..3 {
        for row in values.chunks_exact_mut(size.width) {
            box_filter(row, radius);
        }
        let mut column = vec![0.0; size.height];
        for x in 0..size.width {
            (0..size.height).for_each(|y| column[y] = values[y * size.width + x]);
            box_filter(&mut column, radius);
            (0..size.height).for_each(|y| values[y * size.width + x] = column[y]);
        }
    }
    values
}

/// The means of each number and its neighbors; the ends are repeated outward.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn box_filter(values: &mut [f32], radius: usize) {
    let (first, last) = (f64::from(values[0]), f64::from(values[values.len() - 1]));
    let mut sums = Vec::with_capacity(values.len() + 1);
    let mut sum = 0.0;
    sums.push(sum);
    for value in values.iter() {
        sum += f64::from(*value);
        sums.push(sum);
    }
    let count = values.len();
    for (at, value) in values.iter_mut().enumerate() {
        let (low, high) = (at.saturating_sub(radius), (at + radius + 1).min(count));
        let before = (radius - (at - low)) as f64;
        let after = (at + radius + 1 - high) as f64;
        *value = ((sums[high] - sums[low] + before * first + after * last) / (2 * radius + 1) as f64) as f32;
    }
}
