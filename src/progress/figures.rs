//! The numbers that say how good a picture is.

use serde::{Deserialize, Serialize};

/// The numbers that say how good a picture is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The loss of the last iteration; none without an iteration
    pub loss: Option<f64>,
    /// How well the whole picture fits its prompts: the mean cosine, −1 to 1; none if there is nothing to compare with
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<f64>,
    /// The same of the picture that the run started from
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_fit: Option<f64>,
}

impl Figures {
    /// The figures of a picture that is being drawn.
    #[must_use]
    pub fn lately(loss: Option<f64>, fit: Option<f64>) -> Self {
        Self { loss, fit, first_fit: None }
    }

    /// The fit at the start and now, in words; the loss if the fit is not known, and nothing if neither is.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        match (self.fit, self.first_fit) {
            (Some(fit), Some(first)) => Some(format!("fits the prompt: {first:.2} -> {fit:.2}")),
            (Some(fit), None) => Some(format!("fits the prompt: {fit:.2}")),
            (None, _) => self.loss_in_words(),
        }
    }

    /// The same behind other words, after a comma.
    #[must_use]
    pub fn behind_words(&self) -> String {
        self.in_words().map_or_else(String::new, |how| format!(", {how}"))
    }

    /// The same for a bar or a line of progress: only what is now.
    #[must_use]
    pub fn in_short(&self) -> Option<String> {
        self.fit.map(|fit| format!("fit {fit:.2}")).or_else(|| self.loss_in_words())
    }

    fn loss_in_words(&self) -> Option<String> {
        self.loss.map(|loss| format!("loss {loss:.4}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_is_said_before_the_loss() {
        let figures = |fit, first_fit| Figures { loss: Some(0.7), fit, first_fit };
        let said = |figures: Figures| (figures.in_words().unwrap_or_default(), figures.in_short().unwrap_or_default());
        let expect = |words: &str, short: &str| (words.to_owned(), short.to_owned());
        assert_eq!(said(figures(Some(0.341), Some(0.209))), expect("fits the prompt: 0.21 -> 0.34", "fit 0.34"));
        assert_eq!(said(figures(Some(-0.1), None)), expect("fits the prompt: -0.10", "fit -0.10"));
        assert_eq!(said(figures(None, None)), expect("loss 0.7000", "loss 0.7000"));
        assert_eq!(said(Figures::default()), expect("", ""));
        // Recipes of earlier versions have no fit.
        assert_eq!(serde_json::from_str::<Figures>(r#"{"loss": 0.7}"#).unwrap(), figures(None, None));
    }
}
