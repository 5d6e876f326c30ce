//! Converts colors of other spaces to sRGB.

use std::sync::Arc;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, TransferCharacteristics,
    Transform16BitExecutor, TransformOptions,
};

use super::notes::Profile;

/// The meaning of a file's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Gray,
    Rgb,
    Cmyk,
}

/// Colors that differ by no more than this are the same once they have 8 bits.
const SAME: u16 = 257;
/// The number of values of each channel that are tried to see whether a profile changes anything.
const TRIES: u16 = 9;

/// Converts colors of a profile, or inks without one, to sRGB.
pub(super) struct ToSrgb {
    ink: Ink,
    /// None for inks without a profile
    transform: Option<Arc<Transform16BitExecutor>>,
}

impl ToSrgb {
    /// The conversion that colors of these numbers need, if any. A profile that does not fit them, cannot be read, or
    /// is that of sRGB does not count.
    pub(super) fn new(profile: Option<&Profile>, ink: Ink) -> Option<Self> {
        let plain = (ink == Ink::Cmyk).then_some(Self { ink, transform: None });
        profile.and_then(|profile| Self::of(profile, ink)).or(plain)
    }

    fn of(profile: &Profile, ink: Ink) -> Option<Self> {
        let source = match profile {
            Profile::Icc(bytes) => ColorProfile::new_from_slice(bytes).ok()?,
            Profile::Coded(primaries, transfer) => coded(*primaries, *transfer)?,
        };
        let layout = match (source.color_space, ink) {
            // The library treats four inks like red, green, blue and alpha.
            (DataColorSpace::Rgb, Ink::Rgb) | (DataColorSpace::Cmyk, Ink::Cmyk) => Layout::Rgba,
            (DataColorSpace::Gray, Ink::Gray) => Layout::GrayAlpha,
            _ => return None,
        };
        let target = if ink == Ink::Cmyk { Layout::Rgb } else { Layout::Rgba };
        let options = TransformOptions { rendering_intent: source.rendering_intent, ..TransformOptions::default() };
        let transform = source.create_transform_16bit(layout, &ColorProfile::new_srgb(), target, options).ok()?;
        let found = Self { ink, transform: Some(transform) };
        (ink == Ink::Cmyk || found.changes_something()).then_some(found)
    }

    /// Converts a row of colors with straight alpha, or of four inks without alpha, to sRGB.
    pub(super) fn row(&self, row: &mut [[u16; 4]], buffer: &mut Vec<u16>) {
        let Some(transform) = &self.transform else {
            for pixel in row {
                *pixel = of_inks(*pixel);
            }
            return;
        };
        buffer.clear();
        let source: Vec<u16>;
        let source = match self.ink {
            Ink::Gray => {
                source = row.iter().flat_map(|[gray, _, _, alpha]| [*gray, *alpha]).collect();
                &source
            }
            Ink::Rgb | Ink::Cmyk => row.as_flattened(),
        };
        let channels = if self.ink == Ink::Cmyk { 3 } else { 4 };
        buffer.resize(row.len() * channels, 0);
        if transform.transform(source, buffer).is_err() {
            return;
        }
        for (pixel, color) in row.iter_mut().zip(buffer.chunks_exact(channels)) {
            let alpha = if self.ink == Ink::Cmyk { u16::MAX } else { pixel[3] };
            *pixel = [color[0], color[1], color[2], alpha];
        }
    }

    fn changes_something(&self) -> bool {
        let value = |index: u16| index * (u16::MAX / (TRIES - 1));
        let levels = || (0..TRIES).map(value);
        let mut colors: Vec<[u16; 4]> = match self.ink {
            Ink::Gray => (0..=u16::from(u8::MAX)).map(|gray| [gray * 257, gray * 257, gray * 257, u16::MAX]).collect(),
            _ => levels()
                .flat_map(|red| levels().flat_map(move |green| levels().map(move |blue| [red, green, blue, u16::MAX])))
                .collect(),
        };
        let before = colors.clone();
        self.row(&mut colors, &mut Vec::new());
        let far = |(one, other): (&u16, &u16)| one.abs_diff(*other) > SAME;
        before.as_flattened().iter().zip(colors.as_flattened()).any(far)
    }
}

/// The color that four inks leave of white.
fn of_inks([cyan, magenta, yellow, black]: [u16; 4]) -> [u16; 4] {
    let (most, left) = (u32::from(u16::MAX), u32::from(u16::MAX - black));
    let color = |ink: u16| u16::try_from(u32::from(u16::MAX - ink) * left / most).unwrap_or(u16::MAX);
    [color(cyan), color(magenta), color(yellow), u16::MAX]
}

/// The profile of primaries and a transfer function; none for high dynamic range, whose brightest colors do not fit in
/// a picture of 8 bits.
fn coded(primaries: u8, transfer: u8) -> Option<ColorProfile> {
    let transfer_characteristics = TransferCharacteristics::try_from(transfer).ok()?;
    if matches!(transfer_characteristics, TransferCharacteristics::Smpte2084 | TransferCharacteristics::Hlg) {
        return None;
    }
    Some(ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    }))
}
