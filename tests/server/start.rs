//! How a server starts and ends.

use std::net::TcpListener;

use serde_json::json;

use crate::common::program::{Workplace, signal};
use crate::common::server::Server;

#[test]
fn a_server_that_would_let_everybody_in_does_not_start() {
    let place = Workplace::new();
    let refuses = |arguments: &[&str], words: &str| {
        let outcome = place.run(&[&["serve", "--data", "data", "--workers", "0"], arguments].concat());
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        assert!(outcome.errors.contains(words) && outcome.errors.contains("hint: "), "{}", outcome.errors);
    };
    refuses(&["--listen", "0.0.0.0:0"], "there are no users");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    refuses(&["--listen", &taken.local_addr().unwrap().to_string()], "cannot listen on");
    refuses(&["--listen", "example.org:80"], "is not an address to listen on");
    refuses(&["--keep-jobs", "long"], "is not a time");
    place.write("serve.toml", "[settings]\ninit_image = \"a.png\"\n");
    refuses(&["--listen", "127.0.0.1:0", "--config", "serve.toml"], "--init-image");
    place.write("serve.toml", "worker = 2\n");
    refuses(&["--config", "serve.toml"], "line 1: unknown field `worker`");
}

#[test]
fn options_come_from_the_environment_as_well() {
    let place = Workplace::new();
    let mut command = place.command();
    command.env("TEXT2ART_SERVE_LISTEN", "nowhere").args(["serve", "--data", "data"]);
    let outcome = crate::common::program::finish(&mut command);
    assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
    assert!(outcome.errors.contains("in the environment") && outcome.errors.contains("nowhere"), "{}", outcome.errors);
}

#[test]
fn the_pictures_of_another_database_are_left_alone() {
    let place = Workplace::new();
    drop(Server::start(&place, &[]));
    std::fs::create_dir(place.join("other")).unwrap();
    std::fs::rename(place.join("data/objects"), place.join("other/objects")).unwrap();
    let refuses = |arguments: &[&str], words: &str| {
        let outcome = place.run(arguments);
        assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
        assert!(outcome.errors.contains(words) && outcome.errors.contains("belong together"), "{}", outcome.errors);
    };
    let another = "the storage belongs to another database";
    refuses(&["serve", "--data", "other", "--workers", "0", "--listen", "127.0.0.1:0"], another);
    refuses(&["worker", "--data", "other"], another);
    refuses(&["serve", "admin", "--data", "other", "gc"], another);
    refuses(&["serve", "admin", "--data", "other", "retention", "--older-than", "1d"], another);
    refuses(&["serve", "admin", "--data", "other", "backup", "backup.zip"], another);
    // As with a worker that was told the database, but not the storage.
    refuses(&["worker", "--data", "data"], "has no object `store-id`");
    // A database and a storage that belong together still work.
    std::fs::remove_dir_all(place.join("data/objects")).unwrap();
    std::fs::rename(place.join("other/objects"), place.join("data/objects")).unwrap();
    let server = Server::start(&place, &[]);
    assert_eq!(server.get("/readyz").status, 200);
}

#[test]
fn what_may_be_a_password_is_not_repeated() {
    let place = Workplace::new();
    for (option, wrong) in [
        ("database", "postgre://art:secret@db/art"),
        ("database-listen", "postgres://art:secret@[db/art"),
        ("storage", "s3://key:secret@art"),
        ("storage-endpoint", "https://key:secret@s3.example.org"),
        ("smtp", "smtp+tls://anna:secret@mail.example.org"),
    ] {
        let file = option.replace('-', "_");
        place.write("serve.toml", format!("{file} = \"{wrong}\"\n"));
        let variable = format!("TEXT2ART_SERVE_{}", file.to_uppercase());
        let option = format!("--{option}");
        let start = ["serve", "--data", "data", "--listen", "127.0.0.1:0"];
        let joined = format!("{option}={wrong}");
        let given: [&[&str]; 4] = [&[&option, wrong], &[&joined], &["--config", "serve.toml"], &[]];
        for arguments in given {
            let mut command = place.command();
            command.args(start).args(arguments);
            if arguments.is_empty() {
                command.env(&variable, wrong);
            }
            let outcome = crate::common::program::finish(&mut command);
            assert_eq!(outcome.code, Some(2), "{}", outcome.errors);
            assert!(!outcome.errors.contains("secret"), "{}", outcome.errors);
            let names = [option.as_str(), "serve.toml"];
            assert!(names.iter().any(|name| outcome.errors.contains(name)), "{}", outcome.errors);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_server_that_ends_keeps_its_jobs() {
    let place = Workplace::new();
    let mut server = Server::start_with_workers(&place, 1, &[]);
    let running = server.submit(&json!({"prompt": "a", "size": "32x32", "iterations": 100_000, "cutouts": 1}));
    let waiting = server.submit(&json!({"prompt": "b", "size": "32x32", "iterations": 1, "cutouts": 1}));
    let id = running["id"].as_str().unwrap();
    server.wait_for(id, |job| job["iteration"].as_u64() > Some(0));
    let mut stream = server.stream(&format!("/api/v1/jobs/{id}/events"), &[]);
    assert!(stream.next().is_some());
    signal(server.child(), "TERM");
    // The stream ends, although its job has not.
    while let Some(event) = stream.next() {
        assert_ne!(event.data["state"], "done");
    }
    assert_eq!(server.wait(), Some(0), "{}", server.log());
    assert!(!server.log().contains("panicked"), "{}", server.log());

    let server = Server::start(&place, &[]);
    for job in [&running, &waiting] {
        let job = server.wait_for(job["id"].as_str().unwrap(), |_| true);
        assert_eq!((&job["state"], &job["failures"]), (&json!("queued"), &json!(0)), "{job}");
    }
}
