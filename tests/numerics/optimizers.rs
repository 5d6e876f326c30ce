//! The optimizers against PyTorch's: 20 steps on 0.5 xᵀAx + Σ sin x from x0, learning rate 0.1.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation)]

use crate::common;

use candle_core::Var;
use common::{reference, relative_distance};
use text2art::optimizer::{Optimizer, OptimizerKind, ParameterGroup};

#[test]
fn paths_equal_pytorchs() {
    let expected = reference("optimizers/expected.safetensors");
    for &(kind, name) in OptimizerKind::ALL {
        let x = Var::from_tensor(&expected["x0"]).unwrap();
        let groups = [ParameterGroup::new(vec![x.clone()])];
        let mut optimizer = Optimizer::new(kind, &groups).unwrap();
        let path = &expected[name];
        for step in 0..20 {
            let slope = expected["A"].matmul(&x.unsqueeze(1).unwrap()).unwrap().squeeze(1).unwrap();
            let gradient = (slope + x.cos().unwrap()).unwrap();
            optimizer.step(&groups, &[gradient], 0.1).unwrap();
            if step == 9 {
                // One that goes on from what was saved takes the same path.
                let mut saved = Optimizer::new(kind, &groups).unwrap();
                saved.restore(optimizer.state().clone()).unwrap();
                optimizer = saved;
            }
            let distance = relative_distance(x.as_tensor(), &path.get(step).unwrap());
            assert!(distance < 1e-5, "{name}: off by {distance} at step {step}");
        }
    }
}

#[test]
fn the_state_of_other_parameters_is_refused() {
    let of = |length: usize| {
        let parameter = Var::zeros(length, candle_core::DType::F32, &candle_core::Device::Cpu).unwrap();
        Optimizer::new(OptimizerKind::Adam, &[ParameterGroup::new(vec![parameter])]).unwrap()
    };
    assert!(of(3).restore(of(4).state().clone()).is_err());
}
