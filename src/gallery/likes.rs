//! Who likes which picture.

use std::collections::HashSet;

use super::Gallery;
use super::statements::{COUNT, LIKE, LIKED_AFTER, LIKES, UNLIKE, liked};
use crate::database::{Id, Transaction, Value};
use crate::error::Result;

/// The most pictures that are looked up at once.
const MOST_PICTURES: usize = 200;

impl Gallery {
    /// Likes a picture, which changes nothing if it is liked already. `before` is another name of the same person, as that
    /// of a browser before a login, whose like this one replaces. Returns how many like the picture; `None` if there is no
    /// such picture, or it is hidden.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn like(&self, id: &Id, who: &str, before: Option<&str>) -> Result<Option<u64>> {
        let mut transaction = self.database.begin().await?;
        Self::hold_likes(&mut transaction, who).await?;
        let mut change = 0;
        if let Some(before) = before.filter(|before| *before != who) {
            change -= i64::from(!transaction.rows(UNLIKE, &[id.as_str().into(), before.into()]).await?.is_empty());
        }
        change += i64::from(!transaction.rows(LIKE, &[id.as_str().into(), who.into()]).await?.is_empty());
        Self::counted(transaction, id, change).await
    }

    /// Takes a like back, which changes nothing if there is none. `before` is another name of the same person, whose like
    /// is taken back as well. Returns how many like the picture; `None` if there is no such picture, or it is hidden.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn unlike(&self, id: &Id, who: &str, before: Option<&str>) -> Result<Option<u64>> {
        let mut transaction = self.database.begin().await?;
        Self::hold_likes(&mut transaction, who).await?;
        let mut change = 0;
        for who in std::iter::once(who).chain(before) {
            change -= i64::from(!transaction.rows(UNLIKE, &[id.as_str().into(), who.into()]).await?.is_empty());
        }
        Self::counted(transaction, id, change).await
    }

    /// Which of some pictures somebody likes; at most the first 200 are looked up.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn liked<'p>(&self, pictures: impl IntoIterator<Item = &'p Id>, who: &str) -> Result<HashSet<Id>> {
        let mut values = vec![Value::from(who)];
        values.extend(pictures.into_iter().take(MOST_PICTURES).map(|id| Value::from(id.as_str())));
        if values.len() == 1 {
            return Ok(HashSet::new());
        }
        let rows = self.database.rows(&liked(values.len() - 1), &values).await?;
        rows.iter().map(|row| Ok(Id::stored(row.text("picture")?))).collect()
    }

    /// The pictures that somebody likes whose names come after a text, in the order of their names, with when that was in
    /// milliseconds since 1970; at most 200.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn liked_after(&self, who: &str, id: &str) -> Result<Vec<(Id, i64)>> {
        let most = i64::try_from(MOST_PICTURES).unwrap_or(i64::MAX);
        let rows = self.database.rows(LIKED_AFTER, &[who.into(), id.into(), most.into()]).await?;
        rows.iter().map(|row| Ok((Id::stored(row.text("picture")?), row.whole("created")?))).collect()
    }

    /// Waits until no other transaction changes the likes of somebody.
    pub(super) async fn hold_likes(transaction: &mut Transaction<'_>, who: &str) -> Result<()> {
        transaction.hold(&format!("text2art likes {who}")).await
    }

    async fn counted(mut transaction: Transaction<'_>, id: &Id, change: i64) -> Result<Option<u64>> {
        if change != 0 {
            transaction.rows(COUNT, &[id.as_str().into(), change.into()]).await?;
        }
        let likes = transaction.rows(LIKES, &[id.as_str().into()]).await?;
        let likes = likes.first().map(|row| row.whole("likes")).transpose()?;
        transaction.commit().await?;
        Ok(likes.map(|likes| u64::try_from(likes).unwrap_or(0)))
    }
}
