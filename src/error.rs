//! The library's error: what is wrong, and what the user can do about it.

use std::path::{Path, PathBuf};

use crate::text::{Spelling, spelled};

/// The result of anything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong. The message says what is wrong; [`Error::hint`] says what to do. Both name options as a
/// command line does; [`Error::in_fields`] has them as a request in JSON does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option's value cannot be used.
    #[error("{}", flags(message))]
    Usage {
        /// What is wrong
        message: String,
        /// What to do
        hint: String,
    },
    /// A file that the user named, or that a model needs, cannot be used.
    #[error("{}: {}", path.display(), flags(problem))]
    File {
        /// The file
        path: PathBuf,
        /// What is wrong with it
        problem: String,
        /// What to do
        hint: String,
    },
    /// A file could not be written.
    #[error("cannot write {}: {}", path.display(), flags(&source.to_string()))]
    Write {
        /// The path it was meant for
        path: PathBuf,
        /// The system's error
        source: std::io::Error,
    },
    /// The network or a server failed.
    #[error("{}", flags(message))]
    Network {
        /// What is wrong
        message: String,
        /// What to do
        hint: String,
    },
    /// A cache of downloaded files could not be written.
    #[error("{}: {}", path.display(), flags(problem))]
    Cache {
        /// The file or folder
        path: PathBuf,
        /// What is wrong with it
        problem: String,
        /// What to do
        hint: String,
    },
    /// The user stopped a download, a conversion or the loading of a model.
    #[error("interrupted before a result was ready")]
    Stopped,
    /// The loss or its gradient is no longer a finite number.
    #[error("the loss or its gradient is not a finite number at iteration {iteration}")]
    NotFinite {
        /// The first iteration whose loss was not finite
        iteration: usize,
    },
    /// The GPU ran out of memory.
    #[error("the GPU ran out of memory")]
    GpuMemory,
    /// The tensor library reported an error.
    #[error("the computation failed: {0}")]
    Compute(#[source] candle_core::Error),
}

fn flags(message: &str) -> String {
    spelled(message, Spelling::Flag)
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        if is_out_of_memory(&error.to_string()) { Self::GpuMemory } else { Self::Compute(error) }
    }
}

impl Error {
    /// An option's value cannot be used.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// A file cannot be used.
    pub fn file(path: impl AsRef<Path>, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::File { path: path.as_ref().to_owned(), problem: problem.into(), hint: hint.into() }
    }

    /// The network failed.
    pub fn network(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Network { message: message.into(), hint: hint.into() }
    }

    /// A file of the cache could not be written.
    pub fn cache(path: impl AsRef<Path>, source: &std::io::Error) -> Self {
        let (problem, hint) = match source.kind() {
            std::io::ErrorKind::StorageFull => {
                ("the disk is full".into(), "free some space, or set HF_HOME to a folder on another disk")
            }
            _ => (
                format!("the cache cannot be written: {source}"),
                "make the folder writable, or set HF_HOME to another folder",
            ),
        };
        Self::Cache { path: path.as_ref().to_owned(), problem, hint: hint.into() }
    }

    /// The system refuses to start another thread.
    pub(crate) fn thread(source: &std::io::Error) -> Self {
        Self::usage(
            format!("cannot start a thread: {source}"),
            "raise the limits that `ulimit -v` and `ulimit -u` show",
        )
    }

    /// A bug in this program, or in a library that it uses.
    pub(crate) fn fault(message: impl Into<String>) -> Self {
        Self::Compute(candle_core::Error::Msg(message.into()))
    }

    /// What the user can do about it, in one line.
    #[must_use]
    pub fn hint(&self) -> String {
        flags(&self.unspelled_hint())
    }

    /// The message and the hint for whoever wrote the settings as fields of JSON.
    #[must_use]
    pub fn in_fields(&self) -> (String, String) {
        let message = match self {
            Self::Usage { message, .. } | Self::Network { message, .. } => message.clone(),
            Self::File { path, problem, .. } | Self::Cache { path, problem, .. } => {
                format!("{}: {problem}", path.display())
            }
            other => other.to_string(),
        };
        (spelled(&message, Spelling::Field), spelled(&self.unspelled_hint(), Spelling::Field))
    }

    fn unspelled_hint(&self) -> String {
        match self {
            Self::Usage { hint, .. }
            | Self::File { hint, .. }
            | Self::Network { hint, .. }
            | Self::Cache { hint, .. } => hint.clone(),
            Self::Stopped => "run the command again".into(),
            Self::Write { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => "create the folder first, or choose another with ‹output›".into(),
                std::io::ErrorKind::FileTooLarge => {
                    "raise the limit on the size of files (`ulimit -f`), or choose another disk with ‹output›".into()
                }
                std::io::ErrorKind::StorageFull => "free some space, or choose another disk with ‹output›".into(),
                _ => "choose a path you may write to with ‹output›".into(),
            },
            Self::GpuMemory => {
                "close other GPU programs, or lower ‹cut-batch›, ‹max-memory› or ‹size›, or use ‹device› cpu".into()
            }
            Self::NotFinite { .. } => "try smaller weights or a smaller ‹learning-rate›".into(),
            Self::Compute(_) => "this is a bug; please report it together with the command".into(),
        }
    }

    /// Whether the user can fix it before any work is done (exit code 2), or not (exit code 1).
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Usage { .. } | Self::File { .. })
    }
}

/// Whether the message of a CUDA library says that the GPU ran out of memory: the driver, cuBLAS, cuRAND and cuDNN have
/// these codes for it, by the names that their bindings print.
#[must_use]
pub fn is_out_of_memory(message: &str) -> bool {
    const CODES: [&str; 5] = [
        "CUDA_ERROR_OUT_OF_MEMORY",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CURAND_STATUS_ALLOCATION_FAILED",
        "CUDNN_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    ];
    CODES.iter().any(|code| message.contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_up_memory_of_a_gpu_is_told_with_what_helps() {
        let reported = r#"DriverError(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")"#;
        let wrapped = candle_core::Error::Msg(reported.into()).context("in a convolution");
        let error = Error::from(wrapped);
        assert!(matches!(error, Error::GpuMemory) && !error.is_usage());
        assert!(["--cut-batch", "--max-memory", "--size"].iter().all(|option| error.hint().contains(option)));
        let other = Error::from(candle_core::Error::Msg("shape mismatch".into()));
        assert!(matches!(other, Error::Compute(_)));
    }

    #[cfg(feature = "cuda")]
    #[test]
    fn used_up_memory_is_told_by_every_library_of_cuda() {
        use candle_core::cuda::cudarc::{cublas, driver};
        use candle_core::cuda::{CudaError, WrapErr};

        let none: Result<(), _> = Err(driver::DriverError(driver::sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY));
        assert!(matches!(Error::from(none.w().unwrap_err()), Error::GpuMemory));
        let status = cublas::sys::cublasStatus_t::CUBLAS_STATUS_ALLOC_FAILED;
        let none: Result<(), CudaError> = Err(cublas::result::CublasError(status).into());
        assert!(matches!(Error::from(none.w().unwrap_err()), Error::GpuMemory));
        let other: Result<(), _> = Err(driver::DriverError(driver::sys::CUresult::CUDA_ERROR_ILLEGAL_ADDRESS));
        assert!(matches!(Error::from(other.w().unwrap_err()), Error::Compute(_)));
    }

    #[test]
    fn options_are_named_as_whoever_wrote_them_does() {
        let error = Error::usage("‹cut-batch› 0 is out of range", "give a ‹cut-batch› from 1 to 4096");
        assert_eq!(error.to_string(), "--cut-batch 0 is out of range");
        assert_eq!(error.hint(), "give a --cut-batch from 1 to 4096");
        let (message, hint) = error.in_fields();
        assert_eq!(
            (message.as_str(), hint.as_str()),
            ("cut_batch 0 is out of range", "give a cut_batch from 1 to 4096")
        );
        assert!(Error::GpuMemory.in_fields().1.contains("lower cut_batch, max_memory or size"));
    }

    #[test]
    fn used_up_memory_is_told_from_other_faults() {
        assert!(is_out_of_memory(r#"DriverError(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")"#));
        assert!(is_out_of_memory("CudnnError(CUDNN_STATUS_ALLOC_FAILED)"));
        assert!(!is_out_of_memory(r#"DriverError(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access")"#));
        assert!(!is_out_of_memory("cannot allocate memory"));
    }
}
