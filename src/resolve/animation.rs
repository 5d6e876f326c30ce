//! Fills in the settings of an animation that sources leave open.

use crate::settings::{ITERATIONS_PER_FRAME, LearningRateDrops, OptionInfo, OrNone, Overrides};
use crate::{Error, Result};

/// The most iterations of a run.
const MOST_ITERATIONS: usize = 1_000_000;

/// Computes the iterations of an animation from its frames. Removes settings that belong only to animations from those of a
/// single picture. Also removes the motions of layers weaker than one with `--length none`.
///
/// # Errors
/// If a number is out of range, or the iterations of the run do not match the frames.
pub(super) fn settle(layers: &[Overrides], merged: &mut Overrides) -> Result<()> {
    let length = merged.length.as_ref().and_then(OrNone::value).copied();
    let told = layers.iter().position(|layer| layer.length.is_some()).filter(|_| length.is_none());
    if let Some(told) = told {
        let stronger = layers[..=told].iter().cloned().reduce(Overrides::or).unwrap_or_default();
        let Overrides { zoom, angle, pan_x, pan_y, wander, .. } = stronger;
        *merged = Overrides { zoom, angle, pan_x, pan_y, wander, ..std::mem::take(merged) };
    }
    #[allow(clippy::cast_precision_loss, reason = "larger numbers are out of range")]
    let given = [
        ("length", length.map(|frames| frames as f64)),
        ("iterations_per_frame", merged.iterations_per_frame.map(|iterations| iterations as f64)),
        ("crossfade", merged.crossfade.map(|frames| frames as f64)),
        ("wander", merged.wander),
    ];
    for (name, value) in given {
        if let (Some(value), Some(option)) = (value, OptionInfo::of(name)) {
            option.check(value)?;
        }
    }
    merged.wander = merged.wander.filter(|strength| *strength != 0.0);
    let Some(length) = length else {
        merged.iterations_per_frame = None;
        return Ok(());
    };
    let each = merged.iterations_per_frame.unwrap_or(ITERATIONS_PER_FRAME);
    let iterations = length.saturating_mul(each);
    let strongest = |names: fn(&Overrides) -> bool| layers.iter().position(names);
    let animated = strongest(|layer| layer.length.is_some() || layer.iterations_per_frame.is_some());
    let asked = strongest(|layer| layer.iterations.is_some()).filter(|asked| Some(*asked) <= animated);
    if let Some(other) = asked.and_then(|asked| layers[asked].iterations).filter(|other| *other != iterations) {
        let problem = format!("‹iterations› {other} does not fit ‹length› {length}");
        let hint = format!(
            "leave out ‹iterations›: an animation of {length} frames has {iterations}, which is ‹length› times \
             ‹iterations-per-frame›; for a single picture, use ‹length› none"
        );
        return Err(Error::usage(problem, hint));
    }
    if iterations > MOST_ITERATIONS {
        let problem = format!("{length} frames of {each} iterations are more than {MOST_ITERATIONS} iterations");
        return Err(Error::usage(problem, "lower ‹length› or ‹iterations-per-frame›"));
    }
    merged.iterations = Some(iterations);
    merged.iterations_per_frame = Some(each);
    if !layers.iter().any(|layer| layer.learning_rate_drops.is_some()) {
        // The last frames are drawn like the first.
        merged.learning_rate_drops = Some(LearningRateDrops::default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::combine;

    fn layer(length: Option<usize>, each: Option<usize>, iterations: Option<usize>) -> Overrides {
        Overrides { length: length.map(OrNone::from), iterations_per_frame: each, iterations, ..Overrides::default() }
    }

    fn combined(layers: &[Overrides]) -> Result<(Option<usize>, Option<usize>, usize)> {
        let named = Overrides { prompt: Some("a".parse().unwrap()), ..Overrides::default() };
        let layers: Vec<_> = layers.iter().cloned().chain([named]).collect();
        combine(&layers).map(|settings| (settings.length, settings.iterations_per_frame, settings.iterations))
    }

    #[test]
    fn iterations_follow_from_the_frames() {
        assert_eq!(combined(&[layer(Some(7), None, None)]).unwrap(), (Some(7), Some(10), 70));
        assert_eq!(combined(&[layer(Some(7), Some(3), Some(21))]).unwrap(), (Some(7), Some(3), 21));
        // A stronger layer changes the animation of a weaker layer, so the iterations of the weaker layer no longer apply.
        let recipe = layer(Some(7), Some(3), Some(21));
        assert_eq!(combined(&[layer(Some(5), None, None), recipe.clone()]).unwrap(), (Some(5), Some(3), 15));
        assert_eq!(combined(&[layer(None, Some(2), None), recipe.clone()]).unwrap(), (Some(7), Some(2), 14));
        assert_eq!(combined(&[layer(None, Some(2), Some(9))]).unwrap(), (None, None, 9));
        // A single picture from the recipe of an animation.
        let single = Overrides { length: Some(OrNone(None)), ..Overrides::default() };
        let keys: Option<crate::settings::Keyframes> = "1.1".parse().ok();
        let moving = Overrides { zoom: keys.clone(), wander: Some(1.0), ..recipe.clone() };
        assert_eq!(combined(&[single.clone(), moving.clone()]).unwrap(), (None, None, 21));
        assert_eq!(
            combined(&[Overrides { iterations: Some(9), ..single.clone() }, moving.clone()]).unwrap(),
            (None, None, 9)
        );
        let zoomed = Overrides { zoom: keys, ..single };
        assert!(combined(&[zoomed, moving]).unwrap_err().to_string().contains("--zoom moves the canvas"));
        let problem = |layers: &[Overrides]| combined(layers).unwrap_err().to_string();
        assert_eq!(problem(&[layer(None, None, Some(9)), recipe]), "--iterations 9 does not fit --length 7");
        assert!(problem(&[layer(Some(1_000_000), None, None)]).contains("more than 1000000 iterations"));
        assert!(problem(&[layer(Some(0), None, None)]).contains("--length 0 is out of range"));
        assert!(problem(&[layer(None, Some(0), None)]).contains("--iterations-per-frame 0 is out of range"));
    }
}
