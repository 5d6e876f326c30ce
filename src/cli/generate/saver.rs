//! Pictures with their recipe.

use candle_core::Tensor;

use crate::Result;
use crate::output::{InputRecord, ModelRecord, Recipe, ResultRecord, Stage, encode};
use crate::session::Models;
use crate::settings::Settings;

/// Writes pictures with their recipe.
pub(super) struct Saver<'a> {
    pub(super) settings: &'a Settings,
    pub(super) inputs: Vec<InputRecord>,
    pub(super) models: &'a Models,
    pub(super) records: Option<Vec<ModelRecord>>,
    /// The run so far, where its settings were others
    pub(super) earlier: Vec<Stage>,
}

impl Saver<'_> {
    /// How the picture is made; `cut_short` where the settings alone would go on.
    pub(super) fn recipe(&mut self, iterations: usize, loss: Option<f64>, cut_short: bool) -> Result<Recipe> {
        let models = match &self.records {
            Some(records) => records.clone(),
            None => self.records.insert(self.models.records()?).clone(),
        };
        let mut settings = self.settings.clone();
        if cut_short {
            settings.stop_at = Some(iterations);
        }
        let result = ResultRecord { iterations_done: iterations, loss };
        let recipe = Recipe::new(settings, models, self.inputs.clone(), result);
        Ok(Recipe { earlier: self.earlier.clone(), ..recipe })
    }

    /// A PNG with its recipe.
    pub(super) fn encode(
        &mut self,
        picture: &Tensor,
        iterations: usize,
        loss: Option<f64>,
        cut_short: bool,
    ) -> Result<Vec<u8>> {
        encode(picture, Some(&self.recipe(iterations, loss, cut_short)?))
    }
}
