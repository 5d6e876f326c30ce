//! The tensors of one model, requested by name and shape, with every mismatch reported at once.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use super::container::TensorFile;
use crate::random::Stream;
use crate::{Error, Result};

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

/// A model's weights: a file read through the names of its layout, or random numbers.
pub struct Weights<'a> {
    origin: Origin<'a>,
    bytes: Cell<u64>,
}

enum Origin<'a> {
    File(FileWeights<'a>),
    Random(RefCell<Stream>),
}

struct FileWeights<'a> {
    file: &'a TensorFile,
    parts: &'a dyn Fn(&str) -> Vec<Part>,
    ignored: &'a dyn Fn(&str) -> bool,
    found: RefCell<Findings>,
}

#[derive(Default)]
struct Findings {
    used: HashSet<String>,
    missing: Vec<String>,
    misshapen: Vec<String>,
    /// Number of values replaced by zeros
    replaced: usize,
}

/// Values that may be missing before the search for more mismatches ends.
const MOST_REPLACED: usize = 1 << 28;
/// How many names of each kind an error shows.
const NAMES_SHOWN: usize = 5;

impl<'a> Weights<'a> {
    /// Builds a model with `build`, which requests each tensor it needs.
    ///
    /// `parts` maps a name of ours to its place in the file: one tensor, or several to stack on top of each other.
    /// `ignored` selects the tensors of the file that may go unused.
    ///
    /// # Errors
    /// If a tensor is missing, has the wrong shape or is unknown, with the number and the first names of each kind;
    /// or if one cannot be read or holds a value that is not finite.
    pub fn build<T>(
        file: &'a TensorFile,
        parts: &'a dyn Fn(&str) -> Vec<Part>,
        ignored: &'a dyn Fn(&str) -> bool,
        build: impl FnOnce(&Self) -> Result<T>,
    ) -> Result<T> {
        let origin = Origin::File(FileWeights { file, parts, ignored, found: RefCell::default() });
        let weights = Self { origin, bytes: Cell::new(0) };
        let built = build(&weights)?;
        if let Origin::File(file) = &weights.origin {
            file.complain()?;
        }
        Ok(built)
    }

    /// Builds a model of random weights for benchmarks: kernels and matrices with a variance that keeps values in range
    /// (Glorot and Bengio, 2010), norms that scale by one.
    ///
    /// # Errors
    /// If `build` fails.
    pub fn random<T>(seed: u64, build: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let stream = Stream::new(seed, "weights", 0);
        build(&Self { origin: Origin::Random(stream.into()), bytes: Cell::new(0) })
    }

    /// The values of a tensor, row by row. A missing or misshapen tensor is replaced by zeros, so that all
    /// mismatches are found; [`Weights::build`] then returns the error.
    ///
    /// # Errors
    /// If the tensor cannot be read or holds a value that is not finite.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let values = match &self.origin {
            Origin::File(file) => file.tensor(name, shape)?,
            Origin::Random(stream) => random_tensor(&mut stream.borrow_mut(), name, shape),
        };
        self.bytes.set(self.bytes.get() + size_of_val(values.as_slice()) as u64);
        Ok(values)
    }

    /// Bytes of memory that the tensors requested so far take.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// Whether the file has the tensor with this name of ours.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match &self.origin {
            Origin::File(file) => (file.parts)(name).iter().all(|part| file.file.shape(&part.name).is_some()),
            Origin::Random(_) => false,
        }
    }

    /// The first dimension of a tensor; none if the file has no such tensor.
    #[must_use]
    pub fn rows(&self, name: &str) -> Option<usize> {
        let Origin::File(file) = &self.origin else { return None };
        let parts = (file.parts)(name);
        file.file.shape(&parts.first()?.name)?.first().copied()
    }
}

fn random_tensor(stream: &mut Stream, name: &str, shape: &[usize]) -> Vec<f32> {
    let size = shape.iter().product();
    if let [_] = shape {
        return vec![if name.ends_with(".weight") || name.ends_with("_var") { 1.0 } else { 0.0 }; size];
    }
    let inputs: usize = shape[1..].iter().product();
    #[allow(clippy::cast_precision_loss)]
    let reach = (3.0 / inputs as f64).sqrt();
    #[allow(clippy::cast_possible_truncation)]
    let number = |_| stream.between(-reach, reach) as f32;
    (0..size).map(number).collect()
}

impl FileWeights<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let parts = (self.parts)(name);
        let mut shape_of_part = shape.to_vec();
        shape_of_part[0] /= parts.len();
        let size: usize = shape_of_part.iter().product();
        let mut values = Vec::new();
        for part in parts {
            if self.fits(&part, &shape_of_part) {
                let read = self.file.read(&part.name)?;
                values.extend(part.view.arrange(read, &shape_of_part));
            } else {
                let mut found = self.found.borrow_mut();
                found.replaced = found.replaced.saturating_add(size);
                let hopeless = found.replaced > MOST_REPLACED;
                drop(found);
                if hopeless {
                    self.complain()?;
                }
                values.resize(values.len() + size, 0.0);
            }
        }
        Ok(values)
    }

    fn fits(&self, part: &Part, shape: &[usize]) -> bool {
        let mut found = self.found.borrow_mut();
        found.used.insert(part.name.clone());
        let Some(stored) = self.file.shape(&part.name) else {
            found.missing.push(part.name.clone());
            return false;
        };
        let expected = part.view.stored_shape(shape);
        let fits = trimmed(stored) == trimmed(&expected);
        if !fits {
            found.misshapen.push(format!("{} {stored:?} instead of {expected:?}", part.name));
        }
        fits
    }

    fn complain(&self) -> Result<()> {
        let found = self.found.borrow();
        let unknown: Vec<String> = self
            .file
            .names()
            .filter(|name| !found.used.contains(*name) && !(self.ignored)(name))
            .map(str::to_owned)
            .collect();
        let kinds = [("missing", &found.missing), ("with the wrong shape", &found.misshapen), ("unknown", &unknown)];
        let problems: Vec<String> = kinds
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(kind, names)| {
                let shown = names.iter().take(NAMES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
                let more = if names.len() > NAMES_SHOWN { ", ..." } else { "" };
                format!("{} {kind} ({shown}{more})", names.len())
            })
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        let total = self.file.names().count();
        Err(Error::file(
            self.file.path(),
            format!("its {total} tensors do not fit the model: {}", problems.join("; ")),
            "the weights and the configuration beside them must come from the same model, of a supported kind",
        ))
    }
}

/// The shape without trailing dimensions of one.
fn trimmed(shape: &[usize]) -> &[usize] {
    let kept = shape.iter().rposition(|&size| size != 1).map_or(0, |last| last + 1);
    &shape[..kept]
}

impl View {
    /// The shape in the file of a tensor requested as `shape`.
    fn stored_shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Self::Transposed, &[rows, columns]) => vec![columns, rows],
            (Self::HeightWidthInputsOutputs, &[outputs, inputs, height, width]) => vec![height, width, inputs, outputs],
            _ => shape.to_vec(),
        }
    }

    /// The values in the requested layout, from those in the file's layout.
    fn arrange(self, stored: Vec<f32>, shape: &[usize]) -> Vec<f32> {
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
        assert_eq!(view.arrange(stored, &[4, 3, 1, 2])[..8], [0.0, 12.0, 4.0, 16.0, 8.0, 20.0, 1.0, 13.0]);
    }
}
