//! The shapes of cells.

/// How the cells of a picture are shaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PixelShape {
    /// Rectangles
    #[default]
    Rectangle,
    /// Rectangles, every other row shifted by half of one, as bricks
    Shifted,
    /// Hexagons, a point up
    Hexagon,
    /// Triangles, up and down in turn
    Triangle,
    /// Rhombi
    Diamond,
    /// Stitches of knitted cloth
    Knit,
}

crate::text::named_values!(PixelShape, "shape of cells", {
    Rectangle => "rect",
    Shifted => "shift",
    Hexagon => "hex",
    Triangle => "tri",
    Diamond => "diamond",
    Knit => "knit",
});
