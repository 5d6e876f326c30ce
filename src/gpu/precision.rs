//! The precision of matrix products on a GPU.

/// The precision of the numbers that go into matrix products on a GPU. Sums and everything else are `f32`; the
/// processor uses `f32` throughout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// 23 fraction bits
    F32,
    /// 10 fraction bits, with the range of `f32` (NVIDIA A100 Tensor Core GPU architecture, 2020)
    #[default]
    Tf32,
    /// 7 fraction bits, with the range of `f32`
    Bf16,
}

crate::text::named_values!(Precision, "precision", { F32 => "f32", Tf32 => "tf32", Bf16 => "bf16" });
