//! Hints from other processes that something changed. The transactions that make a change send them, on two `PostgreSQL`
//! channels. Processes that share a `SQLite` file get no hints, and check often instead.

use super::{Database, Id};

/// The channel for jobs that changed, with their ids.
pub(super) const CHANGED: &str = "text2art_changed";
/// The channel for jobs that became ready.
pub(super) const READY: &str = "text2art_ready";

/// Hears a notification and its channel; `None` if some may have been missed.
pub(super) type Heard<'h> = &'h (dyn Fn(Option<(&str, &str)>) + Send + Sync);

/// A hint. It may arrive twice or, if a connection was lost, not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// A job changed.
    Changed(Id),
    /// A job became ready to be drawn.
    Ready,
    /// Hints may have been lost.
    Missed,
}

impl Hint {
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "there are none without PostgreSQL"))]
    fn of(said: Option<(&str, &str)>) -> Option<Self> {
        match said {
            None => Some(Self::Missed),
            Some((READY, _)) => Some(Self::Ready),
            // Anyone who may use the database can send anything.
            Some((CHANGED, name)) => Id::parse(name).map(Self::Changed),
            Some(_) => None,
        }
    }
}

impl Database {
    /// Whether other processes send hints, so that an occasional check is enough.
    #[must_use]
    pub fn has_hints(&self) -> bool {
        self.is_shared()
    }

    /// Passes on hints until the task is ended; without hints, it returns at once.
    pub async fn listen(&self, heard: impl Fn(Hint) + Send + Sync) {
        self.hear(&[CHANGED, READY], &|said| {
            if let Some(hint) = Hint::of(said) {
                heard(hint);
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_jobs_are_passed_on() {
        let id = Id::random().unwrap();
        assert_eq!(Hint::of(Some((CHANGED, id.as_str()))), Some(Hint::Changed(id)));
        assert_eq!(Hint::of(Some((READY, ""))), Some(Hint::Ready));
        assert_eq!(Hint::of(None), Some(Hint::Missed));
        assert_eq!(Hint::of(Some((CHANGED, "'; DROP TABLE jobs"))), None);
        assert_eq!(Hint::of(Some(("other", ""))), None);
    }
}
