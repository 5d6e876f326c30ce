//! The cases of `models`.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    ("models", &[("--offline", &["models --offline"]), ("--progress", &["models list --progress loud"])]),
    ("models list", &[("--json", &["models list --jsn", "models lits"])]),
    ("models info", &[("--json", &["models info embedded", "models info vit-b33", "models info vit-b32 --json"])]),
    (
        "models pull",
        &[
            ("--role", &["models pull a/b --role judge", "models pull a/b --offline"]),
            ("--quality", &["models pull imagenet --quality good --offline", "models pull vit-b33"]),
            ("--json", &["models pull --json", "models pull vit-b32 --offline --json"]),
        ],
    ),
    ("models verify", &[("--json", &["models verify vit-b33", "models verify vit-b32 --json"])]),
    (
        "models path",
        &[
            ("--role", &["models path vit-b32 --role judge"]),
            ("--json", &["models path vit-b32 --json", "models path"]),
        ],
    ),
    (
        "models import",
        &[
            ("--role", &["models import mine clip --role judge", "models import vit-b32 none"]),
            ("--json", &["models import vit-b32 --json", "models import vit-b32 folder --json"]),
        ],
    ),
    ("models rm", &[("--json", &["models rm vit-b32 --json", "models rm", "models rm vit-b33"])]),
];
