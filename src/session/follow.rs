//! Sessions that follow each other: a frame of a film continues from the previous one.

use candle_core::{DType, Device, Tensor};

use super::Session;
use super::second_pass::of_another_run;
use crate::Result;
use crate::device::bring;

/// What a finished session leaves for the next one: the parameters of its drawer, and the colors that it chose.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The numbers of each parameter
    pub parameters: Vec<Vec<f32>>,
    /// The colors that were chosen from the picture, if the settings ask for that
    pub palette: Option<Vec<[u8; 3]>>,
}

impl Trace {
    /// The weighted mean of traces of the same form, with the colors of the first. The sum of the weights must not be 0.
    ///
    /// # Errors
    /// If the traces have different forms.
    pub fn mean(traces: &[(&Self, f64)]) -> Result<Self> {
        let Some((first, _)) = traces.first() else { return Err(of_another_run()) };
        let form = |trace: &Self| trace.parameters.iter().map(Vec::len).collect::<Vec<_>>();
        if traces.iter().any(|(trace, _)| form(trace) != form(first)) {
            return Err(of_another_run());
        }
        let whole: f64 = traces.iter().map(|(_, weight)| weight).sum();
        let mut parameters = first.parameters.clone();
        for (index, values) in parameters.iter_mut().enumerate() {
            for (place, value) in values.iter_mut().enumerate() {
                let sum: f64 =
                    traces.iter().map(|(trace, weight)| weight * f64::from(trace.parameters[index][place])).sum();
                #[allow(clippy::cast_possible_truncation)]
                let mean = (sum / whole) as f32;
                *value = mean;
            }
        }
        Ok(Self { parameters, palette: first.palette.clone() })
    }
}

impl Session {
    /// Frees what only iterations need. The picture, the drawing and the figures stay available, also for other parameters
    /// ([`Session::take`]). No iteration may be in progress ([`Session::halt`]) or follow.
    pub fn rest(&mut self) {
        self.judge.perceptors.clear();
        self.losses.clear();
        (self.last, self.masking, self.overlay) = (None, None, None);
    }

    /// The trace that this session leaves now. No iteration may be in progress ([`Session::halt`]).
    ///
    /// # Errors
    /// If the parameters cannot be read.
    pub fn trace(&self) -> Result<Trace> {
        let parameters = self.drawer.parameters();
        let values = parameters.iter().map(|parameter| {
            let values = parameter.as_detached_tensor().to_dtype(DType::F32)?;
            Ok(bring(&values)?.flatten_all()?.to_vec1()?)
        });
        let palette = self.coloring.as_ref().and_then(super::Coloring::found).map(<[_]>::to_vec);
        Ok(Trace { parameters: values.collect::<Result<_>>()?, palette })
    }

    /// Moves the parameters toward those of an earlier session, by a share from 0 to 1, and takes its colors. The starting
    /// point that the parameters are kept close to stays the same. Call this before the first iteration.
    ///
    /// # Errors
    /// If that session had a different drawer or size.
    pub fn follow(&mut self, before: &Trace, share: f64) -> Result<()> {
        let own = self.trace()?;
        let mixed = Trace::mean(&[(before, share), (&own, 1.0 - share)])?;
        self.take(&mixed)
    }

    /// Takes parameters and colors as they are. No iteration may be in progress ([`Session::halt`]).
    ///
    /// # Errors
    /// If they belong to a different drawer or size.
    pub fn take(&mut self, trace: &Trace) -> Result<()> {
        let parameters = self.drawer.parameters();
        let fits = parameters.len() == trace.parameters.len()
            && parameters.iter().zip(&trace.parameters).all(|(own, values)| own.elem_count() == values.len());
        if !fits {
            return Err(of_another_run());
        }
        for (parameter, values) in parameters.iter().zip(&trace.parameters) {
            let tensor = Tensor::from_slice(values, parameter.shape(), &Device::Cpu)?;
            parameter.set(&tensor.to_dtype(parameter.dtype())?.to_device(parameter.device())?)?;
        }
        self.drawer.constrain()?;
        if let (Some(coloring), Some(palette)) = (&mut self.coloring, &trace.palette) {
            coloring.restore(palette.clone())?;
        }
        self.averaged.take();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(values: &[f32]) -> Trace {
        Trace { parameters: vec![values.to_vec(), vec![1.0]], palette: None }
    }

    #[test]
    fn traces_have_a_weighted_mean() {
        let mean = Trace::mean(&[(&trace(&[0.0, 8.0]), 0.25), (&trace(&[4.0, 0.0]), 0.75)]).unwrap();
        assert_eq!(mean, trace(&[3.0, 2.0]));
        // Weights need not sum to 1: 3 of 10, 10 of 10, 3 of 10.
        let smooth = [(&trace(&[1.6, 0.0]), 0.3), (&trace(&[0.0, 3.2]), 1.0), (&trace(&[1.6, 0.0]), 0.3)];
        let found = Trace::mean(&smooth).unwrap();
        for (found, expected) in found.parameters[0].iter().zip([0.6, 2.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert!(Trace::mean(&[(&trace(&[1.0]), 0.5), (&trace(&[1.0, 2.0]), 0.5)]).is_err());
        assert!(Trace::mean(&[]).is_err());
    }
}
