//! What the models of a run make of styles.

use super::LoadedModel;
use crate::Result;
use crate::clip::Clip;
use crate::judge::{Cutouts, Perceptor, Target};
use crate::models::embedded;
use crate::settings::Settings;
use crate::styles::{self, Style};
use crate::text::beginning;

/// What stands between the words of two styles, and between a prompt and the words of its styles.
pub(super) const BETWEEN: &str = ", ";

/// Creates a perceptor that looks for the styles in the details of a run that has these cutouts; none if there are no
/// styles that the model knows. `warn` receives a warning about the others, and about words that the model ignores.
pub(super) fn perceptor(
    settings: &Settings,
    clip: &LoadedModel<Clip>,
    cutouts: &Cutouts,
    warn: &mut dyn FnMut(String),
) -> Result<Option<Perceptor>> {
    let (name, model) = (&clip.name, &clip.model);
    let (mut known, mut unknown) = (settings.styles().collect::<Vec<_>>(), Vec::new());
    if name == embedded::NAME {
        (known, unknown) = split(settings)?;
    }
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().map(|style| style.name.as_str()).collect();
        let (styles, them) = if names.len() == 1 { ("style", "it") } else { ("styles", "them") };
        warn(format!(
            "the {name} model does not know the {styles} {}, and ignores {them}; it knows: {}",
            names.join(", "),
            styles::embedded()?.join(", ")
        ));
    }
    let Some(words) = sentence(&known) else { return Ok(None) };
    let text = model.read(&words)?;
    if let Some(dropped) = &text.dropped {
        let (longest, dropped) = (model.config().text.context_length, beginning(dropped));
        warn(format!("the styles have more than the {longest} tokens that {name} reads; {name} ignores: {dropped}"));
    }
    let target =
        Target { name: "style".into(), feature: text.feature, weight: settings.weight_of_styles(), stop: None };
    Perceptor::new(name.clone(), model.clone(), vec![target], cutouts.details()).map(Some)
}

/// The words of the styles that the embedded model knows; none if it knows none of them.
pub(super) fn embedded_words(settings: &Settings) -> Result<Option<String>> {
    Ok(sentence(&split(settings)?.0))
}

/// The styles that the embedded model knows, and the others.
fn split(settings: &Settings) -> Result<(Vec<&'static Style>, Vec<&'static Style>)> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for style in settings.styles() {
        if style.is_embedded()? { &mut known } else { &mut unknown }.push(style);
    }
    Ok((known, unknown))
}

/// The words of styles as one text.
fn sentence(styles: &[&Style]) -> Option<String> {
    let words: Vec<&str> = styles.iter().map(|style| style.words()).collect();
    (!words.is_empty()).then(|| words.join(BETWEEN))
}
