//! The cases of the options that the help lists under "Settings".

use crate::options::Group;

pub(super) const CASES: Group = (
    "settings",
    &[
        (
            "--from",
            &[
                "--dry-run --from made.png",
                "pear --dry-run --from made.png --seed 4",
                "--from photo.png",
                "--from none.png",
            ],
        ),
        ("--trust", &["--dry-run --from made.png --trust", "--from made.png --trust=yes"]),
        (
            "--config",
            &[
                "apple --dry-run --config settings.toml",
                "apple --dry-run --config none",
                "apple --config wrong.toml",
                "apple --config missing.toml",
            ],
        ),
        ("--dry-run", &["--dry-run", "pear --dry-run -o -"]),
    ],
);
