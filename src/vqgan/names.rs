//! The names of a VQGAN's tensors in a file.
//!
//! Our names are those of taming-transformers, with `qkv` for attention's three projections together.

use super::{Config, Layout};
use crate::models::container::{Format, TensorFile};
use crate::models::{Part, Prefix, Role, View};

/// The spelling and prefix of one file's names.
pub(super) struct Names {
    spelling: Spelling,
    /// Number of levels
    levels: usize,
    prefix: Prefix,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Taming,
    Flax,
    Diffusers,
    /// diffusers before 0.15: attention's projections have other names
    OldDiffusers,
}

impl Names {
    pub(super) fn of(config: &Config, file: &TensorFile) -> Self {
        let prefix = Prefix::of(Role::Vqgan, file);
        // A file converted from flax keeps flax's names.
        let flax = file.format() == Format::Msgpack || file.names().any(|name| name.ends_with("conv_in.kernel"));
        let old = file.names().any(|name| name.ends_with("attentions.0.query.weight"));
        let spelling = match config.layout {
            Layout::Taming if flax => Spelling::Flax,
            Layout::Taming => Spelling::Taming,
            Layout::Diffusers if old => Spelling::OldDiffusers,
            Layout::Diffusers => Spelling::Diffusers,
        };
        Self { spelling, levels: config.channels.len(), prefix }
    }

    /// The tensors of the file that make one of ours.
    pub(super) fn parts(&self, name: &str) -> Vec<Part> {
        match name.split_once(".qkv.") {
            Some((block, kind)) => {
                ["q", "k", "v"].iter().map(|part| self.part(&format!("{block}.{part}.{kind}"))).collect()
            }
            None => vec![self.part(name)],
        }
    }

    /// Whether a tensor may be in the file without being used.
    pub(super) fn is_ignored(&self, name: &str) -> bool {
        const PREFIXES: [&str; 4] = ["loss.", "model_ema.", "optimizer", "opt_state"];
        match self.prefix.inner(name).filter(|_| !self.prefix.is_dotless()) {
            Some(name) => {
                PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || name.ends_with(".num_batches_tracked")
            }
            None => true,
        }
    }

    fn part(&self, name: &str) -> Part {
        let (name, view) = match self.spelling {
            Spelling::Taming => (name.to_owned(), View::Same),
            Spelling::Flax => flax(name),
            Spelling::Diffusers | Spelling::OldDiffusers => (self.diffusers(name), View::Same),
        };
        Part { name: self.prefix.name_of(&name), view }
    }

    /// With three levels, `decoder.up.2.block.0.conv1` is `decoder.up_blocks.0.resnets.0.conv1`: diffusers
    /// counts the decoder's levels from the coarsest.
    fn diffusers(&self, name: &str) -> String {
        let words: Vec<&str> = name.split('.').collect();
        let [side @ ("encoder" | "decoder"), place, rest @ ..] = words.as_slice() else {
            return name.to_owned();
        };
        let level = |index: &str| index.parse::<usize>().unwrap_or(0);
        let (group, rest) = match (*place, rest) {
            ("down", [index, rest @ ..]) => (format!("down_blocks.{index}"), rest),
            ("up", [index, rest @ ..]) => (format!("up_blocks.{}", self.levels - 1 - level(index)), rest),
            ("mid", rest) => ("mid_block".to_owned(), rest),
            ("norm_out", rest) => ("conv_norm_out".to_owned(), rest),
            (other, rest) => (other.to_owned(), rest),
        };
        let rest = match rest {
            ["block", index, rest @ ..] => format!("resnets.{index}.{}", resnet(rest)),
            ["block_1", rest @ ..] => format!("resnets.0.{}", resnet(rest)),
            ["block_2", rest @ ..] => format!("resnets.1.{}", resnet(rest)),
            ["attn_1", rest @ ..] => format!("attentions.0.{}", self.attention(rest)),
            ["downsample", rest @ ..] => format!("downsamplers.0.{}", rest.join(".")),
            ["upsample", rest @ ..] => format!("upsamplers.0.{}", rest.join(".")),
            rest => rest.join("."),
        };
        format!("{side}.{group}.{rest}")
    }

    fn attention(&self, words: &[&str]) -> String {
        let [layer, kind] = words else { return words.join(".") };
        let old = self.spelling == Spelling::OldDiffusers;
        let layer = match (*layer, old) {
            ("norm", _) => "group_norm",
            ("q", false) => "to_q",
            ("k", false) => "to_k",
            ("v", false) => "to_v",
            ("proj_out", false) => "to_out.0",
            ("q", true) => "query",
            ("k", true) => "key",
            ("v", true) => "value",
            ("proj_out", true) => "proj_attn",
            (other, _) => other,
        };
        format!("{layer}.{kind}")
    }
}

fn resnet(words: &[&str]) -> String {
    words.join(".").replace("nin_shortcut", "conv_shortcut")
}

/// `decoder.up.2.block.0.norm1.weight` is `decoder.up_2.block_0.norm1.scale`.
fn flax(name: &str) -> (String, View) {
    let mut joined = String::new();
    for word in name.split('.') {
        if !joined.is_empty() {
            joined.push(if word.bytes().all(|byte| byte.is_ascii_digit()) { '_' } else { '.' });
        }
        joined.push_str(word);
    }
    let Some(layer) = joined.strip_suffix(".weight") else { return (joined, View::Same) };
    let last = layer.rsplit('.').next().unwrap_or(layer);
    if last.starts_with("norm") {
        (format!("{layer}.scale"), View::Same)
    } else if last.starts_with("embed") {
        (format!("{layer}.embedding"), View::Same)
    } else {
        (format!("{layer}.kernel"), View::HeightWidthInputsOutputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_programs() {
        let names = Names { spelling: Spelling::Diffusers, levels: 3, prefix: Prefix::default() };
        assert_eq!(
            names.diffusers("decoder.up.2.block.1.nin_shortcut.bias"),
            "decoder.up_blocks.0.resnets.1.conv_shortcut.bias"
        );
        assert_eq!(
            names.diffusers("encoder.mid.attn_1.proj_out.weight"),
            "encoder.mid_block.attentions.0.to_out.0.weight"
        );
        assert_eq!(
            names.diffusers("encoder.down.1.downsample.conv.bias"),
            "encoder.down_blocks.1.downsamplers.0.conv.bias"
        );
        assert_eq!(names.diffusers("quantize.embedding.weight"), "quantize.embedding.weight");
        assert_eq!(flax("decoder.up.2.attn.0.norm.weight").0, "decoder.up_2.attn_0.norm.scale");
        assert_eq!(flax("encoder.mid.block_1.conv1.weight").0, "encoder.mid.block_1.conv1.kernel");
        assert_eq!(flax("quantize.embedding.weight").0, "quantize.embedding.embedding");
    }
}
