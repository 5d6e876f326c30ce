//! How a server sends email.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::options::layers::layered;
use crate::cli::options::lease::lease;
use crate::cli::options::sources::SMTP_PASSWORD;
use crate::mail::{Smtp, SmtpServer, Writer};
use crate::{Error, Result};

/// How long a letter belongs to a server that no longer reports.
const USUAL_LEASE: Duration = Duration::from_secs(60);

layered! {
    /// How a server sends letters.
    pub(in crate::cli::verbs::serve) struct LetterOptions {
        /// SMTP server to send email through, such as `smtps://user@mail.example.org` [default: no email]
        ///
        /// `smtp+starttls://` connects without TLS, then upgrades to it. `smtp://` has no TLS, and is only for a server on this
        /// machine. Set the password for the SMTP server in `TEXT2ART_SMTP_PASSWORD`, or use --smtp-password-file.
        #[arg(long, value_name = "URL")]
        smtp: SmtpServer,
        /// File whose first line is the password for --smtp
        #[arg(long, value_name = "FILE")]
        smtp_password_file: PathBuf,
        /// File of certificates to trust for --smtp besides the usual ones
        #[arg(long, value_name = "FILE")]
        smtp_ca: PathBuf,
        /// Sender of emails, such as art@example.org; may have a name, as in "Name <address>"
        #[arg(long, value_name = "ADDRESS")]
        mail_from: Writer,
        /// How long a letter belongs to a server that no longer reports, in seconds
        #[arg(long, value_name = "SECONDS", hide = true, value_parser = lease)]
        mail_lease: Duration [unwritten],
    }
}

impl LetterOptions {
    /// How letters are sent; none if they are not.
    pub(in crate::cli::verbs::serve) fn smtp(&self) -> Result<Option<Smtp>> {
        let Some(server) = self.smtp.clone() else {
            if self.mail_from.is_some() {
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
        let Some(from) = self.mail_from.clone() else {
            return Err(Error::usage(
                "‹smtp› is given without a sender address",
                "give the address with ‹mail-from›, such as art@example.org",
            ));
        };
        Ok(Some(Smtp {
            server,
            password: std::env::var(SMTP_PASSWORD).ok().filter(|password| !password.is_empty()),
            password_file: self.smtp_password_file.clone(),
            ca: self.smtp_ca.clone(),
            from,
            lease: self.mail_lease.unwrap_or(USUAL_LEASE),
        }))
    }
}
