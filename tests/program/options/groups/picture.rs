//! The cases of the options that the help lists under "Picture".

use crate::options::Group;

pub(super) const CASES: Group = (
    "picture",
    &[
        ("--prompt", &["--prompt apple --prompt pear:0.5 --dry-run", "apple --dry-run --prompt ''"]),
        ("--quality", &["apple --dry-run --quality best", "apple --dry-run --quality bets", "apple --quality"]),
        ("--size", &["apple --dry-run --size 500x281", "apple --size 0x5", "apple --size big"]),
        (
            "--aspect",
            &[
                "apple --dry-run --aspect widescreen",
                "apple --dry-run --aspect 2:1",
                "apple --dry-run --aspect retain --init-image photo.png",
                "apple --aspect retain",
                "apple --aspect widscreen",
                "apple --aspect 1:1 --size 64x64",
            ],
        ),
        ("--iterations", &["apple --dry-run -n 7", "apple --iterations many", "apple --iterations 1000001"]),
        ("--stop-at", &["apple --dry-run --stop-at 7", "apple --stop-at 1000001"]),
        ("--auto-stop", &["--auto-stop apple --dry-run", "apple --auto-stop=perhaps"]),
        (
            "--seed",
            &["apple --dry-run -s 7", "apple --dry-run --seed -7", "apple --dry-run --seed cat", "apple --seed ''"],
        ),
        (
            "--style",
            &[
                "apple --dry-run --style Watercolor,artstation --style neon",
                "apple --dry-run --style none",
                "apple --style watercolour",
                "apple --style ''",
                "apple --style none,neon",
                "apple --style",
            ],
        ),
        (
            "--style-weight",
            &[
                "apple --dry-run --style neon --style-weight 0.25",
                "apple --dry-run --style-weight 0.25",
                "apple --style-weight 0",
                "apple --style neon --style-weight much",
            ],
        ),
        (
            "--upscale",
            &[
                "apple --dry-run --upscale 2",
                "apple --dry-run --upscale 1",
                "apple --dry-run --upscale 4 --pixel-art",
                "apple --size 16x16 -n 0 --quiet --upscale 2 -o made-large.png",
                "apple --upscale 5",
                "apple --upscale twice",
                "apple --upscale 2 --pixel-art --pixel-zoom 1",
            ],
        ),
        (
            "--hires",
            &[
                "apple --dry-run --hires 2",
                "apple --dry-run --hires 1.5 --size 96x64",
                "apple --hires 1",
                "apple --dry-run --hires none",
                "apple --hires twice",
                "apple --hires 2 --drawer pixel",
                "apple --hires 2 --auto-stop",
            ],
        ),
        (
            "--label",
            &[
                "apple --dry-run --label lighthouse --label 'stormy sea:0.5:0.7'",
                "apple --label ''",
                "apple --label 'lighthouse | sea'",
                "apple --label lighthouse:0",
            ],
        ),
        (
            "--tile",
            &[
                "apple --dry-run --tile",
                "apple --dry-run --tile half-drop --size 64x48",
                "apple --dry-run --tile none",
                "--drawer pixel --pixel-shape hex --size 45x45 apple --dry-run --tile",
                "apple --tile diagonal",
                "apple --tile half-drop --size 64x33",
                "apple --drawer pixel --pixel-shape hex --pixel-size 9x9 --tile",
            ],
        ),
        (
            "--image-prompt",
            &[
                "apple --dry-run --image-prompt photo.png:0.5 --image-prompt photo.png",
                "apple --image-prompt none.png",
                "apple --image-prompt text.png",
                "apple --image-prompt photo.png:0",
            ],
        ),
        (
            "--image-stop",
            &[
                "apple --dry-run --image-prompt photo.png --image-stop 0.6",
                "apple --image-stop -1",
                "apple --image-stop near",
            ],
        ),
        (
            "--recut-images",
            &[
                "apple --dry-run --image-prompt photo.png --recut-images",
                "apple --dry-run --recut-images=false",
                "apple --recut-images=maybe",
                "apple --image-prompt photo.png --recut-images --tile",
            ],
        ),
        ("--noise-prompt", &["apple --dry-run --noise-prompt 5:-0.1", "apple --noise-prompt ''"]),
        (
            "--no-text",
            &[
                "--no-text apple --dry-run",
                "apple --dry-run --no-text=0.3",
                "apple --dry-run --no-text=0",
                "apple --no-text=-1",
                "apple --no-text=never",
            ],
        ),
    ],
);
