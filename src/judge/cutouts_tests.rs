#![allow(clippy::cast_precision_loss)]

use super::*;

fn cutouts(names: &str) -> Cutouts {
    let (reach, augmentations) = (Reach::All, names.parse().unwrap());
    Cutouts { reach, count: 2000, augmentations, zooms: 0.6, noise: 0.1, seed: 3 }
}

fn share(cutouts: &[Cutout], is: impl Fn(&Cutout) -> bool) -> f64 {
    cutouts.iter().filter(|cutout| is(cutout)).count() as f64 / cutouts.len() as f64
}

/// The places of the corners of a cutout in the picture.
fn corners(cutout: &Cutout) -> [(f64, f64); 4] {
    [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(x, y)| cutout.view.matrix.map(x, y))
}

#[test]
fn zooms_have_the_stated_ranges() {
    for (width, height) in [(400, 400), (600, 300), (200, 500)] {
        let all = cutouts("crop").draw(0, width, height);
        let shorter = width.min(height) as f64;
        let mut areas = (f64::MAX, 0.0_f64);
        for cutout in all.iter().filter(|cutout| cutout.zoom) {
            let [(left, top), _, (right, bottom), _] = corners(cutout);
            assert!(left >= -1.000_001 && top >= -1.000_001 && right <= 1.000_001 && bottom <= 1.000_001);
            let (crop_width, crop_height) = ((right - left) / 2.0 * width as f64, (bottom - top) / 2.0 * height as f64);
            let area = crop_width * crop_height / (shorter * shorter);
            areas = (areas.0.min(area), areas.1.max(area));
            let ratio = crop_width / crop_height;
            assert!((0.85 - 1e-6..1.2 + 1e-6).contains(&ratio) || area > 0.8, "{ratio}");
        }
        assert!(areas.0 > 0.2499 && areas.0 < 0.27 && areas.1 < 0.9501 && areas.1 > 0.9, "{areas:?}");
    }
}

#[test]
fn zooms_have_their_share_of_few_and_of_many() {
    for zooms in [0.6, 0.5, 0.0, 1.0] {
        let all = Cutouts { zooms, ..cutouts("crop") }.draw(0, 9, 9);
        for count in [5, 8, 2000] {
            let found = share(&all[..count], |cutout| cutout.zoom) * count as f64;
            assert!((found - zooms * count as f64).abs() <= 0.5, "{zooms}: {found} of {count}");
        }
    }
}

#[test]
fn wides_show_the_whole_picture_in_its_proportions() {
    for (width, height, range) in [(300, 300, (0.95, 0.95)), (600, 300, (0.9, 1.0))] {
        for cutout in cutouts("crop").draw(1, width, height).iter().filter(|cutout| !cutout.zoom) {
            let [(left, top), _, (right, bottom), _] = corners(cutout);
            let (seen_width, seen_height) = ((right - left) * width as f64, (bottom - top) * height as f64);
            assert!((seen_width - seen_height).abs() < 1e-6);
            let share = 2.0 * width.max(height) as f64 / seen_width;
            assert!(share > range.0 - 1e-9 && share < range.1 + 1e-9, "{share}");
            assert!(matches!(cutout.view.border, Border::Fill(_)));
        }
    }
}

#[test]
fn borders_take_turns() {
    let border =
        |iteration| cutouts("crop").draw(iteration, 9, 9).iter().find(|cutout| cutout.zoom).unwrap().view.border;
    assert_eq!([0, 1, 2].map(border), [Border::Reflection, Border::Edge, Border::Reflection]);
}

#[test]
fn corners_move_as_often_and_as_far_as_stated() {
    let all = cutouts("perspective").draw(0, 100, 100);
    for (zoom, reach) in [(true, 0.4), (false, 0.2)] {
        let some: Vec<Cutout> = all.iter().copied().filter(|cutout| cutout.zoom == zoom).collect();
        let moved = |cutout: &Cutout| cutout.view.matrix.0[6] != 0.0;
        assert!((share(&some, moved) - 0.7).abs() < 0.05);
        let scale = if zoom { 1.0 } else { numbers::WIDE_SQUARE };
        let mut farthest = 0.0_f64;
        for cutout in some.iter().filter(|cutout| moved(cutout)) {
            // The picture's corners appear inside the cutout, by up to the reach.
            let inverse = cutout.view.matrix.inverse().unwrap();
            for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
                let (u, v) = inverse.map(x / scale, y / scale);
                for inwards in [1.0 - u * x, 1.0 - v * y] {
                    assert!(inwards > -1e-9 && inwards < reach + 1e-9, "{inwards}");
                    farthest = farthest.max(inwards);
                }
            }
        }
        assert!(farthest > 0.95 * reach);
    }
}

#[test]
fn colours_and_noise_have_the_stated_rates() {
    let all = cutouts("jitter").draw(0, 100, 100);
    let changed = |cutout: &Cutout| cutout.touch.colours != Touch::NONE.colours;
    assert!((share(&all, changed) - 0.8).abs() < 0.04);
    for cutout in &all {
        // Gray stays gray.
        for row in cutout.touch.colours.chunks(3) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
        assert!((0.0..0.1).contains(&cutout.touch.noise));
    }
    let mean = all.iter().map(|cutout| f64::from(cutout.touch.noise)).sum::<f64>() / 2000.0;
    assert!((mean - 0.05).abs() < 0.003);
}

#[test]
fn other_augmentations_have_the_stated_rates() {
    let all = cutouts("flip,erase,affine").draw(0, 100, 100);
    assert!((share(&all, |cutout| cutout.view.matrix.0[0] < 0.0) - 0.5).abs() < 0.04);
    assert!((share(&all, |cutout| cutout.erased.is_some()) - 0.3).abs() < 0.04);
    for cutout in &all {
        let touch = cutout.touch_at(224);
        assert!(
            touch.erased.is_none_or(|erased| erased.left + erased.width <= 224 && erased.top + erased.height <= 224)
        );
    }
}

#[test]
fn none_is_the_plain_resample() {
    let plain = Cutouts { noise: 0.0, ..cutouts("none") }.draw(4, 100, 50);
    assert!(plain.iter().all(|cutout| cutout.view.matrix == Homography::IDENTITY && cutout.touch_at(32).noise == 0.0));
}

#[test]
fn names_are_read_and_written() {
    let read = |text: &str| text.parse::<Augmentations>().map(|list| list.to_string());
    assert_eq!(read("jitter, crop,crop").unwrap(), "crop,jitter");
    assert_eq!(read("none").unwrap(), "none");
    assert!(read("crops").unwrap_err().contains("perspective"));
    assert!(read("").is_err());
}

#[test]
fn details_are_small_zooms_with_random_numbers_of_their_own() {
    let all = cutouts("crop");
    let details = all.details();
    let drawn = details.draw(0, 400, 300);
    assert_eq!((drawn.len(), share(&drawn, |cutout| cutout.zoom)), (1000, 1.0));
    let side = |cutout: &Cutout| {
        let [(left, top), _, (right, bottom), _] = corners(cutout);
        ((right - left) / 2.0 * 400.0 * (bottom - top) / 2.0 * 300.0).sqrt() / 300.0
    };
    let sides =
        drawn.iter().map(side).fold((f64::MAX, 0.0_f64), |(least, most), side| (least.min(side), most.max(side)));
    assert!(sides.0 > 0.249 && sides.0 < 0.27 && sides.1 < 0.501 && sides.1 > 0.48, "{sides:?}");
    assert_ne!(drawn[0].touch.noise_seed, all.draw(0, 400, 300)[0].touch.noise_seed);
    assert_eq!(Cutouts { count: 5, ..all }.details().count, 3);
}
