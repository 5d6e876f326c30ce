//! What the server has of a user: the archive of it, and its deletion with the account.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _, SqlitePool};

use crate::common::program::Workplace;
use crate::common::server::Server;
use crate::people::{PASSWORD, admin, admin_with_line, cookie, done, log_in, send, submit, token, user};

/// A picture that takes a moment.
fn small(prompt: &str) -> Value {
    json!({"prompt": prompt, "drawer": "pixel", "size": "32x32", "pixel_size": "4x4", "iterations": 2, "cutouts": 1,
        "products": ["gif"]})
}

/// The files of a tar archive, as POSIX describes it.
fn untar(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut rest = archive;
    loop {
        let (header, after) = rest.split_at(512);
        if header.iter().all(|byte| *byte == 0) {
            assert!(after.len() == 512 && after.iter().all(|byte| *byte == 0), "two empty blocks are the end");
            return files;
        }
        let field = |range: std::ops::Range<usize>| {
            let text = std::str::from_utf8(&header[range]).unwrap();
            text.trim_end_matches(['\0', ' ']).to_owned()
        };
        assert_eq!(&header[257..263], b"ustar\0");
        let blank = |place: usize| (148..156).contains(&place);
        let sum: u32 =
            header.iter().enumerate().map(|(place, byte)| if blank(place) { 32 } else { u32::from(*byte) }).sum();
        assert_eq!(u32::from_str_radix(&field(148..156), 8).unwrap(), sum);
        let bytes = usize::from_str_radix(&field(124..136), 8).unwrap();
        files.insert(field(0..100), after[..bytes].to_vec());
        rest = &after[bytes.div_ceil(512) * 512..];
    }
}

/// A picture as a PNG.
fn picture() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let byte = |place: u32| u8::try_from(place * 16).unwrap();
    let picture = image::RgbImage::from_fn(16, 16, |x, y| image::Rgb([byte(x), byte(y), 99]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// All rows of each table of a database, as text.
fn tables(path: &Path) -> BTreeMap<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        let texts = async |statement: String| -> Vec<String> {
            let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&pool).await.unwrap();
            rows.iter().map(|row| row.get::<String, _>(0)).collect()
        };
        let mut tables = BTreeMap::new();
        let names = texts("SELECT name FROM sqlite_master WHERE type = 'table'".into()).await;
        for table in names {
            let columns = texts(format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')")).await;
            let rows = texts(format!("SELECT {} FROM {table}", columns.join(" || ' ' || "))).await;
            tables.insert(table, rows.join("\n"));
        }
        tables
    })
}

/// Uploads a picture, and returns its name.
fn upload(server: &Server, headers: &[(&str, &str)], picture: &[u8]) -> String {
    let body = [
        b"--edge\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n".as_slice(),
        picture,
        b"\r\n--edge--\r\n",
    ];
    let form = [&[("content-type", "multipart/form-data; boundary=edge")], headers].concat();
    let answer = server.send("POST", "/api/v1/uploads", &form, &body.concat());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Publishes the picture of a job, and returns its name.
fn publish(server: &Server, headers: &[(&str, &str)], job: &str) -> String {
    let body = json!({"job": job, "title": "A <i>title</i>", "show_prompt": false});
    let answer = send(server, "POST", "/api/v1/pictures", headers, &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn an_export_has_all_of_a_user_and_nothing_of_others() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna", "--email", "anna@example.org"]).succeeded();
    let ben = user(&place, "benedikt", "user", "admin");
    let server = Server::start_with_workers(&place, 1, &[]);
    let session = cookie(&log_in(&server, "anna", PASSWORD));
    let (anna, ben) = ([("cookie", session.as_str())], [("authorization", ben.as_str())]);
    let given = upload(&server, &anna, &picture());
    let (hers, his) = (submit(&server, &anna, &small("a red <b>apple</b>")), submit(&server, &ben, &small("his pear")));
    done(&server, &anna, &hers);
    done(&server, &ben, &his);
    let [published, liked] = [(&anna, &hers), (&ben, &his)].map(|(who, job)| publish(&server, who, job));
    for picture in [&published, &liked] {
        assert_eq!(send(&server, "PUT", &format!("/api/v1/pictures/{picture}/like"), &anna, &Value::Null).status, 204);
    }
    // A second one that never ends here: it waits for a worker behind the pause.
    admin(&place, &["queue", "pause"]).succeeded();
    let waiting = submit(&server, &anna, &small("a plum that waits"));

    let answer = send(&server, "GET", "/api/v1/me/export", &anna, &Value::Null);
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-tar"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"text2art-anna.tar\"");
    let files = untar(&answer.body);
    let names: Vec<&str> = files.keys().map(|name| name.strip_prefix("text2art/").unwrap()).collect();
    let mut expected = vec![
        "profile.json".to_owned(),
        "jobs.json".to_owned(),
        "pictures.json".to_owned(),
        "likes.json".to_owned(),
        "uploads.json".to_owned(),
        format!("uploads/{given}.png"),
        format!("jobs/{hers}/picture.gif"),
        format!("jobs/{hers}/picture.png"),
        format!("jobs/{hers}/recipe.json"),
    ];
    expected.sort();
    for name in &expected {
        assert!(names.contains(&name.as_str()), "{name} is missing: {names:?}");
    }
    let file = |name: &str| &files[&format!("text2art/{name}")];
    let jobs: Value = serde_json::from_slice(file("jobs.json")).unwrap();
    let ids: Vec<&str> = jobs.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [waiting.as_str(), hers.as_str()]);
    assert_eq!(jobs[1]["prompt"], "a red <b>apple</b>");
    let served = send(&server, "GET", &format!("/api/v1/jobs/{hers}/files/picture.png"), &anna, &Value::Null);
    assert_eq!(file(&format!("jobs/{hers}/picture.png")), &served.body);
    let profile: Value = serde_json::from_slice(file("profile.json")).unwrap();
    assert_eq!((&profile["name"], &profile["email"]), (&json!("anna"), &json!("anna@example.org")));
    let pictures: Value = serde_json::from_slice(file("pictures.json")).unwrap();
    let of = |list: &Value, field: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((of(&pictures, "id"), &pictures[0]["title"]), (vec![published.clone()], &json!("A <i>title</i>")));
    let likes: Value = serde_json::from_slice(file("likes.json")).unwrap();
    let mut expected = vec![published, liked];
    expected.sort();
    assert_eq!(of(&likes, "picture"), expected);
    let all = String::from_utf8_lossy(&answer.body);
    for secret in [his.as_str(), "his pear", "benedikt", "argon2", session.split_once('=').unwrap().1] {
        assert!(!all.contains(secret), "{secret}");
    }
    // A program that was given less gets nothing of it.
    let jobs_only = token(&place, "anna", "jobs");
    send(&server, "GET", "/api/v1/me/export", &[("authorization", &jobs_only)], &Value::Null).problem(403);
    server.get("/api/v1/me/export").problem(401);
}

#[cfg(unix)]
#[test]
fn a_deleted_account_leaves_nothing_behind() {
    let place = Workplace::new();
    admin_with_line(&place, PASSWORD, &["user", "add", "olga", "--role", "admin"]).succeeded();
    admin_with_line(&place, PASSWORD, &["user", "add", "anna"]).succeeded();
    let server = Server::start_with_workers(&place, 1, &[]);
    let olga = cookie(&log_in(&server, "olga", PASSWORD));
    let olga = [("cookie", olga.as_str())];
    let session = cookie(&log_in(&server, "anna", PASSWORD));
    let anna = [("cookie", session.as_str())];
    let token = token(&place, "anna", "jobs");
    upload(&server, &anna, &picture());
    let (hers, others) = (submit(&server, &anna, &small("an apple")), submit(&server, &olga, &small("a pear")));
    done(&server, &anna, &hers);
    done(&server, &olga, &others);
    let [published, liked] = [(&anna, &hers), (&olga, &others)].map(|(who, job)| publish(&server, who, job));
    assert_eq!(send(&server, "PUT", &format!("/api/v1/pictures/{liked}/like"), &anna, &Value::Null).status, 204);
    // One that is drawn when the account is deleted, and one that waits.
    let mut long = small("a long one");
    long["iterations"] = 100_000.into();
    let running = submit(&server, &anna, &long);
    submit(&server, &anna, &small("one that waits"));
    server.until("the beginning of the job", || {
        let job = send(&server, "GET", &format!("/api/v1/jobs/{running}"), &anna, &Value::Null).json();
        (job["state"] == "running").then_some(())
    });

    let delete = |headers: &[(&str, &str)], password: &str| {
        send(&server, "POST", "/api/v1/me/delete", headers, &json!({"password": password}))
    };
    assert_eq!(delete(&anna, "wrong password").problem(403)["field"], "password");
    delete(&[("authorization", &token)], PASSWORD).problem(403);
    delete(&[anna[0], ("origin", "https://evil.example")], PASSWORD).problem(403);
    // Nobody could make another admin.
    delete(&olga, PASSWORD).problem(409);
    let gone = delete(&anna, PASSWORD);
    assert_eq!((gone.status, cookie(&gone).as_str()), (204, "t2a="));
    send(&server, "GET", "/api/v1/me", &anna, &Value::Null).problem(401);
    send(&server, "GET", "/api/v1/me", &[("authorization", &token)], &Value::Null).problem(401);
    log_in(&server, "anna", PASSWORD).problem(401);

    // All but the id of the store.
    let objects = || {
        let files = place.files_in("data/objects").into_iter();
        files.filter(|file| file.file_name().unwrap() != "store-id").collect::<Vec<_>>()
    };
    let is_of_others = |file: &PathBuf| file.to_str().unwrap().contains(&others);
    server.until("the end of all that was hers", || {
        let jobs = send(&server, "GET", "/api/v1/jobs", &olga, &Value::Null).json();
        let items = jobs["items"].as_array().unwrap();
        (items.len() == 1 && objects().iter().all(is_of_others)).then_some(())
    });
    let picture = |id: &str| send(&server, "GET", &format!("/api/v1/pictures/{id}"), &olga, &Value::Null);
    picture(&published).problem(404);
    assert_eq!(picture(&liked).json()["likes"], 0);
    assert!(objects().iter().any(is_of_others), "what others have stays");
    drop(server);
    // No table has anything of hers, but for her name in the audit, which says that an operator added her.
    let tables = tables(&place.join("data/text2art.db"));
    assert!(tables["jobs"].contains("a pear") && tables["users"].contains("olga"), "{tables:?}");
    for (table, text) in tables {
        for trace in [hers.as_str(), running.as_str(), "an apple", "anna", "a long one"] {
            let is_known = table == "audit" && trace == "anna";
            assert!(!text.contains(trace) || is_known, "{table} has {trace}: {text}");
        }
    }
}
