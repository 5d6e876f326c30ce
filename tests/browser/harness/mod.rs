//! A browser that is driven as a user would: by the names of fields, buttons and links.

mod driver;
mod page;
mod watch;

pub use driver::{Browser, Scripts};
