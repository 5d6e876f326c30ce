//! Tests of what a worker does with a claim and with a child, without a program that draws.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use super::beats::{Beats, Reason};
use super::setup::{Setup, Shutdown};
use crate::database::Database;
use crate::objects::Objects;
use crate::progress::Figures;
use crate::queue::{Claim, Failure, JobId, NewJob, Progress, Queue, Rules};

const LEASE: Duration = Duration::from_millis(800);

/// A queue and a store in a folder of their own.
pub(super) struct Bench {
    folder: TempDir,
    pub(super) queue: Queue,
    pub(super) objects: Objects,
}

pub(super) fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

impl Bench {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = Rules { lease: LEASE, ..Rules::default() };
        let queue = Queue::new(Database::open(&folder.path().join("db")).await.unwrap(), rules);
        queue.migrate().await.unwrap();
        let objects = Objects::folder(&folder.path().join("objects")).unwrap();
        Self { folder, queue, objects }
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A claim of a new job.
    pub(super) async fn claim(&self) -> Claim {
        let job = NewJob::new("anna", "{}", "a red apple", "vqgan", "normal");
        self.queue.enqueue(&job).await.unwrap();
        self.queue.claim("worker").await.unwrap().unwrap()
    }

    async fn version(&self, job: &JobId) -> i64 {
        self.queue.job(job, None).await.unwrap().unwrap().version
    }
}

#[test]
fn beats_keep_a_claim_and_report_what_is_new() {
    within(async {
        let bench = Bench::new().await;
        let claim = bench.claim().await;
        let (_switch, shutdown) = Shutdown::new();
        let beats = Beats::start(&bench.queue, &claim, Instant::now(), None);
        beats.progress().send_modify(|progress| progress.iteration = Some(3));
        while bench.queue.job(&claim.job, None).await.unwrap().unwrap().iteration != Some(3) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let version = bench.version(&claim.job).await;
        // Without news, only the lease is kept, for longer than it lasts alone.
        tokio::time::sleep(LEASE * 2).await;
        assert_eq!((bench.version(&claim.job).await, bench.queue.reap().await.unwrap()), (version, Vec::new()));
        bench.queue.cancel(&claim.job, None).await.unwrap();
        let mut reasons = beats.reasons(shutdown);
        assert_eq!(reasons.any().await, Reason::Cancelled);
        bench.queue.stopped(&claim).await.unwrap();
        assert_eq!(reasons.over().await, Reason::Fenced);
    });
}

#[test]
fn a_claim_without_its_database_is_lost_before_its_lease_is_over() {
    within(async {
        let bench = Bench::new().await;
        let claim = bench.claim().await;
        let (switch, shutdown) = Shutdown::new();
        let began = Instant::now();
        let beats = Beats::start(&bench.queue, &claim, began, None);
        let mut reasons = beats.reasons(shutdown.clone());
        bench.queue.close().await;
        assert_eq!(reasons.any().await, Reason::Lost);
        assert!(began.elapsed() >= LEASE * 3 / 4);
        // The end of the worker is a reason as well.
        drop(switch);
        assert!(shutdown.is_requested());
    });
}

#[test]
fn a_claim_that_failed_elsewhere_is_over() {
    within(async {
        let bench = Bench::new().await;
        let claim = bench.claim().await;
        let (switch, shutdown) = Shutdown::new();
        let beats = Beats::start(&bench.queue, &claim, Instant::now(), None);
        let mut reasons = beats.reasons(shutdown);
        switch.request();
        assert_eq!(reasons.any().await, Reason::Shutdown);
        bench.queue.fail(&claim, &Failure::default()).await.unwrap();
        assert_eq!(reasons.over().await, Reason::Fenced);
        assert_eq!(bench.queue.beat(&claim, &Progress::default()).await.unwrap(), crate::queue::Beat::Fenced);
    });
}

#[cfg(unix)]
mod children {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::worker::desk::Desk;
    use crate::worker::follow::{Finished, Ran, follow};
    use crate::worker::kept::Keeper;
    use crate::worker::process::{Key, Process, Work as Asked};
    use crate::worker::setup::Limits;
    use crate::worker::slot::Slot;
    use crate::worker::uploads::{Previews, Uploads, Work};
    use crate::worker::{Order, Parting, WorkerEvent};

    /// A setup whose processes run a script of the shell.
    fn setup(bench: &Bench, script: &str, limits: Limits) -> Setup {
        use std::os::unix::fs::PermissionsExt;

        let program = bench.join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let setup = Setup::new(bench.queue.clone(), bench.objects.clone(), bench.join("work"), 1, None).unwrap();
        Setup { program, limits, ..setup }
    }

    fn uploads(setup: &Setup, claim: &Claim, folder: &Path, beats: &Beats) -> Uploads {
        Uploads::start(Work {
            objects: setup.objects.clone(),
            claim: claim.clone(),
            folder: folder.to_owned(),
            keeper: Keeper::new(&setup.queue, &setup.objects, claim, folder, None, 0),
            progress: beats.progress(),
            limits: setup.limits.clone(),
            report: setup.report.clone(),
            previews: Previews::default(),
        })
    }

    /// Follows a script of the shell to its end.
    async fn ran(script: &str, limits: Limits, shut_down: bool) -> Ran {
        let bench = Bench::new().await;
        let claim = bench.claim().await;
        let setup = setup(&bench, script, limits);
        let slot = Slot::take(&setup.folder).unwrap();
        let folder = slot.job(&claim).unwrap();
        let (switch, shutdown) = Shutdown::new();
        let beats = Beats::start(&bench.queue, &claim, Instant::now(), None);
        let uploads = uploads(&setup, &claim, &folder, &beats);
        let asked = Asked { key: None, folder: &folder, words: vec!["hello".into()], gpu: None };
        let mut process = Process::start(&setup, &slot, &asked).await.unwrap();
        // Once the script has said that it is ready.
        let ready = folder.join("ready");
        tokio::spawn(async move {
            while !shut_down || !ready.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            switch.request();
        });
        let mut reasons = beats.reasons(shutdown);
        follow(&mut process, &setup.limits, &mut reasons, &beats.progress(), &uploads).await
    }

    /// A desk whose processes run a script of the shell for each job.
    struct Shop {
        /// Its folder has everything
        _bench: Bench,
        setup: Setup,
        desk: Desk,
        claim: Claim,
        told: Arc<Mutex<Vec<WorkerEvent>>>,
    }

    impl Shop {
        /// `script` knows the `number` of the job, and sets its exit `code`, which is 0 so far. It can define what is said
        /// after its end as `over`.
        async fn new(script: &str, jobs_per_process: u32) -> Self {
            let bench = Bench::new().await;
            let claim = bench.claim().await;
            // What is said about a job after its end belongs to no job.
            let script = r#"over() { echo "job $number is over" >&2; }
while read -r task; do
number=${task#*'"number":'}; number=${number%%,*}
folder=${task#*'"folder":"'}; folder=${folder%%'"'*}
echo '{"event":"task_begun","number":'$number'}' >&2
cd "$folder" || exit 9
code=0
SCRIPT
cd ../..
echo '{"event":"task_ended","number":'$number',"exit_code":'$code'}' >&2
over
done"#
                .replace("SCRIPT", script);
            let told = Arc::<Mutex<Vec<WorkerEvent>>>::default();
            let heard = told.clone();
            let report = Arc::new(move |event| heard.lock().unwrap().push(event));
            let setup = Setup { jobs_per_process, report, ..setup(&bench, &script, limits()) };
            let desk = Desk::new(Slot::take(&setup.folder).unwrap());
            Self { _bench: bench, setup, desk, claim, told }
        }

        /// Has a job with these settings drawn.
        async fn draw(&self, settings: &str) -> Ran {
            let folder = self.desk.slot.job(&self.claim).unwrap();
            let overrides = toml::from_str(&format!("prompt = 'a'\n{settings}")).unwrap();
            let settings = crate::resolve::combine(&[overrides]).unwrap();
            let order = Order::new(settings, Vec::new(), BTreeMap::new());
            let key = Key::of(&order, &folder, None);
            assert!(key.is_some());
            let asked = Asked { key, folder: &folder, words: vec!["hello".into()], gpu: None };
            let (_switch, shutdown) = Shutdown::new();
            let beats = Beats::start(&self.setup.queue, &self.claim, Instant::now(), None);
            let uploads = uploads(&self.setup, &self.claim, &folder, &beats);
            let mut reasons = beats.reasons(shutdown);
            self.desk.draw(&self.setup, &asked, &mut reasons, &beats.progress(), &uploads).await.unwrap()
        }

        /// What became of the last process whenever one was started.
        fn partings(&self) -> Vec<Option<Parting>> {
            let parting = |event: &WorkerEvent| match event {
                WorkerEvent::ProcessStarted { after, .. } => Some(*after),
                _ => None,
            };
            self.told.lock().unwrap().iter().filter_map(parting).collect()
        }

        /// The process that was started last.
        fn process(&self) -> rustix::process::Pid {
            let process = |event: &WorkerEvent| match event {
                WorkerEvent::ProcessStarted { process, .. } => *process,
                _ => None,
            };
            let number = self.told.lock().unwrap().iter().rev().find_map(process).unwrap();
            rustix::process::Pid::from_raw(number.try_into().unwrap()).unwrap()
        }
    }

    #[test]
    fn a_process_draws_jobs_one_after_the_other() {
        within(async {
            let shop = Shop::new("echo \"job $number of $$\" >&2", 3).await;
            let mut first = None;
            for number in [1, 2, 3, 1] {
                let ran = shop.draw("").await;
                assert_eq!((ran.status.unwrap().code(), ran.is_alive), (Some(0), true));
                // Nothing that was said about the jobs before is there.
                let text = ran.tail.text().unwrap();
                let (job, process) = text.split_once(" of ").unwrap();
                assert_eq!(job, format!("job {number}"));
                let first = first.get_or_insert_with(|| process.to_owned()).clone();
                assert_eq!(process == first, shop.partings().len() == 1, "{process} {first}");
            }
            assert_eq!(shop.partings(), [None, Some(Parting::Full)]);
        });
    }

    #[test]
    fn other_models_have_another_process() {
        within(async {
            let shop = Shop::new("", 100).await;
            for settings in ["", "seed = 7", "drawer = 'pixel'", "device = 'cpu'", "device = 'cpu'\nsize = '32x32'"] {
                assert!(shop.draw(settings).await.is_success());
            }
            assert_eq!(shop.partings(), [None, Some(Parting::Unsuitable), Some(Parting::Unsuitable)]);
        });
    }

    #[test]
    fn a_process_whose_job_failed_is_not_kept() {
        within(async {
            let shop = Shop::new("code=$((number - 1))", 100).await;
            let codes = [shop.draw("").await, shop.draw("").await, shop.draw("").await];
            assert_eq!(codes.map(|ran| ran.status.unwrap().code()), [Some(0), Some(1), Some(0)]);
            assert_eq!(shop.partings(), [None, Some(Parting::Failed)]);
        });
    }

    #[test]
    fn a_process_that_is_killed_costs_only_its_own_job() {
        within(async {
            let shop = Shop::new("if [ $number = 2 ]; then kill -9 $$; fi", 100).await;
            assert!(shop.draw("").await.is_success());
            let killed = shop.draw("").await;
            assert!(killed.status.unwrap().is_killed() && killed.has_begun && !killed.is_alive);
            // One without a job costs none, whether it is known to be dead already or not.
            for wait in [Duration::ZERO, Duration::from_millis(200)] {
                assert!(shop.draw("").await.is_success());
                rustix::process::kill_process(shop.process(), rustix::process::Signal::KILL).unwrap();
                tokio::time::sleep(wait).await;
                assert!(shop.draw("").await.is_success());
                shop.desk.close().await;
            }
            let died = Some(Parting::Died);
            assert_eq!(shop.partings(), [None, died, died, None, died]);
        });
    }

    #[test]
    fn what_is_said_between_two_jobs_costs_neither() {
        within(async {
            // A KiB for each line. A job may say 16 MiB.
            let said = |lines: u32| format!("yes $(printf %01023d 0) | head -n {lines} >&2");
            let loud = Shop::new(&format!("over() {{ {}; }}", said(20 << 10)), 100).await;
            let twice = Shop::new(&format!("over() {{ {0}; }}\n{0}", said(9 << 10)), 100).await;
            for (shop, partings) in [(loud, vec![None, Some(Parting::Died)]), (twice, vec![None])] {
                for _ in 0..2 {
                    let ran = shop.draw("").await;
                    assert_eq!((ran.status.unwrap().code(), ran.exceeded), (Some(0), None));
                }
                assert_eq!(shop.partings(), partings);
            }
        });
    }

    #[test]
    fn a_process_without_a_job_ends_after_a_while() {
        within(async {
            let mut shop = Shop::new("", 100).await;
            assert!(shop.draw("").await.is_success());
            shop.desk.rest(&shop.setup).await;
            assert!(shop.draw("").await.is_success());
            shop.setup.limits.idle = Duration::ZERO;
            shop.desk.rest(&shop.setup).await;
            assert!(shop.draw("").await.is_success());
            assert_eq!(shop.partings(), [None, Some(Parting::Idle)]);
            let told = shop.told.lock().unwrap();
            assert_eq!(told.iter().filter(|event| matches!(event, WorkerEvent::ProcessIdle { .. })).count(), 1);
        });
    }

    fn limits() -> Limits {
        Limits { grace: Duration::from_millis(300), ..Limits::default() }
    }

    #[test]
    fn what_a_child_says_is_heard() {
        within(async {
            let figures_said = r#""loss":null,"fit":0.25,"first_fit":0.125"#;
            let finished = r#"{"event":"finished","seed":18446744073709551615,"seconds":1.5,"#;
            let figures = Figures { loss: None, fit: Some(0.25), first_fit: Some(0.125) };
            let script = [
                "echo oh >&2",
                r#"echo '{"event":"started","iterations":4,"done":0}' >&2"#,
                &format!("echo '{finished}{figures_said},\"width\":8,\"height\":9}}' >&2"),
                r#"echo "$1" >&2; exit 3"#,
            ];
            let script = script.join("\n");
            let ran = ran(&script, limits(), false).await;
            assert_eq!(ran.status.unwrap().code(), Some(3));
            let finished = Finished { width: 8, height: 9, iterations: Some(4), figures, seed: u64::MAX, seconds: 1.5 };
            assert_eq!((ran.finished, ran.tail.text().as_deref()), (Some(finished), Some("oh\nhello")));
            assert_eq!((ran.reason, ran.exceeded), (None, None));
        });
    }

    #[test]
    fn a_child_that_is_silent_or_slow_or_loud_is_ended() {
        within(async {
            let silent = Limits { silence: Duration::from_millis(300), ..limits() };
            let ended = ran("trap '' TERM; exec sleep 1000", silent, false).await;
            assert!(ended.exceeded.unwrap().contains("silent") && !ended.status.unwrap().success());
            let slow = Limits { wall: Duration::from_millis(300), ..limits() };
            let ended = ran("while :; do echo x >&2; sleep 0.01; done", slow, false).await;
            assert!(ended.exceeded.unwrap().contains("not ready") && !ended.status.unwrap().success());
            let ended = ran("exec yes 'much to say' >&2", limits(), false).await;
            assert!(ended.exceeded.unwrap().contains("too many") && ended.tail.text().unwrap().lines().count() == 40);
        });
    }

    #[test]
    fn a_child_that_does_not_stop_is_ended() {
        within(async {
            let stops = "trap 'echo bye >&2; exit 130' TERM; : > ready; while :; do sleep 0.01; done";
            let ended = ran(stops, limits(), true).await;
            assert_eq!((ended.reason, ended.status.unwrap().code()), (Some(Reason::Shutdown), Some(130)));
            let ended = ran("trap '' TERM; : > ready; while :; do sleep 0.01; done", limits(), true).await;
            assert_eq!((ended.reason, ended.status.unwrap().code()), (Some(Reason::Shutdown), None));
        });
    }

    #[test]
    fn a_child_knows_nothing_of_the_users_settings() {
        within(async {
            let ended = ran("env >&2; nice >&2", limits(), false).await;
            let text = ended.tail.text().unwrap();
            assert!(text.lines().any(|line| line.starts_with("PATH=")) && !text.contains("CARGO"), "{text}");
            let own = rustix::process::getpriority_process(None).unwrap();
            assert_eq!(text.lines().last(), Some((own + 5).min(19).to_string().as_str()));
        });
    }
}
