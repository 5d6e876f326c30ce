//! The cases of the verbs of operators. They share a folder of data, so their order matters. `tests/server/admin.rs`
//! tells what the options do to a server; a token and a moment cannot stand in a snapshot.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    (
        "serve admin user add",
        &[
            (
                "--no-password",
                &[
                    "serve admin user add Anna --no-password --data d",
                    "serve admin user add anna --no-password --data d",
                    "serve admin user add anna --no-password --data d",
                ],
            ),
            (
                "--role",
                &[
                    "serve admin user add ben --no-password --role operator --data d",
                    "serve admin user add c --role king",
                ],
            ),
            ("--weight", &["serve admin user add c --no-password --weight 0 --data d"]),
            ("--max-waiting", &["serve admin user add c --max-waiting many"]),
            ("--max-running", &["serve admin user add c --no-password --max-running 1001 --data d"]),
            ("--email", &["serve admin user add c --no-password --email nobody --data d"]),
        ],
    ),
    (
        "serve admin user list",
        &[("--json", &["serve admin user list --json --data none", "serve admin user list --jsn"])],
    ),
    (
        "serve admin user change",
        &[
            (
                "--role",
                &["serve admin user change anna --role admin --data d", "serve admin user change anna --role king"],
            ),
            ("--weight", &["serve admin user change anna --weight 101 --data d"]),
            ("--max-waiting", &["serve admin user change nobody --max-waiting 7 --data d"]),
            ("--max-running", &["serve admin user change anna --max-running 0 --data d"]),
            ("--email", &["serve admin user change anna --email a@b@ --data d"]),
        ],
    ),
    (
        "serve admin user reset",
        &[
            ("--expires", &["serve admin user reset anna --expires 90", "serve admin user reset nobody --data d"]),
            ("--public-url", &["serve admin user reset anna --public-url here"]),
        ],
    ),
    (
        "serve admin invitation add",
        &[
            ("--note", &["serve admin invitation add --note --data d"]),
            ("--expires", &["serve admin invitation add --expires 90"]),
            ("--public-url", &["serve admin invitation add --public-url here"]),
        ],
    ),
    (
        "serve admin invitation list",
        &[("--json", &["serve admin invitation list --data d", "serve admin invitation list --json --data d"])],
    ),
    (
        "serve admin invitation withdraw",
        &[("", &["serve admin invitation withdraw 0123456789abcdefghjkmnpqrs --data d"])],
    ),
    ("serve admin user password", &[("", &["serve admin user password nobody --data d"])]),
    (
        "serve admin user disable",
        &[("", &["serve admin user disable anna --data d", "serve admin user disable nobody --data d"])],
    ),
    ("serve admin user enable", &[("", &["serve admin user enable anna --data d"])]),
    (
        "serve admin user remove",
        &[("", &["serve admin user remove ben --data d", "serve admin user remove ben --data d"])],
    ),
    (
        "serve admin token add",
        &[
            ("--name", &["serve admin token add nobody --name laptop --data d"]),
            ("--scope", &["serve admin token add anna --scope all"]),
            ("--expires", &["serve admin token add anna --expires 90"]),
        ],
    ),
    (
        "serve admin token list",
        &[("--json", &["serve admin token list --json --data d", "serve admin token list nobody --data d"])],
    ),
    ("serve admin token revoke", &[("", &["serve admin token revoke 0123456789abcdefghjkmnpqrs --data d"])]),
    ("serve admin queue pause", &[("", &["serve admin queue pause --data d", "serve admin queue pause --data d"])]),
    ("serve admin queue resume", &[("", &["serve admin queue resume --data d", "serve admin queue resume --data d"])]),
    (
        "serve admin queue show",
        &[("--json", &["serve admin queue show --data d", "serve admin queue show --json --data d"])],
    ),
    (
        "serve admin jobs",
        &[
            ("--state", &["serve admin jobs --state dead --data d", "serve admin jobs --state ready"]),
            ("--user", &["serve admin jobs --user anna --data d", "serve admin jobs --user nobody --data d"]),
            ("--limit", &["serve admin jobs --limit -1"]),
            ("--json", &["serve admin jobs --json --data d"]),
            ("--data", &["serve admin jobs --data none", "serve admin jobs --data text.png"]),
            ("--config", &["serve admin jobs --config none.toml", "serve admin jobs --config text.png"]),
        ],
    ),
    (
        "serve admin requeue",
        &[("", &["serve admin requeue", "serve admin requeue 0123456789abcdefghjkmnpqrs --data d"])],
    ),
    ("serve admin workers", &[("--json", &["serve admin workers --data d", "serve admin workers --json --data d"])]),
    (
        "serve admin drain",
        &[("--undo", &["serve admin drain nobody --data d", "serve admin drain nobody --undo --data d"])],
    ),
    (
        "serve admin audit",
        &[
            ("--limit", &["serve admin audit --limit 0 --data d", "serve admin audit --limit -1"]),
            ("--json", &["serve admin audit --json --data none"]),
        ],
    ),
    ("serve admin letters", &[("--json", &["serve admin letters --data d", "serve admin letters --json --data d"])]),
    ("serve admin resend", &[("", &["serve admin resend done-0 --data d"])]),
    ("serve admin gc", &[("", &["serve admin gc --data d"])]),
    (
        "serve admin retention",
        &[
            ("--older-than", &["serve admin retention --data d", "serve admin retention --older-than 30"]),
            (
                "--keep-bytes",
                &["serve admin retention --keep-bytes 20G --data d", "serve admin retention --keep-bytes much"],
            ),
        ],
    ),
    (
        "serve admin backup",
        &[("--force", &["serve admin backup text.png --data d", "serve admin backup x.zip --force --data none"])],
    ),
    (
        "serve admin restore",
        &[("", &["serve admin restore none.zip --data e", "serve admin restore text.png --data e"])],
    ),
];
