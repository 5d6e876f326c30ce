//! What the choice of an algorithm may depend on besides shapes: the processor's instruction set.

/// Whether the processor has AVX2 and FMA, with or without AVX-512.
#[cfg(target_arch = "x86_64")]
pub fn has_avx2() -> bool {
    pulp::x86::V3::try_new().is_some()
}

/// Whether the processor has AVX2 and FMA, with or without AVX-512.
#[cfg(not(target_arch = "x86_64"))]
pub const fn has_avx2() -> bool {
    false
}
