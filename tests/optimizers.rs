//! The optimisers against PyTorch's: 20 steps on 0.5 xᵀAx + Σ sin x from x0, learning rate 0.1.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

mod common;

use candle_core::Var;
use common::{reference, relative_distance};
use text2art::optimizer::{Optimizer, OptimizerKind};

#[test]
fn paths_equal_pytorchs() {
    let expected = reference("optimizers/expected.safetensors");
    for &(kind, name) in OptimizerKind::ALL {
        let x = Var::from_tensor(&expected["x0"]).unwrap();
        let mut optimizer = Optimizer::new(kind, std::slice::from_ref(&x)).unwrap();
        let path = &expected[name];
        for step in 0..20 {
            let slope = expected["A"].matmul(&x.unsqueeze(1).unwrap()).unwrap().squeeze(1).unwrap();
            let gradient = (slope + x.cos().unwrap()).unwrap();
            optimizer.step(std::slice::from_ref(&x), &[gradient], 0.1).unwrap();
            let distance = relative_distance(x.as_tensor(), &path.get(step).unwrap());
            assert!(distance < 1e-5, "{name}: off by {distance} at step {step}");
        }
    }
}
