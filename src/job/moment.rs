//! The picture of one iteration, delivered, enlarged and measured when it is first asked for, and then kept.

use std::cell::RefCell;

use candle_core::Tensor;

use super::enlarge::Enlarger;
use crate::Result;
use crate::progress::Figures;
use crate::session::Session;

/// The picture after the steps before an iteration: the one that the iteration judged or, if the canvas of an animation moved
/// first, the end of the previous frame.
pub(super) struct Moment<'a> {
    session: &'a Session,
    enlarger: &'a Enlarger<'a>,
    drawn: &'a Tensor,
    delivered: RefCell<Option<Tensor>>,
    enlarged: RefCell<Option<Tensor>>,
    figures: RefCell<Option<Figures>>,
}

impl<'a> Moment<'a> {
    /// The moment of a picture that an iteration of the session drew.
    pub(super) fn new(session: &'a Session, enlarger: &'a Enlarger<'a>, drawn: &'a Tensor) -> Self {
        let delivered = RefCell::new(session.frame_end().cloned());
        let (enlarged, figures) = (RefCell::default(), RefCell::default());
        Self { session, enlarger, drawn, delivered, enlarged, figures }
    }

    /// The picture to deliver.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn delivered(&self) -> Result<Tensor> {
        once(&self.delivered, || self.session.delivered(self.drawn))
    }

    /// The picture as files show it.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn enlarged(&self) -> Result<Tensor> {
        once(&self.enlarged, || self.enlarger.enlarge(self.delivered()?))
    }

    /// The figures of the picture.
    ///
    /// # Errors
    /// If the computation fails.
    pub(super) fn figures(&self) -> Result<Figures> {
        once(&self.figures, || {
            let loss = self.session.last().and_then(|last| last.loss_before);
            self.session.figures(&self.delivered()?, loss)
        })
    }
}

/// The value that is kept, computed if there is none.
fn once<T: Clone>(kept: &RefCell<Option<T>>, compute: impl FnOnce() -> Result<T>) -> Result<T> {
    if let Some(value) = &*kept.borrow() {
        return Ok(value.clone());
    }
    let value = compute()?;
    *kept.borrow_mut() = Some(value.clone());
    Ok(value)
}
