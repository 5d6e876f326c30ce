//! The cases of the options that the help lists under "Colors".

use crate::options::Group;

pub(super) const CASES: Group = (
    "colors",
    &[
        (
            "--palette",
            &[
                r"apple --dry-run --palette black->navy\4;gold",
                "apple --dry-run --palette none",
                "apple --palette pico-9",
                "apple --palette none.gpl",
                "apple --palette red",
                "apple --palette pico-8 --colors 2",
            ],
        ),
        ("--colors", &["apple --dry-run --colors 16", "apple --colors 1", "apple --colors 10000"]),
        ("--palette-weight", &["apple --dry-run --palette-weight 2", "apple --palette-weight -1"]),
        ("--dither", &["apple --dry-run --dither bayer4 --palette pico-8", "apple --dither bayer3"]),
    ],
);
