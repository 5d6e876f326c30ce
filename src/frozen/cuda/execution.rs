//! Runs the passes of `passes.rs` on a device, with the layers' weights in the device's memory.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::Result;

use super::accelerator::{Accelerator, Buffer, Slice, blocks, long};
use super::{Resident, kernel};
use crate::frozen::Layer;
use crate::frozen::network::passes::{Execution, Gradient, Rows};

/// The layers of a network in the memory of devices, copied there in the first pass.
#[derive(Default)]
pub struct Residents(Mutex<HashMap<Key, Arc<dyn Resident>>>);

/// Device, layer and type: layers without fields may share an address.
type Key = (usize, usize, TypeId);

impl Residents {
    /// The layer on a device. `layer` must live as long as this.
    fn get(&self, accelerator: &dyn Accelerator, layer: &dyn Layer) -> Result<Arc<dyn Resident>> {
        let kind = (layer as &dyn Any).type_id();
        let key = (accelerator.id(), std::ptr::from_ref(layer).cast::<()>() as usize, kind);
        // A thread that failed left the map intact.
        let mut residents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resident) = residents.get(&key) {
            return Ok(resident.clone());
        }
        let resident: Arc<dyn Resident> = layer.resident(accelerator)?.into();
        residents.insert(key, resident.clone());
        Ok(resident)
    }
}

/// Runs passes on a device.
pub struct OnDevice<'a> {
    /// The device
    pub accelerator: &'a dyn Accelerator,
    /// The network's layers on it
    pub residents: &'a Residents,
}

impl Execution for OnDevice<'_> {
    type View = Slice;
    type Buffer = Buffer;

    fn forward(&self, layer: &dyn Layer, shape: &[usize], input: &Slice, output_shape: &[usize]) -> Result<Buffer> {
        let output = self.accelerator.allocate(output_shape.iter().product())?;
        self.residents.get(self.accelerator, layer)?.forward(self.accelerator, shape, input, &output)?;
        Ok(output)
    }

    fn backward(
        &self,
        layer: &dyn Layer,
        shape: &[usize],
        input: Option<&Slice>,
        gradient: Gradient<Self>,
    ) -> Result<Buffer> {
        let resident = self.residents.get(self.accelerator, layer)?;
        let nothing = Slice::default();
        let input = input.unwrap_or(&nothing);
        match (layer.in_place(), gradient) {
            (Some(_), Gradient::Own(gradient)) => {
                resident.backward(self.accelerator, shape, input, &gradient, &gradient)?;
                Ok(gradient)
            }
            (_, gradient) => {
                let input_gradient = self.accelerator.allocate(shape.iter().product())?;
                resident.backward(self.accelerator, shape, input, &gradient, &input_gradient)?;
                Ok(input_gradient)
            }
        }
    }

    fn join(&self, first: &Slice, second: &Slice, rows: Rows) -> Result<Buffer> {
        let joined = self.accelerator.allocate(rows.count * rows.joined())?;
        for index in 0..rows.count {
            let start = index * rows.joined();
            self.accelerator.copy(&part(first, index * rows.first, rows.first), &part(&joined, start, rows.first))?;
            let (source, target) =
                (part(second, index * rows.second, rows.second), part(&joined, start + rows.first, rows.second));
            self.accelerator.copy(&source, &target)?;
        }
        Ok(joined)
    }

    fn split(&self, joined: &Slice, rows: Rows) -> Result<(Buffer, Buffer)> {
        let first = self.accelerator.allocate(rows.count * rows.first)?;
        let second = self.accelerator.allocate(rows.count * rows.second)?;
        for index in 0..rows.count {
            let start = index * rows.joined();
            self.accelerator.copy(&part(joined, start, rows.first), &part(&first, index * rows.first, rows.first))?;
            let (source, target) =
                (part(joined, start + rows.first, rows.second), part(&second, index * rows.second, rows.second));
            self.accelerator.copy(&source, &target)?;
        }
        Ok((first, second))
    }

    fn sum(&self, first: Buffer, second: &Slice) -> Result<Buffer> {
        let count = first.len();
        let arguments = [first.start(), second.start(), long(count).into()];
        self.accelerator.launch(kernel!("elements", "add"), blocks(count), &arguments)?;
        Ok(first)
    }

    fn copy(&self, values: &Slice) -> Result<Buffer> {
        let copy = self.accelerator.allocate(values.len())?;
        self.accelerator.copy(values, &copy)?;
        Ok(copy)
    }
}

/// A part of a device's memory, which the caller keeps alive.
fn part(slice: &Slice, start: usize, length: usize) -> Slice {
    Slice::new(slice.at(start).address(), length)
}
