//! `demo [--dir DIR] [--once] [--children N] [--seed S]`

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use synthetic::County;

use super::signals;
use crate::demonstration::story::{self, Cast, Stage};
use crate::demonstration::{Demonstration, LayOut, lay_out};
use crate::failures::Failure;

/// Lay out a demonstration partnership, run its gateway and play the main story through the real API
///
/// Then serves until interrupted. Every child in it is made up.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The demonstration's folder; made if it is not there
    #[arg(long, default_value = "sendbridge-demo")]
    dir: PathBuf,
    /// Stop after the story; exit with 0 only if every step held
    #[arg(long)]
    once: bool,
    /// How many children the made-up county has
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(synthetic::MOST_CHILDREN)))]
    children: u32,
    /// The same seed makes the same county
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let began = trust::Clock::system().now();
    let demonstration = lay_out(&arguments.dir, &LayOut::new(domain::london_day(began)))?;
    let mut gateway = server::Configuration::read(&demonstration.gateway())?;
    let mut out = std::io::stdout();
    let found = if demonstration.reused { "found" } else { "made" };
    writeln!(out, "Sendbridge demonstration, {found} in {}", demonstration.dir().display())?;
    writeln!(
        out,
        "A made-up county of {} children (seed {}); organisations are real, children are not.",
        arguments.children, arguments.seed
    )?;
    for listen in [&mut gateway.api.listen, &mut gateway.operations.listen] {
        settle_address(listen, &mut out)?;
    }
    // The story is for people to read, so the log shows only warnings and errors.
    gateway.telemetry.log = "warn".into();
    let _telemetry = server::start_telemetry(&gateway)?;
    super::runtime()?.block_on(run_and_play(arguments, demonstration, gateway, began, &mut out))
}

async fn run_and_play(
    arguments: &Arguments,
    demonstration: Demonstration,
    configuration: server::Configuration,
    began: DateTime<Utc>,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let mut told = std::pin::pin!(signals::told_to_stop()?);
    let mut gateway = server::start(configuration.clone(), trust::Clock::system()).await?;
    let today = domain::london_day(began);
    let stage = Stage {
        county: County::new(arguments.seed, arguments.children, today),
        address: gateway.api_address(),
        gateway: configuration,
        demonstration,
        began,
        today,
    };
    let cast = Cast::assemble(stage)?;
    let held = tokio::select! {
        held = story::play(&cast, out) => Some(held?),
        () = &mut told => None,
    };
    if held.is_some() && !arguments.once {
        print_ending(out, cast.stage().demonstration.dir(), gateway.api_address(), gateway.operations_address())?;
        tokio::select! {
            ended = gateway.wait() => ended?,
            () = told => {}
        }
    }
    gateway.stop().await;
    Ok(if held == Some(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Keeps the configured address, unless something else listens there.
fn settle_address(listen: &mut SocketAddr, out: &mut impl Write) -> Result<(), Failure> {
    if TcpListener::bind(*listen).is_err() {
        let free = TcpListener::bind(SocketAddr::new(listen.ip(), 0))?.local_addr()?;
        writeln!(out, "{listen} is taken; this run listens on {free} in its place.")?;
        *listen = free;
    }
    Ok(())
}

fn print_ending(out: &mut impl Write, dir: &Path, api: SocketAddr, operations: SocketAddr) -> Result<(), Failure> {
    let dir = dir.canonicalize()?;
    let dir = dir.display();
    let curl =
        |id: &str| format!("curl -sS --cacert '{dir}/pki/ca.pem' --cert '{dir}/clients/{id}/cert.pem' --key '{dir}/clients/{id}/key.pem'");
    let token = |id: &str| {
        let fetch = format!("{} -d grant_type=client_credentials -d client_id={id} https://{api}/oauth2/token", curl(id));
        format!(r#"TOKEN=$({fetch} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#)
    };
    let table = "v1/dashboard/releases/latest/tables/waiting-list-by-weeks-and-district";
    let authorized = r#"-H "Authorization: Bearer $TOKEN""#;
    write!(
        out,
        "
The partner API: https://{api}, with a client's certificate
Operations:      http://{operations}/health/ready, http://{operations}/metrics
Files:           {dir}

A token, for the dashboard's system:
{}
With it, a released table:
{} {authorized} -H 'Accept: text/csv' https://{api}/{table}
And what the auditor sees:
{}
{} {authorized} https://{api}/v1/audit/events

Serving until interrupted (Ctrl-C).
",
        token("dashboard-herts"),
        curl("dashboard-herts"),
        token("auditor-herts"),
        curl("auditor-herts"),
    )?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_address_is_left_to_its_owner_and_said_aloud() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut listen = taken.local_addr().unwrap();
        let mut out = Vec::new();
        settle_address(&mut listen, &mut out).unwrap();
        assert_ne!(listen, taken.local_addr().unwrap());
        assert!(String::from_utf8(out).unwrap().contains("is taken"));
    }

    #[test]
    fn the_ending_names_files_that_can_be_pasted() {
        let folder = tempfile::tempdir().unwrap();
        let mut out = Vec::new();
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        print_ending(&mut out, folder.path(), address(8443), address(9464)).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("/clients/dashboard-herts/cert.pem' --key '"));
        assert!(text.contains("https://127.0.0.1:8443/v1/audit/events\n"));
    }
}
