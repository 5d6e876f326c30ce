#![allow(clippy::cast_precision_loss)]

use super::*;

fn cutouts(names: &str) -> Cutouts {
    let (reach, augmentations) = (Reach::All, names.parse().unwrap());
    Cutouts { reach, count: 2000, augmentations, zooms: 0.6, noise: 0.1, seed: 3, framing: Framing::default() }
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

/// Cutouts with a framing in a run of 100 iterations.
fn framed(zooms: Option<&str>, power: Option<&str>, focus: Option<f64>) -> Cutouts {
    let read = |text: &str| text.parse().unwrap();
    let framing = Framing { zooms: zooms.map(read), power: power.map(read), focus, iterations: 100 };
    Cutouts { framing, ..cutouts("crop,jitter") }
}

/// The middle of a cutout, and its area as a share of the largest square.
fn middle_and_area(cutout: &Cutout, width: usize, height: usize) -> ((f64, f64), f64) {
    let [(left, top), _, (right, bottom), _] = corners(cutout);
    let shorter = width.min(height) as f64;
    let area = (right - left) / 2.0 * width as f64 * (bottom - top) / 2.0 * height as f64 / (shorter * shorter);
    ((f64::midpoint(left, right), f64::midpoint(top, bottom)), area)
}

#[test]
fn framings_of_the_usual_values_change_nothing() {
    for iteration in [0, 7] {
        let usual = cutouts("crop,jitter").draw(iteration, 120, 90);
        assert_eq!(framed(Some("0.6"), Some("1"), None).draw(iteration, 120, 90), usual);
        assert_eq!(framed(None, None, None).draw(iteration, 120, 90), usual);
        // A bias moves zooms, and nothing else.
        let biased = framed(None, None, Some(2.0)).draw(iteration, 120, 90);
        assert!(biased != usual);
        for (biased, usual) in biased.iter().zip(&usual) {
            let area = |cutout| middle_and_area(cutout, 120, 90).1;
            assert!((area(biased) - area(usual)).abs() < 1e-9 && biased.touch == usual.touch);
            assert!(biased.zoom == usual.zoom && (biased.zoom || biased.view == usual.view));
        }
    }
}

#[test]
fn shares_and_sizes_of_zooms_follow_their_schedules() {
    let scheduled = framed(Some("0.25,0.75@40%"), Some("1,3@50"), None);
    for (iteration, zooms, mean) in [(39, 0.25, 0.5), (40, 0.75, 0.5), (50, 0.75, 0.25)] {
        let drawn = scheduled.draw(iteration, 100, 100);
        assert!((share(&drawn, |cutout| cutout.zoom) - zooms).abs() < 1e-3, "{iteration}");
        let areas: Vec<f64> =
            drawn.iter().filter(|cutout| cutout.zoom).map(|cutout| middle_and_area(cutout, 100, 100).1).collect();
        // The mean of u to the power p is 1 / (p + 1). Zooms with odd proportions are cut at the edges of the picture.
        let expected = 0.25 + 0.7 * mean;
        let found = areas.iter().sum::<f64>() / areas.len() as f64;
        assert!((found - expected).abs() < 0.03, "{iteration}: {found}, {expected}");
    }
    // Styles keep their cutouts.
    assert_eq!(scheduled.details(), cutouts("crop,jitter").details());
}

#[test]
fn biased_zooms_gather_around_the_middle() {
    // Of a normal distribution without what is beyond two deviations, the standard deviation is 0.880 of the whole one's.
    for (focus, expected) in [(2.0, 0.44), (8.0, 0.125)] {
        let drawn = framed(Some("1"), None, Some(focus)).draw(0, 300, 200);
        let (mut squares, mut places) = (0.0, 0.0);
        for cutout in &drawn {
            let ((x, y), _) = middle_and_area(cutout, 300, 200);
            let [(left, top), _, (right, bottom), _] = corners(cutout);
            assert!(left >= -1.000_001 && top >= -1.000_001 && right <= 1.000_001 && bottom <= 1.000_001);
            // The farthest that the middle can be from that of the picture, for this size.
            let (free_x, free_y) = (1.0 - (right - left) / 2.0, 1.0 - (bottom - top) / 2.0);
            for (at, free) in [(x, free_x), (y, free_y)].into_iter().filter(|(_, free)| *free > 1e-6) {
                (squares, places) = (squares + (at / free).powi(2), places + 1.0);
            }
        }
        let deviation = f64::sqrt(squares / places);
        assert!((deviation / expected - 1.0).abs() < 0.06, "{focus}: {deviation}");
    }
}
