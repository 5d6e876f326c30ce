//! What those who watch a run are told, and how they stop it.

mod event;
mod stop;

pub use event::{Ending, Event};
pub use stop::Stop;
