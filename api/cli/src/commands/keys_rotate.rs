//! `keys rotate --config gateway.toml [--key KEY] [--retire]`

use std::io::Write;
use std::process::ExitCode;

use chrono::TimeDelta;
use domain::KeyPurpose;

use super::GatewayFile;
use crate::failures::Failure;

/// Change the gateway's keys while it serves: add new ones, or remove old ones that nothing needs
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    gateway: GatewayFile,
    /// The key to change: token, envelope, look-up, pairwise or release; `all` is all but release
    #[arg(long, value_name = "KEY", default_value = "all", value_parser = which)]
    key: Which,
    /// Remove the old keys that nothing needs any more; exit with 1 if one has to stay
    #[arg(long, conflicts_with_all = ["delay", "confirm_fresh_noise"])]
    retire: bool,
    /// How many seconds every gateway knows a new key before it is in force
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    delay: u32,
    /// Change the release secret although unchanged figures will be rounded again
    #[arg(long)]
    confirm_fresh_noise: bool,
}

/// `None` means all keys.
#[derive(Debug, Clone, Copy)]
struct Which(Option<KeyPurpose>);

fn which(text: &str) -> Result<Which, String> {
    if text == "all" { Ok(Which(None)) } else { text.parse().map(|purpose| Which(Some(purpose))) }
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let configuration = arguments.gateway.read()?;
    let (clock, purpose) = (trust::Clock::system(), arguments.key.0);
    let (told, done) = if arguments.retire {
        let retirement = server::retire(&configuration, &clock, purpose)?;
        (retirement.told, retirement.done)
    } else {
        let delay = TimeDelta::seconds(arguments.delay.into());
        let rotation = trust::Rotation { purpose, delay, confirm_fresh_noise: arguments.confirm_fresh_noise };
        (trust::rotate(&configuration.keys, clock.now(), &rotation)?, true)
    };
    let mut out = std::io::stdout().lock();
    for line in told {
        writeln!(out, "{line}")?;
    }
    Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
