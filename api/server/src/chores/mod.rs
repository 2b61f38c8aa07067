//! Chores: what the gateway does in the background while it runs. One table, one line for each chore.

mod agreements;
mod audit_log;
mod live_files;
mod resealing;
mod runner;
mod works;

use std::sync::Arc;
use std::time::Duration;

use domain::Partnership;
use domain::operations::Operation;
use exchange::{CallContext, Trouble};
use futures_util::FutureExt;
use rustls::sign::CertifiedKey;
use trust::{Authority, KeysError, PartnershipError, TlsError, Watch};

use crate::state::State;
use agreements::AgreementWarnings;
use audit_log::CheckpointFile;
use exchange::GatewaySecrets;
use live_files::look;
use resealing::Resealing;
pub(crate) use runner::Chores;
use runner::each;

pub(crate) use audit_log::finish as finish_audit_log;
pub(crate) use works::end_what_was_interrupted;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// How long after its start a gateway first looks for records past their retention.
const SETTLED: Duration = Duration::from_secs(300);

/// Values that follow their files: a change takes effect within 2 seconds.
pub(crate) struct LiveFiles {
    pub(crate) secrets: Watch<GatewaySecrets, KeysError>,
    pub(crate) partnership: Watch<Partnership, PartnershipError>,
    pub(crate) certificate: Watch<CertifiedKey, TlsError>,
    pub(crate) authorities: Vec<Watch<Authority, TlsError>>,
}

/// Starts every chore. A line has its name, its turns, what it works with, and what it does.
#[rustfmt::skip]
pub(crate) fn start(state: &Arc<State>, files: LiveFiles) -> Chores {
    let mut chores = Chores::new(&state.metrics);
    let gateway = || Arc::clone(state);
    let checkpoints = Duration::from_secs(state.configuration.audit.checkpoint_every.into());

    // The audit log.
    chores.start("append-audit",       each(SECOND),              gateway(),                        |it| audit_log::append(it).boxed());
    chores.start("export-checkpoint",  each(checkpoints),         CheckpointFile::new(gateway()),   |it| it.export().boxed());
    chores.start("prune-audit",        each(HOUR),                gateway(),                        |it| exchange::prune_audit(&it.store).boxed());
    // What is kept, and for how long.
    chores.start("journal-tombstones", each(HOUR).after(SETTLED), gateway(),                        |it| journal_tombstones(it).boxed());
    chores.start("retain",             each(HOUR).after(SETTLED), gateway(),                        |it| retain(it).boxed());
    chores.start("sweep-claims",       each(MINUTE),              gateway(),                        |it| exchange::sweep_claims(&it.store, &it.configuration.retention, it.clock.now()).boxed());
    chores.start("sweep-assertions",   each(MINUTE),              gateway(),                        |it| exchange::sweep_assertions(&it.store, it.clock.now()).boxed());
    if !state.store.is_embedded() {
        chores.start("end-still-works", each(5 * SECOND),         gateway(),                        |it| works::end_still_works(it).boxed());
    }
    chores.start("reseal",             each(SECOND),              Resealing::new(gateway()),        |it| it.turn().boxed());
    // Warnings for the operators, and values that follow their files.
    chores.start("warn-of-agreements", each(5 * SECOND),          AgreementWarnings::new(gateway()), |it| it.tell().boxed());
    chores.start("keys",               each(SECOND),              Arc::new(files.secrets),          |it| look(it).boxed());
    chores.start("partnership",        each(SECOND),              Arc::new(files.partnership),      |it| look(it).boxed());
    chores.start("server certificate", each(SECOND),              Arc::new(files.certificate),      |it| look(it).boxed());
    for authority in files.authorities {
        chores.start(authority.name().to_owned(), each(SECOND),   Arc::new(authority),              |it| look(it).boxed());
    }
    chores
}

/// Writes the marks that another gateway made into the journal.
async fn journal_tombstones(state: &State) -> Result<(), Trouble> {
    Ok(state.store.journal_tombstones(&state.journal).await?)
}

/// Deletes records past their retention.
async fn retain(state: &State) -> Result<(), Trouble> {
    let cx = CallContext::of_gateway(state.partnership(), Operation::RunRetention, state.ids.next(), state.clock.now());
    let report = exchange::run_retention(&state.store, cx, &state.configuration.retention, false).await?;
    if !report.lines.is_empty() {
        tracing::info!("{report}");
    }
    Ok(())
}
