//! What each call promises.

use super::*;

#[test]
fn a_key_gives_the_same_job_again() {
    on_each(&short(), true, async |place| {
        let keyed = NewJob { key: Some("k".into()), max_waiting: 1, ..job("anna") };
        let id = place.add_with(&keyed).await;
        assert_eq!(place.queue.enqueue(&keyed).await.unwrap(), Enqueued::Same(id.clone()));
        let other = NewJob { settings: "{\"size\":1}".into(), ..keyed.clone() };
        assert_eq!(place.queue.enqueue(&other).await.unwrap(), Enqueued::OtherSettings(id.clone()));
        let unkeyed = NewJob { key: None, ..keyed.clone() };
        assert_eq!(place.queue.enqueue(&unkeyed).await.unwrap(), Enqueued::Full { max_waiting: 1 });
        let ben = NewJob { owner: "ben".into(), ..keyed };
        assert_ne!(place.add_with(&ben).await, id);
    });
}

#[test]
fn waiting_jobs_are_counted_by_whether_they_could_begin() {
    on_each(&short(), true, async |place| {
        let with = |owner: &str, quality: &str| NewJob {
            quality: quality.into(),
            max_running: if owner == "anna" { 2 } else { 1000 },
            ..job(owner)
        };
        let anna = place.add_with(&with("anna", "normal")).await;
        assert_eq!(place.claim().await.job, anna);
        for quality in ["draft", "normal", "normal"] {
            place.add_with(&with("anna", quality)).await;
            place.add_with(&with("ben", quality)).await;
        }
        let counted = async || {
            let classes = place.queue.classes().await.unwrap();
            classes.into_iter().map(|class| (class.quality, class.waiting, class.able)).collect::<Vec<_>>()
        };
        // Anna's first job, and all of Ben's.
        assert_eq!(counted().await, [("draft".to_owned(), 2, 2), ("normal".to_owned(), 4, 2)]);
        place.queue.pause().await.unwrap();
        assert_eq!(counted().await, [("draft".to_owned(), 2, 0), ("normal".to_owned(), 4, 0)]);
    });
}

#[test]
fn two_requests_at_once_make_one_job() {
    on_each(&Rules::default(), false, async |place| {
        let keyed = NewJob { key: Some("k".into()), ..job("anna") };
        let requests: Vec<_> = (0..8)
            .map(|_| {
                let (queue, keyed) = (place.queue.clone(), keyed.clone());
                tokio::spawn(async move { queue.enqueue(&keyed).await.unwrap() })
            })
            .collect();
        let mut new = 0;
        for request in requests {
            new += usize::from(matches!(request.await.unwrap(), Enqueued::New(_)));
        }
        assert_eq!((new, place.queue.counts().await.unwrap().queued), (1, 1));
    });
}

#[test]
fn a_frozen_worker_changes_nothing() {
    on_each(&short(), true, async |place| {
        let id = place.add("anna").await;
        let frozen = place.claim().await;
        place.wait(101).await;
        let lost = Reaped { job: id.clone(), claim: 1, state: State::Queued };
        assert_eq!(place.queue.reap().await.unwrap(), [lost]);
        place.wait(50).await;
        let second = place.claim().await;
        assert_eq!((second.number, second.failures, &second.job), (2, 1, &id));

        assert_eq!(place.queue.beat(&frozen, &Progress::default()).await.unwrap(), Beat::Fenced);
        assert!(!place.queue.keep(&frozen, &picture(&frozen, 1.0).artifacts[0]).await.unwrap());
        assert_eq!(place.queue.finish(&frozen, &picture(&frozen, 1.0)).await.unwrap(), Ended::Fenced);
        assert_eq!(place.queue.fail(&frozen, &Failure::default()).await.unwrap(), Ended::Fenced);
        assert_eq!(place.queue.release(&frozen).await.unwrap(), Ended::Fenced);
        assert_eq!(place.queue.stopped(&frozen).await.unwrap(), Ended::Fenced);
        assert_eq!(place.state(&id).await, State::Running);
        assert!(place.queue.artifacts(&id).await.unwrap().is_empty());

        let done = picture(&second, 1.0);
        assert_eq!(place.queue.finish(&second, &done).await.unwrap(), Ended::Now(State::Done));
        // The same call again, as after an answer that was lost.
        assert_eq!(place.queue.finish(&second, &done).await.unwrap(), Ended::Now(State::Done));
        assert_eq!(place.queue.artifacts(&id).await.unwrap(), done.artifacts);
        // No beat said so.
        let job = place.queue.job(&id, None).await.unwrap().unwrap();
        assert_eq!((job.iteration, job.iterations), (Some(10), Some(10)));
        let outcomes: Vec<_> = place.queue.attempts(&id).await.unwrap().into_iter().map(|a| a.outcome).collect();
        assert_eq!(outcomes, [Some("done".to_owned()), Some("lost".to_owned())]);
    });
}

#[test]
fn failures_are_bounded_and_pause() {
    on_each(&short(), true, async |place| {
        let id = place.add("anna").await;
        for (number, pause) in [(1, 50), (2, 200)] {
            let claim = place.claim().await;
            let failure = Failure { error: "it broke\0".into(), exit_code: Some(1), ..Failure::default() };
            assert_eq!(place.queue.fail(&claim, &failure).await.unwrap(), Ended::Now(State::Queued), "{number}");
            place.wait(pause - 1).await;
            assert_eq!(place.queue.claim("worker").await.unwrap(), None);
            place.wait(1).await;
        }
        place.claim().await;
        place.wait(101).await;
        assert_eq!(place.queue.reap().await.unwrap()[0].state, State::Dead);
        let dead = place.queue.job(&id, None).await.unwrap().unwrap();
        assert_eq!((dead.failures, dead.claim, dead.finished.is_some()), (3, 3, true));
        let filter = Filter { state: Some(State::Dead), limit: 10, ..Filter::default() };
        assert_eq!(place.queue.jobs(&filter).await.unwrap(), [dead]);

        assert!(place.queue.requeue(&id).await.unwrap());
        assert!(!place.queue.requeue(&id).await.unwrap());
        let claim = place.claim().await;
        assert_eq!((claim.number, claim.failures), (4, 0));
        let for_good = Failure { error: "no such file".into(), for_good: true, ..Failure::default() };
        assert_eq!(place.queue.fail(&claim, &for_good).await.unwrap(), Ended::Now(State::Dead));
    });
}

#[test]
fn releases_are_no_failures_until_there_are_too_many() {
    on_each(&short(), true, async |place| {
        let id = place.add_with(&NewJob { max_failures: 1, ..job("anna") }).await;
        for _ in 0..2 {
            let claim = place.claim().await;
            assert_eq!(place.queue.release(&claim).await.unwrap(), Ended::Now(State::Queued));
        }
        let claim = place.claim().await;
        assert_eq!(place.queue.release(&claim).await.unwrap(), Ended::Now(State::Dead));
        assert_eq!(place.queue.job(&id, None).await.unwrap().unwrap().failures, 1);
        // An operator gives all of them back.
        assert!(place.queue.requeue(&id).await.unwrap());
        let claim = place.claim().await;
        assert_eq!(place.queue.release(&claim).await.unwrap(), Ended::Now(State::Queued));
    });
}

#[test]
fn only_its_owner_cancels_a_job() {
    on_each(&short(), true, async |place| {
        let (id, waiting) = (place.add("anna").await, place.add("anna").await);
        let claim = place.claim().await;
        assert_eq!(place.queue.cancel(&id, Some("ben")).await.unwrap(), Cancelling::Unknown);
        assert_eq!(place.queue.stopped(&claim).await.unwrap(), Ended::Fenced);
        let progress = Progress {
            iteration: Some(3),
            iterations: Some(10),
            loss: Some(f64::NAN),
            fit: Some(0.25),
            preview: Some("p".into()),
        };
        assert_eq!(place.queue.beat(&claim, &progress).await.unwrap(), Beat::Go);
        assert_eq!(place.queue.cancel(&id, Some("anna")).await.unwrap(), Cancelling::Asked);
        assert_eq!(place.queue.beat(&claim, &Progress::default()).await.unwrap(), Beat::Cancel);
        let seen = place.queue.job(&id, None).await.unwrap().unwrap();
        assert_eq!(
            (seen.iteration, seen.iterations, seen.loss, seen.fit, seen.preview.as_deref()),
            (Some(3), Some(10), None, Some(0.25), Some("p"))
        );
        assert_eq!(place.queue.stopped(&claim).await.unwrap(), Ended::Now(State::Cancelled));
        assert_eq!(place.queue.stopped(&claim).await.unwrap(), Ended::Now(State::Cancelled));
        assert_eq!(place.queue.cancel(&id, None).await.unwrap(), Cancelling::TooLate(State::Cancelled));
        assert_eq!(place.queue.cancel(&waiting, None).await.unwrap(), Cancelling::Done);
        let unknown = JobId::random().unwrap();
        assert_eq!(place.queue.cancel(&unknown, None).await.unwrap(), Cancelling::Unknown);
        assert_eq!(place.queue.position(&unknown).await.unwrap(), None);
        assert_eq!(place.queue.counts().await.unwrap(), Counts { cancelled: 2, ..Counts::default() });
    });
}

#[test]
fn only_jobs_that_ended_are_deleted() {
    on_each(&short(), true, async |place| {
        let id = place.add("anna").await;
        assert_eq!(place.queue.delete(&id, None).await.unwrap(), None);
        let claim = place.claim().await;
        assert_eq!(place.queue.delete(&id, None).await.unwrap(), None);
        let mut done = picture(&claim, 1.0);
        assert!(place.queue.keep(&claim, &done.artifacts[0]).await.unwrap());
        done.artifacts[0].bytes = 10;
        place.queue.finish(&claim, &done).await.unwrap();
        assert_eq!(place.queue.delete(&id, Some("ben")).await.unwrap(), None);
        assert_eq!(place.queue.delete(&id, Some("anna")).await.unwrap(), Some(done.artifacts));
        assert_eq!(place.queue.job(&id, None).await.unwrap(), None);
        for table in ["attempts", "results", "artifacts"] {
            assert_eq!(place.number(&format!("SELECT count(*) AS number FROM {table}"), &[]).await, 0, "{table}");
        }
    });
}

#[test]
fn lists_continue_where_they_ended() {
    on_each(&short(), true, async |place| {
        for owner in ["anna", "ben", "anna", "anna"] {
            place.add(owner).await;
        }
        let mut filter = Filter { owner: Some("anna".into()), limit: 2, ..Filter::default() };
        let newest = place.queue.jobs(&filter).await.unwrap();
        filter.before = newest.last().map(|job| job.number);
        let older = place.queue.jobs(&filter).await.unwrap();
        let numbers: Vec<i64> = newest.iter().chain(&older).map(|job| job.number).collect();
        assert_eq!(numbers, [4, 3, 1]);
    });
}

#[test]
fn workers_come_drain_and_go() {
    on_each(&short(), true, async |place| {
        let info = WorkerInfo {
            id: "w1".into(),
            host: "mill".into(),
            pid: 7,
            version: "0.1.0".into(),
            device: "cpu".into(),
            slots: 2,
            instructions: "avx2".into(),
            models: vec!["vit-b32".into(), "imagenet".into()],
            memory: 1 << 34,
            abilities: "much".into(),
        };
        assert!(place.queue.announce(&info).await.unwrap());
        assert!(place.queue.drain("w1", true).await.unwrap());
        assert!(!place.queue.drain("w2", true).await.unwrap());
        place.wait(5).await;
        assert!(!place.queue.announce(&info).await.unwrap());
        let seen = Worker {
            info: info.clone(),
            started: BEGINNING,
            seen: BEGINNING + 5,
            draining: true,
            alive: true,
            running: 0,
        };
        assert_eq!(place.queue.workers().await.unwrap(), [seen]);
        assert!(place.queue.announce(&WorkerInfo { id: "w3".into(), ..info }).await.unwrap());
        place.queue.leave("w3").await.unwrap();
        place.wait(86_400_001).await;
        place.queue.leave("w3").await.unwrap();
        assert_eq!(place.queue.workers().await.unwrap(), []);
    });
}

#[test]
fn fields_that_do_not_fit_are_refused() {
    on_each(&short(), true, async |place| {
        let wrong = [
            NewJob { owner: String::new(), ..job("anna") },
            NewJob { key: Some("k".repeat(201)), ..job("anna") },
            NewJob { prompt: "a\0b".into(), ..job("anna") },
            NewJob { settings: "s".repeat(65_537), ..job("anna") },
            NewJob { weight: 0, ..job("anna") },
            NewJob { weight: 101, ..job("anna") },
            NewJob { max_failures: 0, ..job("anna") },
            NewJob { priority: i32::MIN, ..job("anna") },
        ];
        for wrong in wrong {
            let error = place.queue.enqueue(&wrong).await.unwrap_err();
            assert!(error.is_usage() && !error.hint().is_empty(), "{error}");
        }
        assert_eq!(place.queue.counts().await.unwrap(), Counts::default());
    });
}

#[test]
fn tables_are_made_once_and_never_by_an_older_version() {
    on_each(&short(), true, async |place| {
        let database = &place.queue.database;
        place.queue.migrate().await.unwrap();
        let texts = ["CREATE TABLE more (id {identity});", "INSERT INTO more DEFAULT VALUES;"];
        database.migrate("more", &texts[..1]).await.unwrap();
        database.migrate("more", &texts).await.unwrap();
        database.migrate("more", &texts).await.unwrap();
        assert_eq!(place.number("SELECT count(*) AS number FROM more", &[]).await, 1);
        let older = database.migrate("more", &texts[..1]).await.unwrap_err();
        assert!(older.to_string().contains("newer version"), "{older}");
        let other = database.migrate("more", &[texts[0], "SELECT 2;"]).await.unwrap_err();
        assert!(other.to_string().contains("differ"), "{other}");
        // All or none.
        database.migrate("half", &["CREATE TABLE half (id BIGINT);", "CREATE oops"]).await.unwrap_err();
        database.migrate("half", &["CREATE TABLE half (id BIGINT);"]).await.unwrap();
    });
}

#[test]
fn tables_are_made_once_by_processes_that_start_together() {
    on_each(&short(), true, async |place| {
        let texts = ["CREATE TABLE together (id {identity});", "INSERT INTO together DEFAULT VALUES;"];
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..6 {
            // Connections of its own, as another process has.
            let database = Database::connect(&place.address).await.unwrap();
            starting.spawn(async move {
                database.migrate("together", &texts).await.unwrap();
                database.close().await;
            });
        }
        while let Some(started) = starting.join_next().await {
            started.unwrap();
        }
        assert_eq!(place.number("SELECT count(*) AS number FROM together", &[]).await, 1);
    });
}

#[test]
fn a_database_that_cannot_be_used_is_named() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let errors = |address: String| async move { Database::connect(&address).await.err().unwrap() };
        let missing = errors(path_address(&folder.path().join("none/queue.db"))).await;
        assert!(missing.hint().contains("create the folder"), "{missing} {}", missing.hint());
        std::fs::write(folder.path().join("text.db"), "not a database ".repeat(100)).unwrap();
        let text = errors(path_address(&folder.path().join("text.db"))).await;
        assert!(text.hint().contains("not a database"), "{text} {}", text.hint());
        let mysql = errors("mysql://x".into()).await;
        assert!(mysql.is_usage() && mysql.hint().contains("sqlite:PATH"), "{mysql}");
        let nobody = errors("postgres://user:secret@127.0.0.1:none/art".into()).await;
        assert!(!format!("{nobody} {}", nobody.hint()).contains("secret"), "{nobody}");
        let empty = Queue::new(Database::open(&folder.path().join("empty.db")).await.unwrap(), Rules::default());
        let unmigrated = empty.counts().await.unwrap_err();
        assert!(unmigrated.to_string().contains("no tables"), "{unmigrated}");
    });
}

#[test]
fn a_paused_queue_begins_nothing_and_loses_nothing() {
    on_each(&short(), true, async |place| {
        place.add("anna").await;
        place.add("anna").await;
        let running = place.claim().await;
        assert!(place.queue.pause().await.unwrap() && !place.queue.pause().await.unwrap());
        assert_eq!(place.queue.paused().await.unwrap(), Some(BEGINNING));
        assert_eq!(place.queue.claim("worker").await.unwrap(), None);
        assert_eq!(place.queue.beat(&running, &Progress::default()).await.unwrap(), Beat::Go);
        place.queue.finish(&running, &picture(&running, 1.0)).await.unwrap();
        assert!(place.queue.resume().await.unwrap() && !place.queue.resume().await.unwrap());
        assert_eq!(place.claim().await.owner, "anna");
    });
}

#[test]
fn waiting_jobs_of_an_owner_can_be_cancelled() {
    on_each(&short(), true, async |place| {
        let running = place.add("anna").await;
        let claim = place.claim().await;
        let (waiting, other) = (place.add("anna").await, place.add("ben").await);
        assert_eq!(place.queue.cancel_waiting("anna").await.unwrap(), std::slice::from_ref(&waiting));
        assert!(place.queue.cancel_waiting("anna").await.unwrap().is_empty());
        assert_eq!(place.queue.beat(&claim, &Progress::default()).await.unwrap(), Beat::Go);
        let states = [place.state(&running).await, place.state(&waiting).await, place.state(&other).await];
        assert_eq!(states, [State::Running, State::Cancelled, State::Queued]);
        assert!(place.queue.job(&waiting, None).await.unwrap().unwrap().finished.is_some());
    });
}

#[test]
fn a_running_job_says_how_long_it_still_takes() {
    on_each(&Rules { lease: Duration::from_secs(60), ..short() }, true, async |place| {
        let id = place.add("anna").await;
        assert_eq!(place.queue.time_left(&id).await.unwrap(), None);
        let claim = place.claim().await;
        assert_eq!(place.queue.time_left(&id).await.unwrap(), None);
        // Ten of forty iterations were done before this claim.
        place.queue.begun(&claim, Some(10), None).await.unwrap();
        place.wait(2000).await;
        let progress = |iteration| Progress { iteration: Some(iteration), iterations: Some(40), ..Progress::default() };
        place.queue.beat(&claim, &progress(10)).await.unwrap();
        assert_eq!(place.queue.time_left(&id).await.unwrap(), None);
        place.wait(2000).await;
        place.queue.beat(&claim, &progress(20)).await.unwrap();
        assert_eq!(place.queue.time_left(&id).await.unwrap(), Some(Duration::from_secs(8)));
        place.queue.finish(&claim, &picture(&claim, 1.0)).await.unwrap();
        assert_eq!(place.queue.time_left(&id).await.unwrap(), None);
    });
}

#[test]
fn all_jobs_of_an_owner_can_be_cancelled() {
    on_each(&short(), true, async |place| {
        let running = place.add("anna").await;
        let claim = place.claim().await;
        let waiting = place.add("anna").await;
        let other = place.add("ben").await;
        let mut cancelled = place.queue.cancel_all("anna").await.unwrap();
        let mut expected = vec![running.clone(), waiting.clone()];
        cancelled.sort();
        expected.sort();
        assert_eq!(cancelled, expected);
        assert_eq!(place.queue.beat(&claim, &Progress::default()).await.unwrap(), Beat::Cancel);
        assert_eq!(place.queue.stopped(&claim).await.unwrap(), Ended::Now(State::Cancelled));
        assert_eq!([place.state(&waiting).await, place.state(&other).await], [State::Cancelled, State::Queued]);
        assert!(place.queue.cancel_all("anna").await.unwrap().is_empty());
    });
}

#[test]
fn old_jobs_and_all_objects_are_found() {
    on_each(&short(), true, async |place| {
        let mut jobs = Vec::new();
        for _ in 0..3 {
            jobs.push(place.add("anna").await);
            let claim = place.claim().await;
            place.queue.finish(&claim, &picture(&claim, 1.0)).await.unwrap();
            place.wait(10).await;
        }
        let running = place.add("anna").await;
        let old = async |age, limit| place.queue.ended_before(Duration::from_millis(age), limit).await.unwrap();
        assert_eq!(old(20, 100).await, jobs[..2]);
        assert_eq!(old(0, 2).await, jobs[..2]);
        assert!(old(31, 100).await.is_empty());
        // Nine bytes each, as `picture` has them.
        assert_eq!(place.queue.stored_bytes().await.unwrap(), 27);

        let claim = place.claim().await;
        let preview = Some(format!("jobs/{running}/1/preview"));
        place.queue.beat(&claim, &Progress { preview: preview.clone(), ..Progress::default() }).await.unwrap();
        let mut expected: Vec<String> = jobs.iter().map(|job| format!("jobs/{job}/1/picture")).chain(preview).collect();
        expected.sort();
        let mut found = place.queue.objects_after("", 3).await.unwrap();
        assert_eq!(found, expected[..3]);
        found.extend(place.queue.objects_after(&found[2], 3).await.unwrap());
        assert_eq!(found, expected);
    });
}
