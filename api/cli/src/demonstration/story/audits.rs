//! The audit log: what was disclosed and refused, and that nobody has changed the log since.

use std::time::Duration;

use client::{AuditEvent, ClientError};
use domain::{AuditOutcome, RefusalReason};

use super::{Cast, Telling};
use crate::failures::Failure;

/// The agreement under which the waits were shown.
const WAITS_AGREEMENT: &str = "herts-waiting-list-status";
/// An event is in the log within a second; a busy machine gets longer.
const POLLS: u32 = 20;
const BETWEEN_POLLS: Duration = Duration::from_millis(500);

/// The auditor finds the story's events in the gateway's log.
pub(super) async fn read(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let mut events = events(cast).await?;
    for _ in 0..POLLS {
        if events.iter().any(|event| is_refused(event, RefusalReason::ConsentWithdrawn)) {
            break;
        }
        tokio::time::sleep(BETWEEN_POLLS).await;
        events = self::events(cast).await?;
    }
    telling.did(&format!("auditor-herts reads the log; {} events since the story began, among them:", events.len()))?;
    for event in events.iter().filter(|event| event.organisation == cast.council_code) {
        telling.did(&line(event))?;
    }
    let shown = |event: &AuditEvent| event.outcome == AuditOutcome::Permitted && event.agreements.iter().any(|id| id == WAITS_AGREEMENT);
    telling.check(events.iter().any(shown), "it tells of the waits that were shown, and under which agreement")?;
    for (reason, what) in [
        (RefusalReason::ConsentWithdrawn, "it tells of the waits that were not shown, and that the consent had been withdrawn"),
        (RefusalReason::NoAgreement, "it tells of the request that went nowhere for want of an agreement"),
    ] {
        telling.check(events.iter().any(|event| is_refused(event, reason)), what)?;
    }
    Ok(())
}

/// The auditor keeps a checkpoint. Once the whole story is in the log, the operator verifies the log against it.
pub(super) async fn verify(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let kept = cast.stage.demonstration.dir().join("checkpoint.txt");
    trust::write_secret_file(&kept, &cast.auditor.audit_checkpoint().await?)?;
    telling.did("auditor-herts keeps a signed checkpoint of the log in checkpoint.txt")?;
    let configuration = cast.stage.gateway.clone();
    let verified = tokio::task::spawn_blocking(move || {
        let verify = || server::verify_audit(&configuration, &trust::Clock::system(), Some(&kept));
        let mut report = verify()?;
        for _ in 0..POLLS {
            if report.pending == 0 {
                break;
            }
            std::thread::sleep(BETWEEN_POLLS);
            report = verify()?;
        }
        Ok::<_, server::CommandError>(report)
    });
    let report = verified.await.map_err(|error| Failure::Other(error.to_string()))??;
    telling.did("the operator verifies the log: sendbridge audit verify --against checkpoint.txt")?;
    telling.check(report.is_whole() && report.pending == 0 && report.vouched.is_some(), &report.to_string())?;
    Ok(())
}

fn is_refused(event: &AuditEvent, reason: RefusalReason) -> bool {
    event.outcome == AuditOutcome::Refused && event.reason == Some(reason)
}

fn line(event: &AuditEvent) -> String {
    let why = event.reason.map_or_else(|| event.agreements.join(", "), |reason| reason.to_string());
    let (at, holder) = (event.at.format("%H:%M:%S"), event.holder.as_str());
    let line = format!("  {at} {} {:<22} of {holder:<10} {:<9} {why}", event.client, event.operation, event.outcome.as_str());
    line.trim_end().to_owned()
}

async fn events(cast: &Cast) -> Result<Vec<AuditEvent>, ClientError> {
    let mut events = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = cast.auditor.audit_events(after.as_deref()).await?;
        events.extend(page.items.into_iter().filter(|event| event.at >= cast.stage.began));
        if page.next.is_none() {
            return Ok(events);
        }
        after = page.next;
    }
}
