//! The options for the colors of a picture.

group! {
    colors "Colors" {
        setting palette: optional String {
            /// Use only these colors: a palette name, a list of colors, a ramp of colors (red->white\8) or a file; `none`
            /// removes the palette
            ///
            /// `text2art palettes` lists the palette names. Colors are CSS or xkcd names or hexadecimal numbers
            /// (comma-separated). `red->white\8` is a ramp of 8 colors. Separate palette names, colors or
            /// ramps with semicolons to combine them: `black->navy\4;gold`. A file is an image, or a .gpl, .act, .hex or .pal file.
            value: "COLORS",
            // `value_parser!` would take any text for a palette, since a palette can be made from a text.
            arg: |argument| argument.value_parser(str::parse::<crate::settings::OrNone<String>>),
        },
        setting colors: maybe usize {
            /// Limit the picture to N colors, chosen halfway through the run
            value: "N",
            arg: whole_number,
            range: Range::whole(crate::palette::FEWEST_COLOURS, crate::palette::MOST_COLOURS),
            by: Requests,
        },
        setting palette_weight: one f64 {
            /// How strongly to pull the picture toward its palette; increases to WEIGHT during the run
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
