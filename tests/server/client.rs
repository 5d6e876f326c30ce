//! `submit`, `jobs`, `cancel` and `login` with a server: what is drawn there is what would be drawn here, and nothing that
//! ends the client ends a job unasked.

#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::common::fixtures;
use crate::common::program::{Outcome, Running, Workplace, finish};
use crate::common::server::Server;
use crate::people::user;

/// A picture that takes a moment.
const SMALL: [&str; 6] = ["--size", "32x32", "--iterations", "2", "--cutouts", "1"];
/// A picture that takes longer than any test.
const ENDLESS: [&str; 6] = ["--size", "32x32", "--iterations", "100000", "--cutouts", "1"];

/// A verb that talks to a server.
fn command(workplace: &Workplace, server: &Server, arguments: &[&str]) -> Command {
    let mut command = workplace.command();
    command.args(arguments).env("TEXT2ART_SERVER", &server.address);
    command
}

fn run(workplace: &Workplace, server: &Server, arguments: &[&str]) -> Outcome {
    finish(&mut command(workplace, server, arguments))
}

/// Submits a picture, and returns the job's id.
fn submit(workplace: &Workplace, server: &Server, arguments: &[&str]) -> String {
    let outcome = run(workplace, server, &[&["submit"], arguments].concat()).succeeded();
    outcome.output_text().trim().to_owned()
}

fn job(workplace: &Workplace, server: &Server, id: &str) -> Value {
    run(workplace, server, &["jobs", id, "--json"]).succeeded().output_json()
}

/// Waits until a job is in a state.
fn wait_for(workplace: &Workplace, server: &Server, id: &str, state: &str) {
    server.until(state, || (job(workplace, server, id)["state"] == state).then_some(()));
}

#[test]
fn a_server_draws_what_is_drawn_here() {
    let (workplace, home) = (Workplace::new(), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let prompt = ["a red apple", "--gif"];
    workplace.run(&[&prompt[..], &SMALL, &["-o", "here.png"]].concat()).succeeded();
    let there =
        run(&workplace, &server, &[&["submit"], &prompt[..], &SMALL, &["-o", "there.png"]].concat()).succeeded();
    assert_eq!(there.output_text(), "there.png\nthere.gif\n");
    assert!(there.errors.contains("done: 32x32, 2 iterations"), "{}", there.errors);
    for extension in ["png", "gif"] {
        let (here, there) = (format!("here.{extension}"), format!("there.{extension}"));
        assert!(workplace.read(&here) == workplace.read(&there), "{extension}");
    }
    // The server is not asked before it is known that the files can be written.
    workplace.refuses(&["submit", "a pear", "-o", "there.png", "--server", "http://127.0.0.1:1"], &["already exists"]);
    let again =
        run(&workplace, &server, &[&["submit", "a pear"], &SMALL[..], &["-o", "there.png", "--force"]].concat());
    assert_eq!(again.succeeded().output_text(), "there.png\n");
    let printed =
        run(&workplace, &server, &[&["submit"], &prompt[..1], &SMALL, &["-q", "-o", "-"]].concat()).succeeded();
    assert!(printed.output == workplace.read("here.png") && printed.errors.is_empty(), "{}", printed.errors);
}

#[test]
fn a_job_is_listed_looked_at_and_fetched_later() {
    let (workplace, home) = (Workplace::new(), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let id = submit(&workplace, &server, &[&["a green frog", "--gif"], &SMALL[..]].concat());
    let watched = run(&workplace, &server, &["jobs", &id, "--watch", "--progress", "json"]).succeeded();
    let last = watched.events().pop().unwrap();
    assert_eq!((&last["event"], &last["iterations"], &last["width"]), (&"finished".into(), &2.into(), &32.into()));
    let list = run(&workplace, &server, &["jobs"]).succeeded();
    let line = list.output_text().lines().next().unwrap().to_owned();
    assert!(line.starts_with(&id) && line.contains("done") && line.ends_with("a green frog"), "{line}");
    let list = run(&workplace, &server, &["jobs", "--json", "--state", "done", "--limit", "1"]).succeeded();
    assert_eq!(list.output_json()[0]["id"], id);
    assert_eq!(run(&workplace, &server, &["jobs", "--state", "queued"]).succeeded().output_text(), "");
    let details = run(&workplace, &server, &["jobs", &id]).succeeded();
    assert!(details.output_text().contains("prompt    a green frog\n"), "{}", details.output_text());
    let fetched = run(&workplace, &server, &["jobs", &id, "-o", "{slug}-{seed}.png"]).succeeded();
    assert_eq!(fetched.output_text(), "a-green-frog-0.png\na-green-frog-0.gif\n");
    let movie = run(&workplace, &server, &["jobs", &id, "-o", "alone.gif"]).succeeded();
    assert_eq!(movie.output_text(), "alone.gif\n");
    let none = run(&workplace, &server, &["jobs", &id, "-o", "frog.mp4"]);
    assert_eq!(none.code, Some(2), "{}", none.errors);
    assert!(none.errors.contains("the job makes no MP4"), "{}", none.errors);
    let late = run(&workplace, &server, &["cancel", &id]).succeeded();
    assert!(late.errors.contains("had ended before"), "{}", late.errors);
    let unknown = run(&workplace, &server, &["jobs", "0123456789abcdefghjkmnpqrs"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.errors);
}

#[test]
fn files_on_the_command_line_are_uploaded() {
    let (workplace, home) = (Workplace::new(), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    workplace.write("photo.png", std::fs::read(fixtures().join("trace/init.png")).unwrap());
    workplace.write("two.hex", "ff0000\n0000ff\n");
    let files = ["--init-image", "photo.png", "--image-prompt", "photo.png:0.5", "--palette", "two.hex"];
    let outcome = run(&workplace, &server, &[&["submit", "an apple"], &files[..], &SMALL, &["-o", "a.png"]].concat());
    outcome.succeeded();
    let picture = image::load_from_memory(&workplace.read("a.png")).unwrap().into_rgb8();
    assert!(picture.pixels().all(|pixel| [[255, 0, 0], [0, 0, 255]].contains(&pixel.0)));
    let listed = run(&workplace, &server, &["jobs", "--json"]).succeeded().output_json();
    let settings = &listed[0]["settings"];
    let masked = ["--mask", "photo.png", "--prompt-outside", "sky", "-o", "b.png"];
    run(&workplace, &server, &[&["submit", "an apple"], &masked[..], &SMALL].concat()).succeeded();
    let masked = run(&workplace, &server, &["jobs", "--json"]).succeeded().output_json();
    let has_mask = |job: &serde_json::Value| job["settings"]["mask"] == "mask-1.png";
    assert!(masked.as_array().unwrap().iter().any(has_mask), "{masked}");
    assert!(settings["init_image"].is_string() && settings["image_prompt"][0].as_str().unwrap().ends_with(":0.5"));
    workplace.write("text.png", "no picture");
    let outcome = run(&workplace, &server, &["submit", "an apple", "--init-image", "text.png"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
    assert!(outcome.errors.starts_with("error: text.png: "), "{}", outcome.errors);
}

#[test]
fn what_the_server_refuses_is_said_in_options() {
    let (workplace, home) = (Workplace::new(), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let outcome = run(&workplace, &server, &["submit", "an apple", "--size", "100000x100000", "--wait"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
    let lines: Vec<&str> = outcome.errors.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("--size"), "{}", outcome.errors);
    let outcome = run(&workplace, &server, &["submit", "an apple", "--pixel-zoom", "2"]);
    assert!(outcome.code == Some(2) && outcome.errors.contains("--pixel-zoom"), "{}", outcome.errors);
}

#[test]
fn a_canceled_job_ends_its_watch() {
    let (workplace, home) = (Workplace::new(), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let waiting = [&["submit", "a pear", "--wait", "--progress", "lines"], &ENDLESS[..]].concat();
    let mut watch = Running::start(&mut command(&workplace, &server, &waiting));
    watch.wait_for_lines("iteration ", 1);
    // A second one waits behind it.
    let second = submit(&workplace, &server, &[&["a fig"], &ENDLESS[..]].concat());
    let state = run(&workplace, &server, &["jobs", &second]).succeeded();
    assert!(state.output_text().contains("queued: 1st of 1"), "{}", state.output_text());
    let ids = run(&workplace, &server, &["jobs", "--json"]).succeeded().output_json();
    let first = ids[1]["id"].as_str().unwrap();
    let canceled = run(&workplace, &server, &["cancel", &second, first]).succeeded();
    assert!(
        canceled.output_text().starts_with(&format!("{second}\tcancelled\n{first}\t")),
        "{}",
        canceled.output_text()
    );
    let outcome = watch.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    assert!(outcome.errors.contains("was canceled"), "{}", outcome.errors);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_a_job_and_another_one_cancels_it() {
    let (workplace, home) = (Workplace::new(), Workplace::new());
    let server = Server::start_with_workers(&home, 1, &[]);
    let arguments = [&["submit", "a pear", "-o", "pear.png", "--progress", "lines"], &ENDLESS[..]].concat();
    let mut left = Running::start(&mut command(&workplace, &server, &arguments));
    left.wait_for_lines("iteration ", 1);
    left.signal("INT");
    let outcome = left.finish();
    assert_eq!((outcome.code, outcome.output_text()), (Some(130), ""), "{}", outcome.errors);
    let id = outcome.errors.lines().find_map(|line| line.strip_prefix("job ")).unwrap().to_owned();
    let go_on = format!("the job goes on: text2art jobs {id} -o pear.png; press Ctrl-C again to cancel it");
    assert!(outcome.errors.contains(&go_on), "{}", outcome.errors);
    assert_eq!(job(&workplace, &server, &id)["state"], "running");

    let mut watch = Running::start(&mut command(&workplace, &server, &["jobs", &id, "--watch", "--progress", "lines"]));
    watch.wait_for_lines("iteration ", 1);
    watch.signal("INT");
    watch.wait_for_lines("press Ctrl-C again", 1);
    // Nobody reads faster, and two signals at once count as one.
    std::thread::sleep(Duration::from_millis(200));
    watch.signal("INT");
    let outcome = watch.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    assert!(outcome.errors.contains("the job is canceled"), "{}", outcome.errors);
    wait_for(&workplace, &server, &id, "cancelled");
    assert!(!workplace.join("pear.png").exists());
}

/// Runs `login` with a line of standard input.
#[cfg(unix)]
fn login(workplace: &Workplace, server: &Server, line: &str) -> Outcome {
    let mut command = workplace.command_of("sh");
    command.args(["-c", "printf '%s\\n' \"$1\" | \"$2\" login", "sh", line]).arg(workplace.command().get_program());
    finish(command.env("TEXT2ART_SERVER", &server.address))
}

#[cfg(unix)]
#[test]
fn a_token_is_kept_for_its_server_and_never_shown() {
    use std::os::unix::fs::PermissionsExt;

    let (workplace, home) = (Workplace::new(), Workplace::new());
    let token = user(&home, "anna", "user", "jobs").trim_start_matches("Bearer ").to_owned();
    let server = Server::start(&home, &[]);
    let other = Server::start(&home, &["--data", "other"]);
    let refused = run(&workplace, &server, &["jobs"]);
    assert_eq!(refused.code, Some(2), "{}", refused.errors);
    assert!(
        refused.errors.contains(&format!("text2art login --server http://{}", server.address)),
        "{}",
        refused.errors
    );
    for wrong in ["t2a_wrong", "", "two words"] {
        let refused = login(&workplace, &server, wrong);
        assert_eq!(refused.code, Some(2), "{wrong}: {}", refused.errors);
    }
    let file = workplace.root().join("home/.config/text2art/tokens.toml");
    assert!(!file.exists());

    let kept = login(&workplace, &server, &token).succeeded();
    assert!(!kept.errors.contains(&token) && kept.output.is_empty(), "{}", kept.errors);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let id = submit(&workplace, &server, &["a pear"]);
    assert_eq!(job(&workplace, &server, &id)["state"], "queued");
    // A server without users would not say that it got a token; its log has no trace of one.
    run(&workplace, &other, &["jobs"]).succeeded();
    assert!(!other.log().contains(&token) && !server.log().contains(&token));

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = run(&workplace, &server, &["jobs"]);
    assert!(refused.code == Some(2) && refused.errors.contains("chmod 600"), "{}", refused.errors);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    run(&workplace, &server, &["login", "--forget"]).succeeded();
    assert_eq!(run(&workplace, &server, &["jobs"]).code, Some(2));
    let given = finish(command(&workplace, &server, &["jobs"]).env("TEXT2ART_TOKEN", &token)).succeeded();
    assert!(given.output_text().starts_with(&id), "{}", given.output_text());
    let remote = ["jobs", "--server", "http://192.0.2.1:8080"];
    let refused = finish(command(&workplace, &server, &remote).env("TEXT2ART_TOKEN", &token));
    assert!(refused.code == Some(2) && refused.errors.contains("no encryption"), "{}", refused.errors);
    assert!(!refused.errors.contains(&token));
}

#[test]
fn the_configuration_file_names_the_server_and_what_to_draw() {
    let (workplace, home) = (Workplace::new(), Workplace::new());
    let server = Server::start(&home, &[]);
    let config = format!("seed = 5\nserver = \"{}\"\ncutouts = 3\ndevice = \"cpu\"\n", server.address);
    std::fs::create_dir_all(workplace.root().join("home/.config/text2art")).unwrap();
    std::fs::write(workplace.root().join("home/.config/text2art/config.toml"), config).unwrap();
    let submitted = finish(workplace.command().args(["submit", "a pear"]).env("TEXT2ART_ITERATIONS", "7")).succeeded();
    let job = server.get(&format!("/api/v1/jobs/{}", submitted.output_text().trim())).json();
    let settings = &job["settings"];
    assert_eq!([&settings["seed"], &settings["cutouts"], &settings["iterations"]], [5, 3, 7]);
    // It is no setting of a picture, and moves no line of an error.
    let dry = workplace.run(&["a pear", "--dry-run"]).succeeded();
    assert!(dry.output_text().contains("seed = 5"), "{}", dry.output_text());
    workplace.write("wrong.toml", "seed = 5\nserver = \"http://127.0.0.1:1\"\nsed = 3\n");
    workplace.refuses(&["a pear", "--config", "wrong.toml"], &["line 3", "`sed`"]);
}
