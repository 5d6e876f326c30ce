//! The database and the storage that the servers and workers of a farm share.

use super::layers::layered;
use crate::database::Address;
use crate::objects::{Bucket, Endpoint, Storage};
use crate::worker::Elsewhere;
use crate::{Error, Result};

layered! {
    /// The options for a database and storage on other machines, from one source.
    pub(in crate::cli) struct ElsewhereArguments {
        /// PostgreSQL database for the queue and the users, such as `postgres://art@db.example.org/art` [default: a file in --data]
        ///
        /// All servers and workers with the same --database and --storage work together. Put the password in `PGPASSWORD` or
        /// `~/.pgpass`, or in the address if the address is in the configuration file or in `TEXT2ART_SERVE_DATABASE`.
        #[arg(long, value_name = "URL")]
        pub(in crate::cli) database: Address,
        /// Direct address of the same database, for notifications, if --database is a pooler such as PgBouncer [default: --database]
        #[arg(long, value_name = "URL")]
        pub(in crate::cli) database_listen: Address,
        /// S3 bucket for the pictures, such as `s3://bucket/prefix` [default: a folder in --data]
        ///
        /// Credentials come from the same places as for Amazon's tools: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, then
        /// the profile `AWS_PROFILE` (or `default`) in `~/.aws/credentials` and `~/.aws/config`, then the role of the
        /// machine.
        #[arg(long, value_name = "URL")]
        pub(in crate::cli) storage: Bucket,
        /// Address of an S3-compatible store other than Amazon's [default: `AWS_ENDPOINT_URL`, else the profile's]
        #[arg(long, value_name = "URL")]
        pub(in crate::cli) storage_endpoint: Endpoint,
        /// Region of the bucket [default: `AWS_REGION`, else the profile's, else us-east-1]
        #[arg(long, value_name = "NAME")]
        pub(in crate::cli) storage_region: String,
        /// Put the bucket's name in the path of addresses, not in the host [default: true with an endpoint]
        #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
        pub(in crate::cli) storage_path_style: bool,
        /// Redirect downloads to the store, through presigned addresses that are valid for 10 minutes
        #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
        pub(in crate::cli) storage_presign: bool,
    }
}

impl ElsewhereArguments {
    /// Refuses passwords on the command line, which all users of the machine can read.
    ///
    /// # Errors
    /// If an address contains a password.
    pub(in crate::cli) fn check_command_line(&self) -> Result<()> {
        let addresses = [("database", &self.database), ("database-listen", &self.database_listen)];
        let has_password = |address: &Option<Address>| address.as_ref().is_some_and(Address::has_password);
        match addresses.into_iter().find(|(_, address)| has_password(address)) {
            None => Ok(()),
            Some((option, _)) => Err(Error::usage(
                format!("‹{option}› contains a password, which other users of this machine can see"),
                "set PGPASSWORD, use ~/.pgpass, or put the address in the configuration file",
            )),
        }
    }

    /// The database and storage that these options name.
    ///
    /// # Errors
    /// If an option belongs to a database or storage that is not named.
    pub(in crate::cli) fn elsewhere(self) -> Result<Elsewhere> {
        let needs = |option: &str, other: &str, such: &str| {
            Error::usage(
                format!("‹{option}› needs ‹{other}›"),
                format!("add ‹{other}› {such}, or leave out ‹{option}›"),
            )
        };
        if self.database.is_none() && self.database_listen.is_some() {
            return Err(needs("database-listen", "database", "postgres://user@host/database"));
        }
        let about_storage = [
            ("storage-endpoint", self.storage_endpoint.is_some()),
            ("storage-region", self.storage_region.is_some()),
            ("storage-path-style", self.storage_path_style.is_some()),
            ("storage-presign", self.storage_presign.is_some()),
        ];
        let Some(bucket) = self.storage else {
            return match about_storage.into_iter().find(|(_, given)| *given) {
                Some((option, _)) => Err(needs(option, "storage", "s3://bucket/prefix")),
                None => Ok(Elsewhere { database: self.database, database_listen: self.database_listen, storage: None }),
            };
        };
        let storage = Storage {
            bucket,
            endpoint: self.storage_endpoint,
            region: self.storage_region,
            path_style: self.storage_path_style,
            presign: self.storage_presign.unwrap_or_default(),
        };
        Ok(Elsewhere { database: self.database, database_listen: self.database_listen, storage: Some(storage) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::options::layers::Layer;

    #[test]
    fn passwords_are_refused_where_others_read_them() {
        let with = |address: &str| ElsewhereArguments { database: address.parse().ok(), ..Default::default() };
        with("postgres://art@localhost/art").check_command_line().unwrap();
        let error = with("postgres://art:secret@localhost/art").check_command_line().unwrap_err();
        assert!(error.to_string().starts_with("--database") && !error.to_string().contains("secret"), "{error}");
        // A configuration file may contain a password.
        let elsewhere = with("postgres://art:secret@localhost/art").elsewhere().unwrap();
        assert!(elsewhere.database.is_some() && !format!("{elsewhere:?}").contains("secret"));
    }

    #[test]
    fn what_belongs_to_a_storage_needs_one() {
        let lonely = ElsewhereArguments { storage_presign: Some(true), ..Default::default() };
        assert!(lonely.clone().elsewhere().unwrap_err().to_string().contains("--storage-presign needs --storage"));
        let both = lonely.or(ElsewhereArguments { storage: "s3://art/a".parse().ok(), ..Default::default() });
        let storage = both.elsewhere().unwrap().storage.unwrap();
        assert!(storage.presign && storage.bucket.prefix() == "a" && storage.path_style.is_none());
        let lonely = ElsewhereArguments { database_listen: "postgres://a".parse().ok(), ..Default::default() };
        assert!(lonely.elsewhere().is_err());
        assert_eq!(ElsewhereArguments::default().elsewhere().unwrap(), Elsewhere::default());
    }
}
