//! Waiting lists and the council's return, streamed from disk.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::Instant;

use client::{Client, Payload, Report, Submission};
use domain::{Dataset, OrganisationCode, SubmissionMode};
use indicatif::HumanBytes;
use synthetic::{County, ListName};

use super::{Cast, Telling};
use crate::failures::Failure;

/// A list that its provider should send and does not, so that the tables show a missing list.
pub(super) const LIST_NOT_SENT: &str = "mental-health";

/// Each trust's lists are sent as snapshots by its own system, or by the board's if it has none.
pub(super) async fn push_waiting_lists(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let lists = cast.stage.county.lists();
    let (sent, held_back): (Vec<_>, Vec<_>) = lists.iter().partition(|list| list.list != LIST_NOT_SENT);
    let mut whole = true;
    for list in sent {
        let own = list.provider == cast.provider_code;
        let client = if own { &cast.provider } else { &cast.board };
        let file = extract(cast, list).await?;
        let report = push(telling, client, waiting_list(cast, list), file, if own { "provider-hct" } else { "icb-central-east" }).await?;
        whole &= report.records.rejected == 0 && report.records.accepted == list.rows;
    }
    for list in held_back {
        telling.did(&format!("{} {}: not sent, to show what a missing list looks like", list.provider, list.list))?;
    }
    telling.check(whole, "every row was accepted; an acknowledged list is durable and can be queried")?;
    Ok(())
}

/// The council's EHC cases are sent as the SEN2 return that it makes already.
pub(super) async fn push_return(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let file = cast.stage.extracts().join("E10000015-sen2.xml");
    let persons = write(cast, file.clone(), |county, out| county.write_sen2(out)).await?;
    let submission = Submission { dataset: Dataset::Ehcp, format: "sen2-xml".into(), mode: None, list: None, ..submission(cast) };
    let report = push(telling, &cast.council, submission, file, "council-herts").await?;
    telling.check(
        report.records.rejected == 0 && report.records.accepted >= persons,
        "the same file that goes to the Department for Education is read here, without a column re-keyed",
    )?;
    Ok(())
}

fn submission(cast: &Cast) -> Submission {
    Submission {
        dataset: Dataset::WaitingList,
        format: "csv".into(),
        mode: Some(SubmissionMode::Snapshot),
        list: None,
        as_of: Some(cast.stage.today),
        organisation: None,
        validate: false,
        // If the story is played again over a smaller county, the lists shrink.
        confirm_shrink: cast.stage.demonstration.reused,
        nil_return: false,
        idempotency_key: None,
    }
}

fn waiting_list(cast: &Cast, list: &ListName) -> Submission {
    let organisation: Option<OrganisationCode> = (list.provider != cast.provider_code).then_some(list.provider);
    Submission { list: Some(list.list.to_owned()), organisation, nil_return: list.rows == 0, ..submission(cast) }
}

async fn push(telling: &mut Telling<'_>, client: &Client, what: Submission, file: PathBuf, who: &str) -> Result<Report, Failure> {
    let size = std::fs::metadata(&file)?.len();
    let began = Instant::now();
    let report = client.submit(&what, Payload::File(file), None).await?;
    let took = began.elapsed().as_secs_f64();
    let rate = rate(report.records.received, took);
    let list = if report.dataset == Dataset::Ehcp { &report.format } else { &report.list };
    telling.did(&format!(
        "{:<9} {list:<20} by {who:<17} {:>6} of {:>6} accepted, {:>8}, {rate:>6} rows/s",
        report.organisation.as_str(),
        report.records.accepted,
        report.records.received,
        HumanBytes(size).to_string(),
    ))?;
    Ok(report)
}

/// Rows a second, rounded.
fn rate(rows: u64, seconds: f64) -> String {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    format!("{:.0}", f64::from(rows) / seconds.max(0.001))
}

async fn extract(cast: &Cast, list: &ListName) -> Result<PathBuf, Failure> {
    let file = cast.stage.extracts().join(format!("{}-{}.csv", list.provider, list.list));
    let (provider, name) = (list.provider, list.list);
    write(cast, file.clone(), move |county, out| county.write_waiting_list(provider, name, out)).await?;
    Ok(file)
}

/// Writes an extract to disk, as a partner's system would, and answers how many rows it has.
async fn write(
    cast: &Cast,
    path: PathBuf,
    fill: impl FnOnce(&County, &mut dyn Write) -> io::Result<u64> + Send + 'static,
) -> Result<u64, Failure> {
    trust::create_secret_folder(&cast.stage.extracts())?;
    let county = cast.stage.county.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::new(trust::create_secret_file(&path)?);
        let count = fill(&county, &mut out)?;
        out.flush()?;
        Ok::<_, Failure>(count)
    });
    written.await.map_err(|error| Failure::Other(error.to_string()))?
}
