//! What processes tell each other.

use super::*;

/// On `SQLite` there are no hints, and whoever listens returns at once.
#[test]
fn whoever_listens_hears_of_changes() {
    on_each(&short(), true, async |place| {
        let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let queue = place.queue.clone();
        let listening = tokio::spawn(async move { queue.listen(move |hint| drop(sender.send(hint))).await });
        if !place.queue.has_hints() {
            listening.await.unwrap();
            assert_eq!(heard.recv().await, None);
            return;
        }
        let mut next = async || tokio::time::timeout(Duration::from_secs(60), heard.recv()).await.unwrap().unwrap();
        // The start of listening is reported like a loss: nobody knows what came before.
        assert_eq!(next().await, Hint::Missed);
        let id = place.add("anna").await;
        // Other tests use the same database, and its channels.
        while next().await != Hint::Changed(id.clone()) {}
        while next().await != Hint::Ready {}
        let claim = place.claim().await;
        while next().await != Hint::Changed(id.clone()) {}
        // What nobody sees is not told.
        place.queue.beat(&claim, &Progress::default()).await.unwrap();
        let other = place.add("ben").await;
        loop {
            match next().await {
                Hint::Changed(changed) if changed == other => break,
                hint => assert_ne!(hint, Hint::Changed(id.clone())),
            }
        }
        // A lost connection is restored. Connections of other tests have other names.
        let end = "SELECT CAST(count(pg_terminate_backend(pid)) AS BIGINT) AS number FROM pg_stat_activity
            WHERE query LIKE 'LISTEN%' AND application_name = current_setting('application_name')";
        assert_eq!(place.number(end, &[]).await, 1);
        while next().await != Hint::Missed {}
        while next().await != Hint::Missed {}
        place.queue.finish(&claim, &picture(&claim, 1.0)).await.unwrap();
        while next().await != Hint::Changed(id.clone()) {}
        listening.abort();
    });
}
