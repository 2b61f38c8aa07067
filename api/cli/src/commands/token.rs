//! `token --client client.toml --scope "…"`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use client::Client;
use domain::Scope;
use secrecy::ExposeSecret;

use crate::failures::Failure;

/// Print an access token, for curl
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The client's configuration
    #[arg(long, value_name = "client.toml")]
    client: PathBuf,
    /// The scopes, with a space between them; all that the client holds if left out
    #[arg(long, value_delimiter = ' ')]
    scope: Vec<Scope>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let client = Client::open(&arguments.client)?;
    let scopes = arguments.scope.iter().copied().collect();
    let token = super::runtime()?.block_on(client.token(&scopes))?;
    writeln!(std::io::stdout().lock(), "{}", token.expose_secret())?;
    Ok(ExitCode::SUCCESS)
}
