//! Which pictures of a run are frames, and how long each is shown.

use std::cmp::Ordering;

use crate::settings::{Settings, VideoSettings};

/// The frames of a run. Time is counted in slots: a slot is the duration of one picture at the frame rate.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    /// The number of the last picture; the first is 0
    last: usize,
    /// Every how many pictures one may be a frame
    every: usize,
    /// The number of frames in between from each of these pictures to the next
    blend: usize,
    /// Whether the first picture is the start of a frame, as in an animation, instead of a frame
    at_ends: bool,
    /// The number of slots of all frames, if the length is given
    forward: Option<usize>,
    /// The number of slots for which the last frame is held
    hold: usize,
    boomerang: bool,
}

impl Timeline {
    /// Creates the timeline of the pictures 0 to `last`.
    #[must_use]
    pub fn new(settings: &VideoSettings, last: usize) -> Self {
        let mut hold = settings.fps.slots(settings.hold);
        let forward = settings.seconds.map(|seconds| {
            let moving = settings.fps.slots(seconds).saturating_sub(hold).max(1);
            if !settings.boomerang || moving == 1 {
                return moving;
            }
            // The way back, from the last but one to the second, makes the total even.
            hold += moving % 2;
            moving / 2 + 1
        });
        let (every, blend) = (settings.frame_every.max(1), settings.blend.unwrap_or(0));
        Self { last, every, blend, at_ends: false, forward, hold, boomerang: settings.boomerang }
    }

    /// The timeline of a run with these settings. Each frame of an animation is the picture after its iterations, which have
    /// repaired the effects of the motion by then; --frame-every counts frames in this case.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let timeline = Self::new(&settings.video(), settings.iterations);
        match settings.iterations_of_frame() {
            Some(each) => Self { every: timeline.every.saturating_mul(each), at_ends: true, ..timeline },
            None => timeline,
        }
    }

    /// The number of frames in between from each picture that may be a frame to the next.
    #[must_use]
    pub fn blend(&self) -> usize {
        self.blend
    }

    /// Whether a picture is needed: it is shown itself, or in a frame that fades from one picture to the next.
    #[must_use]
    pub fn is_frame(&self, picture: usize) -> bool {
        if !self.is_candidate(picture) {
            return false;
        }
        let own = self.place(picture) * (self.blend + 1);
        let (first, end) = (own.saturating_sub(self.blend), own + self.blend + 1);
        self.forward.is_none_or(|forward| self.first_slot(end, forward) > self.first_slot(first, forward))
    }

    /// The number of slots for which a picture is shown; 0 if it is not shown.
    #[must_use]
    pub fn slots(&self, picture: usize) -> usize {
        if self.is_candidate(picture) { self.slots_of(self.place(picture) * (self.blend + 1)) } else { 0 }
    }

    /// The number of slots of each frame in between before a picture, in order. There is none before the first picture.
    #[must_use]
    pub fn slots_between(&self, picture: usize) -> Vec<usize> {
        let end = self.place(picture) * (self.blend + 1);
        let first = end.saturating_sub(self.blend);
        if end == 0 { Vec::new() } else { (first..end).map(|frame| self.slots_of(frame)).collect() }
    }

    /// Whether a picture of the run may be a frame. The last picture is one.
    fn is_candidate(&self, picture: usize) -> bool {
        match picture.cmp(&self.last) {
            Ordering::Greater => false,
            Ordering::Equal => true,
            Ordering::Less => picture.is_multiple_of(self.every) && !(self.at_ends && picture == 0),
        }
    }

    /// The index of a picture among those that may be frames; for any other picture, the index of the next one.
    fn place(&self, picture: usize) -> usize {
        picture.min(self.last).div_ceil(self.every).saturating_sub(usize::from(self.at_ends))
    }

    /// The place of the last picture among those that may be frames.
    fn last_place(&self) -> usize {
        self.place(self.last)
    }

    /// The number of slots of a frame, among the pictures that may be frames and all in between.
    fn slots_of(&self, frame: usize) -> usize {
        self.forward.map_or(1, |forward| self.first_slot(frame + 1, forward) - self.first_slot(frame, forward))
    }

    /// The first of `forward` slots that does not show a frame before this one.
    fn first_slot(&self, frame: usize, forward: usize) -> usize {
        let frames = self.last_place() * (self.blend + 1) + 1;
        // Slot s shows frame round(s (frames - 1) / (forward - 1)), the first at 0, the last at the end.
        match frame {
            0 => 0,
            _ if frame >= frames => forward,
            // One slot shows the last picture.
            _ if forward == 1 => usize::from(frame > frames - 1),
            _ => ((2 * frame - 1) * (forward - 1)).div_ceil(2 * (frames - 1)),
        }
    }

    /// The number of frames before a picture that are shown, and so are in a folder of frames.
    #[must_use]
    pub fn frames_before(&self, picture: usize) -> usize {
        (0..picture.min(self.last.saturating_add(1))).filter(|before| self.slots(*before) > 0).count()
    }

    /// The number of slots for which the last frame is held, after its own.
    #[must_use]
    pub fn hold(&self) -> usize {
        self.hold
    }

    /// Whether the frames are also shown backward.
    #[must_use]
    pub fn boomerang(&self) -> bool {
        self.boomerang
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(frame_every: usize, seconds: Option<f64>, hold: f64, boomerang: bool, last: usize) -> Timeline {
        let fps = "10".parse().unwrap();
        Timeline::new(&VideoSettings { fps, frame_every, seconds, hold, boomerang, ..VideoSettings::default() }, last)
    }

    fn frames(timeline: &Timeline) -> Vec<(usize, usize)> {
        (0..=timeline.last + 1)
            .map(|picture| (picture, timeline.slots(picture)))
            .filter(|(_, slots)| *slots > 0)
            .collect()
    }

    #[test]
    fn every_nth_picture_and_the_last_are_frames() {
        assert_eq!(frames(&timeline(1, None, 0.0, false, 3)), [(0, 1), (1, 1), (2, 1), (3, 1)]);
        assert_eq!(frames(&timeline(4, None, 0.0, false, 10)), [(0, 1), (4, 1), (8, 1), (10, 1)]);
        assert_eq!(frames(&timeline(5, None, 0.0, false, 10)), [(0, 1), (5, 1), (10, 1)]);
        assert_eq!(frames(&timeline(7, None, 0.0, false, 0)), [(0, 1)]);
    }

    #[test]
    fn an_animation_shows_the_end_of_each_frame() {
        let animated = |every: usize, each: usize, seconds: Option<f64>, length: usize| Timeline {
            at_ends: true,
            every: every * each,
            ..timeline(1, seconds, 0.0, false, length * each)
        };
        assert_eq!(frames(&animated(1, 10, None, 3)), [(10, 1), (20, 1), (30, 1)]);
        assert_eq!(frames(&animated(1, 1, None, 3)), [(1, 1), (2, 1), (3, 1)]);
        assert_eq!(frames(&animated(2, 5, None, 5)), [(10, 1), (20, 1), (25, 1)]);
        assert_eq!(frames(&animated(1, 4, None, 1)), [(4, 1)]);
        assert_eq!(frames(&animated(1, 10, Some(0.6), 3)), [(10, 2), (20, 2), (30, 2)]);
        for (every, each, length) in [(1, 7, 9), (3, 2, 10), (2, 1, 8)] {
            let timeline = animated(every, each, None, length);
            let shown = frames(&timeline);
            assert_eq!(shown.len(), length.div_ceil(every));
            assert_eq!(timeline.frames_before(length * each), shown.len() - 1);
        }
    }

    #[test]
    fn frames_are_chosen_to_fit() {
        // More pictures than slots: frames are spread evenly, and include both ends.
        assert_eq!(frames(&timeline(1, Some(0.5), 0.0, false, 100)), [(0, 1), (25, 1), (50, 1), (75, 1), (100, 1)]);
        assert_eq!(frames(&timeline(10, Some(0.3), 0.0, false, 95)), [(0, 1), (50, 1), (95, 1)]);
        // Fewer pictures than slots: some are shown longer.
        assert_eq!(frames(&timeline(1, Some(0.7), 0.0, false, 2)), [(0, 2), (1, 3), (2, 2)]);
        assert_eq!(frames(&timeline(1, Some(0.1), 0.0, false, 9)), [(9, 1)]);
        assert_eq!(frames(&timeline(1, Some(2.0), 0.0, false, 0)), [(0, 20)]);
    }

    #[test]
    fn frames_in_between_have_their_own_slots() {
        let fading = |blend, frame_every, seconds, last| {
            let (fps, blend) = ("10".parse().unwrap(), Some(blend));
            Timeline::new(&VideoSettings { fps, frame_every, blend, seconds, ..VideoSettings::default() }, last)
        };
        // Two frames between any two.
        let plain = fading(2, 1, None, 3);
        assert_eq!((plain.slots_between(0), plain.slots_between(1), plain.slots(1)), (vec![], vec![1, 1], 1));
        assert_eq!(plain.slots_between(3), [1, 1]);
        // The last picture is not a multiple of the step.
        let stepped = fading(1, 4, None, 10);
        let shown: Vec<usize> = (0..=10).filter(|picture| stepped.is_frame(*picture)).collect();
        assert_eq!((shown, stepped.slots_between(8), stepped.slots_between(10)), (vec![0, 4, 8, 10], vec![1], vec![1]));
        for (last, every, tenths) in [(2, 1, 7), (9, 1, 4), (9, 2, 1), (0, 1, 5), (100, 3, 39), (5, 1, 2)] {
            for blend in [1, 3, 100] {
                let timeline = fading(blend, every, Some(f64::from(tenths) / 10.0), last);
                let pictures = (0..=last).filter(|picture| timeline.is_frame(*picture));
                let slots: usize =
                    pictures.map(|at| timeline.slots_between(at).iter().sum::<usize>() + timeline.slots(at)).sum();
                assert_eq!(slots, usize::try_from(tenths).unwrap(), "{last} {every} {tenths} {blend}");
            }
        }
        assert_eq!(fading(1, 1, None, 9).frames_before(4), 4);
    }

    #[test]
    fn only_what_is_seen_is_a_frame() {
        let fading = |blend, seconds, last| {
            let (fps, blend) = ("10".parse().unwrap(), Some(blend));
            Timeline::new(&VideoSettings { fps, blend, seconds, ..VideoSettings::default() }, last)
        };
        let needed = |timeline: &Timeline| -> Vec<usize> {
            (0..=timeline.last + 1).filter(|picture| timeline.is_frame(*picture)).collect()
        };
        // 401 frames, of which 0, 44, 89, 133, 178, 222, 267, 311, 356 and 400 are shown; the odd ones are in between.
        let timeline = fading(1, Some(1.0), 200);
        assert_eq!(needed(&timeline), [0, 22, 44, 45, 66, 67, 89, 111, 133, 134, 155, 156, 178, 200]);
        let shown: Vec<usize> = frames(&timeline).into_iter().map(|(picture, _)| picture).collect();
        assert_eq!(shown, [0, 22, 89, 111, 178, 200]);
        assert_eq!((timeline.frames_before(200), timeline.frames_before(201), timeline.frames_before(23)), (5, 6, 2));
        // The end of each frame of an animation: 10, 20 and 30, with one in between.
        let animated = |seconds| Timeline { at_ends: true, every: 10, ..fading(1, Some(seconds), 30) };
        assert_eq!((needed(&animated(0.2)), frames(&animated(0.2))), (vec![10, 30], vec![(10, 1), (30, 1)]));
        assert_eq!((needed(&animated(0.4)), frames(&animated(0.4))), (vec![10, 20, 30], vec![(10, 1), (30, 1)]));
        assert_eq!(needed(&animated(0.1)), [30]);
        // A frame in between that is shown has both of its ends.
        for (last, blend, tenths) in [(40, 1, 7), (40, 5, 3), (9, 2, 1), (3, 9, 20), (0, 4, 3)] {
            let timeline = fading(blend, Some(f64::from(tenths) / 10.0), last);
            for picture in (0..=last).filter(|picture| timeline.slots_between(*picture).iter().any(|slots| *slots > 0))
            {
                assert!(
                    timeline.is_frame(picture) && timeline.is_frame(picture - 1),
                    "{last} {blend} {tenths} {picture}"
                );
            }
        }
    }

    #[test]
    fn the_length_is_what_was_asked_for() {
        for last in [0, 1, 2, 9, 10, 99, 1000] {
            for every in [1, 3, 10] {
                for tenths in 1..40 {
                    for held in [0, 1, 5] {
                        let (seconds, hold) = (f64::from(tenths + held) / 10.0, f64::from(held) / 10.0);
                        let straight = timeline(every, Some(seconds), hold, false, last);
                        let slots: usize = frames(&straight).iter().map(|(_, slots)| slots).sum();
                        let total = usize::try_from(tenths + held).unwrap();
                        assert_eq!(slots + straight.hold(), total);
                        let there_and_back = timeline(every, Some(seconds), hold, true, last);
                        let slots: usize = frames(&there_and_back).iter().map(|(_, slots)| slots).sum();
                        assert_eq!(slots + slots.saturating_sub(2) + there_and_back.hold(), total);
                    }
                }
            }
        }
    }
}
