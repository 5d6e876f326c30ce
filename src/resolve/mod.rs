//! From layers of overrides to one [`Settings`](crate::settings::Settings): presets, what a drawer brings, and the rules
//! between settings.

mod check;
mod combine;
mod init_weight;
mod preset;

pub use check::check;
pub use combine::combine;
pub use preset::preset;
