//! Releases: built from one consistent state of the store, then served from memory.

mod building;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use domain::identifiers::ReleaseId;
use quick_cache::sync::Cache;
use store::Store;
use tokio::sync::Mutex;

use crate::negotiation::Form;
use crate::problems::{Kind, Problem};

pub use building::{Building, build_release};

/// For how long `latest` may be an older one: a release that was built elsewhere shows within it.
const LATEST_AGE: Duration = Duration::from_secs(1);
/// Tables in memory: a few releases' worth.
const TABLES: usize = 64;

/// A table as it is sent.
#[derive(Debug)]
pub struct Served {
    pub body: Bytes,
    /// Strong: a published table never changes.
    pub etag: String,
}

/// Released tables, read once and kept.
pub struct Releases {
    store: Store,
    tables: Cache<(ReleaseId, String, bool), Arc<Served>>,
    latest: Mutex<Option<(Instant, ReleaseId)>>,
}

impl Releases {
    pub fn new(store: Store) -> Self {
        Self { store, tables: Cache::new(TABLES), latest: Mutex::new(None) }
    }

    /// The id that a path names.
    pub async fn resolve(&self, name: &str) -> Result<ReleaseId, Problem> {
        if name != "latest" {
            return name.parse().map_err(|_| Problem::new(Kind::NotFound));
        }
        // One asks the store, the others wait for its answer.
        let mut latest = self.latest.lock().await;
        if let Some((at, id)) = *latest
            && at.elapsed() < LATEST_AGE
        {
            return Ok(id);
        }
        let newest = self.store.read(|tx| tx.releases(0, 1)).await?;
        let id = newest.first().map(|release| release.id).ok_or(Problem::new(Kind::NotFound))?;
        *latest = Some((Instant::now(), id));
        Ok(id)
    }

    /// A table of a release. One that is not there is told with the tables that are.
    pub async fn table(&self, id: ReleaseId, name: &str, form: Form) -> Result<Arc<Served>, Problem> {
        let key = (id, name.to_owned(), form == Form::Json);
        if let Some(served) = self.tables.get(&key) {
            return Ok(served);
        }
        let wanted = name.to_owned();
        let found = self.store.read(move |tx| Ok((tx.release_table(id, &wanted)?, tx.release(id)?))).await?;
        let (table, release) = found;
        let Some(table) = table else {
            let release = release.ok_or(Problem::new(Kind::NotFound))?;
            let names: Vec<_> = release.tables.into_iter().map(|(name, _)| name).collect();
            return Err(Problem::new(Kind::NotFound).detail(format!("The tables of this release: {}.", names.join(", "))));
        };
        let body = match form {
            Form::Json => table.json,
            Form::Csv => table.csv,
        };
        let tag: String = digest(&SHA256, body.as_bytes()).as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let served = Arc::new(Served { body: body.into(), etag: format!("\"{tag}\"") });
        self.tables.insert(key, Arc::clone(&served));
        Ok(served)
    }
}
