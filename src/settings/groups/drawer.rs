//! The choice of the drawer, and the options of the drawers.

group! {
    drawer "Drawer" {
        setting drawer: one crate::settings::DrawerName {
            /// How to draw: `vqgan`, or `pixel` for a grid of solid-color cells
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
            shown: "about 80 square cells across",
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
        setting transparent: one bool {
            /// Make unneeded cells transparent
            ///
            /// A cell is unneeded if it does not help the picture match the prompt. Each cell's alpha is pushed toward 0
            /// during the run. Cells that end below 0.5 are transparent in the PNG and left out of the SVG. GIFs and MP4s
            /// have a white background instead.
            value: "BOOL",
            arg: switch,
            default: false,
            by: Requests,
        },
        setting alpha_weight: one f64 {
            /// How strongly --transparent pushes the alpha of cells toward 0
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
            /// Short for --drawer pixel --colors 24.
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
