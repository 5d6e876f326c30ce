//! Many streams, slow clients, and clients that never read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::common::program::Workplace;
use crate::common::server::Server;

/// More streams than a busy page has visitors.
const MANY: usize = 200;
/// The most memory that they may add, in MiB: 64 KiB for reading and 64 KiB for writing each, twice over.
const MOST_ADDED: f64 = 2.0 * 200.0 * 0.128;

#[test]
fn many_streams_see_every_change_and_cost_little() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let job = server.submit(&json!({"prompt": "a"}));
    let id = job["id"].as_str().unwrap();
    let path = format!("/api/v1/jobs/{id}/events");
    let before = server.memory();
    let mut streams: Vec<_> = (0..MANY).map(|_| server.stream(&path, &[])).collect();
    for stream in &mut streams {
        assert_eq!(stream.next().unwrap().data["state"], "queued");
        assert!(stream.head().contains("x-accel-buffering: no"), "{}", stream.head());
    }
    let added = server.memory() - before;
    println!("{MANY} streams: {before:.1} MiB and {added:.1} MiB more");
    assert!(added < MOST_ADDED, "{added} MiB");
    // Another request is answered meanwhile.
    assert_eq!(server.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({})).status, 202);
    for stream in streams {
        let rest = stream.all();
        assert_eq!(rest.last().unwrap().data["state"], "cancelled");
    }
}

#[test]
fn a_stream_leaves_out_what_the_client_knows() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let ids: Vec<String> =
        (0..2).map(|_| server.submit(&json!({"prompt": "a"}))["id"].as_str().unwrap().to_owned()).collect();
    let both = format!("/api/v1/events?jobs={}", ids.join(","));
    let mut stream = server.stream(&both, &[]);
    let last = [stream.next().unwrap(), stream.next().unwrap()][1].clone();
    assert_eq!(server.post(&format!("/api/v1/jobs/{}/cancel", ids[0]), &json!({})).status, 202);
    // The other one moves up in the queue meanwhile.
    while stream.next().unwrap().data["state"] != "cancelled" {}
    // Whoever has missed the change gets all jobs again.
    let again = server.stream(&both, &[("last-event-id", &last.id)]).next().unwrap();
    assert!(ids.iter().any(|id| again.data["id"] == json!(id)));
    // A job that is deleted has no more events.
    assert_eq!(server.post(&format!("/api/v1/jobs/{}/cancel", ids[1]), &json!({})).status, 202);
    let end = stream.all();
    let mut knowing = server.stream(&both, &[("last-event-id", &end.last().unwrap().id)]);
    assert!(knowing.head().contains(" 204 "), "{}", knowing.head());
    assert_eq!(server.delete(&format!("/api/v1/jobs/{}", ids[0])).status, 204);
    let mut gone = server.stream(&both, &[]);
    assert!(gone.head().contains(" 404 "), "{}", gone.head());
}

#[test]
fn a_deleted_job_ends_its_stream() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let ids: Vec<String> =
        (0..2).map(|_| server.submit(&json!({"prompt": "a"}))["id"].as_str().unwrap().to_owned()).collect();
    let mut stream = server.stream(&format!("/api/v1/events?jobs={}", ids.join(",")), &[]);
    assert!(stream.next().is_some() && stream.next().is_some());
    for id in &ids {
        server.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}));
        assert_eq!(server.delete(&format!("/api/v1/jobs/{id}")).status, 204);
    }
    let rest = stream.all();
    assert!(rest.iter().all(|event| event.data["state"] != "queued" || event.name == "job"), "{rest:?}");
}

#[test]
fn clients_that_never_read_cost_no_memory() {
    /// The script of the page that shows the API, the largest file of a server without pictures.
    const LARGE: &str = "/docs/swagger-ui-bundle.js";
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let bytes = server.get(LARGE).body.len();
    assert!(bytes > 1 << 20, "{bytes}");
    let before = server.memory();
    let idle: Vec<TcpStream> = (0..MANY)
        .map(|_| {
            let mut connection = TcpStream::connect(&server.address).unwrap();
            let request = format!("GET {LARGE} HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
            // Many requests at once, of which none is read.
            connection.write_all(request.repeat(10).as_bytes()).unwrap();
            connection
        })
        .collect();
    // The server answers others meanwhile, and has sent what goes into the buffers of the system.
    for _ in 0..20 {
        assert_eq!(server.get("/healthz").status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    let added = server.memory() - before;
    println!("{MANY} clients that do not read: {added:.1} MiB more");
    assert!(added < MOST_ADDED, "{added} MiB");
    drop(idle);
}

#[test]
fn a_client_that_does_not_finish_its_headers_loses_its_connection() {
    let place = Workplace::new();
    let server = Server::start(&place, &[]);
    let mut connection = TcpStream::connect(&server.address).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: ").unwrap();
    // A problem with the time, or nothing, but an end.
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains(" 200 "));
    assert_eq!(server.get("/healthz").status, 200);
}
