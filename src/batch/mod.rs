//! Batches: reads lines, plans and draws their pictures, and records the outcomes.

mod braces;
mod checkpoints;
mod contact_sheet;
mod draw;
mod entry;
mod files;
mod forgotten;
mod ledger;
mod lines;
mod places;
mod plan;
mod results;
mod run;
mod score;
mod seeds;
mod source;
mod study;

pub use braces::expand;
pub use checkpoints::Checkpoints;
pub use contact_sheet::{Card, is_own_sheet, is_page, write_sheet};
pub use draw::Drawn;
pub use entry::{Asked, Entry};
pub use forgotten::Forgotten;
pub use ledger::{Closed, Failures, Ledger};
pub use lines::{LONGEST_LINE, Lines};
pub use places::{Place, Places};
pub use plan::{Common, Done, Group, Plan, Planned, Sample, Work};
pub use results::{Known, Outcome, Record, Results, Status};
pub use run::{Message, Messages, Run, Studio, Task, on_this_machine, start};
#[cfg(feature = "server")]
pub use score::Judges;
pub use source::{Entries, Form, Source, open, read};
pub use study::{Study, is_own_page, sheet_names, write_study};
