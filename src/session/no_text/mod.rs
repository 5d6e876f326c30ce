//! The direction in which pictures without letters lie from pictures with letters, for a CLIP: what `--no-text` steers toward.
//!
//! It is the mean of the differences between the features of a picture and of the same picture with rendered words (the
//! idea is that of `textoff` in pixray, whose vectors were found in another way). It is computed on the CPU, where the same
//! model gives the same bits everywhere, and kept on the disk.

mod cache;
mod lettering;

use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};

use super::{LoadedModel, Models};
use crate::Result;
use crate::clip::{Clip, add_unit, length, preprocess};
use crate::files::to_hex;
use crate::frozen::MemoryOf;
use crate::progress::Stop;
use crate::settings::Settings;
use crate::{Error, models};

/// The number of pairs of pictures.
const PAIRS: usize = 256;
/// The number of pictures that are judged at once: always the same, so that the bits are.
const BATCH: usize = 4;
/// Changes with everything that changes the direction of a model.
const VERSION: u32 = 1;
/// The operations from which on the user is told what takes so long: about ten seconds on two cores.
const LONG: u64 = 2_000_000_000_000;

/// Computes the directions of all CLIP models of a run that asks for them, or reads them. `warn` hears what takes long.
///
/// # Errors
/// [`Error::Stopped`] if a stop is requested, or if the computation fails.
pub fn prepare_no_text(settings: &Settings, models: &Models, stop: &Stop, warn: &mut dyn FnMut(String)) -> Result<()> {
    if settings.no_text.is_some() {
        for clip in &models.clips {
            direction(clip, stop, warn)?;
        }
    }
    Ok(())
}

/// The direction of a CLIP model, `[features]` of unit length. It is remembered.
///
/// # Errors
/// As for [`prepare_no_text`].
pub(super) fn direction(clip: &LoadedModel<Clip>, stop: &Stop, warn: &mut dyn FnMut(String)) -> Result<Tensor> {
    let remembered = clip.without_text();
    if let Some(direction) = remembered.get() {
        return Ok(direction.clone());
    }
    let features = clip.model.config().features;
    // A model of random weights has no digest, and no second run.
    let digest: String = clip.records()?.into_iter().map(|record| record.sha256).collect();
    let folder = models::hub::Environment::read().ok().filter(|_| !digest.is_empty()).map(|known| known.own);
    let file = folder.map(|folder| cache::file(&folder, &key(&digest, &clip.model)));
    let known = file.as_ref().and_then(|file| cache::read(file, features));
    let values = if let Some(values) = known {
        values
    } else {
        if clip.model.judging_operations(2 * PAIRS)? > LONG {
            let name = &clip.name;
            warn(format!(
                "--no-text compares pictures with and without letters; this takes a while, but only once for {name}"
            ));
        }
        let values = computed(&clip.model, PAIRS, stop)?;
        if let Some(file) = &file {
            cache::write(file, &values);
        }
        values
    };
    let direction = Tensor::from_vec(values, features, &Device::Cpu)?;
    Ok(remembered.get_or_init(|| direction).clone())
}

/// The peak memory of computing the direction of a model, in bytes, without its weights.
///
/// # Errors
/// If the model is not valid.
pub(super) fn memory(clip: &Clip) -> Result<u64> {
    let side = clip.side();
    Ok(clip.image_tower(0).memory(&[BATCH, 3, side, side], false, MemoryOf::Host)?.peak)
}

/// What the direction of a model depends on, as a name of a file: its weights and its dimensions.
fn key(digest: &str, clip: &Clip) -> String {
    to_hex(&Sha256::digest(format!("{VERSION} {digest} {:?}", clip.config())))
}

/// Computes the direction from pairs of pictures: of unit length, or zeros if letters change nothing.
fn computed(clip: &Clip, pairs: usize, stop: &Stop) -> Result<Vec<f32>> {
    let side = clip.side();
    let mut sum = vec![0.0; clip.config().features];
    for first in (0..pairs).step_by(BATCH / 2) {
        if stop.is_requested() {
            return Err(Error::Stopped);
        }
        let numbers = first..(first + BATCH / 2).min(pairs);
        let pictures = numbers.flat_map(|number| lettering::pair(number as u64, side));
        let seen = pictures.map(|picture| preprocess(&picture, side)).collect::<Result<Vec<_>>>()?;
        let features = clip.image_features(&Tensor::cat(&seen, 0)?)?.to_vec2::<f32>()?;
        for pair in features.chunks_exact(2) {
            let mut lettered = vec![0.0; sum.len()];
            add_unit(&mut sum, &pair[0]);
            add_unit(&mut lettered, &pair[1]);
            sum.iter_mut().zip(lettered).for_each(|(sum, lettered)| *sum -= lettered);
        }
    }
    let length = length(sum.iter().copied());
    #[allow(clippy::cast_possible_truncation)]
    Ok(sum.into_iter().map(|value| (value / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ModelFiles, Role, embedded};

    fn dot(one: &[f32], other: &[f32]) -> f64 {
        one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum()
    }

    #[test]
    fn the_direction_tells_other_pictures_with_letters_from_those_without() {
        let clip = Clip::load(&ModelFiles::open(Role::Clip, embedded::NAME).unwrap()).unwrap();
        let direction = computed(&clip, 48, &Stop::default()).unwrap();
        assert!((dot(&direction, &direction) - 1.0).abs() < 1e-5);
        let (mut right, mut margins) = (0, 0.0);
        for number in 1000..1024 {
            let of = |picture| {
                let seen = preprocess(picture, clip.side()).unwrap();
                let feature = clip.image_features(&seen).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
                dot(&feature, &direction) / dot(&feature, &feature).sqrt()
            };
            let [plain, lettered] = lettering::pair(number, clip.side());
            let margin = of(&plain) - of(&lettered);
            (right, margins) = (right + usize::from(margin > 0.0), margins + margin);
        }
        assert!(right >= 16 && margins > 0.0, "{right} of 24 are told apart");
    }

    #[test]
    fn a_stop_ends_the_computation() {
        let clip = Clip::load(&ModelFiles::open(Role::Clip, embedded::NAME).unwrap()).unwrap();
        let stop = Stop::default();
        stop.request();
        assert!(matches!(computed(&clip, 2, &stop), Err(Error::Stopped)));
    }
}
