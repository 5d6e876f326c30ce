//! Checks whether a store and a database belong together.
//!
//! Both keep the same random id, which they get when they are first used together. Without this check, a server with the
//! wrong store would take all objects for leftovers, and delete them.

use futures_util::TryStreamExt;

use super::{Objects, is_missing, job_of};
use crate::error::{Error, Result};
use crate::queue::Queue;

/// The key of the object with the id.
const KEY: &str = "store-id";
/// The most bytes of an id.
const LONGEST: u64 = 100;
/// If neither has an id, how many of the database's objects are looked up in the store.
const LOOKED_FOR: u32 = 20;

/// Checks that a store and a database belong together. If neither has an id yet, joins them. Call this before writing to the
/// store or deleting from it.
///
/// # Errors
///
/// If they do not belong together, or one of them cannot be reached.
pub async fn check_belonging(objects: &Objects, queue: &Queue) -> Result<()> {
    // The database gets its id first, perhaps at this moment. So if only the store had an id, look at the database again.
    let mut named = queue.store().await?;
    let written = read(objects).await?;
    if named.is_none() && written.is_some() {
        named = queue.store().await?;
    }
    match (named, written) {
        (Some(named), Some(written)) if named.id.as_str() == written => {
            if named.written {
                Ok(())
            } else {
                queue.store_written(&named.id).await
            }
        }
        (_, Some(_)) => Err(other()),
        (Some(named), None) if named.written => Err(without_id()),
        (_, None) => {
            check_unnamed(objects, queue).await?;
            begin(objects, queue).await
        }
    }
}

/// Gives the same id to a database and a store without ids. Other processes may do so at the same time.
async fn begin(objects: &Objects, queue: &Queue) -> Result<()> {
    let id = queue.name_store().await?.id;
    if let Err(error) = objects.create(KEY, id.as_str().into(), "text/plain").await {
        // Another database may have been first.
        return match read(objects).await? {
            Some(_) => Err(other()),
            None => Err(error),
        };
    }
    queue.store_written(&id).await
}

/// Checks that a database and a store without ids fit together: either they are new, or an earlier version used them
/// together.
async fn check_unnamed(objects: &Objects, queue: &Queue) -> Result<()> {
    let keys = queue.objects_after("", LOOKED_FOR).await?;
    for key in &keys {
        match objects.open(key).await {
            Ok(_) => return Ok(()),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    if !keys.is_empty() {
        return Err(Error::usage(
            "the storage has none of the pictures that the database names",
            "choose the ‹data›, ‹database› and ‹storage› that belong together",
        ));
    }
    if queue.counts().await?.all() > 0 {
        return Ok(());
    }
    let mut pages = objects.pages("jobs")?;
    while let Some(page) = pages.try_next().await? {
        if page.iter().any(|found| job_of(&found.key).is_some()) {
            return Err(Error::usage(
                "the storage has pictures of jobs, but the database has no jobs",
                "choose the ‹data›, ‹database› and ‹storage› that belong together, or a new storage for a new database",
            ));
        }
    }
    Ok(())
}

/// The id of a store.
async fn read(objects: &Objects) -> Result<Option<String>> {
    match objects.read(KEY, LONGEST).await {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn other() -> Error {
    Error::usage(
        "the storage belongs to another database, whose pictures would be deleted",
        "choose the ‹data›, ‹database› and ‹storage› that belong together, the same for all servers and workers, or a new \
         storage for a new database",
    )
}

fn without_id() -> Error {
    Error::usage(
        format!("the database belongs to another storage: this one has no object `{KEY}`"),
        "choose the ‹data›, ‹database› and ‹storage› that belong together, the same for all servers and workers; if \
         you move the storage, copy all objects",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::database::{Database, Id};
    use crate::objects::job_key;
    use crate::queue::{Artifact, NewJob, Rules};

    struct Places(tempfile::TempDir);

    impl Places {
        async fn queue(&self, name: &str) -> Queue {
            let queue = Queue::new(Database::open(&self.path().join(name)).await.unwrap(), Rules::default());
            queue.migrate().await.unwrap();
            queue
        }

        fn objects(&self, name: &str) -> Objects {
            Objects::folder(&self.path().join(name)).unwrap()
        }

        fn path(&self) -> &Path {
            self.0.path()
        }
    }

    fn within(test: impl AsyncFnOnce(Places)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test(Places(tempfile::tempdir().unwrap())));
    }

    async fn refused(objects: &Objects, queue: &Queue, words: &str) {
        let error = check_belonging(objects, queue).await.unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(words), "{error}");
        assert!(error.hint().contains("belong together"), "{}", error.hint());
    }

    #[test]
    fn a_database_and_a_store_belong_to_each_other_alone() {
        within(async |places| {
            let (queue, objects) = (places.queue("a.db").await, places.objects("a"));
            for _ in 0..2 {
                check_belonging(&objects, &queue).await.unwrap();
            }
            let id = objects.read(KEY, LONGEST).await.unwrap();
            let named = queue.store().await.unwrap().unwrap();
            assert_eq!((named.id.as_str().as_bytes(), named.written), (id.as_slice(), true));
            // A new database with an old store, and the other way round.
            let (other, empty) = (places.queue("b.db").await, places.objects("b"));
            refused(&objects, &other, "belongs to another database").await;
            refused(&empty, &queue, "has no object `store-id`").await;
            assert_eq!((other.store().await.unwrap(), read(&empty).await.unwrap()), (None, None));
            // Two pairs with their stores swapped.
            check_belonging(&empty, &other).await.unwrap();
            refused(&objects, &other, "belongs to another database").await;
            refused(&empty, &queue, "belongs to another database").await;
            // A copy gets a store of its own.
            queue.forget_store().await.unwrap();
            check_belonging(&places.objects("c"), &queue).await.unwrap();
            refused(&objects, &queue, "belongs to another database").await;
        });
    }

    #[test]
    fn those_that_begin_together_agree() {
        within(async |places| {
            let (queue, objects) = (places.queue("a.db").await, places.objects("a"));
            let beginning = (0..4).map(|_| check_belonging(&objects, &queue));
            for begun in futures_util::future::join_all(beginning).await {
                begun.unwrap();
            }
            // If a process was killed in between, the next one completes its work.
            let (queue, objects) = (places.queue("b.db").await, places.objects("b"));
            let named = queue.name_store().await.unwrap();
            assert!(!named.written);
            check_belonging(&objects, &queue).await.unwrap();
            assert_eq!(read(&objects).await.unwrap().as_deref(), Some(named.id.as_str()));
        });
    }

    #[test]
    fn what_an_earlier_version_made_must_fit() {
        within(async |places| {
            let (queue, objects) = (places.queue("a.db").await, places.objects("a"));
            queue.enqueue(&NewJob::new("anna", "{}", "a red apple", "vqgan", "normal")).await.unwrap();
            let claim = queue.claim("worker").await.unwrap().unwrap();
            let object = job_key(&claim.job, 1, "checkpoint");
            let stored = objects.create(&object, b"state".to_vec(), "text/plain").await.unwrap();
            let media_type = "text/plain".to_owned();
            let (name, bytes, sha256) = ("checkpoint".to_owned(), stored.bytes, stored.sha256);
            assert!(queue.keep(&claim, &Artifact { name, object, media_type, bytes, sha256 }).await.unwrap());
            refused(&places.objects("b"), &queue, "none of the pictures").await;
            // Neither has an id yet, as when a server is updated and gets a new database at the same time.
            refused(&objects, &places.queue("b.db").await, "the database has no jobs").await;
            check_belonging(&objects, &queue).await.unwrap();
            // A store without jobs fits a new database.
            let uploads = places.objects("c");
            uploads.create(&format!("uploads/{}", Id::random().unwrap()), Vec::new(), "image/png").await.unwrap();
            check_belonging(&uploads, &places.queue("c.db").await).await.unwrap();
        });
    }
}
