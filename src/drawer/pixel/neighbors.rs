//! The cells around each cell of a lattice, whatever their shape.

use super::shapes::{Cell, Point};
use crate::picture::{Size, Tile};
use crate::settings::PixelShape;

/// How many columns or rows away the cells that touch a cell can be.
const REACH: isize = 2;
/// Lengths below this are rounding errors.
const LEAST: f64 = 1e-9;
/// The cosine of the angle between the directions to two cells on opposite sides, at most.
const OPPOSITE: f64 = -0.99;

/// Columns to the right and rows down.
type Step = (isize, isize);

/// The cells around each cell of a lattice. Cells outside the picture are around none.
pub(super) struct Neighbors {
    lattice: Size,
    /// How the picture is tiled, if it is
    tile: Option<Tile>,
    /// Whether each cell has a part in the picture
    inside: Vec<bool>,
    /// The steps from a cell, by whether its row and its column are odd
    steps: [[Steps; 2]; 2],
}

/// The steps from a cell to those around it.
struct Steps {
    /// To those with a common corner or a common edge
    touching: Vec<Step>,
    /// To those with a common edge
    beside: Vec<Step>,
    /// To two that touch it on opposite sides
    opposite: Vec<(Step, Step)>,
}

impl Neighbors {
    /// The neighbors in a lattice of cells of a shape, of which some have a part in the picture. If the picture is tiled,
    /// cells at its edges have neighbors across them.
    pub(super) fn new(shape: PixelShape, lattice: Size, tile: Option<Tile>, inside: Vec<bool>) -> Self {
        // Every lattice repeats itself after two rows and two columns.
        let sample = shape.cells(Size { width: 8, height: 8 });
        let steps = [4, 5].map(|row| [4, 5].map(|column| Steps::new(&sample.cells, sample.lattice, (column, row))));
        Self { lattice, tile, inside, steps }
    }

    /// Whether a cell has a part in the picture.
    pub(super) fn is_inside(&self, cell: usize) -> bool {
        self.inside[cell]
    }

    /// The cells in the picture, in order.
    pub(super) fn cells(&self) -> impl Iterator<Item = usize> {
        (0..self.inside.len()).filter(|cell| self.inside[*cell])
    }

    /// Whether a cell is at the edge of the picture, which copies may continue.
    pub(super) fn is_at_edge(&self, cell: usize) -> bool {
        self.steps(cell).touching.iter().any(|step| self.alone(cell, *step).is_none())
    }

    /// The cells that have a corner or an edge in common with a cell.
    pub(super) fn touching(&self, cell: usize) -> impl Iterator<Item = usize> {
        self.steps(cell).touching.iter().filter_map(move |step| self.at(cell, *step))
    }

    /// The cells that have an edge in common with a cell.
    pub(super) fn beside(&self, cell: usize) -> impl Iterator<Item = usize> {
        self.steps(cell).beside.iter().filter_map(move |step| self.at(cell, *step))
    }

    /// The pairs of cells that touch a cell on opposite sides.
    pub(super) fn opposite(&self, cell: usize) -> impl Iterator<Item = (usize, usize)> {
        let pairs = self.steps(cell).opposite.iter();
        pairs.filter_map(move |(one, other)| Some((self.at(cell, *one)?, self.at(cell, *other)?)))
    }

    fn steps(&self, cell: usize) -> &Steps {
        let (column, row) = (cell % self.lattice.width, cell / self.lattice.width);
        &self.steps[row % 2][column % 2]
    }

    /// The cell that is a step away from one, if it is in the picture or in a copy of it.
    fn at(&self, cell: usize, (right, down): Step) -> Option<usize> {
        let Some(tile) = self.tile else { return self.alone(cell, (right, down)) };
        let Size { width, height } = self.lattice;
        let (column, row) = ((cell % width).cast_signed() + right, (cell / width).cast_signed() + down);
        let is_there = |at: isize, count: usize, wraps: bool| wraps || (0..count.cast_signed()).contains(&at);
        if !is_there(column, width, tile.wraps_across()) || !is_there(row, height, tile.wraps_down()) {
            return None;
        }
        let (column, row) = tile.place((column, row), self.lattice);
        Some(row * width + column).filter(|cell| self.inside[*cell])
    }

    /// The cell that is a step away from one, if it is in the picture itself.
    fn alone(&self, cell: usize, (right, down): Step) -> Option<usize> {
        let Size { width, height } = self.lattice;
        let column = (cell % width).checked_add_signed(right).filter(|column| *column < width)?;
        let row = (cell / width).checked_add_signed(down).filter(|row| *row < height)?;
        Some(row * width + column).filter(|cell| self.inside[*cell])
    }
}

impl Steps {
    /// The steps from a cell that is far enough from the edges of its lattice.
    fn new(cells: &[Cell], lattice: Size, (column, row): (usize, usize)) -> Self {
        let cell = |(right, down): Step| {
            let place = row.checked_add_signed(down).zip(column.checked_add_signed(right));
            place.and_then(|(row, column)| cells.get(row * lattice.width + column))
        };
        let (mut touching, mut beside, mut directions) = (Vec::new(), Vec::new(), Vec::new());
        let own = &cells[row * lattice.width + column];
        let steps = (-REACH..=REACH).flat_map(|down| (-REACH..=REACH).map(move |right| (right, down)));
        for step in steps.filter(|step| *step != (0, 0)) {
            let Some(other) = cell(step) else { continue };
            let Some(common) = contact(own, other) else { continue };
            touching.push(step);
            let (from, to) = (middle(own), middle(other));
            directions.push((to.0 - from.0, to.1 - from.1));
            if common > LEAST {
                beside.push(step);
            }
        }
        let mut opposite = Vec::new();
        for (index, one) in directions.iter().enumerate() {
            for (offset, other) in directions[index + 1..].iter().enumerate() {
                let cosine = (one.0 * other.0 + one.1 * other.1) / (length(*one) * length(*other));
                if cosine < OPPOSITE {
                    opposite.push((touching[index], touching[index + 1 + offset]));
                }
            }
        }
        Self { touching, beside, opposite }
    }
}

/// The length of the edges that two cells have in common, 0 if only corners touch; none if the cells are apart.
fn contact(one: &Cell, other: &Cell) -> Option<f64> {
    let edges = |cell: &Cell| -> Vec<(Point, Point)> {
        let edges =
            cell.iter().flat_map(|corners| corners.iter().copied().zip(corners.iter().copied().cycle().skip(1)));
        edges.collect()
    };
    let (edges, others) = (edges(one), edges(other));
    let pairs = edges.iter().flat_map(|edge| others.iter().filter_map(|other| common(*edge, *other)));
    pairs.reduce(|sum, length| sum + length)
}

/// The length of what two edges have in common, 0 if it is a corner of one of them; none if they do not touch so.
fn common(one: (Point, Point), other: (Point, Point)) -> Option<f64> {
    let away = (one.1.0 - one.0.0, one.1.1 - one.0.1);
    let whole = length(away);
    // How far along the first edge a point is, and how far from its line.
    let place = |(x, y): Point| {
        let (x, y) = (x - one.0.0, y - one.0.1);
        ((x * away.0 + y * away.1) / whole, (x * away.1 - y * away.0) / whole)
    };
    let ends = [place(other.0), place(other.1)];
    if ends.iter().all(|(_, far)| far.abs() < LEAST) {
        let [first, last] = ends.map(|(along, _)| along);
        let overlap = first.max(last).min(whole) - first.min(last).max(0.0);
        return (overlap > -LEAST).then_some(overlap.max(0.0));
    }
    let is_on = |(along, far): &(f64, f64)| far.abs() < LEAST && (-LEAST..whole + LEAST).contains(along);
    ends.iter().any(is_on).then_some(0.0).or_else(|| {
        let far = |point: Point| length((point.0 - other.0.0, point.1 - other.0.1));
        let back = |point: Point| length((point.0 - other.1.0, point.1 - other.1.1));
        let whole = far(other.1);
        [one.0, one.1].iter().any(|corner| far(*corner) + back(*corner) < whole + LEAST).then_some(0.0)
    })
}

fn length((x, y): Point) -> f64 {
    x.hypot(y)
}

/// The mean of the corners of a cell.
#[allow(clippy::cast_precision_loss)]
fn middle(cell: &Cell) -> Point {
    let corners = cell.iter().flatten();
    let count = cell.iter().map(Vec::len).sum::<usize>() as f64;
    let (x, y) = corners.fold((0.0, 0.0), |(x, y), corner| (x + corner.0, y + corner.1));
    (x / count, y / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbors(shape: PixelShape) -> Neighbors {
        let lattice = shape.cells(Size { width: 6, height: 6 }).lattice;
        Neighbors::new(shape, lattice, None, vec![true; lattice.width * lattice.height])
    }

    /// How many cells touch a cell, how many of them at an edge, and how many pairs are on opposite sides: facts of the
    /// regular tilings.
    #[test]
    fn each_shape_has_its_neighbors() {
        for (shape, expected) in [
            (PixelShape::Rectangle, (8, 4, 4)),
            (PixelShape::Shifted, (6, 6, 3)),
            (PixelShape::Hexagon, (6, 6, 3)),
            (PixelShape::Triangle, (12, 3, 6)),
            (PixelShape::Diamond, (8, 4, 4)),
            (PixelShape::Knit, (8, 4, 4)),
        ] {
            let neighbors = neighbors(shape);
            let width = neighbors.lattice.width;
            for cell in [2 * width + 2, 2 * width + 3, 3 * width + 2, 3 * width + 3] {
                let touching: Vec<usize> = neighbors.touching(cell).collect();
                let found = (touching.len(), neighbors.beside(cell).count(), neighbors.opposite(cell).count());
                assert_eq!(found, expected, "{shape} at {cell}");
                // Whoever touches is touched.
                assert!(touching.iter().all(|other| neighbors.touching(*other).any(|back| back == cell)), "{shape}");
                assert!(!neighbors.is_at_edge(cell), "{shape}");
            }
            assert!(neighbors.is_at_edge(0) && neighbors.touching(0).count() < expected.0, "{shape}");
        }
    }

    /// A lattice that goes on beside the picture looks the same around every cell.
    #[test]
    fn cells_of_a_tile_have_neighbors_on_all_sides() {
        for (shape, touching) in [
            (PixelShape::Rectangle, 8),
            (PixelShape::Shifted, 6),
            (PixelShape::Hexagon, 6),
            (PixelShape::Triangle, 12),
            (PixelShape::Diamond, 8),
            (PixelShape::Knit, 8),
        ] {
            let lattice = Size { width: 6, height: 8 };
            for tile in [Tile::Both, Tile::HalfDrop] {
                let neighbors = Neighbors::new(shape, lattice, Some(tile), vec![true; 48]);
                for cell in 0..48 {
                    let around: Vec<usize> = neighbors.touching(cell).collect();
                    assert_eq!(around.len(), touching, "{shape} {tile} at {cell}");
                    let is_mutual = |other: &usize| neighbors.touching(*other).any(|back| back == cell);
                    assert!(around.iter().all(is_mutual), "{shape} {tile} at {cell}: {around:?}");
                }
                assert!(neighbors.is_at_edge(0) && !neighbors.is_at_edge(3 * 6 + 3), "{shape} {tile}");
            }
            let across = Neighbors::new(shape, lattice, Some(Tile::Across), vec![true; 48]);
            assert!(across.touching(0).all(|other| other / 6 <= 2), "{shape}");
            assert!(across.touching(0).any(|other| other % 6 >= 4), "{shape}");
        }
    }

    #[test]
    fn cells_outside_the_picture_are_around_none() {
        let (shape, lattice) = (PixelShape::Rectangle, Size { width: 3, height: 3 });
        let neighbors = Neighbors::new(shape, lattice, None, (0..9).map(|cell| cell != 5).collect());
        assert_eq!(neighbors.beside(4).collect::<Vec<_>>(), [1, 3, 7]);
        assert!(neighbors.is_at_edge(4) && !neighbors.is_inside(5));
        assert_eq!(neighbors.cells().count(), 8);
    }
}
