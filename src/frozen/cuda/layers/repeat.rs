//! Copies around pictures, and the middle of pictures, on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{Kernel, blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, kernel};
use crate::frozen::{Middle, Padding, Repeat};

impl Repeat {
    /// Runs a kernel with a thread for each number of `to`, between pictures of this shape and a part of the plane of their
    /// copies.
    fn run(&self, on: &dyn Accelerator, kernel: Kernel, shape: &[usize], from: &Slice, to: &Slice) -> Result<()> {
        let sides = [shape[2], shape[3], self.before.0, self.before.1, self.tile.drop_of(shape[2])];
        let part = [shape[2] + self.added.1, shape[3] + self.added.0];
        launch_between(on, kernel, &[&sides[..], &part].concat(), from, to)
    }
}

impl Middle {
    /// Runs a kernel with a thread for each number of `to`, between pictures of this shape and their middle.
    fn run(&self, on: &dyn Accelerator, kernel: Kernel, shape: &[usize], from: &Slice, to: &Slice) -> Result<()> {
        let Padding { top, bottom, left, right } = self.cut;
        let (rows, columns) = (shape[2] - top - bottom, shape[3] - left - right);
        launch_between(on, kernel, &[shape[2], shape[3], left, top, rows, columns], from, to)
    }
}

/// Launches a kernel that takes where to read, where to write, sizes, and the number of elements that it writes.
fn launch_between(on: &dyn Accelerator, kernel: Kernel, sizes: &[usize], from: &Slice, to: &Slice) -> Result<()> {
    let mut arguments = vec![from.into(), to.into()];
    for size in sizes {
        arguments.push(int(*size)?.into());
    }
    arguments.push(long(to.len()).into());
    on.launch(kernel, blocks(to.len()), &arguments)
}

impl Resident for Repeat {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        self.run(on, kernel!("repeat", "repeat_forward"), shape, x, y)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        self.run(on, kernel!("repeat", "repeat_backward"), shape, dy, dx)
    }
}

impl Resident for Middle {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        self.run(on, kernel!("repeat", "middle_forward"), shape, x, y)
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        self.run(on, kernel!("repeat", "middle_backward"), shape, dy, dx)
    }
}
