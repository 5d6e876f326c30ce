//! The drawers of strokes: `strokes` paints with strokes of all colors, `line` draws with a black pen.

mod blueprint;
mod copies;
mod coverage;
mod curve;
mod drawing;
mod moving;
mod operation;
mod raster;
mod real;
mod scene;
mod start;
mod svg;
mod tile;

use std::sync::Mutex;

use candle_core::{Device, Tensor, Var};

use super::drawing::Drawing;
use super::{Drawer, INIT, Motion, Start, in_palette};
use crate::device::bring;
use crate::frozen::{Network, SquareSum};
use crate::optimizer::ParameterGroup;
use crate::palette::{Dither, Palette, oklab};
use crate::picture::{Size, Tile, to_values};
use crate::random::Stream;
use crate::{Error, Result};
pub(super) use blueprint::{LINE, STROKES};
use drawing::Sheet;
#[cfg(test)]
pub(crate) use operation::Strokes;
use scene::control_points;

/// The side of the canvas that learning rates are for, in pixels: that of `CLIPDraw`.
const USUAL_SIDE: f64 = 224.0;
/// The learning rates of the widths and of the colors, if that of the points is 1 (`CLIPDraw`).
const OF_WIDTHS: f64 = 0.1;
const OF_COLORS: f64 = 0.01;
/// How far control points may leave the picture, in its widths and heights.
const BEYOND: f64 = 1.0;

/// What strokes draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A painting: strokes of all colors
    Painting,
    /// A line drawing: black strokes
    Line,
}

/// The look of strokes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    kind: Kind,
    /// The number of strokes
    count: usize,
    /// The number of cubic curves in each stroke
    segments: usize,
    /// The least and the largest width, in percent of the height
    percent: [f64; 2],
    /// The color of the paper that was asked for
    paper: Option<[u8; 3]>,
    /// Whether the color of the paper may change
    changes_paper: bool,
    /// How strongly the alphas of strokes are pulled down; none if the paper is opaque
    alpha_weight: Option<f64>,
    /// How the picture is tiled, if it is
    tile: Option<Tile>,
}

impl Look {
    /// The color and alpha of the strokes of a line drawing.
    const INK: [f32; 4] = [0.0, 0.0, 0.0, 1.0];

    /// The color of the paper, 0 to 1.
    fn paper(&self) -> [f32; 3] {
        let usual = match self.kind {
            Kind::Painting => [255; 3],
            // The paper of pixray's line sketch
            Kind::Line => [0xf2, 0xee, 0xcb],
        };
        self.paper.unwrap_or(usual).map(|channel| f32::from(channel) / 255.0)
    }

    /// The least and the largest width on a canvas, in pixels.
    #[allow(clippy::cast_precision_loss)]
    fn widths(&self, size: Size) -> [f64; 2] {
        self.percent.map(|percent| percent / 100.0 * size.height as f64)
    }

    /// The number of channels of the picture.
    fn channels(&self) -> usize {
        if self.alpha_weight.is_some() { 4 } else { 3 }
    }
}

/// Draws by optimizing strokes.
pub struct StrokesDrawer {
    look: Look,
    size: Size,
    parameters: Parameters<Var>,
    /// The picture that the strokes are kept close to, if they are
    held: Option<Held>,
    /// The weight that keeps them close to it; 0 if they are not kept close
    weight: f64,
    /// The parameters of the latest picture that an iteration drew
    drawn: Mutex<Option<Latest>>,
}

/// The parameters of strokes, on the device of the run.
struct Parameters<T> {
    /// `[strokes, 3 segments + 1, 2]`, in pixels
    points: T,
    /// `[strokes]`, in pixels
    widths: T,
    /// `[strokes, 4]`, 0 to 1
    colors: T,
    /// Red, green, blue and alpha: `[1, 4]`
    paper: T,
}

/// What an iteration drew.
struct Latest {
    /// The picture, recorded; taken by the losses of the drawer
    picture: Option<Tensor>,
    /// Copies of the parameters, which a step does not change
    parameters: Parameters<Tensor>,
}

/// What keeps strokes close to their start.
enum Held {
    /// The distance of the picture from the first one
    Picture(Network),
    /// The distance of the points from the first ones
    Points(Network),
}

impl Held {
    /// Keeps strokes close to a picture of three planes.
    fn to_picture(values: Vec<f32>, weight: f64) -> Self {
        Self::Picture(Network::of(SquareSum::mean_from(values, weight)))
    }

    /// Keeps strokes on a canvas of this size close to points.
    fn to_points(points: Vec<f32>, weight: f64, size: Size) -> Self {
        // In hundredths of the usual side, so that a weight means the same at every size.
        let unit = (scale(size) * USUAL_SIDE / 100.0).powi(-2);
        Self::Points(Network::of(SquareSum::mean_from(points, weight * unit)))
    }
}

impl StrokesDrawer {
    /// Creates a drawer for a picture of this size, on a device.
    fn new(look: Look, size: Size, start: Start, device: &Device) -> Result<Self> {
        let (strokes, picture, weight) = start::first(&look, size, start)?;
        let weight = if picture.is_some() { weight } else { 0.0 };
        let held = picture.filter(|_| weight > 0.0).map(|picture| match look.kind {
            Kind::Painting => Held::to_picture(to_values(&picture, 3), weight),
            Kind::Line => Held::to_points(strokes.points.clone(), weight, size),
        });
        let (count, each) = (look.count, control_points(look.segments));
        let [red, green, blue] = strokes.paper;
        let alpha = if look.alpha_weight.is_some() { 0.0 } else { 1.0 };
        let variable = |values: Vec<f32>, shape: &[usize]| Var::from_tensor(&Tensor::from_vec(values, shape, device)?);
        let parameters = Parameters {
            points: variable(strokes.points, &[count, each, 2])?,
            widths: variable(strokes.widths, &[count])?,
            colors: variable(strokes.colors, &[count, 4])?,
            paper: variable(vec![red, green, blue, alpha], &[1, 4])?,
        };
        Ok(Self { look, size, parameters, held, weight, drawn: Mutex::new(None) })
    }

    /// Draws parameters.
    fn picture(&self, parameters: &Parameters<Tensor>) -> Result<Tensor> {
        let colors = Tensor::cat(&[&parameters.colors, &parameters.paper], 0)?;
        let (points, widths) = (&parameters.points, &parameters.widths);
        Ok(operation::draw(points, widths, &colors, self.size, self.look.tile, self.look.channels())?)
    }

    /// The current parameters; recorded are those that change.
    fn current(&self) -> Parameters<Tensor> {
        let Parameters { points, widths, colors, paper } = &self.parameters;
        let changing = |variable: &Var, changes: bool| {
            if changes { variable.as_tensor().clone() } else { variable.as_detached_tensor() }
        };
        Parameters {
            points: points.as_tensor().clone(),
            widths: widths.as_tensor().clone(),
            colors: changing(colors, self.look.kind == Kind::Painting),
            paper: changing(paper, self.changes_paper()),
        }
    }

    fn changes_paper(&self) -> bool {
        self.look.changes_paper && self.look.alpha_weight.is_none()
    }

    /// The parameters with the colors of a palette: each stroke and the paper has the nearest one.
    fn colored(parameters: &Parameters<Tensor>, palette: &Palette) -> Result<Parameters<Tensor>> {
        let nearest = |colors: &Tensor| -> Result<Tensor> {
            let mut values = colors.flatten_all()?.to_vec1::<f32>()?;
            for color in values.chunks_exact_mut(4) {
                let index = palette.nearest(oklab::of_unit_srgb([color[0], color[1], color[2]]));
                let known = palette.colours()[index].map(|channel| f32::from(channel) / 255.0);
                color[..3].copy_from_slice(&known);
            }
            Ok(Tensor::from_vec(values, colors.shape(), colors.device())?)
        };
        Ok(Parameters {
            points: parameters.points.detach(),
            widths: parameters.widths.detach(),
            colors: nearest(&parameters.colors)?,
            paper: nearest(&parameters.paper)?,
        })
    }
}

/// The shorter side of a canvas, in usual sides.
#[allow(clippy::cast_precision_loss)]
fn scale(size: Size) -> f64 {
    size.width.min(size.height) as f64 / USUAL_SIDE
}

impl Drawer for StrokesDrawer {
    fn draw(&self) -> Result<Tensor> {
        let current = self.current();
        let picture = self.picture(&current)?;
        let copy = |tensor: &Tensor| tensor.detach().copy();
        let parameters = Parameters {
            points: copy(&current.points)?,
            widths: copy(&current.widths)?,
            colors: copy(&current.colors)?,
            paper: copy(&current.paper)?,
        };
        if let Ok(mut drawn) = self.drawn.lock() {
            *drawn = Some(Latest { picture: Some(picture.clone()), parameters });
        }
        Ok(picture)
    }

    fn parameter_groups(&self) -> Vec<ParameterGroup> {
        let group = |variable: &Var, learning_rate_factor: f64| ParameterGroup {
            parameters: vec![variable.clone()],
            learning_rate_factor,
        };
        let scale = scale(self.size);
        let Parameters { points, widths, colors, paper } = &self.parameters;
        let mut groups = vec![group(points, scale), group(widths, scale * OF_WIDTHS)];
        if self.look.kind == Kind::Painting {
            groups.push(group(colors, OF_COLORS));
        }
        if self.changes_paper() {
            groups.push(group(paper, OF_COLORS));
        }
        groups
    }

    #[allow(clippy::cast_precision_loss)]
    fn constrain(&self) -> Result<()> {
        let Parameters { points, widths, colors, paper } = &self.parameters;
        let [thin, wide] = self.look.widths(self.size);
        widths.set(&widths.as_detached_tensor().clamp(thin, wide)?)?;
        for color in [colors, paper] {
            color.set(&color.as_detached_tensor().clamp(0.0, 1.0)?)?;
        }
        let sides = [self.size.width as f64, self.size.height as f64];
        let corner = |share: f64| {
            let values = sides.map(|side| start::narrow(side * share));
            Tensor::new(&values, points.device())?.reshape((1, 1, 2))
        };
        let (low, high) = (corner(-BEYOND)?, corner(1.0 + BEYOND)?);
        let inside = points.as_detached_tensor().broadcast_maximum(&low)?.broadcast_minimum(&high)?;
        Ok(points.set(&inside)?)
    }

    /// With a palette, each stroke gets the nearest color, and then each pixel in which strokes meet.
    fn deliver(&self, drawn: Option<&Tensor>, colors: Option<(&Palette, Dither)>) -> Result<Tensor> {
        let Some((palette, dither)) = colors else {
            return match drawn {
                Some(drawn) => Ok(drawn.detach()),
                None => Ok(self.picture(&self.current())?.detach()),
            };
        };
        let latest = self.drawn.lock().ok();
        let latest = latest.as_ref().and_then(|latest| latest.as_ref()).filter(|_| drawn.is_some());
        let colored = match latest {
            Some(latest) => Self::colored(&latest.parameters, palette)?,
            None => Self::colored(&self.current(), palette)?,
        };
        in_palette(&self.picture(&colored)?.detach(), palette, dither)
    }

    fn drawing(&self, colors: Option<(&Palette, Dither)>) -> Result<Option<Drawing>> {
        let current = self.current();
        let shown = match colors {
            Some((palette, _)) => Self::colored(&current, palette)?,
            None => current,
        };
        let numbers = |tensor: &Tensor| tensor.detach().flatten_all()?.to_vec1::<f32>();
        let sheet = Sheet {
            size: self.size,
            segments: self.look.segments,
            points: numbers(&shown.points)?,
            widths: numbers(&shown.widths)?,
            colors: [numbers(&shown.colors)?, numbers(&shown.paper)?].concat(),
        };
        Ok(sheet.drawing())
    }

    /// Moves each control point, and scales the width of each stroke with the canvas, within the same limits as after each
    /// iteration. Strokes that have left the picture start again at random places.
    fn move_canvas(&mut self, motion: &Motion, stream: &mut Stream) -> Result<()> {
        if motion.is_none() {
            return Ok(());
        }
        let Parameters { points, widths, .. } = &self.parameters;
        widths.set(&(widths.as_detached_tensor() * motion.zoom)?)?;
        let mut values = bring(&points.as_detached_tensor())?.flatten_all()?.to_vec1::<f32>()?;
        for point in values.chunks_exact_mut(2) {
            let [x, y] = motion.place([f64::from(point[0]), f64::from(point[1])], self.size);
            point.copy_from_slice(&[start::narrow(x), start::narrow(y)]);
        }
        let limits = self.look.widths(self.size);
        let wide = bring(&widths.as_detached_tensor().clamp(limits[0], limits[1])?)?.to_vec1::<f32>()?;
        moving::bring_back(&self.look, self.size, &mut values, &wide, stream);
        points.set(&Tensor::from_vec(values, points.shape(), points.device())?)?;
        self.constrain()
    }

    fn hold_here(&mut self) -> Result<()> {
        if self.weight > 0.0 {
            let numbers =
                |tensor: &Tensor| bring(&tensor.detach())?.flatten_all()?.to_vec1::<f32>().map_err(Error::from);
            self.held = Some(match self.look.kind {
                Kind::Painting => {
                    let picture = self.picture(&self.current())?.narrow(1, 0, 3)?.contiguous()?;
                    Held::to_picture(numbers(&picture)?, self.weight)
                }
                Kind::Line => Held::to_points(numbers(&self.parameters.points)?, self.weight, self.size),
            });
        }
        Ok(())
    }

    fn own_losses(&self) -> Result<Vec<(&'static str, Tensor)>> {
        let mut losses = Vec::new();
        match &self.held {
            Some(Held::Points(held)) => losses.push((INIT, held.forward(self.parameters.points.as_tensor())?)),
            Some(Held::Picture(held)) => {
                let latest = self.drawn.lock().ok();
                let latest = latest.and_then(|mut latest| latest.as_mut().and_then(|latest| latest.picture.take()));
                let picture = match latest {
                    Some(picture) => picture,
                    None => self.picture(&self.current())?,
                };
                losses.push((INIT, held.forward(&picture.narrow(1, 0, 3)?.contiguous()?)?));
            }
            None => {}
        }
        if let Some(weight) = self.look.alpha_weight.filter(|_| self.look.kind == Kind::Painting) {
            // The slope is steep at 0 and zero at 1, so that few strokes are half visible.
            let alphas = self.parameters.colors.as_tensor().narrow(1, 3, 1)?;
            losses.push(("alpha", (alphas.affine(-1.0, 2.0)?.mul(&alphas)?.mean_all()? * weight)?));
        }
        Ok(losses)
    }
}

#[cfg(test)]
mod tests;
