//! The commands, one file each.

mod assurance;
mod audit_verify;
mod demo;
mod formats;
mod init;
mod keys_rotate;
mod migrate;
mod openapi;
mod push;
mod release_build;
mod retention_run;
mod serve;
mod signals;
mod token;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Parser, Subcommand};

use crate::failures::Failure;

/// A gateway through which NHS organisations and councils share what they lawfully may about children
/// with special educational needs and disabilities.
#[derive(Debug, Parser)]
#[command(name = "sendbridge", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Init(init::Arguments),
    Serve(serve::Arguments),
    Push(push::Arguments),
    Token(token::Arguments),
    /// Look after the log of disclosures and refusals
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Look after the gateway's keys
    #[command(subcommand)]
    Keys(KeysCommand),
    Assurance(assurance::Arguments),
    Migrate(migrate::Arguments),
    Openapi(openapi::Arguments),
    Formats(formats::Arguments),
    /// Look after the released tables
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Look after how long records are kept
    #[command(subcommand)]
    Retention(RetentionCommand),
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    Verify(audit_verify::Arguments),
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    Rotate(keys_rotate::Arguments),
}

#[derive(Debug, Subcommand)]
enum RetentionCommand {
    Run(retention_run::Arguments),
}

#[derive(Debug, Subcommand)]
enum ReleaseCommand {
    Build(release_build::Arguments),
}

/// The gateway that a command is about.
#[derive(Debug, clap::Args)]
struct GatewayFile {
    /// The gateway's configuration
    #[arg(long, value_name = "gateway.toml")]
    config: PathBuf,
}

impl GatewayFile {
    fn read(&self) -> Result<server::Configuration, Failure> {
        Ok(server::Configuration::read(&self.config)?)
    }
}

/// Runs the command that the process was started with. A command that fails says why in one line on
/// standard error and exits with 1. So do wrong arguments: 2 means that `push` had some rows rejected.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let printed = error.print();
            return if error.use_stderr() || printed.is_err() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let done = match &arguments.command {
        Command::Demo(arguments) => demo::run(arguments),
        Command::Init(arguments) => init::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Push(arguments) => push::run(arguments),
        Command::Token(arguments) => token::run(arguments),
        Command::Audit(AuditCommand::Verify(arguments)) => audit_verify::run(arguments),
        Command::Keys(KeysCommand::Rotate(arguments)) => keys_rotate::run(arguments),
        Command::Assurance(arguments) => assurance::run(arguments),
        Command::Migrate(arguments) => migrate::run(arguments),
        Command::Openapi(arguments) => openapi::run(arguments),
        Command::Formats(arguments) => formats::run(arguments),
        Command::Release(ReleaseCommand::Build(arguments)) => release_build::run(arguments),
        Command::Retention(RetentionCommand::Run(arguments)) => retention_run::run(arguments),
    };
    done.unwrap_or_else(|failure| {
        // If standard error cannot be written to, nothing is left to do.
        let _ = writeln!(std::io::stderr().lock(), "sendbridge: {failure}");
        ExitCode::FAILURE
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn day(text: &str) -> Result<NaiveDate, String> {
    domain::parse_day(text).ok_or_else(|| "a day is written CCYY-MM-DD".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_arguments_make_sense_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_documented_lines_are_understood() {
        for line in [
            "sendbridge demo",
            "sendbridge demo --dir here --once --children 500 --seed 7",
            "sendbridge init here",
            "sendbridge serve --config gateway.toml",
            "sendbridge push list.csv --dataset waiting-list --client client.toml",
            "sendbridge push list.csv --dataset waiting-list --format csv --mode snapshot --list autism --as-of 2026-11-20 --validate \
             --nil-return --confirm-shrink --again --organisation RWR --client client.toml",
            "sendbridge token --client client.toml --scope waiting-list:read",
            "sendbridge audit verify --config gateway.toml",
            "sendbridge keys rotate --config gateway.toml",
            "sendbridge keys rotate --config gateway.toml --key look-up --delay 120",
            "sendbridge keys rotate --config gateway.toml --key release --confirm-fresh-noise",
            "sendbridge keys rotate --config gateway.toml --key all --retire",
            "sendbridge audit verify --config gateway.toml --against checkpoint.txt",
            "sendbridge assurance --config gateway.toml --out assurance",
            "sendbridge assurance --demonstration --out assurance",
            "sendbridge migrate --config gateway.toml",
            "sendbridge openapi",
            "sendbridge formats",
            "sendbridge formats --out formats",
            "sendbridge release build --as-of 2026-11-20 --config gateway.toml",
            "sendbridge retention run --config gateway.toml --dry-run",
        ] {
            parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for line in [
            "sendbridge",
            "sendbridge push list.csv --dataset waiting-list",
            "sendbridge push list.csv --dataset adults --client client.toml",
            "sendbridge push list.csv --dataset ehcp --as-of 20/11/2026 --client client.toml",
            "sendbridge push list.csv --dataset ehcp --mode replace --client client.toml",
            "sendbridge release build --as-of 2026-02-30 --config gateway.toml",
            "sendbridge token --client client.toml --scope everything",
            "sendbridge keys rotate --config gateway.toml --key door",
            "sendbridge keys rotate --config gateway.toml --retire --delay 120",
            "sendbridge demo --children many",
            "sendbridge assurance --out assurance",
            "sendbridge assurance --config gateway.toml --demonstration --out assurance",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
