//! Cutouts: the views of the picture that a perceptor sees in an iteration.
//!
//! Crop, zoom, perspective, rotation, shear and flip of a view combine into one matrix, so the picture is sampled once.
//! The CPU draws all random numbers from the seed and the iteration. Every perceptor sees the same views, at its own
//! resolution.

use crate::frozen::{Border, Homography, Rectangle, Touch, View};
use crate::random::Stream;
use crate::settings::{Augmentation, Augmentations, Schedule, Settings};

/// All numbers of the cutouts. Lengths are shares of the side of a cutout; angles are in degrees.
///
/// The two kinds, zooms and wides, and most numbers come from pixray (`pixray.py`, `MakeCutouts`).
mod numbers {
    /// The area of a zoom, as a share of the largest square in the picture
    pub const ZOOM_AREA: (f64, f64) = (0.25, 0.95);
    /// The same for details: sides from a quarter to a half of the largest square. They begin where the small cutouts of
    /// aphantasia do (`slice_imgs` with `micro`), and end where zooms begin
    pub const DETAIL_AREA: (f64, f64) = (1.0 / 16.0, 0.25);
    /// The number of details divided by the number of cutouts: styles count half by default
    pub const DETAIL_SHARE: usize = 2;
    /// The width of a zoom divided by its height
    pub const ZOOM_RATIO: (f64, f64) = (0.85, 1.2);
    /// The place of a zoom is drawn from a range this many times as large as the one inside the picture, then clamped
    /// to it, so that edges and corners are seen about as often as the middle
    pub const ZOOM_REACH: f64 = 1.5;
    /// How often the place of a zoom near the middle is drawn again before it is the middle itself
    pub const PLACE_TRIES: usize = 100;
    /// The farthest that the corners of a zoom move, as a share of half its side
    pub const ZOOM_PERSPECTIVE: f64 = 0.4;
    /// The farthest that the corners of a wide move, as a share of half its side
    pub const WIDE_PERSPECTIVE: f64 = 0.2;
    /// The share of cutouts whose corners move
    pub const PERSPECTIVE_RATE: f64 = 0.7;
    /// The share of the side of a wide that the picture fills, for square pictures and for others
    pub const WIDE_SQUARE: f64 = 0.95;
    pub const WIDE_LETTERBOX: (f64, f64) = (0.9, 1.0);
    /// The largest rotation, shift and shear, and the share of cutouts that have them
    pub const TURN: f64 = 15.0;
    pub const SHIFT: f64 = 0.1;
    pub const SHEAR: f64 = 5.0;
    pub const AFFINE_RATE: f64 = 0.8;
    pub const FLIP_RATE: f64 = 0.5;
    /// The largest change of hue, as a share of the color circle, and of saturation, and the share of cutouts that have
    /// them
    pub const HUE: f64 = 0.1;
    pub const SATURATION: f64 = 0.1;
    pub const JITTER_RATE: f64 = 0.8;
    /// The area of an erased rectangle, its width divided by its height, and the share of cutouts that have one
    pub const ERASE_AREA: (f64, f64) = (0.02, 0.2);
    pub const ERASE_RATIO: (f64, f64) = (0.3, 3.3);
    pub const ERASE_RATE: f64 = 0.3;
}

/// Which cutouts are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Zooms and wides, for prompts
    #[default]
    All,
    /// Small zooms only, for styles
    Details,
    /// Zooms and wides of what is outside a mask
    Outside,
}

impl Reach {
    /// The names of the random streams of the cutouts, of their noise, and of their places near the middle.
    fn streams(self) -> [&'static str; 3] {
        match self {
            Self::All => ["cutouts", "noise", "cutout places"],
            Self::Details => ["style cutouts", "style noise", "style cutout places"],
            Self::Outside => ["outside cutouts", "outside noise", "outside cutout places"],
        }
    }

    /// The area of a zoom.
    fn zoom_area(self) -> (f64, f64) {
        match self {
            Self::All | Self::Outside => numbers::ZOOM_AREA,
            Self::Details => numbers::DETAIL_AREA,
        }
    }
}

/// The cutouts that settings ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Cutouts {
    /// Which cutouts are drawn
    pub reach: Reach,
    /// The number of cutouts in an iteration
    pub count: usize,
    /// The augmentations in use
    pub augmentations: Augmentations,
    /// The share of zooms, 0 to 1; the other cutouts are wides
    pub zooms: f64,
    /// The largest standard deviation of the noise that is added to a cutout
    pub noise: f64,
    /// The seed of the run
    pub seed: u64,
    /// Which zooms there are if settings say more than the drawer
    pub framing: Framing,
}

/// Which zooms there are during a run. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Framing {
    /// The share of zooms, instead of [`Cutouts::zooms`]
    pub zooms: Option<Schedule>,
    /// A random number from 0 to 1 to this power decides the area of a zoom (`cut_pow` of VQGAN+CLIP, which is for sides)
    pub power: Option<Schedule>,
    /// The place of a zoom has a normal distribution whose standard deviation is 1 / `focus` of the way from the middle
    /// to the edge, without what is beyond the edge (after `center_bias` of deep-daze)
    pub focus: Option<f64>,
    /// The number of iterations of the run
    pub iterations: usize,
}

impl Framing {
    /// The framing that settings ask for.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let Settings { zooms, cut_power, center_bias, iterations, .. } = settings;
        Self { zooms: zooms.clone(), power: cut_power.clone(), focus: *center_bias, iterations: *iterations }
    }
}

/// How a zoom is chosen in an iteration.
struct Zoom {
    area: (f64, f64),
    power: Option<f64>,
    /// The places near the middle, and how near
    places: Option<(Stream, f64)>,
}

/// One cutout of one iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cutout {
    /// The part of the picture that the cutout shows
    pub view: View,
    /// The changes of colors, and the noise
    pub touch: Touch,
    /// The rectangle that is painted over, in shares of the side: left, top, width, height
    pub erased: Option<[f64; 4]>,
    /// Whether the cutout is a zoom; the others are wides
    pub zoom: bool,
}

impl Cutouts {
    /// The cutouts for styles in a run that has these cutouts for prompts: half as many, all of them small zooms.
    #[must_use]
    pub fn details(&self) -> Self {
        let count = self.count.div_ceil(numbers::DETAIL_SHARE);
        Self { reach: Reach::Details, count, zooms: 1.0, framing: Framing::default(), ..self.clone() }
    }

    /// The cutouts for what is outside a mask in a run that has these cutouts for what is inside: as many, in other places.
    #[must_use]
    pub fn outside(&self) -> Self {
        Self { reach: Reach::Outside, ..self.clone() }
    }

    /// The cutouts of an iteration for a picture of this width and height, in pixels.
    #[must_use]
    pub fn draw(&self, iteration: usize, width: usize, height: usize) -> Vec<Cutout> {
        let [of_views, of_noise, of_places] = self.reach.streams();
        let mut stream = Stream::new(self.seed, of_views, iteration as u64);
        let gray = stream.unit();
        let border = if iteration.is_multiple_of(2) { Border::Reflection } else { Border::Edge };
        let mut noise = Stream::new(self.seed, of_noise, iteration as u64);
        let at = |schedule: &Schedule| schedule.at(iteration, self.framing.iterations);
        let zooms = self.framing.zooms.as_ref().map_or(self.zooms, at);
        let mut zoom = Zoom {
            area: self.reach.zoom_area(),
            power: self.framing.power.as_ref().map(at),
            // A stream of its own, so that everything else about the cutouts stays the same.
            places: self.framing.focus.map(|focus| (Stream::new(self.seed, of_places, iteration as u64), focus)),
        };
        let cutout = |index| {
            let mut cutout = if self.augmentations == Augmentations::NONE {
                Cutout {
                    view: View { matrix: Homography::IDENTITY, border },
                    touch: Touch::NONE,
                    erased: None,
                    zoom: true,
                }
            } else {
                let zoom = is_zoom(index, zooms).then_some(&mut zoom);
                self.draw_one(&mut stream, zoom, (width, height), border, gray)
            };
            cutout.touch.noise = narrow(noise.between(0.0, self.noise));
            cutout.touch.noise_seed = noise.bits();
            cutout
        };
        (0..self.count).map(cutout).collect()
    }

    fn draw_one(
        &self,
        stream: &mut Stream,
        zoom: Option<&mut Zoom>,
        (width, height): (usize, usize),
        border: Border,
        gray: f64,
    ) -> Cutout {
        let has = |kind| self.augmentations.has(kind);
        let is_zoom = zoom.is_some();
        let mut matrix = match (zoom, has(Augmentation::Crop)) {
            (Some(zoom), true) => zoom_matrix(stream, zoom, width, height),
            (Some(_), false) => Homography::IDENTITY,
            (None, _) => wide_matrix(stream, width, height),
        };
        if has(Augmentation::Affine) && stream.happens(numbers::AFFINE_RATE) {
            matrix = matrix.after(&affine_matrix(stream));
        }
        if has(Augmentation::Perspective) && stream.happens(numbers::PERSPECTIVE_RATE) {
            let reach = if is_zoom { numbers::ZOOM_PERSPECTIVE } else { numbers::WIDE_PERSPECTIVE };
            matrix = matrix.after(&perspective_matrix(stream, reach));
        }
        if has(Augmentation::Flip) && stream.happens(numbers::FLIP_RATE) {
            matrix = matrix.after(&Homography([-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]));
        }
        let mut touch = Touch { fill: narrow(gray), ..Touch::NONE };
        if has(Augmentation::Jitter) && stream.happens(numbers::JITTER_RATE) {
            touch.colours = color_matrix(
                stream.between(-numbers::HUE, numbers::HUE),
                1.0 + stream.between(-numbers::SATURATION, numbers::SATURATION),
            );
        }
        let erased = (has(Augmentation::Erase) && stream.happens(numbers::ERASE_RATE)).then(|| {
            let (share, ratio) =
                (stream.between(numbers::ERASE_AREA.0, numbers::ERASE_AREA.1), log_ratio(stream, numbers::ERASE_RATIO));
            let (width, height) = ((share * ratio).sqrt().min(1.0), (share / ratio).sqrt().min(1.0));
            [stream.between(0.0, 1.0 - width), stream.between(0.0, 1.0 - height), width, height]
        });
        let border = if is_zoom { border } else { Border::Fill(narrow(gray)) };
        Cutout { view: View { matrix, border }, touch, erased, zoom: is_zoom }
    }
}

impl Cutout {
    /// The touch for a perceptor whose side has `side` pixels.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn touch_at(&self, side: usize) -> Touch {
        let pixels = |share: f64| ((share * side as f64).round() as usize).min(side);
        let erased = self.erased.map(|[left, top, width, height]| {
            let (left, top) = (pixels(left), pixels(top));
            Rectangle { left, top, width: pixels(width).min(side - left), height: pixels(height).min(side - top) }
        });
        Touch { erased, ..self.touch }
    }
}

/// Whether a cutout is a zoom. Zooms and wides alternate, so that every prefix of the cutouts has its share of both.
#[allow(clippy::cast_precision_loss)]
fn is_zoom(index: usize, share: f64) -> bool {
    let zooms = |count: usize| (count as f64 * share + 0.5).floor();
    zooms(index + 1) > zooms(index)
}

/// The matrix of a zoom: a rectangle anywhere in the picture.
#[allow(clippy::cast_precision_loss)]
fn zoom_matrix(stream: &mut Stream, zoom: &mut Zoom, width: usize, height: usize) -> Homography {
    let (width, height) = (width as f64, height as f64);
    let shorter = width.min(height);
    let (least, most) = zoom.area;
    let share = stream.unit();
    let share = zoom.power.map_or(share, |power| share.powf(power));
    let area = (least + (most - least) * share) * shorter * shorter;
    let ratio = log_ratio(stream, numbers::ZOOM_RATIO);
    let crop_width = (area * ratio).sqrt().min(width);
    let crop_height = (area / ratio).sqrt().min(height);
    // Keep the center far enough from the edges for the crop to stay inside.
    let mut place = || {
        let usual = stream.between(-numbers::ZOOM_REACH, numbers::ZOOM_REACH).clamp(-1.0, 1.0);
        zoom.places.as_mut().map_or(usual, |(places, focus)| place_near_middle(places, *focus))
    };
    let x = place() * (1.0 - crop_width / width);
    let y = place() * (1.0 - crop_height / height);
    Homography([crop_width / width, 0.0, x, 0.0, crop_height / height, y, 0.0, 0.0, 1.0])
}

/// A number from −1 to 1 with a normal distribution of standard deviation 1 / `focus`, by rejection.
fn place_near_middle(places: &mut Stream, focus: f64) -> f64 {
    for _ in 0..numbers::PLACE_TRIES {
        let place = places.between(-1.0, 1.0);
        if places.happens((-(focus * place).powi(2) / 2.0).exp()) {
            return place;
        }
    }
    0.0
}

/// The matrix of a wide: the whole picture, with its proportions, in a square.
#[allow(clippy::cast_precision_loss)]
fn wide_matrix(stream: &mut Stream, width: usize, height: usize) -> Homography {
    let share = if width == height {
        numbers::WIDE_SQUARE
    } else {
        stream.between(numbers::WIDE_LETTERBOX.0, numbers::WIDE_LETTERBOX.1)
    };
    let (width, height) = (width as f64, height as f64);
    let longer = width.max(height);
    Homography([longer / width / share, 0.0, 0.0, 0.0, longer / height / share, 0.0, 0.0, 0.0, 1.0])
}

/// The matrix that rotates, shears and moves a view around its center.
fn affine_matrix(stream: &mut Stream) -> Homography {
    let turn = stream.between(-numbers::TURN, numbers::TURN).to_radians();
    let shear = stream.between(-numbers::SHEAR, numbers::SHEAR).to_radians().tan();
    let mut shift = || 2.0 * stream.between(-numbers::SHIFT, numbers::SHIFT);
    let (sine, cosine) = turn.sin_cos();
    let turned = Homography([cosine, -sine, shift(), sine, cosine, shift(), 0.0, 0.0, 1.0]);
    turned.after(&Homography([1.0, shear, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]))
}

/// The matrix that moves the corners of a view inward, each by up to `reach` of half a side.
fn perspective_matrix(stream: &mut Stream, reach: f64) -> Homography {
    let mut inwards = |sign: f64| sign * (1.0 - reach * stream.unit());
    let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(x, y)| (inwards(x), inwards(y)));
    square_to(corners).inverse().unwrap_or(Homography::IDENTITY)
}

/// The homography that takes the corners of −1 .. 1 (clockwise from the upper left) to four points
/// (Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, section 2.2.3).
fn square_to([(x0, y0), (x1, y1), (x2, y2), (x3, y3)]: [(f64, f64); 4]) -> Homography {
    let (sum_x, sum_y) = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3);
    let (dx1, dx2, dy1, dy2) = (x1 - x2, x3 - x2, y1 - y2, y3 - y2);
    let determinant = dx1 * dy2 - dx2 * dy1;
    let g = (sum_x * dy2 - sum_y * dx2) / determinant;
    let h = (dx1 * sum_y - dy1 * sum_x) / determinant;
    let unit = Homography([x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1.0]);
    unit.after(&Homography([0.5, 0.0, 0.5, 0.0, 0.5, 0.5, 0.0, 0.0, 1.0]))
}

/// A number in a range, whose logarithm is uniformly distributed.
fn log_ratio(stream: &mut Stream, (low, high): (f64, f64)) -> f64 {
    stream.between(low.ln(), high.ln()).exp()
}

/// The matrix that rotates the hue by a share of the color circle and multiplies the saturation: a rotation around the
/// gray axis in YIQ (Haeberli, "Matrix Operations for Image Processing", 1993).
fn color_matrix(hue: f64, saturation: f64) -> [f32; 9] {
    // From RGB to the YIQ of NTSC; the rows are luminance and the two chrominances.
    let yiq = Homography([0.299, 0.587, 0.114, 0.595_716, -0.274_453, -0.321_263, 0.211_456, -0.522_591, 0.311_135]);
    let (sine, cosine) = (hue * std::f64::consts::TAU).sin_cos();
    let (sine, cosine) = (sine * saturation, cosine * saturation);
    let turn = Homography([1.0, 0.0, 0.0, 0.0, cosine, -sine, 0.0, sine, cosine]);
    let back = yiq.inverse().unwrap_or(Homography::IDENTITY);
    back.after(&turn).after(&yiq).0.map(narrow)
}

#[allow(clippy::cast_possible_truncation)]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
#[path = "cutouts_tests.rs"]
mod tests;
