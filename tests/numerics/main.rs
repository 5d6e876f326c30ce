//! What the library computes, against reference data, layers written plainly in f64, and finite differences.

#[path = "../common/mod.rs"]
mod common;

mod clip_parity;
mod frozen_layers;
mod guidance;
mod kernels;
mod optimizers;
mod properties;
mod recomputing;
mod reference_run;
mod text_towers;
mod tiles;
mod upscalers;
mod vqgan_parity;
