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
const SAME_LIGHTNESS: f32 = 0.22;
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

/// The thing in another color; none if it has that color already.
pub(in crate::prior) fn dyed(cutout: &Cutout, color: Color) -> Option<Cutout> {
    let labs: Vec<[f32; 3]> =
        cutout.colors.iter().map(|color| oklab::of_unit_srgb(color.map(|value| value / 255.0))).collect();
    let main = main_color(&labs, &cutout.coverage)?;
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
        let strength = if chroma(main.lab) > GRAY { (chroma(*lab) / chroma(main.lab)).clamp(0.6, 1.2) } else { 1.0 };
        let new = [lightness.clamp(0.0, 1.0), wanted[1] * strength, wanted[2] * strength];
        let mixed = std::array::from_fn(|axis| lab[axis] + (new[axis] - lab[axis]) * share);
        oklab::to_srgb(mixed).map(f32::from)
    });
    Some(Cutout { colors: colors.collect(), ..cutout.clone() })
}

impl Main {
    /// Whether people would call it by the same name.
    fn is_like(self, wanted: [f32; 3]) -> bool {
        let away = self.lab.iter().zip(wanted).map(|(one, other)| (one - other).powi(2)).sum::<f32>().sqrt();
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
        grayish * falling((lab[0] - self.lab[0]).abs(), OTHER_PART, OTHER_PART + 0.1)
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
    let mut sizes = vec![0.0; GROUPS];
    for _ in 0..ROUNDS {
        let mut sums = vec![[0.0; 3]; GROUPS];
        sizes = vec![0.0; GROUPS];
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
