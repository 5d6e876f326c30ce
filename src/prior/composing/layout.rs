//! Where things are in a picture, by their numbers and relations.
//!
//! Lengths are shares of the picture's height; x and y point right and down.

use crate::sentence::Relation;

/// The space between things, as a share of the usual side of one.
const GAP: f64 = 0.08;
/// How far things that touch overlap.
const TOUCH: f64 = 0.1;
/// The longer side of a thing, at most; its area is 1 otherwise.
const LONGEST: f64 = 1.3;
/// How much worse each row after the first is.
const ROW: f64 = 0.87;
/// The most that all things together fill of the picture's width and height.
const FILLED: f64 = 0.9;
/// The longest side of a single thing.
const ALONE: f64 = 0.8;
/// Where the things stand on the ground, from the top.
const GROUND: f64 = 0.94;

/// A group of things alike.
pub(in crate::prior) struct Item {
    /// Width and height of one, in any unit
    pub shape: (f64, f64),
    pub count: usize,
    /// How large it is compared with others
    pub scale: f64,
    /// How what comes before stands to it
    pub relation: Relation,
}

/// The place of a thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::prior) struct Place {
    /// The number of its group
    pub item: usize,
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// Things that were laid out, from back to front, from (0, 0) to the size.
struct Block {
    places: Vec<Place>,
    width: f64,
    height: f64,
}

/// The places of all things in a picture whose width is `aspect`, from back to front.
pub(in crate::prior) fn arrange(items: &[Item], aspect: f64, on_ground: bool) -> Vec<Place> {
    // What is side by side is laid out in rows; the other relations join such blocks.
    let mut runs: Vec<(Relation, Vec<usize>)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match (runs.last_mut(), item.relation) {
            (Some((_, run)), Relation::Beside) => run.push(index),
            (Some((_, run)), Relation::RightOf) => run.insert(run.len().saturating_sub(1), index),
            (_, relation) => runs.push((relation, vec![index])),
        }
    }
    let alone = runs.len() == 1;
    let mut whole: Option<Block> = None;
    for (relation, run) in runs {
        let room = if alone { aspect } else { 2.0 * aspect };
        let block = rows(&run.iter().map(|index| (*index, &items[*index])).collect::<Vec<_>>(), room);
        whole = Some(match whole {
            None => block,
            Some(before) => join(before, block, relation),
        });
    }
    let Some(Block { places, width, height }) = whole else { return Vec::new() };
    let most = if items.len() == 1 && items[0].count == 1 { ALONE } else { FILLED };
    let scale = (most * aspect / width).min(most / height);
    let left = (aspect - scale * width) / 2.0;
    let middle = (1.0 - scale * height) / 2.0;
    let top = if on_ground { (GROUND - scale * height).max(middle) } else { middle };
    let moved = |place: Place| Place {
        left: left + scale * place.left,
        top: top + scale * place.top,
        width: scale * place.width,
        height: scale * place.height,
        ..place
    };
    places.into_iter().map(moved).collect()
}

/// Things side by side, in as many rows as make them largest.
#[allow(clippy::cast_precision_loss)]
fn rows(items: &[(usize, &Item)], aspect: f64) -> Block {
    let mut things: Vec<(usize, f64, f64)> = Vec::new();
    for (index, item) in items {
        let (width, height) = item.shape;
        let side = (width * height).sqrt().max(width.max(height) / LONGEST);
        let scale = item.scale / side.max(f64::MIN_POSITIVE);
        things.extend(std::iter::repeat_n((*index, scale * width, scale * height), item.count));
    }
    let mut best: Option<(f64, Block)> = None;
    for count in 1..=things.len() {
        let block = in_rows(&things, count);
        let fits = (aspect / block.width).min(1.0 / block.height) * ROW.powi(i32::try_from(count).unwrap_or(i32::MAX));
        if best.as_ref().is_none_or(|(most, _)| fits > most + 1e-9) {
            best = Some((fits, block));
        }
    }
    best.map_or(Block { places: Vec::new(), width: 1.0, height: 1.0 }, |(_, block)| block)
}

/// Things in a number of rows, the shorter rows first, each in the middle; things of a row stand on one line.
fn in_rows(things: &[(usize, f64, f64)], count: usize) -> Block {
    let (least, longer) = (things.len() / count, things.len() % count);
    let mut lines = Vec::new();
    let mut rest = things;
    for row in 0..count {
        let (line, others) = rest.split_at((least + usize::from(row >= count - longer)).min(rest.len()));
        lines.push(line);
        rest = others;
    }
    let breadth = |line: &[(usize, f64, f64)]| line.iter().map(|thing| thing.1 + GAP).sum::<f64>() - GAP;
    let width = lines.iter().map(|line| breadth(line)).fold(0.0, f64::max);
    let mut places = Vec::new();
    let mut bottom = 0.0;
    for (row, line) in lines.iter().enumerate() {
        bottom += line.iter().map(|thing| thing.2).fold(0.0, f64::max) + if row > 0 { GAP } else { 0.0 };
        let mut left = (width - breadth(line)) / 2.0;
        for (item, width, height) in *line {
            places.push(Place { item: *item, left, top: bottom - height, width: *width, height: *height });
            left += width + GAP;
        }
    }
    Block { places, width, height: bottom }
}

/// Two blocks in a relation: the first is above the second, say.
fn join(first: Block, second: Block, relation: Relation) -> Block {
    match relation {
        Relation::Beside => beside(first, second),
        Relation::RightOf => beside(second, first),
        Relation::Above => stacked(first, second, GAP),
        Relation::Under => stacked(second, first, GAP),
        Relation::On => stacked_over(first.scaled(0.85), second, true),
        Relation::Bearing => stacked_over(second.scaled(0.55), first, true),
        Relation::In => stacked_over(first.scaled(0.9), second, false),
        Relation::InFront => overlapping(second, first.scaled(0.75)),
        Relation::Behind => overlapping(first, second.scaled(0.75)),
    }
}

fn beside(left: Block, right: Block) -> Block {
    let height = left.height.max(right.height);
    let (across, down) = (left.width + GAP, (height - left.height, height - right.height));
    together(left.moved(0.0, down.0), right.moved(across, down.1))
}

/// One block above another, both in the middle.
fn stacked(above: Block, below: Block, gap: f64) -> Block {
    let width = above.width.max(below.width);
    let (left, right) = ((width - above.width) / 2.0, (width - below.width) / 2.0);
    let down = above.height + gap;
    together(above.moved(left, 0.0), below.moved(right, down))
}

/// One block above another, touching it: in front of it, or deep inside it.
fn stacked_over(above: Block, below: Block, in_front: bool) -> Block {
    let overlap = if in_front { TOUCH } else { 0.4 * above.height.min(below.height) };
    let width = above.width.max(below.width);
    let (left, right) = ((width - above.width) / 2.0, (width - below.width) / 2.0);
    let down = above.height - overlap;
    let (above, below) = (above.moved(left, 0.0), below.moved(right, down));
    if in_front { together(below, above) } else { together(above, below) }
}

/// One block partly hidden by another, which is lower and on its left.
fn overlapping(back: Block, front: Block) -> Block {
    let across = 0.6 * front.width;
    let down = back.height + 0.12 - front.height;
    together(back.moved(across, (-down).max(0.0)), front.moved(0.0, down.max(0.0)))
}

/// Both blocks in one; the second is in front.
fn together(mut back: Block, front: Block) -> Block {
    back.places.extend(front.places);
    back.width = back.width.max(front.width);
    back.height = back.height.max(front.height);
    back
}

impl Block {
    fn scaled(mut self, scale: f64) -> Self {
        for place in &mut self.places {
            place.left *= scale;
            place.top *= scale;
            place.width *= scale;
            place.height *= scale;
        }
        Self { width: self.width * scale, height: self.height * scale, ..self }
    }

    /// The block with space on its left and above it.
    fn moved(mut self, across: f64, down: f64) -> Self {
        for place in &mut self.places {
            place.left += across;
            place.top += down;
        }
        Self { width: self.width + across, height: self.height + down, ..self }
    }
}
