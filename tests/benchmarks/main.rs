//! How much the gateway does in a second: printed, never asserted. The real release binary serves, on
//! embedded SQLite and on PostgreSQL; the load comes from this process, on the same machine.
//!
//! `cargo build --release -p sendbridge && cargo run --release -p integration-tests --bin benchmark`
//!
//! `--million` adds a million rows and a change of keys over them; `--rotation [--rows N]` does only that.
//! `--formats [--only FORMAT] [--rows N]` measures each format, parsed and sent; `--gigabyte` an archive of that size.

mod costs;
mod formats;
mod load;
mod peers;
mod processes;
mod rotation;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use integration_tests::{Cluster, today};
use serde_json::json;

use costs::{Costs, share};
use load::{Caller, hammer};
use processes::Served;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const ROWS: u64 = 100_000;
const MANY_ROWS: u64 = 1_000_000;
const RELEASED_CHILDREN: u32 = 12_000;
/// A council's plans.
const PAIRED: usize = 12_000;
const DISCLOSURES: usize = 30_000;

#[tokio::main]
async fn main() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let many = std::env::args().any(|argument| argument == "--million");
    let rows = number_after("--rows").unwrap_or(MANY_ROWS);
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("list.csv");
    if std::env::args().any(|argument| argument == "--rotation") {
        write_list(&list, rows)?;
        for (name, url) in [("SQLite", None), ("PostgreSQL", Some(Cluster::shared().fresh_database()))] {
            writeln!(out, "{name}")?;
            rotation::measure(&Served::start(url)?, &list, rows, &mut out).await?;
        }
        return Ok(());
    }
    if std::env::args().any(|argument| argument == "--gigabyte") {
        return formats::gigabyte(folder.path(), &mut out).await;
    }
    if std::env::args().any(|argument| argument == "--formats") {
        let only = value_after("--only");
        return formats::measure(only.as_deref(), number_after("--rows").unwrap_or(ROWS), folder.path(), &mut out).await;
    }
    write_list(&list, ROWS)?;
    for (name, url) in [("SQLite", None), ("PostgreSQL", Some(Cluster::shared().fresh_database()))] {
        writeln!(out, "{name}")?;
        let peer_url = url.as_ref().map(|_| Cluster::shared().fresh_database());
        let served = Served::start(url)?;
        writeln!(out, "  start to ready          {:>9} ms", served.ready_in.as_millis())?;
        writeln!(out, "  idle memory             {:>9.1} MiB resident", served.resident()?)?;

        let trust = Caller::sign_in(&served, "provider-hct").await?;
        let costs = Costs::measure(&served)?;
        let (began, before) = (Instant::now(), served.processor()?);
        trust.push("list=autism", &list).await?;
        let (ours, row) = (per_second(ROWS, began), (served.processor()? - before) / u32::try_from(ROWS)?);
        let began = Instant::now();
        trust.push("list=autism", &list).await?;
        let unchanged = per_second(ROWS, began);
        let raw = peers::staged_upsert(peer_url.as_deref(), ROWS)?;
        writeln!(out, "  ingest, {ROWS} new rows  {ours:>9.0} rows/s ({:.2} of raw)", ours / raw)?;
        writeln!(out, "  the same again          {unchanged:>9.0} rows/s, all unchanged")?;
        writeln!(out, "  raw staged upsert       {raw:>9.0} rows/s")?;

        writeln!(
            out,
            "  processor, a row        {:>9.1} µs, of which encryption {:.0} %; no decision and no leaf is a row's own",
            micros(row),
            share(costs.sealing, row)
        )?;
        reads(&served, &costs, &mut out).await?;
        let council = Caller::sign_in(&served, "council-herts").await?;
        let crosswalk = crosswalk(&list)?;
        for said in ["of children held", "the same again"] {
            let began = Instant::now();
            council.put_crosswalk(crosswalk.clone()).await?;
            writeln!(out, "  a crosswalk, {said:<16} {:>5.2} s for {PAIRED} rows", began.elapsed().as_secs_f64())?;
        }
        if many {
            let list = folder.path().join("million.csv");
            write_list(&list, MANY_ROWS)?;
            let before = served.resident()?;
            let began = Instant::now();
            trust.push("list=million", &list).await?;
            let rate = per_second(MANY_ROWS, began);
            writeln!(out, "  ingest, {MANY_ROWS} rows    {rate:>9.0} rows/s; peak {:.1} MiB, {before:.1} before", served.peak()?)?;
            rotation::rotate(&served, &mut out).await?;
        }
    }
    Ok(())
}

async fn reads(served: &Served, costs: &Costs, out: &mut impl Write) -> Result<()> {
    let county = synthetic::County::new(1, RELEASED_CHILDREN, today());
    let story = county.story();
    let born = story.date_of_birth.to_string();
    let mut csv = Vec::new();
    county.write_waiting_list("RY4".parse()?, "autism", &mut csv)?;
    let trust = Caller::sign_in(served, "provider-hct").await?;
    trust.push_bytes("list=county", csv).await?;

    let council = Caller::sign_in(served, "council-herts").await?;
    council
        .post(
            "/v1/consents",
            &json!({
                "child": { "nhs_number": story.nhs_number, "date_of_birth": born }, "decision": "permit", "purpose": "care-coordination",
                "data": ["waiting-list-status"], "pathways": ["autism"], "recipient": "E10000015", "decided_by": "parent",
                "evidence": "signed form", "valid_from": today().to_string()
            }),
        )
        .await?;
    let found = council.post("/v1/children/search", &json!({ "nhs_number": story.nhs_number, "date_of_birth": born })).await?;
    let waits = format!("/v1/children/{}/waits", found["child_id"].as_str().ok_or("no id")?);
    let before = served.processor()?;
    let read = hammer(&council, &waits, 64, DISCLOSURES).await?;
    let whole = (served.processor()? - before) / u32::try_from(DISCLOSURES)?;
    writeln!(out, "  a child's waits         {:>9.0} requests/s, p99 {:.1} ms (permitted and audited)", read.rate, read.p99_ms)?;
    writeln!(
        out,
        "  processor, a disclosure {:>9.1} µs, of which the decision {:.1} %, encryption {:.1} %, the audit log {:.1} %",
        micros(whole),
        share(costs.decide, whole),
        share(costs.opening, whole),
        share(costs.audit, whole)
    )?;

    served.build_release(today())?;
    let dashboard = Caller::sign_in(served, "dashboard-herts").await?;
    let table = "/v1/dashboard/releases/latest/tables/ehcp-20-week-timeliness";
    let read = hammer(&dashboard, table, 64, 100_000).await?;
    writeln!(out, "  a released table        {:>9.0} requests/s, p99 {:.1} ms", read.rate, read.p99_ms)?;
    Ok(())
}

/// The number that follows an argument.
fn value_after(argument: &str) -> Option<String> {
    std::env::args().skip_while(|other| other != argument).nth(1)
}

fn number_after(argument: &str) -> Option<u64> {
    value_after(argument)?.parse().ok()
}

fn write_list(path: &Path, rows: u64) -> Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    synthetic::write_benchmark_list(rows, today(), &mut file)?;
    Ok(file.flush()?)
}

/// A crosswalk of the first children of a list, each with a UPN.
fn crosswalk(list: &Path) -> Result<String> {
    let file = std::fs::read_to_string(list)?;
    let mut lines = file.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().ok_or("an empty list")?;
    let place = |name: &str| header.iter().position(|column| *column == name).ok_or("a column is missing");
    let (number, born) = (place("nhs_number")?, place("date_of_birth")?);
    let mut crosswalk = "nhs_number,upn,date_of_birth,nhs_number_status\n".to_owned();
    for (line, nth) in lines.take(PAIRED).zip(0_u16..) {
        let upn = domain::Upn::from_parts(919, 4000 + nth / 1000, 20, nth % 1000).ok_or("no UPN")?;
        crosswalk.push_str(&format!("{},{},{},01\n", line[number], upn.as_str(), line[born]));
    }
    Ok(crosswalk)
}

fn micros(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1_000_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
fn per_second(count: u64, began: Instant) -> f64 {
    count as f64 / began.elapsed().as_secs_f64()
}
