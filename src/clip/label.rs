//! Labels: things that are read in several sentences, as CLIP's zero-shot classifiers read the names of classes.

use candle_core::{Device, Tensor};

use super::{Clip, Sentence};
use crate::Result;

/// The sentences of a label, which stands for `{}`: the seven that CLIP's authors found best together for `ImageNet`
/// (openai/CLIP, "Prompt Engineering for `ImageNet`"), as in pixray.
const TEMPLATES: [&str; 7] = [
    "itap of a {}.",
    "a bad photo of the {}.",
    "a origami {}.",
    "a photo of the large {}.",
    "a {} in a video game.",
    "art of the {}.",
    "a photo of the small {}.",
];

impl Clip {
    /// Reads a label: the mean of the features of its sentences, each of unit length; the mean has unit length again.
    ///
    /// # Errors
    /// If a sentence cannot be tokenized, or the computation fails.
    pub fn read_label(&self, label: &str) -> Result<Sentence> {
        let mut sum = vec![0.0; self.config().features];
        let mut dropped = None;
        for template in TEMPLATES {
            let read = self.read(&template.replace("{}", label))?;
            dropped = dropped.or(read.dropped);
            add_unit(&mut sum, &read.feature.to_vec1::<f32>()?);
        }
        let length = length(sum.iter().copied());
        #[allow(clippy::cast_possible_truncation)]
        let mean: Vec<f32> = sum.into_iter().map(|value| (value / length) as f32).collect();
        let count = mean.len();
        Ok(Sentence { feature: Tensor::from_vec(mean, count, &Device::Cpu)?, dropped })
    }
}

/// The length of a vector, at least so much that a number can be divided by it.
pub(crate) fn length(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE)
}

/// Adds a vector, made as long as 1, to a sum.
pub(crate) fn add_unit(sum: &mut [f64], values: &[f32]) {
    let length = length(values.iter().map(|value| f64::from(*value)));
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += f64::from(*value) / length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ModelFiles, Role, embedded};

    #[test]
    fn a_label_is_the_mean_of_its_sentences() {
        let clip = Clip::load(&ModelFiles::open(Role::Clip, embedded::NAME).unwrap()).unwrap();
        let label = clip.read_label("red apple").unwrap();
        assert_eq!(label.dropped, None);
        let feature = label.feature.to_vec1::<f32>().unwrap();
        // The same in single precision, by the operations of the tensor library.
        let units = TEMPLATES.map(|template| {
            let feature = clip.read(&template.replace("{}", "red apple")).unwrap().feature;
            feature.broadcast_div(&feature.sqr().unwrap().sum_all().unwrap().sqrt().unwrap()).unwrap()
        });
        let mean = Tensor::stack(&units, 0).unwrap().mean(0).unwrap();
        let mean = mean.broadcast_div(&mean.sqr().unwrap().sum_all().unwrap().sqrt().unwrap()).unwrap();
        for (found, expected) in feature.iter().zip(mean.to_vec1::<f32>().unwrap()) {
            assert!((found - expected).abs() < 1e-5, "{found}, {expected}");
        }
        // It is none of the sentences.
        for unit in units {
            let cosine: f32 = feature.iter().zip(unit.to_vec1::<f32>().unwrap()).map(|(a, b)| a * b).sum();
            assert!(cosine < 0.9999, "{cosine}");
        }
        let long = clip.read_label(&"apple ".repeat(100)).unwrap();
        assert!(long.dropped.is_some());
    }
}
