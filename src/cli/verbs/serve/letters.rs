//! How `serve` sends letters, from its options and the environment.

use std::time::Duration;

use super::arguments::Options;
use crate::cli::options::sources::SMTP_PASSWORD;
use crate::mail::Smtp;
use crate::{Error, Result};

/// How long a letter belongs to a server that no longer reports, in seconds.
const USUAL_LEASE: f64 = 60.0;

/// Reads a lease in seconds.
pub(super) fn lease(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.5..=3600.0).contains(seconds));
    seconds.ok_or_else(|| format!("`{text}` is not a number of seconds from 0.5 to 3600"))
}

/// How letters are sent; none if they are not.
pub(super) fn smtp(options: &Options) -> Result<Option<Smtp>> {
    let Some(server) = options.smtp.clone() else {
        if options.mail_from.is_some() {
            return Err(Error::usage(
                "‹mail-from› is given, but no server to send letters by",
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
            "‹smtp› is given, but not who writes the letters",
            "give the address with ‹mail-from›, such as art@example.org",
        ));
    };
    Ok(Some(Smtp {
        server,
        password: std::env::var(SMTP_PASSWORD).ok().filter(|password| !password.is_empty()),
        password_file: options.smtp_password_file.clone(),
        ca: options.smtp_ca.clone(),
        from,
        lease: Duration::from_secs_f64(options.mail_lease.unwrap_or(USUAL_LEASE).clamp(0.5, 3600.0)),
    }))
}
