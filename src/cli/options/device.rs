//! Opens the device of a run before anything else happens.

use crate::Result;
use crate::cli::terminal::report::Reporter;
use crate::device::{ComputeDevice, DeviceChoice};
use crate::gpu::Precision;
use crate::progress::Event;

/// Opens the chosen device. If `auto` finds no usable GPU, warns about the reason.
pub(in crate::cli) fn open(choice: DeviceChoice, precision: Precision, reporter: &Reporter) -> Result<ComputeDevice> {
    let device = ComputeDevice::open(choice, precision)?;
    if let Some(obstacle) = device.passed_over() {
        reporter.tell(&Event::Warning { message: format!("computing on the CPU: {obstacle}") });
    }
    Ok(device)
}
