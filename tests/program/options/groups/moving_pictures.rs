//! The cases of the options that the help lists under "Moving pictures".

use crate::options::Group;

pub(super) const CASES: Group = (
    "moving_pictures",
    &[
        (
            "--gif",
            &[
                "apple --size 32x32 -n 2 --cutouts 1 -q --gif -o beside.png",
                "apple --size 32x32 -n 2 --cutouts 1 -q --progress json -o alone.gif",
                "apple --dry-run --gif other.gif",
                "apple --gif made.png",
                "--gif apple",
                "apple -o x.gif --gif y.gif",
                "apple -o x.gif --save-every 1",
                "apple --dry-run --size 70000x2 --gif",
            ],
        ),
        (
            "--mp4",
            &[
                "apple --size 32x32 -n 2 --cutouts 1 -q --mp4 -o beside.png --force",
                "apple --dry-run --mp4 --gif",
                "apple --dry-run -o {slug}.mp4",
                "apple --mp4 none/x.mp4",
                "apple --size 4000x2 --mp4",
            ],
        ),
        (
            "--frames",
            &[
                "apple --size 32x32 -n 2 --cutouts 1 -q --frames frames -o framed.png",
                "apple --frames frames",
                "apple --frames none/frames",
                "apple --frames made.png",
            ],
        ),
        ("--reveal", &["apple --dry-run --reveal", "apple --reveal x.png", "apple --reveal none/x.mp4"]),
        ("--fps", &["apple --dry-run --fps 30000/1001", "apple --fps 0", "apple --fps 10000", "apple --fps fast"]),
        ("--frame-every", &["apple --dry-run --frame-every 5", "apple --frame-every 0"]),
        ("--blend", &["apple --dry-run --blend 2", "apple --blend 101", "apple --blend some"]),
        (
            "--seconds",
            &["apple --dry-run --seconds 8", "apple --seconds 0", "apple --seconds -1", "apple --seconds 0.01"],
        ),
        ("--hold", &["apple --dry-run --hold 2", "apple --hold -1", "apple --hold 2 --seconds 2"]),
        ("--boomerang", &["--boomerang apple --dry-run", "apple --boomerang=perhaps"]),
        ("--gif-palette", &["apple --dry-run --gif-palette global", "apple --gif-palette each"]),
    ],
);
