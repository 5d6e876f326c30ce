//! Tests of the store in a folder, and of the collection of what is left behind.

use std::time::Duration;

use futures_util::TryStreamExt;

use super::*;
use crate::database::{Database, Id};
use crate::files::hash_file;
use crate::progress::Figures;
use crate::queue::{Artifact, Claim, Enqueued, NewJob, Picture, Progress, Queue, Rules};

fn within<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A file that is longer than one piece, and no multiple of it.
fn long() -> Vec<u8> {
    (0..9_000_001_u32).map(|number| number.to_le_bytes()[1]).collect()
}

#[test]
fn objects_are_created_and_never_replaced() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        never_replaced(&Objects::folder(&folder.path().join("new/objects")).unwrap()).await;
    });
}

/// A part of the bucket of `.ci/with_s3.sh` for one test.
#[cfg(feature = "s3")]
async fn bucket(presign: bool) -> Objects {
    let endpoint = std::env::var("T2A_S3").expect("T2A_S3 is not set").parse().unwrap();
    let bucket = format!("s3://text2art/{}", Id::random().unwrap()).parse().unwrap();
    Objects::bucket(&Storage { endpoint: Some(endpoint), presign, ..Storage::new(bucket) }).await.unwrap()
}

#[cfg(feature = "s3")]
#[test]
#[ignore = "needs a stand-in for S3: .ci/with_s3.sh starts one"]
fn a_bucket_does_what_a_folder_does() {
    within(async {
        never_replaced(&bucket(false).await).await;
        let folder = tempfile::tempdir().unwrap();
        in_and_out(&bucket(false).await, &folder).await;
        // Parts of a bucket do not see each other.
        let (one, other) = (bucket(false).await, bucket(false).await);
        one.create("uploads/a", b"one".to_vec(), "text/plain").await.unwrap();
        assert!(is_missing(&other.read("uploads/a", 9).await.unwrap_err()));
        assert_eq!((one.list("uploads").await.unwrap().len(), other.list("uploads").await.unwrap().len()), (1, 0));
        assert_eq!((one.origin(), one.direct("uploads/a", "text/plain", "inline").await.unwrap()), (None, None));
    });
}

#[cfg(feature = "s3")]
#[test]
#[ignore = "needs a stand-in for S3: .ci/with_s3.sh starts one"]
fn a_bucket_signs_addresses() {
    within(async {
        let objects = bucket(true).await;
        objects.create("uploads/a", b"one".to_vec(), "text/plain").await.unwrap();
        let disposition = "attachment; filename=\"a-red-apple.txt\"";
        let address = objects.direct("uploads/a", "text/plain", disposition).await.unwrap().unwrap();
        assert!(address.starts_with(objects.origin().unwrap()), "{address}");
        let (fetched, header) = tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
            let mut answer = agent.get(&address).call().unwrap();
            let header = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
            (answer.body_mut().read_to_vec().unwrap(), header)
        })
        .await
        .unwrap();
        assert_eq!((fetched.as_slice(), header.as_str()), (&b"one"[..], disposition));
    });
}

#[cfg(not(feature = "s3"))]
#[test]
fn a_bucket_needs_a_program_with_s3() {
    within(async {
        let error = Objects::bucket(&Storage::new("s3://art".parse().unwrap())).await.unwrap_err();
        assert!(error.is_usage() && error.hint().contains("--features farm"), "{error}");
    });
}

async fn never_replaced(objects: &Objects) {
    let stored = objects.create("jobs/a/1/note", b"one".to_vec(), "text/plain").await.unwrap();
    // The digest is that of `printf one | sha256sum`.
    assert_eq!(stored.sha256, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
    assert_eq!(objects.create("jobs/a/1/note", b"one".to_vec(), "text/plain").await.unwrap(), stored);
    assert!(objects.create("jobs/a/1/note", b"two".to_vec(), "text/plain").await.is_err());
    assert_eq!(objects.read("jobs/a/1/note", 3).await.unwrap(), b"one");
    assert!(objects.read("jobs/a/1/note", 2).await.unwrap_err().to_string().contains("larger than 2 bytes"));
    objects.delete("jobs/a/1/note").await.unwrap();
    objects.delete("jobs/a/1/note").await.unwrap();
    assert!(is_missing(&objects.read("jobs/a/1/note", 3).await.unwrap_err()));
    assert!(objects.create("jobs/../../out", Vec::new(), "text/plain").await.is_err());
    objects.check().await.unwrap();
    assert_eq!(objects.list("checks").await.unwrap(), []);
}

#[test]
fn long_files_go_in_and_out_piece_by_piece() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        in_and_out(&Objects::folder(&folder.path().join("objects")).unwrap(), &folder).await;
        // In the folder are the two files and the store.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    });
}

async fn in_and_out(objects: &Objects, folder: &tempfile::TempDir) {
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, long()).unwrap();
    let stored = objects.create_from("uploads/a", &from, "video/mp4").await.unwrap();
    assert_eq!((stored.bytes, stored.sha256.as_str()), (9_000_001, hash_file(&from).unwrap().as_str()));
    assert_eq!(objects.create_from("uploads/a", &from, "video/mp4").await.unwrap(), stored);
    objects.fetch("uploads/a", &to, &stored.sha256).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), long());
    // An existing file is kept, and so is one whose digest does not match.
    assert!(objects.fetch("uploads/a", &to, &stored.sha256).await.is_err());
    let error = objects.fetch("uploads/a", &folder.path().join("other"), "00").await.unwrap_err();
    assert!(error.to_string().contains("damaged") && !folder.path().join("other").exists());
    let opened = objects.open("uploads/a").await.unwrap();
    let length: usize = opened.stream.try_fold(0, async |sum, piece| Ok(sum + piece.len())).await.unwrap();
    assert_eq!((opened.bytes, length), (9_000_001, 9_000_001));
    for range in [0..1, 0..9_000_001, 7..8_500_000, 9_000_000..9_000_001, 8_999_990..10_000_000] {
        let opened = objects.open_range("uploads/a", range.clone()).await.unwrap();
        let pieces: Vec<_> = opened.stream.try_collect().await.unwrap();
        let bytes = long();
        let [start, end] = [range.start, range.end].map(|place| usize::try_from(place).unwrap().min(bytes.len()));
        assert!(pieces.concat() == bytes[start..end] && opened.bytes == (end - start) as u64, "{range:?}");
    }
    assert!(objects.open_range("uploads/a", 9_000_001..9_000_002).await.is_err());
    // Nothing else is in the store.
    let listed = objects.list("uploads").await.unwrap();
    assert_eq!((listed.len(), listed[0].key.as_str(), listed[0].bytes), (1, "uploads/a", 9_000_001));
    std::fs::write(&from, b"other").unwrap();
    assert!(objects.create_from("uploads/a", &from, "video/mp4").await.is_err());
    let part = objects.create_from_part("uploads/b", &from, 2..4, "text/plain").await.unwrap();
    assert_eq!((part.bytes, objects.read("uploads/b", 9).await.unwrap()), (2, b"he".to_vec()));
}

/// A queue with one job that runs.
async fn running(queue: &Queue) -> Claim {
    let job = NewJob::new("anna", "{}", "a red apple", "vqgan", "normal");
    assert!(matches!(queue.enqueue(&job).await.unwrap(), Enqueued::New(_)));
    queue.claim("worker").await.unwrap().unwrap()
}

fn artifact(name: &str, object: String, stored: Stored) -> Artifact {
    Artifact { name: name.into(), object, media_type: "image/png".into(), bytes: stored.bytes, sha256: stored.sha256 }
}

#[test]
fn what_nothing_refers_to_is_collected() {
    within(async {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::folder(&folder.path().join("objects")).unwrap();
        let queue = Queue::new(Database::open(&folder.path().join("db")).await.unwrap(), Rules::default());
        queue.migrate().await.unwrap();
        let claim = running(&queue).await;
        let job = claim.job.clone();
        let of = |number: i64, name: &str| job_key(&job, number, name);
        for key in [of(1, "picture.png"), of(1, "preview-1.png"), of(2, "picture.png"), "uploads/mine".into()] {
            objects.create(&key, key.clone().into_bytes(), "image/png").await.unwrap();
        }
        let deleted = Id::random().unwrap();
        objects.create(&job_key(&deleted, 1, "picture.png"), vec![1; 5], "image/png").await.unwrap();
        std::fs::write(folder.path().join(format!("objects/jobs/{job}/1/picture.png#1")), "killed").unwrap();
        queue.beat(&claim, &Progress { preview: Some(of(1, "preview-1.png")), ..Progress::default() }).await.unwrap();

        // What is young may be named soon.
        assert_eq!(collect(&objects, &queue, Duration::from_hours(1)).await.unwrap(), Collected::default());
        // The job that runs may need its objects; the other one does not exist.
        let collected = collect(&objects, &queue, Duration::ZERO).await.unwrap();
        assert_eq!(collected, Collected { objects: 2, bytes: 5 });

        let stored =
            objects.create(&of(1, "picture.png"), of(1, "picture.png").into_bytes(), "image/png").await.unwrap();
        let artifacts = vec![artifact("picture.png", of(1, "picture.png"), stored)];
        let picture = Picture {
            width: 8,
            height: 8,
            iterations: None,
            figures: Figures::default(),
            seed: 1,
            seconds: 1.0,
            recipe: "{}".into(),
            artifacts,
        };
        queue.finish(&claim, &picture).await.unwrap();
        assert_eq!(collect(&objects, &queue, Duration::ZERO).await.unwrap().objects, 2);
        let left: Vec<_> = objects.list("jobs").await.unwrap().into_iter().map(|listed| listed.key).collect();
        assert_eq!(left, [of(1, "picture.png")]);
        assert_eq!(objects.list("uploads").await.unwrap().len(), 1);
        queue.delete(&job, None).await.unwrap().unwrap();
        assert_eq!(collect(&objects, &queue, Duration::ZERO).await.unwrap().objects, 1);
        queue.close().await;
    });
}
