//! A store that speaks S3.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use object_store::{BackoffConfig, ClientOptions, RetryConfig, StaticCredentialProvider};

use super::fault::fault;
use super::profile::Profile;
use super::storage::{Endpoint, Storage};
use crate::error::{Error, Result};

/// How long a signed address is valid: long enough to start a download, or to seek in a movie.
const SIGNED_FOR: Duration = Duration::from_mins(10);
/// The longest wait for a connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);
/// The longest wait for the next bytes of an answer.
const SILENCE: Duration = Duration::from_secs(20);
/// How long to retry a request. The caller retries as well.
const RETRIES: Duration = Duration::from_secs(15);

/// The part of a bucket that belongs to a server.
pub(super) type S3 = PrefixStore<AmazonS3>;

/// The store with this description, with credentials from the environment, or else from a profile of the user.
///
/// # Errors
///
/// If the description is not possible, or a file of profiles cannot be used.
pub(super) fn store(storage: &Storage) -> Result<Arc<S3>> {
    // `reqwest` has no provider of its own here. An already installed provider is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The environment first, so that options take precedence.
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(storage.bucket.name());
    let Profile { keys, region, endpoint: of_profile } = Profile::read()?;
    if let Some(keys) = keys {
        let credential = AwsCredential { key_id: keys.id, secret_key: keys.secret, token: keys.token };
        builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(credential)));
    }
    let named = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
    let endpoint = match (&storage.endpoint, named) {
        (Some(endpoint), _) => Some(endpoint.clone()),
        (None, Some(named)) => Some(named.parse::<Endpoint>().map_err(|problem| {
            Error::usage(format!("AWS_ENDPOINT_URL: {problem}"), "correct it, or use ‹storage-endpoint›")
        })?),
        (None, None) => of_profile.filter(|_| builder.get_config_value(&AmazonS3ConfigKey::S3Endpoint).is_none()),
    };
    // Amazon's store accepts the bucket as part of the host name; most others do not.
    let path_style = storage.path_style.unwrap_or(endpoint.is_some());
    if let Some(endpoint) = &endpoint {
        let endpoint = if path_style { endpoint.clone() } else { endpoint.of_bucket(storage.bucket.name()) };
        builder = builder.with_endpoint(endpoint.to_string());
    }
    let of_environment = builder.get_config_value(&AmazonS3ConfigKey::Region);
    if let Some(region) = storage.region.clone().or(region.filter(|_| of_environment.is_none())) {
        builder = builder.with_region(region);
    }
    let client = ClientOptions::new()
        .with_connect_timeout(CONNECTION_WAIT)
        .with_read_timeout(SILENCE)
        // A limit would include the body, and a movie can take long. The limit for reading notices a silent store.
        .with_timeout_disabled()
        .with_allow_http(endpoint.as_ref().is_some_and(Endpoint::is_plain));
    let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: 5, retry_timeout: RETRIES };
    builder = builder.with_virtual_hosted_style_request(!path_style).with_client_options(client).with_retry(retry);
    let store = builder.build().map_err(|error| {
        Error::usage(format!("the storage {} cannot be used: {error}", storage.bucket), "check the ‹storage› options")
    })?;
    Ok(Arc::new(PrefixStore::new(store, storage.bucket.prefix())))
}

/// An address at which anyone can fetch an object for ten minutes, as a file of this type and disposition.
///
/// # Errors
///
/// If there are no credentials.
pub(super) async fn signed(store: &S3, path: &Path, media_type: &str, disposition: &str) -> Result<String> {
    let options = SignedUrlOptions::new().with_query([
        ("response-content-type", media_type),
        ("response-content-disposition", disposition),
        // As long as the address is valid.
        ("response-cache-control", "private, max-age=600"),
    ]);
    let signed = store.signed_url_opts(Method::GET, path, SIGNED_FOR, &options).await;
    signed.map(String::from).map_err(|error| fault(path.as_ref(), &error))
}
