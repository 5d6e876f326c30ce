//! The names of a CLIP's tensors in a file.
//!
//! Our names are those of Hugging Face's `CLIPModel`, with `qkv_proj` for attention's three projections
//! together; for the ModifiedResNet, which only OpenAI's layout has, they are OpenAI's.

use crate::models::container::TensorFile;
use crate::models::{Part, Prefix, Role, View};

/// The spelling and prefix of one file's names.
pub(super) struct Names {
    spelling: Spelling,
    prefix: Prefix,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    HuggingFace,
    OpenAi,
}

impl Names {
    pub(super) fn of(file: &TensorFile) -> Self {
        let prefix = Prefix::of(Role::Clip, file);
        let is_open_ai = |name: &str| name.starts_with("visual.") || name == "token_embedding.weight";
        let open_ai = file.names().filter_map(|name| prefix.inner(name)).any(is_open_ai);
        Self { spelling: if open_ai { Spelling::OpenAi } else { Spelling::HuggingFace }, prefix }
    }

    /// The tensors of the file that make one of ours.
    pub(super) fn parts(&self, name: &str) -> Vec<Part> {
        let mut parts = self.spelling.parts(name);
        for part in &mut parts {
            part.name = self.prefix.name_of(&part.name);
        }
        parts
    }

    /// The first dimension of a tensor; none if the file has no such tensor.
    pub(super) fn rows(&self, name: &str, file: &TensorFile) -> Option<usize> {
        file.shape(&self.parts(name).first()?.name)?.first().copied()
    }

    /// Whether a tensor belongs to the text tower.
    pub(super) fn is_of_text(&self, name: &str) -> bool {
        const OPEN_AI: [&str; 4] = ["transformer.", "token_embedding.", "positional_embedding", "ln_final."];
        const HUGGING_FACE: [&str; 1] = ["text_model."];
        let starts: &[&str] = match self.spelling {
            Spelling::OpenAi => &OPEN_AI,
            Spelling::HuggingFace => &HUGGING_FACE,
        };
        let is_of_text =
            |inner: &str| inner.starts_with("text_projection") || starts.iter().any(|start| inner.starts_with(start));
        self.prefix.inner(name).is_some_and(is_of_text)
    }

    /// Whether a tensor may be in the file without being used.
    pub(super) fn is_ignored(&self, name: &str) -> bool {
        self.prefix.inner(name).is_none_or(is_ignored)
    }
}

/// The tensors of a `DistilBERT` that make one of ours, without a prefix.
pub(super) fn distilbert(name: &str) -> Vec<Part> {
    match name.split_once("qkv_proj.") {
        Some((block, kind)) => ["q", "k", "v"].map(|part| Part::same(format!("{block}{part}_lin.{kind}"))).to_vec(),
        None => vec![Part::same(name)],
    }
}

impl Spelling {
    /// The tensors that make one of ours, without a prefix.
    fn parts(self, name: &str) -> Vec<Part> {
        match (self, name.split_once("qkv_proj.")) {
            // The text tower of Chinese-CLIP is a BERT.
            (Self::HuggingFace, Some((block, kind))) if block.ends_with("attention.self.") => {
                ["query", "key", "value"].map(|part| Part::same(format!("{block}{part}.{kind}"))).to_vec()
            }
            (Self::HuggingFace, Some((block, kind))) => {
                ["q", "k", "v"].map(|part| Part::same(format!("{block}{part}_proj.{kind}"))).to_vec()
            }
            (Self::HuggingFace, None) => vec![Part::same(name)],
            // The attention pool of OpenAI's ResNets has three separate projections.
            (Self::OpenAi, Some((block, kind))) if block.starts_with("visual.") => {
                ["q", "k", "v"].map(|part| Part::same(format!("{block}{part}_proj.{kind}"))).to_vec()
            }
            (Self::OpenAi, _) => vec![open_ai(name)],
        }
    }
}

fn is_ignored(name: &str) -> bool {
    const NAMES: [&str; 5] = ["logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size"];
    // Chinese-CLIP takes the first token itself, and not what a BERT's pooler makes of it.
    let is_pooler = name.starts_with("text_model.pooler.");
    is_pooler || NAMES.contains(&name) || name.ends_with(".position_ids") || name.ends_with(".num_batches_tracked")
}

fn open_ai(name: &str) -> Part {
    let (whole, view) = match name {
        "vision_model.embeddings.class_embedding" => ("visual.class_embedding", View::Same),
        "vision_model.embeddings.patch_embedding.weight" => ("visual.conv1.weight", View::Same),
        "vision_model.embeddings.position_embedding.weight" => ("visual.positional_embedding", View::Same),
        "visual_projection.weight" => ("visual.proj", View::Transposed),
        "text_model.embeddings.token_embedding.weight" => ("token_embedding.weight", View::Same),
        "text_model.embeddings.position_embedding.weight" => ("positional_embedding", View::Same),
        "text_projection.weight" => ("text_projection", View::Transposed),
        _ => {
            let replacements = [
                ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
                ("text_model.encoder.layers.", "transformer.resblocks."),
                ("vision_model.pre_layrnorm.", "visual.ln_pre."),
                ("vision_model.post_layernorm.", "visual.ln_post."),
                ("text_model.final_layer_norm.", "ln_final."),
                (".layer_norm1.", ".ln_1."),
                (".layer_norm2.", ".ln_2."),
                (".self_attn.qkv_proj.", ".attn.in_proj_"),
                (".self_attn.out_proj.", ".attn.out_proj."),
                (".mlp.fc1.", ".mlp.c_fc."),
                (".mlp.fc2.", ".mlp.c_proj."),
            ];
            let name = replacements.iter().fold(name.to_owned(), |name, (ours, theirs)| name.replace(ours, theirs));
            return Part::same(name);
        }
    };
    Part { name: whole.to_owned(), view }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn berts_names() {
        let names = |parts: Vec<Part>| parts.into_iter().map(|part| part.name).collect::<Vec<_>>();
        assert_eq!(
            names(distilbert("transformer.layer.0.attention.qkv_proj.bias")),
            ["q", "k", "v"].map(|part| format!("transformer.layer.0.attention.{part}_lin.bias"))
        );
        assert_eq!(
            names(Spelling::HuggingFace.parts("text_model.encoder.layer.1.attention.self.qkv_proj.weight")),
            ["query", "key", "value"].map(|part| format!("text_model.encoder.layer.1.attention.self.{part}.weight"))
        );
    }

    #[test]
    fn open_ais_names() {
        let of = |name| open_ai(name).name;
        assert_eq!(
            of("text_model.encoder.layers.3.self_attn.qkv_proj.bias"),
            "transformer.resblocks.3.attn.in_proj_bias"
        );
        assert_eq!(
            of("vision_model.encoder.layers.0.mlp.fc2.weight"),
            "visual.transformer.resblocks.0.mlp.c_proj.weight"
        );
        assert_eq!(of("vision_model.pre_layrnorm.bias"), "visual.ln_pre.bias");
    }
}
