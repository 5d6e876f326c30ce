//! The strokes of a finished picture, as bytes and drawn again.

use std::collections::BTreeSet;

use candle_core::{Device, Tensor};
use image::DynamicImage;

use super::BEYOND;
use super::copies::Copies;
use super::raster::Canvas;
use super::scene::{Scene, control_points};
use crate::Result;
use crate::drawer::drawing::{Drawing, Parts};
use crate::drawer::in_palette;
use crate::drawer::strokes::blueprint::{MOST_SEGMENTS, MOST_STROKES};
use crate::palette::{Dither, Palette};
use crate::picture::{Size, Tile, to_pixels};
use crate::settings::Settings;

/// The first byte of the form of drawings that is written here.
const VERSION: u8 = 1;
/// The bytes before the numbers: the version, the numbers of curves and of strokes, and the size.
const HEAD: usize = 1 + 4 * 4;

/// The most copies for each stroke of a tile on average, unless a run could have drawn the strokes. Those of a picture have
/// about one, or up to four near the edges.
const MOST_COPIES: usize = 16;
/// What numbers in single precision may be more than their bounds.
const ROUNDING: f64 = 1.001;

/// Strokes on paper that own their numbers; see [`Scene`].
pub struct Sheet {
    /// The size of the picture, in pixels
    pub size: Size,
    /// The number of cubic curves in each stroke
    pub segments: usize,
    /// The control points
    pub points: Vec<f32>,
    /// The widths
    pub widths: Vec<f32>,
    /// The colors of the strokes, then of the paper
    pub colors: Vec<f32>,
}

impl Sheet {
    /// The strokes as bytes: the version, then little-endian numbers of four bytes.
    pub fn drawing(&self) -> Option<Drawing> {
        let mut bytes = vec![VERSION];
        let head = [self.segments, self.widths.len(), self.size.width, self.size.height];
        for number in head {
            bytes.extend(u32::try_from(number).ok()?.to_le_bytes());
        }
        let numbers = self.points.iter().chain(&self.widths).chain(&self.colors);
        bytes.extend(numbers.flat_map(|number| number.to_le_bytes()));
        Drawing::new(bytes)
    }

    /// The strokes in a drawing.
    ///
    /// # Errors
    /// If the bytes are not strokes.
    pub fn of(drawing: &Drawing) -> Result<Self> {
        let bytes = drawing.bytes();
        let problem = Drawing::unreadable;
        if bytes.first() != Some(&VERSION) {
            return Err(problem("its form is not known to this version"));
        }
        let body = bytes.get(HEAD..).ok_or_else(|| problem("it is cut short"))?;
        let mut head = bytes[1..HEAD].chunks_exact(4).map(|four| four.iter().rev().copied().fold(0, number));
        let mut next = || head.next().unwrap_or_default();
        let (segments, count, width, height) = (next(), next(), next(), next());
        let is_known = (1..=MOST_SEGMENTS).contains(&segments) && count <= MOST_STROKES && width > 0 && height > 0;
        let coordinates = 2 * control_points(segments);
        if !is_known || body.len() != 4 * (count * (coordinates + 1) + 4 * (count + 1)) {
            return Err(problem("its length does not fit its strokes"));
        }
        let mut numbers = body.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        if !numbers.clone().all(f32::is_finite) {
            return Err(problem("a number is not finite"));
        }
        let mut take = |count: usize| -> Vec<f32> { numbers.by_ref().take(count).collect() };
        let (points, widths) = (take(count * coordinates), take(count));
        let colors = take(4 * (count + 1)).into_iter().map(|value| value.clamp(0.0, 1.0)).collect();
        Ok(Self { size: Size { width, height }, segments, points, widths, colors })
    }

    /// The strokes on a canvas of another size.
    #[allow(clippy::cast_precision_loss)]
    pub fn at(mut self, size: Size) -> Self {
        if size == self.size {
            return self;
        }
        let share = |new: usize, old: usize| new as f32 / old as f32;
        let (across, down) = (share(size.width, self.size.width), share(size.height, self.size.height));
        for point in self.points.chunks_exact_mut(2) {
            point[0] *= across;
            point[1] *= down;
        }
        let wider = (across * down).sqrt();
        self.widths.iter_mut().for_each(|width| *width *= wider);
        Self { size, ..self }
    }

    /// The strokes at a share of the way to others, 0 to 1: each moves, and changes its width and its color; none if there is
    /// another number of strokes, or of curves in each. The others are drawn at the size of these.
    pub fn toward(self, other: Self, share: f64) -> Option<Self> {
        if (self.segments, self.widths.len()) != (other.segments, other.widths.len()) {
            return None;
        }
        let other = other.at(self.size);
        let mix = |from: Vec<f32>, to: Vec<f32>| {
            #[allow(clippy::cast_possible_truncation)]
            let mix = |(from, to)| ((1.0 - share) * f64::from(from) + share * f64::from(to)) as f32;
            from.into_iter().zip(to).map(mix).collect::<Vec<f32>>()
        };
        let points = mix(self.points, other.points);
        let (widths, colors) = (mix(self.widths, other.widths), mix(self.colors, other.colors));
        Some(Self { size: self.size, segments: self.segments, points, widths, colors })
    }

    /// The strokes with their copies that the picture shows, if it is tiled.
    ///
    /// # Errors
    /// If there are far more copies than in a picture that a run drew.
    pub fn tiled(self, tile: Option<Tile>) -> Result<Self> {
        let Some(copies) = self.copies(tile)? else { return Ok(self) };
        let (points, widths, colors) = copies.into_numbers();
        Ok(Self { points, widths, colors, ..self })
    }

    /// The copies of the strokes that the picture shows; none if it is not tiled.
    ///
    /// # Errors
    /// If there are far more of them than in a picture that a run drew: a file could otherwise make a small drawing very
    /// slow.
    fn copies(&self, tile: Option<Tile>) -> Result<Option<Copies<f32>>> {
        let Some(tile) = tile else { return Ok(None) };
        let scene = self.scene();
        if !self.is_as_in_a_run() && Copies::count(&scene, tile) > MOST_COPIES * scene.count() {
            return Err(Drawing::unreadable("its strokes have too many copies"));
        }
        Ok(Some(Copies::new(&scene, tile)))
    }

    /// Whether strokes are as near and as thin as a run keeps them, so that none has many copies.
    #[allow(clippy::cast_precision_loss)]
    fn is_as_in_a_run(&self) -> bool {
        let sides = [self.size.width as f64, self.size.height as f64];
        let is_near = |(at, side): (&f32, f64)| (f64::from(*at) / side - 0.5).abs() <= (0.5 + BEYOND) * ROUNDING;
        let widest = sides[0].max(sides[1]) * ROUNDING;
        self.points.chunks_exact(2).all(|point| point.iter().zip(sides).all(is_near))
            && self.widths.iter().all(|width| f64::from(*width) <= widest)
    }

    /// The color and alpha of the paper.
    pub fn paper(&self) -> &[f32] {
        &self.colors[4 * self.widths.len()..]
    }

    /// The palette of the settings; without one, or if its file is gone, the colors of the strokes and the paper.
    fn palette(&self, settings: &Settings) -> Result<Palette> {
        if let Some(Ok(palette)) = settings.palette.as_deref().map(Palette::load) {
            return Ok(palette);
        }
        let colors = self.colors.chunks_exact(4).map(|color| [color[0], color[1], color[2]].map(to_byte));
        let colors: BTreeSet<[u8; 3]> = colors.collect();
        Palette::of_colours("of the strokes", colors)
    }

    fn scene(&self) -> Scene<'_, f32> {
        let Self { size, segments, points, widths, colors } = self;
        Scene { size: *size, segments: *segments, points, widths, colors }
    }

    fn channels(&self) -> usize {
        if self.paper()[3] < 1.0 { 4 } else { 3 }
    }
}

/// A channel as files show it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn to_byte(channel: f32) -> u8 {
    (channel * 255.0).round() as u8
}

fn number(sum: usize, byte: u8) -> usize {
    sum << 8 | usize::from(byte)
}

/// Strokes that are drawn one after the other.
pub struct Reveal {
    sheet: Sheet,
    /// The strokes with their copies, if the picture is tiled
    copies: Option<Copies<f32>>,
    canvas: Canvas<f32>,
    shown: usize,
    /// The colors that pictures are limited to, if they are
    colors: Option<(Palette, Dither)>,
}

impl Reveal {
    /// The paper of a drawing at a size.
    ///
    /// # Errors
    /// If the drawing cannot be read, or has too many copies.
    pub fn new(settings: &Settings, drawing: &Drawing, size: Size) -> Result<Self> {
        let sheet = Sheet::of(drawing)?.at(size);
        let copies = sheet.copies(settings.tile)?;
        let canvas = Canvas::of(&sheet.scene());
        let colors = settings.has_few_colors().then(|| sheet.palette(settings)).transpose()?;
        Ok(Self { sheet, copies, canvas, shown: 0, colors: colors.map(|colors| (colors, settings.dither)) })
    }
}

impl Parts for Reveal {
    fn count(&self) -> usize {
        self.sheet.widths.len()
    }

    fn picture(&mut self, shown: usize) -> Result<DynamicImage> {
        if shown < self.shown {
            self.canvas = Canvas::of(&self.sheet.scene());
            self.shown = 0;
        }
        let until = shown.min(self.count());
        match &self.copies {
            Some(copies) => self.canvas.draw(&copies.scene(), copies.of_first(self.shown)..copies.of_first(until)),
            None => self.canvas.draw(&self.sheet.scene(), self.shown..until),
        }
        self.shown = until;
        let (channels, Size { width, height }) = (self.sheet.channels(), self.sheet.size);
        let values = self.canvas.picture(channels);
        let picture = Tensor::from_vec(values, (1, channels, height, width), &Device::Cpu)?;
        match &self.colors {
            Some((palette, dither)) => to_pixels(&in_palette(&picture, palette, *dither)?),
            None => to_pixels(&picture),
        }
    }
}
