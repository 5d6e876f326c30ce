//! Convolutions by 1x1 kernels with few channels: products with panels of neighboring pixels.
//!
//! Memory: a panel of pixels and its sums per thread, 32 · (inputs + outputs) numbers.

use rayon::prelude::*;

use super::disjoint::DisjointSlice;
use super::panel::{Left, WIDTH, multiply_panel};

/// Panels of pixels handled by one task.
const PANELS: usize = 16;

/// Writes the product of `left` `[rows, depth]` with each picture `[depth, pixels]` of the input, plus the bias of each row.
/// Both slices hold the same number of pictures.
pub fn multiply(left: Left, bias: Option<&[f32]>, pixels: usize, input: &[f32], output: &mut [f32]) {
    let Left { rows, depth, .. } = left;
    output.par_chunks_mut(rows * pixels).zip(input.par_chunks(depth * pixels)).for_each(|(output, input)| {
        let output = DisjointSlice::new(output);
        let panels = (0..pixels.div_ceil(WIDTH)).into_par_iter().with_min_len(PANELS);
        panels.for_each_init(
            || (vec![0.0; depth * WIDTH], vec![0.0; rows * WIDTH]),
            |(panel, sums), index| {
                let first = index * WIDTH;
                let columns = WIDTH.min(pixels - first);
                for (line, channel) in panel.chunks_exact_mut(WIDTH).zip(input.chunks_exact(pixels)) {
                    // The numbers past the picture are not used.
                    line[..columns].copy_from_slice(&channel[first..first + columns]);
                }
                multiply_panel(sums, left, panel, columns);
                for (row, sums) in sums.chunks_exact(WIDTH).enumerate() {
                    let bias = bias.map_or(0.0, |bias| bias[row]);
                    // SAFETY: panels cover different pixels.
                    let output = unsafe { output.range(row * pixels + first, columns) };
                    for (y, sum) in output.iter_mut().zip(sums) {
                        *y = sum + bias;
                    }
                }
            },
        );
    });
}
