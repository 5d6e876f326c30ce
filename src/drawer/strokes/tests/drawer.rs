//! The drawer: its memory on a GPU, and how its strokes move with the canvas.

use super::*;
use crate::drawer::strokes::moving::is_outside;
use crate::drawer::strokes::{Kind, Look, StrokesDrawer};

/// The most strokes of a large picture: a GPU holds the gradients of some of its tiles at a time, and nothing of those of a
/// picture that is tiled.
#[test]
fn what_a_gpu_takes_has_a_bound() {
    let peak = |tile: Option<Tile>| {
        let size = Some(Size { width: 2048, height: 2048 });
        let (prompt, drawer) = (Some("a".parse().unwrap()), Some("strokes".into()));
        let asked =
            Overrides { prompt, drawer, size, strokes: Some(4096), tile: tile.map(Into::into), ..Overrides::default() };
        let (settings, of) = (combine(&[asked]).unwrap(), MemoryOf::Gpu(Precision::F32));
        STROKES.memory(&settings, Loaded { vqgan: None }, 0, of).unwrap().peak
    };
    let (plain, tiled) = (peak(None), peak(Some(Tile::Both)));
    assert!(plain - tiled > 240 << 20 && plain < 1 << 30, "{plain} {tiled}");
}

/// Strokes of a painting without paper.
fn painting(count: usize, segments: usize, percent: [f64; 2]) -> Look {
    Look {
        kind: Kind::Painting,
        count,
        segments,
        percent,
        paper: None,
        changes_paper: false,
        alpha_weight: None,
        tile: None,
    }
}

#[test]
#[allow(clippy::float_cmp, clippy::cast_possible_truncation)]
fn strokes_move_exactly() {
    let size = Size { width: 64, height: 48 };
    let look = painting(7, 2, [1.0, 50.0]);
    let mut stream = Stream::new(5, "test", 0);
    let start = Start::Noise(StartNoise::Codes, &mut stream);
    let mut drawer = StrokesDrawer::new(look, size, start, &Device::Cpu).unwrap();
    let numbers = |drawer: &StrokesDrawer| -> Vec<Vec<f32>> {
        drawer.parameters().iter().map(|one| one.flatten_all().unwrap().to_vec1().unwrap()).collect()
    };
    let before = numbers(&drawer);
    let mut moves = Stream::new(5, "moves", 0);
    drawer.move_canvas(&Motion::NONE, &mut moves).unwrap();
    assert_eq!(numbers(&drawer), before, "nothing changes, not one bit");
    let motion = Motion { zoom: 1.1, angle: 30.0, pan: [3.0, -2.0] };
    drawer.move_canvas(&motion, &mut moves).unwrap();
    let after = numbers(&drawer);
    let mut compared = 0;
    for ((from, to), width) in before[0].chunks(14).zip(after[0].chunks(14)).zip(&after[1]) {
        let place = |point: &[f32]| motion.place([f64::from(point[0]), f64::from(point[1])], size);
        let moved: Vec<f32> = from.chunks(2).flat_map(|point| place(point).map(|number| number as f32)).collect();
        if is_outside(&moved, *width, size) {
            assert!(!is_outside(to, *width, size), "{to:?}");
        } else {
            compared += 7;
            assert_eq!(moved, to);
        }
    }
    assert!(compared > 20, "{compared}");
    for (from, to) in before[1].iter().zip(&after[1]) {
        let wider = f64::from(*from) * 1.1;
        assert!((f64::from(*to) - wider.clamp(0.48, 24.0)).abs() < 1e-4, "{from}, {to}");
    }
    assert_eq!(before[2], after[2], "colors stay");
}

/// Nothing pulls back strokes that have left the canvas, so without new places, all of them would be gone.
#[test]
fn strokes_that_leave_the_canvas_begin_elsewhere() {
    let size = Size { width: 64, height: 48 };
    let look = painting(20, 1, [1.0, 5.0]);
    let drawn = |frames: u64| -> Vec<Vec<f32>> {
        let mut stream = Stream::new(5, "test", 0);
        let start = Start::Noise(StartNoise::Codes, &mut stream);
        let mut drawer = StrokesDrawer::new(look, size, start, &Device::Cpu).unwrap();
        for frame in 0..frames {
            let motion = Motion { zoom: 1.02, pan: [0.5, 0.0], ..Motion::NONE };
            drawer.move_canvas(&motion, &mut Stream::new(5, "moves", frame)).unwrap();
        }
        drawer.parameters().iter().map(|one| one.flatten_all().unwrap().to_vec1().unwrap()).collect()
    };
    let moved = drawn(150);
    for (points, width) in moved[0].chunks(8).zip(&moved[1]) {
        assert!(!is_outside(points, *width, size), "{points:?}");
    }
    let distinct: std::collections::BTreeSet<_> = moved[0].chunks(8).map(|points| points[0].to_bits()).collect();
    assert_eq!(distinct.len(), 20, "each has a place of its own");
    assert!(drawn(150) == moved, "the places follow from the stream");
    let is_out = |low: f32| is_outside(&[low, 3.0, low - 2.0, 9.0], 4.0, size);
    assert_eq!([is_out(-2.9), is_out(-3.1), is_out(66.0), is_out(70.0)], [false, true, false, true]);
}
