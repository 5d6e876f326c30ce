//! Which server to talk to, and as whom.

use std::path::Path;

use super::sources;
use crate::client::{Address, Server, Token, TokenFile};
use crate::progress::Stop;
use crate::{Error, Result};

/// The name of the file of tokens in the folder of the user's configuration.
const TOKENS: &str = "tokens.toml";

/// The server that a verb talks to.
#[derive(clap::Args)]
pub(in crate::cli) struct Remote {
    /// Address of the server [default: port 8080 of this machine]
    ///
    /// To change the default, set `TEXT2ART_SERVER`, or `server` in the configuration file.
    #[arg(long, value_name = "URL", help_heading = "Server")]
    server: Option<Address>,
}

impl Remote {
    /// The server at an address, or the default server.
    pub(in crate::cli) fn at(server: Option<Address>) -> Self {
        Self { server }
    }

    /// The address of the server: the one that was given, else that of the environment, else that of a configuration
    /// file, else the one where `serve` listens.
    pub(in crate::cli) fn address(&self, config: Option<&Path>) -> Result<Address> {
        if let Some(address) = &self.server {
            return Ok(address.clone());
        }
        let hint = "write the address of a server, such as https://art.example.org";
        let read = |source: &str, text: &str| {
            text.parse().map_err(|problem| Error::usage(format!("{source}: {problem}"), hint))
        };
        if let Some(text) = variable(sources::SERVER)? {
            return read(sources::SERVER, &text);
        }
        match sources::server(config)? {
            Some(text) => read("`server` in the configuration file", &text),
            None => Ok(Address::default()),
        }
    }

    /// The server, which ends its requests when `stop` is requested.
    pub(in crate::cli) fn connect(&self, config: Option<&Path>, stop: &Stop) -> Result<Server> {
        let address = self.address(config)?;
        let token = token(&address)?;
        Server::new(address, token, stop)
    }

    /// The option with which another command reaches the same server, with a space before it; nothing if it needs none.
    pub(in crate::cli) fn as_option(&self) -> String {
        self.server.as_ref().map_or_else(String::new, |address| format!(" --server {address}"))
    }
}

/// The token for a server: that of the environment, which is for whatever server is asked, else the one that is kept.
fn token(address: &Address) -> Result<Option<Token>> {
    if let Some(text) = variable(sources::TOKEN)? {
        let token = text.parse().map_err(|problem| {
            Error::usage(format!("{}: {problem}", sources::TOKEN), format!("set {} to only the token", sources::TOKEN))
        });
        return token.map(Some);
    }
    tokens().map_or(Ok(None), |file| file.token(address))
}

/// The file of tokens; none if the user has no folder for configuration.
pub(in crate::cli) fn tokens() -> Option<TokenFile> {
    sources::users_folder().map(|folder| TokenFile::at(folder.join(TOKENS)))
}

/// The value of a variable that is set and not empty.
fn variable(name: &str) -> Result<Option<String>> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    let wrong = |_| Error::usage(format!("{name}: the value is not valid UTF-8"), format!("fix or unset {name}"));
    value.into_string().map(Some).map_err(wrong)
}
