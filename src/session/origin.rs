//! Whether a run begins with a picture of the embedded prior, and whether a run that continues still needs that picture.

use super::start::opening;
use super::{Plateau, SessionState};
use crate::models::{ModelRecord, embedded};
use crate::settings::{Settings, StartNoise};

/// Whether the embedded prior draws the picture, or a part of it, that a run with these settings starts from.
#[must_use]
pub fn begins_with_prior(settings: &Settings) -> bool {
    let is_covered = settings.init_image.is_some() && settings.init_opacity.is_none_or(|opacity| opacity >= 1.0);
    settings.init_noise == StartNoise::Prior
        && !is_covered
        && opening(settings).prompt.all().iter().any(|prompt| prompt.weight > 0.0)
}

/// The record of the embedded prior in the recipe of a run with these settings, if the run begins with its picture. It is the
/// last of the recipe's models.
#[must_use]
pub fn prior_record(settings: &Settings) -> Option<ModelRecord> {
    begins_with_prior(settings).then(embedded::prior_record)
}

/// Whether a run that continues from a state with these settings still needs the picture of the prior that it began with. The
/// state does not contain that picture, so a session draws it again. The run needs it if an iteration is left that keeps the
/// picture close to it, or the outside of a mask as it is there.
#[must_use]
pub fn needs_first_picture(settings: &Settings, state: &SessionState) -> bool {
    let is_done = state.iteration >= settings.iterations_to_run()
        || settings.auto_stop && state.plateau.as_ref().is_some_and(Plateau::is_reached);
    // The second pass starts from a picture in the state.
    if is_done || state.enlarged.is_some() || !begins_with_prior(settings) {
        return false;
    }
    // Frames that begin with a motion are kept close to what is in the state.
    let is_held = state.frame_start.is_none() && holds(settings, state.iteration);
    let keeps_outside = settings.mask.is_some() && settings.prompt_outside.is_none() && !settings.is_inpainted();
    is_held || keeps_outside
}

/// Whether the picture is kept close to its start in any iteration from this one on.
fn holds(settings: &Settings, from: usize) -> bool {
    match &settings.init_weight_keys {
        Some(keys) => {
            let course = settings.course(keys);
            (from..settings.iterations_to_run()).any(|iteration| course.at(iteration) != 0.0)
        }
        None => settings.init_weight > 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::combine;
    use crate::session::FrameStart;
    use crate::settings::Overrides;

    fn settings(prompt: &str, asked: Overrides) -> Settings {
        combine(&[Overrides { prompt: Some(prompt.parse().unwrap()), ..asked }]).unwrap()
    }

    #[test]
    fn a_run_begins_with_the_prior_if_nothing_covers_its_picture() {
        let begins = |prompt: &str, asked: Overrides| begins_with_prior(&settings(prompt, asked));
        let init_image = Some(std::path::PathBuf::from("a.png").into());
        assert!(begins("a cat", Overrides::default()));
        assert!(begins("a cat:0.5 | a dog:-1", Overrides::default()));
        assert!(!begins("a cat:-1", Overrides::default()));
        assert!(!begins("a cat", Overrides { init_noise: Some(StartNoise::None), ..Overrides::default() }));
        assert!(!begins("a cat", Overrides { init_image: init_image.clone(), ..Overrides::default() }));
        for (opacity, expected) in [(0.0, true), (0.5, true), (1.0, false)] {
            let init_opacity = Some(opacity);
            let asked = Overrides { init_image: init_image.clone(), init_opacity, ..Overrides::default() };
            assert_eq!(begins("a cat", asked), expected, "{opacity}");
        }
        // The outside of a mask has a picture only if the inside has one.
        let mask = Some("left:0.5".parse().unwrap());
        let prompt_outside = Some("snow".parse().unwrap());
        for (prompt, expected) in [("a cat", true), ("a cat:-1", false)] {
            let (mask, prompt_outside) = (mask.clone(), prompt_outside.clone());
            assert_eq!(
                begins(prompt, Overrides { mask, prompt_outside, ..Overrides::default() }),
                expected,
                "{prompt}"
            );
        }
        let begins_with_it = settings("a cat", Overrides::default());
        assert_eq!(prior_record(&begins_with_it), Some(embedded::prior_record()));
        assert_eq!(prior_record(&settings("a cat:-1", Overrides::default())), None);
    }

    fn state(iteration: usize) -> SessionState {
        SessionState {
            iteration,
            parameters: Vec::new(),
            optimizer: None,
            average: None,
            plateau: None,
            palette: None,
            last: None,
            fit: None,
            enlarged: None,
            frame_start: None,
        }
    }

    #[test]
    fn a_run_needs_the_first_picture_while_something_is_kept_as_in_it() {
        let with = |asked: Overrides| settings("a cat", Overrides { iterations: Some(10), ..asked });
        let held = with(Overrides::default());
        assert!(needs_first_picture(&held, &state(0)) && needs_first_picture(&held, &state(9)));
        assert!(!needs_first_picture(&held, &state(10)), "nothing is left to do");
        let stopped = Settings { stop_at: Some(4), ..held.clone() };
        assert!(needs_first_picture(&stopped, &state(3)) && !needs_first_picture(&stopped, &state(4)));
        let image = candle_core::Tensor::zeros(1, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        assert!(!needs_first_picture(&held, &SessionState { enlarged: Some(image), ..state(5) }), "the second pass");
        let frame_start = Some(FrameStart { frame: 1, parameters: Vec::new(), remainder: None });
        assert!(!needs_first_picture(&held, &SessionState { frame_start, ..state(5) }), "a frame");
        let free = Overrides { init_weight: Some(0.0), ..Overrides::default() };
        assert!(!needs_first_picture(&with(free.clone()), &state(5)));
        assert!(!needs_first_picture(
            &with(Overrides { init_noise: Some(StartNoise::Codes), ..free.clone() }),
            &state(5)
        ));
        // With a weight that ends, the picture is needed until then.
        let ending = with(Overrides { init_weight_keys: "0: 1, 5: 0".parse().ok(), ..Overrides::default() });
        assert!(needs_first_picture(&ending, &state(4)) && !needs_first_picture(&ending, &state(5)));
        // The outside of a mask stays as it was drawn, unless prompts act on it.
        let masked = Overrides { mask: Some("left:0.5".parse().unwrap()), ..free };
        assert!(needs_first_picture(&with(masked.clone()), &state(5)));
        let both = Overrides { prompt_outside: Some("snow".parse().unwrap()), ..masked };
        assert!(!needs_first_picture(&with(both), &state(5)));
    }
}
