//! The cases of the verbs that help with the command line.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    ("completions", &[("", &["completions", "completions bsh"])]),
    ("man", &[("", &["man --page"])]),
    ("help", &[("", &["help pixl-art", "help castle", "help --all"])]),
];
