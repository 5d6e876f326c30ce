//! The program with NVIDIA GPUs, in builds with the feature `cuda`: on a card (`cuda_parity`), and without one on
//! stand-ins for NVIDIA's libraries that refuse (`cuda_stand_ins`) or compute (`virtual_card`).

#[path = "../common/mod.rs"]
mod common;

mod cuda_parity;
mod cuda_stand_ins;
mod virtual_card;
