//! `serve admin`: what operators do while a server runs.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::people::{PASSWORD, admin, admin_with_line, user};

/// A picture that takes a moment.
fn small(prompt: &str) -> Value {
    json!({"prompt": prompt, "drawer": "pixel", "size": "32x32", "pixel_size": "4x4", "iterations": 1, "cutouts": 1})
}

/// Draws a picture, and returns the name of the job.
fn drawn(server: &Server, body: &Value) -> String {
    let id = server.submit(body)["id"].as_str().unwrap().to_owned();
    let job = server.wait_for(&id, |job| job["finished"].is_string());
    assert_eq!(job["state"], "done", "{job}: {}", server.log());
    id
}

/// All files of a job, by name.
fn files(server: &Server, id: &str) -> BTreeMap<String, Vec<u8>> {
    let job = server.get(&format!("/api/v1/jobs/{id}")).json();
    let files = job["files"].as_array().unwrap_or_else(|| panic!("{job}"));
    let fetched = files.iter().map(|file| {
        let answer = server.get(file["url"].as_str().unwrap());
        assert_eq!(answer.status, 200, "{file}");
        (file["name"].as_str().unwrap().to_owned(), answer.body)
    });
    fetched.collect()
}

#[cfg(unix)]
#[test]
fn users_are_added_listed_changed_and_removed() {
    let place = Workplace::new();
    let refused = |outcome: crate::common::program::Outcome, words: &str| {
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        assert!(outcome.errors.contains(words), "{}", outcome.errors);
    };
    refused(admin(&place, &["user", "list"]), "there are no data of a server");
    // What is wrong is said at once, and nothing is left behind.
    refused(admin(&place, &["user", "add", "Anna"]), "cannot be the name of a user");
    assert!(!place.join("data").exists());
    refused(admin(&place, &["user", "add", "anna"]), "there is no password in standard input");
    refused(admin_with_line(&place, "short", &["user", "add", "anna"]), "too short");
    admin_with_line(&place, PASSWORD, &["user", "add", "anna", "--email", "anna@example.org"]).succeeded();
    refused(admin_with_line(&place, PASSWORD, &["user", "add", "anna"]), "there is a user `anna` already");
    admin(&place, &["user", "change", "anna", "--role", "operator", "--max-running", "7"]).succeeded();
    let users = admin(&place, &["user", "list", "--json"]).succeeded().output_json();
    assert_eq!(users.as_array().unwrap().len(), 1);
    for (field, value) in [
        ("name", json!("anna")),
        ("role", json!("operator")),
        ("max_running", json!(7)),
        ("max_waiting", json!(20)),
        ("email", json!("anna@example.org")),
        ("disabled", json!(false)),
    ] {
        assert_eq!(users[0][field], value, "{users}");
    }
    let table = admin(&place, &["user", "list"]).succeeded();
    assert!(table.output_text().starts_with("anna ") && table.output_text().contains("operator"));
    refused(admin(&place, &["user", "change", "anna", "--weight", "0"]), "weight");
    refused(admin(&place, &["user", "remove", "ben"]), "there is no user ben");
    admin(&place, &["user", "remove", "anna"]).succeeded();
    assert_eq!(admin(&place, &["user", "list", "--json"]).succeeded().output_json(), json!([]));
    let mode = std::fs::metadata(place.join("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_removed_user_leaves_no_jobs_behind() {
    let place = Workplace::new();
    let anna = user(&place, "anna", "user", "jobs");
    let operator = user(&place, "olga", "operator", "admin");
    let server = Server::start(&place, &[]).with_header("authorization", &operator);
    let headers = [("content-type", "application/json"), ("authorization", anna.as_str())];
    // The header of the operator would be sent as well.
    let body = small("a").to_string();
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let mut request = agent.post(format!("http://{}/api/v1/jobs", server.address));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let job: Value = serde_json::from_slice(&request.send(body).unwrap().body_mut().read_to_vec().unwrap()).unwrap();
    let removed = admin(&place, &["user", "remove", "anna"]).succeeded();
    assert!(removed.output_text().contains("canceled 1 job"), "{}", removed.output_text());
    let job = server.get(&format!("/api/v1/jobs/{}", job["id"].as_str().unwrap())).json();
    assert_eq!(job["state"], "cancelled");
}

#[test]
fn tokens_are_printed_alone() {
    let place = Workplace::new();
    admin(&place, &["user", "add", "anna", "--no-password"]).succeeded();
    let made = admin(&place, &["token", "add", "anna", "--name", "laptop", "--expires", "90d"]).succeeded();
    let secret = made.output_text().trim_end();
    assert!(secret.starts_with("t2a_") && secret.len() == 47 && !secret.contains(char::is_whitespace), "{secret}");
    let tokens = admin(&place, &["token", "list", "anna", "--json"]).succeeded().output_json();
    let token = &tokens[0];
    assert_eq!((&token["user"], &token["name"], &token["scope"]), (&json!("anna"), &json!("laptop"), &json!("jobs")));
    assert!(token["expires"].is_string() && token["used"].is_null() && !tokens.to_string().contains(secret));
    let id = token["id"].as_str().unwrap();
    admin(&place, &["token", "revoke", id]).succeeded();
    for id in [id, "00000000000000000000000000", "nothing"] {
        assert_eq!(admin(&place, &["token", "revoke", id]).code, Some(2));
    }
}

#[test]
fn a_paused_queue_takes_jobs_and_begins_none() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    admin(&place, &["queue", "pause"]).succeeded();
    let job = server.submit(&small("a"));
    let shown = admin(&place, &["queue", "show", "--json"]).succeeded().output_json();
    assert!(shown["paused"].is_string() && shown["queued"] == 1 && shown["running"] == 0, "{shown}");
    let listed = admin(&place, &["jobs", "--state", "queued", "--json"]).succeeded().output_json();
    assert_eq!((&listed[0]["id"], &listed[0]["user"]), (&job["id"], &json!("local")));
    // A worker looks for jobs at least each second.
    std::thread::sleep(Duration::from_millis(2500));
    let id = job["id"].as_str().unwrap();
    assert_eq!(server.get(&format!("/api/v1/jobs/{id}")).json()["state"], "queued");
    admin(&place, &["queue", "resume"]).succeeded();
    assert_eq!(server.wait_for(id, |job| job["finished"].is_string())["state"], "done");
    let refused = admin(&place, &["requeue", id]);
    assert!(refused.code == Some(2) && refused.errors.contains("there is no dead job"), "{}", refused.errors);
}

#[test]
fn a_worker_is_drained() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    drawn(&server, &small("a"));
    let workers = || admin(&place, &["workers", "--json"]).succeeded().output_json();
    let worker = workers()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(workers()[0]["draining"], false);
    admin(&place, &["drain", &worker]).succeeded();
    assert_eq!(workers()[0]["draining"], true);
    admin(&place, &["drain", &worker, "--undo"]).succeeded();
    assert_eq!(admin(&place, &["drain", "nobody"]).code, Some(2));
}

#[test]
fn old_jobs_and_lost_files_are_deleted() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let ids = ["a", "b", "c"].map(|prompt| drawn(&server, &small(prompt)));
    let sizes = ids.each_ref().map(|id| files(&server, id)["picture.png"].len());
    let objects = place.join("data/objects/jobs");
    let count = || place.files_in(&objects).len();
    let before = count();

    admin(&place, &["retention", "--older-than", "1d"]).succeeded();
    assert_eq!(count(), before);
    assert_eq!(admin(&place, &["retention"]).code, Some(2));
    // Room for the two newest.
    let room = (sizes[1] + sizes[2]).to_string();
    let deleted = admin(&place, &["retention", "--keep-bytes", &room]).succeeded();
    assert!(deleted.output_text().starts_with("deleted 1 job "), "{}", deleted.output_text());
    server.get(&format!("/api/v1/jobs/{}", ids[0])).problem(404);
    assert_eq!(files(&server, &ids[1])["picture.png"].len(), sizes[1]);
    let kept = count();
    assert!(kept < before, "{kept} {before}");

    // A file that a claim left which was lost two days ago, and one of just now.
    let old = objects.join(format!("{}/9/picture.png", ids[1]));
    let new = objects.join(format!("{}/9/picture.svg", ids[1]));
    for path in [&old, &new] {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "lost").unwrap();
    }
    let file = std::fs::File::options().write(true).open(&old).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(48)).unwrap();
    let collected = admin(&place, &["gc"]).succeeded();
    assert!(collected.output_text().contains("1 file "), "{}", collected.output_text());
    assert!(!old.exists() && new.exists());
    assert_eq!(files(&server, &ids[1])["picture.png"].len(), sizes[1]);
}

#[cfg(unix)]
#[test]
fn a_backup_of_a_busy_server_restores_every_picture() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    let ids = ["a", "b", "c"].map(|prompt| drawn(&server, &small(prompt)));
    let expected = ids.each_ref().map(|id| files(&server, id));

    // Jobs are added, drawn and deleted while the backup is made.
    let over = AtomicBool::new(false);
    let busy = || {
        while !over.load(Ordering::Relaxed) {
            let id = drawn(&server, &small("busy"));
            server.submit(&small("waits"));
            assert_eq!(server.delete(&format!("/api/v1/jobs/{id}")).status, 204);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(busy);
        for number in 0..4 {
            let file = format!("backup-{number}.zip");
            let made = admin(&place, &["backup", &file]);
            if made.code != Some(0) {
                over.store(true, Ordering::Relaxed);
            }
            made.succeeded();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(admin(&place, &["backup", "backup-0.zip"]).code, Some(2), "a file is replaced only on demand");
    assert_eq!(std::fs::metadata(place.join("backup-0.zip")).unwrap().permissions().mode() & 0o777, 0o600);
    drop(server);

    for number in 0..4 {
        let (file, data) = (format!("backup-{number}.zip"), format!("restored-{number}"));
        let restore = |data: &str| place.run(&["serve", "admin", "--data", data, "restore", &file]);
        let restored = restore(&data).succeeded();
        assert!(restored.output_text().starts_with("restored "), "{}", restored.output_text());
        let refused = restore(&data);
        assert!(refused.code == Some(2) && refused.errors.contains("not empty"), "{}", refused.errors);

        let server = Server::start(&place, &["--data", &data]);
        assert_ne!(place.read(format!("{data}/objects/store-id").as_str()), place.read("data/objects/store-id"));
        for (id, expected) in ids.iter().zip(&expected) {
            assert_eq!(files(&server, id), *expected);
        }
        // Whatever the backup has of the others is whole, and nothing runs.
        let jobs = server.get("/api/v1/jobs?limit=100").json();
        for job in jobs["items"].as_array().unwrap() {
            assert_ne!(job["state"], "running", "{job}");
            if job["state"] == "done" {
                assert!(files(&server, job["id"].as_str().unwrap()).contains_key("picture.png"));
            }
        }
    }
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let place = Workplace::new();
    let server = Server::start_with_workers(&place, 1, &[]);
    drawn(&server, &small("a"));
    admin(&place, &["backup", "backup.zip"]).succeeded();
    drop(server);
    let whole = place.read("backup.zip");
    let png = whole.windows(8).position(|bytes| bytes == b"\x89PNG\r\n\x1a\n").unwrap();
    let sqlite = whole.windows(16).position(|bytes| bytes == b"SQLite format 3\0").unwrap();
    let restore = |content: &[u8]| {
        place.write("damaged.zip", content);
        place.run(&["serve", "admin", "--data", "restored", "restore", "damaged.zip"])
    };
    let damaged = |at: usize| {
        let mut content = whole.clone();
        content[at] ^= 1;
        restore(&content)
    };
    for outcome in [
        damaged(png + 60),
        damaged(sqlite + 5000),
        restore(&whole[..whole.len() / 2]),
        restore(b"not a backup"),
        restore(b""),
    ] {
        assert!(matches!(outcome.code, Some(1 | 2)), "{:?} {}", outcome.code, outcome.errors);
        assert!(outcome.errors.contains("backup") && outcome.errors.contains("hint: "), "{}", outcome.errors);
        assert!(!place.join("restored").exists() && !place.join(".restored.text2art-part").exists());
    }
    restore(&whole).succeeded();
}
