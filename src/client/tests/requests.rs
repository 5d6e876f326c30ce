//! Requests that are repeated, refused or answered in parts.

use super::*;

#[test]
fn a_request_whose_answer_is_lost_is_repeated_with_the_same_key() {
    let fake = Fake::new(|_, number| match number {
        0 => Reply::Bytes(Vec::new()),
        1 => json_answer(503, &json!({"detail": "a moment"})),
        _ => json_answer(201, &job("queued", 1)),
    });
    let key = Id::random().unwrap();
    let order = json!({"prompt": "a cat"}).as_object().unwrap().clone();
    let job = fake.client().submit(&order, &key).unwrap();
    assert_eq!((job.id, job.state), (id(), State::Queued));
    let seen = fake.seen();
    assert_eq!(seen.len(), 3);
    for request in seen {
        assert_eq!(request.line, "POST /api/v1/jobs");
        assert_eq!(request.header("idempotency-key"), Some(key.as_str()));
        assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), Value::from(order.clone()));
    }
}

#[test]
fn an_offer_tells_what_is_no_fault_of_the_request() {
    let offered = |status: u16, headers: &'static str, body: Value| {
        let fake = Fake::new(move |_, _| Reply::Bytes(answer(status, headers, body.to_string().as_bytes())));
        let order = json!({"prompt": "a cat"}).as_object().unwrap().clone();
        let offer = fake.client().offer(&order, "line-1");
        assert!(fake.seen().iter().all(|request| request.header("idempotency-key") == Some("line-1")));
        (offer, fake.seen().len())
    };
    let problem = || json!({"title": "T", "detail": "too many"});
    let (taken, _) = offered(200, "", job("done", 3));
    assert!(matches!(taken, Ok(Offer::Taken { job, is_new: false }) if job.state == State::Done));
    let (taken, _) = offered(201, "", job("queued", 1));
    assert!(matches!(taken, Ok(Offer::Taken { job, is_new: true }) if job.state == State::Queued));
    // The caller has other things to do meanwhile.
    let (later, count) = offered(429, "Retry-After: 30\r\n", problem());
    assert!(matches!(later, Ok(Offer::Later(wait)) if wait == Duration::from_secs(30)) && count == 1);
    assert!(matches!(offered(429, "", problem()).0, Ok(Offer::Later(_))));
    for absurd in ["Retry-After: 86400000\r\n", "Retry-After: 18446744073709551615\r\n"] {
        let (later, _) = offered(429, absurd, problem());
        assert!(matches!(later, Ok(Offer::Later(wait)) if wait == Duration::from_secs(300)), "{later:?}");
    }
    assert!(matches!(offered(409, "", problem()).0, Ok(Offer::OtherRequest(None))));
    let of_job = json!({"title": "T", "detail": "used", "job": ID});
    assert!(matches!(offered(409, "", of_job).0, Ok(Offer::OtherRequest(Some(job))) if job == id()));
    let absurd = json!({"title": "T", "detail": "used", "job": "../x"});
    assert!(matches!(offered(409, "", absurd).0, Ok(Offer::OtherRequest(None))));
    let (refused, count) = offered(422, "", problem());
    assert!(refused.unwrap_err().is_usage() && count == 1);
}

#[test]
fn what_cannot_get_better_is_not_repeated() {
    for (status, is_usage) in [(404, true), (422, true), (401, true), (403, true)] {
        let fake = Fake::new(move |_, _| json_answer(status, &json!({"title": "T", "detail": "size is wrong"})));
        let error = fake.client().look(&id()).unwrap_err();
        assert_eq!((error.is_usage(), fake.seen().len()), (is_usage, 1), "{status}: {error}");
    }
    let fake = Fake::new(|_, _| {
        let problem = json!({"detail": "too many"}).to_string();
        Reply::Bytes(answer(429, "Retry-After: 3600\r\n", problem.as_bytes()))
    });
    let error = fake.client().look(&id()).unwrap_err();
    assert!(!error.is_usage() && error.hint().contains("3600 s") && fake.seen().len() == 1, "{error}");
    let fake = Fake::new(|_, _| Reply::Bytes(answer(200, "", b"<html>hello</html>")));
    let error = fake.client().look(&id()).unwrap_err();
    assert!(error.to_string().contains("cannot be read") && fake.seen().len() == 1, "{error}");
    let fake = Fake::new(|_, _| Reply::Bytes(answer(301, "Location: https://elsewhere.example/\r\n", b"")));
    let error = fake.client().look(&id()).unwrap_err();
    assert!(error.hint().contains("--server https://elsewhere.example") && fake.seen().len() == 1, "{error}");
}

#[test]
fn a_port_without_a_server_is_reported_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: Address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let error = Server::new(address, None, &Stop::default()).unwrap().look(&id()).unwrap_err();
    assert!(error.to_string().starts_with("no server answers at http://127.0.0.1:"), "{error}");
    assert!(error.hint().contains("text2art serve"), "{}", error.hint());
}

#[test]
fn a_token_goes_to_its_server_only() {
    let token: Token = "t2a_secret".parse().unwrap();
    let refused = Server::new("http://gpu-box:8080".parse().unwrap(), Some(token.clone()), &Stop::default());
    let error = refused.err().unwrap();
    assert!(error.is_usage() && error.to_string().contains("no encryption"), "{error}");
    assert!(Server::new("https://gpu-box".parse().unwrap(), Some(token.clone()), &Stop::default()).is_ok());

    let elsewhere = Arc::new(Fake::new(|_, _| Reply::Bytes(answer(200, "", b"abc"))));
    let target = elsewhere.address.clone();
    let fake = Fake::new(move |_, _| Reply::Bytes(answer(302, &format!("Location: {target}/bucket/x\r\n"), b"")));
    let server = Server::new(fake.address.clone(), Some(token), &Stop::default()).unwrap();
    assert_eq!(server.fetch_bytes(&id(), &artifact(b"abc")).unwrap(), b"abc");
    assert_eq!(fake.seen()[0].header("authorization"), Some("bearer t2a_secret"));
    assert_eq!(elsewhere.seen()[0].header("authorization"), None);
}

#[test]
fn lists_are_read_page_by_page() {
    let page = |first: u64| {
        let items: Vec<Value> = (first..first + 100).map(|version| job("done", version)).collect();
        json!({"items": items, "next": format!("{first}+&")})
    };
    let fake = Fake::new(move |_, number| json_answer(200, &page(100 * number as u64)));
    let query = Query { state: Some("done".into()), limit: 150 };
    let jobs = fake.client().list(&query).unwrap();
    assert!(jobs.iter().map(|job| job.version).eq(0..150));
    let lines: Vec<String> = fake.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/jobs?owner=me&limit=100&state=done",
            "GET /api/v1/jobs?owner=me&limit=50&state=done&before=0%2B%26"
        ]
    );
}

#[test]
fn a_job_that_has_ended_is_not_canceled_and_no_error() {
    let fake = Fake::new(|seen, _| {
        let ended = json!({"detail": "the job has already ended: it is done"});
        if seen.line.ends_with("/cancel") { json_answer(409, &ended) } else { json_answer(200, &job("done", 7)) }
    });
    assert_eq!(fake.client().cancel(&id()).unwrap().state, State::Done);
    let fake = Fake::new(|_, _| json_answer(404, &json!({"detail": "there is no such job"})));
    assert!(fake.client().cancel(&id()).unwrap_err().is_usage());
}
