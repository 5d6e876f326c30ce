//! The cases of the options that the help lists under "Animation".

use crate::options::Group;

pub(super) const CASES: Group = (
    "animation",
    &[
        (
            "--length",
            &[
                "apple --dry-run --length 30",
                "apple --dry-run --length none",
                "animate apple --length none",
                "apple --length 0",
                "apple --length long",
                "apple --length 30 -n 20",
                "apple --length 200000",
                "apple --length 30 --auto-stop",
                "apple --length 30 --hires 2",
            ],
        ),
        (
            "--iterations-per-frame",
            &[
                "apple --dry-run --length 30 --iterations-per-frame 4",
                "apple --dry-run --iterations-per-frame 4",
                "apple --iterations-per-frame 0",
            ],
        ),
        (
            "--zoom",
            &[
                "apple --dry-run --length 30 --zoom '0: (1), 20: (1.05)'",
                "apple --zoom 1.02",
                "apple --length 30 --zoom 0",
                "apple --length 30 --zoom '0: 1, 50'",
                "apple --length 30 --zoom 1.02 --mask left",
                "apple --length 30 --zoom 1.02 --tile",
            ],
        ),
        (
            "--angle",
            &[
                "apple --dry-run --length 30 --angle -1.5",
                "apple --angle 400 --length 30",
                "apple --length 30 --angle left",
            ],
        ),
        ("--pan-x", &["apple --dry-run --length 30 --pan-x 'smooth 0: 0, 9: 4'", "apple --length 3 --pan-x 99999"]),
        ("--pan-y", &["apple --dry-run --length 30 --pan-y -2", "apple --length 3 --pan-y '0: 1, 0: 2'"]),
        (
            "--wander",
            &[
                "--wander apple --dry-run --length 30",
                "apple --dry-run --length 30 --wander=0",
                "apple --length 30 --wander=21",
                "apple --wander",
            ],
        ),
        (
            "--story",
            &[
                "--dry-run --length 30 --story story.txt",
                "apple --dry-run -n 30 --story story.txt",
                "--story none.txt",
                "--story empty.txt",
            ],
        ),
        (
            "--crossfade",
            &["--dry-run --length 30 --story story.txt --crossfade 0", "apple --crossfade slow", "apple --crossfade 3"],
        ),
        (
            "--prompt-weights",
            &[
                "'apple | pear' --dry-run --prompt-weights '2 = 0: 0, 30: 1'",
                "apple --prompt-weights '2 = 0: 0, 30: 1'",
                "apple --prompt-weights '1 = 1' --prompt-weights '1 = 2'",
                "apple --prompt-weights '0: 0, 30: 1'",
                "apple --prompt-weights '1 = 0: 1e9'",
            ],
        ),
        (
            "--learning-rate-keys",
            &["apple --dry-run --learning-rate-keys '0: 0.1, 30: 0.02'", "apple --learning-rate-keys -1"],
        ),
        (
            "--init-weight-keys",
            &[
                "apple --dry-run --init-weight-keys '0: 1, 30: 0'",
                "apple --init-weight-keys 1 --init-noise none",
                "apple --init-weight-keys -1",
                "apple --init-weight-keys 1 --hires 2",
            ],
        ),
    ],
);
