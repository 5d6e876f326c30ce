//! A store in a bucket, which can deliver its objects directly.

use super::Objects;
#[cfg(feature = "s3")]
use super::fault::fault_at_start;
#[cfg(feature = "s3")]
use super::key::path_of;
#[cfg(feature = "s3")]
use super::s3;
use super::storage::Storage;
use super::store::Place;
use crate::error::{Error, Result};

impl Objects {
    /// The store in a bucket, which must let this process list, read, write and delete objects.
    ///
    /// # Errors
    ///
    /// If this program was built without S3, or the bucket cannot be used.
    #[cfg_attr(not(feature = "s3"), allow(clippy::unused_async))]
    pub async fn bucket(storage: &Storage) -> Result<Self> {
        #[cfg(feature = "s3")]
        {
            let bucket = s3::store(storage)?;
            let mut objects = Self { store: bucket.clone(), place: Place::Bucket { bucket, origin: None } };
            objects.check().await.map_err(|error| fault_at_start(&storage.bucket, error))?;
            if storage.presign {
                objects.deliver_directly().await?;
            }
            Ok(objects)
        }
        #[cfg(not(feature = "s3"))]
        {
            Err(Error::usage(
                format!("this program was built without S3, so it cannot use {}", storage.bucket),
                "build it with `cargo install --path . --features farm`, or leave out ‹storage› to use a folder on this \
                 machine",
            ))
        }
    }

    /// Lets the bucket deliver its objects itself.
    #[cfg(feature = "s3")]
    async fn deliver_directly(&mut self) -> Result<()> {
        if let Place::Bucket { bucket, origin } = &mut self.place {
            let signed = s3::signed(bucket, &path_of("checks")?, "text/plain", "inline").await?;
            let signed = url::Url::parse(&signed).map_err(|_| Error::fault("the storage cannot sign addresses"))?;
            *origin = Some(signed.origin().ascii_serialization().into());
        }
        Ok(())
    }

    /// The origin that pages load files from, if the store delivers its objects itself.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        match &self.place {
            Place::Folder(_) => None,
            #[cfg(feature = "s3")]
            Place::Bucket { origin, .. } => origin.as_deref(),
        }
    }

    /// An address at which anyone can fetch an object from the store for ten minutes; `None` if the store does not deliver its
    /// objects itself. `disposition` is a `Content-Disposition` header.
    ///
    /// # Errors
    ///
    /// If the store has no credentials.
    #[cfg_attr(not(feature = "s3"), allow(clippy::unused_async))]
    pub async fn direct(&self, key: &str, media_type: &str, disposition: &str) -> Result<Option<String>> {
        match &self.place {
            #[cfg(feature = "s3")]
            Place::Bucket { bucket, origin: Some(_) } => {
                s3::signed(bucket, &path_of(key)?, media_type, disposition).await.map(Some)
            }
            _ => {
                let _ = (key, media_type, disposition);
                Ok(None)
            }
        }
    }
}
