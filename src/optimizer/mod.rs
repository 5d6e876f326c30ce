//! Optimisers with PyTorch's arithmetic (`torch/optim/*.py`, their defaults).

use candle_core::{Tensor, Var};

use crate::{Error, Result};

/// Which optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Kingma and Ba, 2015
    Adam,
    /// Loshchilov and Hutter, 2019
    AdamW,
    /// Kingma and Ba, 2015, section 7.1
    Adamax,
    /// Duchi et al., 2011
    Adagrad,
    /// Liu et al., 2020
    RAdam,
    /// Tieleman and Hinton, 2012
    RmsProp,
}

crate::text::named_values!(OptimizerKind, "optimizer", {
    Adam => "adam",
    AdamW => "adamw",
    Adamax => "adamax",
    Adagrad => "adagrad",
    RAdam => "radam",
    RmsProp => "rmsprop",
});

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;
const ADAGRAD_EPSILON: f64 = 1e-10;
const RMSPROP_ALPHA: f64 = 0.99;
const ADAMW_DECAY: f64 = 0.01;

/// An optimiser with its state.
pub struct Optimizer {
    kind: OptimizerKind,
    state: OptimizerState,
}

/// What an optimiser remembers between steps: with it and the parameters a run goes on as if it had not
/// been interrupted.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    /// Steps done
    pub steps: u32,
    /// For each parameter the averages of the gradient and of its square, or what stands for them; of
    /// the parameter's shape
    pub moments: Vec<[Tensor; 2]>,
}

impl Optimizer {
    /// A fresh optimiser of these parameters.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn new(kind: OptimizerKind, parameters: &[Var]) -> Result<Self> {
        let zeros = |parameter: &Var| Ok([parameter.zeros_like()?, parameter.zeros_like()?]);
        let moments = parameters.iter().map(zeros).collect::<Result<_>>()?;
        Ok(Self { kind, state: OptimizerState { steps: 0, moments } })
    }

    /// What it remembers.
    #[must_use]
    pub fn state(&self) -> &OptimizerState {
        &self.state
    }

    /// Goes on from what an optimiser of the same kind and parameters remembered.
    ///
    /// # Errors
    /// Where the parameters were others.
    pub fn restore(&mut self, state: OptimizerState) -> Result<()> {
        let shapes = |state: &OptimizerState| -> Vec<_> {
            state.moments.iter().flatten().map(|moment| moment.dims().to_vec()).collect()
        };
        if shapes(&state) != shapes(&self.state) {
            let hint = "use the state that was saved with this picture's settings";
            return Err(Error::usage("the optimiser's state is that of other parameters", hint));
        }
        let beside = |[first, second]: [Tensor; 2], device| -> Result<_> {
            Ok([first.to_device(device)?, second.to_device(device)?])
        };
        let devices = self.state.moments.iter().map(|[first, _]| first.device());
        let moments = state.moments.into_iter().zip(devices).map(|(pair, device)| beside(pair, device));
        self.state = OptimizerState { steps: state.steps, moments: moments.collect::<Result<_>>()? };
        Ok(())
    }

    /// Moves the parameters against their gradients, which stand in the same order.
    ///
    /// # Errors
    /// Where shapes differ.
    pub fn step(&mut self, parameters: &[Var], gradients: &[Tensor], learning_rate: f64) -> Result<()> {
        self.state.steps += 1;
        for ((parameter, gradient), moments) in parameters.iter().zip(gradients).zip(&mut self.state.moments) {
            let gradient = gradient.detach();
            let current = parameter.as_detached_tensor();
            let current = if self.kind == OptimizerKind::AdamW {
                (current * (1.0 - learning_rate * ADAMW_DECAY))?
            } else {
                current
            };
            let change = self.kind.change(self.state.steps, &gradient, moments, learning_rate)?;
            parameter.set(&(current - change)?)?;
        }
        Ok(())
    }
}

/// `average · weight + value · (1 − weight)`
fn average(average: &Tensor, value: &Tensor, weight: f64) -> candle_core::Result<Tensor> {
    (average * weight)? + (value * (1.0 - weight))?
}

impl OptimizerKind {
    /// What a step takes away from a parameter.
    fn change(
        self,
        steps: u32,
        gradient: &Tensor,
        [first, second]: &mut [Tensor; 2],
        learning_rate: f64,
    ) -> candle_core::Result<Tensor> {
        let steps = f64::from(steps);
        let correction_1 = 1.0 - BETA_1.powf(steps);
        let correction_2 = 1.0 - BETA_2.powf(steps);
        match self {
            Self::Adam | Self::AdamW => {
                *first = average(first, gradient, BETA_1)?;
                *second = average(second, &gradient.sqr()?, BETA_2)?;
                let denominator = ((second.sqrt()? / correction_2.sqrt())? + EPSILON)?;
                (&*first / denominator)? * (learning_rate / correction_1)
            }
            Self::Adamax => {
                *first = average(first, gradient, BETA_1)?;
                *second = (&*second * BETA_2)?.maximum(&(gradient.abs()? + EPSILON)?)?;
                (&*first / &*second)? * (learning_rate / correction_1)
            }
            Self::Adagrad => {
                *second = (&*second + gradient.sqr()?)?;
                (gradient / (second.sqrt()? + ADAGRAD_EPSILON)?)? * learning_rate
            }
            Self::RmsProp => {
                *second = average(second, &gradient.sqr()?, RMSPROP_ALPHA)?;
                (gradient / (second.sqrt()? + EPSILON)?)? * learning_rate
            }
            Self::RAdam => {
                *first = average(first, gradient, BETA_1)?;
                *second = average(second, &gradient.sqr()?, BETA_2)?;
                let step = (&*first * (learning_rate / correction_1))?;
                let longest = 2.0 / (1.0 - BETA_2) - 1.0;
                let length = longest - 2.0 * steps * BETA_2.powf(steps) / correction_2;
                if length <= 5.0 {
                    return Ok(step);
                }
                let rectified =
                    ((length - 4.0) * (length - 2.0) * longest / ((longest - 4.0) * (longest - 2.0) * length)).sqrt();
                (step / (second.sqrt()? + EPSILON)?)? * (rectified * correction_2.sqrt())
            }
        }
    }
}
