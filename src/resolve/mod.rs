//! Combines layers of overrides into one [`Settings`](crate::settings::Settings): presets, the defaults of drawers, and
//! the rules between settings.

mod animation;
mod below_recipe;
mod check;
mod combine;
mod command;
#[cfg(feature = "server")]
mod flatten;
mod init_weight;
mod preset;
mod shortest;
mod story;

pub use below_recipe::below_recipe;
pub use check::check;
pub use combine::combine;
pub use command::command;
#[cfg(feature = "server")]
pub use flatten::flatten;
pub use preset::preset;
pub use shortest::shortest;
