//! The average of the parameters over the iterations, whose picture is calmer than that of the last ones.

use candle_core::{Tensor, Var};

use super::second_pass::of_another_run;
use crate::Result;
use crate::drawer::Drawer;

/// A moving average of the parameters, in which each set of parameters counts `decay` times as much as the next one
/// (big-sleep, `ema_decay`). The weights are counted, so the first sets count no less than they should: without that, an
/// average that begins with zeros would have to be divided by 1 − decay^count.
#[derive(Clone, Debug)]
pub struct Average {
    /// The number of sets of parameters
    pub count: u64,
    /// The sum of their weights, of which the last is 1 − decay: above 0, at most 1
    pub weight: f64,
    /// The means, in the order of the parameters
    pub means: Vec<Tensor>,
}

impl Average {
    /// The average with one more set of parameters, each with the shape of its mean. The parameters may change later.
    ///
    /// # Errors
    /// If memory runs out, or a shape differs.
    pub(super) fn with(so_far: Option<&Self>, parameters: &[Var], decay: f64) -> Result<Self> {
        let own = 1.0 - decay;
        let Some(Self { count, weight, means }) = so_far else {
            let means = parameters.iter().map(|parameter| parameter.as_detached_tensor().copy());
            return Ok(Self { count: 1, weight: own, means: means.collect::<candle_core::Result<_>>()? });
        };
        let weight = decay * weight + own;
        let share = own / weight;
        let next =
            |(mean, parameter): (&Tensor, &Var)| (mean * (1.0 - share))? + (parameter.as_detached_tensor() * share)?;
        let means = means.iter().zip(parameters).map(next).collect::<candle_core::Result<_>>()?;
        Ok(Self { count: count + 1, weight, means })
    }

    /// This average on the device of the parameters that it is of.
    ///
    /// # Errors
    /// If it is of other parameters.
    pub(super) fn beside(self, parameters: &[Var]) -> Result<Self> {
        let fits = |(mean, parameter): (&Tensor, &Var)| mean.dims() == parameter.dims();
        let is_of_these = self.means.len() == parameters.len() && self.means.iter().zip(parameters).all(fits);
        if !(is_of_these && self.weight > 0.0 && self.weight <= 1.0) {
            return Err(of_another_run());
        }
        let moved = self.means.iter().zip(parameters).map(|(mean, parameter)| mean.to_device(parameter.device()));
        Ok(Self { means: moved.collect::<candle_core::Result<_>>()?, ..self })
    }

    /// Does something with a drawer that has the averages as its parameters, and then has its own again.
    ///
    /// # Errors
    /// If the parameters cannot be changed, or `then` fails.
    pub(super) fn within<T>(&self, drawer: &dyn Drawer, then: impl FnOnce() -> Result<T>) -> Result<T> {
        let parameters = drawer.parameters();
        let own = parameters.iter().map(|parameter| parameter.as_detached_tensor().copy());
        let own = own.collect::<candle_core::Result<Vec<_>>>()?;
        let done = set(&parameters, &self.means).and_then(|()| then());
        set(&parameters, &own)?;
        done
    }
}

fn set(parameters: &[Var], values: &[Tensor]) -> Result<()> {
    for (parameter, value) in parameters.iter().zip(values) {
        parameter.set(value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn each_set_counts_decay_times_as_much_as_the_next() {
        let parameter = Var::new(&[0.0_f32, 0.0], &Device::Cpu).unwrap();
        let steps = [[0.3_f32, -1.0], [0.7, 2.0], [-0.2, 5.0], [0.1, -3.0]];
        for decay in [0.25, 0.9] {
            let mut average: Option<Average> = None;
            for (index, values) in steps.iter().enumerate() {
                parameter.set(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
                let next = Average::with(average.as_ref(), std::slice::from_ref(&parameter), decay).unwrap();
                let weight = |at: usize| decay.powi(i32::try_from(index - at).unwrap());
                let all: f64 = (0..=index).map(weight).sum();
                for (place, mean) in next.means[0].to_vec1::<f32>().unwrap().into_iter().enumerate() {
                    let of = |at: usize| weight(at) * f64::from(steps[at][place]);
                    let expected = (0..=index).map(of).sum::<f64>() / all;
                    assert!((f64::from(mean) - expected).abs() < 1e-6, "{decay}, {index}: {mean}, {expected}");
                }
                assert!((next.weight - (1.0 - decay) * all).abs() < 1e-12);
                assert_eq!(next.count, index as u64 + 1);
                average = Some(next);
            }
        }
        // The first one is the parameters themselves, and what changes later does not change it.
        parameter.set(&Tensor::new(&[0.1_f32, 0.7], &Device::Cpu).unwrap()).unwrap();
        let first = Average::with(None, std::slice::from_ref(&parameter), 0.9).unwrap();
        parameter.set(&Tensor::new(&[5.0_f32, 5.0], &Device::Cpu).unwrap()).unwrap();
        assert_eq!(first.means[0].to_vec1::<f32>().unwrap(), [0.1, 0.7]);
    }

    #[test]
    fn what_is_of_other_parameters_is_refused() {
        let parameter = |length: usize| vec![Var::zeros(length, candle_core::DType::F32, &Device::Cpu).unwrap()];
        let average = Average::with(None, &parameter(3), 0.5).unwrap();
        assert!(average.clone().beside(&parameter(3)).is_ok() && average.clone().beside(&parameter(4)).is_err());
        assert!(average.clone().beside(&[]).is_err());
        for weight in [0.0, -1.0, 2.0, f64::NAN] {
            assert!(Average { weight, ..average.clone() }.beside(&parameter(3)).is_err(), "{weight}");
        }
    }
}
