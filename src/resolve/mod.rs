//! Combines layers of overrides into one [`Settings`](crate::settings::Settings): presets, the defaults of drawers, and
//! the rules between settings.

mod check;
mod combine;
mod init_weight;
mod preset;

pub use check::check;
pub use combine::combine;
pub use preset::preset;
