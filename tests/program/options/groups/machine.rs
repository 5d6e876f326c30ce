//! The cases of the options that the help lists under "Machine".

use crate::options::Group;

pub(super) const CASES: Group = (
    "machine",
    &[
        ("--device", &["apple --dry-run --device cpu", "apple --device gpu", "apple --device cdua:0"]),
        ("--precision", &["apple --dry-run --precision bf16", "apple --precision f16"]),
        ("--threads", &["apple --dry-run --threads 1", "apple --threads 0"]),
        ("--max-memory", &["apple --dry-run --max-memory 4G", "apple --max-memory much", "apple --max-memory 0"]),
    ],
);
