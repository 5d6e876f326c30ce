//! Counts what is in a picture. Unit tests also use it.

use image::RgbImage;

/// The number of connected parts of a picture whose pixels are chosen, of more than `least` pixels each.
pub fn parts(picture: &RgbImage, least: u32, chosen: impl Fn([i32; 3]) -> bool) -> usize {
    let (width, height) = picture.dimensions();
    let is_part = |x: u32, y: u32| chosen(picture.get_pixel(x, y).0.map(i32::from));
    let mut seen = vec![false; (width * height) as usize];
    let mut count = 0;
    for start in 0..width * height {
        let (mut stack, mut area) = (vec![(start % width, start / width)], 0);
        while let Some((x, y)) = stack.pop() {
            if x >= width || y >= height || seen[(y * width + x) as usize] || !is_part(x, y) {
                continue;
            }
            seen[(y * width + x) as usize] = true;
            area += 1;
            stack.extend([(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)]);
        }
        count += usize::from(area > least);
    }
    count
}
