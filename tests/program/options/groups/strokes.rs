//! The cases of the options that the help lists under "Strokes".

use crate::options::Group;

pub(super) const CASES: Group = (
    "strokes",
    &[
        (
            "--strokes",
            &[
                "apple --dry-run --drawer strokes",
                "apple --dry-run --drawer line",
                "apple --dry-run --drawer strokes --strokes 99",
                "apple --dry-run --drawer strokes --quality best",
                "apple --drawer strokes --strokes 16 --size 32x32 -n 1 --cutouts 1 -q -o made-strokes.png",
                "apple --drawer strokes --strokes 4097",
                "apple --drawer strokes --strokes few",
            ],
        ),
        (
            "--segments",
            &[
                "apple --dry-run --drawer line --segments 12",
                "apple --drawer line --segments 0",
                "apple --drawer line --segments 1.5",
            ],
        ),
        (
            "--min-stroke-width",
            &[
                "apple --dry-run --drawer strokes --min-stroke-width 0.25",
                "apple --drawer strokes --min-stroke-width 0",
                "apple --drawer strokes --min-stroke-width 50",
            ],
        ),
        (
            "--max-stroke-width",
            &[
                "apple --dry-run --drawer strokes --max-stroke-width 20",
                "apple --drawer strokes --max-stroke-width 101",
                "apple --drawer strokes --max-stroke-width wide",
            ],
        ),
        (
            "--paper",
            &[
                "apple --dry-run --drawer strokes --paper navy",
                "apple --dry-run --drawer line --paper '#FFF'",
                "apple --drawer strokes --paper nawy",
                "apple --drawer strokes --paper ''",
            ],
        ),
        (
            "--change-paper",
            &[
                "apple --dry-run --drawer line --change-paper",
                "apple --drawer line --change-paper --transparent",
                "apple --drawer line --change-paper=maybe",
            ],
        ),
    ],
);
