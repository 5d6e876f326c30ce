//! Who asks.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::problem::Problem;
use crate::accounts::Role;
use crate::queue::Job;

/// Who sent a request. The guard puts it into the extensions of each request that it lets pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The owner of the visitor's jobs: the id of a user, or a name that no user has
    pub owner: String,
    /// The name that people know
    pub name: String,
    /// What the visitor may do
    pub role: Role,
    /// How many jobs the visitor gets for one of a visitor of weight 1
    pub weight: u32,
    /// How many jobs of the visitor may wait at once
    pub max_waiting: u32,
    /// How many jobs of the visitor may run at once
    pub max_running: u32,
}

impl Visitor {
    /// Whoever uses a server on this machine alone that has no users: it is theirs.
    #[must_use]
    pub fn local() -> Self {
        Self {
            owner: "local".into(),
            name: "local".into(),
            role: Role::Operator,
            weight: 1,
            max_waiting: 1000,
            max_running: 1000,
        }
    }

    /// Whether the visitor may see and manage jobs of others.
    #[must_use]
    pub fn operates(&self) -> bool {
        matches!(self.role, Role::Operator | Role::Admin)
    }

    /// Whether the visitor may manage users.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.role == Role::Admin
    }

    /// Whether the visitor may know that there is such a job.
    #[must_use]
    pub fn sees(&self, job: &Job) -> bool {
        self.sees_those_of(&job.owner)
    }

    /// Whether the visitor may know of the jobs of an owner.
    #[must_use]
    pub fn sees_those_of(&self, owner: &str) -> bool {
        self.operates() || self.owner == owner
    }

    /// The owner to whom a search for jobs is limited; none if the visitor may see all.
    #[must_use]
    pub fn limited_to(&self) -> Option<&str> {
        (!self.operates()).then_some(self.owner.as_str())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "this needs a login"))
    }
}
