//! Tests of what becomes of uploads. Those of files that visitors give are in `tests/server/uploads.rs`.

use std::io::Write as _;
use std::time::Duration;

use tempfile::TempDir;

use super::convert::Converted;
use super::{Deleted, Kept, MOST_OF_AN_OWNER, TABLE, Upload, Uploads};
use crate::database::{Database, Id};
use crate::objects::{Objects, is_missing};
use crate::queue::{Enqueued, NewJob, Queue, Rules};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

struct Place {
    folder: TempDir,
    database: Database,
    objects: Objects,
    queue: Queue,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("test.db")).await.unwrap();
        let queue = Queue::new(database.clone(), Rules::default());
        queue.migrate().await.unwrap();
        database.migrate("server", &[TABLE]).await.unwrap();
        let objects = Objects::folder(&folder.path().join("objects")).unwrap();
        Self { folder, database, objects, queue }
    }

    fn uploads(&self, lifetime: Duration) -> Uploads {
        let incoming = self.folder.path().join("incoming");
        Uploads::within(self.database.clone(), self.objects.clone(), incoming, lifetime)
    }

    fn picture(&self, sha256: &str, bytes: u64) -> Converted {
        let mut file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        file.write_all(b"a picture").unwrap();
        let (file, sha256) = (file.into_temp_path(), sha256.to_owned());
        Converted { file, width: 3, height: 2, bytes, sha256, format: "jpeg" }
    }

    async fn is_stored(&self, upload: &Upload) -> bool {
        match self.objects.read(&upload.object, 100).await {
            Ok(bytes) => bytes == b"a picture",
            Err(error) => !is_missing(&error),
        }
    }
}

fn new(kept: Kept) -> Upload {
    let Kept::New(upload) = kept else { panic!("{kept:?}") };
    upload
}

#[tokio::test]
async fn a_picture_is_kept_once_for_each_owner() {
    let place = Place::new().await;
    let uploads = place.uploads(DAY);
    let first = new(uploads.keep("anna", place.picture("a", 9)).await.unwrap());
    assert_eq!((first.width, first.height, first.bytes, first.format.as_str()), (3, 2, 9, "jpeg"));
    assert_eq!(first.expires - first.created, 86_400_000);
    let Kept::Same(again) = uploads.keep("anna", place.picture("a", 9)).await.unwrap() else { panic!() };
    assert_eq!((&again.id, again.expires >= first.expires), (&first.id, true));
    let other = new(uploads.keep("ben", place.picture("a", 9)).await.unwrap());
    assert_ne!(other.id, first.id);
    // Nobody gets what belongs to someone else.
    assert_eq!(uploads.of("ben", &first.id).await.unwrap(), None);
    assert_eq!(uploads.look("ben", &first.id).await.unwrap(), None);
    assert_eq!(uploads.delete("ben", &first.id).await.unwrap(), Deleted::Unknown);
    assert_eq!(uploads.of("anna", &first.id).await.unwrap().map(|upload| upload.id), Some(first.id.clone()));
    assert_eq!(uploads.list("anna").await.unwrap().len(), 1);
    let found = uploads.with_hash("ben", "a").await.unwrap();
    assert_eq!(
        (found.map(|upload| upload.id), uploads.with_hash("ben", "b").await.unwrap()),
        (Some(other.id.clone()), None)
    );
    assert!(place.is_stored(&first).await && place.is_stored(&other).await);
    assert_eq!(uploads.delete("anna", &first.id).await.unwrap(), Deleted::Yes);
    assert_eq!(uploads.delete("anna", &first.id).await.unwrap(), Deleted::Unknown);
    assert!(!place.is_stored(&first).await && place.is_stored(&other).await);
}

#[tokio::test]
async fn an_owner_has_only_so_much_room() {
    let place = Place::new().await;
    let uploads = place.uploads(DAY);
    new(uploads.keep("anna", place.picture("a", MOST_OF_AN_OWNER - 10)).await.unwrap());
    let kept = uploads.keep("anna", place.picture("b", 11)).await.unwrap();
    assert_eq!(kept, Kept::Full { bytes: MOST_OF_AN_OWNER - 10 });
    new(uploads.keep("anna", place.picture("c", 10)).await.unwrap());
    new(uploads.keep("ben", place.picture("b", 11)).await.unwrap());
    assert_eq!(uploads.bytes("anna").await.unwrap(), MOST_OF_AN_OWNER);
    // What was refused left no object.
    assert_eq!(place.objects.list("uploads").await.unwrap().len(), 3);
}

#[tokio::test]
async fn uploads_go_when_nobody_needs_them() {
    let place = Place::new().await;
    let uploads = place.uploads(Duration::ZERO);
    let needed = new(uploads.keep("anna", place.picture("a", 9)).await.unwrap());
    let unused = new(uploads.keep("anna", place.picture("b", 9)).await.unwrap());
    let settings = format!(r#"{{"inputs":{{"init_image-1.png":{{"object":"{}"}}}}}}"#, needed.object);
    let job = NewJob::new("anna", &settings, "a prompt", "vqgan", "draft");
    let Enqueued::New(job) = place.queue.enqueue(&job).await.unwrap() else { panic!() };
    // Another millisecond is past their time.
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(uploads.collect().await.unwrap(), 1);
    assert!(!place.is_stored(&unused).await && place.is_stored(&needed).await);
    assert_eq!(uploads.look("anna", &unused.id).await.unwrap(), None);
    assert_eq!(uploads.delete("anna", &needed.id).await.unwrap(), Deleted::Needed);
    place.queue.cancel(&job, None).await.unwrap();
    assert_eq!(uploads.collect().await.unwrap(), 1);
    assert!(!place.is_stored(&needed).await);
    assert_eq!(uploads.collect().await.unwrap(), 0);
}

#[tokio::test]
async fn young_objects_without_a_row_stay() {
    let place = Place::new().await;
    let key = format!("uploads/{}", Id::random().unwrap());
    place.objects.create(&key, b"a picture".to_vec(), "image/png").await.unwrap();
    place.uploads(DAY).collect().await.unwrap();
    assert_eq!(place.objects.list("uploads").await.unwrap().len(), 1);
}
