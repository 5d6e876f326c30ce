#![allow(clippy::unwrap_used)]

use image::RgbImage;

use super::*;
use crate::random::Stream;

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn set(parameter: &Var, values: Vec<f32>) {
    parameter.set(&Tensor::from_vec(values, parameter.shape(), &Device::Cpu).unwrap()).unwrap();
}

fn drawer(shape: PixelShape, alpha_weight: Option<f64>) -> PixelDrawer {
    let art = PixelArt {
        shape,
        grid: Size { width: 4, height: 3 },
        smoothness: 0.7,
        alpha_weight,
        finish: Finish::default(),
        tile: None,
    };
    let mut stream = Stream::new(5, "test", 0);
    PixelDrawer::new(art, Size { width: 23, height: 17 }, Start::Noise(StartNoise::Snow, &mut stream), &Device::Cpu)
        .unwrap()
}

/// The gradient of the colors and alphas of cells matches finite differences of the picture, for every shape.
#[test]
#[allow(clippy::cast_possible_truncation)]
fn the_gradient_is_that_of_the_picture() {
    let pairs = PixelShape::ALL.iter().flat_map(|(shape, name)| [None, Some(0.3)].map(|weight| (shape, weight, name)));
    for (shape, alpha_weight, name) in pairs {
        let drawer = drawer(*shape, alpha_weight);
        let mut stream = Stream::new(6, "test", 0);
        let channels = if alpha_weight.is_some() { 4 } else { 3 };
        let slopes: Vec<f32> = (0..channels * 23 * 17).map(|_| stream.between(-1.0, 1.0) as f32).collect();
        let slopes = Tensor::from_vec(slopes, (1, channels, 17, 23), &Device::Cpu).unwrap();
        let objective = || {
            let drawn = (drawer.draw().unwrap() * &slopes).unwrap().sum_all().unwrap();
            drawer.own_losses().unwrap().into_iter().fold(drawn, |sum, (_, loss)| (sum + loss).unwrap())
        };
        let gradients = objective().backward().unwrap();
        assert_eq!(drawer.parameters().len(), channels - 2);
        for parameter in drawer.parameters() {
            let gradient = values(gradients.get(&parameter).unwrap());
            let start = values(&parameter);
            let step = 0.125;
            for index in 0..start.len() {
                let at = |change: f32| {
                    let mut moved = start.clone();
                    moved[index] += change;
                    set(&parameter, moved);
                    f64::from(objective().to_scalar::<f32>().unwrap())
                };
                // The objective is quadratic, so central differences are exact.
                let difference = (at(step) - at(-step)) / (2.0 * f64::from(step));
                let found = f64::from(gradient[index]);
                assert!((difference - found).abs() < 2e-3 * found.abs().max(1.0), "{name}: {difference}, {found}");
            }
            set(&parameter, start);
        }
    }
}

/// Delivering a picture that was drawn gives the same as delivering the current parameters, for every shape.
#[test]
fn a_picture_is_what_its_cells_are() {
    let palette = Palette::load("black,red,yellow,white").unwrap();
    for (shape, name) in PixelShape::ALL {
        for alpha_weight in [None, Some(1.0)] {
            let drawer = drawer(*shape, alpha_weight);
            if let Some(alphas) = &drawer.alphas {
                let count = values(&alphas.values).len();
                set(&alphas.values, (0..count).map(|cell| [0.1, 0.7, 0.49, 0.5][cell % 4]).collect());
            }
            let drawn = drawer.draw().unwrap();
            for colors in [None, Some((&palette, Dither::Bayer2))] {
                let [at_once, later] =
                    [None, Some(&drawn)].map(|drawn| values(&drawer.deliver(drawn, colors).unwrap()));
                assert_eq!(at_once.len(), later.len());
                let pairs = at_once.iter().zip(&later);
                // Cells at the edge may have no pixel of their own.
                let different = pairs.filter(|(one, other)| (*one - *other).abs() > 1e-6).count();
                assert!(different <= at_once.len() / 50, "{name}: {different} of {}", at_once.len());
            }
        }
    }
}

/// Cells are visible or not, and invisible cells lend no color to their neighbors.
#[test]
fn cells_below_one_half_are_dropped() {
    for (shape, name) in PixelShape::ALL {
        let drawer = drawer(*shape, Some(1.0));
        let alphas = &drawer.alphas.as_ref().unwrap().values;
        let count = values(alphas).len();
        let is_kept = |cell: usize| !cell.is_multiple_of(3);
        set(alphas, (0..count).map(|cell| if is_kept(cell) { 0.5 } else { 0.4999 }).collect());
        let plane = (0..count).map(|cell| if is_kept(cell) { 0.8 } else { 0.1 });
        set(&drawer.cells, std::iter::repeat_n(plane, 3).flatten().collect());
        let delivered = values(&drawer.deliver(None, None).unwrap());
        let (colors, alphas) = delivered.split_at(3 * 23 * 17);
        for (pixel, alpha) in alphas.iter().enumerate() {
            let expected = if *alpha > 0.0 { 0.8 } else { 0.0 };
            assert!((colors[pixel] - expected).abs() < 1e-5, "{name}: {} with {alpha}", colors[pixel]);
        }
        assert!(alphas.contains(&0.0) && alphas.iter().any(|alpha| (alpha - 1.0).abs() < 1e-6), "{name}");
    }
}

/// Plain rectangular cells.
fn squares(grid: Size) -> PixelArt {
    PixelArt {
        shape: PixelShape::Rectangle,
        grid,
        smoothness: 0.0,
        alpha_weight: None,
        finish: Finish::default(),
        tile: None,
    }
}

#[test]
fn a_picture_becomes_the_mean_of_each_cell() {
    let grid = Size { width: 2, height: 1 };
    let art = squares(grid);
    let image = RgbImage::from_fn(4, 2, |x, y| image::Rgb([if x < 2 { 255 } else { 0 }, [0, 255][y as usize], 51]));
    let start = Start::Picture(image, 1.0);
    let drawer = PixelDrawer::new(art, Size { width: 4, height: 2 }, start, &Device::Cpu).unwrap();
    let cells = values(&drawer.parameters()[0]);
    let expected = [1.0, 0.0, 0.5, 0.5, 0.2, 0.2];
    assert!(cells.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{cells:?}");
}

/// Cells of one pixel are a picture; larger cells have the mean of what moves into them.
#[test]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn moved_cells_are_the_means_of_the_moved_function() {
    for side in [1_usize, 4] {
        let grid = Size { width: 24 / side, height: 16 / side };
        let size = Size { width: 24, height: 16 };
        let art = squares(grid);
        let mut stream = Stream::new(5, "test", 0);
        let start = Start::Noise(StartNoise::Snow, &mut stream);
        let mut drawer = PixelDrawer::new(art, size, start, &Device::Cpu).unwrap();
        let snow = values(&drawer.cells);
        drawer.move_canvas(&Motion::NONE, &mut Stream::new(1, "moves", 0)).unwrap();
        assert_eq!(values(&drawer.cells), snow, "nothing changes, not one bit");
        // A linear function of the place: the mean of a cell is the value at its middle.
        let middle = |index: usize| {
            let place = |at: usize| (at * side) as f64 + side as f64 / 2.0;
            (place(index % grid.width), place(index / grid.width))
        };
        let shade = |x: f64, y: f64| 0.3 + 0.015 * x + 0.01 * y;
        let cells = grid.width * grid.height;
        let shades = (0..3 * cells).map(|index| {
            let (x, y) = middle(index % cells);
            shade(x, y) as f32
        });
        set(&drawer.cells, shades.collect());
        // By whole cells, so that the steps between cells move onto steps.
        let motion = Motion { pan: [side as f64, -(side as f64)], ..Motion::NONE };
        drawer.move_canvas(&motion, &mut Stream::new(1, "moves", 0)).unwrap();
        let moved = values(&drawer.cells);
        let mut compared = 0;
        for (index, found) in moved[..cells].iter().enumerate() {
            let (x, y) = middle(index);
            let (x, y) = (x - motion.pan[0], y - motion.pan[1]);
            if x > 0.0 && y < 16.0 {
                compared += 1;
                assert!((f64::from(*found) - shade(x, y)).abs() < 1e-5, "{side}: {found}, {}", shade(x, y));
            }
        }
        assert_eq!(compared, (grid.width - 1) * (grid.height - 1));
    }
}

#[test]
fn transparent_cells_move_with_their_alphas() {
    let mut drawer = drawer(PixelShape::Hexagon, Some(0.3));
    let alphas = |drawer: &PixelDrawer| values(&drawer.alphas.as_ref().unwrap().values);
    let count = alphas(&drawer).len();
    set(
        &drawer.alphas.as_ref().unwrap().values,
        (0..count).map(|cell| if cell.is_multiple_of(2) { 0.2 } else { 0.9 }).collect(),
    );
    let before = (values(&drawer.cells), alphas(&drawer));
    drawer.move_canvas(&Motion { zoom: 1.3, angle: 20.0, pan: [1.0, 2.0] }, &mut Stream::new(1, "moves", 0)).unwrap();
    let after = (values(&drawer.cells), alphas(&drawer));
    assert!(after.0 != before.0 && after.1 != before.1);
    assert!(after.0.iter().chain(&after.1).all(|value| (0.0..=1.0).contains(value)));
}
