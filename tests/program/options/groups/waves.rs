//! The cases of the options that the help lists under "Waves".

use crate::options::Group;

pub(super) const CASES: Group = (
    "waves",
    &[
        ("--decay", &["apple --dry-run --drawer fft --decay 2", "apple --drawer fft --decay 5"]),
        ("--colorfulness", &["apple --dry-run --drawer fft --colorfulness 1", "apple --colorfulness 0"]),
        ("--contrast", &["apple --dry-run --drawer fft --contrast 0.9", "apple --contrast 0"]),
        ("--sharpness", &["apple --dry-run --drawer fft --sharpness 0.5", "apple --sharpness -1"]),
    ],
);
