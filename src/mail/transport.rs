//! The connection to an SMTP server.

use std::time::Duration;

use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::smtp::{Security, Smtp};
use crate::error::{Error, Result};
use crate::files::read_text_from_anywhere;

/// The longest wait for a connection.
const CONNECTING: Duration = Duration::from_secs(30);
/// Answers to a login. A wrong password is no fault of a letter.
const OF_LOGINS: [u16; 5] = [530, 534, 535, 538, 454];

/// Sends messages, each by a connection of its own: a sending that is given up in the middle leaves none behind that
/// another one could use.
pub(super) struct Transport(AsyncSmtpTransport<Tokio1Executor>);

/// Why a message was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Whether another try would fail as well
    pub for_good: bool,
    /// The server's words
    pub words: String,
}

impl Transport {
    /// A transport, which connects when it sends. Must be made within a runtime.
    ///
    /// # Errors
    ///
    /// If the file of certificates or of the password cannot be used.
    pub fn new(smtp: &Smtp) -> Result<Self> {
        let server = &smtp.server;
        let tls = match server.security {
            Security::Plain => Tls::None,
            Security::Tls => Tls::Wrapper(parameters(smtp)?),
            Security::StartTls => Tls::Required(parameters(smtp)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.as_str())
            .port(server.port)
            .tls(tls)
            .timeout(Some(CONNECTING))
            .pool_config(PoolConfig::new().max_size(0));
        if let Some(user) = &server.user {
            builder = builder.credentials(Credentials::new(user.clone(), password(smtp)?));
        }
        Ok(Self(builder.build()))
    }

    /// Sends a message. Whoever calls this limits the time.
    pub async fn send(&self, message: Message) -> Result<(), Refusal> {
        self.0.send(message).await.map(drop).map_err(|error| {
            let code = error.status().map(u16::from);
            let for_good = error.is_permanent() && code.is_none_or(|code| !OF_LOGINS.contains(&code));
            Refusal { for_good, words: error.to_string() }
        })
    }
}

/// The password: from a file if one is named, else from the environment.
fn password(smtp: &Smtp) -> Result<String> {
    let Some(path) = &smtp.password_file else {
        return smtp.password.clone().ok_or_else(|| {
            Error::usage(
                "the SMTP server has a user, but no password was given",
                "give the password in TEXT2ART_SMTP_PASSWORD, or name a file that contains it with ‹smtp-password-file›",
            )
        });
    };
    let hint = "name a file whose first line is the password, and let this program read it";
    let text = read_text_from_anywhere(path, hint)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() { Err(Error::file(path, "the file has no password", hint)) } else { Ok(line.to_owned()) }
}

fn parameters(smtp: &Smtp) -> Result<TlsParameters> {
    let mut builder = TlsParameters::builder(smtp.server.host.clone());
    if let Some(path) = &smtp.ca {
        const HINT: &str = "name a file of certificates in PEM, as a certificate authority gives them";
        let text = read_text_from_anywhere(path, HINT)?;
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            return Err(Error::file(path, "the file has no certificate", HINT));
        }
        let certificate = Certificate::from_pem(text.as_bytes())
            .map_err(|error| Error::file(path, format!("the certificates cannot be used: {error}"), HINT))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| {
        Error::usage(
            format!("the connection to the SMTP server cannot be secured: {error}"),
            "check ‹smtp› and ‹smtp-ca›",
        )
    })
}
