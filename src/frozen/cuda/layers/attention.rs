//! Attention on a device: separates the heads, computes products for all heads at once with the softmax between, and
//! joins the heads.
//!
//! Scores exist only for some queries of every head at a time, and are recomputed backwards, like on the host. For few
//! tokens, as in CLIP, there is one kernel each way.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{
    Argument, Buffer, Factor, Kernel, Product, THREADS, blocks, blocks_of_rows, int, long,
};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{Attention, AttentionLayout};

/// Maximum tokens and width of a head for the single kernel (`TOKENS` and `WIDTH` of `short_attention.cu`).
const SHORT: (usize, usize) = (50, 64);
/// Threads of a warp, which computes a row of scores (`attention.cu`).
const WARP: usize = 32;
/// Maximum number of scores at a time: 128 MiB. A constant bound on the memory.
const MOST: usize = 1 << 25;

/// Dimensions of a pass.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    heads: usize,
    head_width: usize,
    tokens: usize,
    queries: usize,
    layout: AttentionLayout,
}

/// Some queries of every head.
#[derive(Clone, Copy)]
struct Tile {
    first: usize,
    count: usize,
}

impl Sizes {
    fn new(layer: &Attention, shape: &[usize]) -> Self {
        let (tokens, packed) = match layer.layout {
            AttentionLayout::TokensFirst => (shape[1], shape[2]),
            AttentionLayout::ChannelsFirst => (shape[2] * shape[3], shape[1]),
        };
        Self {
            batch: shape[0],
            heads: layer.heads,
            head_width: packed / 3 / layer.heads,
            tokens,
            queries: if layer.first_only { 1 } else { tokens },
            layout: layer.layout,
        }
    }

    /// Number of heads of all pictures.
    const fn matrices(&self) -> usize {
        self.batch * self.heads
    }

    fn tiles(&self) -> impl Iterator<Item = Tile> + use<> {
        let (queries, most) = (self.queries, MOST / (self.matrices() * self.tokens));
        let count = most.clamp(1, queries);
        (0..queries).step_by(count).map(move |first| Tile { first, count: count.min(queries - first) })
    }

    /// Queries (0), keys (1) or values (2) of every head, from a token on.
    fn part<'a>(&self, apart: &'a Slice, part: usize, token: usize) -> Factor<'a> {
        let size = self.tokens * self.head_width;
        let place = apart.at(part * self.matrices() * size + token * self.head_width);
        Factor::new(place, self.head_width).each(size)
    }

    /// Like `part`, for the output.
    fn output<'a>(&self, output: &'a Slice, token: usize) -> Factor<'a> {
        Factor::new(output.at(token * self.head_width), self.head_width).each(self.queries * self.head_width)
    }

    /// All scores of a tile, `[heads, count, tokens]`.
    fn scores<'a>(&self, scores: &'a Slice, tile: Tile) -> Factor<'a> {
        Factor::new(scores.at(0), self.tokens).each(tile.count * self.tokens)
    }

    /// Copies parts of a tensor from packed to separate, or back.
    fn copy(
        &self,
        on: &dyn Accelerator,
        together: bool,
        (parts, tokens): (usize, usize),
        from: &Slice,
        to: &Slice,
    ) -> Result<()> {
        let grid = blocks_of_rows(parts * self.matrices(), tokens * self.head_width);
        let (parts, batch, tokens) = (int(parts)?, int(self.batch)?, int(tokens)?);
        let (heads, width) = (int(self.heads)?, int(self.head_width)?);
        let channels_first = self.layout == AttentionLayout::ChannelsFirst;
        let kernel = if together { "heads_together" } else { "heads_apart" };
        let kernel = Kernel { file: "attention", name: kernel };
        let sizes = [parts, batch, tokens, heads, width].map(Into::into);
        let arguments = [&[from.into(), to.into()], &sizes[..], &[channels_first.into()]].concat();
        on.launch(kernel, grid, &arguments)
    }

    /// Computes a product for every head.
    #[allow(clippy::too_many_arguments)]
    fn product<'a>(
        &self,
        [rows, columns, depth]: [usize; 3],
        left: Factor<'a>,
        right: Factor<'a>,
        destination: Factor<'a>,
        scale: f32,
        accumulate: bool,
    ) -> Product<'a> {
        Product { rows, columns, depth, count: self.matrices(), left, right, destination, scale, accumulate }
    }

    /// Whether a single kernel can compute the attention.
    fn is_short(&self) -> bool {
        self.layout == AttentionLayout::TokensFirst && self.tokens <= SHORT.0 && self.head_width <= SHORT.1
    }

    /// Launches the single kernel, whose first arguments are `tensors`.
    fn in_short(&self, on: &dyn Accelerator, name: &'static str, tensors: &[&Slice], causal: bool) -> Result<()> {
        let (queries, tokens, width) = (int(self.queries)?, int(self.tokens)?, int(self.head_width)?);
        let others: [Argument; 5] = [queries.into(), tokens.into(), width.into(), self.scale().into(), causal.into()];
        let arguments: Vec<Argument> = tensors.iter().map(|tensor| tensor.start()).chain(others).collect();
        on.launch(Kernel { file: "short_attention", name }, [self.heads, self.batch], &arguments)
    }

    #[allow(clippy::cast_precision_loss)]
    fn scale(&self) -> f32 {
        1.0 / (self.head_width as f32).sqrt()
    }
}

/// A grid with a warp for each row.
fn blocks_of_warps(rows: usize) -> [usize; 2] {
    [rows.div_ceil(THREADS / WARP), 1]
}

/// The softmax of a tile's scores.
fn probabilities(layer: &Attention, on: &dyn Accelerator, sizes: &Sizes, apart: &Slice, tile: Tile) -> Result<Buffer> {
    let scores = on.allocate(sizes.matrices() * tile.count * sizes.tokens)?;
    let dimensions = [tile.count, sizes.tokens, sizes.head_width];
    let (queries, keys) = (sizes.part(apart, 0, tile.first), sizes.part(apart, 1, 0).transposed());
    on.multiply(&sizes.product(dimensions, queries, keys, sizes.scores(&scores, tile), sizes.scale(), false))?;
    let rows = sizes.matrices() * tile.count;
    let (grid, rows, tokens) = (blocks_of_warps(rows), int(rows)?, int(sizes.tokens)?);
    let (count, first) = (int(tile.count)?, int(tile.first)?);
    launch!(on, "attention", "attention_softmax", grid, &scores, rows, tokens, count, first, layer.causal)?;
    Ok(scores)
}

impl Resident for Attention {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], input: &Slice, output: &Slice) -> Result<()> {
        let sizes = Sizes::new(self, shape);
        if sizes.is_short() {
            return sizes.in_short(on, "short_attention_forward", &[input, output], self.causal);
        }
        let apart = on.allocate(input.len())?;
        sizes.copy(on, false, (3, sizes.tokens), input, &apart)?;
        let answers = on.allocate(output.len())?;
        for tile in sizes.tiles() {
            let probabilities = probabilities(self, on, &sizes, &apart, tile)?;
            let dimensions = [tile.count, sizes.head_width, sizes.tokens];
            let (scores, values) = (sizes.scores(&probabilities, tile), sizes.part(&apart, 2, 0));
            on.multiply(&sizes.product(dimensions, scores, values, sizes.output(&answers, tile.first), 1.0, false))?;
        }
        sizes.copy(on, true, (1, sizes.queries), &answers, output)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let sizes = Sizes::new(self, shape);
        if sizes.is_short() {
            return sizes.in_short(on, "short_attention_backward", &[x, dy, dx], self.causal);
        }
        let (width, tokens) = (sizes.head_width, sizes.tokens);
        let (apart, gradients, answers) = (on.allocate(x.len())?, on.allocate(x.len())?, on.allocate(dy.len())?);
        sizes.copy(on, false, (3, tokens), x, &apart)?;
        sizes.copy(on, false, (1, sizes.queries), dy, &answers)?;
        if sizes.queries < tokens {
            // Unused queries have no gradient.
            let count = x.len() / 3;
            launch!(on, "elements", "fill", blocks(count), &gradients, 0.0, long(count))?;
        }
        for tile in sizes.tiles() {
            let (first, count) = (tile.first, tile.count);
            // Keep what earlier tiles added to the keys and values.
            let add = first > 0;
            let probabilities = probabilities(self, on, &sizes, &apart, tile)?;
            let (scores, answers) = (sizes.scores(&probabilities, tile), sizes.output(&answers, first));
            let to_values = sizes.part(&gradients, 2, 0);
            on.multiply(&sizes.product([tokens, width, count], scores.transposed(), answers, to_values, 1.0, add))?;

            let slopes = on.allocate(probabilities.len())?;
            let (values, to_scores) = (sizes.part(&apart, 2, 0).transposed(), sizes.scores(&slopes, tile));
            on.multiply(&sizes.product([count, tokens, width], answers, values, to_scores, 1.0, false))?;
            let rows = sizes.matrices() * count;
            let (grid, rows, length) = (blocks_of_warps(rows), int(rows)?, int(tokens)?);
            launch!(on, "attention", "attention_softmax_backward", grid, &probabilities, &slopes, rows, length)?;

            let (keys, to_queries) = (sizes.part(&apart, 1, 0), sizes.part(&gradients, 0, first));
            let scale = sizes.scale();
            on.multiply(&sizes.product([count, width, tokens], to_scores, keys, to_queries, scale, false))?;
            let (queries, to_keys) = (sizes.part(&apart, 0, first), sizes.part(&gradients, 1, 0));
            let slopes = to_scores.transposed();
            on.multiply(&sizes.product([tokens, width, count], slopes, queries, to_keys, scale, add))?;
        }
        sizes.copy(on, true, (3, tokens), &gradients, dx)
    }
}
