//! Palettes without colors that look alike.

use image::RgbImage;

use super::{Palette, k_means, oklab};
use crate::Result;

impl Palette {
    /// The palette of a picture with colors that look alike made one: as long as two are nearer to each other than
    /// `apart`, the nearest two become their mean, weighted by how many pixels have them. Two colors remain at least, if
    /// there are two.
    ///
    /// # Errors
    /// If the palette cannot be made anew.
    pub fn without_alike(&self, picture: &RgbImage, apart: f32) -> Result<Self> {
        let mut groups: Vec<(f64, [f32; 3])> =
            k_means::shares(picture, &self.perceived).into_iter().zip(self.perceived.iter().copied()).collect();
        // A palette of a picture can have a color that none of its pixels is nearest to.
        groups.retain(|(share, _)| *share > 0.0);
        while groups.len() > 2 {
            let pairs = (0..groups.len()).flat_map(|other| (0..other).map(move |one| (one, other)));
            let far = |(one, other): (usize, usize)| oklab::distance(groups[one].1, groups[other].1);
            let nearest = pairs.min_by(|first, second| far(*first).total_cmp(&far(*second)));
            let Some((one, other)) = nearest.filter(|pair| far(*pair) < apart * apart) else { break };
            let (weight, color) = groups.remove(other);
            let (before, mean) = groups[one];
            let total = before + weight;
            #[allow(clippy::cast_possible_truncation)]
            let mixed =
                |axis: usize| ((before * f64::from(mean[axis]) + weight * f64::from(color[axis])) / total) as f32;
            groups[one] = (total, std::array::from_fn(mixed));
        }
        Self::of_colours(self.name.clone(), groups.into_iter().map(|(_, color)| oklab::to_srgb(color)))
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn shades_of_one_color_become_one() {
        // Three pixels of white, one of a white that is hardly pink, four of red and four of a red that is darker.
        let colors = [[255, 255, 255], [255, 249, 250], [220, 20, 30], [130, 10, 20]];
        let rows = [[0, 0, 0, 1], [2, 2, 2, 2], [3, 3, 3, 3]];
        let picture = RgbImage::from_fn(4, 3, |x, y| Rgb(colors[rows[y as usize][x as usize]]));
        let palette = Palette::of_colours("test", colors).unwrap();
        let found = palette.without_alike(&picture, 0.035).unwrap();
        // A fourth of the way from white to the other white, which is near 253.5 and 253.75.
        assert_eq!(found.colours(), [[255, 253, 254], [220, 20, 30], [130, 10, 20]]);
        assert_eq!(palette.without_alike(&picture, 0.0).unwrap().colours(), colors);
        // However large the distance, two colors remain.
        assert_eq!(palette.without_alike(&picture, 9.0).unwrap().colours().len(), 2);
    }
}
