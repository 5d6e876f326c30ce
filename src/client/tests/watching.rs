//! Following a job whose stream breaks, is late, or says nothing.

use super::*;

/// The versions that were passed on, and the end.
fn watched(server: &Server) -> (Vec<u64>, Result<Job>) {
    let mut versions = Vec::new();
    let end = server.watch(&id(), &mut |sight| {
        if let Sight::Job(job) = sight {
            versions.push(job.version);
        }
        Ok(())
    });
    (versions, end)
}

#[test]
fn a_job_is_followed_across_broken_streams() {
    let fake = Fake::new(|seen, number| match (seen.line.ends_with("/events"), number) {
        (false, 0) => json_answer(200, &job("queued", 1)),
        (true, 1) => Reply::Bytes(events(&[job("running", 2), job("running", 3)])),
        // Without a whole event.
        (true, 3) => Reply::Bytes(events(&[])[..60].to_vec()),
        (true, _) => Reply::Stall(events(&[job("running", 3), job("running", 2), job("done", 5)])),
        (false, _) => json_answer(200, &job("running", 3)),
    });
    let (versions, end) = watched(&fake.client());
    assert_eq!(end.unwrap().state, State::Done);
    assert!(versions.is_sorted() && versions.contains(&2) && versions.last() == Some(&5), "{versions:?}");
    let known: Vec<Option<String>> = fake
        .seen()
        .iter()
        .filter(|seen| seen.line.ends_with("/events"))
        .map(|seen| seen.header("last-event-id").map(str::to_owned))
        .collect();
    assert_eq!(known, [Some("1".into()), Some("3".into()), Some("3".into())]);
}

#[test]
fn a_proxy_that_holds_events_back_only_slows_the_watch() {
    for page in [None, Some("<html>no streams here</html>")] {
        let asked = AtomicBool::new(false);
        let fake = Fake::new(move |seen, _| match (seen.line.ends_with("/events"), page) {
            (true, Some(page)) => Reply::Bytes(answer(200, "Content-Type: text/html\r\n", page.as_bytes())),
            (true, None) => Reply::Bytes(answer(504, "", b"")),
            (false, _) if asked.swap(true, Ordering::SeqCst) => json_answer(200, &job("done", 7)),
            (false, _) => json_answer(200, &job("running", 2)),
        });
        let (versions, end) = watched(&fake.client());
        assert_eq!((versions, end.unwrap().state), (vec![2, 7], State::Done), "{page:?}");
    }
}

#[test]
fn a_job_that_is_gone_ends_the_watch() {
    let fake = Fake::new(|_, number| match number {
        0 => json_answer(200, &job("running", 2)),
        _ => json_answer(404, &json!({"detail": "there is no such job"})),
    });
    let (versions, end) = watched(&fake.client());
    assert_eq!(versions, [2]);
    assert_eq!(end.unwrap_err().to_string(), "there is no such job");
}

#[test]
fn a_stop_ends_a_stream_that_says_nothing() {
    let fake = Fake::new(|seen, _| {
        if seen.line.ends_with("/events") { Reply::Stall(events(&[])) } else { json_answer(200, &job("running", 2)) }
    });
    let stop = Stop::default();
    let server = Server::new(fake.address.clone(), None, &stop).unwrap();
    let (requested, begun) = (stop.clone(), Instant::now());
    let end = server.watch(&id(), &mut |_| {
        requested.request();
        Ok(())
    });
    assert!(matches!(end, Err(Error::Stopped)), "{end:?}");
    // Far less than the silence after which a stream ends by itself.
    assert!(begun.elapsed() < Duration::from_secs(15));
}
