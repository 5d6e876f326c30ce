//! Optimizers with PyTorch's arithmetic (`torch/optim/*.py`, their defaults).

use candle_core::{Tensor, Var};

use crate::{Error, Result};

/// The kinds of optimizers.
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

/// The usual share of the average gradient that a step keeps, as in PyTorch
pub const MOMENTUM: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;
const ADAGRAD_EPSILON: f64 = 1e-10;
const RMSPROP_ALPHA: f64 = 0.99;
const ADAMW_DECAY: f64 = 0.01;

/// Parameters with the same learning rate.
#[derive(Clone, Debug)]
pub struct ParameterGroup {
    /// The parameters, always in the same order
    pub parameters: Vec<Var>,
    /// The factor of the learning rate; 1 for the learning rate in the settings
    pub learning_rate_factor: f64,
}

impl ParameterGroup {
    /// A group of parameters with the learning rate in the settings.
    #[must_use]
    pub fn new(parameters: Vec<Var>) -> Self {
        Self { parameters, learning_rate_factor: 1.0 }
    }
}

/// An optimizer with its state.
pub struct Optimizer {
    kind: OptimizerKind,
    /// The share of the average gradient that a step keeps: PyTorch's first beta
    momentum: f64,
    state: OptimizerState,
}

/// The state of an optimizer between steps. With this state and the parameters, a run continues as if it had not been
/// interrupted.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    /// The number of steps so far
    pub steps: u32,
    /// For each parameter, the averages of the gradient and of its square, or the values that a kind uses instead; with
    /// the shape of the parameter
    pub moments: Vec<[Tensor; 2]>,
}

impl Optimizer {
    /// Creates an optimizer for these parameters.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn new(kind: OptimizerKind, groups: &[ParameterGroup]) -> Result<Self> {
        let zeros = |parameter: &Var| Ok([parameter.zeros_like()?, parameter.zeros_like()?]);
        let parameters = groups.iter().flat_map(|group| &group.parameters);
        let moments = parameters.map(zeros).collect::<Result<_>>()?;
        Ok(Self { kind, momentum: MOMENTUM, state: OptimizerState { steps: 0, moments } })
    }

    /// This optimizer with another momentum, from 0 up to but not including 1. With 0, each step follows its own gradient
    /// alone. Kinds without a momentum stay as they are.
    #[must_use]
    pub fn with_momentum(self, momentum: f64) -> Self {
        Self { momentum, ..self }
    }

    /// The state between steps.
    #[must_use]
    pub fn state(&self) -> &OptimizerState {
        &self.state
    }

    /// Continues from the state of an optimizer of the same kind and parameters.
    ///
    /// # Errors
    /// If the state has other shapes.
    pub fn restore(&mut self, state: OptimizerState) -> Result<()> {
        let shapes = |state: &OptimizerState| -> Vec<_> {
            state.moments.iter().flatten().map(|moment| moment.dims().to_vec()).collect()
        };
        if shapes(&state) != shapes(&self.state) {
            let hint = "use the state that was saved with this picture's settings";
            return Err(Error::usage("the saved state of the optimizer belongs to other parameters", hint));
        }
        let beside = |[first, second]: [Tensor; 2], device| -> Result<_> {
            Ok([first.to_device(device)?, second.to_device(device)?])
        };
        let devices = self.state.moments.iter().map(|[first, _]| first.device());
        let moments = state.moments.into_iter().zip(devices).map(|(pair, device)| beside(pair, device));
        self.state = OptimizerState { steps: state.steps, moments: moments.collect::<Result<_>>()? };
        Ok(())
    }

    /// Moves the parameters against their gradients, which are in the order of the parameters of all groups.
    ///
    /// # Errors
    /// If shapes differ.
    pub fn step(&mut self, groups: &[ParameterGroup], gradients: &[Tensor], learning_rate: f64) -> Result<()> {
        self.state.steps += 1;
        let parameters = groups.iter().flat_map(|group| {
            // A factor of 1 keeps every bit of the learning rate.
            let learning_rate = learning_rate * group.learning_rate_factor;
            group.parameters.iter().map(move |parameter| (parameter, learning_rate))
        });
        for (((parameter, learning_rate), gradient), moments) in parameters.zip(gradients).zip(&mut self.state.moments)
        {
            let gradient = gradient.detach();
            let current = parameter.as_detached_tensor();
            let current = if self.kind == OptimizerKind::AdamW {
                (current * (1.0 - learning_rate * ADAMW_DECAY))?
            } else {
                current
            };
            let change = self.kind.change(self.momentum, self.state.steps, &gradient, moments, learning_rate)?;
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
    /// Whether steps of this kind follow an average of the gradients.
    #[must_use]
    pub fn has_momentum(self) -> bool {
        match self {
            Self::Adam | Self::AdamW | Self::Adamax | Self::RAdam => true,
            Self::Adagrad | Self::RmsProp => false,
        }
    }

    /// The value that a step subtracts from a parameter.
    fn change(
        self,
        momentum: f64,
        steps: u32,
        gradient: &Tensor,
        [first, second]: &mut [Tensor; 2],
        learning_rate: f64,
    ) -> candle_core::Result<Tensor> {
        let steps = f64::from(steps);
        let correction_1 = 1.0 - momentum.powf(steps);
        let correction_2 = 1.0 - BETA_2.powf(steps);
        match self {
            Self::Adam | Self::AdamW => {
                *first = average(first, gradient, momentum)?;
                *second = average(second, &gradient.sqr()?, BETA_2)?;
                let denominator = ((second.sqrt()? / correction_2.sqrt())? + EPSILON)?;
                (&*first / denominator)? * (learning_rate / correction_1)
            }
            Self::Adamax => {
                *first = average(first, gradient, momentum)?;
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
                *first = average(first, gradient, momentum)?;
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

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    const START: [f32; 2] = [0.5, -2.0];

    fn parameter() -> Var {
        Var::from_slice(&START, 2, &Device::Cpu).unwrap()
    }

    fn values(parameter: &Var) -> Vec<f32> {
        parameter.to_vec1().unwrap()
    }

    /// Takes three steps of two parameters with changing gradients.
    fn walk(kind: OptimizerKind, groups: &[ParameterGroup], learning_rate: f64) -> Vec<Vec<f32>> {
        let mut optimizer = Optimizer::new(kind, groups).unwrap();
        for step in 0..3_u8 {
            let gradient = |slope: f32| Tensor::new(&[slope + f32::from(step), -slope], &Device::Cpu).unwrap();
            optimizer.step(groups, &[gradient(0.25), gradient(3.0)], learning_rate).unwrap();
        }
        groups.iter().flat_map(|group| &group.parameters).map(values).collect()
    }

    #[test]
    fn two_groups_of_factor_one_are_one_group() {
        for (kind, name) in OptimizerKind::ALL {
            let one = walk(*kind, &[ParameterGroup::new(vec![parameter(), parameter()])], 0.1);
            let two = [0, 1].map(|_| ParameterGroup::new(vec![parameter()]));
            assert_eq!(walk(*kind, &two, 0.1), one, "{name}");
        }
    }

    #[test]
    fn without_momentum_each_step_follows_its_own_gradient() {
        // Adam with betas (0, 0.999), computed in double precision.
        let gradients = [[0.5_f32, -3.0], [-0.25, 1.0], [4.0, 0.125]];
        let parameter = parameter();
        let groups = [ParameterGroup::new(vec![parameter.clone()])];
        let mut optimizer = Optimizer::new(OptimizerKind::Adam, &groups).unwrap().with_momentum(0.0);
        let (mut expected, mut squares) = (START.map(f64::from), [0.0; 2]);
        for (step, gradient) in (1..).zip(gradients) {
            optimizer.step(&groups, &[Tensor::new(&gradient, &Device::Cpu).unwrap()], 0.1).unwrap();
            for ((value, square), slope) in expected.iter_mut().zip(&mut squares).zip(gradient.map(f64::from)) {
                *square = 0.999 * *square + 0.001 * slope * slope;
                *value -= 0.1 * slope / ((*square / (1.0 - 0.999_f64.powi(step))).sqrt() + 1e-8);
            }
            for (found, expected) in values(&parameter).into_iter().zip(expected) {
                assert!((f64::from(found) - expected).abs() < 1e-5, "{step}: {found}, {expected}");
            }
        }
        // The usual momentum is the default, and kinds without one ignore it.
        let walked = |kind, momentum: Option<f64>| {
            let groups = [ParameterGroup::new(vec![self::parameter()])];
            let optimizer = Optimizer::new(kind, &groups).unwrap();
            let mut optimizer = match momentum {
                Some(momentum) => optimizer.with_momentum(momentum),
                None => optimizer,
            };
            for gradient in gradients {
                optimizer.step(&groups, &[Tensor::new(&gradient, &Device::Cpu).unwrap()], 0.1).unwrap();
            }
            values(&groups[0].parameters[0])
        };
        for (kind, name) in OptimizerKind::ALL {
            assert_eq!(walked(*kind, None), walked(*kind, Some(MOMENTUM)), "{name}");
            assert_eq!(walked(*kind, None) == walked(*kind, Some(0.0)), !kind.has_momentum(), "{name}");
        }
    }

    #[test]
    fn a_group_moves_by_its_own_rate() {
        for (kind, name) in OptimizerKind::ALL {
            let group = |learning_rate_factor| ParameterGroup { parameters: vec![parameter()], learning_rate_factor };
            let found = walk(*kind, &[group(1.0), group(0.5)], 0.1);
            let whole = walk(*kind, &[group(1.0), group(1.0)], 0.1);
            let half = walk(*kind, &[group(1.0), group(1.0)], 0.05);
            assert_eq!([&found[0], &found[1]], [&whole[0], &half[1]], "{name}");
        }
        // The first step of Adam is the learning rate, with the sign of the gradient: m / (1 - b1) over the root of
        // v / (1 - b2).
        let groups = [1.0, 0.5]
            .map(|learning_rate_factor| ParameterGroup { parameters: vec![parameter()], learning_rate_factor });
        let gradient = Tensor::new(&[2.0_f32, -3.0], &Device::Cpu).unwrap();
        let mut optimizer = Optimizer::new(OptimizerKind::Adam, &groups).unwrap();
        optimizer.step(&groups, &[gradient.clone(), gradient], 0.1).unwrap();
        for (group, moved) in groups.iter().zip([0.1, 0.05]) {
            let expected = [START[0] - moved, START[1] + moved];
            let found = values(&group.parameters[0]);
            assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{found:?}");
        }
    }
}
