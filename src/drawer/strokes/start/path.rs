//! Paths of places.

/// The path with `count` places at equal distances along it, from its first to its last place. A path of one place
/// stays there.
#[allow(clippy::cast_precision_loss)]
pub fn resampled(path: &[[f64; 2]], count: usize) -> Vec<[f64; 2]> {
    let lengths: Vec<f64> = path.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
    let whole: f64 = lengths.iter().sum();
    let (mut line, mut passed) = (0, 0.0);
    (0..count)
        .map(|index| {
            let wanted = whole * index as f64 / (count - 1).max(1) as f64;
            while line + 1 < lengths.len() && passed + lengths[line] < wanted {
                passed += lengths[line];
                line += 1;
            }
            match lengths.get(line) {
                Some(length) if *length > 0.0 => {
                    let share = ((wanted - passed) / length).clamp(0.0, 1.0);
                    between(path[line], path[line + 1], share)
                }
                _ => path[line.min(path.len() - 1)],
            }
        })
        .collect()
}

fn distance(one: [f64; 2], other: [f64; 2]) -> f64 {
    (one[0] - other[0]).hypot(one[1] - other[1])
}

fn between(one: [f64; 2], other: [f64; 2], share: f64) -> [f64; 2] {
    [one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share]
}
