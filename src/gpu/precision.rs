//! How exactly a GPU multiplies matrices.

/// The numbers that go into the products on a GPU; what is added up, and everything else, is `f32`. The processor computes
/// in `f32` throughout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// 23 bits after the point
    F32,
    /// 10 bits after the point, the range of `f32` (NVIDIA A100 Tensor Core GPU architecture, 2020)
    #[default]
    Tf32,
    /// 7 bits after the point, the range of `f32`
    Bf16,
}

crate::text::named_values!(Precision, "precision", { F32 => "f32", Tf32 => "tf32", Bf16 => "bf16" });
