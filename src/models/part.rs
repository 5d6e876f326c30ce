//! Where a tensor is in a file, and how its layout there differs from the requested one.

/// The place in a file of a tensor, or of one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The tensor's name in the file
    pub name: String,
    /// Its layout in the file
    pub view: View,
}

/// The layout of a tensor in a file, compared with the requested one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The same; dimensions of one at the end may be missing or surplus
    Same,
    /// A matrix with rows and columns swapped
    Transposed,
    /// A convolution's kernel with the dimensions (height, width, inputs, outputs) of flax
    HeightWidthInputsOutputs,
}

impl Part {
    /// A tensor with the requested layout.
    pub fn same(name: impl Into<String>) -> Self {
        Self { name: name.into(), view: View::Same }
    }
}

impl View {
    /// The shape in the file of a tensor requested as `shape`.
    pub(super) fn stored_shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Transposed, &[rows, columns]) => vec![columns, rows],
            (Self::HeightWidthInputsOutputs, &[outputs, inputs, height, width]) => vec![height, width, inputs, outputs],
            _ => shape.to_vec(),
        }
    }

    /// The requested shape of a tensor stored as `shape`.
    pub(super) fn requested_shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Transposed, &[columns, rows]) => vec![rows, columns],
            (Self::HeightWidthInputsOutputs, &[height, width, inputs, outputs]) => vec![outputs, inputs, height, width],
            _ => shape.to_vec(),
        }
    }

    /// The values in the requested layout, from those in the file's layout.
    pub(super) fn arrange(self, stored: Vec<f32>, shape: &[usize]) -> Vec<f32> {
        let (rows, columns) = match (self, shape) {
            (Self::Transposed, &[rows, columns]) => (rows, columns),
            // (y, x, in, out) to (out, in, y, x): outputs to the front, then inputs before pixels.
            (Self::HeightWidthInputsOutputs, &[outputs, inputs, height, width]) => {
                let by_output = transpose(&stored, outputs, height * width * inputs);
                let kernels = by_output.chunks(height * width * inputs);
                return kernels.flat_map(|kernel| transpose(kernel, inputs, height * width)).collect();
            }
            _ => return stored,
        };
        transpose(&stored, rows, columns)
    }
}

/// `[rows, columns]` from `[columns, rows]`.
fn transpose(stored: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(stored.len());
    for row in 0..rows {
        values.extend((0..columns).map(|column| stored[column * rows + row]));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flax_kernels_are_turned() {
        // numpy: np.arange(24).reshape(1, 2, 3, 4).transpose(3, 2, 0, 1).ravel()[:8]
        let stored: Vec<f32> = (0..24_u8).map(f32::from).collect();
        let view = View::HeightWidthInputsOutputs;
        assert_eq!(view.stored_shape(&[4, 3, 1, 2]), [1, 2, 3, 4]);
        assert_eq!(view.requested_shape(&[1, 2, 3, 4]), [4, 3, 1, 2]);
        assert_eq!(view.arrange(stored, &[4, 3, 1, 2])[..8], [0.0, 12.0, 4.0, 16.0, 8.0, 20.0, 1.0, 13.0]);
    }
}
