//! The events of a run, and the signal that stops it.

mod event;
mod stop;

pub use event::{Ending, Event};
pub use stop::Stop;
