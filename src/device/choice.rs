//! The choice of the device to compute on.

use std::fmt;
use std::str::FromStr;

/// The device a picture is drawn on, as `auto`, `cpu`, `cuda` or `cuda:1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first usable GPU, else the processor
    #[default]
    Auto,
    /// The processor
    Cpu,
    /// The NVIDIA GPU of this number, from 0
    Cuda(usize),
}

/// What other programs call NVIDIA's GPUs.
const OTHER_NAMES: [&str; 2] = ["gpu", "nvidia"];

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().map(Self::Cuda);
        match (text, text.strip_prefix("cuda:").map(number)) {
            ("auto", _) => Ok(Self::Auto),
            ("cpu", _) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(0)),
            (_, Some(Some(gpu))) => Ok(gpu),
            _ => {
                let is_gpu = OTHER_NAMES.iter().any(|name| text.to_lowercase().starts_with(name));
                let given = if is_gpu { "cuda" } else { text };
                let near = crate::text::did_you_mean(given, ["auto", "cpu", "cuda"]);
                Err(format!("`{text}` is not a valid device: use auto, cpu, cuda or cuda:N{near}"))
            }
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
        }
    }
}

crate::text::serde_as_text!(DeviceChoice);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_and_written() {
        for text in ["auto", "cpu", "cuda:0", "cuda:17"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse::<DeviceChoice>().unwrap(), DeviceChoice::Cuda(0));
        for wrong in ["", "cuda:", "cuda:x", "CPU"] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
        for gpu in ["gpu", "GPU:0", "nvidia", "cdua"] {
            assert!(gpu.parse::<DeviceChoice>().unwrap_err().ends_with("; did you mean `cuda`?"), "{gpu}");
        }
    }
}
