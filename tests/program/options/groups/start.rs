//! The cases of the options that the help lists under "Start".

use crate::options::Group;

pub(super) const CASES: Group = (
    "start",
    &[
        (
            "--init-image",
            &[
                "apple --dry-run --init-image photo.png",
                "apple --dry-run --init-image none",
                "apple --init-image none.png",
                "apple --init-image text.png",
            ],
        ),
        (
            "--init-opacity",
            &[
                "apple --dry-run --init-image photo.png --init-opacity 0.4",
                "apple --init-opacity 0.4",
                "apple --init-image photo.png --init-opacity 40",
            ],
        ),
        (
            "--init-pixel-weight",
            &[
                "apple --dry-run --init-image photo.png --init-pixel-weight 2",
                "apple --init-pixel-weight 2",
                "apple --init-image photo.png --init-pixel-weight -1",
            ],
        ),
        (
            "--overlay",
            &[
                "apple --dry-run --overlay photo.png",
                "apple --dry-run --overlay none",
                "apple --overlay none.png",
                "apple --overlay text.png",
                "apple --overlay photo.png --drawer strokes",
            ],
        ),
        (
            "--overlay-every",
            &[
                "apple --dry-run --overlay photo.png --overlay-every 5",
                "apple --dry-run --overlay-every 5",
                "apple --overlay photo.png --overlay-every 0",
                "apple --overlay-every often",
            ],
        ),
        (
            "--overlay-opacity",
            &["apple --dry-run --overlay photo.png --overlay-opacity 0.5", "apple --overlay-opacity 2"],
        ),
        (
            "--init-weight",
            &[
                "apple --dry-run --init-image photo.png --init-weight 0.5",
                "apple --init-weight 0.5 --init-noise none",
                "apple --init-image photo.png --init-weight -1",
            ],
        ),
        ("--init-noise", &["apple --dry-run --init-noise fractal", "apple --init-noise fractle"]),
    ],
);
