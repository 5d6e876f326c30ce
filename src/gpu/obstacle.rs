//! Why a GPU cannot be used, in words for the user.

use std::fmt;

use serde::{Serialize, Serializer};

#[cfg(any(feature = "cuda", test))]
use crate::error::is_out_of_memory;
use crate::text::{Spelling, spelled};

/// Why a GPU cannot be used, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// What is wrong
    pub problem: String,
    /// What to do
    #[serde(serialize_with = "flags")]
    pub hint: String,
}

impl Obstacle {
    pub(crate) fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { problem: problem.into(), hint: hint.into() }
    }

    /// Explains the driver's error code to the user (`cuda.h`, `CUresult`). `hidden` is the value of the variable
    /// `CUDA_VISIBLE_DEVICES`.
    #[cfg(any(feature = "cuda", test))]
    pub(crate) fn of_driver(code: &str, hidden: Option<&str>) -> Self {
        let unseen = "check what the driver sees with nvidia-smi (a container needs --gpus all), or use ‹device› cpu";
        match (code, hidden) {
            ("CUDA_ERROR_NO_DEVICE", Some(hidden)) => Self::new(
                format!("the driver finds no NVIDIA GPU, and CUDA_VISIBLE_DEVICES is `{hidden}`"),
                "unset CUDA_VISIBLE_DEVICES to see all GPUs, or use ‹device› cpu",
            ),
            ("CUDA_ERROR_NO_DEVICE", None) => Self::new("the driver finds no NVIDIA GPU", unseen),
            ("CUDA_ERROR_STUB_LIBRARY", _) => Self::new(
                "the libcuda.so.1 that was found is the toolkit's stub, which is only for linking",
                "remove the toolkit's `stubs` folder from LD_LIBRARY_PATH, so that the driver's libcuda.so.1 is found",
            ),
            ("CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" | "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE", _) => Self::new(
                format!("the driver and libcuda.so.1 have different versions ({code})"),
                "restart the machine after an update of the driver, or use ‹device› cpu",
            ),
            ("CUDA_ERROR_SYSTEM_NOT_READY", _) => Self::new(
                format!("the driver is not ready ({code})"),
                "start nvidia-fabricmanager, which machines with NVSwitch need, or use ‹device› cpu",
            ),
            ("CUDA_ERROR_DEVICE_UNAVAILABLE", _) => Self::new(
                "another program has exclusive use of the GPU",
                "close that program, set the compute mode to default (nvidia-smi -c 0), or use ‹device› cpu",
            ),
            ("CUDA_ERROR_JIT_COMPILER_NOT_FOUND", _) => Self::new(
                "the driver's compiler libnvidia-ptxjitcompiler.so.1 is missing",
                "install the complete driver, or use ‹device› cpu",
            ),
            (code, _) if is_out_of_memory(code) => {
                let hint = "close other GPU programs (nvidia-smi lists them), or use ‹device› cpu";
                Self::new("the GPU has too little free memory to start", hint)
            }
            (code, _) => Self::new(format!("the driver reports {code}"), unseen),
        }
    }
}

fn flags<S: Serializer>(hint: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&spelled(hint, Spelling::Flag))
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_in_words() {
        let none = Obstacle::of_driver("CUDA_ERROR_NO_DEVICE", None);
        assert_eq!(none.to_string(), "the driver finds no NVIDIA GPU");
        let hidden = Obstacle::of_driver("CUDA_ERROR_NO_DEVICE", Some("-1"));
        assert!(hidden.problem.contains("CUDA_VISIBLE_DEVICES is `-1`") && hidden.hint.contains("unset"));
        for code in ["CUDA_ERROR_OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED"] {
            assert!(Obstacle::of_driver(code, None).problem.contains("free memory"), "{code}");
        }
        assert!(Obstacle::of_driver("CUDA_ERROR_UNKNOWN", None).problem.ends_with("reports CUDA_ERROR_UNKNOWN"));
    }
}
