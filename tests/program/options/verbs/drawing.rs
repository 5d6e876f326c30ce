//! The cases of the verbs that draw from sentences.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    (
        "generate",
        &[("", &["generate info --dry-run", "generate --dry-run a pear", "generate", "generate --sed 5 a pear"])],
    ),
    (
        "animate",
        &[("", &["animate a pear --dry-run", "animate a pear --dry-run --length 7", "animate", "animate a pear -n 7"])],
    ),
    (
        "resume",
        &[
            (
                "--iterations",
                &[
                    "resume made.png.t2a -n +1 -q",
                    "resume made.png.t2a -n 1",
                    "resume made.png.t2a -n more",
                    "resume made.png",
                    "resume none.t2a",
                    "resume",
                ],
            ),
            ("--prompt", &["resume made.png.t2a --prompt pear --progress none", "resume made.png.t2a --prompt ''"]),
            ("--reset-optimizer", &["resume made.png.t2a -n +1 --reset-optimizer -q"]),
            ("--output", &["resume made.png.t2a -o other.png", "resume made.png.t2a -o none/other.png"]),
            ("--force", &["resume made.png.t2a -o other.png -q", "resume made.png.t2a -o other.png -q --force"]),
            ("--save-every", &["resume made.png.t2a --save-every 0"]),
            ("--checkpoint-every", &["resume made.png.t2a --checkpoint-every 0"]),
            ("--trust", &["resume made.png.t2a --trust=yes"]),
            ("--offline", &["resume made.png.t2a -q --offline"]),
            ("--progress", &["resume made.png.t2a --progress loud"]),
            ("--preview", &["resume made.png.t2a --preview ascii"]),
            ("--quiet", &["resume made.png.t2a --quiet --iterations"]),
            ("--threads", &["resume made.png.t2a --threads 0"]),
            ("--max-memory", &["resume made.png.t2a --max-memory some"]),
        ],
    ),
    (
        "batch",
        &[
            (
                "--dry-run",
                &[
                    "batch prompts.txt --dry-run --size 32x32",
                    "batch none.txt",
                    "batch",
                    "batch prompts.txt --sed 5 --dry-run",
                ],
            ),
            ("--output", &["batch one.txt --dry-run --output {slug}.png", "batch one.txt --output {slug}.bmp"]),
            (
                "--force",
                &["batch one.txt --dry-run --output made.png --force", "batch one.txt --dry-run --output made.png"],
            ),
            (
                "--gif",
                &["batch one.txt --dry-run --gif", "batch one.txt --gif x.png", "batch one.txt --dry-run --gif none"],
            ),
            ("--mp4", &["batch one.txt --dry-run -o x.mp4", "batch one.txt -o x.mp4 --mp4 y.mp4"]),
            ("--frames", &["batch one.txt --dry-run --frames {slug}", "batch one.txt --frames ''"]),
            ("--svg", &["batch one.txt --svg x.png", "batch one.txt --dry-run --svg none"]),
            ("--reveal", &["batch one.txt --reveal x.png", "batch one.txt --dry-run --reveal none"]),
            ("--format", &["batch settings.toml --format txt --dry-run", "batch settings.toml --format yaml"]),
            ("--samples", &["batch one.txt --dry-run --samples 2", "batch one.txt --samples 0"]),
            ("--keep", &["batch one.txt --keep 0", "batch one.txt --samples 2 --keep 3"]),
            (
                "--checkpoint-every",
                &["batch one.txt --dry-run --checkpoint-every 5", "batch one.txt --checkpoint-every 0"],
            ),
            ("--rank-with", &["batch one.txt --rank-with none --size 16x16 -n 0 --results none --progress none"]),
            ("--jobs", &["batch one.txt --jobs 0"]),
            ("--devices", &["batch one.txt --devices gpu", "batch one.txt --devices cpu --device cpu"]),
            ("--results", &["batch one.txt --results settings.toml", "batch one.txt --dry-run --results none"]),
            ("--contact-sheet", &["batch one.txt --contact-sheet sheet.gif"]),
            #[cfg(feature = "server")]
            (
                "--server",
                &[
                    "batch one.txt --results none --server http://127.0.0.1:1",
                    "batch one.txt --server ftp://here",
                    "batch one.txt --server http://127.0.0.1:1 --jobs 2",
                    "batch one.txt --server http://127.0.0.1:1 --device cpu",
                    "batch one.txt --dry-run --server http://127.0.0.1:1",
                    "batch one.txt --dry-run --server http://127.0.0.1:1 --cut-batch 2 -o made.jpg --progress none",
                ],
            ),
            ("--config", &["batch one.txt --config wrong.toml"]),
            ("--offline", &["batch one.txt --dry-run --offline"]),
            ("--progress", &["batch one.txt --progress loud"]),
            ("--quiet", &["batch one.txt --quiet --cutouts none"]),
            ("--threads", &["batch one.txt --threads 0"]),
            ("--max-memory", &["batch one.txt --max-memory 1Q"]),
        ],
    ),
    (
        "study",
        &[
            (
                "--styles",
                &[
                    "study one.txt --styles nean",
                    "study one.txt --styles artist",
                    "study",
                    "study none.txt",
                    "study one.txt --style neon",
                ],
            ),
            ("--output", &["study one.txt --output page.png", "study one.txt --output none/page.html"]),
            ("--sheet", &["study one.txt --sheet sheet.jpg"]),
            ("--force", &["study none.txt --force"]),
            ("--checkpoint-every", &["study one.txt --checkpoint-every 0"]),
            ("--format", &["study one.txt --format yaml"]),
            ("--jobs", &["study one.txt --jobs 0"]),
            ("--devices", &["study one.txt --devices gpu"]),
            ("--config", &["study one.txt --config wrong.toml"]),
            ("--offline", &["study none.txt --offline"]),
            ("--progress", &["study one.txt --progress loud"]),
            ("--quiet", &["study one.txt --quiet --cutouts none"]),
            ("--threads", &["study one.txt --threads 0"]),
            ("--max-memory", &["study one.txt --max-memory 1Q"]),
        ],
    ),
];
