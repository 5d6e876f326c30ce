//! The cases of the verbs that run a server and its workers.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    (
        "serve",
        &[
            ("--listen", &["serve --listen example.org:80", "serve --listen 0.0.0.0:0 --data x", "serve --listen"]),
            ("--data", &["serve --data text.png"]),
            ("--database", &["serve --database mysql://art", "serve --database postgres://art:secret@localhost/art"]),
            ("--database-listen", &["serve --database-listen postgres://localhost/art"]),
            ("--storage", &["serve --storage art", "serve --storage s3://Art"]),
            (
                "--storage-endpoint",
                &["serve --storage-endpoint s3.example.org", "serve --storage-endpoint https://s3.example.org"],
            ),
            ("--storage-region", &["serve --storage-region eu-central-1"]),
            ("--storage-path-style", &["serve --storage-path-style=perhaps"]),
            ("--storage-presign", &["serve --storage-presign"]),
            ("--workers", &["serve --workers 300", "serve --workers many"]),
            ("--jobs-per-process", &["serve --jobs-per-process 0", "serve --jobs-per-process many"]),
            ("--open", &["serve --open=perhaps"]),
            ("--registration", &["serve --registration all"]),
            (
                "--public-url",
                &["serve --public-url art.example.org", "serve --public-url https://art.example.org --data x"],
            ),
            ("--metrics", &["serve --metrics example.org:9090"]),
            ("--trusted-proxies", &["serve --trusted-proxies proxy"]),
            ("--max-size", &["serve --max-size big"]),
            ("--max-iterations", &["serve --max-iterations -1"]),
            ("--max-cutouts", &["serve --max-cutouts 0"]),
            ("--max-waiting", &["serve --max-waiting 0"]),
            ("--keep-jobs", &["serve --keep-jobs 30"]),
            ("--keep-audit", &["serve --keep-audit 30"]),
            (
                "--smtp",
                &[
                    "serve --smtp mail.example.org",
                    "serve --smtp smtp://mail.example.org",
                    "serve --smtp smtps://art:secret@mail.example.org",
                    "serve --smtp smtps://mail.example.org",
                    "serve --smtp smtps://art@mail.example.org --mail-from art@example.org --data x",
                ],
            ),
            (
                "--smtp-password-file",
                &[
                    "serve --smtp smtps://art@mail.example.org --mail-from art@example.org --smtp-password-file none --data x",
                ],
            ),
            (
                "--smtp-ca",
                &["serve --smtp smtps://mail.example.org --mail-from art@example.org --smtp-ca text.json --data x"],
            ),
            ("--mail-from", &["serve --mail-from art", "serve --mail-from art@example.org"]),
            ("--offline", &["serve --offline=perhaps"]),
            ("--log", &["serve --log loud"]),
            ("--config", &["serve --config none.toml", "serve --config text.png"]),
        ],
    ),
    (
        "worker",
        &[
            ("--data", &["worker --data text.png", "worker --data"]),
            ("--database", &["worker --database mysql://art", "worker --database postgres://art:secret@localhost/art"]),
            ("--database-listen", &["worker --database-listen postgres://localhost/art"]),
            ("--storage", &["worker --storage art", "worker --storage s3://Art"]),
            (
                "--storage-endpoint",
                &["worker --storage-endpoint s3.example.org", "worker --storage-endpoint https://s3.example.org"],
            ),
            ("--storage-region", &["worker --storage-region eu-central-1"]),
            ("--storage-path-style", &["worker --storage-path-style=perhaps"]),
            ("--storage-presign", &["worker --storage-presign"]),
            ("--config", &["worker --config none.toml"]),
            ("--slots", &["worker --slots 0", "worker --slots many"]),
            ("--jobs-per-process", &["worker --jobs-per-process 0"]),
            ("--offline", &["worker --offlin"]),
        ],
    ),
];
