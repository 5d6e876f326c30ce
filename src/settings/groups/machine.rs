//! The options for the device that computes.

group! {
    machine "Machine" {
        setting device: one crate::device::DeviceChoice {
            /// Device to compute on: auto, cpu, cuda or cuda:N
            value: "NAME",
            default: crate::device::DeviceChoice::default(),
        },
        setting precision: one crate::gpu::Precision {
            /// Precision of matrix products on a GPU: f32, tf32 or bf16
            ///
            /// Everything else, including accumulation, uses f32. The CPU always uses f32.
            value: "NAME",
            default: crate::gpu::Precision::default(),
        },
    }
}
