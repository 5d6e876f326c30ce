//! The rules between settings, which ranges alone do not say.

use crate::drawer::PixelArt;
use crate::settings::{DrawerKind, PixelShape, Settings, StartNoise};
use crate::{Error, Result};

/// Checks every range and every rule.
///
/// # Errors
/// If a value is outside its range, or does not go with another; the message names the option.
pub fn check(settings: &Settings) -> Result<()> {
    settings.validate()?;
    check_zoom(settings)?;
    if settings.init_weight > 0.0 && settings.init_image.is_none() && settings.init_noise != StartNoise::Prior {
        return Err(Error::usage(
            "--init-weight holds to an init image, and there is none",
            "name one with --init-image, or begin with --init-noise prior",
        ));
    }
    if settings.drawer == DrawerKind::Pixel {
        PixelArt::of(settings)?;
    } else if settings.transparent {
        let problem = format!("the drawer {} has no --transparent", settings.drawer);
        return Err(Error::usage(problem, "choose --drawer pixel, which has it, or leave it out"));
    }
    Ok(())
}

fn check_zoom(settings: &Settings) -> Result<()> {
    if settings.pixel_zoom.is_none() {
        return Ok(());
    }
    let Some(grid) = settings.pixel_size.filter(|_| settings.drawer == DrawerKind::Pixel) else {
        return Err(Error::usage("--pixel-zoom is for cells", "choose --drawer pixel, too"));
    };
    if settings.pixel_shape != PixelShape::Rectangle {
        return Err(Error::usage("--pixel-zoom is for rectangular cells", "choose --pixel-shape rect"));
    }
    // Of smaller cells some have no pixel of their own.
    let clear = |pixels: usize, cells: usize| pixels.is_multiple_of(cells) || pixels >= 2 * cells;
    if !clear(settings.size.width, grid.width) || !clear(settings.size.height, grid.height) {
        let problem = format!("{grid} cells are too small in {} pixels for --pixel-zoom", settings.size);
        return Err(Error::usage(problem, "choose a --size of two pixels a cell or more"));
    }
    Ok(())
}
