//! Errors of the store as errors of the library.

use std::error::Error as _;
use std::io::ErrorKind;

use crate::error::Error;

/// What is wrong with an object that does not exist.
const MISSING: &str = "there is no such object in the store";

/// Whether the error says that an object does not exist.
#[must_use]
pub fn is_missing(error: &Error) -> bool {
    matches!(error, Error::File { problem, .. } if problem == MISSING)
}

/// What is wrong with a bucket that does not exist.
pub(super) const NO_BUCKET: &str = "NoSuchBucket";

/// The message for a bucket that does not exist.
const NO_BUCKET_IN_WORDS: &str = "there is no such bucket in the storage";
/// The message for credentials without the necessary permissions.
const REFUSED: &str = "the storage refused access to";
/// What the library says if the store redirects to another region.
const OTHER_REGION: &str = "incorrectly configured region";
/// The message for a bucket in another region.
const OTHER_REGION_IN_WORDS: &str = "the bucket is in another region";
/// Where machines at Amazon get the credentials of their role.
const ROLES: &str = "http://169.254.169.254";

/// An error from the first use of a bucket. If waiting cannot help, the user has to fix the problem.
#[cfg(any(test, feature = "s3"))]
pub(super) fn fault_at_start(bucket: &super::Bucket, error: Error) -> Error {
    match error {
        Error::Network { message, hint }
            if message == NO_BUCKET_IN_WORDS || message == OTHER_REGION_IN_WORDS || message.starts_with(REFUSED) =>
        {
            Error::usage(format!("{bucket}: {message}"), hint)
        }
        other => other,
    }
}

/// An error of the store about an object.
pub(super) fn fault(key: &str, error: &object_store::Error) -> Error {
    let text = error.to_string();
    match error {
        object_store::Error::NotFound { .. } if text.contains(NO_BUCKET) => {
            return Error::network(NO_BUCKET_IN_WORDS, "create the bucket, or correct ‹storage›");
        }
        object_store::Error::NotFound { .. } => return Error::file(key, MISSING, "it was deleted, or never stored"),
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            return Error::network(
                format!("{REFUSED} {key}"),
                "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; they must allow listing, reading, writing and deleting",
            );
        }
        object_store::Error::Generic { store: "S3", .. } if text.contains(OTHER_REGION) => {
            return Error::network(OTHER_REGION_IN_WORDS, "set the region of the bucket with ‹storage-region›");
        }
        object_store::Error::Generic { store: "S3", .. } if text.contains(ROLES) => {
            return Error::network(
                "no credentials for the storage were found, and this machine has no role",
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile in ~/.aws/credentials with AWS_PROFILE",
            );
        }
        object_store::Error::Generic { store: "S3", .. } => {
            return Error::network(
                format!("the storage failed at {key}: {text}"),
                "check the network and the ‹storage› options, and try again",
            );
        }
        _ => {}
    }
    match cause(error) {
        Some((kind, text)) => fault_of_disk(key, kind, &text),
        None => Error::network(format!("the store of objects failed at {key}: {text}"), "try again in a moment"),
    }
}

/// An error of the system about the file of an object, or about a file that an object goes to or comes from.
pub(super) fn fault_of_file(name: &str, error: &std::io::Error) -> Error {
    fault_of_disk(name, error.kind(), &error.to_string())
}

fn fault_of_disk(name: &str, kind: ErrorKind, text: &str) -> Error {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Error::network("the disk of the store of objects is full", "free some space on the disk")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Error::network(
            format!("the store of objects refused access to {name}: {text}"),
            "make the folder of the objects and all in it readable and writable",
        ),
        _ => Error::network(format!("the store of objects failed at {name}: {text}"), "check the disk, and try again"),
    }
}

/// The system's error behind an error of the store.
fn cause(error: &object_store::Error) -> Option<(ErrorKind, String)> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return Some((error.kind(), error.to_string()));
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waiting_cannot_mend_is_a_mistake_at_the_start() {
        let bucket = "s3://art/a".parse().unwrap();
        let at_start = |error: object_store::Error| fault_at_start(&bucket, fault("checks/1", &error));
        let s3 = |text: &str| object_store::Error::Generic { store: "S3", source: text.into() };
        let (path, missing) = ("checks/1".to_owned(), format!("<Error><Code>{NO_BUCKET}</Code></Error>"));
        for (error, words) in [
            (object_store::Error::NotFound { path: path.clone(), source: missing.into() }, "there is no such bucket"),
            (object_store::Error::PermissionDenied { path: path.clone(), source: "403".into() }, "refused access"),
            (object_store::Error::Unauthenticated { path, source: "401".into() }, "refused access"),
            (s3("redirect: this normally indicates an incorrectly configured region"), "another region"),
        ] {
            let error = at_start(error);
            assert!(error.is_usage() && error.to_string().starts_with("s3://art/a: "), "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
        for (text, words) in [("connection refused", "connection refused"), (ROLES, "no credentials")] {
            let error = at_start(s3(text));
            assert!(!error.is_usage() && error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = |kind: ErrorKind| object_store::Error::Generic {
            store: "disk",
            source: Box::new(std::io::Error::from(kind)),
        };
        let error = fault("a", &full(ErrorKind::StorageFull));
        assert_eq!(error.to_string(), "the disk of the store of objects is full");
        assert_eq!(error.hint(), "free some space on the disk");
        assert!(fault("a", &full(ErrorKind::PermissionDenied)).hint().contains("writable"));
        assert!(!is_missing(&error));
        let missing = object_store::Error::NotFound { path: "a".into(), source: "gone".into() };
        assert!(is_missing(&fault("a", &missing)));
    }
}
