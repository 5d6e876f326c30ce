//! The cases of the verbs that list what options accept.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    ("drawers", &[("--json", &["drawers", "drawers --json"])]),
    (
        "palettes",
        &[
            (
                "",
                &[
                    "palettes",
                    "palettes game-boy",
                    "palettes 'red->white\\4;gold'",
                    "palettes photo.png\\3",
                    "palettes 'redd->white'",
                    "palettes red->white\\1",
                    "palettes none.gpl",
                    "palettes text.png",
                    "palettes ''",
                ],
            ),
            ("--json", &["palettes 1-bit --json", "palettes cloudy_blue;gold --json"]),
        ],
    ),
    (
        "styles",
        &[
            ("", &["styles light", "styles lihgt", "styles watercolor", "styles ''"]),
            ("--json", &["styles mood --jsn"]),
        ],
    ),
];
