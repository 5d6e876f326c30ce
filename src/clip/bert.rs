//! Text towers in which every token sees the whole text: those of Chinese-CLIP, a BERT, and of sentence-transformers'
//! multilingual CLIP, a `DistilBERT` (Hugging Face, `modeling_bert.py`, `modeling_chinese_clip.py`, `modeling_distilbert.py`).
//!
//! Unlike in CLIP's own tower, the norms stand behind the sums.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use super::blocks::{layer_norm, linear};
use super::config::{BertKind, TextConfig};
use crate::Result;
use crate::frozen::{Attention, AttentionLayout, LayerNorm, Linear, Network, Step};
use crate::models::Values;

pub(super) struct BertTower {
    kind: BertKind,
    /// `[vocabulary, width]`
    words: Vec<f32>,
    /// `[positions, width]`; what is the same for all tokens is part of it
    positions: Vec<f32>,
    width: usize,
    /// The norm of the embeddings, and the blocks
    blocks: Network,
    projection: Network,
}

/// The names of a tower's tensors.
struct Names {
    blocks: &'static str,
    attention: &'static str,
    out: &'static str,
    attention_norm: &'static str,
    inner: &'static str,
    outer: &'static str,
    norm: &'static str,
}

const BERT: Names = Names {
    blocks: "encoder.layer",
    attention: "attention.self.qkv_proj",
    out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    inner: "intermediate.dense",
    outer: "output.dense",
    norm: "output.LayerNorm",
};
const DISTILBERT: Names = Names {
    blocks: "transformer.layer",
    attention: "attention.qkv_proj",
    out: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    inner: "ffn.lin1",
    outer: "ffn.lin2",
    norm: "output_layer_norm",
};

impl BertTower {
    /// Loads a tower whose tensors are below `builder`; `projection` is `[features, width]`.
    pub(super) fn load(
        builder: &VarBuilder,
        kind: BertKind,
        text: &TextConfig,
        projection: Vec<f32>,
        features: usize,
    ) -> Result<Self> {
        let (width, epsilon) = (text.blocks.width, text.blocks.epsilon);
        let embeddings = builder.pp("embeddings");
        let words = embeddings.values((text.vocabulary, width), "word_embeddings.weight")?;
        let mut positions = embeddings.values((kind.positions(), width), "position_embeddings.weight")?;
        let names = match kind {
            BertKind::Bert { types, .. } => {
                // A prompt is a single text, whose tokens are of the first type.
                let of_types = embeddings.values((types, width), "token_type_embeddings.weight")?;
                for position in positions.chunks_mut(width) {
                    position.iter_mut().zip(&of_types[..width]).for_each(|(position, of_type)| *position += of_type);
                }
                BERT
            }
            BertKind::DistilBert { .. } => DISTILBERT,
        };
        let mut steps = vec![Step::layer(norm(&embeddings, "LayerNorm", width, epsilon)?)];
        let layers = builder.pp(names.blocks);
        for layer in 0..text.blocks.layers {
            steps.extend(block(&layers.pp(layer), &names, text)?);
        }
        Ok(Self {
            kind,
            words,
            positions,
            width,
            blocks: Network::new(steps),
            projection: Network::of(Linear::new(projection, None, width, features)),
        })
    }

    /// The feature `[features]` of token ids that fit the context.
    pub(super) fn forward(&self, ids: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        let states = self.states(ids, device)?;
        let pooled = match self.kind {
            BertKind::Bert { .. } => states.narrow(0, 0, 1)?,
            BertKind::DistilBert { .. } => mean(&states)?,
        };
        self.projection.forward(&pooled)?.flatten_all()
    }

    /// The states `[tokens, width]` of all tokens.
    pub(super) fn states(&self, ids: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        let width = self.width;
        let mut tokens = Vec::with_capacity(ids.len() * width);
        for (&id, position) in ids.iter().zip(self.positions.chunks_exact(width)) {
            let word = &self.words[id as usize * width..][..width];
            tokens.extend(word.iter().zip(position).map(|(word, position)| word + position));
        }
        let count = tokens.len() / width;
        self.blocks.forward(&Tensor::from_vec(tokens, (1, count, width), device)?)?.squeeze(0)
    }
}

fn norm(builder: &VarBuilder, name: &str, width: usize, epsilon: f64) -> Result<LayerNorm> {
    layer_norm(&builder.pp(name), width, epsilon)
}

/// norm(x + attention(x)), then the same with the two-layer network.
fn block(builder: &VarBuilder, names: &Names, text: &TextConfig) -> Result<Vec<Step>> {
    let blocks = &text.blocks;
    let (width, hidden, epsilon) = (blocks.width, blocks.hidden, blocks.epsilon);
    let attention =
        Attention { heads: blocks.heads, causal: false, first_only: false, layout: AttentionLayout::TokensFirst };
    Ok(vec![
        Step::residual(vec![
            Step::layer(linear(&builder.pp(names.attention), width, 3 * width)?),
            Step::layer(attention),
            Step::layer(linear(&builder.pp(names.out), width, width)?),
        ]),
        Step::layer(norm(builder, names.attention_norm, width, epsilon)?),
        Step::residual(vec![
            Step::layer(linear(&builder.pp(names.inner), width, hidden)?),
            Step::layer(blocks.activation),
            Step::layer(linear(&builder.pp(names.outer), hidden, width)?),
        ]),
        Step::layer(norm(builder, names.norm, width, epsilon)?),
    ])
}

/// The mean of the rows of a tensor `[rows, columns]`, as `[1, columns]`, summed in order.
fn mean(states: &Tensor) -> candle_core::Result<Tensor> {
    let (rows, columns) = states.dims2()?;
    let values = states.flatten_all()?.to_vec1::<f32>()?;
    let mut sum = vec![0.0_f64; columns];
    for row in values.chunks_exact(columns) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    let mean = sum.into_iter().map(|sum| (sum / rows.max(1) as f64) as f32).collect::<Vec<_>>();
    Tensor::from_vec(mean, (1, columns), states.device())
}
