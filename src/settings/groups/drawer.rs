//! The choice of the drawer, and the options of the drawers.

group! {
    drawer "Drawer" {
        setting drawer: one crate::settings::DrawerName {
            /// How to draw: with a `vqgan`, `pixel` cells, `strokes`, a `line`, or `fft` waves
            ///
            /// The verb `drawers` says what each of them draws and which options it has.
            ///
            /// Each drawer has its own default size and learning rate.
            value: "NAME",
            default: crate::settings::DrawerName::default(),
            by: Requests,
        },
        setting pixel_shape: one crate::settings::PixelShape {
            /// Shape of the cells: rect, shift (bricks), hex, tri, diamond or knit
            value: "NAME",
            default: crate::settings::PixelShape::default(),
            by: Requests,
        },
        setting pixel_size: maybe crate::picture::Size {
            /// Number of cells across and down
            value: "WxH",
            shown: "about 40x40, or as many in another shape",
            by: Requests,
        },
        asked pixel_scale: f64 {
            /// Make cells X times as wide and high; 2 gives a quarter as many cells
            value: "X",
            arg: number,
            range: Range::new(0.001, 1000.0),
            by: Requests,
        },
        setting smoothness: one f64 {
            /// How strongly to even out the colors of neighboring cells
            value: "WEIGHT",
            arg: number,
            default: 0.0,
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
        setting tidy: maybe bool {
            /// Make edges sharp and remove stray cells
            ///
            /// A cell whose color mixes those on two sides of it becomes like one of them. A cell that is like none around
            /// it becomes like most of them, unless it stands out from a plain area, as an eye does. Colors that --colors
            /// chooses and that are nearly the same become one. Does nothing without --colors or --palette, or with
            /// --dither.
            value: "BOOL",
            arg: switch,
            shown: "true with --pixel-art",
            by: Requests,
        },
        setting outline: maybe bool {
            /// Draw a dark line, one cell wide, around things
            ///
            /// The line has the darkest color of --palette. Without one, --colors includes a dark color.
            value: "BOOL",
            arg: switch,
            by: Requests,
        },
        setting transparent: one bool {
            /// Make unneeded cells transparent, or draw strokes without paper
            ///
            /// A cell is unneeded if it does not help the picture match the prompt. Each cell's alpha is pushed toward 0
            /// during the run. Cells that end below 0.5 are transparent in the PNG and left out of the SVG. The strokes of
            /// --drawer strokes fade in the same way. GIFs and MP4s have a white background instead.
            value: "BOOL",
            arg: switch,
            default: false,
            by: Requests,
        },
        setting alpha_weight: one f64 {
            /// How strongly --transparent pushes the alpha of cells or strokes toward 0
            value: "WEIGHT",
            arg: number,
            default: 0.3,
            before: 0.0,
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
        asked pixel_art: bool {
            /// Draw pixel art: cells in a few colors
            ///
            /// Short for --drawer pixel --colors 12 --tidy.
            value: "BOOL",
            arg: switch,
            by: Requests,
        },
        setting pixel_zoom: maybe usize {
            /// Width and height of each cell in the output, in pixels
            value: "N",
            arg: whole_number,
            range: Range::whole(1, 256),
            by: Requests,
        },
    }
}
