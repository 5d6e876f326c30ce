//! Scaled dot-product attention over one packed tensor of queries, keys and values.

use candle_core::Result;
use rayon::prelude::*;

use crate::frozen::arithmetic::vector::{exp, sum, vectorized};
use crate::frozen::{Layer, Matrix, MatrixMut, Products, multiply, on_gpu, unexpected_shape};

/// Queries processed at a time, which limits the memory for scores to `TILE · tokens`.
const TILE: usize = 256;

/// The layout of a packed tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionLayout {
    /// `[batch, tokens, 3·width]` to `[batch, tokens, width]`
    TokensFirst,
    /// `[batch, 3·width, height, width]` to `[batch, width, height, width]`: pixels are tokens
    ChannelsFirst,
}

/// softmax(q kᵀ / √d) v for each head (Vaswani et al., 2017), d = width / heads.
///
/// Scores exist only for one tile of queries of one head at a time, and are recomputed backwards (like in Rabe and
/// Staats, Self-attention does not need O(n²) memory, 2021).
/// Memory: for each picture being processed, the scores of a tile, `TILE · tokens`, and backwards their gradients.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Number of heads; divides the width
    pub heads: usize,
    /// Whether a token sees only itself and the tokens before it
    pub causal: bool,
    /// Whether only the first token's output is computed
    pub first_only: bool,
    /// The layout of the packed tensor
    pub layout: AttentionLayout,
}

/// Dimensions of one picture's attention.
struct Sizes {
    tokens: usize,
    queries: usize,
    width: usize,
    head_width: usize,
    layout: AttentionLayout,
    /// Whether there is only one picture, whose products use all threads
    parallel: bool,
}

impl Attention {
    fn sizes(&self, shape: &[usize]) -> Sizes {
        let (tokens, packed) = match self.layout {
            AttentionLayout::TokensFirst => (shape[1], shape[2]),
            AttentionLayout::ChannelsFirst => (shape[2] * shape[3], shape[1]),
        };
        Sizes {
            tokens,
            queries: if self.first_only { 1 } else { tokens },
            width: packed / 3,
            head_width: packed / 3 / self.heads,
            layout: self.layout,
            parallel: shape[0] == 1,
        }
    }

    /// The softmax of the scores of `count` queries from `first` on.
    fn probabilities(&self, sizes: &Sizes, packed: &[f32], head: usize, first: usize, count: usize) -> Vec<f32> {
        let mut scores = vec![0.0; count * sizes.tokens];
        #[allow(clippy::cast_precision_loss)]
        let scale = 1.0 / (sizes.head_width as f32).sqrt();
        multiply(
            &mut MatrixMut::dense(&mut scores, count, sizes.tokens),
            sizes.part(packed, 0, head, first, count),
            sizes.part(packed, 1, head, 0, sizes.tokens).transposed(),
            Products { accumulate: false, parallel: sizes.parallel, scale },
        );
        for (row, scores) in scores.chunks_mut(sizes.tokens).enumerate() {
            let (seen, hidden) = scores.split_at_mut(if self.causal { first + row + 1 } else { sizes.tokens });
            softmax(seen);
            hidden.fill(0.0);
        }
        scores
    }
}

impl Sizes {
    /// First element and strides (token, channel) of part 0 (queries), 1 (keys) or 2 (values).
    fn place(&self, part: usize, head: usize, token: usize) -> (usize, usize, usize) {
        let channel = part * self.width + head * self.head_width;
        match self.layout {
            AttentionLayout::TokensFirst => (token * 3 * self.width + channel, 3 * self.width, 1),
            AttentionLayout::ChannelsFirst => (channel * self.tokens + token, 1, self.tokens),
        }
    }

    /// Like `place`, for the output.
    fn output_place(&self, head: usize, token: usize) -> (usize, usize, usize) {
        let channel = head * self.head_width;
        match self.layout {
            AttentionLayout::TokensFirst => (token * self.width + channel, self.width, 1),
            AttentionLayout::ChannelsFirst => (channel * self.queries + token, 1, self.queries),
        }
    }

    fn part<'a>(&self, packed: &'a [f32], part: usize, head: usize, token: usize, count: usize) -> Matrix<'a> {
        let (start, row, column) = self.place(part, head, token);
        Matrix::new(&packed[start..], count, self.head_width, row, column)
    }

    fn part_mut<'a>(
        &self,
        packed: &'a mut [f32],
        part: usize,
        head: usize,
        token: usize,
        count: usize,
    ) -> MatrixMut<'a> {
        let (start, row, column) = self.place(part, head, token);
        MatrixMut::new(&mut packed[start..], count, self.head_width, row, column)
    }

    /// First query and number of queries of each tile.
    fn tiles(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let queries = self.queries;
        (0..queries).step_by(TILE).map(move |first| (first, TILE.min(queries - first)))
    }
}

#[allow(clippy::cast_possible_truncation)]
fn softmax(scores: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            let maximum = scores.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            for score in scores.iter_mut() {
                *score = exp(*score - maximum);
            }
            let inverse = (1.0 / sum([scores], |[score]| score)) as f32;
            for score in scores.iter_mut() {
                *score *= inverse;
            }
        },
    );
}

impl Layer for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        let fits = |packed: usize| packed.is_multiple_of(3 * self.heads);
        match (self.layout, input_shape) {
            (AttentionLayout::TokensFirst, &[batch, tokens, packed]) if fits(packed) => {
                Ok(vec![batch, if self.first_only { 1 } else { tokens }, packed / 3])
            }
            (AttentionLayout::ChannelsFirst, &[batch, packed, height, width]) if fits(packed) && !self.first_only => {
                Ok(vec![batch, packed / 3, height, width])
            }
            _ => unexpected_shape("attention", "queries, keys and values of equal width", input_shape),
        }
    }

    fn operations(&self, shape: &[usize]) -> u64 {
        let Sizes { tokens, queries, width, .. } = self.sizes(shape);
        (4 * shape[0] * tokens * queries * width) as u64
    }

    /// The scores of one tile of each picture, and their gradients.
    fn working_memory(&self, read: &[usize]) -> usize {
        let tokens = match self.layout {
            AttentionLayout::TokensFirst => read[1],
            AttentionLayout::ChannelsFirst => read[2] * read[3],
        };
        2 * read[0] * tokens * tokens.min(TILE)
    }

    fn forward(&self, shape: &[usize], input: &[f32], output: &mut [f32]) {
        let sizes = self.sizes(shape);
        let pictures =
            output.par_chunks_mut(sizes.queries * sizes.width).zip(input.par_chunks(3 * sizes.tokens * sizes.width));
        pictures.for_each(|(output, input)| {
            for head in 0..self.heads {
                let values = sizes.part(input, 2, head, 0, sizes.tokens);
                for (first, count) in sizes.tiles() {
                    let probabilities = self.probabilities(&sizes, input, head, first, count);
                    let (start, row, column) = sizes.output_place(head, first);
                    multiply(
                        &mut MatrixMut::new(&mut output[start..], count, sizes.head_width, row, column),
                        Matrix::dense(&probabilities, count, sizes.tokens),
                        values,
                        Products { accumulate: false, parallel: sizes.parallel, scale: 1.0 },
                    );
                }
            }
        });
    }

    fn needs_input(&self) -> bool {
        true
    }

    fn backward(&self, shape: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let sizes = self.sizes(shape);
        let size = 3 * sizes.tokens * sizes.width;
        let pictures = input_gradient
            .par_chunks_mut(size)
            .zip(input.par_chunks(size))
            .zip(output_gradient.par_chunks(sizes.queries * sizes.width));
        pictures.for_each(|((dx, x), dy)| {
            for head in 0..self.heads {
                for (first, count) in sizes.tiles() {
                    self.backward_tile(&sizes, head, first, count, x, dy, dx);
                }
            }
        });
    }

    on_gpu!(|layer, _on| *layer);
}

impl Attention {
    /// Adds one tile's share: with P the probabilities and dO the output's gradient,
    /// dV = Pᵀ dO, dS = P ∘ (dO Vᵀ − rowsum(P ∘ dO Vᵀ)), dQ = dS K / √d, dK = dSᵀ Q / √d.
    #[allow(clippy::too_many_arguments, clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn backward_tile(
        &self,
        sizes: &Sizes,
        head: usize,
        first: usize,
        count: usize,
        x: &[f32],
        dy: &[f32],
        dx: &mut [f32],
    ) {
        let tokens = sizes.tokens;
        let add = Products { accumulate: true, parallel: sizes.parallel, scale: 1.0 };
        let probabilities = self.probabilities(sizes, x, head, first, count);
        let (start, row, column) = sizes.output_place(head, first);
        let output_gradient = Matrix::new(&dy[start..], count, sizes.head_width, row, column);

        let dense = Matrix::dense(&probabilities, count, tokens);
        multiply(&mut sizes.part_mut(dx, 2, head, 0, tokens), dense.transposed(), output_gradient, add);

        let mut scores = vec![0.0; count * tokens];
        multiply(
            &mut MatrixMut::dense(&mut scores, count, tokens),
            output_gradient,
            sizes.part(x, 2, head, 0, tokens).transposed(),
            Products { accumulate: false, ..add },
        );
        for (scores, probabilities) in scores.chunks_mut(tokens).zip(probabilities.chunks(tokens)) {
            vectorized(
                #[inline(always)]
                || {
                    let probabilities = &probabilities[..scores.len()];
                    let total = sum([scores, probabilities], |[score, probability]| score * probability) as f32;
                    for (score, probability) in scores.iter_mut().zip(probabilities) {
                        *score = probability * (*score - total);
                    }
                },
            );
        }

        let scaled = Products { scale: 1.0 / (sizes.head_width as f32).sqrt(), ..add };
        let scores = Matrix::dense(&scores, count, tokens);
        multiply(&mut sizes.part_mut(dx, 0, head, first, count), scores, sizes.part(x, 1, head, 0, tokens), scaled);
        let queries = sizes.part(x, 0, head, first, count);
        multiply(&mut sizes.part_mut(dx, 1, head, 0, tokens), scores.transposed(), queries, scaled);
    }
}
