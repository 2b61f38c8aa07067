//! `serve --config gateway.toml`

use std::process::ExitCode;

use super::{GatewayFile, signals};
use crate::failures::Failure;

/// Run the gateway until it is interrupted or terminated
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    gateway: GatewayFile,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let configuration = arguments.gateway.read()?;
    // Before the runtime starts: the exporter of traces blocks.
    let _telemetry = server::start_telemetry(&configuration)?;
    super::runtime()?.block_on(async {
        let told = signals::told_to_stop()?;
        let mut gateway = server::start(configuration, trust::Clock::system()).await?;
        tokio::select! {
            ended = gateway.wait() => ended?,
            () = told => {}
        }
        gateway.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
