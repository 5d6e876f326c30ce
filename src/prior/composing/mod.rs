//! Composes a picture from what a sentence says: each thing is drawn alone, cut out, dyed, and put at its place in front
//! of the backdrop. The prior draws one thing well, but blends several, and gives a thing of an unusual color no features.

mod canvas;
mod captions;
mod cutout;
mod dye;
mod layout;
#[cfg(test)]
#[path = "../../../tests/common/parts.rs"]
mod parts;

use image::{Rgb, RgbImage};

use super::seen::seen_anew;
use crate::Result;
use crate::picture::{self, Size};
use crate::random::Stream;
use crate::sentence::{self, Backdrop, Color, Group, Sentence};
use canvas::Pose;
use cutout::Cutout;
use dye::Dyeing;
use layout::{Freedom, Item, Place};

/// The color behind things if the sentence does not say: the white that the prior was trained on.
const WHITE: [u8; 3] = [245; 3];
/// The color behind white things if the sentence does not say: the light blue of the vocabulary.
const BEHIND_WHITE: [u8; 3] = [150, 205, 250];
/// A thing is white if at least this share of it is.
const MOSTLY: f32 = 0.5;
/// The smallest that the seed makes a single thing, as a share of the largest that fits.
const SMALLEST_ALONE: f64 = 0.75;
/// The same for several things together, which are small already.
const SMALLEST: f64 = 0.88;
/// How much of the free space stays on each side of everything.
const MARGIN: f64 = 0.15;
/// How far the seed tilts a single thing that floats, in radians: 12 degrees.
const MOST_TILT_ALONE: f64 = 0.21;
/// The same for other things: 4 degrees, so that they neither fall nor touch.
const MOST_TILT: f64 = 0.07;
/// The scenes that things stand on; in the others they float.
const GROUNDS: &[&str] =
    &["sunset", "meadow", "snow", "desert", "mountains", "beach", "forest", "city", "room", "road"];

/// What a picture is composed by.
pub(super) struct Means<'a> {
    /// Gives the prior's picture of a caption
    pub draw: &'a mut dyn FnMut(&str) -> Result<RgbImage>,
    /// Says how well a picture fits the prompts
    pub fit: &'a mut dyn FnMut(&RgbImage) -> Result<f64>,
}

/// A picture of the sentence; none if it names no thing, if a thing cannot be cut out, or if it asks for one thing in its
/// usual color in a style, which the prior draws as well as a whole. The stream decides the size and the place of
/// everything, and how things and backdrop are turned.
///
/// # Errors
/// If a picture cannot be drawn.
pub(super) fn compose(
    sentence: &Sentence,
    size: Size,
    stream: &mut Stream,
    means: &mut Means,
) -> Result<Option<RgbImage>> {
    let is_colored =
        |group: &Group| group.color.is_some() && !sentence.is_colorless() || !sentence.unwanted_for(group).is_empty();
    let is_composed = sentence.count() > 1 || sentence.count() == 1 && sentence.styles.is_empty();
    if !is_composed && !sentence.groups.iter().any(is_colored) {
        return Ok(None);
    }
    let Some((cutouts, is_dyed)) = cutouts(sentence, means)? else { return Ok(None) };
    if !is_composed && !is_dyed {
        return Ok(None);
    }
    let mut composed = match &sentence.backdrop {
        Some(Backdrop::Colors(colors)) if !sentence.is_colorless() => passage(colors, size),
        Some(Backdrop::Scene(scene)) if !sentence.styles.contains(&captions::PENCIL) => {
            picture::cover(seen_anew((means.draw)(&captions::scene(scene, sentence))?, stream), size)?
        }
        _ => passage(&[plain(sentence, &cutouts)], size),
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
    let is_alone = sentence.count() == 1;
    let freedom = Freedom {
        scale: stream.between(if is_alone { SMALLEST_ALONE } else { SMALLEST }, 1.0),
        across: stream.between(MARGIN, 1.0 - MARGIN),
        down: stream.between(MARGIN, 1.0 - MARGIN),
    };
    let tilt = if is_alone && !on_ground { MOST_TILT_ALONE } else { MOST_TILT };
    let poses = items.iter().map(|_| Pose { mirrored: stream.happens(0.5), tilt: stream.between(-tilt, tilt) });
    let poses: Vec<Pose> = poses.collect();
    #[allow(clippy::cast_precision_loss)]
    let aspect = size.width as f64 / size.height as f64;
    for place in layout::arrange(&items, aspect, on_ground, freedom) {
        canvas::put(&mut composed, &cutouts[place.item], &place, poses[place.item]);
    }
    Ok(Some(composed))
}

/// The thing of each group, and whether one got another color than its own. Each thing is drawn once.
fn cutouts(sentence: &Sentence, means: &mut Means) -> Result<Option<(Vec<Cutout>, bool)>> {
    let mut cut: Vec<(&str, Cutout)> = Vec::new();
    let (mut cutouts, mut is_dyed) = (Vec::new(), false);
    for group in &sentence.groups {
        let known = cut.iter().find(|(thing, _)| *thing == group.thing).map(|(_, cutout)| cutout.clone());
        let cutout = if let Some(known) = known {
            known
        } else {
            let captions = captions::alone(&group.thing, sentence);
            let drawings = captions.iter().map(|caption| (means.draw)(caption)).collect::<Result<Vec<_>>>()?;
            let Some(new) = cutout::cut(&drawings) else { return Ok(None) };
            cut.push((&group.thing, new.clone()));
            new
        };
        let color = group.color.filter(|_| !sentence.is_colorless());
        let dyed = match color {
            Some(color) => Dyeing::of(&cutout).and_then(|dyeing| dyeing.in_color(color)),
            None => spared(&cutout, &sentence.unwanted_for(group), means.fit)?,
        };
        is_dyed |= dyed.is_some();
        cutouts.push(dyed.unwrap_or(cutout));
    }
    Ok(Some((cutouts, is_dyed)))
}

/// The thing in the color in which it fits best, if its own color is one that it is not to have; else none. Of the colors
/// that the model was trained on, those that have something of an unwanted one, as orange has of red, are left out.
fn spared(
    cutout: &Cutout,
    unwanted: &[Color],
    fit: &mut dyn FnMut(&RgbImage) -> Result<f64>,
) -> Result<Option<Cutout>> {
    let dyeing = Dyeing::of(cutout).filter(|dyeing| unwanted.iter().any(|color| dyeing.has(*color)));
    let Some(dyeing) = dyeing else { return Ok(None) };
    let mut best: Option<(f64, Cutout)> = None;
    let is_fine = |color: &Color| !unwanted.iter().any(|unwanted| dye::has_something_of(*color, *unwanted));
    for color in sentence::trained().filter(is_fine) {
        let Some(dyed) = dyeing.in_color(color) else { continue };
        let fits = fit(&alone(&dyed))?;
        if best.as_ref().is_none_or(|(most, _)| fits > *most) {
            best = Some((fits, dyed));
        }
    }
    Ok(best.map(|(_, dyed)| dyed))
}

/// A thing alone in the middle of a square, on white.
#[allow(clippy::cast_precision_loss)]
fn alone(cutout: &Cutout) -> RgbImage {
    let longer = cutout.width.max(cutout.height);
    let side = longer + longer / 4;
    let share = |pixels: usize| pixels as f64 / side as f64;
    let (width, height) = (share(cutout.width), share(cutout.height));
    let (left, top) = ((1.0 - width) / 2.0, (1.0 - height) / 2.0);
    let mut picture = passage(&[WHITE], Size { width: side, height: side });
    canvas::put(&mut picture, cutout, &Place { item: 0, left, top, width, height }, Pose::default());
    picture
}

/// The color behind things if the sentence does not say.
fn plain(sentence: &Sentence, cutouts: &[Cutout]) -> [u8; 3] {
    match cutouts.first() {
        // A style has a background of its own, such as paper.
        Some(first) if !sentence.styles.is_empty() => first.background,
        _ if cutouts.iter().any(|cutout| cutout.share_like(WHITE) > MOSTLY) => BEHIND_WHITE,
        _ => WHITE,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 128, height: 128 };

    /// The sentence's picture of stand-ins: each thing is a disk of its own color on the background that is asked for.
    fn composed(text: &str, size: Size, seed: u64) -> (Option<RgbImage>, Vec<String>) {
        let mut captions = Vec::new();
        let mut draw = |caption: &str| {
            captions.push(caption.to_owned());
            let background = if caption.contains("blue background") { [40, 95, 220] } else { [245; 3] };
            let thing = match caption {
                caption if caption.contains("apple") => Some([220, 35, 40]),
                caption if caption.contains("banana") => Some([250, 215, 50]),
                caption if caption.contains("cat") => Some([50, 165, 70]),
                caption if caption.contains("ghost") => Some([250, 250, 250]),
                _ => None,
            };
            Ok(RgbImage::from_fn(128, 128, |x, y| {
                let radius = (f64::from(x) - 64.0).hypot(f64::from(y) - 64.0);
                Rgb(thing.filter(|_| radius < 50.0).unwrap_or(background))
            }))
        };
        // What is after a bar is unwanted, and green fits best.
        let (text, unwanted) = text.split_once('|').unwrap_or((text, ""));
        let mut sentence = Sentence::read(text).unwrap();
        sentence.unwanted = sentence::Unwanted::read(unwanted).unwrap();
        let mut fit = |picture: &RgbImage| {
            let [red, green, blue] = picture.get_pixel(picture.width() / 2, picture.height() / 2).0.map(f64::from);
            Ok(2.0 * green - red - blue)
        };
        let mut means = Means { draw: &mut draw, fit: &mut fit };
        let picture = compose(&sentence, size, &mut Stream::new(seed, "test", 0), &mut means).unwrap();
        (picture, captions)
    }

    /// The number of connected parts of a picture in about a color.
    fn parts(picture: &RgbImage, color: [u8; 3]) -> usize {
        parts::parts(picture, 20, |pixel| {
            pixel.iter().zip(color).map(|(one, other)| one.abs_diff(other.into())).max() < Some(40)
        })
    }

    #[test]
    fn things_are_counted_and_drawn_once_each() {
        for (text, apples, bananas) in
            [("three apples", 3, 0), ("an apple and two bananas", 1, 2), ("nine apples", 9, 0)]
        {
            let (picture, captions) = composed(text, SIZE, 1);
            let picture = picture.unwrap();
            assert_eq!(parts(&picture, [220, 35, 40]), apples, "{text}");
            assert_eq!(parts(&picture, [250, 215, 50]), bananas, "{text}");
            let different = captions.iter().collect::<std::collections::HashSet<_>>().len();
            assert_eq!(captions.len(), different, "{captions:?}");
        }
        let (_, captions) = composed("an apple beside an apple on a red background, watercolor", SIZE, 1);
        assert_eq!(captions, ["an apple, watercolor", "an apple on a blue background, watercolor"]);
    }

    #[test]
    fn only_what_the_prior_draws_badly_is_composed() {
        for text in ["an apple, watercolor", "a red apple, watercolor", "a sunset", "", "nothing known"] {
            assert!(composed(text, SIZE, 1).0.is_none(), "{text}");
        }
        for text in
            ["an apple", "a red apple on a blue background", "two apples", "an apple in the snow", "an apple on a cat"]
        {
            assert!(composed(text, SIZE, 1).0.is_some(), "{text}");
        }
        assert!(composed("two lemons", SIZE, 1).0.is_none(), "the stand-in draws no lemons");
        assert_eq!(composed("pencil sketch of a blue apple", SIZE, 1).1, [""; 0], "nothing is dyed in pencil");
    }

    #[test]
    fn an_unwanted_color_is_replaced_by_the_one_that_fits_best() {
        let is_green = |text: &str| {
            let picture = composed(text, SIZE, 1).0?;
            let [red, green, blue] = picture.get_pixel(64, 64).0;
            Some(green > red && green > blue)
        };
        assert_eq!(is_green("an apple|red"), Some(true));
        assert_eq!(is_green("an apple|a red apple"), Some(true));
        assert_eq!(is_green("a banana|a yellow banana"), Some(true));
        // Nothing changes if it is not its color, or that of another thing, or asked for.
        for text in ["an apple|blue", "an apple|a red cat", "an apple|an apple", "a red apple|red", "a banana|red"] {
            assert_eq!(is_green(text), Some(false), "{text}");
        }
        assert_eq!(composed("a pencil sketch of an apple|red", SIZE, 1).1, [""; 0], "nothing is dyed in pencil");
        let two = composed("an apple and a banana|red", SIZE, 1).0.unwrap();
        assert_eq!((parts(&two, [220, 35, 40]), parts(&two, [250, 215, 50])), (0, 1));
    }

    #[test]
    fn the_backdrop_and_the_size_are_those_asked_for() {
        let size = Size { width: 224, height: 96 };
        let picture = composed("a banana above an apple on a purple background", size, 1).0.unwrap();
        assert_eq!(picture.dimensions(), (224, 96));
        assert_eq!(picture.get_pixel(2, 2).0, [130, 60, 185]);
        let corner = |text: &str| composed(text, size, 1).0.unwrap().get_pixel(2, 2).0;
        assert_eq!((corner("two cats"), corner("two ghosts")), (WHITE, BEHIND_WHITE));
        let (_, captions) = composed("two cats on the beach, oil painting", size, 1);
        assert_eq!(captions.last().unwrap(), "a sandy beach, oil painting");
        let tiny = composed("nine apples", Size { width: 1, height: 1 }, 1).0.unwrap();
        assert_eq!(tiny.dimensions(), (1, 1));
    }

    #[test]
    fn a_seed_decides_how_large_a_thing_is_and_where() {
        let boxes = (1..=8).map(|seed| {
            let picture = composed("an apple", SIZE, seed).0.unwrap();
            let red = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel[0] > 180 && pixel[1] < 80);
            let columns: Vec<u32> = red.map(|(x, _, _)| x).collect();
            (*columns.iter().min().unwrap(), *columns.iter().max().unwrap())
        });
        let boxes: Vec<(u32, u32)> = boxes.collect();
        let widths = boxes.iter().map(|(left, right)| right - left);
        let lefts = boxes.iter().map(|(left, _)| *left);
        assert!(widths.clone().max() > widths.clone().min().map(|least| least + least / 6), "{boxes:?}");
        assert!(lefts.clone().max() > lefts.clone().min().map(|least| least + 12), "{boxes:?}");
        assert!(boxes.iter().all(|(left, right)| *left > 0 && *right < 127), "{boxes:?}");
    }

    #[test]
    fn the_same_stream_gives_the_same_picture() {
        let once = composed("two cats in the snow", SIZE, 3).0;
        assert_eq!(once, composed("two cats in the snow", SIZE, 3).0);
    }
}
