//! The options for the colors of a picture.

group! {
    colors "Colors" {
        setting palette: maybe String {
            /// Use only these colors: names, ramps (red->white\8) or a file; `text2art palettes` lists the
            /// built-in palettes
            ///
            /// Takes CSS and xkcd color names, hexadecimal colors, ramps such as `black->navy\4;gold`, a palette's
            /// name, an image, or a .gpl, .act, .hex or .pal file.
            value: "COLORS",
        },
        setting colors: maybe usize {
            /// Limit the picture to N colors, chosen halfway through the run
            value: "N",
            arg: whole_number,
            range: Range::whole(crate::palette::FEWEST_COLOURS, crate::palette::MOST_COLOURS),
            by: Requests,
        },
        setting palette_weight: one f64 {
            /// How strongly to pull the picture toward its palette by the end of the run
            value: "WEIGHT",
            arg: number,
            default: 5.0,
            before: 0.0,
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
        setting dither: one crate::palette::Dither {
            /// Dithering: none, bayer2, bayer4 or floyd-steinberg
            value: "NAME",
            default: crate::palette::Dither::default(),
            by: Requests,
        },
    }
}
