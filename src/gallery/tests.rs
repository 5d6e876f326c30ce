//! Tests of the gallery, on each database there is (`database/tests.rs` says which).

use super::*;
use crate::accounts::{Accounts, NewUser};
use crate::database::{Id, Value};
use crate::progress::Figures;
use crate::queue::{Enqueued, JobId, NewJob, Queue, Rules};

/// A gallery with the queue and the accounts beside it.
struct Room {
    gallery: Gallery,
    queue: Queue,
    accounts: Accounts,
}

#[allow(clippy::needless_pass_by_value, reason = "a closure is written in place")]
fn on_each(test: impl AsyncFn(&Room)) {
    crate::database::tests::on_each(false, async |database, _| {
        let queue = Queue::new(database.clone(), Rules::default());
        let accounts = Accounts::new(database.clone());
        let gallery = Gallery::new(database);
        queue.migrate().await.unwrap();
        accounts.migrate().await.unwrap();
        gallery.migrate().await.unwrap();
        test(&Room { gallery, queue, accounts }).await;
    });
}

impl Room {
    /// A job that is done.
    async fn job(&self, owner: &str) -> JobId {
        let new = NewJob { max_waiting: 1000, ..NewJob::new(owner, "{}", "a red apple", "vqgan", "normal") };
        let Enqueued::New(id) = self.queue.enqueue(&new).await.unwrap() else { panic!("not added") };
        let claim = self.queue.claim("worker").await.unwrap().unwrap();
        self.queue.finish(&claim, &picture()).await.unwrap();
        id
    }

    async fn published(&self, new: &NewPicture) -> Picture {
        match self.gallery.publish(new).await.unwrap() {
            Published::New(picture) => picture,
            other => panic!("{other:?}"),
        }
    }

    /// A published picture with a title.
    async fn picture(&self, owner: &str, title: &str) -> Picture {
        let new = NewPicture { title: Some(title.into()), ..new(self.job(owner).await, owner) };
        self.published(&new).await
    }

    async fn found(&self, order: Order, words: &str) -> Vec<String> {
        let search = Search { order, words: words.into(), after: None, limit: 100 };
        let pictures = self.gallery.list(&search).await.unwrap();
        pictures.into_iter().map(|picture| picture.title.unwrap_or_default()).collect()
    }

    /// Likes as they are counted, and as the picture says.
    async fn likes(&self, id: &Id) -> (i64, u64) {
        let counted = "SELECT count(*) AS number FROM likes WHERE picture = $1";
        let counted = self.gallery.database.number(counted, &[id.as_str().into()]).await;
        (counted, self.gallery.picture(id).await.unwrap().unwrap().likes)
    }
}

fn new(job: JobId, owner: &str) -> NewPicture {
    NewPicture { job, owner: owner.into(), title: None, prompt: None, width: 64, height: 48 }
}

fn picture() -> crate::queue::Picture {
    crate::queue::Picture {
        width: 64,
        height: 48,
        iterations: Some(1),
        figures: Figures::default(),
        seed: 1,
        seconds: 1.0,
        recipe: "{}".into(),
        artifacts: Vec::new(),
    }
}

#[test]
fn a_job_is_published_once_under_another_name() {
    on_each(async |room| {
        let anna = room.accounts.create_user(&NewUser::new("anna", None)).await.unwrap().unwrap().id;
        let job = room.job(&anna).await;
        let shared =
            NewPicture { title: Some("Apple".into()), prompt: Some("a red apple".into()), ..new(job.clone(), &anna) };
        let picture = room.published(&shared).await;
        assert_ne!(picture.id, job);
        assert_eq!((picture.author.as_deref(), picture.prompt.as_deref()), (Some("anna"), Some("a red apple")));
        assert_eq!((picture.width, picture.height, picture.likes, &picture.hidden), (64, 48, 0, &None));
        let again = NewPicture { prompt: None, ..shared.clone() };
        assert_eq!(room.gallery.publish(&again).await.unwrap(), Published::Before(picture.clone()));
        let other = NewPicture { owner: "ben".into(), ..shared };
        assert_eq!(room.gallery.publish(&other).await.unwrap(), Published::Unknown);
        assert_eq!(room.gallery.of_job(&job).await.unwrap(), Some(picture.clone()));

        // Without the prompt, nothing tells it; without a login, nobody is named.
        let bare = room.published(&new(room.job("visitor-1").await, "visitor-1")).await;
        assert_eq!((bare.author, bare.prompt, bare.show_prompt), (None, None, false));
        assert_eq!(room.found(Order::Newest, "apple").await, ["Apple"]);

        let queued = NewJob::new(&anna, "{}", "a red apple", "vqgan", "normal");
        let Enqueued::New(queued) = room.queue.enqueue(&queued).await.unwrap() else { panic!() };
        assert_eq!(room.gallery.publish(&new(queued, &anna)).await.unwrap(), Published::Unknown);
        assert_eq!(room.gallery.publish(&new(Id::random().unwrap(), &anna)).await.unwrap(), Published::Unknown);

        assert_eq!(room.gallery.withdraw(&picture.id, Some("ben")).await.unwrap(), Withdrawn::Unknown);
        assert_eq!(
            room.gallery.withdraw(&picture.id, Some(&anna)).await.unwrap(),
            Withdrawn::Yes { owner: anna.clone() }
        );
        assert_eq!(room.gallery.withdraw(&picture.id, Some(&anna)).await.unwrap(), Withdrawn::Unknown);
        assert_eq!(room.gallery.picture(&picture.id).await.unwrap(), None);
        assert_ne!(room.published(&new(job, &anna)).await.id, picture.id);
    });
}

#[test]
fn nobody_likes_a_picture_twice() {
    on_each(async |room| {
        let picture = room.picture("anna", "a").await;
        let id = &picture.id;
        assert_eq!(room.gallery.like(id, "ben", None).await.unwrap(), Some(1));
        assert_eq!(room.gallery.like(id, "ben", None).await.unwrap(), Some(1));
        assert_eq!(room.gallery.like(id, "cookie", None).await.unwrap(), Some(2));
        // Whoever logs in is the same person as before.
        assert_eq!(room.gallery.like(id, "cleo", Some("cookie")).await.unwrap(), Some(2));
        assert_eq!(room.gallery.like(id, "cleo", Some("cookie")).await.unwrap(), Some(2));
        let liked = room.gallery.liked([id], "cleo").await.unwrap();
        assert!(liked.contains(id) && room.gallery.liked([id], "cookie").await.unwrap().is_empty());
        assert_eq!(room.likes(id).await, (2, 2));
        assert_eq!(room.gallery.unlike(id, "ben", None).await.unwrap(), Some(1));
        assert_eq!(room.gallery.unlike(id, "ben", None).await.unwrap(), Some(1));
        assert_eq!(room.likes(id).await, (1, 1));
        assert_eq!(room.gallery.like(id, "cookie", None).await.unwrap(), Some(2));
        assert_eq!(room.gallery.unlike(id, "cleo", Some("cookie")).await.unwrap(), Some(0));
        assert_eq!(room.likes(id).await, (0, 0));
        let unknown = Id::random().unwrap();
        assert_eq!(room.gallery.like(&unknown, "ben", None).await.unwrap(), None);
        assert_eq!(room.gallery.unlike(&unknown, "ben", None).await.unwrap(), None);
    });
}

#[test]
fn likes_at_the_same_moment_are_counted_right() {
    on_each(async |room| {
        let id = room.picture("anna", "a").await.id;
        let clicks: Vec<_> = (0..40)
            .map(|number| {
                let (gallery, id, who) = (room.gallery.clone(), id.clone(), format!("visitor {}", number % 8));
                tokio::spawn(async move {
                    if number % 5 == 4 {
                        gallery.unlike(&id, &who, None).await.unwrap()
                    } else {
                        gallery.like(&id, &who, None).await.unwrap()
                    }
                })
            })
            .collect();
        for click in clicks {
            assert!(click.await.unwrap().is_some());
        }
        let (counted, said) = room.likes(&id).await;
        assert_eq!(u64::try_from(counted).unwrap(), said);
    });
}

#[test]
fn pages_go_on_where_they_ended_in_either_order() {
    on_each(async |room| {
        let mut expected = Vec::new();
        for number in 0..30_u64 {
            let picture = room.picture("anna", &format!("{number}")).await;
            // Ties in threes.
            for like in 0..number / 3 % 4 {
                room.gallery.like(&picture.id, &format!("visitor {like}"), None).await.unwrap();
            }
            expected.push((number / 3 % 4, number));
        }
        expected.reverse();
        for order in [Order::Newest, Order::MostLiked] {
            if order == Order::MostLiked {
                expected.sort_by_key(|(likes, number)| std::cmp::Reverse((*likes, *number)));
            }
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let search = Search { order, words: String::new(), after, limit: 7 };
                let page = room.gallery.list(&search).await.unwrap();
                found.extend(page.iter().map(|picture| picture.title.clone().unwrap()));
                let Some(last) = page.last() else { break };
                after = Some(Place::of(last, order));
            }
            assert_eq!(found, expected.iter().map(|(_, number)| number.to_string()).collect::<Vec<_>>());
        }
        // A place in one order is none in the other.
        let after = Some(Place::of(&room.gallery.list(&Search::default()).await.unwrap()[0], Order::Newest));
        let search = Search { order: Order::MostLiked, after, limit: 100, ..Search::default() };
        assert_eq!(room.gallery.list(&search).await.unwrap().len(), 30);
    });
}

#[test]
fn lists_use_an_index_of_their_order() {
    on_each(async |room| {
        if room.gallery.database.rows("SELECT sqlite_version() AS version", &[]).await.is_err() {
            return;
        }
        for (statement, index, values) in
            [(statements::newest(), "pictures_new", 1), (statements::most_liked(), "pictures_liked", 2)]
        {
            let mut values = vec![Value::from(i64::MAX); values];
            values.push(10.into());
            values.extend(vec![Value::Text(None); words::MOST_WORDS]);
            let plan = room.gallery.database.rows(&format!("EXPLAIN QUERY PLAN {statement}"), &values).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.text("detail").unwrap()).collect();
            // The number of a picture is what SQLite keeps rows by.
            let by_number = index == "pictures_new" && plan[0].contains("INTEGER PRIMARY KEY");
            assert!(by_number || plan[0].contains(&format!("INDEX {index}")), "{plan:?}");
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
        }
    });
}

#[test]
fn searches_find_words_as_they_are_written() {
    on_each(async |room| {
        for title in ["100% RED", "Größe_a", "größe b", "it's \"quoted\" \\", "wow!", "100 RED"] {
            room.picture("anna", title).await;
        }
        let shared = NewPicture {
            prompt: Some("a green castle".into()),
            title: Some("Hill".into()),
            ..new(room.job("anna").await, "anna")
        };
        room.published(&shared).await;
        for (words, expected) in [
            ("100%", &["100% RED"][..]),
            ("red 100", &["100 RED", "100% RED"]),
            ("GRÖSSE", &[]),
            ("GRÖßE", &["größe b", "Größe_a"]),
            ("e_a", &["Größe_a"]),
            ("_", &["Größe_a"]),
            ("'", &["it's \"quoted\" \\"]),
            ("\"QUOTED\"", &["it's \"quoted\" \\"]),
            ("\\", &["it's \"quoted\" \\"]),
            ("!", &["wow!"]),
            ("Castle GREEN", &["Hill"]),
            ("castle blue", &[]),
            ("'; DROP TABLE pictures; --", &[]),
        ] {
            assert_eq!(room.found(Order::Newest, words).await, expected, "{words}");
        }
        assert_eq!(room.found(Order::MostLiked, " \t").await.len(), 7);
    });
}

#[test]
fn hidden_pictures_are_in_no_list_and_stay_hidden() {
    on_each(async |room| {
        let boss = room.accounts.create_user(&NewUser::new("boss", None)).await.unwrap().unwrap().id;
        let (one, other) = (room.picture("anna", "one").await, room.picture("anna", "other").await);
        assert!(room.gallery.hide(&one.id, &boss, "rude").await.unwrap());
        assert!(room.gallery.hide(&one.id, &boss, "very rude").await.unwrap());
        assert!(!room.gallery.hide(&Id::random().unwrap(), &boss, "rude").await.unwrap());
        assert_eq!(room.found(Order::Newest, "").await, ["other"]);
        assert_eq!(room.found(Order::MostLiked, "one").await, [""; 0]);
        let hidden = room.gallery.hidden(None, 10).await.unwrap();
        let why = hidden[0].hidden.clone().unwrap();
        assert_eq!((hidden.len(), &hidden[0].id), (1, &one.id));
        assert_eq!((why.why.as_str(), why.by_name.as_deref()), ("very rude", Some("boss")));
        assert!(room.gallery.hidden(Some(one.number), 10).await.unwrap().is_empty());
        assert_eq!(room.gallery.like(&one.id, "ben", None).await.unwrap(), None);
        assert_eq!(room.likes(&one.id).await, (0, 0));
        // Withdrawn and published again, it would be seen again.
        assert_eq!(room.gallery.withdraw(&one.id, Some("anna")).await.unwrap(), Withdrawn::Hidden);
        assert!(matches!(room.gallery.publish(&new(one.job, "anna")).await.unwrap(), Published::Before(_)));
        assert!(room.gallery.unhide(&one.id).await.unwrap() && !room.gallery.unhide(&other.id).await.unwrap());
        assert_eq!(room.found(Order::Newest, "").await, ["other", "one"]);
    });
}

#[test]
fn pictures_go_with_their_jobs_and_their_owners() {
    on_each(async |room| {
        let anna = room.accounts.create_user(&NewUser::new("anna", None)).await.unwrap().unwrap().id;
        let (one, other) = (room.picture(&anna, "one").await, room.picture(&anna, "other").await);
        let bens = room.picture("ben", "ben's").await;
        for who in [anna.as_str(), "cleo"] {
            room.gallery.like(&bens.id, who, None).await.unwrap();
            room.gallery.like(&one.id, who, None).await.unwrap();
        }
        // What is published is not old.
        assert!(room.queue.ended_before(std::time::Duration::ZERO, 10).await.unwrap().is_empty());
        assert!(room.queue.delete(&one.job, None).await.unwrap().is_some());
        assert_eq!(room.found(Order::Newest, "").await, ["ben's", "other"]);
        assert_eq!(room.gallery.database.number("SELECT count(*) AS number FROM likes", &[]).await, 2);
        assert_eq!(room.gallery.forget(&anna).await.unwrap(), 1);
        assert_eq!((room.found(Order::Newest, "").await, room.likes(&bens.id).await), (vec!["ben's".into()], (1, 1)));
        assert_eq!(
            room.queue.ended_before(std::time::Duration::ZERO, 10).await.unwrap(),
            std::slice::from_ref(&other.job)
        );
        // Whoever removes the user alone removes the pictures, too.
        room.published(&new(other.job, &anna)).await;
        room.accounts.remove_user("anna").await.unwrap().unwrap();
        assert_eq!(room.found(Order::Newest, "").await, ["ben's"]);
    });
}
