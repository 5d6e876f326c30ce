//! Downloads from a hub that behaves badly: each ends as it should, within its limit, and the cache contains only
//! correct files.

#![allow(clippy::unwrap_used)]

use crate::common;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use common::hub::{Fault, Repository, TestHub};
use common::program::{Outcome, Running, Workplace, finish};

const CLIP: &str = "acme/clip";
const WEIGHTS: &str = "model.safetensors";
/// The limit of silence the tests set, in seconds.
const STALL: &str = "1";

/// A hub with a CLIP and a VQGAN, and a place to work with it.
struct Scene {
    hub: TestHub,
    workplace: Workplace,
}

impl Scene {
    fn new() -> Self {
        let repositories = vec![Repository::clip(CLIP).branch("refs/pr/15"), Repository::vqgan("acme/vqgan")];
        Self { hub: TestHub::new(repositories), workplace: Workplace::new() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workplace.command();
        command.env("HF_ENDPOINT", &self.hub.endpoint).env("TEXT2ART_NETWORK_TIMEOUT", STALL).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        finish(&mut self.command(arguments))
    }

    fn pull(&self) -> Outcome {
        self.run(&["models", "pull", CLIP, "--progress", "json"])
    }

    fn cache(&self) -> PathBuf {
        self.workplace.root().join("home/.cache/huggingface/hub")
    }

    /// Files below the cache's `blobs`, but for parts of downloads.
    fn blobs(&self) -> Vec<PathBuf> {
        let files = self.workplace.content().into_iter().filter(|(_, content)| content.is_some());
        let blobs = files.map(|(path, _)| path).filter(|path| path.parent().unwrap().ends_with("blobs"));
        blobs.filter(|path| path.extension().is_none()).collect()
    }

    /// The cache holds the whole model, and nothing that is not of it.
    fn is_right(&self, outcome: &Outcome) {
        assert_eq!(outcome.code, Some(0), "{}", outcome.errors);
        let paths: Vec<PathBuf> = outcome.output_text().lines().map(PathBuf::from).collect();
        let names = [WEIGHTS, "config.json", "tokenizer.json"];
        assert_eq!(paths.len(), names.len(), "{paths:?}");
        for (path, name) in paths.iter().zip(names) {
            assert!(path.starts_with(self.cache().join("models--acme--clip/snapshots")), "{}", path.display());
            assert!(std::fs::read(path).unwrap() == std::fs::read(common::fixtures().join("clip").join(name)).unwrap());
        }
        assert_eq!(self.blobs().len(), names.len());
        assert_eq!(self.hub.faults_left(), 0, "a fault was never met");
    }

    /// The program gave up with this exit code; nothing that is not right is in the cache.
    fn gave_up(&self, outcome: &Outcome, code: i32, words: &[&str]) {
        assert_eq!(outcome.code, Some(code), "{}", outcome.errors);
        let events = outcome.events();
        let failed = events.last().unwrap();
        assert_eq!(failed["event"], "failed");
        for word in words {
            assert!(failed["message"].as_str().unwrap().contains(word), "no {word:?} in {failed}");
        }
        assert!(failed["hint"].as_str().unwrap().len() > 10, "{failed}");
        for blob in self.blobs() {
            let content = std::fs::read(&blob).unwrap();
            let known = [WEIGHTS, "config.json", "tokenizer.json"]
                .iter()
                .any(|name| std::fs::read(common::fixtures().join("clip").join(name)).unwrap() == content);
            assert!(known, "{} is in the cache", blob.display());
        }
        assert!(!self.cache().join("models--acme--clip/refs/main").exists());
    }

    fn part(&self) -> Option<PathBuf> {
        let blobs = std::fs::read_dir(self.cache().join("models--acme--clip/blobs")).into_iter().flatten();
        let mut paths = blobs.map(|entry| entry.unwrap().path());
        paths.find(|path| path.extension().is_some_and(|extension| extension == "text2art-part"))
    }
}

#[test]
fn files_come_from_two_hosts_and_only_one_sees_the_token() {
    let scene = Scene::new();
    scene.hub.change(CLIP, |repository| repository.token = Some("hf_secret".into()));
    let outcome = finish(scene.command(&["models", "pull", CLIP]).env("HF_TOKEN", "hf_secret"));
    scene.is_right(&outcome);
    for seen in scene.hub.requests_of(" hub ") {
        assert_eq!(seen.headers.get("authorization").map(String::as_str), Some("Bearer hf_secret"), "{seen:?}");
    }
    let elsewhere = scene.hub.requests_of(" elsewhere ");
    assert_eq!(elsewhere.len(), 1);
    for seen in scene.hub.requests() {
        assert_eq!(seen.headers["accept-encoding"], "identity", "{seen:?}");
    }
    assert!(!elsewhere[0].headers.contains_key("authorization"));
    // Said before: what comes, how much of it, under which licence.
    assert!(
        outcome.errors.contains("downloading acme/clip: 3 files, 2.1 MB, from http://127.0.0.1"),
        "{}",
        outcome.errors
    );
    assert!(outcome.errors.contains("license: mit"), "{}", outcome.errors);
    // A second time nothing comes.
    let before = scene.hub.requests_of("GET elsewhere").len();
    scene.is_right(&finish(scene.command(&["models", "pull", CLIP]).env("HF_TOKEN", "hf_secret")));
    assert_eq!(scene.hub.requests_of("GET elsewhere").len(), before);
}

#[test]
fn the_token_may_stand_in_its_file() {
    let scene = Scene::new();
    scene.hub.change(CLIP, |repository| repository.token = Some("hf_secret".into()));
    scene.gave_up(&scene.pull(), 2, &["requires a login", "401"]);
    let home = scene.workplace.root().join("home/.cache/huggingface");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("token"), "hf_secret\n").unwrap();
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
}

#[test]
fn progress_is_told() {
    let scene = Scene::new();
    let outcome = scene.pull();
    scene.is_right(&outcome);
    let events = outcome.events();
    assert_eq!(events[0]["event"], "download");
    assert_eq!((events[0]["files"].as_u64(), events[0]["licence"].as_str()), (Some(3), Some("mit")));
    let last = events.last().unwrap();
    assert_eq!(last["event"], "downloaded");
    assert_eq!(last["all_done"], last["all_total"]);
    assert_eq!(last["all_total"], events[0]["bytes"]);
}

#[test]
fn small_files_that_come_compressed() {
    let scene = Scene::new();
    scene.hub.fault("GET hub /acme/clip/resolve", Fault::Gzip);
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
}

#[test]
fn a_body_that_is_cut_goes_on_where_it_was() {
    let scene = Scene::new();
    scene.hub.fault("GET elsewhere", Fault::Cut(1_000_000));
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
    let requests = scene.hub.requests_of("GET elsewhere");
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].headers["range"], "bytes=1000000-");
    assert!(requests[1].headers["if-range"].starts_with("\"elsewhere-"));
    assert_eq!(scene.part(), None);
}

#[test]
fn a_body_that_stalls_goes_on_where_it_was() {
    let scene = Scene::new();
    scene.hub.fault("GET elsewhere", Fault::Stall(700_000));
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
    assert_eq!(scene.hub.requests_of("GET elsewhere")[1].headers["range"], "bytes=700000-");
}

#[test]
fn a_range_that_is_ignored_begins_anew() {
    let scene = Scene::new();
    scene.hub.fault("GET elsewhere", Fault::Cut(1_000_000));
    scene.hub.fault("GET elsewhere", Fault::IgnoreRange);
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
    assert_eq!(scene.hub.requests_of("GET elsewhere").len(), 2);
}

#[test]
fn another_range_than_was_asked_for_is_not_taken() {
    let scene = Scene::new();
    scene.hub.fault("GET elsewhere", Fault::Cut(1_000_000));
    scene.hub.fault("GET elsewhere", Fault::WrongRange);
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
}

#[test]
fn a_part_of_another_file_begins_anew() {
    let scene = Scene::new();
    scene.hub.fault("GET elsewhere", Fault::Cut(1_000_000));
    // What is there now is not what the part is of: the server answers with all of it.
    scene.hub.fault("GET elsewhere", Fault::Header("ETag", "\"other\"".into()));
    let outcome = scene.run(&["models", "pull", CLIP]);
    scene.is_right(&outcome);
}

#[test]
fn a_wrong_checksum_is_never_in_the_cache() {
    let scene = Scene::new();
    scene.hub.fault("GET elsewhere", Fault::Corrupt);
    scene.gave_up(&scene.pull(), 1, &[WEIGHTS, "SHA-256"]);
    assert_eq!(scene.part(), None);
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
}

#[test]
#[cfg(unix)]
fn a_part_that_is_damaged_is_fetched_again() {
    let scene = Scene::new();
    interrupted(&scene, 1_500_000);
    let part = scene.part().unwrap();
    let mut content = std::fs::read(&part).unwrap();
    content[77] ^= 1;
    std::fs::write(&part, content).unwrap();
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
}

/// Pulls from a hub that stalls after so many bytes of the weights, and sends Ctrl-C then.
#[cfg(unix)]
fn interrupted(scene: &Scene, stalled: usize) {
    interrupted_in(scene, stalled, &["models", "pull", CLIP]);
}

/// The same in any command that fetches the CLIP.
#[cfg(unix)]
fn interrupted_in(scene: &Scene, stalled: usize, arguments: &[&str]) -> Outcome {
    scene.hub.fault("GET elsewhere", Fault::Stall(stalled));
    let mut command = scene.command(&[arguments, &["--progress", "json"]].concat());
    let mut running = Running::start(command.env("TEXT2ART_NETWORK_TIMEOUT", "60"));
    running.wait_for_lines("\"downloaded\"", 1);
    let limit = Instant::now() + Duration::from_secs(60);
    while scene.part().and_then(|part| part.metadata().ok()).is_none_or(|part| part.len() < stalled as u64) {
        assert!(Instant::now() < limit, "the bytes do not come");
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    running.signal("INT");
    let outcome = running.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.errors);
    assert!(asked.elapsed() < Duration::from_secs(10), "Ctrl-C took {:?}", asked.elapsed());
    outcome
}

#[test]
#[cfg(unix)]
fn ctrl_c_keeps_the_part() {
    let scene = Scene::new();
    interrupted(&scene, 1_200_000);
    assert_eq!(scene.part().unwrap().metadata().unwrap().len(), 1_200_000);
    assert!(!scene.cache().join("models--acme--clip/refs/main").exists());
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
    assert_eq!(scene.hub.requests_of("GET elsewhere").last().unwrap().headers["range"], "bytes=1200000-");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_picture_that_waits_for_its_model() {
    let scene = Scene::new();
    let outcome = interrupted_in(&scene, 1_200_000, &["a red apple", "--clip", CLIP, "-o", "a.png"]);
    assert!(outcome.errors.contains("partial downloads are kept"), "{}", outcome.errors);
    assert_eq!(scene.part().unwrap().metadata().unwrap().len(), 1_200_000);
    assert!(!scene.workplace.join("a.png").exists());
}

#[test]
#[cfg(unix)]
fn a_part_that_is_complete_needs_no_more_bytes() {
    let scene = Scene::new();
    let size = common::fixtures().join("clip").join(WEIGHTS).metadata().unwrap().len();
    interrupted(&scene, usize::try_from(size).unwrap() - 1);
    let whole = std::fs::read(common::fixtures().join("clip").join(WEIGHTS)).unwrap();
    std::fs::write(scene.part().unwrap(), whole).unwrap();
    let before = scene.hub.requests_of("GET elsewhere").len();
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
    assert_eq!(scene.hub.requests_of("GET elsewhere").len(), before);
}

#[test]
fn a_body_without_end_is_left() {
    let scene = Scene::new();
    for _ in 0..4 {
        scene.hub.fault("GET elsewhere", Fault::TooLong);
    }
    scene.gave_up(&scene.pull(), 1, &[WEIGHTS, "longer"]);
}

#[test]
fn who_may_not_read_is_told_what_to_do() {
    for (status, header, words) in [
        (401, "X-Error-Code: GatedRepo", &["requires a login", "401"][..]),
        (403, "X-Error-Code: GatedRepo", &["denies access", "403"]),
        (404, "X-Error-Code: EntryNotFound", &["has no", WEIGHTS, "404"]),
        (404, "X-Error-Code: RevisionNotFound", &["no revision"]),
    ] {
        let scene = Scene::new();
        scene.hub.fault("HEAD hub /acme/clip/resolve", Fault::Status(status, header));
        scene.gave_up(&scene.pull(), 2, words);
        assert_eq!(scene.hub.requests_of("HEAD").len(), 1, "{status} was tried again");
    }
    let scene = Scene::new();
    let outcome = scene.run(&["models", "pull", "acme/nothing", "--progress", "json"]);
    scene.gave_up(&outcome, 2, &["acme/nothing", "404"]);
    let outcome = scene.run(&["models", "pull", "acme/clip@v7", "--progress", "json"]);
    scene.gave_up(&outcome, 2, &["v7"]);
}

#[test]
fn a_hub_that_is_busy_is_waited_for() {
    let scene = Scene::new();
    scene.hub.fault("HEAD hub", Fault::Status(429, "Retry-After: 1"));
    scene.hub.fault("GET elsewhere", Fault::Status(500, ""));
    scene.hub.fault("GET elsewhere", Fault::Status(503, "Retry-After: 1"));
    // An address of a large file that is no longer valid: the hub is asked for another.
    scene.hub.fault("GET elsewhere", Fault::Status(403, ""));
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
}

#[test]
fn a_hub_that_stays_busy_is_given_up() {
    let scene = Scene::new();
    for _ in 0..4 {
        scene.hub.fault("GET elsewhere", Fault::Status(500, ""));
    }
    scene.gave_up(&scene.pull(), 1, &["500", "4 attempts"]);
    let scene = Scene::new();
    scene.hub.fault("HEAD hub", Fault::Status(429, "Retry-After: 86400"));
    scene.gave_up(&scene.pull(), 1, &["429"]);
    assert_eq!(scene.hub.requests_of("HEAD").len(), 1);
}

#[test]
fn a_hub_that_never_answers_is_given_up() {
    let scene = Scene::new();
    for _ in 0..4 {
        scene.hub.fault("GET hub /api", Fault::Silent);
    }
    let begun = Instant::now();
    scene.gave_up(&scene.pull(), 1, &["does not answer"]);
    // Four silences of a second and the waits between them; far less than the default's thirty seconds each.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    // Nobody listens there at all.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = scene.command(&["models", "pull", CLIP, "--progress", "json"]);
    scene.gave_up(&finish(command.env("HF_ENDPOINT", format!("http://{address}"))), 1, &["connection", "failed"]);
}

#[test]
fn a_hub_that_is_none_is_told_from_one() {
    let scene = Scene::new();
    scene.hub.fault("HEAD hub", Fault::Header("X-Repo-Commit", "../../../etc".into()));
    scene.gave_up(&scene.pull(), 1, &["does not report the commit"]);
    let scene = Scene::new();
    scene.hub.fault("GET hub /api", Fault::Corrupt);
    scene.gave_up(&scene.pull(), 1, &["does not list"]);
    let mut command = scene.command(&["models", "pull", CLIP, "--progress", "json"]);
    scene.gave_up(&finish(command.env("HF_ENDPOINT", "nowhere")), 2, &["HF_ENDPOINT"]);
}

#[test]
fn a_wild_etag_is_no_path() {
    let scene = Scene::new();
    for name in ["config.json", "tokenizer.json"] {
        let etag = format!("W/\"../../../../{name}\"");
        scene.hub.fault(&format!("HEAD hub /acme/clip/resolve/{}/{name}", commit()), Fault::Header("ETag", etag));
    }
    scene.is_right(&scene.run(&["models", "pull", CLIP]));
}

/// The commit the test's hub gives its CLIP.
fn commit() -> String {
    Repository::new(CLIP, []).commit
}

#[test]
fn a_file_that_has_no_room_is_refused_before_it_comes() {
    let scene = Scene::new();
    scene.hub.fault("HEAD hub", Fault::Header("X-Linked-Size", "1000000000000000000".into()));
    scene.gave_up(&scene.pull(), 1, &["free", "GB"]);
    assert!(scene.hub.requests_of("GET elsewhere").is_empty());
}

#[test]
fn two_processes_pull_at_once() {
    let scene = Scene::new();
    scene.hub.fault("GET elsewhere", Fault::Stall(300_000));
    let runs: Vec<Running> = (0..3).map(|_| Running::start(&mut scene.command(&["models", "pull", CLIP]))).collect();
    for run in runs {
        scene.is_right(&run.finish());
    }
    // The one that held the lock brought the file, in two steps.
    assert_eq!(scene.hub.requests_of("GET elsewhere").len(), 2);
}

#[test]
fn another_commit_than_was_asked_for_is_refused() {
    let (scene, other) = (Scene::new(), "1".repeat(40));
    let pinned = format!("{CLIP}@{}", commit());
    scene.hub.fault("HEAD hub", Fault::Header("X-Repo-Commit", other.clone()));
    let outcome = scene.run(&["models", "pull", &pinned, "--progress", "json"]);
    scene.gave_up(&outcome, 1, &[&other, &commit()]);
    assert!(scene.blobs().is_empty());
}

#[test]
fn a_body_that_brings_nearly_nothing_is_given_up() {
    let scene = Scene::new();
    for _ in 0..4 {
        scene.hub.fault("GET elsewhere", Fault::Cut(1000));
    }
    scene.gave_up(&scene.pull(), 1, &["4 attempts"]);
}

#[test]
fn a_body_that_trickles_is_given_up() {
    let scene = Scene::new();
    for _ in 0..4 {
        scene.hub.fault("GET elsewhere", Fault::Trickle);
    }
    let mut command = scene.command(&["models", "pull", CLIP, "--progress", "json"]);
    scene.gave_up(&finish(command.env("TEXT2ART_NETWORK_TIMEOUT", "0.3")), 1, &["too slow", "4 attempts"]);
}

#[test]
fn a_list_that_never_ends_is_given_up() {
    let scene = Scene::new();
    for _ in 0..4 {
        scene.hub.fault("GET hub /api", Fault::Trickle);
    }
    let mut command = scene.command(&["models", "pull", CLIP, "--progress", "json"]);
    scene.gave_up(&finish(command.env("TEXT2ART_NETWORK_TIMEOUT", "0.3")), 1, &["too long"]);
}

#[test]
fn a_password_in_the_address_is_not_shown() {
    let scene = Scene::new();
    let endpoint = scene.hub.endpoint.replace("http://", "http://me:hunter2@");
    let outcome = finish(scene.command(&["models", "pull", CLIP]).env("HF_ENDPOINT", &endpoint));
    scene.is_right(&outcome);
    assert!(!outcome.errors.contains("hunter2"), "{}", outcome.errors);
    let outcome =
        finish(scene.command(&["models", "pull", "acme/none", "--progress", "json"]).env("HF_ENDPOINT", &endpoint));
    assert!(outcome.code == Some(2) && !outcome.errors.contains("hunter2"), "{}", outcome.errors);
    for wrong in ["http://127.0.0.1:1/?a=b", "http://127.0.0.1:1/#a", "ftp://me:hunter2@127.0.0.1"] {
        let outcome = finish(scene.command(&["models", "pull", CLIP]).env("HF_ENDPOINT", wrong));
        assert!(outcome.code == Some(2) && outcome.errors.contains("HF_ENDPOINT"), "{}", outcome.errors);
        assert!(!outcome.errors.contains("hunter2"), "{}", outcome.errors);
    }
}

#[test]
fn a_wrong_token_in_the_file_is_told_with_the_first_request() {
    let scene = Scene::new();
    let home = scene.workplace.root().join("home/.cache/huggingface");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("token"), "two words").unwrap();
    scene.run(&["models", "list"]).succeeded();
    scene.gave_up(&scene.pull(), 2, &["huggingface/token"]);
    assert!(scene.hub.requests().is_empty());
}

#[test]
fn a_home_may_be_named_by_its_sign() {
    let scene = Scene::new();
    let outcome = finish(scene.command(&["models", "pull", CLIP]).env("HF_HOME", "~/elsewhere")).succeeded();
    let expected = scene.workplace.root().join("home/elsewhere/hub");
    assert!(outcome.output_text().starts_with(expected.to_str().unwrap()), "{}", outcome.output_text());
}
