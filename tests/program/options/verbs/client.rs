//! The cases of the verbs that talk to a server. Nothing listens on port 1; `tests/server` has the cases of a server
//! that answers.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    (
        "submit",
        &[
            (
                "--server",
                &[
                    "submit a pear --server http://127.0.0.1:1",
                    "submit a pear --server ftp://here",
                    "submit a pear --server http://me:secret@here",
                    "submit",
                    "submit a pear --device cpu",
                    "submit a pear --from made.png",
                    "submit a pear --sed 5",
                ],
            ),
            (
                "--wait",
                &["submit a pear --wait --server http://127.0.0.1:1 --progress json", "submit a pear --wait=yes"],
            ),
            ("--output", &["submit a pear -o made.png", "submit a pear -o pear.jpg", "submit a pear -o none/pear.png"]),
            ("--force", &["submit a pear -o made.png --force --server http://127.0.0.1:1"]),
            ("--frames", &["submit a pear --frames folder"]),
            ("--gif", &["submit a pear --gif pear.png"]),
            ("--init-image", &["submit a pear --init-image none.png --server http://127.0.0.1:1"]),
            ("--palette", &["submit a pear --palette none.hex"]),
            ("--story", &["submit --length 30 --story none.txt", "submit --story story.txt"]),
            ("--config", &["submit a pear --config wrong.toml"]),
            ("--cut-noise", &["submit a pear --cut-noise nan"]),
        ],
    ),
    (
        "jobs",
        &[
            (
                "--server",
                &[
                    "jobs --server http://127.0.0.1:1",
                    "jobs 0123456789abcdefghjkmnpqrs --server http://127.0.0.1:1",
                    "jobs 0123 --server http://127.0.0.1:1",
                ],
            ),
            ("--watch", &["jobs --watch"]),
            ("--output", &["jobs -o pear.png"]),
            ("--force", &["jobs --force=yes"]),
            ("--state", &["jobs --state ready", "jobs 0123456789abcdefghjkmnpqrs --state done"]),
            ("--limit", &["jobs --limit 0"]),
            ("--json", &["jobs --jsn"]),
            ("--preview", &["jobs --preview ascii"]),
            ("--progress", &["jobs --progress loud"]),
        ],
    ),
    (
        "cancel",
        &[(
            "--server",
            &["cancel", "cancel 0123456789abcdefghjkmnpqrs --server http://127.0.0.1:1", "cancel 0123 --server here"],
        )],
    ),
    (
        "login",
        &[
            ("--server", &["login --server http://127.0.0.1:1", "login --server https://a?b"]),
            ("--forget", &["login --forget", "login --forget=yes"]),
        ],
    ),
];
