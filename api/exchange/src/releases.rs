//! Releases: built from one consistent state of the store, then served from memory.

mod building;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use domain::{Ask, CallContext, ReleaseId};
use quick_cache::sync::Cache;
use store::{PublishedRelease, Store};
use tokio::sync::Mutex;

use crate::troubles::{Kind, Trouble};

pub use building::{Building, build_release};

/// How old the answer for `latest` may be. A release built elsewhere shows within this time.
const LATEST_AGE: Duration = Duration::from_secs(1);
/// How many tables are kept in memory: enough for a few releases.
const TABLES: usize = 64;

/// A released table, in each form that it is sent in.
#[derive(Debug)]
pub struct ReleasedTable {
    pub json: Tagged,
    pub csv: Tagged,
}

/// A text with a tag that no other text has.
#[derive(Debug)]
pub struct Tagged {
    pub text: Bytes,
    /// The start of the text's digest, in hexadecimal.
    pub tag: String,
}

impl From<String> for Tagged {
    fn from(text: String) -> Self {
        let tag = digest(&SHA256, text.as_bytes()).as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text: text.into(), tag }
    }
}

/// Released tables, read once and kept in memory.
pub struct Releases {
    store: Store,
    tables: Cache<(ReleaseId, String), Arc<ReleasedTable>>,
    latest: Mutex<Option<(Instant, ReleaseId)>>,
}

/// Released tables, for somebody who may read them.
pub struct ReleaseReader<'a>(&'a Releases);

impl Releases {
    pub fn new(store: Store) -> Self {
        Self { store, tables: Cache::new(TABLES), latest: Mutex::new(None) }
    }

    /// Lets an organisation read if an agreement names it as a recipient of released tables. A table is nobody's own
    /// record, so reading it writes no audit entry; a refusal does.
    pub async fn reader(&self, cx: CallContext) -> Result<ReleaseReader<'_>, Trouble> {
        let ask = Ask::read_release(cx.partnership.host(), cx.organisation());
        self.store.permits(ask, cx).await??;
        Ok(ReleaseReader(self))
    }

    /// The release that a name means: an id, or `latest`.
    async fn resolve(&self, name: &str) -> Result<ReleaseId, Trouble> {
        if name != "latest" {
            return name.parse().map_err(|_| Trouble::new(Kind::NotFound));
        }
        // One caller asks the store; the others wait for its answer.
        let mut latest = self.latest.lock().await;
        if let Some((at, id)) = *latest
            && at.elapsed() < LATEST_AGE
        {
            return Ok(id);
        }
        let newest = self.store.read(|tx| tx.releases(0, 1)).await?;
        let id = newest.first().map(|release| release.id).ok_or(Trouble::new(Kind::NotFound))?;
        *latest = Some((Instant::now(), id));
        Ok(id)
    }
}

impl ReleaseReader<'_> {
    /// Releases from the newest as-at day and publication to the oldest: up to `most`, after the first `skip`.
    pub async fn list(&self, skip: i64, most: i64) -> Result<Vec<PublishedRelease>, Trouble> {
        Ok(self.0.store.read(move |tx| tx.releases(skip, most)).await?)
    }

    /// A release by its id, or the `latest`.
    pub async fn release(&self, name: &str) -> Result<PublishedRelease, Trouble> {
        let id = self.0.resolve(name).await?;
        self.0.store.read(move |tx| tx.release(id)).await?.ok_or(Trouble::new(Kind::NotFound))
    }

    /// A table of a release, or of the `latest`. If there is no such table, the error lists those that exist.
    pub async fn table(&self, release: &str, table: String) -> Result<Arc<ReleasedTable>, Trouble> {
        let Releases { store, tables, .. } = self.0;
        let key = (self.0.resolve(release).await?, table);
        if let Some(table) = tables.get(&key) {
            return Ok(table);
        }
        let (id, wanted) = key.clone();
        let (table, release) = store.read(move |tx| Ok((tx.release_table(id, &wanted)?, tx.release(id)?))).await?;
        let Some(table) = table else {
            let release = release.ok_or(Trouble::new(Kind::NotFound))?;
            let names: Vec<_> = release.tables.into_iter().map(|(name, _)| name).collect();
            return Err(Trouble::new(Kind::NotFound).detail(format!("The tables of this release: {}.", names.join(", "))));
        };
        let table = Arc::new(ReleasedTable { json: table.json.into(), csv: table.csv.into() });
        tables.insert(key, Arc::clone(&table));
        Ok(table)
    }
}
