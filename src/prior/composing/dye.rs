//! Gives a thing another color: where it has its main color, and with its light and shade. Small parts in other colors,
//! such as eyes, leaves and outlines, stay as they are.

use super::cutout::Cutout;
use crate::palette::oklab;
use crate::sentence::Color;

/// Colors with less chroma, in OKLab, are gray.
const GRAY: f32 = 0.05;
/// Hues up to so many degrees from the main one are dyed, and those up to `HUES_END` partly.
const HUES: f32 = 30.0;
const HUES_END: f32 = 50.0;
/// A thing has a color already if its main color differs from it by at most this, in OKLab ...
const SAME: f32 = 0.13;
/// ... or if its hue does by at most so many degrees, and its lightness by at most `SAME_LIGHTNESS`.
const SAME_HUE: f32 = 22.0;
const SAME_LIGHTNESS: f32 = 0.15;
/// The lightness of what is not lit, and of what is lit most.
const DARKEST: f32 = 0.1;
const LIGHTEST: f32 = 0.97;
/// What is so much darker or lighter than a gray main color is another part.
const OTHER_PART: f32 = 0.22;
/// Groups that pixels are sorted into.
const GROUPS: usize = 5;
const ROUNDS: usize = 8;

/// The color that most of a thing has.
#[derive(Clone, Copy, Debug)]
struct Main {
    lab: [f32; 3],
}

/// A thing that is to be dyed.
pub(in crate::prior) struct Dyeing<'a> {
    cutout: &'a Cutout,
    labs: Vec<[f32; 3]>,
    main: Main,
}

/// Whether a color has something of another: where the other is the main color of a thing, it would be dyed at least
/// partly.
pub(in crate::prior) fn has_something_of(color: Color, other: Color) -> bool {
    Main { lab: oklab::of_srgb(other) }.share(oklab::of_srgb(color)) > 0.0
}

impl<'a> Dyeing<'a> {
    /// Prepares to dye a thing; none if there is nothing of it.
    pub(in crate::prior) fn of(cutout: &'a Cutout) -> Option<Self> {
        let labs: Vec<[f32; 3]> =
            cutout.colors.iter().map(|color| oklab::of_unit_srgb(color.map(|value| value / 255.0))).collect();
        let main = main_color(&labs, &cutout.coverage)?;
        Some(Self { cutout, labs, main })
    }

    /// Whether the thing has a color.
    pub(in crate::prior) fn has(&self, color: Color) -> bool {
        self.main.is_like(oklab::of_srgb(color))
    }

    /// The thing in another color; none if it has that color already.
    pub(in crate::prior) fn in_color(&self, color: Color) -> Option<Cutout> {
        let Self { cutout, labs, main } = self;
        let wanted = oklab::of_srgb(color);
        if main.is_like(wanted) {
            return None;
        }
        let up = ((LIGHTEST - wanted[0]) / (LIGHTEST - main.lab[0]).max(0.05)).clamp(0.35, 1.0);
        let down = ((wanted[0] - DARKEST) / (main.lab[0] - DARKEST).max(0.05)).clamp(0.35, 1.0);
        let colors = labs.iter().zip(&cutout.colors).map(|(lab, color)| {
            let share = main.share(*lab);
            if share == 0.0 {
                return *color;
            }
            let difference = lab[0] - main.lab[0];
            let lightness = wanted[0] + difference * if difference > 0.0 { up } else { down };
            let strength =
                if chroma(main.lab) > GRAY { (chroma(*lab) / chroma(main.lab)).clamp(0.6, 1.2) } else { 1.0 };
            let new = [lightness.clamp(0.0, 1.0), wanted[1] * strength, wanted[2] * strength];
            let mixed = std::array::from_fn(|axis| lab[axis] + (new[axis] - lab[axis]) * share);
            oklab::to_srgb(mixed).map(f32::from)
        });
        Some(Cutout { colors: colors.collect(), ..(*cutout).clone() })
    }
}

impl Main {
    /// Whether people would call it by the same name.
    fn is_like(self, wanted: [f32; 3]) -> bool {
        let away = oklab::distance(self.lab, wanted).sqrt();
        let colorful = chroma(self.lab) > GRAY && chroma(wanted) > GRAY;
        let near = hue_between(self.lab, wanted) < SAME_HUE && (self.lab[0] - wanted[0]).abs() < SAME_LIGHTNESS;
        away < SAME || colorful && near
    }

    /// How much of a color is the main one, from 0 to 1.
    fn share(self, lab: [f32; 3]) -> f32 {
        let falling = |value: f32, from: f32, to: f32| 1.0 - ((value - from) / (to - from)).clamp(0.0, 1.0);
        if chroma(self.lab) > GRAY {
            // The hue of what is almost gray says little.
            let colorful = 1.0 - falling(chroma(lab), GRAY * 0.5, GRAY);
            return colorful * falling(hue_between(self.lab, lab), HUES, HUES_END);
        }
        let dark_too = if self.lab[0] < 0.45 { 2.0 } else { 1.0 };
        let grayish = falling(chroma(lab), GRAY * dark_too, 2.0 * GRAY * dark_too);
        grayish * falling((lab[0] - self.lab[0]).abs(), OTHER_PART, OTHER_PART + 0.06)
    }
}

/// The mean of the largest of some groups of like colors. White and black count less, since they are often lights,
/// bellies, eyes and outlines. None if there is nothing.
#[allow(clippy::cast_precision_loss)]
fn main_color(labs: &[[f32; 3]], coverage: &[f32]) -> Option<Main> {
    let solid: Vec<[f32; 3]> =
        labs.iter().zip(coverage).filter(|(_, coverage)| **coverage > 0.9).map(|(lab, _)| *lab).collect();
    let mut centers: Vec<[f32; 3]> = vec![*solid.first()?];
    let near = |lab: &[f32; 3], center: &[f32; 3]| {
        // Light and shade of one color belong together.
        let [lightness, a, b] = std::array::from_fn(|axis| lab[axis] - center[axis]);
        0.4 * lightness * lightness + a * a + b * b
    };
    while centers.len() < GROUPS {
        let to_nearest = |lab: &[f32; 3]| centers.iter().map(|center| near(lab, center)).fold(f32::INFINITY, f32::min);
        let farthest = solid.iter().max_by(|one, other| to_nearest(one).total_cmp(&to_nearest(other)))?;
        centers.push(*farthest);
    }
    let mut sizes = [0.0; GROUPS];
    for _ in 0..ROUNDS {
        let mut sums = [[0.0; 3]; GROUPS];
        sizes = [0.0; GROUPS];
        for lab in &solid {
            let nearest =
                (0..GROUPS).min_by(|one, other| near(lab, &centers[*one]).total_cmp(&near(lab, &centers[*other])));
            let nearest = nearest.unwrap_or_default();
            sums[nearest] = std::array::from_fn(|axis| sums[nearest][axis] + lab[axis]);
            sizes[nearest] += 1.0;
        }
        for (center, (sum, size)) in centers.iter_mut().zip(sums.iter().zip(&sizes)) {
            if *size > 0.0 {
                *center = sum.map(|value| value / size);
            }
        }
    }
    let counts = |group: usize| {
        let [lightness, ..] = centers[group];
        let gray = chroma(centers[group]) < GRAY;
        sizes[group]
            * if gray && lightness > 0.88 {
                0.45
            } else if lightness < 0.3 {
                0.6
            } else {
                1.0
            }
    };
    // Groups of one hue count together, as light and shade of one color.
    let together = |group: usize| {
        let main = Main { lab: centers[group] };
        (0..GROUPS).map(|other| counts(other) * main.share(centers[other])).sum::<f32>()
    };
    let largest = (0..GROUPS).max_by(|one, other| together(*one).total_cmp(&together(*other)))?;
    let main = Main { lab: centers[largest] };
    let (mut sum, mut total) = ([0.0; 3], 0.0);
    for (center, size) in centers.iter().zip(&sizes) {
        let weight = size * main.share(*center);
        sum = std::array::from_fn(|axis| sum[axis] + weight * center[axis]);
        total += weight;
    }
    (total > 0.0).then(|| Main { lab: sum.map(|value: f32| value / total) })
}

fn chroma([_, a, b]: [f32; 3]) -> f32 {
    a.hypot(b)
}

/// Degrees between the hues of two colors.
fn hue_between(one: [f32; 3], other: [f32; 3]) -> f32 {
    let hue = |[_, a, b]: [f32; 3]| b.atan2(a).to_degrees();
    ((hue(one) - hue(other) + 180.0).rem_euclid(360.0) - 180.0).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLUE: Color = [40, 95, 220];

    /// The thing in another color.
    fn dyed(thing: &Cutout, color: Color) -> Option<Cutout> {
        Dyeing::of(thing)?.in_color(color)
    }

    /// A thing of pixels of these colors, each so many times.
    fn thing(parts: &[([u8; 3], usize)]) -> Cutout {
        let colors: Vec<[f32; 3]> =
            parts.iter().flat_map(|(color, count)| std::iter::repeat_n(color.map(f32::from), *count)).collect();
        let coverage = vec![1.0; colors.len()];
        Cutout { width: colors.len(), height: 1, colors, coverage, background: [245; 3] }
    }

    /// The hue of a part, in degrees, and its lightness.
    fn look(color: [f32; 3]) -> (f32, f32) {
        let lab = oklab::of_unit_srgb(color.map(|value| value / 255.0));
        (lab[2].atan2(lab[1]).to_degrees().rem_euclid(360.0), lab[0])
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "kept colors are the same bits")]
    fn small_parts_and_shades_are_kept() {
        // An apple: light, shade, a leaf, white and black.
        let apple = thing(&[
            ([230, 40, 40], 60),
            ([160, 20, 25], 15),
            ([60, 170, 60], 10),
            ([250, 250, 250], 6),
            ([20, 20, 20], 6),
        ]);
        let blue = dyed(&apple, BLUE).unwrap();
        let wanted = look(BLUE.map(f32::from)).0;
        let ((light_hue, light), (shade_hue, shade)) = (look(blue.colors[0]), look(blue.colors[61]));
        assert!((light_hue - wanted).abs() < 8.0 && (shade_hue - wanted).abs() < 12.0, "{light_hue} {shade_hue}");
        assert!(light > shade + 0.03, "{light} {shade}");
        for kept in [80, 88, 94] {
            assert_eq!(blue.colors[kept], apple.colors[kept], "{kept}");
        }
    }

    #[test]
    fn neighbors_of_a_color_have_something_of_it() {
        const RED: Color = [220, 35, 40];
        for (color, expected) in
            [([250, 140, 30], true), ([250, 140, 185], true), (RED, true), ([250, 215, 50], false), (BLUE, false)]
        {
            assert_eq!(has_something_of(color, RED), expected, "{color:?}");
        }
        assert!(!has_something_of([245; 3], RED) && has_something_of([245; 3], [245; 3]));
    }

    #[test]
    fn a_thing_that_has_the_color_stays() {
        let banana = thing(&[([245, 200, 40], 80), ([120, 80, 30], 10)]);
        assert!(dyed(&banana, [250, 215, 50]).is_none(), "yellow");
        assert!(dyed(&banana, BLUE).is_some());
        assert!(dyed(&thing(&[([240, 240, 242], 50)]), [245; 3]).is_none(), "white");
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "kept colors are the same bits")]
    fn gray_things_are_dyed_without_their_eyes() {
        let elephant = thing(&[([150, 150, 155], 80), ([25, 25, 30], 8), ([240, 240, 240], 8)]);
        let pink = dyed(&elephant, [250, 140, 185]).unwrap();
        assert!(pink.colors[0][0] > pink.colors[0][1] + 60.0, "{:?}", pink.colors[0]);
        assert_eq!((pink.colors[84], pink.colors[92]), (elephant.colors[84], elephant.colors[92]));
        let penguin = thing(&[([50, 35, 70], 45), ([250, 250, 250], 45), ([250, 140, 30], 8)]);
        let red = dyed(&penguin, [220, 35, 40]).unwrap();
        assert!(red.colors[0][0] > red.colors[0][2] + 60.0, "the black part: {:?}", red.colors[0]);
        assert_eq!(red.colors[50], penguin.colors[50], "the white part");
    }

    #[test]
    fn every_color_has_its_lightness() {
        let cat = thing(&[([250, 170, 50], 80), ([180, 100, 30], 20)]);
        let lightness = |color| look(dyed(&cat, color).unwrap().colors[0]).1;
        assert!(lightness([25, 25, 30]) < 0.35 && lightness([245; 3]) > 0.9);
        assert!(dyed(&Cutout { coverage: vec![0.0; 100], ..cat }, BLUE).is_none(), "nothing to see");
    }
}
