//! `text2art login`: keeps the token for a server.

use std::io::{IsTerminal, stdin};

use crate::Error;
use crate::cli::options::remote::{Remote, tokens};
use crate::cli::terminal::detach::detach_on_signal;
use crate::cli::terminal::{answer, hidden, line};
use crate::client::{Server, Token};

/// The arguments of `login`.
#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Forget the token for the server
    #[arg(long)]
    forget: bool,
    #[command(flatten)]
    remote: Remote,
}

pub(in crate::cli) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let address = arguments.remote.address(None)?;
    let nowhere = || Error::usage("there is no folder for the token", "set HOME, or set TEXT2ART_TOKEN");
    let file = tokens().ok_or_else(nowhere)?;
    if arguments.forget {
        return Ok(file.set(&address, None)?);
    }
    let stop = detach_on_signal()?.stop;
    let text = if stdin().is_terminal() {
        hidden(&format!("Token for {address}: "), &stop)?
    } else {
        answer(&stop)?.unwrap_or_default()
    };
    let token: Token = text
        .parse()
        .map_err(|problem: String| Error::usage(problem, "paste the token as the server showed it, such as t2a_..."))?;
    Server::new(address.clone(), Some(token.clone()), &stop)?.check_token()?;
    file.set(&address, Some(token))?;
    line(&format!("the token for {address} is in {}", file.path().display()));
    Ok(())
}
