//! A text tower that was published alone, for the pictures of a CLIP that was published before: sentence-transformers'
//! multilingual models, in the layout of its library.

use super::config::{BertKind, Config};
use super::names::{self, Names};
use super::text::TextTower;
use super::{BertTower, ImageTower, Tower, image_tower, published};
use crate::models::container::TensorFile;
use crate::models::files::{ConfigFile, DENSE};
use crate::models::{ModelFiles, Prefix, Role, Values, Weights};
use crate::{Error, Result};

/// The configuration of the last layer, which is applied to the mean of the tokens.
const DENSE_CONFIG: &str = "2_Dense/config.json";
/// The configuration of the length of texts.
const LENGTH_CONFIG: &str = "sentence_bert_config.json";

/// The dimensions of the CLIP of a text tower and the image tower of another CLIP.
///
/// # Errors
/// If a configuration is not of the expected kind.
pub(super) fn config(files: &ModelFiles, image: &ModelFiles) -> Result<Config> {
    let broken = |problem: String| files.config.error(problem);
    let mut text = published::read_text(&files.config.text).map_err(broken)?;
    if let Some(lengths) = files.other(LENGTH_CONFIG)?
        && let Some(longest) = published::read_length(&lengths.text)
    {
        text.context_length = text.context_length.min(longest);
    }
    if let Some(dense) = files.other(DENSE_CONFIG)? {
        check_dense(&dense)?;
    }
    let config = Config { text, ..Config::parse(image)? };
    config.check().map_err(|problem| files.config.error(problem))?;
    Ok(config)
}

/// The last layer has no activation in the models that share CLIP's space.
fn check_dense(config: &ConfigFile) -> Result<()> {
    let value: serde_json::Value = serde_json::from_str(&config.text)
        .map_err(|error| config.error(format!("not a readable configuration: {error}")))?;
    match value["activation_function"].as_str() {
        Some(name) if !name.ends_with("Identity") => {
            Err(config.error(format!("the activation `{name}` of the last layer is not supported")))
        }
        _ => Ok(()),
    }
}

/// Loads the image tower of one model and the text tower of another. Also returns the bytes of memory that their tensors
/// take.
///
/// # Errors
/// If weights are missing or do not fit.
pub(super) fn load(files: &ModelFiles, image: &ModelFiles, config: &Config) -> Result<((ImageTower, TextTower), u64)> {
    let Tower::Bert(kind @ BertKind::DistilBert { .. }) = config.text.tower else {
        return Err(Error::fault(
            "only a text tower of the kind DistilBERT can be combined with the image tower of another model",
        ));
    };
    let names = Names::of(&image.weights);
    let (parts, ignored) =
        (|name: &str| names.parts(name), |name: &str| names.is_ignored(name) || names.is_of_text(name));
    let (pictures, of_pictures) =
        Weights::build(&image.weights, &parts, &ignored, |builder| image_tower(&builder, config))?;

    let features = config.features;
    let dense = dense(files)?;
    let width = config.text.blocks.width;
    let same = |name: &str| vec![crate::models::Part::same(name)];
    let (projection, of_dense) =
        Weights::build(&dense, &same, &|_| false, |builder| builder.values((features, width), "linear.weight"))?;

    let prefix = Prefix::of(Role::Clip, &files.weights);
    let parts = |name: &str| {
        let mut parts = names::distilbert(name);
        for part in &mut parts {
            part.name = prefix.name_of(&part.name);
        }
        parts
    };
    let unused = |name: &str| prefix.inner(name).is_none_or(|inner| inner.starts_with("vocab_"));
    let (text, of_text) = Weights::build(&files.weights, &parts, &unused, |builder| {
        BertTower::load(&builder, kind, &config.text, projection, features)
    })?;
    Ok(((pictures, TextTower::Bert(text)), of_pictures + of_dense + of_text))
}

/// The weights of the last layer.
///
/// # Errors
/// If the file is missing or unreadable.
fn dense(files: &ModelFiles) -> Result<TensorFile> {
    if let Some(path) = files.dense() {
        return TensorFile::open(&path);
    }
    let problem = format!("{} is missing beside these weights", DENSE.join(" or "));
    let hint = "download the folder 2_Dense that was published with the model into the same folder";
    Err(Error::file(files.weights.path(), problem, hint))
}
