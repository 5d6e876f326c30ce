//! The distance between features on the unit sphere.

use candle_core::{Device, Result, Tensor};

use crate::frozen::cuda::layers::SphericalDistanceOnDevice;
use crate::frozen::{self, Layer, Network};

/// Half the square of the angle between features `[batch, features]` and targets `[targets, features]`, as
/// `[batch, targets]`. The lengths of the vectors do not matter.
///
/// If θ is the angle between unit vectors a and b, θ = 2 asin(‖a − b‖ / 2). So this is 2 asin(‖a − b‖ / 2)², the
/// spherical distance of the VQGAN+CLIP programs (Crowson, 2021). The gradient is finite everywhere, and zero at a = b
/// and at a = −b.
///
/// # Errors
/// If the lengths of features and targets differ.
pub fn distances(features: &Tensor, targets: &Tensor) -> Result<Tensor> {
    distances_to(targets)?.forward(features)
}

/// The network from features to their [`distances`] to these targets, which prepares the targets once.
///
/// # Errors
/// If the targets have another shape.
pub(crate) fn distances_to(targets: &Tensor) -> Result<Network> {
    let (count, length) = targets.dims2()?;
    Ok(Network::of(SphericalDistance { units: units(targets)?, count, length }))
}

/// Targets `[targets, features]`, each of unit length.
fn units(targets: &Tensor) -> Result<Vec<f32>> {
    let (_, length) = targets.dims2()?;
    let mut units = targets.flatten_all()?.to_vec1::<f32>()?;
    for target in units.chunks_mut(length.max(1)) {
        let scale = 1.0 / norm(target).max(f64::MIN_POSITIVE);
        for value in target.iter_mut() {
            *value = narrow(f64::from(*value) * scale);
        }
    }
    Ok(units)
}

/// Half the square of the angle between each feature and the target of the same row, both `[batch, features]`, as
/// `[batch, 1]`. The distance is as in [`distances`]. Computes on the host; the gradient of the features is recorded.
///
/// # Errors
/// If the shapes differ.
pub(super) fn paired_distances(features: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (_, length) = targets.dims2()?;
    let units = units(targets)?;
    // The numbers are few, and the targets are others in each iteration: a twin for GPUs would not pay.
    let paired = PairedDistance { units, length };
    Network::of(paired).forward(&features.to_device(&Device::Cpu)?)?.to_device(features.device())
}

/// The cosine of the angle with a spherical distance d: cos √(2 d).
#[must_use]
pub fn cosine(distance: f64) -> f64 {
    (2.0 * distance.max(0.0)).sqrt().cos()
}

struct SphericalDistance {
    /// Targets of unit length, `[count, length]`
    units: Vec<f32>,
    count: usize,
    length: usize,
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt()
}

#[allow(clippy::cast_possible_truncation)]
fn narrow(value: f64) -> f32 {
    value as f32
}

/// The angle between `feature / length` and a unit vector: 2 atan2(‖a − b‖, ‖a + b‖), which is precise near 0 and near
/// π (Kahan, "How futile are mindless assessments of roundoff", 2006).
fn angle(feature: &[f32], length: f64, unit: &[f32]) -> f64 {
    let (mut apart, mut together) = (0.0, 0.0);
    for (a, b) in feature.iter().zip(unit) {
        let (a, b) = (f64::from(*a) / length, f64::from(*b));
        apart += (a - b) * (a - b);
        together += (a + b) * (a + b);
    }
    2.0 * apart.sqrt().atan2(together.sqrt())
}

/// Adds the gradient of a distance with respect to the feature, times `gradient`:
/// ∂(θ²/2)/∂f = −θ / sin θ · (b − cos θ · a) / ‖f‖, where the length of b − cos θ · a is sin θ.
fn add_slope(total: &mut [f64], feature: &[f32], length: f64, unit: &[f32], gradient: f64) {
    let angle = angle(feature, length, unit);
    let (sine, cosine) = angle.sin_cos();
    // At a = b the tangent vanishes and θ / sin θ is 1; at a = −b no direction leads away.
    let slope = if sine > 1e-6 { angle / sine } else { f64::from(u8::from(cosine > 0.0)) };
    let factor = -gradient * slope / length;
    for ((total, a), b) in total.iter_mut().zip(feature).zip(unit) {
        *total += factor * (f64::from(*b) - cosine * f64::from(*a) / length);
    }
}

/// The distance of each feature to the target of the same row.
struct PairedDistance {
    /// Targets of unit length, `[batch, length]`
    units: Vec<f32>,
    length: usize,
}

impl Layer for PairedDistance {
    fn name(&self) -> &'static str {
        "paired distance"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, length] if length == self.length && batch * length == self.units.len() => Ok(vec![batch, 1]),
            _ => Err(candle_core::Error::Msg(format!(
                "{} features of length {} expected, not {input_shape:?}",
                self.units.len() / self.length.max(1),
                self.length
            ))),
        }
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        let pairs = input.chunks(self.length).zip(self.units.chunks(self.length));
        for ((feature, unit), distance) in pairs.zip(output) {
            let angle = angle(feature, norm(feature), unit);
            *distance = narrow(angle * angle / 2.0);
        }
    }

    fn needs_input(&self) -> bool {
        true
    }

    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let pairs = input.chunks(self.length).zip(self.units.chunks(self.length));
        for (((feature, unit), gradient), dx) in pairs.zip(output_gradient).zip(input_gradient.chunks_mut(self.length))
        {
            let mut total = vec![0.0; self.length];
            add_slope(&mut total, feature, norm(feature), unit, f64::from(*gradient));
            for (dx, total) in dx.iter_mut().zip(total) {
                *dx = narrow(total);
            }
        }
    }
}

impl Layer for SphericalDistance {
    fn name(&self) -> &'static str {
        "spherical distance"
    }

    fn output_shape(&self, input_shape: &[usize]) -> Result<Vec<usize>> {
        match *input_shape {
            [batch, length] if length == self.length => Ok(vec![batch, self.count]),
            _ => Err(candle_core::Error::Msg(format!(
                "features of length {} expected, not {input_shape:?}",
                self.length
            ))),
        }
    }

    fn forward(&self, _: &[usize], input: &[f32], output: &mut [f32]) {
        for (feature, distances) in input.chunks(self.length).zip(output.chunks_mut(self.count)) {
            let length = norm(feature);
            for (unit, distance) in self.units.chunks(self.length).zip(distances) {
                let angle = angle(feature, length, unit);
                *distance = narrow(angle * angle / 2.0);
            }
        }
    }

    fn needs_input(&self) -> bool {
        true
    }

    fn backward(&self, _: &[usize], input: &[f32], output_gradient: &[f32], input_gradient: &mut [f32]) {
        let pictures = input.chunks(self.length).zip(output_gradient.chunks(self.count));
        for ((feature, gradients), dx) in pictures.zip(input_gradient.chunks_mut(self.length)) {
            let length = norm(feature);
            let mut total = vec![0.0; self.length];
            for (unit, gradient) in self.units.chunks(self.length).zip(gradients) {
                add_slope(&mut total, feature, length, unit, f64::from(*gradient));
            }
            for (dx, total) in dx.iter_mut().zip(total) {
                *dx = narrow(total);
            }
        }
    }

    frozen::on_gpu!(|layer, on| SphericalDistanceOnDevice::new(&layer.units, layer.count, layer.length, on)?);
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    #[test]
    fn the_gradient_is_finite_everywhere() {
        let target = [0.6f32, -0.8, 0.0];
        for (factor, expected) in [(1.0, 0.0), (-2.0, std::f64::consts::PI.powi(2) / 2.0)] {
            let feature = Var::new(&[target.map(|value| value * factor)], &Device::Cpu).unwrap();
            let distance = distances(&feature, &Tensor::new(&[target], &Device::Cpu).unwrap()).unwrap();
            let gradients = distance.sum_all().unwrap().backward().unwrap();
            let gradient = gradients.get(&feature).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let distance = distance.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
            assert!((f64::from(distance) - expected).abs() < 1e-6, "{distance}");
            assert!(gradient.iter().all(|value| value.abs() < 1e-3), "{gradient:?}");
        }
    }

    #[test]
    fn pairs_are_the_diagonal_of_all_distances() {
        let random = |seed| {
            let mut stream = crate::random::Stream::new(seed, "test", 0);
            let values: Vec<f32> = (0..4 * 7).map(|_| narrow(stream.between(-1.0, 1.0))).collect();
            Tensor::from_vec(values, (4, 7), &Device::Cpu).unwrap()
        };
        let (features, targets) = (Var::from_tensor(&random(1)).unwrap(), random(2));
        let slopes = [0.5_f32, -1.0, 2.0, 0.25];
        let eye = |row: usize, column: usize| if row == column { slopes[row] } else { 0.0 };
        let diagonal: Vec<f32> = (0..16).map(|index| eye(index / 4, index % 4)).collect();
        let diagonal = Tensor::from_vec(diagonal, (4, 4), &Device::Cpu).unwrap();
        let slopes = Tensor::new(&slopes, &Device::Cpu).unwrap().reshape((4, 1)).unwrap();
        let all = (distances(&features, &targets).unwrap() * diagonal).unwrap();
        let paired = (paired_distances(&features, &targets).unwrap() * slopes).unwrap();
        let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(numbers(&all.sum_keepdim(1).unwrap()), numbers(&paired));
        let gradient = |sum: &Tensor| {
            let gradients = sum.sum_all().unwrap().backward().unwrap();
            numbers(gradients.get(&features).unwrap())
        };
        for (all, paired) in gradient(&all).into_iter().zip(gradient(&paired)) {
            assert!((all - paired).abs() < 1e-6, "{all}, {paired}");
        }
        assert!(paired_distances(&features, &targets.narrow(0, 0, 3).unwrap()).is_err());
    }

    #[test]
    fn a_right_angle() {
        let feature = Var::new(&[[0.0f32, 5.0]], &Device::Cpu).unwrap();
        let distance = distances(&feature, &Tensor::new(&[[3.0f32, 0.0]], &Device::Cpu).unwrap()).unwrap();
        let found = f64::from(distance.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0]);
        assert!((found - (std::f64::consts::FRAC_PI_2).powi(2) / 2.0).abs() < 1e-6);
        assert!(cosine(found).abs() < 1e-6);
        // A step toward the target rotates the feature: the slope is −θ divided by the length of the feature.
        let gradients = distance.sum_all().unwrap().backward().unwrap();
        let gradient = gradients.get(&feature).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!((f64::from(gradient[0]) + std::f64::consts::FRAC_PI_2 / 5.0).abs() < 1e-6);
    }
}
