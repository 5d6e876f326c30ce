//! The events of a run, and the signal that stops it.

mod event;
mod figures;
mod stop;

pub use event::{Ending, Event, InFields};
pub use figures::Figures;
pub use stop::Stop;
