//! A network's passes on the tensor library's GPU memory.

use std::sync::{Arc, Mutex};

use candle_core::{CudaStorage, Error, Layout, Result, Shape};

use super::accelerator::{Accelerator, Buffer, Slice};
use super::card::Card;
use super::execution::OnDevice;
use crate::frozen::network::passes::{Execution, Gradient, Record, Values, back, run};
use crate::frozen::network::{Forward, taken};

/// The records of a pass; none if nothing is recorded.
pub type Records = Option<Mutex<Vec<Record<Buffer>>>>;

/// Applies the network to a tensor.
pub fn forward(pass: &Forward, storage: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
    let card = Card::of(&storage.device)?;
    let (network, accelerator) = (&pass.network, card.as_ref() as &dyn Accelerator);
    let execution = OnDevice { accelerator, residents: &network.residents };
    let values = Arc::new(execution.copy(&view(&card, storage, layout)?)?);
    let x = Values { shape: layout.dims().to_vec(), values };
    let output = match &pass.records_on_device {
        None => run(&execution, &network.steps, x, None, &[])?,
        Some(records) => {
            let recomputed = network.recomputed_steps(&x.shape)?;
            let mut kept = Vec::new();
            let output = run(&execution, &network.steps, x, Some(&mut kept), &recomputed)?;
            *records.lock().map_err(|_| Error::Msg("a thread of the network failed".into()))? = kept;
            output
        }
    };
    let own = Arc::try_unwrap(output.values).or_else(|shared| execution.copy(&shared))?;
    Ok((card.storage(own)?, Shape::from(output.shape)))
}

/// The gradient of the network's input, from that of its output.
pub fn backward(pass: &Forward, gradient: &CudaStorage, layout: &Layout) -> Result<CudaStorage> {
    let card = Card::of(&gradient.device)?;
    let steps = &pass.network.steps;
    let execution = OnDevice { accelerator: card.as_ref(), residents: &pass.network.residents };
    let records = taken(pass.records_on_device.as_ref(), steps)?;
    let gradient = view(&card, gradient, layout)?;
    card.storage(back(&execution, steps, records, Gradient::Lent(&gradient))?.into_own(&execution)?)
}

/// The numbers of a tensor, which the caller keeps alive.
fn view(card: &Card, storage: &CudaStorage, layout: &Layout) -> Result<Slice> {
    let (start, end) =
        layout.contiguous_offsets().ok_or_else(|| Error::Msg("a network needs a contiguous input".into()))?;
    let slice = card.view(storage.as_cuda_slice::<f32>()?);
    Ok(Slice::new(slice.at(start).address(), end - start))
}
