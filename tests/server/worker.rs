//! A worker with real processes that draw.

use serde_json::Value;
use text2art::queue::{Cancelling, JobId, NewJob, State};
use text2art::worker::{Input, Order};

use crate::place::{Place, SMALL, Worker, job, order, settings};

/// More iterations than any test waits for.
const ENDLESS: &str = "iterations = 100000\n";

/// An order with movies.
fn movies(iterations: usize) -> Order {
    order(&format!("{SMALL}iterations = {iterations}\n"), &["gif", "mp4"])
}

#[test]
fn a_job_is_drawn_as_without_a_server() {
    let place = Place::new();
    let order = movies(4);
    place.draw("whole", &order);
    let id = place.submit(&job("anna", &order));
    let worker = place.worker();
    let done = place.ends(&id, State::Done);
    assert_eq!((done.claim, done.failures, done.iteration, done.iterations), (1, 0, Some(4), Some(4)));
    assert_eq!((done.preview, done.error, place.outcomes(&id)), (None, None, vec!["done".to_owned()]));
    place.is_drawn(&id, "whole", &order);
    worker.end();
    // Nothing is left of the way there.
    let mut objects: Vec<String> = place.artifacts(&id).into_iter().map(|(_, object)| object).collect();
    let mut stored = place.objects();
    objects.sort();
    stored.sort();
    assert_eq!((objects.len(), &objects), (3, &stored));
    assert_eq!(
        std::fs::read_dir(place.work()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count(),
        0
    );
    // The picture can be repeated by whoever has it.
    place.workplace.write("got.png", place.file(&id, "picture.png"));
    place.workplace.run(&["--from", "got.png", "--output", "again.png", "--quiet"]).succeeded();
    assert!(place.workplace.read("again.png") == place.workplace.read("whole.png"));
}

#[test]
fn a_canceled_job_stops() {
    let place = Place::new();
    let id = place.submit(&job("anna", &order(&format!("{SMALL}{ENDLESS}"), &["gif"])));
    let worker = place.worker();
    place.draws(&id, 1);
    assert_eq!(place.cancel(&id), Cancelling::Asked);
    let job = place.ends(&id, State::Cancelled);
    assert_eq!((job.preview, place.outcomes(&id)), (None, vec!["cancelled".to_owned()]));
    place.nothing_draws();
    worker.end();
    assert_eq!((place.artifacts(&id), place.objects()), (Vec::new(), Vec::new()));
}

#[test]
fn nothing_draws_for_a_worker_that_was_killed() {
    let place = Place::new();
    let id = place.submit(&job("anna", &order(&format!("{SMALL}{ENDLESS}"), &[])));
    let mut worker = place.worker();
    place.draws(&id, 1);
    assert_eq!(place.children().len(), 1);
    worker.kill();
    place.nothing_draws();
    assert_eq!(place.cancel(&id), Cancelling::Asked);
}

/// A job whose worker ended in the middle, and what it asks for; its files in one go are called `whole`.
fn interrupted() -> (Place, JobId, Order) {
    let place = Place::new();
    let order = movies(place.iterations(5.0));
    place.draw("whole", &order);
    let id = place.submit(&job("anna", &order));
    let worker = place.worker();
    place.draws(&id, 2);
    worker.end();
    (place, id, order)
}

/// Changes the list of the checkpoint of a job.
fn change_checkpoint(place: &Place, id: &JobId, change: impl FnOnce(&mut Value)) {
    let (_, list) = place.artifacts(id).into_iter().find(|(name, _)| name == "checkpoint").unwrap();
    let name = format!("data/objects/{list}");
    let mut changed: Value = serde_json::from_slice(&place.workplace.read(&name)).unwrap();
    change(&mut changed);
    place.workplace.write(&name, changed.to_string());
}

#[test]
fn a_worker_that_ends_gives_its_job_to_the_next() {
    let (place, id, order) = interrupted();
    place.nothing_draws();
    let released = place.job(&id);
    assert_eq!((released.state, released.failures), (State::Queued, 0), "{}", place.log());
    let worker = place.worker();
    place.ends(&id, State::Done);
    worker.end();
    assert_eq!(place.outcomes(&id), ["released", "done"]);
    let attempts = place.attempts(&id);
    assert!(attempts[0].resumed.is_some_and(|iteration| iteration >= 2), "{attempts:?}");
    assert_eq!(attempts[0].note, None);
    place.is_drawn(&id, "whole", &order);
}

#[test]
fn a_job_goes_on_after_its_worker_was_killed() {
    let place = Place::new();
    let order = movies(place.iterations(15.0));
    place.draw("whole", &order);
    let id = place.submit(&job("anna", &order));
    for claim in 1..=2 {
        let mut worker = place.worker();
        place.has_checkpoint_of(&id, claim);
        worker.kill();
    }
    let worker = place.worker();
    let done = place.ends(&id, State::Done);
    worker.end();
    assert_eq!((done.failures, place.outcomes(&id)), (2, ["lost", "lost", "done"].map(str::to_owned).to_vec()));
    assert!(place.attempts(&id)[0].resumed.is_some(), "{:?}", place.attempts(&id));
    place.is_drawn(&id, "whole", &order);
}

#[test]
fn a_checkpoint_of_another_program_is_not_continued() {
    let (place, id, order) = interrupted();
    change_checkpoint(&place, &id, |list| list["program"] = "text2art 0.0.1".into());
    let worker = place.worker();
    place.ends(&id, State::Done);
    worker.end();
    let last = place.attempts(&id).remove(0);
    assert_eq!(last.resumed, None);
    assert!(last.note.is_some_and(|note| note.contains("was made with text2art 0.0.1")));
    place.is_drawn(&id, "whole", &order);
}

#[test]
fn a_damaged_checkpoint_is_not_continued() {
    let (place, id, order) = interrupted();
    // The child itself refuses a state that its list vouches for.
    let sha256 = place.store("uploads/state", b"no checkpoint at all");
    change_checkpoint(&place, &id, |list| {
        list["state"]["object"] = "uploads/state".into();
        list["state"]["sha256"] = sha256.into();
    });
    let worker = place.worker();
    place.ends(&id, State::Done);
    worker.end();
    let last = place.attempts(&id).remove(0);
    assert!(last.note.is_some_and(|note| note.contains("checkpoint")));
    place.is_drawn(&id, "whole", &order);
}

#[test]
fn a_job_that_cannot_be_drawn_is_not_tried_again() {
    let place = Place::new();
    let input = Input { object: "uploads/a".into(), sha256: place.store("uploads/a", b"no picture") };
    let asked = settings(&format!("{SMALL}init_image = 'init_image-1.png'\n"));
    let no_picture = Order::new(asked, Vec::new(), [("init_image-1.png".to_owned(), input)].into());
    let no_picture = place.submit(&job("anna", &no_picture));
    let unknown = place.submit(&job("anna", &order(SMALL, &["webm"])));
    let mut unreadable = job("anna", &order(SMALL, &[]));
    unreadable.settings = "{}".into();
    let unreadable = place.submit(&unreadable);
    let worker = place.worker();
    let dead = place.ends(&no_picture, State::Dead);
    assert_eq!((dead.claim, dead.failures, place.outcomes(&no_picture)), (1, 1, vec!["failed".to_owned()]));
    assert!(dead.error.as_ref().is_some_and(|error| error.contains("init_image-1.png")), "{dead:?}");
    assert!(dead.hint.as_ref().is_some_and(|hint| !hint.is_empty() && !hint.contains("--")), "{dead:?}");
    assert_eq!(place.attempts(&no_picture)[0].exit_code, Some(2));
    assert!(place.ends(&unknown, State::Dead).error.unwrap().contains("webm"));
    assert!(place.ends(&unreadable, State::Dead).error.unwrap().contains("cannot be read"));
    worker.end();
}

#[test]
fn a_job_that_one_kind_of_worker_cannot_draw_goes_to_another() {
    /// Seconds for which no worker counts as dead, however slow the machine is.
    const LEASE: f64 = 120.0;
    let place = Place::new();
    let (able, unable) = (place.slow_fake(), place.unable_fake());
    let worker = |child: &str, arguments: &[&str]| {
        Worker::start(place.command_with(LEASE).args(arguments).env("T2A_CHILD", child))
    };
    let passed = |id: &JobId| {
        let job = place.wait(id, |job| job.state != State::Running && job.claim == 1);
        assert_eq!((job.state, job.failures), (State::Queued, 0), "{job:?}\n{}", place.log());
        assert_eq!(place.outcomes(id), ["released"]);
    };
    let plain = job("anna", &order(SMALL, &[]));
    // The worker that can draw everything is busy, so the other one gets the next job. A worker that may not download models
    // is a kind of its own.
    let busy = place.submit(&plain);
    let large = worker(&able, &[]);
    place.wait(&busy, |job| job.state == State::Running);
    let small = worker(&unable, &["--offline"]);
    let refused = place.submit(&plain);
    passed(&refused);
    let heavy = order(&SMALL.replace("apple", "heavy stone"), &[]);
    let killed = place.submit(&NewJob { max_failures: 1, ..job("anna", &heavy) });
    passed(&killed);
    assert_eq!(place.attempts(&refused)[0].exit_code, Some(2));
    for (id, why) in [(&refused, "this machine is too small"), (&killed, "signal 9")] {
        let error = place.attempts(id).remove(0).error.unwrap();
        assert!(error.contains("cannot draw the job") && error.contains(why), "{error}");
    }
    place.workplace.write("go", "");
    place.ends(&busy, State::Done);
    for id in [&refused, &killed] {
        place.ends(id, State::Done);
        assert_eq!(place.outcomes(id), ["released", "done"]);
    }
    large.end();
    // Nobody else is left to draw it.
    let dead = place.ends(&place.submit(&plain), State::Dead);
    assert_eq!((dead.failures, dead.hint.as_deref()), (1, Some("ask for less")), "{dead:?}");
    small.end();
}
