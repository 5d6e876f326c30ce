//! How `serve` sends letters, from its options and the environment.

use std::time::Duration;

use super::arguments::Options;
use crate::cli::options::sources::SMTP_PASSWORD;
use crate::mail::Smtp;
use crate::{Error, Result};

/// How long a letter belongs to a server that no longer reports.
const USUAL_LEASE: Duration = Duration::from_secs(60);

/// How letters are sent; none if they are not.
pub(super) fn smtp(options: &Options) -> Result<Option<Smtp>> {
    let Some(server) = options.smtp.clone() else {
        if options.mail_from.is_some() {
            return Err(Error::usage(
                "‹mail-from› is given without a server to send through",
                "name the server with ‹smtp›, such as smtps://user@mail.example.org",
            ));
        }
        return Ok(None);
    };
    if server.had_password {
        return Err(Error::usage(
            "the address in ‹smtp› contains a password, which other users of this machine could see",
            "give the password in TEXT2ART_SMTP_PASSWORD, or name a file that contains it with ‹smtp-password-file›",
        ));
    }
    let Some(from) = options.mail_from.clone() else {
        return Err(Error::usage(
            "‹smtp› is given without a sender address",
            "give the address with ‹mail-from›, such as art@example.org",
        ));
    };
    Ok(Some(Smtp {
        server,
        password: std::env::var(SMTP_PASSWORD).ok().filter(|password| !password.is_empty()),
        password_file: options.smtp_password_file.clone(),
        ca: options.smtp_ca.clone(),
        from,
        lease: options.mail_lease.unwrap_or(USUAL_LEASE),
    }))
}
