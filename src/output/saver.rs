//! Pictures with their recipe.

use candle_core::Tensor;

use super::{Beside, Checkpoint, InputRecord, Recipe, ResultRecord, Stage, encode};
use crate::Result;
use crate::models::ModelRecord;
use crate::session::{Models, Session};
use crate::settings::Settings;

/// Writes pictures with their recipe.
pub struct Saver<'a> {
    settings: &'a Settings,
    inputs: Vec<InputRecord>,
    models: &'a Models,
    records: Option<Vec<ModelRecord>>,
    earlier: Vec<Stage>,
}

impl<'a> Saver<'a> {
    /// Of a run; `earlier` is the run so far, where its settings were others.
    #[must_use]
    pub fn new(settings: &'a Settings, inputs: Vec<InputRecord>, models: &'a Models, earlier: Vec<Stage>) -> Self {
        Self { settings, inputs, models, records: None, earlier }
    }

    /// What decides the picture.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.settings
    }

    /// How the picture is made; `cut_short` where the settings alone would go on.
    ///
    /// # Errors
    /// Where a model's file could not be read again.
    pub fn recipe(&mut self, iterations: usize, loss: Option<f64>, cut_short: bool) -> Result<Recipe> {
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

    /// Where the run stands, with what is written beside its picture.
    ///
    /// # Errors
    /// As for [`Saver::recipe`].
    pub fn checkpoint(&mut self, session: &Session, beside: Beside) -> Result<Checkpoint> {
        let recipe = self.recipe(session.iteration(), session.last().map(|last| last.loss), false)?;
        Ok(Checkpoint { recipe, device: session.device().kind(), beside, state: session.state() })
    }

    /// A PNG with its recipe.
    ///
    /// # Errors
    /// As for [`Saver::recipe`], or where the tensor is no picture.
    pub fn encode(
        &mut self,
        picture: &Tensor,
        iterations: usize,
        loss: Option<f64>,
        cut_short: bool,
    ) -> Result<Vec<u8>> {
        encode(picture, Some(&self.recipe(iterations, loss, cut_short)?))
    }
}
