//! The cases of the options that the help lists under "Output".

use crate::options::Group;

pub(super) const CASES: Group = (
    "output",
    &[
        (
            "--output",
            &[
                "apple --dry-run -o {slug}/{seed}.png",
                "apple --dry-run -o {slug}-{seed}-{number}.png",
                "apple --dry-run -o -",
                "apple -o made.png",
                "apple -o none/apple.png",
                "apple -o apple.bmp",
                "apple -o folder",
            ],
        ),
        (
            "--picture-quality",
            &[
                "apple --dry-run -o apple.jpg --picture-quality 80",
                "apple -o apple.webp --picture-quality 0",
                "apple -o apple.webp --picture-quality high",
            ],
        ),
        ("--force", &["apple --size 32x32 --iterations 1 --quiet -o made.png --force"]),
        (
            "--svg",
            &[
                "apple --drawer pixel --size 32x32 -n 1 --cutouts 1 -q -o made-svg.png --svg made.svg",
                "apple --drawer pixel --svg made.svg",
                "apple --svg apple.svg",
                "apple --drawer pixel --svg none/apple.svg",
            ],
        ),
        (
            "--tile-proof",
            &[
                "apple --tile --size 32x32 -n 1 --cutouts 1 -q -o made-tile.png --tile-proof",
                "apple --dry-run --tile --tile-proof proof.png",
                "apple --tile-proof",
                "apple --tile --tile-proof proof.jpg",
                "apple --tile --tile-proof none/proof.png",
            ],
        ),
        (
            "--save-every",
            &[
                "apple --size 32x32 -n 3 --cutouts 1 --progress lines --save-every 1 -o saved.png",
                "apple --save-every 0",
                "apple --save-every 1 -o -",
            ],
        ),
        (
            "--checkpoint-every",
            &[
                "apple --size 32x32 -n 3 --cutouts 1 --progress json --checkpoint-every 2 -o goes-on.png",
                "apple --checkpoint-every 1 -o goes-on.png",
                "apple --checkpoint-every 0",
                "apple --checkpoint-every 1 -o -",
            ],
        ),
        (
            "--save-cutouts",
            &["apple --size 32x32 -n 1 --cutouts 1 -q --save-cutouts folder -o seen.png", "apple --save-cutouts none"],
        ),
        (
            "--progress",
            &[
                "apple --size 32x32 -n 1 --cutouts 1 --progress json -o json.png",
                "apple --size 32x32 -n 1 --cutouts 1 --progress lines -o lines.png",
                "apple --size 32x32 -n 1 --cutouts 1 --progress none -o none.png",
                "apple --size 32x32 -n 1 --cutouts 1 --progress auto -o auto.png",
                "apple --progress bars",
                "apple --progress json --sed 5",
            ],
        ),
        (
            "--preview",
            &["apple --size 32x32 -n 1 --cutouts 1 -q --preview kitty -o no-terminal.png", "apple --preview ascii"],
        ),
        ("--quiet", &["apple --size 32x32 -n 1 --cutouts 1 -q -o quiet.png", "apple --quiet --iterations many"]),
    ],
);
