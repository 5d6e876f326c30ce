//! Encodes pictures with their recipe.

use candle_core::Tensor;

use super::{Beside, Checkpoint, Encoding, InputRecord, Recipe, ResultRecord, Stage};
use crate::Result;
use crate::models::ModelRecord;
use crate::progress::Figures;
use crate::session::{Models, Session};
use crate::settings::Settings;

/// Makes the recipes, pictures and checkpoints of a run.
pub struct Saver<'a> {
    settings: &'a Settings,
    inputs: Vec<InputRecord>,
    models: &'a Models,
    records: Option<Vec<ModelRecord>>,
    earlier: Vec<Stage>,
    prior: Option<ModelRecord>,
}

impl<'a> Saver<'a> {
    /// Creates the saver of a run; `earlier` has the stages of the run with other settings, and `prior` the record of the prior
    /// that drew its first picture.
    #[must_use]
    pub fn new(
        settings: &'a Settings,
        inputs: Vec<InputRecord>,
        models: &'a Models,
        earlier: Vec<Stage>,
        prior: Option<ModelRecord>,
    ) -> Self {
        Self { settings, inputs, models, records: None, earlier, prior }
    }

    /// The settings that decide the picture.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.settings
    }

    /// The recipe of the picture after these iterations. `cut_short` means that the settings alone would continue.
    ///
    /// # Errors
    /// If the file of a model could not be read again.
    pub fn recipe(&mut self, iterations: usize, figures: Figures, cut_short: bool) -> Result<Recipe> {
        let models = if let Some(records) = &self.records {
            records.clone()
        } else {
            let records = self.models.records()?.into_iter().chain(self.prior.clone());
            self.records.insert(records.collect()).clone()
        };
        let mut settings = self.settings.clone();
        if cut_short {
            settings.stop_at = Some(iterations);
        }
        let result = ResultRecord { iterations_done: iterations, figures };
        let recipe = Recipe::new(settings, models, self.inputs.clone(), result);
        Ok(Recipe { earlier: self.earlier.clone(), ..recipe })
    }

    /// A checkpoint of the run, with the files that are written beside its picture.
    ///
    /// # Errors
    /// If [`Saver::recipe`] fails.
    pub fn checkpoint(&mut self, session: &Session, beside: Beside) -> Result<Checkpoint> {
        // How well the picture fits is in the state.
        let figures = Figures { loss: session.last().map(|last| last.loss), ..Figures::default() };
        let recipe = self.recipe(session.iteration(), figures, false)?;
        Ok(Checkpoint { recipe, device: session.device().kind(), beside, state: session.state() })
    }

    /// Encodes the picture of a run in progress, with its recipe.
    ///
    /// # Errors
    /// If [`Saver::recipe`] fails, or the tensor is not a picture.
    pub fn encode(
        &mut self,
        encoding: Encoding,
        picture: &Tensor,
        iterations: usize,
        figures: Figures,
        cut_short: bool,
    ) -> Result<Vec<u8>> {
        encoding.encode(picture, Some(&self.recipe(iterations, figures, cut_short)?), None)
    }
}
