//! A session that launches the next iteration before it reads the last one, as on GPUs, gives the same results as any
//! other.

use std::cell::Cell;

use candle_core::Tensor;

use super::{Models, Plan, Session, Step, run};
use crate::device::ComputeDevice;
use crate::drawer::{Drawer, Motion};
use crate::judge::{Loss, LossValue, Verdict};
use crate::models::Finder;
use crate::optimizer::ParameterGroup;
use crate::picture::Size;
use crate::progress::{Event, Figures, Stop};
use crate::random::Stream;
use crate::resolve::combine;
use crate::settings::{Overrides, Seed};
use crate::{Error, Result};

/// Everything that is visible of a run.
#[derive(Debug, PartialEq)]
struct Seen {
    /// For each iteration: its losses, the picture to deliver, and the state that a checkpoint would contain
    iterations: Vec<(Step, Vec<f32>, Vec<Vec<f32>>)>,
    end: String,
    picture: Vec<f32>,
    done: usize,
    figures: Figures,
    state: Vec<Vec<f32>>,
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn of_state(session: &Session) -> Vec<Vec<f32>> {
    let state = session.state();
    assert_eq!(state.iteration, session.iteration());
    let moments = state.optimizer.unwrap().moments.into_iter().flatten();
    let means = state.average.into_iter().flat_map(|average| average.means);
    state.parameters.into_iter().chain(moments).chain(means).map(|tensor| values(&tensor)).collect()
}

/// Draws a small picture with the embedded model in two sessions, one that waits and one that goes ahead. `change`
/// changes each session first; both stop after `stop_after` iterations.
fn both_ways(overrides: Overrides, stop_after: usize, change: impl Fn(Session) -> Session) -> [Seen; 2] {
    let small = Overrides {
        prompt: Some("a red apple".parse().unwrap()),
        size: Some("32x32".parse().unwrap()),
        cutouts: Some(1),
        seed: Some(Seed(1).into()),
        ..Overrides::default()
    };
    let settings = combine(&[small, overrides]).unwrap();
    let models = Models::load(&settings, &Finder::new(true, &Stop::default(), &|_| ())).unwrap();
    let plan = Plan::new(settings, &models).unwrap();
    [false, true].map(|goes_ahead| {
        let session = Session::new(&plan, &models, &mut |warning| panic!("{warning}")).unwrap();
        let mut session = change(Session { goes_ahead, ..session });
        let (stop, mut iterations, mut last) = (Stop::default(), Vec::new(), None);
        let finished = run(&mut session, &stop, &mut |event, picture, session| {
            if let (Event::Step { iteration, loss, fit, losses }, Some(picture)) = (event, picture) {
                let delivered = values(&session.delivered(picture)?);
                let step = Step { iteration, loss, fit, losses };
                iterations.push((step, delivered, of_state(session)));
                if session.iteration() == stop_after {
                    stop.request();
                    last = Some(values(&session.picture()?));
                }
            }
            Ok(())
        })
        .unwrap();
        assert!(session.ahead.is_none());
        assert!(last.is_none_or(|last| last == values(&finished.picture)));
        Seen {
            iterations,
            end: format!("{:?}", finished.end),
            picture: values(&finished.picture),
            done: finished.iterations,
            figures: finished.figures,
            state: of_state(&session),
        }
    })
}

#[test]
fn runs_to_the_end_and_stopped_ones_are_the_same() {
    let pixel = || Overrides { drawer: Some("pixel".into()), ..Overrides::default() };
    for (overrides, stop_after) in
        [(Overrides::default(), 100), (Overrides::default(), 2), (pixel(), 100), (pixel(), 3)]
    {
        let [expected, found] =
            both_ways(Overrides { iterations: Some(4), ..overrides }, stop_after, |session| session);
        assert_eq!((expected.done, expected.iterations.len()), (stop_after.min(4), stop_after.min(4)));
        assert!(found == expected, "{}", expected.end);
    }
}

#[test]
fn averages_are_of_the_same_iterations() {
    for drawer in ["vqgan", "pixel"] {
        for stop_after in [100, 2] {
            let averaged = Overrides {
                average: Some(0.8),
                drawer: Some(drawer.into()),
                iterations: Some(4),
                ..Overrides::default()
            };
            let [expected, found] = both_ways(averaged, stop_after, |session| session);
            assert_eq!(expected.iterations.len(), stop_after.min(4));
            assert!(found == expected, "{drawer}, {stop_after}");
        }
    }
}

#[test]
fn a_plateau_ends_a_run_at_the_same_iteration() {
    let settled = Overrides {
        iterations: Some(100),
        auto_stop: Some(true),
        learning_rate: Some(1e-9),
        augment: Some("none".parse().unwrap()),
        cut_noise: Some(0.0),
        ..Overrides::default()
    };
    let [expected, found] = both_ways(settled, usize::MAX, |session| session);
    assert_eq!(expected.end, "Plateau");
    assert!(found == expected, "{} and {} iterations", found.done, expected.done);
}

/// What fails with the third picture.
#[derive(Clone, Copy)]
enum Mishap {
    NoNumber,
    NoMemory,
}

struct Failing {
    drawer: Box<dyn Drawer>,
    drawn: Cell<usize>,
    mishap: Mishap,
}

impl Drawer for Failing {
    fn draw(&self) -> Result<Tensor> {
        self.drawn.set(self.drawn.get() + 1);
        match self.mishap {
            _ if self.drawn.get() != 3 => self.drawer.draw(),
            Mishap::NoNumber => Ok(self.drawer.draw()?.affine(f64::NAN, 0.0)?),
            Mishap::NoMemory => Err(Error::GpuMemory),
        }
    }

    fn parameter_groups(&self) -> Vec<ParameterGroup> {
        self.drawer.parameter_groups()
    }

    fn constrain(&self) -> Result<()> {
        self.drawer.constrain()
    }

    fn move_canvas(&mut self, motion: &Motion, stream: &mut Stream) -> Result<()> {
        self.drawer.move_canvas(motion, stream)
    }

    fn hold_here(&mut self) -> Result<()> {
        self.drawer.hold_here()
    }
}

#[test]
fn what_fails_leaves_the_last_good_picture() {
    for (mishap, cause) in [(Mishap::NoNumber, "NotFinite { iteration: 2 }"), (Mishap::NoMemory, "GpuMemory")] {
        let failing = |session: Session| {
            let drawer = Failing { drawer: session.drawer, drawn: Cell::new(0), mishap };
            Session { drawer: Box::new(drawer), ..session }
        };
        let [expected, found] = both_ways(Overrides { iterations: Some(6), ..Overrides::default() }, 100, failing);
        assert!(expected.end.contains(cause) && expected.iterations.len() == 2, "{}", expected.end);
        assert_eq!(
            expected.picture, expected.iterations[1].1,
            "the second picture is the last that is known to be good"
        );
        assert_eq!(expected.state, expected.iterations[1].2);
        assert!(expected.state.iter().flatten().all(|number| number.is_finite()));
        assert!(found == expected, "{} and {}", found.end, expected.end);
    }
}

/// The brightness of a picture, computed on the device of the picture.
struct Brightness;

impl Loss for Brightness {
    fn name(&self) -> &'static str {
        "brightness"
    }

    fn judge(&mut self, seen: &crate::judge::Seen) -> Result<Option<Verdict>> {
        if seen.iteration == 0 {
            return Ok(None);
        }
        let gradient = (seen.picture.ones_like()? / f64::from(u32::try_from(seen.picture.elem_count()).unwrap()))?;
        Ok(Some(Verdict { loss: LossValue::Computed(seen.picture.mean_all()?), gradient }))
    }

    fn memory(&self, _: Size, _: crate::frozen::MemoryOf) -> Result<u64> {
        Ok(0)
    }
}

#[test]
fn losses_of_the_picture_are_seen_by_their_names() {
    let few = Overrides { palette: "pico-8".parse().ok(), iterations: Some(3), ..Overrides::default() };
    let bright = |mut session: Session| {
        session.losses.push(Box::new(Brightness));
        session
    };
    let [expected, found] = both_ways(few, 100, bright);
    assert!(found == expected);
    for (step, _, _) in &expected.iterations {
        let of = |name: &str| step.losses.iter().find(|(known, _)| known == name).map(|(_, loss)| *loss);
        assert!(of("palette").is_some_and(|loss| loss > 0.0));
        assert_eq!(of("brightness").is_some_and(|loss| loss > 0.0 && loss < 1.0), step.iteration > 0);
        let sum: f64 = step.losses.iter().map(|(_, loss)| loss).sum();
        assert!((sum - step.loss).abs() < 1e-12);
    }
}

#[test]
fn what_a_session_drew_can_be_had_while_it_rests() {
    let overrides = Overrides {
        prompt: Some("a red apple".parse().unwrap()),
        size: Some("32x32".parse().unwrap()),
        drawer: Some("pixel".parse().unwrap()),
        mask: Some("left:0.5".parse().unwrap()),
        loss: Some(vec!["tv:0.5".parse().unwrap()]),
        iterations: Some(2),
        cutouts: Some(1),
        ..Overrides::default()
    };
    let settings = combine(&[overrides]).unwrap();
    let models = Models::load(&settings, &Finder::new(true, &Stop::default(), &|_| ())).unwrap();
    let device = ComputeDevice::processor();
    let plan = Plan::within(None, settings.clone(), &models, &device).unwrap();
    let mut session = Session::new(&plan, &models, &mut |warning| panic!("{warning}")).unwrap();
    let finished = run(&mut session, &Stop::default(), &mut |_, _, _| Ok(())).unwrap();
    session.rest();
    let picture = session.picture().unwrap();
    assert_eq!(values(&picture), values(&finished.picture));
    assert_eq!(session.figures(&picture, finished.figures.loss).unwrap(), finished.figures);
    // Another session beside it takes more memory.
    let beside = Plan::after_another(None, settings, &models, &device).unwrap();
    assert!(beside.memory() > plan.memory() && beside.memory() < 2 * plan.memory());
}
