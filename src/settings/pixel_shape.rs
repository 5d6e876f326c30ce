//! The names of the shapes of cells.

/// The shape of the cells of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PixelShape {
    /// Rectangles
    #[default]
    Rectangle,
    /// Bricks: rectangles, with every other row shifted by half a rectangle
    Shifted,
    /// Hexagons with a corner at the top
    Hexagon,
    /// Triangles that alternately point up and down
    Triangle,
    /// Rhombi
    Diamond,
    /// Stitches of a knitted fabric
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
