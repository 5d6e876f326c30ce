//! The configuration of a CLIP in OpenAI's format: a single file, whose tensor shapes determine everything else
//! (`build_model` in `clip/model.py`).

use serde_json::{Value, json};

use super::Role;
use super::container::TensorFile;
use super::prefix::Prefix;

/// Numbers that only OpenAI's files hold besides the weights.
const MARKS: [&str; 3] = ["input_resolution", "context_length", "vocab_size"];

/// Channels of an attention head in all of OpenAI's models.
const HEAD_WIDTH: usize = 64;

/// Number of tokens in OpenAI's tokenizer.
pub(super) const VOCABULARY: usize = 49_408;

/// The shapes of a file's tensors.
struct Shapes<'a> {
    file: &'a TensorFile,
    prefix: Prefix,
}

impl Shapes<'_> {
    fn size(&self, name: &str, axis: usize) -> Option<usize> {
        self.file.shape(&self.prefix.name_of(name))?.get(axis).copied()
    }

    /// Number of different words that follow this beginning in the names.
    fn count(&self, beginning: &str) -> usize {
        let word = |name| self.prefix.inner(name)?.strip_prefix(beginning)?.split('.').next();
        let words: std::collections::BTreeSet<&str> = self.file.names().filter_map(word).collect();
        words.len()
    }
}

/// A configuration in `open_clip`'s format, inferred from the shapes; none if the file is not one of OpenAI's.
pub(super) fn configuration(file: &TensorFile) -> Option<String> {
    let shapes = Shapes { file, prefix: Prefix::of(Role::Clip, file) };
    if MARKS.iter().any(|mark| file.shape(&shapes.prefix.name_of(mark)).is_none()) {
        return None;
    }
    let width = shapes.size("ln_final.weight", 0)?;
    let configuration = json!({ "model_cfg": {
        "embed_dim": shapes.size("text_projection", 1)?,
        "quick_gelu": true,
        "vision_cfg": image(&shapes)?,
        "text_cfg": {
            "context_length": shapes.size("positional_embedding", 0)?,
            "vocab_size": vocabulary(file)?,
            "width": width,
            "heads": (width / HEAD_WIDTH).max(1),
            "layers": shapes.count("transformer.resblocks."),
        },
    } });
    Some(configuration.to_string())
}

/// Number of tokens in one of OpenAI's files.
pub(super) fn vocabulary(file: &TensorFile) -> Option<usize> {
    Shapes { file, prefix: Prefix::of(Role::Clip, file) }.size("token_embedding.weight", 0)
}

fn image(shapes: &Shapes) -> Option<Value> {
    let side = |name: &str| {
        let squares = shapes.size(name, 0)?.checked_sub(1)?;
        Some(squares.isqrt()).filter(|side| side * side == squares)
    };
    if let Some(patch) = shapes.size("visual.conv1.weight", 3).filter(|_| shapes.size("visual.proj", 0).is_some()) {
        return Some(json!({
            "image_size": side("visual.positional_embedding")?.checked_mul(patch)?,
            "layers": shapes.count("visual.transformer.resblocks."),
            "width": shapes.size("visual.conv1.weight", 0)?,
            "patch_size": patch,
        }));
    }
    let stages = [1, 2, 3, 4].map(|stage| shapes.count(&format!("visual.layer{stage}.")));
    Some(json!({
        "image_size": side("visual.attnpool.positional_embedding")?.checked_mul(32)?,
        "layers": stages,
        "width": shapes.size("visual.layer1.0.conv1.weight", 0)?,
    }))
}
