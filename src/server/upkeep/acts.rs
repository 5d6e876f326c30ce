//! What operators do to the queue, the workers and the users. Each act is noted with who did it.

use std::time::Duration;

use crate::accounts::{Accounts, Changes, Invitation, NewUser, Secret, User};
use crate::database::{Database, Id};
use crate::error::Result;
use crate::gallery::Gallery;
use crate::queue::{JobId, Queue};
use crate::server::audit;

/// The acts of an operator.
pub struct Acts {
    database: Database,
    queue: Queue,
    accounts: Accounts,
    /// The name of the operator
    who: String,
}

impl Acts {
    /// The acts of an operator of this name.
    #[must_use]
    pub fn new(database: &Database, queue: &Queue, accounts: &Accounts, who: &str) -> Self {
        Self { database: database.clone(), queue: queue.clone(), accounts: accounts.clone(), who: who.to_owned() }
    }

    /// Notes an act.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn note(&self, what: &str, target: &str, detail: Option<&str>) -> Result<()> {
        audit::note(&self.database, &self.who, what, target, detail).await
    }

    /// Lets no job begin. Returns whether this is new.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn pause(&self) -> Result<bool> {
        let is_new = self.queue.pause().await?;
        if is_new {
            self.note("queue paused", "", None).await?;
        }
        Ok(is_new)
    }

    /// Lets jobs begin again. Returns whether this is new.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn resume(&self) -> Result<bool> {
        let is_new = self.queue.resume().await?;
        if is_new {
            self.note("queue resumed", "", None).await?;
        }
        Ok(is_new)
    }

    /// Puts a dead job back into the queue. Returns whether it was dead.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn requeue(&self, id: &JobId) -> Result<bool> {
        let was_dead = self.queue.requeue(id).await?;
        if was_dead {
            self.note("job requeued", id.as_str(), None).await?;
        }
        Ok(was_dead)
    }

    /// Lets a worker take no more jobs, or again. Returns whether there is such a worker.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn drain(&self, worker: &str, draining: bool) -> Result<bool> {
        let found = self.queue.drain(worker, draining).await?;
        if found {
            self.note(if draining { "worker drained" } else { "worker undrained" }, worker, None).await?;
        }
        Ok(found)
    }

    /// Adds a user; `None` if there is one of this name.
    ///
    /// # Errors
    ///
    /// If a field cannot be used, or the database cannot be reached.
    pub async fn add_user(&self, user: &NewUser) -> Result<Option<User>> {
        let Some(user) = self.accounts.create_user(user).await? else { return Ok(None) };
        self.note("user added", &user.name, Some(&format!("role {}", user.role.as_str()))).await?;
        Ok(Some(user))
    }

    /// Makes an invitation with a note about whom it is for. The secret cannot be shown again.
    ///
    /// # Errors
    ///
    /// As for [`Accounts::invite`].
    pub async fn invite(&self, note: &str, lasts: Duration) -> Result<(Invitation, Secret)> {
        let (invitation, secret) = self.accounts.invite(note, lasts).await?;
        self.note("invitation made", invitation.id.as_str(), Some(note)).await?;
        Ok((invitation, secret))
    }

    /// Makes an unused invitation invalid. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn withdraw_invitation(&self, id: &Id) -> Result<bool> {
        let withdrawn = self.accounts.withdraw_invitation(id).await?;
        if withdrawn {
            self.note("invitation withdrawn", id.as_str(), None).await?;
        }
        Ok(withdrawn)
    }

    /// Makes a link with which a user can set another password once. The secret cannot be shown again.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn begin_reset(&self, user: &User, lasts: Duration) -> Result<Secret> {
        let secret = self.accounts.begin_reset(user, lasts).await?;
        self.note("reset link made", &user.name, None).await?;
        Ok(secret)
    }

    /// Changes a user, and the limits of its jobs; `None` if there is none of this name.
    ///
    /// # Errors
    ///
    /// If a field cannot be used, or the database cannot be reached.
    pub async fn change_user(&self, name: &str, changes: &Changes) -> Result<Option<User>> {
        let Some(user) = self.accounts.change_user(name, changes).await? else { return Ok(None) };
        if let Some(most) = changes.max_running {
            self.queue.limit(&user.id, most).await?;
        }
        let what = match changes.disabled {
            Some(true) => "user disabled",
            Some(false) => "user enabled",
            None => "user changed",
        };
        let detail = changes.to_string();
        self.note(what, &user.name, Some(detail.as_str()).filter(|detail| !detail.is_empty())).await?;
        Ok(Some(user))
    }

    /// Gives a user another password, and ends its sessions. Returns whether there is such a user.
    ///
    /// # Errors
    ///
    /// If the password cannot be used, or the database cannot be reached.
    pub async fn set_password(&self, name: &str, password: &str) -> Result<bool> {
        let found = self.accounts.set_password(name, password).await?;
        if found {
            self.note("password changed", name, None).await?;
        }
        Ok(found)
    }

    /// Removes a user, and cancels its jobs. Returns these; `None` if there is no such user.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached.
    pub async fn remove_user(&self, name: &str) -> Result<Option<Vec<JobId>>> {
        let Some(user) = self.accounts.user(name).await? else { return Ok(None) };
        Gallery::new(self.database.clone()).forget(&user.id).await?;
        let Some(id) = self.accounts.remove_user(name).await? else { return Ok(None) };
        let canceled = self.queue.cancel_all(&id).await?;
        let jobs = crate::text::counted(canceled.len(), "job");
        self.note("user removed", name, Some(&format!("canceled {jobs}"))).await?;
        Ok(Some(canceled))
    }
}
