//! Starts the chain rule in the middle, with a gradient that was computed elsewhere.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// Returns a zero, recorded such that its derivative with respect to `result` is `gradient`, alone or as a term of a
/// sum. Nothing is computed for it.
///
/// # Errors
/// If the shapes differ.
pub fn with_gradient(result: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    if result.shape() != gradient.shape() {
        let (shape, of_gradient) = (result.dims(), gradient.dims());
        return Err(candle_core::Error::Msg(format!("expected a gradient of {shape:?}, not {of_gradient:?}")));
    }
    result.apply_op1(Given(gradient.detach()))
}

struct Given(Tensor);

impl CustomOp1 for Given {
    fn name(&self) -> &'static str {
        "given gradient"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![0.0]), ().into()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &candle_core::CudaStorage, _: &Layout) -> Result<(candle_core::CudaStorage, Shape)> {
        let zero = storage.device.alloc_zeros::<f32>(1)?;
        Ok((candle_core::CudaStorage::wrap_cuda_slice(zero, storage.device.clone()), ().into()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn a_given_gradient_goes_on_by_the_chain_rule() {
        let x = Var::new(&[1.0_f32, 2.0, 3.0], &Device::Cpu).unwrap();
        let given = Tensor::new(&[10.0_f32, 100.0, 1000.0], &Device::Cpu).unwrap();
        let objective = with_gradient(&x.sqr().unwrap(), &given).unwrap();
        let objective = (objective + x.sum_all().unwrap()).unwrap();
        // 2 x · given + 1
        let gradients = objective.backward().unwrap();
        assert_eq!(gradients.get(&x).unwrap().to_vec1::<f32>().unwrap(), [21.0, 401.0, 6001.0]);
        let error = with_gradient(&x, &given.narrow(0, 0, 2).unwrap()).unwrap_err();
        assert!(error.to_string().contains("expected a gradient of [3], not [2]"), "{error}");
    }
}
