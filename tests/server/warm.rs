//! Processes that are kept between jobs: each picture has the bytes of a process of its own, and nothing that happens to a
//! process costs more than the job that it draws.

use std::collections::BTreeMap;

use text2art::queue::{Cancelling, JobId, State};
use text2art::worker::{Input, Order};

use crate::common::fixtures;
use crate::common::program::{Workplace, signal_process};
use crate::place::{Place, SMALL, Worker, job, order, settings};

/// More iterations than any test waits for.
const ENDLESS: &str = "iterations = 100000\n";

/// A small picture that takes a moment, with more settings.
fn moment(more: &str) -> Order {
    order(&format!("{SMALL}iterations = 3\n{more}"), &[])
}

/// A picture in one color, as a PNG.
fn plain_png(color: [u8; 3]) -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(24, 24, image::Rgb(color));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// What the workers said about the processes that they started, in order.
fn starts(place: &Place) -> Vec<String> {
    let log = place.log();
    let lines = log.lines().filter(|line| line.starts_with("slot ") && line.contains(" started"));
    lines.map(|line| line.split_once(" started").unwrap().1.trim_start_matches("; the last one ").to_owned()).collect()
}

/// Submits a job and waits until it is drawn as without a server.
fn is_drawn_now(place: &Place, name: &str, order: &Order) -> JobId {
    place.draw(name, order);
    let id = place.submit(&job("anna", order));
    let done = place.ends(&id, State::Done);
    assert_eq!((done.claim, done.failures), (1, 0), "{done:?}\n{}", place.log());
    place.is_drawn(&id, name, order);
    id
}

#[test]
fn one_process_draws_jobs_that_have_nothing_else_in_common() {
    let place = Place::new();
    // Uploads of the same name, with other content.
    let upload = |key: &str, color: [u8; 3]| {
        let png = plain_png(color);
        let sha256 = place.store(key, &png);
        (png, Input { object: key.to_owned(), sha256 })
    };
    let with_upload = |input: &Input, more: &str| {
        let inputs: BTreeMap<_, _> = [("init_image-1.png".to_owned(), input.clone())].into();
        let text = format!("{SMALL}iterations = 3\ninit_image = 'init_image-1.png'\n{more}");
        Order::new(settings(&text), Vec::new(), inputs)
    };
    let (red, red_input) = upload("uploads/red", [200, 20, 20]);
    let (blue, blue_input) = upload("uploads/blue", [20, 20, 200]);
    let colorful = "palette = 'red, navy, white'\ndither = 'bayer4'\n";
    let first = order(&format!("{SMALL}iterations = 6\n{colorful}"), &["gif", "mp4"]);
    let other = SMALL.replace("a red apple", "a green frog | night:0.5").replace("seed = 5", "seed = 99");
    let other = other.replace("32x32", "64x48").replace("cutouts = 1", "cutouts = 3");
    let jobs: [(&str, Order, Option<&[u8]>); 6] = [
        ("first", first.clone(), None),
        ("red", with_upload(&red_input, "init_weight = 1.0\n"), Some(&red)),
        ("blue", with_upload(&blue_input, "mask = 'left:0.5'\n"), Some(&blue)),
        ("other", order(&format!("{other}iterations = 2\nstyle = ['neon', 'sepia']\nlabel = ['a lamp']\n"), &[]), None),
        ("tile", moment("tile = 'both'\nloss = ['smoothness:0.5']\noptimizer = 'adamw'\n"), None),
        ("again", first, None),
    ];
    for (name, order, upload) in &jobs {
        if let Some(png) = upload {
            place.workplace.write("init_image-1.png", png);
        }
        place.draw(name, order);
    }
    let ids: Vec<JobId> = jobs.iter().map(|(_, order, _)| place.submit(&job("anna", order))).collect();
    let worker = place.worker();
    for (id, (name, order, _)) in ids.iter().zip(&jobs) {
        place.ends(id, State::Done);
        place.is_drawn(id, name, order);
    }
    assert!(place.workplace.read("first.png") == place.workplace.read("again.png"));
    assert!(place.workplace.read("red.png") != place.workplace.read("blue.png"));
    assert_eq!(starts(&place), [""], "{}", place.log());
    // The process waits, outside of the folders of jobs.
    assert_eq!(place.children().len(), 1);
    let folder = std::fs::read_link(format!("/proc/{}/cwd", place.children()[0])).unwrap();
    assert_eq!(folder, place.work().canonicalize().unwrap());
    worker.end();
    place.nothing_draws();
    let folders = std::fs::read_dir(place.work()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(folders.count(), 0);
}

#[test]
fn other_models_are_loaded_by_another_process() {
    let place = Place::new();
    let worker = place.worker();
    is_drawn_now(&place, "vqgan", &moment(""));
    is_drawn_now(&place, "pixel", &moment("drawer = 'pixel'\n"));
    is_drawn_now(&place, "cells", &moment("drawer = 'pixel'\ninit_noise = 'snow'\n"));
    is_drawn_now(&place, "vqgan-again", &moment(""));
    assert_eq!(starts(&place), ["", "did not suit the next job", "did not suit the next job"]);
    assert_eq!(place.children().len(), 1);
    worker.end();
}

#[test]
fn models_that_were_replaced_are_loaded_again() {
    let place = Place::new();
    let worker = place.worker();
    let copy = |model: &str, folder: &std::path::Path| {
        std::fs::create_dir_all(folder).unwrap();
        for entry in std::fs::read_dir(fixtures().join(model)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    };
    let cache = place.workplace.root().join("home/.cache/huggingface/hub/models--acme--paints");
    std::fs::create_dir_all(cache.join("refs")).unwrap();
    let by_path = moment(&format!("vqgan = '{}'\n", place.workplace.argument("model")));
    let by_name = moment("vqgan = 'acme/paints'\n");
    let models = ["vqgan", "vqgan-gumbel"];
    for model in models {
        copy(model, &place.workplace.join("model"));
        is_drawn_now(&place, &format!("path-{model}"), &by_path);
        is_drawn_now(&place, &format!("path-{model}-again"), &by_path);
    }
    for (model, commit) in models.into_iter().zip(["1", "2"].map(|digit| digit.repeat(40))) {
        // The branch is downloaded, and moves on.
        copy(model, &cache.join("snapshots").join(&commit));
        std::fs::write(cache.join("refs/main"), commit).unwrap();
        is_drawn_now(&place, &format!("name-{model}"), &by_name);
    }
    let unsuitable = "did not suit the next job";
    assert_eq!(starts(&place), ["", unsuitable, unsuitable, unsuitable], "{}", place.log());
    worker.end();
}

#[test]
fn a_canceled_job_takes_its_process_with_it() {
    let place = Place::new();
    let worker = place.worker();
    is_drawn_now(&place, "before", &moment(""));
    let before = place.children();
    let endless = place.submit(&job("anna", &order(&format!("{SMALL}{ENDLESS}"), &[])));
    place.draws(&endless, 1);
    assert_eq!(place.children(), before);
    assert_eq!(place.cancel(&endless), Cancelling::Asked);
    place.ends(&endless, State::Cancelled);
    is_drawn_now(&place, "after", &moment(""));
    assert_ne!(place.children(), before);
    assert_eq!(starts(&place), ["", "had a job that was stopped"]);
    worker.end();
}

#[test]
fn a_job_that_fails_takes_its_process_with_it() {
    let place = Place::new();
    let worker = place.worker();
    is_drawn_now(&place, "before", &moment(""));
    let input = Input { object: "uploads/a".into(), sha256: place.store("uploads/a", b"no picture") };
    let asked = settings(&format!("{SMALL}init_image = 'init_image-1.png'\n"));
    let wrong = Order::new(asked, Vec::new(), [("init_image-1.png".to_owned(), input)].into());
    let wrong = place.submit(&job("anna", &wrong));
    let dead = place.ends(&wrong, State::Dead);
    assert!(dead.error.as_ref().is_some_and(|error| error.contains("init_image-1.png")), "{dead:?}");
    assert_eq!(place.attempts(&wrong)[0].exit_code, Some(2));
    is_drawn_now(&place, "after", &moment(""));
    assert_eq!(starts(&place), ["", "had a job that failed"]);
    worker.end();
}

#[test]
fn a_process_that_is_killed_without_a_job_costs_nothing() {
    let place = Place::new();
    let worker = place.worker();
    is_drawn_now(&place, "before", &moment(""));
    let [idle] = place.children()[..] else { panic!("{:?}", place.children()) };
    signal_process(idle, "KILL");
    is_drawn_now(&place, "after", &moment(""));
    assert_eq!(starts(&place), ["", "died"]);
    worker.end();
}

#[test]
fn a_process_that_is_killed_while_it_draws_costs_one_try_of_one_job() {
    let place = Place::new();
    let worker = place.worker();
    is_drawn_now(&place, "before", &moment(""));
    let long = order(&format!("{SMALL}iterations = {}\n", place.iterations(5.0)), &["gif"]);
    place.draw("long", &long);
    let id = place.submit(&job("anna", &long));
    place.draws(&id, 1);
    let [drawing] = place.children()[..] else { panic!("{:?}", place.children()) };
    signal_process(drawing, "KILL");
    let done = place.ends(&id, State::Done);
    assert_eq!((done.failures, place.outcomes(&id)), (1, ["failed", "done"].map(str::to_owned).to_vec()));
    place.is_drawn(&id, "long", &long);
    is_drawn_now(&place, "after", &moment(""));
    assert_eq!(starts(&place)[..2], ["", "died"]);
    worker.end();
}

#[test]
fn a_process_ends_after_its_number_of_jobs() {
    let place = Place::new();
    let draw = |worker: Worker| {
        let ids: Vec<JobId> = (0..4).map(|_| place.submit(&job("anna", &moment("")))).collect();
        for id in &ids {
            place.ends(id, State::Done);
        }
        worker.end();
    };
    draw(Worker::start(place.command().args(["--jobs-per-process", "3"])));
    assert_eq!(starts(&place), ["", "had drawn its maximum number of jobs"]);
    draw(Worker::start(place.command().env("TEXT2ART_SERVE_JOBS_PER_PROCESS", "1")));
    let alone = ["", "was for one job only", "was for one job only", "was for one job only"];
    assert_eq!(starts(&place)[2..], alone);
    place.workplace.write("serve.toml", "jobs_per_process = 1\n");
    draw(Worker::start(place.command().args(["--config", "serve.toml", "--jobs-per-process", "4"])));
    assert_eq!(starts(&place)[6..], [""]);
}

#[test]
fn a_process_ends_with_its_worker() {
    let place = Place::new();
    let mut worker = place.worker();
    is_drawn_now(&place, "idle", &moment(""));
    assert_eq!(place.children().len(), 1);
    worker.kill();
    place.nothing_draws();
    let mut worker = place.worker();
    let endless = place.submit(&job("anna", &order(&format!("{SMALL}{ENDLESS}"), &[])));
    place.draws(&endless, 1);
    assert_eq!(place.children().len(), 1);
    worker.kill();
    place.nothing_draws();
    assert_eq!(place.cancel(&endless), Cancelling::Asked);
}

#[test]
fn a_process_draws_what_standard_input_says_and_nothing_after_it() {
    use std::io::Write;

    let workplace = Workplace::new();
    for name in ["one", "two"] {
        workplace.write(&format!("{name}/order.toml"), format!("{SMALL}iterations = 2\n"));
    }
    let arguments = ["generate", "--config", "order.toml", "--output", "picture.png", "--progress", "json"];
    let task = |number: u64, folder: &str| {
        format!("{}\n", serde_json::json!({"number": number, "folder": folder, "arguments": arguments}))
    };
    let run = |text: String| {
        let mut command = workplace.command();
        command.args(["generate", "--jobs-from-stdin", "--progress", "json"]);
        // Whoever wrote last did not end the line.
        let (errors, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"half a line").unwrap();
        command.stdin(std::process::Stdio::piped()).stderr(writer);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        // With its end of the pipe.
        drop(command);
        let mut input = child.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        // It ends when the last job has ended, or at once.
        let mut errors = std::io::BufReader::new(errors);
        let mut said = String::new();
        while !said.contains("\"number\":2,\"exit_code\"") {
            if std::io::BufRead::read_line(&mut errors, &mut said).unwrap() == 0 {
                break;
            }
        }
        drop(input);
        (child.wait().unwrap().code(), said)
    };
    let (code, said) = run(task(1, "one") + &task(2, "two"));
    assert_eq!(code, Some(0), "{said}");
    let notices: Vec<&str> = said.lines().filter(|line| line.contains("\"task_")).collect();
    let begun = |number| format!("{{\"event\":\"task_begun\",\"number\":{number}}}");
    let ended = |number| format!("{{\"event\":\"task_ended\",\"number\":{number},\"exit_code\":0}}");
    assert_eq!(notices, [begun(1), ended(1), begun(2), ended(2)]);
    assert!(workplace.read("one/picture.png") == workplace.read("two/picture.png"));
    // The picture is there, which is an error: the process ends with it, and draws nothing else.
    let (code, said) = run(task(1, "one") + &task(2, "two"));
    assert!(code == Some(2) && said.contains("picture.png") && !said.contains("\"number\":2"), "{said}");
    let (code, said) = run("no job\n".to_owned());
    assert!(code == Some(0) && !said.contains("task_begun"), "{code:?}: {said}");
}
