//! LAION's aesthetic heads: a linear layer that predicts from features how much people like a picture
//! (LAION-AI/aesthetic-predictor, 2022).

use crate::models::ModelFiles;
use crate::{Error, Result};

/// The largest number of features that a head may rate.
const LONGEST: usize = 8192;

/// A linear rating of unit-length features, about 1 to 10.
pub struct AestheticHead {
    weight: Vec<f32>,
    bias: f32,
}

impl AestheticHead {
    /// A head with a weight for each number in the features.
    #[must_use]
    pub fn new(weight: Vec<f32>, bias: f32) -> Self {
        Self { weight, bias }
    }

    /// Reads a head as LAION publishes it: the weights `[1, features]` and the bias `[1]` of a layer of `PyTorch`.
    ///
    /// # Errors
    /// If the file contains something else, or is damaged.
    pub fn load(files: &ModelFiles) -> Result<Self> {
        let file = &files.weights;
        let is_layer = matches!(file.shape("weight"), Some([1, length]) if (1..=LONGEST).contains(length));
        if !is_layer || file.shape("bias") != Some(&[1][..]) || file.names().count() != 2 {
            let hint = "give one of LAION's linear heads, such as sa_0_4_vit_b_32_linear.pth";
            return Err(Error::file(file.path(), "this is not a usable aesthetic head", hint));
        }
        Ok(Self { weight: file.read("weight")?, bias: file.read("bias")?.into_iter().sum() })
    }

    /// The weight of each number in the features.
    #[must_use]
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// What is added to the weighted sum.
    #[must_use]
    pub fn bias(&self) -> f32 {
        self.bias
    }
}
