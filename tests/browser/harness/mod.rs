//! A browser that is driven as a user would: by the names of fields, buttons and links.

mod axe;
mod driver;
mod look;
mod mailbox;
mod page;
mod watch;

pub use driver::{Browser, Scripts};
pub use look::{Colors, PHONE, TABLET, WIDE};
pub use mailbox::{Mailbox, link};
