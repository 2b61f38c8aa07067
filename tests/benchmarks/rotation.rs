//! A change of the envelope and look-up keys for everything held, under a steady load.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use integration_tests::records;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::load::Caller;
use crate::processes::Served;
use crate::{Result, per_second};

/// Connections that keep reading. One more pushes.
const READERS: usize = 8;
/// How long the load is measured before anything changes.
const BEFORE: Duration = Duration::from_secs(10);
/// Seconds until the new keys are in force.
const DELAY: u32 = 5;
/// A token is renewed after this time, before it expires.
const TOKEN: Duration = Duration::from_secs(300);

/// Loads a list, then changes the keys.
pub(crate) async fn measure(served: &Served, list: &Path, rows: u64, out: &mut impl Write) -> Result<()> {
    let trust = Caller::sign_in(served, "provider-hct").await?;
    let began = Instant::now();
    trust.push("list=many", list).await?;
    writeln!(out, "  ingest, {rows} rows     {:>9.0} rows/s", per_second(rows, began))?;
    rotate(served, out).await
}

pub(crate) async fn rotate(served: &Served, out: &mut impl Write) -> Result<()> {
    let waits = waiting_child(served).await?;
    let before = Load::start(served, &waits).await?;
    tokio::time::sleep(BEFORE).await;
    let before = before.stop().await?;

    let during = Load::start(served, &waits).await?;
    served.rotate_keys("envelope", DELAY)?;
    served.rotate_keys("look-up", DELAY)?;
    let mut left = 0;
    while left == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        left = served.left_to_reseal().await?;
    }
    let (began, values) = (Instant::now(), left);
    while left > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        left = served.left_to_reseal().await?;
    }
    let rate = per_second(values, began);
    let seconds = began.elapsed().as_secs_f64();
    let during = during.stop().await?;
    writeln!(out, "  keys changed over       {values:>9} sealed values and indexes in {seconds:.1} s, {rate:.0}/s")?;
    writeln!(out, "  failed requests         {:>9} of {} (before: {} of {})", during.failed, during.sent, before.failed, before.sent)?;
    writeln!(out, "  a read, p99             {:>9.1} ms (before: {:.1})", during.read_p99_ms, before.read_p99_ms)?;
    writeln!(out, "  a push of 20 rows, p99  {:>9.1} ms (before: {:.1})", during.push_p99_ms, before.push_p99_ms)?;
    Ok(())
}

/// The path of a child's waits, as the council sees them.
async fn waiting_child(served: &Served) -> Result<String> {
    let number = records::number(700_000);
    let trust = Caller::sign_in(served, "provider-hct").await?;
    trust.push_bytes("list=one", records::list([records::row("ONE-1", &number, "01", "autism")]).into_bytes()).await?;
    let council = Caller::sign_in(served, "council-herts").await?;
    council.post("/v1/consents", &records::permission(&number, &["autism"])).await?;
    let child = json!({ "nhs_number": number, "date_of_birth": records::BORN });
    let found = council.post("/v1/children/search", &child).await?;
    Ok(format!("/v1/children/{}/waits", found["child_id"].as_str().ok_or("no id")?))
}

struct Load {
    stop: Arc<AtomicBool>,
    failed: Arc<AtomicU64>,
    readers: Vec<JoinHandle<Vec<Duration>>>,
    pusher: JoinHandle<Vec<Duration>>,
}

struct Measured {
    sent: usize,
    failed: u64,
    read_p99_ms: f64,
    push_p99_ms: f64,
}

impl Load {
    async fn start(served: &Served, waits: &str) -> Result<Self> {
        let (stop, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let council = Caller::sign_in(served, "council-herts").await?;
        let trust = Caller::sign_in(served, "provider-hct").await?;
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let (stop, failed, mut caller, waits) = (Arc::clone(&stop), Arc::clone(&failed), council.clone(), waits.to_owned());
            readers.push(tokio::spawn(async move {
                let (mut times, mut signed_in) = (Vec::new(), Instant::now());
                while !stop.load(Ordering::Relaxed) {
                    renew(&mut caller, &mut signed_in, &failed).await;
                    let began = Instant::now();
                    count(&caller.get(&waits).await, &failed);
                    times.push(began.elapsed());
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                times
            }));
        }
        let (stopped, faults, mut caller) = (Arc::clone(&stop), Arc::clone(&failed), trust);
        let pusher = tokio::spawn(async move {
            let (mut times, mut round, mut signed_in) = (Vec::new(), 0_usize, Instant::now());
            while !stopped.load(Ordering::Relaxed) {
                renew(&mut caller, &mut signed_in, &faults).await;
                // Half of the rows are new, half unchanged.
                let rows = (round..round + 20).map(|nth| records::row(&format!("L-{nth}"), &records::number(nth), "01", "autism"));
                let body = records::list(rows).into_bytes();
                round += 10;
                let began = Instant::now();
                count(&caller.push_bytes("list=load", body).await, &faults);
                times.push(began.elapsed());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            times
        });
        Ok(Self { stop, failed, readers, pusher })
    }

    async fn stop(self) -> Result<Measured> {
        self.stop.store(true, Ordering::Relaxed);
        let mut reads = Vec::new();
        for reader in self.readers {
            reads.extend(reader.await?);
        }
        let pushes = self.pusher.await?;
        let sent = reads.len() + pushes.len();
        Ok(Measured { sent, failed: self.failed.load(Ordering::Relaxed), read_p99_ms: p99_ms(reads), push_p99_ms: p99_ms(pushes) })
    }
}

async fn renew(caller: &mut Caller, signed_in: &mut Instant, failed: &AtomicU64) {
    if signed_in.elapsed() > TOKEN {
        count(&caller.renew().await, failed);
        *signed_in = Instant::now();
    }
}

fn count(done: &Result<()>, failed: &AtomicU64) {
    if done.is_err() {
        failed.fetch_add(1, Ordering::Relaxed);
    }
}

fn p99_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0
}
