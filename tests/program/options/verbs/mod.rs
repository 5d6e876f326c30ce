//! The cases of the verbs: a file for each subject.

#[cfg(feature = "server")]
mod admin;
#[cfg(feature = "server")]
mod client;
mod drawing;
mod lists;
mod machine;
mod manual;
mod models;
mod pictures;
#[cfg(feature = "server")]
mod server;

use super::Group;

/// The verbs but those of operators, in the order of the help.
const VERBS: &[&[Group]] = &[
    drawing::CASES,
    pictures::CASES,
    models::CASES,
    lists::CASES,
    machine::CASES,
    #[cfg(feature = "server")]
    server::CASES,
    #[cfg(feature = "server")]
    client::CASES,
    manual::CASES,
];

/// The verbs of operators, `serve admin`.
#[cfg(feature = "server")]
pub(super) const ADMIN_VERBS: &[Group] = admin::CASES;
#[cfg(not(feature = "server"))]
pub(super) const ADMIN_VERBS: &[Group] = &[];

/// The cases of all verbs but those of operators.
pub(super) fn all() -> impl Iterator<Item = &'static Group> {
    VERBS.iter().copied().flatten()
}
