//! Copies around pictures, and the middle of pictures, on a device.

use candle_core::Result;

use crate::frozen::cuda::accelerator::{blocks, int, long};
use crate::frozen::cuda::{Accelerator, Resident, Slice, launch};
use crate::frozen::{Middle, Padding, Repeat};

impl Resident for Repeat {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let (height, width, count) = (int(shape[2])?, int(shape[3])?, y.len());
        let (left, top, drop) = (int(self.before.0)?, int(self.before.1)?, int(self.tile.drop_of(shape[2]))?);
        let (rows, columns) = (int(shape[2] + self.added.1)?, int(shape[3] + self.added.0)?);
        launch!(
            on,
            "repeat",
            "repeat_forward",
            blocks(count),
            x,
            y,
            height,
            width,
            left,
            top,
            drop,
            rows,
            columns,
            long(count),
        )
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let (height, width, count) = (int(shape[2])?, int(shape[3])?, dx.len());
        let (left, top, drop) = (int(self.before.0)?, int(self.before.1)?, int(self.tile.drop_of(shape[2]))?);
        let (rows, columns) = (int(shape[2] + self.added.1)?, int(shape[3] + self.added.0)?);
        launch!(
            on,
            "repeat",
            "repeat_backward",
            blocks(count),
            dy,
            dx,
            height,
            width,
            left,
            top,
            drop,
            rows,
            columns,
            long(count),
        )
    }
}

impl Resident for Middle {
    fn forward(&self, on: &dyn Accelerator, shape: &[usize], x: &Slice, y: &Slice) -> Result<()> {
        let Padding { top, bottom, left, right } = self.cut;
        let (height, width, count) = (int(shape[2])?, int(shape[3])?, y.len());
        let (rows, columns) = (int(shape[2] - top - bottom)?, int(shape[3] - left - right)?);
        let (left, top) = (int(left)?, int(top)?);
        launch!(
            on,
            "repeat",
            "middle_forward",
            blocks(count),
            x,
            y,
            height,
            width,
            left,
            top,
            rows,
            columns,
            long(count),
        )
    }

    fn backward(&self, on: &dyn Accelerator, shape: &[usize], _: &Slice, dy: &Slice, dx: &Slice) -> Result<()> {
        let Padding { top, bottom, left, right } = self.cut;
        let (height, width, count) = (int(shape[2])?, int(shape[3])?, dx.len());
        let (rows, columns) = (int(shape[2] - top - bottom)?, int(shape[3] - left - right)?);
        let (left, top) = (int(left)?, int(top)?);
        launch!(
            on,
            "repeat",
            "middle_backward",
            blocks(count),
            dy,
            dx,
            height,
            width,
            left,
            top,
            rows,
            columns,
            long(count),
        )
    }
}
