//! Which GPU each slot draws on. Each slot has one of its own: two pictures at once would fight for its memory.

use crate::error::{Error, Result};
use crate::text::counted;

/// Names the GPUs that a program sees.
pub(super) const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";

/// The GPU of each slot, as a value of `CUDA_VISIBLE_DEVICES`; none if there is no GPU. `gpus` are the driver's numbers of
/// those that can be used, among the `visible` ones if the variable is set.
///
/// # Errors
///
/// If there are more slots than GPUs.
pub(super) fn share(slots: usize, gpus: &[usize], visible: Option<&str>) -> Result<Vec<String>> {
    let there = gpus.len();
    if there == 0 {
        return Ok(Vec::new());
    }
    if slots > there {
        return Err(Error::usage(
            format!("{slots} jobs at once would share {}", counted(there, "GPU")),
            format!("draw at most {there} at once, one for each GPU, or set {VISIBLE}=-1 to draw on the processor"),
        ));
    }
    let names: Vec<&str> = visible.unwrap_or_default().split(',').map(str::trim).collect();
    let name = |gpu: &usize| match names.get(*gpu) {
        Some(name) if !name.is_empty() => (*name).to_owned(),
        _ => gpu.to_string(),
    };
    Ok(gpus.iter().map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_a_gpu_of_its_own() {
        assert_eq!(share(200, &[], None).unwrap(), [""; 0]);
        assert_eq!(share(1, &[0], None).unwrap(), ["0"]);
        assert_eq!(share(2, &[0, 2], None).unwrap(), ["0", "2"]);
        assert_eq!(share(2, &[0, 1], Some("3, GPU-8932f937")).unwrap(), ["3", "GPU-8932f937"]);
        assert_eq!(share(1, &[0], Some("")).unwrap(), ["0"]);
        for (slots, gpus) in [(2, &[0][..]), (3, &[0, 2])] {
            let error = share(slots, gpus, None).unwrap_err();
            assert!(error.to_string().contains("jobs at once would share"), "{error}");
            assert!(error.hint().contains(&format!("at most {}", gpus.len())), "{}", error.hint());
        }
    }
}
