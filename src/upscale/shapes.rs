//! The shapes of an upscaler's tensors, from which its dimensions are read: it has no configuration.

use crate::models::container::TensorFile;
use crate::models::{Part, Prefix, Role};

/// The most channels between two layers; published networks have 64.
const MOST_CHANNELS: usize = 1024;

/// The shapes in a file, below the prefix that the file may put in front of all names.
pub(super) struct Shapes<'a> {
    file: &'a TensorFile,
    prefix: Prefix,
}

impl<'a> Shapes<'a> {
    pub(super) fn of(file: &'a TensorFile) -> Self {
        Self { file, prefix: Prefix::of(Role::Upscaler, file) }
    }

    /// Whether the model has a tensor.
    pub(super) fn has(&self, name: &str) -> bool {
        self.file.shape(&self.prefix.name_of(name)).is_some()
    }

    /// The shape of the kernels of a 3x3 convolution: outputs, inputs, 3, 3.
    ///
    /// # Errors
    /// If there is no such tensor, or it has another shape.
    pub(super) fn kernel(&self, name: &str) -> Result<[usize; 4], String> {
        let shape = self.file.shape(&self.prefix.name_of(name)).ok_or_else(|| format!("it has no tensor {name}"))?;
        match *shape {
            [outputs, inputs, 3, 3] if outputs.max(inputs) <= MOST_CHANNELS && outputs.min(inputs) > 0 => {
                Ok([outputs, inputs, 3, 3])
            }
            _ => Err(format!("{name} has the shape {shape:?} instead of that of a 3x3 convolution")),
        }
    }

    /// The largest number that follows this beginning in the names; 0 if there is none.
    pub(super) fn largest_number(&self, beginning: &str) -> usize {
        let number = |name| self.prefix.inner(name)?.strip_prefix(beginning)?.split('.').next()?.parse().ok();
        self.file.names().filter_map(number).max().unwrap_or_default()
    }

    /// The place of a tensor in the file.
    pub(super) fn parts(&self, name: &str) -> Vec<Part> {
        vec![Part::same(self.prefix.name_of(name))]
    }

    /// Whether a tensor of the file does not belong to the model.
    pub(super) fn is_ignored(&self, name: &str) -> bool {
        self.prefix.inner(name).is_none()
    }
}
