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
/// The longest side of a single thing, at most.
const ALONE: f64 = 0.86;
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

/// What a layout leaves open, for the seed to decide.
#[derive(Clone, Copy, Debug)]
pub(in crate::prior) struct Freedom {
    /// The size of everything, as a share of the most that fits
    pub scale: f64,
    /// Where everything is in the space that is left, from 0 at the left to 1 at the right
    pub across: f64,
    /// The same from the top to the bottom; things that stand on the ground stay there
    pub down: f64,
}

/// Things that were laid out, from back to front, from (0, 0) to the size.
struct Block {
    places: Vec<Place>,
    width: f64,
    height: f64,
}

/// The places of all things in a picture whose width is `aspect`, from back to front.
pub(in crate::prior) fn arrange(items: &[Item], aspect: f64, on_ground: bool, freedom: Freedom) -> Vec<Place> {
    // What is only together is laid out in rows; the other relations join such blocks.
    let mut runs: Vec<(Relation, Vec<(usize, &Item)>)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match runs.last_mut() {
            Some((_, run)) if item.relation == Relation::With => run.push((index, item)),
            _ => runs.push((item.relation, vec![(index, item)])),
        }
    }
    // Blocks beside each other have half of the width, those above each other half of the height.
    let room = match runs.get(1).map(|(relation, _)| relation) {
        None | Some(Relation::InFront | Relation::Behind) => aspect,
        Some(Relation::Beside | Relation::RightOf) => aspect / 2.0,
        Some(_) => 2.0 * aspect,
    };
    let mut whole: Option<Block> = None;
    for (relation, run) in runs {
        let block = rows(&run, room);
        whole = Some(match whole {
            None => block,
            Some(before) => join(before, block, relation),
        });
    }
    let Some(Block { places, width, height }) = whole else { return Vec::new() };
    let most = if items.len() == 1 && items[0].count == 1 { ALONE } else { FILLED };
    let scale = freedom.scale * (most * aspect / width).min(most / height);
    let left = (aspect - scale * width) * freedom.across;
    let free = 1.0 - scale * height;
    let top = if on_ground { (GROUND - scale * height).max(free / 2.0) } else { free * freedom.down };
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
        Relation::With | Relation::Beside => beside(first, second),
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

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: Freedom = Freedom { scale: 1.0, across: 0.5, down: 0.5 };

    fn item(shape: (f64, f64), count: usize, relation: Relation) -> Item {
        Item { shape, count, scale: 1.0, relation }
    }

    /// A square beside, above and so on of another; the places of the first and of the second.
    fn pair(relation: Relation) -> (Place, Place) {
        let items = [item((1.0, 1.0), 1, Relation::With), item((1.0, 1.0), 1, relation)];
        let places = arrange(&items, 1.0, false, MIDDLE);
        assert_eq!(places.len(), 2);
        let of = |index: usize| *places.iter().find(|place| place.item == index).unwrap();
        (of(0), of(1))
    }

    fn is_in_front(items: &[Place], front: usize) -> bool {
        items.last().is_some_and(|place| place.item == front)
    }

    fn overlap(one: &Place, other: &Place) -> f64 {
        let across = (one.left + one.width).min(other.left + other.width) - one.left.max(other.left);
        let down = (one.top + one.height).min(other.top + other.height) - one.top.max(other.top);
        across.max(0.0) * down.max(0.0)
    }

    #[test]
    fn relations_are_where_things_are() {
        let (first, second) = pair(Relation::Beside);
        assert!(first.left + first.width < second.left && (first.top - second.top).abs() < 1e-9);
        let (first, second) = pair(Relation::RightOf);
        assert!(second.left + second.width < first.left);
        let (first, second) = pair(Relation::Above);
        assert!(first.top + first.height < second.top && (first.left - second.left).abs() < 1e-9);
        let (first, second) = pair(Relation::Under);
        assert!(second.top + second.height < first.top);
        let (first, second) = pair(Relation::On);
        assert!(first.top < second.top && first.top + first.height > second.top, "they touch");
        let (first, second) = pair(Relation::Bearing);
        assert!(second.top < first.top && second.width < first.width, "a crown is smaller than who wears it");
    }

    #[test]
    fn wide_things_beside_each_other_are_not_stacked() {
        let wide = |relation| {
            let items = [item((2.0, 1.0), 1, Relation::With), item((2.0, 1.0), 1, relation)];
            let places = arrange(&items, 1.0, false, MIDDLE);
            (places[0].left - places[1].left).abs() > 0.1
        };
        assert!(wide(Relation::Beside) && wide(Relation::RightOf) && !wide(Relation::With));
    }

    #[test]
    fn what_is_in_front_is_drawn_last_and_hides_little() {
        for (relation, front) in [(Relation::InFront, 0), (Relation::Behind, 1), (Relation::In, 1), (Relation::On, 0)] {
            let items = [item((1.0, 1.0), 1, Relation::With), item((1.0, 1.0), 1, relation)];
            let places = arrange(&items, 1.0, false, MIDDLE);
            assert!(is_in_front(&places, front), "{relation:?}");
            let hidden = overlap(&places[0], &places[1]) / (places[0].width * places[0].height);
            assert!(hidden > 0.0 && hidden < 0.5, "{relation:?}: {hidden}");
        }
    }

    #[test]
    fn all_things_are_whole_and_apart_in_every_shape_of_picture() {
        for aspect in [0.2, 0.5, 1.0, 1.75, 5.0] {
            for (count, shape) in
                (1..=9).flat_map(|count| [(0.3, 1.0), (1.0, 1.0), (1.0, 0.2)].map(|shape| (count, shape)))
            {
                for on_ground in [false, true] {
                    let items = [item(shape, count, Relation::With), item((1.0, 1.0), 1, Relation::With)];
                    let places = arrange(&items, aspect, on_ground, MIDDLE);
                    assert_eq!(places.len(), count + 1);
                    for (index, place) in places.iter().enumerate() {
                        let right = place.left + place.width;
                        assert!(place.left >= -1e-9 && right <= aspect + 1e-9, "{aspect} {count}: {place:?}");
                        assert!(place.top >= -1e-9 && place.top + place.height <= 1.0 + 1e-9, "{aspect}: {place:?}");
                        assert!(places[..index].iter().all(|other| overlap(place, other) < 1e-9), "{aspect} {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn more_things_are_in_rows() {
        let rows = |count: usize| {
            let mut bottoms: Vec<i64> = arrange(&[item((1.0, 1.0), count, Relation::With)], 1.0, false, MIDDLE)
                .iter()
                .map(|place| {
                    #[allow(clippy::cast_possible_truncation)]
                    let bottom = ((place.top + place.height) * 1e6) as i64;
                    bottom
                })
                .collect();
            bottoms.sort_unstable();
            bottoms.chunk_by(|one, other| one == other).map(<[i64]>::len).collect::<Vec<_>>()
        };
        assert_eq!([1, 2, 3, 4, 6, 9].map(rows), [vec![1], vec![2], vec![1, 2], vec![2, 2], vec![3, 3], vec![3, 3, 3]]);
    }

    #[test]
    fn a_thing_without_a_size_is_no_failure() {
        assert!(arrange(&[], 1.0, false, MIDDLE).is_empty());
        let places = arrange(&[item((0.0, 0.0), 2, Relation::With)], 1.0, true, MIDDLE);
        assert!(
            places
                .iter()
                .all(|place| [place.left, place.top, place.width, place.height].iter().all(|at| at.is_finite()))
        );
    }
}
