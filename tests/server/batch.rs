//! `batch --server`: the files and results are those of a batch on this machine, whatever interrupts the client, and nothing is
//! drawn twice.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::fixtures;
use crate::common::program::{Outcome, Running, Workplace, finish};
use crate::common::server::Server;
use crate::people::{admin, token};

/// Options with which a picture of 8x8 cells takes only a moment.
const TINY: [&str; 10] =
    ["--drawer", "pixel", "--size", "32x32", "--pixel-size", "8x8", "--cutouts", "1", "--iterations", "3"];
/// A part of the name of an incomplete file.
#[cfg(unix)]
const PART: &str = "text2art-part";
/// Twelve pictures.
const TWELVE: &str = "# fruit\na {red,green} {apple,pear,fig} -- --seed {1,2}\n";

fn command(workplace: &Workplace, server: &Server, arguments: &[&str]) -> Command {
    let mut command = workplace.command();
    command.args(["batch", "lines.txt"]).args(arguments).args(["--server", &server.address]);
    command
}

fn run(workplace: &Workplace, server: &Server, arguments: &[&str]) -> Outcome {
    finish(&mut command(workplace, server, &[arguments, &TINY].concat()))
}

/// A workplace with a file of lines.
fn with_lines(lines: &str) -> Workplace {
    let workplace = Workplace::new();
    workplace.write("lines.txt", lines);
    workplace
}

/// The files in the work folder but the results, by their names.
fn files(workplace: &Workplace) -> BTreeMap<String, Vec<u8>> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let paths = workplace.files_in(".").into_iter().map(|path| (name(&path), path));
    let kept = paths.filter(|(name, _)| name != "results.jsonl");
    kept.map(|(name, path)| (name, std::fs::read(path).unwrap())).collect()
}

/// How many files in the work folder are complete, results too.
#[cfg(unix)]
fn complete(workplace: &Workplace) -> usize {
    // A part that is listed here may already have its own name when it is opened.
    workplace.files_in(".").iter().filter(|path| !path.to_string_lossy().contains(PART)).count()
}

/// The results by the names of their files, without the times. Pictures end in any order.
fn results(workplace: &Workplace) -> BTreeMap<String, Value> {
    let text = String::from_utf8(workplace.read("results.jsonl")).unwrap();
    let mut results = BTreeMap::new();
    for line in text.lines() {
        let mut result: Value = serde_json::from_str(line).unwrap();
        let seconds = result["result"].as_object_mut().unwrap().remove("seconds");
        assert!(seconds.is_none_or(|seconds| seconds.as_f64().unwrap() > 0.0), "{line}");
        let output = result["output"].as_str().unwrap_or_default().to_owned();
        assert!(results.insert(output, result).is_none(), "twice: {line}");
    }
    results
}

/// Checks that a workplace has the files and the results that a batch on this machine has.
fn check_same(there: &Workplace, here: &Workplace) {
    let (found, expected) = (files(there), files(here));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
    assert_eq!(results(there), results(here));
}

/// All jobs of a server.
fn jobs(server: &Server) -> Vec<Value> {
    let (mut jobs, mut before) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/jobs?limit=100{before}")).json();
        jobs.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return jobs,
        }
    }
}

/// Checks that so many jobs are done, each at the first attempt.
fn check_drawn_once(server: &Server, count: usize) {
    let jobs = jobs(server);
    assert_eq!(jobs.len(), count, "{jobs:?}");
    for job in jobs {
        assert!(job["state"] == "done" && job["claim"] == 1, "{job}");
    }
}

#[test]
fn a_server_draws_the_lines_of_a_file_as_they_are_drawn_here() {
    let (here, there, home) = (with_lines(TWELVE), with_lines(TWELVE), Workplace::new());
    let server = Server::start_with_workers(&home, 2, &[]);
    here.run(&[&["batch", "lines.txt"], &TINY[..]].concat()).succeeded();
    let outcome = run(&there, &server, &["--progress", "json"]).succeeded();
    assert_eq!(outcome.output_text().lines().count(), 12);
    check_same(&there, &here);
    check_drawn_once(&server, 12);
    let events = outcome.events();
    let count = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((count("begun"), count("saved"), count("result")), (12, 12, 12));
    let last = events.last().unwrap();
    assert_eq!((&last["event"], &last["drawn"]), (&"batch_finished".into(), &12.into()));

    // What is done is not asked for again; what is missing is fetched, not drawn.
    std::fs::remove_file(there.join("a-green-fig-2.png")).unwrap();
    let outcome = run(&there, &server, &[]).succeeded();
    assert!(outcome.errors.contains("1 drawn, 11 already done, 0 failed"), "{}", outcome.errors);
    assert!(files(&there) == files(&here));
    check_drawn_once(&server, 12);
    // Unless somebody says so.
    let outcome = run(&there, &server, &["--force"]).succeeded();
    assert!(outcome.errors.contains("12 drawn"), "{}", outcome.errors);
    assert!(files(&there) == files(&here));
    check_drawn_once(&server, 24);
}

#[test]
fn files_are_uploaded_once_and_named_as_here() {
    let photo = std::fs::read(fixtures().join("trace/init.png")).unwrap();
    let lines = "an apple -- --init-image photo.png -o apple.png --gif --svg\n\
                 a pear -- --image-prompt copy.png:0.5 --palette two.hex -o pear.png\n\
                 a fig -- --mask photo.png --prompt-outside sky -o fig.gif\n";
    let (here, there, home) = (with_lines(lines), with_lines(lines), Workplace::new());
    for workplace in [&here, &there] {
        workplace.write("photo.png", &photo);
        workplace.write("copy.png", &photo);
        workplace.write("two.hex", "ff0000\n0000ff\n");
    }
    let server = Server::start_with_workers(&home, 1, &[]);
    here.run(&[&["batch", "lines.txt"], &TINY[..]].concat()).succeeded();
    run(&there, &server, &[]).succeeded();
    check_same(&there, &here);
    assert_eq!(server.get("/api/v1/uploads").json()["items"].as_array().unwrap().len(), 1);
    let posted = r#"text2art_http_seconds_count{route="/api/v1/uploads",status="201"} 1"#;
    assert!(server.get("/metrics").text().lines().any(|line| line == posted), "{}", server.get("/metrics").text());
    // The next run finds its lines, and another picture is another line.
    let outcome = run(&there, &server, &[]).succeeded();
    assert!(outcome.errors.contains("0 drawn, 3 already done"), "{}", outcome.errors);
    check_drawn_once(&server, 3);
}

#[test]
fn the_best_of_several_seeds_is_kept_here() {
    let lines = "a red apple\n";
    let (here, there, home) = (with_lines(lines), with_lines(lines), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let best = ["--samples", "3", "--keep", "1"];
    here.run(&[&["batch", "lines.txt"], &best[..], &TINY].concat()).succeeded();
    run(&there, &server, &best).succeeded();
    assert!(files(&there) == files(&here), "{:?}", files(&there).keys());
    check_drawn_once(&server, 3);
}

/// Has two workers draw lines while the client is killed this many times, and compares all files with a batch on this
/// machine.
#[cfg(unix)]
fn kill_clients(lines: &str, count: usize, kills: usize) {
    const BESIDE: [&str; 2] = ["--svg", "--gif"];
    let (here, there, home) = (with_lines(lines), with_lines(lines), Workplace::new());
    let server = Server::start_with_workers(&home, 2, &[]);
    // So many pictures may take longer than the limit of one run.
    let mut whole = here.command();
    whole
        .args(["batch", "lines.txt", "--progress", "none"])
        .args(BESIDE)
        .args(TINY)
        .stdout(std::process::Stdio::null());
    assert!(whole.status().unwrap().success());
    let start =
        || Running::start(&mut command(&there, &server, &[&["--progress", "none"], &BESIDE[..], &TINY].concat()));
    let kill = |mut client: Running| {
        if !client.has_ended() {
            client.signal("KILL");
        }
        client.finish()
    };
    // While nothing is drawn, a client cannot end before it is killed.
    admin(&home, &["queue", "pause"]).succeeded();
    let client = start();
    server.until("jobs", || (!jobs(&server).is_empty()).then_some(()));
    assert_eq!(kill(client).code, None, "a client that was killed has no exit code");
    admin(&home, &["queue", "resume"]).succeeded();
    for number in 1..=kills {
        // The last kill is before the last file, unless this machine is so slow that the client ends meanwhile.
        let whole = 3 * count * number / (kills + 1);
        let mut client = start();
        server.until("files", || (complete(&there) > whole || client.has_ended()).then_some(()));
        kill(client);
    }
    run(&there, &server, &BESIDE).succeeded();
    assert!(!files(&there).keys().any(|name| name.contains(PART)), "{:?}", files(&there).keys());
    assert!(files(&there) == files(&here));
    // What was fetched just before a kill has no result of a run that drew it, and so has no time.
    assert_eq!(results(&there).len(), count);
    check_drawn_once(&server, count);
}

#[cfg(unix)]
#[test]
fn nothing_is_drawn_twice_if_the_client_is_killed() {
    kill_clients(TWELVE, 12, 2);
}

#[cfg(unix)]
#[test]
#[ignore = "takes minutes"]
fn two_hundred_lines_survive_ten_kills() {
    kill_clients("a {red,green,blue,golden} {apple,pear,fig,plum,frog} -- --seed {1..10}\n", 200, 10);
}

#[test]
fn lines_that_a_server_cannot_draw_are_named_before_they_are_sent() {
    let lines = "a red apple\na pear -- --device cpu\na fig -- --clip none\na plum -- -o plum.jpg\na frog -- --frames frog\n\
                 a fish -- --sed 3\na cat -- --cut-batch 2\n";
    let (workplace, home) = (with_lines(lines), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    // A device in the configuration is that of this machine alone.
    workplace.write("own.toml", "device = \"cpu\"\n");
    let outcome = run(&workplace, &server, &["--config", "own.toml"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    for words in [
        "lines.txt line 2: --device: requests to a server cannot set this option",
        "lines.txt line 3: --clip: a server chooses its own models",
        "lines.txt line 4: --output plum.jpg: a server makes a .png",
        "lines.txt line 5: --frames: a server cannot make a folder of frames",
        "lines.txt line 6: ",
        "lines.txt line 7: --cut-batch: requests to a server cannot set this option",
        "1 drawn, 0 already done, 6 failed",
    ] {
        assert!(outcome.errors.contains(words), "{words}: {}", outcome.errors);
    }
    assert_eq!(outcome.output_text(), "a-red-apple-0.png\n");
    check_drawn_once(&server, 1);
    // What the server itself refuses is an error of the line as well.
    let large = run(&with_lines("a red apple -- --size 100000x1000 --pixel-size 8x8\n"), &server, &[]);
    assert_eq!(large.code, Some(1), "{}", large.errors);
    assert!(large.errors.contains("lines.txt line 1: ") && large.errors.contains("--size"), "{}", large.errors);
}

#[test]
fn a_server_that_draws_something_else_is_refused() {
    let (workplace, home) = (with_lines("a red apple\n"), Workplace::new());
    home.write("serve.toml", "[settings]\nupscaler = \"lanczos\"\n");
    let server = Server::start_with_workers(&home, 1, &["--config", "serve.toml"]);
    let options = ["--size", "32x32", "--upscale", "2", "--cutouts", "1", "-n", "1"];
    let outcome = finish(&mut command(&workplace, &server, &options));
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    let words = "the server draws this with a different --upscaler: \"lanczos\", not \"crisp\"";
    assert!(outcome.errors.contains(words), "{}", outcome.errors);
    assert!(!workplace.join("a-red-apple-0.png").exists());
    server.until("the end of the job", || {
        let job = jobs(&server).pop().unwrap();
        (job["cancel"] == true || job["finished"].is_string()).then_some(())
    });
}

#[test]
fn a_server_that_does_not_answer_is_named_at_once() {
    let workplace = with_lines(TWELVE);
    let started = Instant::now();
    let outcome = workplace.run(&["batch", "lines.txt", "--server", "http://127.0.0.1:1"]);
    assert_eq!(outcome.code, Some(1), "{}", outcome.errors);
    assert!(outcome.errors.contains("no server answers at http://127.0.0.1:1"), "{}", outcome.errors);
    // The limit is the one of the whole wait for a server.
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(files(&workplace).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_server_that_is_killed_and_starts_again_draws_the_rest() {
    let (workplace, home) = (with_lines(TWELVE), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let address = server.address.clone();
    // No job is in hand, whose lease would have to end first.
    admin(&home, &["queue", "pause"]).succeeded();
    let mut client = Running::start(&mut command(&workplace, &server, &[&["--progress", "json"], &TINY[..]].concat()));
    server.until("all jobs", || (jobs(&server).len() == 12).then_some(()));
    drop(server);
    client.wait_for_lines("trying again", 1);
    let server = Server::start_with_workers(&home, 1, &["--listen", &address]);
    admin(&home, &["queue", "resume"]).succeeded();
    let outcome = client.finish().succeeded();
    let told = |words: &str| outcome.errors.matches(words).count();
    assert_eq!((told("trying again"), told("the server answers again")), (1, 1), "{}", outcome.errors);
    assert_eq!(outcome.output_text().lines().count(), 12);
    check_drawn_once(&server, 12);
}

#[test]
fn the_time_of_a_picture_is_that_of_drawing_it_and_not_of_waiting() {
    let (workplace, home) = (with_lines("a red apple\na {green,blue,golden} pear\n"), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    run(&workplace, &server, &[]).succeeded();
    // A list leaves out the results.
    let whole = |job: &Value| server.get(&format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())).json();
    let mut seconds: Vec<f64> =
        jobs(&server).iter().map(|job| whole(job)["result"]["seconds"].as_f64().unwrap()).collect();
    let text = String::from_utf8(workplace.read("results.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut told: Vec<f64> = lines.map(|line| line["result"]["seconds"].as_f64().unwrap()).collect();
    seconds.sort_by(f64::total_cmp);
    told.sort_by(f64::total_cmp);
    assert_eq!(told, seconds);
}

#[test]
fn a_full_queue_is_waited_for() {
    let (workplace, home) = (with_lines("a {red,green,blue} {apple,pear}\n"), Workplace::new());
    admin(&home, &["user", "add", "anna", "--no-password", "--max-waiting", "1", "--max-running", "1"]).succeeded();
    let token = token(&home, "anna", "jobs");
    let server = Server::start_with_workers(&home, 1, &[]).with_header("authorization", &token);
    let mut command = command(&workplace, &server, &TINY);
    let outcome = finish(command.env("TEXT2ART_TOKEN", token.trim_start_matches("Bearer "))).succeeded();
    assert!(outcome.errors.contains("6 drawn, 0 already done, 0 failed"), "{}", outcome.errors);
    check_drawn_once(&server, 6);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_jobs_and_another_one_cancels_them() {
    let (workplace, home) = (with_lines("a pear\n"), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let endless = ["--size", "32x32", "-n", "100000", "--cutouts", "1", "--progress", "json"];
    let mut left = Running::start(&mut command(&workplace, &server, &endless));
    left.wait_for_lines("\"started\"", 1);
    left.signal("INT");
    let outcome = left.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    assert!(outcome.errors.contains("1 job continues on the server: run the same command again"), "{}", outcome.errors);
    assert_eq!(jobs(&server)[0]["state"], "running");

    let pressed_twice = || {
        let mut again = Running::start(&mut command(&workplace, &server, &endless));
        again.wait_for_lines("\"started\"", 1);
        again.signal("INT");
        again.wait_for_lines("press Ctrl-C again", 1);
        // Nobody reads faster, and two signals at once count as one.
        std::thread::sleep(Duration::from_millis(200));
        again.signal("INT");
        let outcome = again.finish();
        assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
        outcome.errors.contains("the job is canceled")
    };
    // The second press comes too late if this machine stands still for three seconds.
    assert!((0..5).any(|_| pressed_twice()), "the job is never canceled");
    server.until("the cancel", || (jobs(&server)[0]["state"] == "cancelled").then_some(()));
    assert_eq!(jobs(&server).len(), 1);

    // A canceled job is no picture: the line is submitted again, once.
    let mut third = Running::start(&mut command(&workplace, &server, &endless));
    third.wait_for_lines("\"started\"", 1);
    assert_eq!(jobs(&server).len(), 2);
    third.signal("INT");
    assert_eq!(third.finish().code, Some(130));
}
