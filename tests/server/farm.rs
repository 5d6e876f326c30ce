//! A farm: servers and workers that share a PostgreSQL database and an S3-compatible store.
//!
//! Tests that need both run with `.ci/with_postgres.sh .ci/with_s3.sh VENV cargo test ... -- --ignored farm::`, on a program
//! with the feature `farm`.

use crate::common::program::Workplace;

#[cfg(not(feature = "postgres"))]
#[test]
fn a_program_without_postgresql_says_how_to_get_it() {
    let place = Workplace::new();
    for verb in ["serve", "worker"] {
        let ended = place.run(&[verb, "--data", "data", "--database", "postgres://anna@localhost/art"]);
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert!(
            ended.errors.contains("without PostgreSQL") && ended.errors.contains("--features farm"),
            "{}",
            ended.errors
        );
    }
    // A password may be in a file, but is shown nowhere.
    place.write("serve.toml", "database = 'postgres://anna:secret@localhost/art'\n");
    let ended = place.run(&["worker", "--data", "data", "--config", "serve.toml"]);
    assert!(ended.errors.contains("--features farm") && !ended.errors.contains("secret"), "{}", ended.errors);
}

#[cfg(not(feature = "s3"))]
#[test]
fn a_program_without_s3_says_how_to_get_it() {
    let place = Workplace::new();
    for verb in ["serve", "worker"] {
        let ended = place.run(&[verb, "--data", "data", "--storage", "s3://art/pictures"]);
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert!(ended.errors.contains("--features farm"), "{}", ended.errors);
        assert!(ended.errors.contains("s3://art/pictures"), "{}", ended.errors);
    }
}

#[cfg(all(feature = "postgres", unix))]
#[test]
fn a_database_that_does_not_answer_yet_is_waited_for() {
    let place = Workplace::new();
    // Nothing listens on this port.
    let address = "postgres://art@127.0.0.1:1/art";
    for verb in ["serve", "worker"] {
        let mut command = place.command();
        command.args([verb, "--data", "data", "--database", address]);
        let mut waiting = crate::common::program::Running::start(&mut command);
        waiting.wait_for_lines("trying again for up to 60 s", 1);
        waiting.signal("TERM");
        let outcome = waiting.finish();
        assert_eq!(outcome.code, Some(0), "{}", outcome.errors);
        let told = format!("the database {address} is not available yet: cannot reach the database: ");
        assert!(outcome.errors.contains(&told), "{}", outcome.errors);
    }
}

#[test]
fn a_worker_finds_the_data_in_the_configuration_of_its_server() {
    let place = Workplace::new();
    place.write("serve.toml", "data = 'none/data'\nworkers = 2\n[settings]\nquality = 'draft'\n");
    place.write("none", "a file");
    let ended = place.run(&["worker", "--config", "serve.toml"]);
    assert!(ended.code == Some(2) && ended.errors.contains("none/data"), "{}", ended.errors);
    place.write("serve.toml", "databse = 'postgres://localhost/art'\n");
    let ended = place.run(&["worker", "--config", "serve.toml"]);
    assert!(ended.code == Some(2) && ended.errors.contains("databse"), "{}", ended.errors);
}

#[cfg(all(feature = "postgres", feature = "s3", unix))]
mod shared {
    use std::process::Stdio;

    use serde_json::json;

    use super::*;
    use crate::common::server::Server;
    use crate::place::{Farm, Worker};

    #[test]
    #[ignore = "needs PostgreSQL and moto: see the top of this file"]
    fn a_bucket_that_is_missing_ends_a_worker_at_once() {
        let Some(farm) = Farm::from_environment() else { panic!("T2A_POSTGRES and T2A_S3 are not set") };
        let place = Workplace::new();
        let mut arguments = farm.arguments();
        let bucket = arguments.iter_mut().find(|argument| argument.starts_with("s3://")).unwrap();
        "s3://no-such-bucket".clone_into(bucket);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = place.run(&[&["worker", "--data", "data"], &arguments[..]].concat());
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert!(ended.errors.contains("s3://no-such-bucket: there is no such bucket"), "{}", ended.errors);
        assert!(!ended.errors.contains("trying again"), "{}", ended.errors);
    }

    #[test]
    #[ignore = "needs PostgreSQL and moto: see the top of this file"]
    fn a_profile_has_the_keys_for_a_bucket() {
        let Some(farm) = Farm::from_environment() else { panic!("T2A_POSTGRES and T2A_S3 are not set") };
        let place = Workplace::new();
        place.write("keys", "[art]\naws_access_key_id = test\naws_secret_access_key = test\n");
        let worker = |profile: &str| {
            let mut command = place.command();
            command.args(["worker", "--data", "data"]).args(farm.arguments()).env("AWS_PROFILE", profile);
            command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
            command.env("AWS_SHARED_CREDENTIALS_FILE", place.join("keys"));
            command
        };
        let mut running = crate::common::program::Running::start(&mut worker("art"));
        running.wait_for_lines("ready", 1);
        running.signal("TERM");
        assert_eq!(running.finish().code, Some(0));
        let ended = crate::common::program::finish(&mut worker("none"));
        assert_eq!(ended.code, Some(2), "{}", ended.errors);
        assert!(ended.errors.contains("there is no profile `none` in "), "{}", ended.errors);
    }

    #[test]
    #[ignore = "needs PostgreSQL and moto: see the top of this file"]
    fn two_servers_and_a_worker_share_everything() {
        let Some(farm) = Farm::from_environment() else { panic!("T2A_POSTGRES and T2A_S3 are not set") };
        let (place, other) = (Workplace::new(), Workplace::new());
        let arguments = farm.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let presigned = [&arguments[..], &["--storage-presign"]].concat();
        // They make the tables together.
        let (server, direct) = std::thread::scope(|scope| {
            let direct = scope.spawn(|| Server::start(&other, &presigned));
            (Server::start(&place, &arguments), direct.join().unwrap())
        });
        let small =
            json!({"prompt": "a red apple", "size": "32x32", "iterations": 3, "cutouts": 1, "products": ["gif"]});
        let job = server.submit(&small);
        let id = job["id"].as_str().unwrap();
        let mut command = place.command();
        command.args(["worker", "--data", "work"]).args(&arguments);
        let worker = Worker::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()));
        // The other server knows the job, and what becomes of it.
        direct.wait_for(id, |job| job["state"] == "done");
        worker.end();
        let path = format!("/api/v1/jobs/{id}/files/picture.gif");
        let whole = server.get(&path);
        assert_eq!((whole.status, whole.header("content-type")), (200, "image/gif"));
        let part = server.send("GET", &path, &[("range", "bytes=1-3")], &[]);
        assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[1..4]));

        let redirect = direct.get(&path);
        assert_eq!((redirect.status, redirect.header("cache-control")), (302, "private, max-age=300"));
        let head = direct.send("HEAD", &path, &[], &[]);
        assert_eq!((head.status, head.header("content-length")), (200, whole.body.len().to_string().as_str()));
        let small = direct.get(&format!("/api/v1/jobs/{id}/files/thumb.webp"));
        assert_eq!((small.status, small.header("content-type")), (200, "image/webp"));
        let address = redirect.header("location").to_owned();
        let origin = std::env::var("T2A_S3").unwrap();
        assert!(address.starts_with(&origin) && address.contains("X-Amz-Expires=600"), "{address}");
        let policy = direct.get("/").header("content-security-policy").to_owned();
        assert!(policy.contains(&format!("img-src 'self' data: blob: {origin};")), "{policy}");
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        let mut fetched = agent.get(&address).call().unwrap();
        assert_eq!(fetched.status(), 200);
        assert_eq!(fetched.headers()["content-type"], "image/gif");
        assert!(fetched.body_mut().read_to_vec().unwrap() == whole.body);
        let mut part = agent.get(&address).header("range", "bytes=1-3").call().unwrap();
        assert_eq!((part.status().as_u16(), part.body_mut().read_to_vec().unwrap()), (206, whole.body[1..4].to_vec()));
        // Whoever has the file already gets no address.
        let tag = whole.header("etag").to_owned();
        assert_eq!(direct.send("GET", &path, &[("if-none-match", &tag)], &[]).status, 304);
        for log in [server.log(), direct.log()] {
            assert!(!log.contains("X-Amz-Signature"), "{log}");
        }
    }
}
