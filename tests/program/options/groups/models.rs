//! The cases of the options that the help lists under "Models".

use crate::options::Group;

pub(super) const CASES: Group = (
    "models",
    &[
        ("--model", &["apple --dry-run --model embedded", "apple --dry-run --model imagenet", "apple --model embeded"]),
        (
            "--vqgan",
            &["apple --dry-run --vqgan vqgan", "apple --vqgan none", "apple --vqgan folder", "apple --vqgan ''"],
        ),
        ("--clip", &["apple --dry-run --clip clip,embedded", "apple --clip none", "apple --clip folder"]),
        (
            "--upscaler",
            &[
                "apple --dry-run --upscale 2 --upscaler compact.safetensors",
                "apple --dry-run --upscaler none.pth",
                "apple --upscale 2 --upscaler none.pth",
                "apple --upscale 2 --upscaler lanczoss",
                "apple --upscale 2 --upscaler clip/model.safetensors",
                "apple --dry-run --size 16x16 --upscale 2 --upscaler embedded",
                "apple --upscale 2 --upscaler ''",
            ],
        ),
        ("--offline", &["apple --dry-run --offline"]),
    ],
);
