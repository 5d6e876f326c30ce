//! How letters leave: the SMTP server, how the connection to it is secured, and the sender's address.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::form_urlencoded::byte_serialize;
use url::{Host, Url};

use super::Address;

/// How the connection to an SMTP server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the beginning (`smtps://`)
    Tls,
    /// TLS after a command, without which nothing is sent (`smtp+starttls://`)
    StartTls,
    /// None (`smtp://`), to this machine alone
    Plain,
}

/// The address of an SMTP server, such as `smtps://art@mail.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// How the connection is secured
    pub security: Security,
    /// The name of the server, which its certificate must have
    pub host: String,
    /// The port
    pub port: u16,
    /// The name for the login; none without one
    pub user: Option<String>,
    /// Whether the address contained a password, which is not kept: other users could see it
    pub had_password: bool,
}

/// Who writes letters, such as `Text2Art <art@example.org>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Writer {
    /// The name that readers see
    pub name: Option<String>,
    /// The address
    pub address: Address,
}

/// How letters leave.
#[derive(Clone, PartialEq, Eq)]
pub struct Smtp {
    /// The server
    pub server: SmtpServer,
    /// The password for the login, from the environment
    pub password: Option<String>,
    /// The file with the password, which is read when the sender begins
    pub password_file: Option<PathBuf>,
    /// A file of certificates in PEM to trust besides the usual ones
    pub ca: Option<PathBuf>,
    /// Who writes
    pub from: Writer,
    /// How long a letter belongs to a sender that does not report, normally 60 s; pauses after failures grow with it
    pub lease: Duration,
}

impl FromStr for SmtpServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "this is not the address of an SMTP server; write it like smtps://user@mail.example.org or \
             smtp+starttls://user@mail.example.org:587"
                .to_owned()
        };
        let url = Url::parse(text).map_err(|_| wrong())?;
        let (security, usual) = match url.scheme() {
            "smtps" => (Security::Tls, 465),
            "smtp+starttls" => (Security::StartTls, 587),
            "smtp" => (Security::Plain, 25),
            _ => return Err(wrong()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        // A host of an unknown scheme is not checked by the parser.
        if !is_bare || (Host::parse(&host).is_err() && host.parse::<IpAddr>().is_err()) {
            return Err(wrong());
        }
        let is_local = host.parse::<IpAddr>().map_or(host == "localhost", |address| address.is_loopback());
        if security == Security::Plain && !is_local {
            return Err("without TLS, letters go only to an SMTP server of this machine; use smtps:// or \
                smtp+starttls://"
                .into());
        }
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(unescaped).transpose()?;
        let had_password = url.password().is_some();
        Ok(Self { security, host, port: url.port().unwrap_or(usual), user, had_password })
    }
}

/// A name in an address without its `%40`.
fn unescaped(text: &str) -> Result<String, String> {
    let wrong = || "the user in the address of the SMTP server is not valid".to_owned();
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok()).ok_or_else(wrong)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok().filter(|user| !user.chars().any(char::is_control)).ok_or_else(wrong)
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Tls => "smtps",
            Security::StartTls => "smtp+starttls",
            Security::Plain => "smtp",
        };
        write!(formatter, "{scheme}://")?;
        if let Some(user) = &self.user {
            // A form has `+` for a space, which an address does not.
            write!(formatter, "{}@", byte_serialize(user.as_bytes()).collect::<String>().replace('+', "%20"))?;
        }
        // An IPv6 address has colons.
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(formatter, "{open}{}{close}:{}", self.host, self.port)
    }
}

impl FromStr for Writer {
    type Err = String;

    /// Reads `address` or `name <address>`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) else {
            return Ok(Self { name: None, address: text.parse()? });
        };
        let name = name.trim().trim_matches('"').trim();
        if name.len() > 100 || name.chars().any(char::is_control) {
            return Err("the name of the sender is too long, or has control characters".into());
        }
        Ok(Self { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address: address.parse()? })
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "{name} <{}>", self.address.as_str()),
            None => formatter.write_str(self.address.as_str()),
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the password.
        write!(formatter, "Smtp({}, {})", self.server, self.from)
    }
}

crate::text::serde_as_text!(SmtpServer);
crate::text::serde_as_text!(Writer);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_and_written() {
        for (text, written) in [
            ("smtps://art@mail.example.org", "smtps://art@mail.example.org:465"),
            ("smtp+starttls://a%40b.org@mail.example.org:2525", "smtp+starttls://a%40b.org@mail.example.org:2525"),
            ("smtp://127.0.0.1:1025", "smtp://127.0.0.1:1025"),
            ("smtp://localhost", "smtp://localhost:25"),
            ("smtp://[::1]", "smtp://[::1]:25"),
            ("smtps://a%3Ab%2Fc%25%20+d@mail.example.org", "smtps://a%3Ab%2Fc%25%20%2Bd@mail.example.org:465"),
        ] {
            let server: SmtpServer = text.parse().unwrap();
            assert_eq!(server.to_string(), written);
            assert_eq!(written.parse::<SmtpServer>(), Ok(server));
        }
        assert_eq!("smtp://[::1]:25".parse::<SmtpServer>().unwrap().host, "::1");
        for (wrong, words) in [
            ("mail.example.org", "write it like"),
            ("https://mail.example.org", "write it like"),
            ("smtps://", "write it like"),
            ("smtps://mail.example.org/a", "write it like"),
            ("smtp://mail.example.org", "without TLS"),
            ("smtp://192.0.2.1", "without TLS"),
            ("smtps://%0a@mail.example.org", "not valid"),
        ] {
            let error = wrong.parse::<SmtpServer>().unwrap_err();
            assert!(error.contains(words), "{wrong}: {error}");
        }
        let server: SmtpServer = "smtps://art:secret@mail.example.org".parse().unwrap();
        assert!(server.had_password && !format!("{server} {server:?}").contains("secret"));
    }

    #[test]
    fn senders_may_have_a_name() {
        for (text, written) in [
            ("art@example.org", "art@example.org"),
            ("<art@example.org>", "art@example.org"),
            ("\"Text2Art\" <art@Example.org>", "Text2Art <art@example.org>"),
        ] {
            assert_eq!(text.parse::<Writer>().unwrap().to_string(), written);
        }
        for wrong in ["", "art", "Text2Art <art>", "a\nb <art@example.org>", "<art@example.org> Text2Art"] {
            assert!(wrong.parse::<Writer>().is_err(), "{wrong}");
        }
    }
}
