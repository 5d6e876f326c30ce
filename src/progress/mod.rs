//! The events of a run, and the signal that stops it.

mod event;
mod stop;

pub use event::{Ending, Event, InFields};
pub use stop::Stop;
