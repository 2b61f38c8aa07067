//! How fast each format is: parsed by itself on one core, with scratch space on disk encrypted as in the gateway;
//! and sent to the real gateway until every record can be queried.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use adapters::{Context, Row, Sink, Stop};
use domain::{Dataset, Issue, OrganisationCode, RecognitionRules};
use exchange::Spools;
use integration_tests::{Cluster, today};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::load::Caller;
use crate::processes::Served;
use crate::{Result, per_second};

/// The provider of the list.
const PROVIDER: &str = "RY4";
/// The most rows in a workbook, which is written from memory.
const MOST_IN_A_WORKBOOK: u64 = 100_000;

/// Counts the records, and keeps nothing.
#[derive(Default)]
struct Counting {
    records: u64,
}

impl Sink for Counting {
    fn row(&mut self, row: Row) -> std::result::Result<(), Stop> {
        self.records += u64::from(row.record.is_some());
        Ok(())
    }

    fn out_of_scope(&mut self) -> std::result::Result<(), Stop> {
        Err(Stop)
    }

    fn file_issue(&mut self, _: Issue) -> std::result::Result<(), Stop> {
        Ok(())
    }
}

const FORMATS: [&str; 8] = ["csv", "ndjson", "xlsx", "csds", "mhsds", "fhir-ndjson", "fhir", "hl7v2"];

/// Prints a line for each format, or only for one.
pub(crate) async fn measure(only: Option<&str>, rows: u64, folder: &Path, out: &mut impl Write) -> Result<()> {
    for format in FORMATS.into_iter().filter(|format| only.is_none_or(|only| only == *format)) {
        let rows = if format == "xlsx" { rows.min(MOST_IN_A_WORKBOOK) } else { rows };
        let file = write(format, rows, folder)?;
        let megabytes = file.metadata()?.len() >> 20;
        let alone = parse(format, &file, rows, folder)?;
        write!(out, "{format:<12} {rows:>9} records, {megabytes:>5} MiB: parsed alone {alone:>9.0} records/s")?;
        for (name, url) in [("SQLite", None), ("PostgreSQL", Some(Cluster::shared().fresh_database()))] {
            let served = Served::start(url)?;
            let idle = served.resident()?;
            let trust = Caller::sign_in(&served, "provider-hct").await?;
            let began = Instant::now();
            trust.push(&format!("format={format}&list=autism"), &file).await?;
            let rate = per_second(rows, began);
            write!(out, "; to {name} {rate:>7.0}, peak {:.0} MiB over {idle:.0}", served.peak()? - idle)?;
        }
        writeln!(out)?;
        std::fs::remove_file(file)?;
    }
    Ok(())
}

fn write(format: &str, rows: u64, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(format);
    let provider: OrganisationCode = PROVIDER.parse()?;
    let mut file = BufWriter::new(File::create(&path)?);
    let records = || synthetic::benchmark_records(rows, today());
    let whole = || records().collect::<Vec<_>>();
    let month = today() - chrono::Days::new(31)..=today();
    match format {
        "csv" => adapters::write_csv(&whole(), &mut file)?,
        "ndjson" => adapters::write_ndjson(&whole(), &mut file)?,
        "xlsx" => adapters::write_xlsx(&whole(), &mut file)?,
        "hl7v2" => adapters::write_hl7v2(&whole(), provider, today(), &mut file)?,
        "csds" => adapters::write_csds(records, provider, &month, &mut file)?,
        "mhsds" => adapters::write_mhsds(records, provider, &month, &mut file)?,
        "fhir" => file.write_all(serde_json::to_string(&adapters::fhir::bundle("collection", &whole()))?.as_bytes())?,
        _ => adapters::write_fhir_ndjson(&whole(), &mut file)?,
    }
    file.flush()?;
    Ok(path)
}

/// Sends an uncompressed archive of a gigabyte to the real gateway, and prints a line.
pub(crate) async fn gigabyte(folder: &Path, out: &mut impl Write) -> Result<()> {
    // A smaller archive shows how many bytes a record takes in all tables.
    let small = stored(&write("csds", 10_000, folder)?, folder)?;
    let rows = 10_000 * GIGABYTE / small.metadata()?.len();
    let file = stored(&write("csds", rows, folder)?, folder)?;
    let megabytes = file.metadata()?.len() / 1_000_000;
    write!(out, "csds         {rows:>9} records, {megabytes:>5} MB in one archive")?;
    for (name, url) in [("SQLite", None), ("PostgreSQL", Some(Cluster::shared().fresh_database()))] {
        let served = Served::start(url)?;
        let idle = served.resident()?;
        let trust = Caller::sign_in(&served, "provider-hct").await?;
        let began = Instant::now();
        trust.push("format=csds&list=autism", &file).await?;
        let rate = per_second(rows, began);
        write!(out, "; to {name} {rate:>7.0} records/s, peak {:.0} MiB over {idle:.0}", served.peak()? - idle)?;
    }
    writeln!(out)?;
    Ok(())
}

/// Just below the gateway's limit.
const GIGABYTE: u64 = 1_000_000_000;

/// The same archive without compression.
fn stored(archive: &Path, folder: &Path) -> Result<PathBuf> {
    let path = folder.join("stored.zip");
    let mut from = ZipArchive::new(File::open(archive)?)?;
    let mut to = ZipWriter::new(File::create(&path)?);
    for at in 0..from.len() {
        let mut table = from.by_index(at)?;
        to.start_file(table.name()?, SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true))?;
        std::io::copy(&mut table, &mut to)?;
    }
    to.finish()?;
    std::fs::remove_file(archive)?;
    Ok(path)
}

/// The best of three runs.
fn parse(format: &str, file: &Path, rows: u64, folder: &Path) -> Result<f64> {
    let adapter = adapters::find(Dataset::WaitingList, format).ok_or("no such format")?;
    let context = Context { organisation: PROVIDER.parse()?, today: today(), rules: RecognitionRules::built_in() };
    let spools = Spools::new(folder.join("scratch"));
    let mut best = 0.0_f64;
    for _ in 0..3 {
        let mut counted = Counting::default();
        let began = Instant::now();
        adapters::read(adapter, &mut File::open(file)?, &spools, &context, &mut counted)?;
        if counted.records != rows {
            return Err(format!("{format}: {} of {rows} records were read", counted.records).into());
        }
        best = best.max(per_second(rows, began));
    }
    Ok(best)
}
