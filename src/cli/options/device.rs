//! The device of a run: opened before anything else is done, with what is to be said of it.

use crate::Result;
use crate::cli::terminal::report::Reporter;
use crate::device::{ComputeDevice, DeviceChoice};
use crate::gpu::Precision;
use crate::progress::Event;

/// Opens what was chosen, and reports why no GPU is used if `auto` found none.
pub(in crate::cli) fn open(choice: DeviceChoice, precision: Precision, reporter: &Reporter) -> Result<ComputeDevice> {
    let device = ComputeDevice::open(choice, precision)?;
    if let Some(obstacle) = device.passed_over() {
        reporter.tell(&Event::Warning { message: format!("computing on the processor: {obstacle}") });
    }
    Ok(device)
}
