//! The cases of the options that the help lists under "Masks".

use crate::options::Group;

pub(super) const CASES: Group = (
    "masks",
    &[
        (
            "--mask",
            &[
                "apple --dry-run --mask left:0.3",
                "apple --dry-run --mask none",
                "apple --mask none --prompt-outside sky",
                "apple --dry-run --mask photo.png",
                "apple --dry-run --mask photo.png --init-image photo.png",
                "apple --mask none.png",
                "apple --mask text.png",
                "apple --mask rihgt:0.3",
                "apple --mask right:3",
                "apple --mask right:0.3 --tile",
            ],
        ),
        (
            "--prompt-outside",
            &[
                "apple --dry-run --mask top --prompt-outside 'sky:0.5 | sea'",
                "apple --mask top --prompt-outside sky:0",
                "apple --prompt-outside sky",
            ],
        ),
        (
            "--mask-feather",
            &[
                "apple --dry-run --mask top --init-image photo.png --mask-feather 3",
                "apple --dry-run --mask-feather 3",
                "apple --mask-feather soft",
                "apple --mask-feather 1025",
            ],
        ),
    ],
);
