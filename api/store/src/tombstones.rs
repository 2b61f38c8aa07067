//! What was erased or moved and must not come back, by a later submission or from a backup.
//!
//! A mark is written in the transaction of its erasure, and is sealed. Marks also go to a journal beside the
//! database ([`journal`]), which a restore of the database does not touch.

pub(crate) mod journal;
mod replays;

pub use replays::Replayed;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::prelude::*;
use domain::{AdviceRequestId, ChildReference, ConsentId, Dataset, OrganisationCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::StoreError;
use crate::rows::{from_json, to_json_bytes};
use crate::schema::tombstone;
use crate::transactions::{Handle, Tx, on};
use crate::vault::{Column, LookUp, Vault};

/// The class of the advisory locks that keep an organisation's publications and its erasures apart.
const RIGHTS: i32 = 7_364_659;

/// What must not come back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "kebab-case")]
pub(crate) enum Mark {
    /// A referral, by the provider's own id.
    Referral { id: String },
    /// A case, by what its id is made from.
    Case { child: ChildReference, received_on: NaiveDate },
    /// Whatever the organisation sends about a child.
    Child { dataset: Dataset, child: ChildReference },
    /// A referral under its former child.
    Moved { id: String, from: ChildReference, to: ChildReference },
    /// An identity that the organisation retired, and the one that replaced it.
    Merged { from: ChildReference, to: ChildReference },
    /// What an organisation said in a request for advice.
    AdviceRequest { id: AdviceRequestId },
    /// A text of advice.
    Advice { id: AdviceRequestId },
    /// What was written about a family's decision.
    Decision { id: ConsentId },
}

impl Mark {
    fn dataset(&self) -> Option<Dataset> {
        match self {
            Self::Referral { .. } | Self::Moved { .. } | Self::Merged { .. } => Some(Dataset::WaitingList),
            Self::Case { .. } => Some(Dataset::Ehcp),
            Self::Child { dataset, .. } => Some(*dataset),
            Self::AdviceRequest { .. } | Self::Advice { .. } | Self::Decision { .. } => None,
        }
    }
}

/// The indexes that a case may be stored under. Its id is no help: it may be made with a key that is gone.
pub(crate) fn case_indexes(vault: &Vault, child: &ChildReference, received_on: NaiveDate) -> Result<[LookUp; 2], StoreError> {
    let [now, other] = vault.look_ups(child);
    Ok([vault.case_index(&now, received_on)?, vault.case_index(&other, received_on)?])
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tombstone, treat_none_as_default_value = false)]
struct TombstoneRow {
    cause: String,
    position: i32,
    organisation: String,
    dataset: Option<String>,
    made_at: NaiveDateTime,
    lifted_at: Option<NaiveDateTime>,
    sealed_mark: Vec<u8>,
}

fn open(vault: &Vault, cause: &str, position: i32, sealed: &[u8]) -> Result<Mark, StoreError> {
    from_json(&vault.open(Column::Tombstone, &place(cause, position), sealed)?, "a tombstone")
}

/// The row of a mark, for its associated data.
pub(crate) fn place(cause: &str, position: i32) -> Vec<u8> {
    [cause.as_bytes(), &position.to_be_bytes()].concat()
}

impl Tx<'_> {
    /// Stops an organisation's publications until the transaction ends. SQLite's one writer does this by itself.
    pub(crate) fn hold_publications(&mut self, organisation: OrganisationCode) -> Result<(), StoreError> {
        self.rights_lock("pg_advisory_xact_lock", organisation)
    }

    /// Stops an organisation's erasures until the transaction ends, but not its other publications.
    pub(crate) fn hold_erasures(&mut self, organisation: OrganisationCode) -> Result<(), StoreError> {
        self.rights_lock("pg_advisory_xact_lock_shared", organisation)
    }

    fn rights_lock(&mut self, lock: &str, organisation: OrganisationCode) -> Result<(), StoreError> {
        if let Handle::Postgres(connection) = &mut self.handle {
            diesel::sql_query(format!("SELECT {lock}({RIGHTS}, hashtext($1))"))
                .bind::<diesel::sql_types::Text, _>(organisation.as_str())
                .execute(*connection)?;
        }
        Ok(())
    }

    /// [`Tx::hold_publications`], if that can be had at once. Answers whether it can.
    pub(crate) fn try_hold_publications(&mut self, organisation: OrganisationCode) -> Result<bool, StoreError> {
        let Handle::Postgres(connection) = &mut self.handle else { return Ok(true) };
        let lock = diesel::dsl::sql::<diesel::sql_types::Bool>(&format!("pg_try_advisory_xact_lock({RIGHTS}, hashtext("))
            .bind::<diesel::sql_types::Text, _>(organisation.as_str())
            .sql("))");
        Ok(diesel::select(lock).get_result(*connection)?)
    }

    /// Marks what must not come back, each thing once.
    pub(crate) fn mark(
        &mut self,
        cause: Uuid,
        organisation: OrganisationCode,
        marks: &[Mark],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let cause = cause.to_string();
        let unlifted = self.unlifted(organisation)?;
        for (position, mark) in (0_i32..).zip(marks) {
            if unlifted.iter().any(|(_, other)| other == mark) {
                continue;
            }
            let plain = to_json_bytes(mark)?;
            let row = TombstoneRow {
                position,
                organisation: organisation.to_string(),
                dataset: mark.dataset().map(|dataset| dataset.to_string()),
                made_at: at.naive_utc(),
                lifted_at: None,
                sealed_mark: self.vault.seal(Column::Tombstone, &place(&cause, position), &plain)?,
                cause: cause.clone(),
            };
            on!(self, c => diesel::insert_into(tombstone::table).values(&row).execute(*c))?;
        }
        Ok(())
    }

    /// Lifts what one erasure marked.
    pub(crate) fn lift_marks(&mut self, cause: Uuid, at: DateTime<Utc>) -> Result<(), StoreError> {
        let unlifted = tombstone::table.filter(tombstone::cause.eq(cause.to_string()).and(tombstone::lifted_at.is_null()));
        on!(self, c => diesel::update(unlifted).set(tombstone::lifted_at.eq(at.naive_utc())).execute(*c))?;
        Ok(())
    }

    /// Lifts one of an organisation's marks, whatever caused it.
    pub(crate) fn lift_mark(&mut self, organisation: OrganisationCode, mark: &Mark, at: DateTime<Utc>) -> Result<(), StoreError> {
        for (id, _) in self.unlifted(organisation)?.iter().filter(|(_, other)| other == mark) {
            on!(self, c => diesel::update(tombstone::table.find(*id)).set(tombstone::lifted_at.eq(at.naive_utc())).execute(*c))?;
        }
        Ok(())
    }

    /// Lifts the marks that retired an identity: a person has moved a referral back to it.
    pub(crate) fn lift_merges(
        &mut self,
        organisation: OrganisationCode,
        retired: &ChildReference,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for (_, mark) in self.unlifted(organisation)? {
            if matches!(&mark, Mark::Merged { from, .. } if from == retired) {
                self.lift_mark(organisation, &mark, at)?;
            }
        }
        Ok(())
    }

    /// The marks of an organisation that are not lifted. They are compared by content: a keyed index would have to
    /// follow each change of keys, and there are few marks.
    fn unlifted(&mut self, organisation: OrganisationCode) -> Result<Vec<(i64, Mark)>, StoreError> {
        let unlifted = tombstone::table
            .filter(tombstone::organisation.eq(organisation.as_str()).and(tombstone::lifted_at.is_null()))
            .select((tombstone::id, tombstone::cause, tombstone::position, tombstone::sealed_mark));
        let rows: Vec<(i64, String, i32, Vec<u8>)> = on!(self, c => unlifted.load(*c))?;
        rows.iter().map(|(id, cause, position, sealed)| Ok((*id, open(self.vault, cause, *position, sealed)?))).collect()
    }

    /// What an organisation may not send again.
    pub(crate) fn marks(&mut self, organisation: OrganisationCode, dataset: Dataset) -> Result<Vec<Mark>, StoreError> {
        let unlifted = tombstone::table
            .filter(tombstone::organisation.eq(organisation.as_str()).and(tombstone::dataset.eq(dataset.as_str())))
            .filter(tombstone::lifted_at.is_null())
            .select((tombstone::cause, tombstone::position, tombstone::sealed_mark));
        let rows: Vec<(String, i32, Vec<u8>)> = on!(self, c => unlifted.load(*c))?;
        rows.iter().map(|(cause, position, sealed)| open(self.vault, cause, *position, sealed)).collect()
    }
}
