//! A cache of what a CLIP derived from pictures: the frames of a film have the same image prompts and styles.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use image::RgbImage;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The maximum number of recent results to keep. Each is a feature, or the Gram matrices of a style.
const MOST: usize = 16;

/// A digest of what was derived and of the picture that it was derived from.
pub(crate) type Key = [u8; 32];

/// The key of something that is derived from the pixels of a picture.
pub(crate) fn key(what: &str, picture: &RgbImage) -> Key {
    let (width, height) = picture.dimensions();
    Sha256::new().chain_update(format!("{what} {width} {height} ")).chain_update(picture.as_raw()).finalize().into()
}

/// Results by their keys, the oldest first.
#[derive(Default)]
pub(super) struct Derived(Mutex<VecDeque<(Key, Arc<dyn Any + Send + Sync>)>>);

impl Derived {
    /// The result with a key, derived only if it is not remembered.
    ///
    /// # Errors
    /// If `derive` fails.
    pub(super) fn get<T: Send + Sync + 'static>(&self, key: Key, derive: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let remembered = || self.0.lock().map_err(|_| Error::fault("a thread that looked at a picture failed"));
        let known = remembered()?.iter().find(|(known, _)| *known == key).map(|(_, known)| known.clone());
        if let Some(known) = known.and_then(|known| known.downcast().ok()) {
            return Ok(known);
        }
        // The lock is not held here, because this takes long. Two threads may derive the same result.
        let derived = Arc::new(derive()?);
        let kept: Arc<dyn Any + Send + Sync> = derived.clone();
        let mut remembered = remembered()?;
        if remembered.len() >= MOST {
            remembered.pop_front();
        }
        remembered.push_back((key, kept));
        Ok(derived)
    }

    /// Forgets all results.
    pub(super) fn forget(&self) {
        // Even after a panic, the contents must be cleared.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use image::Rgb;

    use super::*;

    fn plain(width: u32, height: u32, value: u8) -> RgbImage {
        RgbImage::from_pixel(width, height, Rgb([value; 3]))
    }

    #[test]
    fn each_result_is_derived_once() {
        let (derived, count) = (Derived::default(), Cell::new(0));
        let get = |key: Key| {
            let derive = || {
                count.set(count.get() + 1);
                Ok(count.get())
            };
            *derived.get::<u32>(key, derive).unwrap()
        };
        let keys: Vec<Key> = (0..20).map(|value| key("a", &plain(3, 2, value))).collect();
        assert_eq!([0, 1, 0, 1, 0].map(|at| get(keys[at])), [1, 2, 1, 2, 1]);
        // The oldest result makes room for the seventeenth.
        let all: Vec<u32> = keys[2..17].iter().map(|key| get(*key)).collect();
        assert_eq!(all, (3..18).collect::<Vec<_>>());
        assert_eq!([1, 0].map(|at| get(keys[at])), [2, 18]);
        derived.forget();
        assert_eq!(get(keys[1]), 19);
        // What fails is not remembered.
        assert!(derived.get::<u32>(keys[18], || Err(Error::Stopped)).is_err());
        assert_eq!(get(keys[18]), 20);
    }

    #[test]
    fn keys_are_of_everything() {
        let picture = plain(3, 2, 7);
        assert_eq!(key("a", &picture), key("a", &picture.clone()));
        for other in [key("b", &picture), key("a", &plain(2, 3, 7)), key("a", &plain(3, 2, 8))] {
            assert_ne!(key("a", &picture), other);
        }
    }
}
