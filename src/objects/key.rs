//! The keys of objects: what they may look like, and what those of jobs say.

use object_store::path::Path;

use crate::database::Id;
use crate::error::{Error, Result};

/// The longest key, in bytes.
const LONGEST: usize = 200;

/// The key of a file of a job.
#[must_use]
pub fn job_key(job: &Id, claim: i64, name: &str) -> String {
    format!("jobs/{job}/{claim}/{name}")
}

/// The job that a key belongs to; `None` if it is not the key of a job's file.
#[must_use]
pub fn job_of(key: &str) -> Option<Id> {
    let (job, rest) = key.strip_prefix("jobs/")?.split_once('/')?;
    let (claim, name) = rest.split_once('/')?;
    let is_claim = !claim.is_empty() && claim.bytes().all(|digit| digit.is_ascii_digit());
    Id::parse(job).filter(|_| is_claim && !name.is_empty())
}

/// The path of a key in a store. Keys are relative and plain, so that none leads out of the store.
pub(super) fn path_of(key: &str) -> Result<Path> {
    let is_plain = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
    };
    let wrong = || Error::fault(format!("`{}` is not the key of an object", key.escape_debug()));
    if key.len() > LONGEST || !key.split('/').all(is_plain) {
        return Err(wrong());
    }
    Path::parse(key).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_nowhere_else() {
        for key in ["uploads/0a", "jobs/a/1/picture.png", "jobs/a/1/preview-12.png"] {
            assert_eq!(path_of(key).unwrap().as_ref(), key);
        }
        let long = "a".repeat(LONGEST + 1);
        for key in ["", "/", "/a", "a/", "a//b", "..", "a/../b", "a/.b", "A", "a b", "a#1", "a\\b", "a\0", "ä", &long]
        {
            assert!(path_of(key).is_err(), "{key}");
        }
    }

    #[test]
    fn keys_name_their_job() {
        let id = Id::random().unwrap();
        assert_eq!(job_of(&job_key(&id, 12, "picture.png")), Some(id));
        for key in
            ["uploads/a", "jobs/a/1/b", "jobs/00000000000000000000000000/x/b", "jobs/00000000000000000000000000/1/"]
        {
            assert_eq!(job_of(key), None, "{key}");
        }
    }
}
