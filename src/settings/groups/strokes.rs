//! The options of the drawers of strokes.

group! {
    strokes "Strokes" {
        setting strokes: maybe usize {
            /// Number of strokes
            value: "N",
            arg: whole_number,
            shown: "512 with --drawer strokes, 24 with line; another number with another --quality",
            range: Range::whole(1, 4096),
            by: Requests,
        },
        setting segments: maybe usize {
            /// Number of curves in each stroke
            ///
            /// More curves make strokes that can be longer and wind more.
            value: "N",
            arg: whole_number,
            shown: "2 with --drawer strokes, 8 with line",
            range: Range::whole(1, 32),
            by: Requests,
        },
        setting min_stroke_width: maybe f64 {
            /// Width of the thinnest strokes, in percent of the height of the picture
            value: "PERCENT",
            arg: number,
            shown: "0.8 with --drawer strokes, 0.5 with line",
            range: Range::above(0.0, 100.0),
            by: Requests,
        },
        setting max_stroke_width: maybe f64 {
            /// Width of the widest strokes, in percent of the height of the picture
            value: "PERCENT",
            arg: number,
            shown: "6 with --drawer strokes, 2 with line",
            range: Range::above(0.0, 100.0),
            by: Requests,
        },
        setting paper: maybe crate::settings::Color {
            /// Color of the paper below strokes: a name or a number such as #f2eecb
            ///
            /// If strokes start from a picture, --drawer strokes takes the usual color along its edges as a default.
            value: "COLOR",
            shown: "white with --drawer strokes, #f2eecb with line",
            by: Requests,
        },
        setting change_paper: maybe bool {
            /// Let the color of the paper change with the strokes
            value: "BOOL",
            arg: switch,
            by: Requests,
        },
    }
}
