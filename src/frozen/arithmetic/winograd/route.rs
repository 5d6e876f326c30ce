//! The routes through Winograd's algorithm: forward and backward, for plain and for doubled pictures.

use super::points::{DOUBLED, PLAIN, Points, SEEN, TILE};

/// One route: what a tile reads and what it writes.
pub trait Route {
    const POINTS: Points;
    /// Products per tile and pair of channels
    const PRODUCTS: usize = Self::POINTS.count * Self::POINTS.count;
    /// Whether this is the gradient's direction, read from the end
    const BACK: bool;
    /// Side of a tile's input, in pixels
    const SEEN: usize;
    /// Distance from one tile to the next, in pixels
    const STEP: usize;
    /// Side of a tile's results
    const RESULTS: usize;
    /// [point][pixel]
    const PICTURE: [[f32; SEEN]; SEEN];
    /// [result][point]
    const INTERPOLATION: [[f32; SEEN]; TILE];
}

pub struct Forward;
pub struct Backward;
/// Reads each pixel of the small picture once, for its two copies.
pub struct DoubledForward;
/// Writes the sums of the copies of each pixel.
pub struct DoubledBackward;

impl Route for Forward {
    const POINTS: Points = PLAIN;
    const BACK: bool = false;
    const SEEN: usize = SEEN;
    const STEP: usize = TILE;
    const RESULTS: usize = TILE;
    const PICTURE: [[f32; SEEN]; SEEN] = PLAIN.picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = PLAIN.results;
}

impl Route for Backward {
    const POINTS: Points = PLAIN;
    const BACK: bool = true;
    const SEEN: usize = SEEN;
    const STEP: usize = TILE;
    const RESULTS: usize = TILE;
    const PICTURE: [[f32; SEEN]; SEEN] = PLAIN.reversed().picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = PLAIN.reversed().results;
}

impl Route for DoubledForward {
    const POINTS: Points = DOUBLED;
    const BACK: bool = false;
    const SEEN: usize = 4;
    const STEP: usize = TILE / 2;
    const RESULTS: usize = TILE;
    const PICTURE: [[f32; SEEN]; SEEN] = DOUBLED.of_doubled().picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = DOUBLED.results;
}

impl Route for DoubledBackward {
    const POINTS: Points = DOUBLED;
    const BACK: bool = true;
    const SEEN: usize = SEEN;
    const STEP: usize = TILE;
    const RESULTS: usize = TILE / 2;
    const PICTURE: [[f32; SEEN]; SEEN] = DOUBLED.reversed().picture;
    const INTERPOLATION: [[f32; SEEN]; TILE] = DOUBLED.reversed().summed_in_pairs().results;
}
