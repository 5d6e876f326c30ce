//! The tensors of one model, requested by name and shape, with every mismatch reported at once.
//!
//! [`Weights`] is the backend of a `candle_nn::VarBuilder`, so candle's models can be loaded from the same files as
//! ours.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

use super::container::TensorFile;
use super::part::Part;
use crate::random::Stream;
use crate::{Error, Result};

/// A model's weights: a file read through the names of its layout, or random numbers.
pub struct Weights<'a> {
    origin: Origin<'a>,
    bytes: AtomicU64,
    /// The last error of a request: the tensor library's errors cannot carry ours
    failure: Mutex<Option<Error>>,
}

enum Origin<'a> {
    File(FileWeights<'a>),
    Random(Mutex<Stream>),
}

struct FileWeights<'a> {
    file: &'a TensorFile,
    parts: &'a (dyn Fn(&str) -> Vec<Part> + Sync),
    ignored: &'a (dyn Fn(&str) -> bool + Sync),
    found: Mutex<Findings>,
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

/// What our layers take from a builder: they keep their weights as plain numbers.
pub trait Values {
    /// The values of the tensor with this name below the builder's prefix, row by row.
    ///
    /// # Errors
    /// If the tensor cannot be read or holds a value that is not finite.
    fn values(&self, shape: impl Into<Shape>, name: &str) -> Result<Vec<f32>>;
}

impl Values for VarBuilder<'_> {
    fn values(&self, shape: impl Into<Shape>, name: &str) -> Result<Vec<f32>> {
        Ok(self.get(shape, name)?.flatten_all()?.to_vec1()?)
    }
}

impl<'a> Weights<'a> {
    /// Builds a model with `build`, which requests each tensor it needs from the builder. Returns the model, and the
    /// bytes of memory that the requested tensors take.
    ///
    /// `parts` maps a name of ours to its place in the file: one tensor, or several to stack on top of each other.
    /// `ignored` selects the tensors of the file that may go unused.
    ///
    /// A missing or misshapen tensor is replaced by zeros while `build` runs, so that all mismatches are found.
    ///
    /// # Errors
    /// If a tensor is missing, has the wrong shape or is unknown, with the number and the first names of each kind;
    /// or if one cannot be read or holds a value that is not finite.
    pub fn build<T>(
        file: &'a TensorFile,
        parts: &'a (dyn Fn(&str) -> Vec<Part> + Sync),
        ignored: &'a (dyn Fn(&str) -> bool + Sync),
        build: impl FnOnce(VarBuilder) -> Result<T>,
    ) -> Result<(T, u64)> {
        Self::of(Origin::File(FileWeights { file, parts, ignored, found: Mutex::default() })).run(build)
    }

    /// Builds a model of random weights for benchmarks: kernels and matrices with a variance that keeps values in range
    /// (Glorot and Bengio, 2010), norms that scale by one. Returns what [`Weights::build`] does.
    ///
    /// # Errors
    /// If `build` fails.
    pub fn random<T>(seed: u64, build: impl FnOnce(VarBuilder) -> Result<T>) -> Result<(T, u64)> {
        Self::of(Origin::Random(Mutex::new(Stream::new(seed, "weights", 0)))).run(build)
    }

    fn of(origin: Origin<'a>) -> Self {
        Self { origin, bytes: AtomicU64::default(), failure: Mutex::default() }
    }

    fn run<T>(&self, build: impl FnOnce(VarBuilder) -> Result<T>) -> Result<(T, u64)> {
        let model = build(VarBuilder::from_backend(Box::new(self), DType::F32, Device::Cpu))
            .map_err(|error| locked(&self.failure).take().unwrap_or(error))?;
        if let Origin::File(file) = &self.origin {
            file.complain()?;
        }
        Ok((model, self.bytes.load(Ordering::Relaxed)))
    }

    /// A tensor of the builder, counted; or the error, kept for the end.
    fn deliver(&self, read: Result<(Vec<f32>, Shape)>, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let (values, shape) = read.map_err(|error| {
            let message = error.to_string();
            *locked(&self.failure) = Some(error);
            candle_core::Error::Msg(message)
        })?;
        self.bytes.fetch_add(size_of_val(values.as_slice()) as u64, Ordering::Relaxed);
        Tensor::from_vec(values, shape, device)?.to_dtype(dtype)
    }
}

impl SimpleBackend for &Weights<'_> {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let values = match &self.origin {
            Origin::File(file) => file.tensor(name, shape.dims()),
            Origin::Random(stream) => Ok(random_tensor(&mut locked(stream), name, shape.dims())),
        };
        self.deliver(values.map(|values| (values, shape)), dtype, device)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let Origin::File(file) = &self.origin else {
            candle_core::bail!("the random tensor {name} needs a shape");
        };
        self.deliver(file.unchecked(name), dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        match &self.origin {
            Origin::File(file) => (file.parts)(name).iter().all(|part| file.file.shape(&part.name).is_some()),
            Origin::Random(_) => false,
        }
    }
}

/// What a mutex guards, also after a panic in another thread.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn random_tensor(stream: &mut Stream, name: &str, shape: &[usize]) -> Vec<f32> {
    let size = shape.iter().product();
    if let [] | [_] = shape {
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
        if let Some(rows) = shape_of_part.first_mut() {
            *rows /= parts.len();
        }
        let size: usize = shape_of_part.iter().product();
        let mut values = Vec::new();
        for part in parts {
            if self.fits(&part, &shape_of_part) {
                let read = self.file.read(&part.name)?;
                append(&mut values, part.view.arrange(read, &shape_of_part));
            } else {
                let mut found = locked(&self.found);
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

    /// A tensor in the shape that the file gives it.
    fn unchecked(&self, name: &str) -> Result<(Vec<f32>, Shape)> {
        let (mut values, mut shape) = (Vec::new(), Vec::new());
        for part in (self.parts)(name) {
            let read = self.file.read(&part.name)?;
            let shape_of_part = part.view.requested_shape(self.file.shape(&part.name).unwrap_or_default());
            append(&mut values, part.view.arrange(read, &shape_of_part));
            match (shape.first_mut(), shape_of_part.first()) {
                (Some(rows), Some(more)) => *rows += more,
                _ => shape = shape_of_part,
            }
            locked(&self.found).used.insert(part.name);
        }
        Ok((values, shape.into()))
    }

    fn fits(&self, part: &Part, shape: &[usize]) -> bool {
        let mut found = locked(&self.found);
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
        let found = locked(&self.found);
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

/// Adds values to those before, without a copy if there are none.
fn append(values: &mut Vec<f32>, more: Vec<f32>) {
    if values.is_empty() {
        *values = more;
    } else {
        values.reserve_exact(more.len());
        values.extend(more);
    }
}

/// The shape without trailing dimensions of one.
fn trimmed(shape: &[usize]) -> &[usize] {
    let kept = shape.iter().rposition(|&size| size != 1).map_or(0, |last| last + 1);
    &shape[..kept]
}

#[cfg(test)]
mod tests {
    use super::super::part::View;
    use super::*;

    /// A file of matrices and vectors with values that count from 0 in each.
    fn file(tensors: &[(&str, &[usize])]) -> TensorFile {
        let counted = |shape: &[usize]| {
            let count = u32::try_from(shape.iter().product::<usize>()).unwrap();
            Tensor::arange(0, count, &Device::Cpu).unwrap().to_dtype(DType::F32).unwrap().reshape(shape).unwrap()
        };
        let tensors = tensors.iter().map(|(name, shape)| ((*name).to_owned(), counted(shape))).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        candle_core::safetensors::save(&tensors, &path).unwrap();
        TensorFile::open(&path).unwrap()
    }

    #[test]
    fn layers_of_candle_find_turned_and_stacked_tensors() {
        let file = file(&[("in.kernel", &[2, 3]), ("q", &[1, 2]), ("k", &[1, 2]), ("more", &[5])]);
        let parts = |name: &str| match name {
            "model.in.weight" => vec![Part { name: "in.kernel".into(), view: View::Transposed }],
            "model.qk.weight" => vec![Part::same("q"), Part::same("k")],
            name => vec![Part::same(name)],
        };
        let ((linear, whole), bytes) = Weights::build(&file, &parts, &|name| name == "more", |builder| {
            let model = builder.pp("model");
            assert!(model.contains_tensor("in.weight") && !model.contains_tensor("out.weight"));
            Ok((candle_nn::linear_no_bias(2, 3, model.pp("in"))?, model.pp("qk").get_unchecked("weight")?))
        })
        .unwrap();
        assert_eq!(linear.weight().to_vec2::<f32>().unwrap(), [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]);
        assert_eq!(whole.to_vec2::<f32>().unwrap(), [[0.0, 1.0], [0.0, 1.0]]);
        assert_eq!(bytes, 4 * (6 + 4));
    }

    #[test]
    fn layers_of_candle_report_all_mismatches_at_once() {
        let file = file(&[("in.weight", &[2, 3]), ("in.bias", &[3]), ("hand", &[5])]);
        let same = |name: &str| vec![Part::same(name)];
        let built = Weights::build(&file, &same, &|_| false, |builder| {
            Ok((candle_nn::linear(2, 3, builder.pp("in"))?, candle_nn::layer_norm(3, 1e-5, builder.pp("norm"))?))
        });
        let message = built.err().unwrap().to_string();
        let kinds =
            ["2 missing (norm.weight, norm.bias)", "1 with the wrong shape (in.weight [2, 3] instead of [3, 2])"];
        assert!(kinds.iter().all(|kind| message.contains(kind)) && message.contains("1 unknown (hand)"), "{message}");
    }

    #[test]
    fn an_unreadable_tensor_keeps_its_error() {
        let file = file(&[("weight", &[2])]);
        let same = |name: &str| vec![Part::same(name)];
        let built = Weights::build(&file, &same, &|_| false, |builder| Ok(builder.get_unchecked("bias")?));
        assert!(matches!(built, Err(Error::File { .. })));
    }
}
