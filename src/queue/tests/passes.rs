//! Jobs that one kind of worker cannot draw.

use super::*;

#[test]
fn a_job_is_passed_on_to_another_kind_of_worker() {
    on_each(&short(), true, async |place| {
        let announce = async |id: &str, abilities: &str| {
            let info = WorkerInfo { id: id.into(), slots: 1, abilities: abilities.into(), ..WorkerInfo::default() };
            place.queue.announce(&info).await.unwrap();
        };
        announce("small-1", "4 GiB").await;
        announce("small-2", "4 GiB").await;
        let id = place.add("anna").await;
        let why = Failure { error: "4 GiB are too little".into(), for_good: true, ..Failure::default() };

        // Nobody else could draw it.
        let claim = place.queue.claim("small-1").await.unwrap().unwrap();
        assert_eq!(place.queue.pass(&claim, &why, "4 GiB").await.unwrap(), None);
        assert_eq!(place.state(&id).await, State::Running);
        announce("large", "64 GiB").await;
        let queued = Some(Ended::Now(State::Queued));
        assert_eq!(place.queue.pass(&claim, &why, "4 GiB").await.unwrap(), queued);
        let job = place.queue.job(&id, None).await.unwrap().unwrap();
        assert_eq!((job.failures, job.error.as_deref()), (0, Some("4 GiB are too little")));
        let attempts = place.queue.attempts(&id).await.unwrap();
        assert_eq!(attempts[0].outcome.as_deref(), Some("released"));
        assert!(attempts[0].error.as_ref().is_some_and(|error| error.contains("cannot draw the job")), "{attempts:?}");

        // Only a worker of another kind gets it now. Other jobs go to all.
        assert_eq!(place.queue.claim("small-1").await.unwrap(), None);
        assert_eq!(place.queue.claim("small-2").await.unwrap(), None);
        place.add("ben").await;
        assert_eq!(place.queue.claim("small-2").await.unwrap().unwrap().owner, "ben");
        let claim = place.queue.claim("large").await.unwrap().unwrap();
        assert_eq!((claim.owner.as_str(), claim.number), ("anna", 2));
        // The same call again, as after a lost answer.
        let earlier = Claim { number: 1, ..claim.clone() };
        let running = Some(Ended::Now(State::Running));
        assert_eq!(place.queue.pass(&earlier, &why, "4 GiB").await.unwrap(), running);
        // A claim that never existed passes nothing on, and the last kind of worker has to report the problem.
        let never = Claim { number: 9, ..claim.clone() };
        assert_eq!(place.queue.pass(&never, &why, "4 GiB").await.unwrap(), None);
        assert_eq!(place.queue.pass(&claim, &why, "64 GiB").await.unwrap(), None);
        assert_eq!(place.queue.fail(&claim, &why).await.unwrap(), Ended::Now(State::Dead));
        // An operator who fixed the small workers lets them try again.
        assert!(place.queue.requeue(&id).await.unwrap());
        assert_eq!(place.queue.claim("small-1").await.unwrap().unwrap().job, id);
    });
}

#[test]
fn a_job_is_not_passed_on_to_workers_that_are_gone_or_drain() {
    on_each(&short(), true, async |place| {
        for (id, abilities) in [("mine", "a"), ("drains", "b"), ("silent", "c"), ("old", "")] {
            let info = WorkerInfo { id: id.into(), abilities: abilities.into(), ..WorkerInfo::default() };
            place.queue.announce(&info).await.unwrap();
        }
        place.queue.drain("drains", true).await.unwrap();
        place.wait(60_001).await;
        for (id, abilities) in [("mine", "a"), ("drains", "b"), ("old", "")] {
            let info = WorkerInfo { id: id.into(), abilities: abilities.into(), ..WorkerInfo::default() };
            place.queue.announce(&info).await.unwrap();
        }
        place.add("anna").await;
        let claim = place.queue.claim("mine").await.unwrap().unwrap();
        assert_eq!(place.queue.pass(&claim, &Failure::default(), "a").await.unwrap(), None);
        place.queue.cancel(&claim.job, None).await.unwrap();
        place.queue.drain("drains", false).await.unwrap();
        let ended = place.queue.pass(&claim, &Failure::default(), "a").await.unwrap();
        assert_eq!(ended, Some(Ended::Now(State::Cancelled)));
    });
}

#[test]
fn a_job_that_was_passed_on_comes_back_when_the_other_kind_of_worker_is_gone() {
    on_each(&short(), true, async |place| {
        let announce = async |id: &str, abilities: &str| {
            let info = WorkerInfo { id: id.into(), abilities: abilities.into(), ..WorkerInfo::default() };
            place.queue.announce(&info).await.unwrap();
        };
        let hint = Some("ask for less".to_owned());
        let why = Failure { error: "too little".into(), hint, for_good: true, ..Failure::default() };
        for gone in ["leaves", "drains", "dies"] {
            announce("small", "4 GiB").await;
            announce("large", "64 GiB").await;
            place.queue.drain("large", false).await.unwrap();
            let id = place.add("anna").await;
            let claim = place.queue.claim("small").await.unwrap().unwrap();
            assert!(place.queue.pass(&claim, &why, "4 GiB").await.unwrap().is_some());
            assert_eq!(place.queue.claim("small").await.unwrap(), None, "{gone}");
            match gone {
                "leaves" => place.queue.leave("large").await.unwrap(),
                "drains" => assert!(place.queue.drain("large", true).await.unwrap()),
                _ => {
                    place.wait(60_001).await;
                    announce("small", "4 GiB").await;
                }
            }
            // No other worker is left to report the problem.
            let claim = place.queue.claim("small").await.unwrap().unwrap();
            assert_eq!((&claim.job, claim.number), (&id, 2), "{gone}");
            assert_eq!(place.queue.pass(&claim, &why, "4 GiB").await.unwrap(), None, "{gone}");
            assert_eq!(place.queue.fail(&claim, &why).await.unwrap(), Ended::Now(State::Dead));
            assert_eq!(place.queue.job(&id, None).await.unwrap().unwrap().hint, why.hint);
        }
    });
}
