//! Composes a picture from what a sentence says: each thing is drawn alone, cut out, dyed, and put at its place in front
//! of the backdrop. The prior draws one thing well, but blends several, and gives a thing of an unusual color no features.

mod canvas;
mod captions;
mod cutout;
mod dye;
mod layout;

use image::{Rgb, RgbImage};

use super::seen::seen_anew;
use crate::Result;
use crate::picture::{self, Size};
use crate::random::Stream;
use crate::sentence::{Backdrop, Group, Sentence};
use cutout::Cutout;
use layout::Item;

/// The color behind things if the sentence does not say: the white that the prior was trained on.
const WHITE: [u8; 3] = [245; 3];
/// The scenes that things stand on; in the others they float.
const GROUNDS: &[&str] =
    &["sunset", "meadow", "snow", "desert", "mountains", "beach", "forest", "city", "room", "road"];

/// A picture of the sentence; none if the prior draws it as well as a whole, which is so for one thing in its usual color
/// outside of a scene, or if a thing cannot be cut out. `draw` gives the prior's picture of a caption. The stream decides
/// how things and backdrop are turned.
///
/// # Errors
/// If a picture cannot be drawn.
pub(super) fn compose(
    sentence: &Sentence,
    size: Size,
    stream: &mut Stream,
    draw: &mut dyn FnMut(&str) -> Result<RgbImage>,
) -> Result<Option<RgbImage>> {
    let is_colored = |group: &Group| group.color.is_some() && !sentence.is_colorless();
    let is_in_scene = matches!(sentence.backdrop, Some(Backdrop::Scene(_))) && sentence.styles.is_empty();
    let is_composed = sentence.count() > 1 || sentence.count() == 1 && is_in_scene;
    if !is_composed && !sentence.groups.iter().any(is_colored) {
        return Ok(None);
    }
    let Some((cutouts, is_dyed)) = cutouts(sentence, draw)? else { return Ok(None) };
    if !is_composed && !is_dyed {
        return Ok(None);
    }
    // A style has a background of its own, such as paper.
    let plain = cutouts.first().filter(|_| !sentence.styles.is_empty()).map_or(WHITE, |cutout| cutout.background);
    let mut composed = match &sentence.backdrop {
        Some(Backdrop::Colors(colors)) if !sentence.is_colorless() => passage(colors, size),
        Some(Backdrop::Scene(scene)) if !sentence.styles.contains(&captions::PENCIL) => {
            picture::cover(seen_anew(draw(&captions::scene(scene, sentence))?, stream), size)?
        }
        _ => passage(&[plain], size),
    };
    let on_ground = matches!(&sentence.backdrop, Some(Backdrop::Scene(scene)) if GROUNDS.contains(&scene.name));
    #[allow(clippy::cast_precision_loss)]
    let item = |(group, cutout): (&Group, &Cutout)| Item {
        shape: (cutout.width as f64, cutout.height as f64),
        count: group.count,
        scale: group.scale,
        relation: group.relation,
    };
    let items: Vec<Item> = sentence.groups.iter().zip(&cutouts).map(item).collect();
    let mirrored: Vec<bool> = items.iter().map(|_| stream.happens(0.5)).collect();
    #[allow(clippy::cast_precision_loss)]
    let aspect = size.width as f64 / size.height as f64;
    for place in layout::arrange(&items, aspect, on_ground) {
        canvas::put(&mut composed, &cutouts[place.item], &place, mirrored[place.item]);
    }
    Ok(Some(composed))
}

/// The thing of each group, and whether one got another color than its own. Each thing is drawn once.
fn cutouts(sentence: &Sentence, draw: &mut dyn FnMut(&str) -> Result<RgbImage>) -> Result<Option<(Vec<Cutout>, bool)>> {
    let mut cut: Vec<(&str, Cutout)> = Vec::new();
    let (mut cutouts, mut is_dyed) = (Vec::new(), false);
    for group in &sentence.groups {
        let known = cut.iter().find(|(thing, _)| *thing == group.thing).map(|(_, cutout)| cutout.clone());
        let cutout = if let Some(known) = known {
            known
        } else {
            let captions = captions::alone(&group.thing, sentence);
            let drawings = captions.iter().map(|caption| draw(caption)).collect::<Result<Vec<_>>>()?;
            let Some(new) = cutout::cut(&drawings) else { return Ok(None) };
            cut.push((&group.thing, new.clone()));
            new
        };
        let color = group.color.filter(|_| !sentence.is_colorless());
        let dyed = color.and_then(|color| dye::dyed(&cutout, color));
        is_dyed |= dyed.is_some();
        cutouts.push(dyed.unwrap_or(cutout));
    }
    Ok(Some((cutouts, is_dyed)))
}

/// A picture in one color, or in a passage from the first at the top to the second.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn passage(colors: &[[u8; 3]], size: Size) -> RgbImage {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let (first, last) = (colors.first().copied().unwrap_or([255; 3]), colors.last().copied().unwrap_or([255; 3]));
    let height = f64::from(side(size.height));
    RgbImage::from_fn(side(size.width), side(size.height), |_, y| {
        let along = (f64::from(y) + 0.5) / height;
        let mix = |channel: usize| f64::from(first[channel]) * (1.0 - along) + f64::from(last[channel]) * along;
        Rgb(std::array::from_fn(|channel| mix(channel).round() as u8))
    })
}
