//! Where objects are, if not in a folder: a bucket of an S3-compatible store.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// A bucket, and the part of it that belongs to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    name: String,
    /// The beginning of all keys, without a slash at its end; empty for none
    prefix: String,
}

/// An S3-compatible store. Its credentials come from the environment or from a profile of the user, as those of Amazon's
/// tools do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The bucket
    pub bucket: Bucket,
    /// The address of the store; Amazon's by default
    pub endpoint: Option<Endpoint>,
    /// The region
    pub region: Option<String>,
    /// Whether paths, and not host names, contain the bucket; the default if there is an endpoint
    pub path_style: Option<bool>,
    /// Whether browsers fetch files directly from the store, through addresses that are signed for a short time
    pub presign: bool,
}

impl Storage {
    /// A bucket at its default place.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket, endpoint: None, region: None, path_style: None, presign: false }
    }

    /// The bucket and the address of its store, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => format!("{} at {endpoint}", self.bucket),
            None => self.bucket.to_string(),
        }
    }
}

impl Bucket {
    /// The name of the bucket.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The beginning of all keys.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for Bucket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text may contain a password.
        let wrong = || "this is not the address of a bucket; write s3://bucket or s3://bucket/prefix".to_owned();
        let (name, prefix) =
            text.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, ""))).ok_or_else(wrong)?;
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        // Amazon's rules for names, and keys that are the same in every store.
        let is_name = (3..=63).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte));
        let is_part = |part: &str| {
            !part.is_empty()
                && part.starts_with(|first: char| first.is_ascii_alphanumeric())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        let is_prefix = prefix.len() <= 200 && (prefix.is_empty() || prefix.split('/').all(is_part));
        if is_name && is_prefix { Ok(Self { name: name.to_owned(), prefix: prefix.to_owned() }) } else { Err(wrong()) }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        write!(formatter, "s3://{}{slash}{}", self.name, self.prefix)
    }
}

crate::text::serde_as_text!(Bucket);

/// The address of a store that is not Amazon's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Whether connections to it are not encrypted.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// The address of a bucket whose name is part of the host name.
    #[must_use]
    pub fn of_bucket(&self, bucket: &str) -> Self {
        let mut url = self.0.clone();
        let host = format!("{bucket}.{}", url.host_str().unwrap_or_default());
        // An IP address is not a name, and stays.
        let _ = url.set_host(Some(&host));
        Self(url)
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| {
            let has_user = !url.username().is_empty() || url.password().is_some();
            ["http", "https"].contains(&url.scheme()) && url.has_host() && url.query().is_none() && !has_user
        });
        // The text may contain a password.
        url.map(Self)
            .ok_or_else(|| "this is not the address of a store; write it like https://s3.example.org".to_owned())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

crate::text::serde_as_text!(Endpoint);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_read_and_written() {
        for (text, written) in [
            ("s3://art", "s3://art"),
            ("s3://art/", "s3://art"),
            ("s3://my.art-1/text2art/two", "s3://my.art-1/text2art/two"),
            ("s3://art/Text_2.art/", "s3://art/Text_2.art"),
        ] {
            assert_eq!(text.parse::<Bucket>().map(|bucket| bucket.to_string()).as_deref(), Ok(written));
        }
        for wrong in [
            "",
            "art",
            "s3:/art",
            "s3://",
            "s3://ab",
            "s3://Art",
            "s3://art//a",
            "s3://art/../a",
            "s3://a rt",
            "gs://art",
            "s3://key:secret@art",
        ] {
            let error = wrong.parse::<Bucket>().unwrap_err();
            assert!(error.contains("s3://bucket/prefix") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn an_endpoint_has_no_credentials() {
        let plain: Endpoint = "http://127.0.0.1:9000/".parse().unwrap();
        assert!(plain.is_plain() && plain.to_string() == "http://127.0.0.1:9000");
        let of_bucket = "https://s3.example.org:9000".parse::<Endpoint>().unwrap().of_bucket("art");
        assert_eq!(of_bucket.to_string(), "https://art.s3.example.org:9000");
        assert!(!"https://s3.example.org".parse::<Endpoint>().unwrap().is_plain());
        for wrong in ["s3.example.org", "ftp://a", "https://key:secret@a", "https://a?key=secret", ""] {
            assert!(!wrong.parse::<Endpoint>().unwrap_err().contains("secret"), "{wrong}");
        }
    }
}
