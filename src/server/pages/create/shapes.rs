//! The shapes of a picture, to click.

use crate::picture::Size;

/// The longer side of a drawn shape, in units of its drawing.
const SIDE: usize = 20;

/// A shape of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The value for `aspect`; empty if nothing is said
    pub value: &'static str,
    /// Its name
    pub name: String,
    /// The width of its drawing
    pub width: usize,
    /// The height of its drawing
    pub height: usize,
}

/// Shapes that requests can ask for, from tall to wide.
const SHAPES: [(&str, &str, usize, usize); 6] = [
    ("9:16", "Tall", 9, 16),
    ("2:3", "Upright", 2, 3),
    ("portrait", "Portrait", 4, 5),
    ("square", "Square", 1, 1),
    ("3:2", "Landscape", 3, 2),
    ("widescreen", "Widescreen", 16, 9),
];

/// All shapes, for a server whose pictures usually have this size.
pub(super) fn shapes(usual: Size) -> Vec<Shape> {
    let mut shapes: Vec<Shape> =
        SHAPES.iter().map(|(value, name, width, height)| shape(value, name, *width, *height)).collect();
    // What a picture is if nothing is said is one of them, or another one.
    match SHAPES.iter().position(|(_, _, width, height)| usual.width * height == usual.height * width) {
        Some(index) => shapes[index].value = "",
        None => shapes.insert(0, shape("", "Usual", usual.width, usual.height)),
    }
    shapes
}

/// The shape of a picture that the form varies.
pub(super) fn kept(size: &str) -> Shape {
    let usual = size.parse().unwrap_or(Size { width: 1, height: 1 });
    shape("", &format!("As it was ({})", size.replace('x', " × ")), usual.width, usual.height)
}

fn shape(value: &'static str, name: &str, width: usize, height: usize) -> Shape {
    let longer = width.max(height).max(1);
    let side = |length: usize| (length * SIDE / longer).max(2);
    Shape { value, name: name.to_owned(), width: side(width), height: side(height) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_shape_is_the_usual_one() {
        let square = shapes(Size { width: 64, height: 64 });
        assert_eq!(
            square.iter().filter(|shape| shape.value.is_empty()).map(|shape| shape.name.as_str()).collect::<Vec<_>>(),
            ["Square"]
        );
        let other = shapes(Size { width: 70, height: 64 });
        assert_eq!((other.len(), other[0].name.as_str(), other[0].value), (7, "Usual", ""));
        assert_eq!((other[1].width, other[1].height), (11, 20));
    }
}
