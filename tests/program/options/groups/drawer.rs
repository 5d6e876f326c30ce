//! The cases of the options that the help lists under "Drawer".

use crate::options::Group;

pub(super) const CASES: Group = (
    "drawer",
    &[
        ("--drawer", &["apple --dry-run --drawer pixel", "apple --dry-run --drawer fft", "apple --drawer pixels"]),
        ("--pixel-shape", &["apple --dry-run --drawer pixel --pixel-shape hex", "apple --pixel-shape hexx"]),
        (
            "--pixel-size",
            &[
                "apple --dry-run --drawer pixel --pixel-size 32x16",
                "apple --drawer pixel --pixel-size 32",
                "apple --drawer pixel --pixel-size 1000x10",
            ],
        ),
        ("--pixel-scale", &["apple --dry-run --drawer pixel --pixel-scale 2", "apple --drawer pixel --pixel-scale 0"]),
        ("--smoothness", &["apple --dry-run --drawer pixel --smoothness 0.5", "apple --smoothness -1"]),
        (
            "--tidy",
            &[
                "apple --dry-run --drawer pixel --colors 8 --tidy",
                "apple --dry-run --pixel-art --tidy=false",
                "apple --dry-run --tidy",
                "apple --pixel-art --tidy=maybe",
            ],
        ),
        (
            "--outline",
            &[
                "apple --dry-run --pixel-art --outline",
                "apple --outline",
                "apple --drawer pixel --outline",
                "apple --pixel-art --outline --dither bayer2",
                "apple --pixel-art --outline=maybe",
            ],
        ),
        (
            "--transparent",
            &[
                "apple --dry-run --drawer pixel --transparent",
                "--drawer pixel --transparent apple -n 2 --size 32x32 --cutouts 1 -q -o made-transparent.png",
                "apple --transparent",
                "apple --drawer fft --transparent",
                "apple --drawer pixel --transparent=maybe",
            ],
        ),
        (
            "--alpha-weight",
            &["apple --dry-run --drawer pixel --transparent --alpha-weight 0.5", "apple --alpha-weight 1001"],
        ),
        (
            "--pixel-art",
            &["apple --dry-run --pixel-art", "apple --dry-run --pixel-art --palette pico-8", "apple --pixel-art=maybe"],
        ),
        (
            "--pixel-zoom",
            &[
                "apple --dry-run --pixel-art --pixel-zoom 1",
                "apple --pixel-zoom 1",
                "apple --pixel-art --pixel-zoom 0",
                "apple --pixel-art --pixel-shape hex --pixel-zoom 1",
                "apple --pixel-art --pixel-size 48x48 --size 64x64 --pixel-zoom 1",
                "apple --pixel-art --mask top --init-image photo.png --pixel-zoom 1",
            ],
        ),
    ],
);
