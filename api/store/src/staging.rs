//! A submission on its way in. Its rows are sealed and collected where nobody reads: in a file of their own beside the
//! embedded database, or in temporary tables of one PostgreSQL connection. Neither holds up the writer, needs to be
//! durable, or survives a crash. [`Staging::publish`] then publishes all of it in one transaction.

mod cases;
mod joining;
mod marked;
mod merging;
mod places;
mod publishing;
mod renewing;
mod standing;

use std::sync::Arc;

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use domain::{
    ChildReference, Issue, IssueCode, OrganisationCode, Severity, SubmissionId, SubmittedEntry, SubmittedRecord, retention_runs_from,
};

use cases::PlainCase;
use merging::StagedMerge;
use places::{Desk, Place};
pub use publishing::{Publication, Published};

use crate::StoreError;
use crate::databases::{Database, Store};
use crate::records::record_row;
use crate::rows::to_json_bytes;
use crate::transactions::{Handle, Tx, on};
use crate::vault::{Column, LookUp, Vault};

diesel::table! {
    staged (row_number) {
        row_number -> BigInt,
        record_key -> Text,
        look_up -> Binary,
        other_look_up -> Binary,
        also_look_up -> Nullable<Binary>,
        other_also_look_up -> Nullable<Binary>,
        sealed_reference -> Binary,
        pathways -> SmallInt,
        is_open -> Bool,
        digest -> Binary,
        other_digest -> Binary,
        case_index -> Nullable<Binary>,
        sealed_record -> Binary,
        retain_from -> Nullable<Date>,
    }
}

diesel::table! {
    staged_rejected (record_key) {
        record_key -> Text,
    }
}

diesel::table! {
    staged_issue (row_number, position) {
        row_number -> BigInt,
        position -> Integer,
        record_key -> Nullable<Text>,
        field -> Text,
        code -> Text,
        is_error -> Bool,
    }
}

diesel::table! {
    staged_merge (row_number, position) {
        row_number -> BigInt,
        position -> Integer,
        look_up -> Binary,
        sealed_reference -> Binary,
        survivor_look_up -> Binary,
        sealed_survivor -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(staged, staged_rejected, staged_issue);

/// What is made with a look-up key is kept here under both keys, because the database may hold either; `other_…` is
/// empty where there is one key.
///
/// The subject identifies the row of an issue from one submission to the next.
///
/// `also_look_up` is of another identifier by which the row names its child.
///
/// `KIND` becomes nothing for the file and TEMPORARY for PostgreSQL.
const TABLES: &str = "
    CREATE KIND TABLE staged (row_number BIGINT NOT NULL, record_key TEXT NOT NULL, look_up BYTES NOT NULL,
        other_look_up BYTES NOT NULL, also_look_up BYTES, other_also_look_up BYTES, sealed_reference BYTES NOT NULL, pathways SMALLINT NOT NULL, is_open BOOLEAN NOT NULL,
        digest BYTES NOT NULL, other_digest BYTES NOT NULL, case_index BYTES, sealed_record BYTES NOT NULL, retain_from DATE);
    CREATE KIND TABLE staged_merge (row_number BIGINT NOT NULL, position INTEGER NOT NULL, look_up BYTES NOT NULL,
        sealed_reference BYTES NOT NULL, survivor_look_up BYTES NOT NULL, sealed_survivor BYTES NOT NULL);
    CREATE KIND TABLE staged_rejected (record_key TEXT NOT NULL);
    CREATE KIND TABLE staged_issue (row_number BIGINT NOT NULL, position INTEGER NOT NULL, record_key TEXT,
        field TEXT NOT NULL, code TEXT NOT NULL, is_error BOOLEAN NOT NULL,
        subject TEXT GENERATED ALWAYS AS (CASE WHEN row_number = 0 THEN '' ELSE record_key END) STORED);";

/// Open rows of one child that share a pathway. Position 1003 comes after all of a row's own issues.
const OPEN_TWICE: &str = "
    INSERT INTO staged_issue (row_number, position, record_key, field, code, is_error)
    WITH several AS (SELECT look_up FROM staged WHERE is_open AND pathways <> 0 GROUP BY look_up HAVING COUNT(*) > 1),
        theirs AS (SELECT s.row_number, s.record_key, s.look_up, s.pathways FROM staged s JOIN several ON several.look_up = s.look_up
            WHERE s.is_open)
    SELECT DISTINCT a.row_number, 1003, a.record_key, 'pathway', 'open-twice', FALSE FROM theirs a
    JOIN theirs b ON b.look_up = a.look_up AND b.record_key <> a.record_key AND (b.pathways & a.pathways) <> 0";

/// What was found among all the staged rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Rows that were rejected because they repeat another.
    pub repeated: u64,
    /// Rows of children who are also open on the same pathway under another id.
    pub open_twice: u64,
}

/// Rows that are written at a time: fourteen columns each, well under SQLite's 32,766 values.
const BATCH: usize = 500;

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = staged, treat_none_as_default_value = false)]
struct StagedRow {
    row_number: i64,
    record_key: String,
    look_up: Vec<u8>,
    other_look_up: Vec<u8>,
    also_look_up: Option<Vec<u8>>,
    other_also_look_up: Option<Vec<u8>>,
    sealed_reference: Vec<u8>,
    pathways: i16,
    is_open: bool,
    digest: Vec<u8>,
    other_digest: Vec<u8>,
    case_index: Option<Vec<u8>>,
    sealed_record: Vec<u8>,
    retain_from: Option<NaiveDate>,
}

impl StagedRow {
    /// The row with another identifier by which it names its child.
    fn also_naming(self, vault: &Vault, also: Option<&ChildReference>) -> Self {
        let look_ups = also.map(|also| vault.look_ups(also));
        Self {
            also_look_up: look_ups.map(|[look_up, _]| look_up.to_vec()),
            other_also_look_up: look_ups.filter(|_| vault.has_two_indexes()).map(|[_, other]| other.to_vec()),
            ..self
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = staged_issue, treat_none_as_default_value = false)]
struct StagedIssue {
    row_number: i64,
    position: i32,
    record_key: Option<String>,
    field: &'static str,
    code: &'static str,
    is_error: bool,
}

/// The columns of a row that depend on its child.
#[derive(AsChangeset)]
#[diesel(table_name = staged)]
struct Identity {
    look_up: Vec<u8>,
    other_look_up: Vec<u8>,
    sealed_reference: Vec<u8>,
    digest: Vec<u8>,
    other_digest: Vec<u8>,
}

impl Identity {
    fn of(vault: &Vault, child: &ChildReference, plain: &[u8]) -> Result<Self, StoreError> {
        let [look_up, other] = vault.look_ups(child);
        let (mut other_look_up, mut other_digest) = (Vec::new(), Vec::new());
        if vault.has_two_indexes() {
            (other_look_up, other_digest) = (other.to_vec(), vault.digest(&other, plain)?.to_vec());
        }
        Ok(Self {
            sealed_reference: vault.seal(Column::ChildReference, &look_up, &to_json_bytes(child)?)?,
            digest: vault.digest(&look_up, plain)?.to_vec(),
            look_up: look_up.to_vec(),
            other_look_up,
            other_digest,
        })
    }
}

/// What has come in of a submission so far. Its methods block.
pub struct Staging {
    store: Store,
    /// The keys that all its rows are sealed under.
    vault: Arc<Vault>,
    organisation: OrganisationCode,
    desk: Desk,
    rows: Vec<StagedRow>,
    merges: Vec<StagedMerge>,
    cases: Vec<PlainCase>,
    rejected: Vec<String>,
    rejected_cases: Vec<[LookUp; 2]>,
    issues: Vec<StagedIssue>,
    /// How many issues are about the file as a whole.
    of_file: i32,
}

impl Store {
    /// A place to collect an organisation's submission until it is published. Blocks for a connection.
    pub fn stage(&self, submission: SubmissionId, organisation: OrganisationCode) -> Result<Staging, StoreError> {
        let place = match &self.database {
            Database::Sqlite(sqlite) => Place::file(&sqlite.staging_path(submission))?,
            Database::Postgres(postgres) => Place::temporary(postgres.connection()?)?,
        };
        Ok(Staging::new(self.clone(), organisation, place))
    }
}

impl Staging {
    fn new(store: Store, organisation: OrganisationCode, place: Place) -> Self {
        let (rows, merges, cases, rejected, rejected_cases, issues) = Default::default();
        Self {
            vault: store.vault(),
            store,
            organisation,
            desk: Desk::new(place),
            rows,
            merges,
            cases,
            rejected,
            rejected_cases,
            issues,
            of_file: 0,
        }
    }

    /// Takes the record of a row. Rows are counted from 1.
    pub fn record(&mut self, row: u64, record: &SubmittedRecord, today: NaiveDate) -> Result<(), StoreError> {
        let row = i64::try_from(row).unwrap_or(i64::MAX);
        let retain_from = retention_runs_from(&record.entry, today);
        match &record.entry {
            SubmittedEntry::Referral(referral) => {
                let shown = (referral.pathways.bits(), referral.status.is_open(), retain_from);
                let staged = self.seal(row, referral.referral_id.clone(), &record.child, &to_json_bytes(referral)?, shown, None)?;
                let also = referral.also_names(&record.child, self.organisation);
                self.rows.push(staged.also_naming(&self.vault, also.as_ref()));
                if self.rows.len() >= BATCH { self.write_rows() } else { Ok(()) }
            }
            SubmittedEntry::Merge(merge) => self.merge(row, &record.child, merge),
            SubmittedEntry::Case(case) => {
                self.cases.push(PlainCase { row, child: record.child.clone(), case: case.clone(), retain_from });
                if self.cases.len() == BATCH { self.write_cases() } else { Ok(()) }
            }
        }
    }

    /// The tuple is what is stored in clear: the pathways, whether it is open, and where its retention runs from.
    fn seal(
        &self,
        row_number: i64,
        record_key: String,
        child: &ChildReference,
        plain: &[u8],
        (pathways, is_open, retain_from): (i16, bool, Option<NaiveDate>),
        case_index: Option<LookUp>,
    ) -> Result<StagedRow, StoreError> {
        let Identity { look_up, other_look_up, sealed_reference, digest, other_digest } = Identity::of(&self.vault, child, plain)?;
        Ok(StagedRow {
            row_number,
            sealed_reference,
            pathways,
            is_open,
            digest,
            sealed_record: self.vault.seal(Column::Record, &record_row(self.organisation.as_str(), &record_key), plain)?,
            look_up,
            other_look_up,
            also_look_up: None,
            other_also_look_up: None,
            other_digest,
            case_index: case_index.map(Vec::from),
            retain_from,
            record_key,
        })
    }

    /// Notes that a row was rejected, by its sender's own id where it could be read.
    pub fn rejected(&mut self, record_key: String) -> Result<(), StoreError> {
        self.rejected.push(record_key);
        if self.rejected.len() == BATCH { self.write_notes() } else { Ok(()) }
    }

    /// The same for a request for an assessment, which has no id of the sender's.
    pub fn rejected_request(&mut self, child: &ChildReference, received_on: NaiveDate) -> Result<(), StoreError> {
        let indexes = self.case_indexes(child, received_on)?;
        self.rejected_cases.push(indexes);
        if self.rejected_cases.len() == BATCH { self.write_notes() } else { Ok(()) }
    }

    /// Notes the issues of one row, in order.
    pub fn issues(&mut self, issues: Vec<Issue>) -> Result<(), StoreError> {
        for (position, issue) in (0_i32..).zip(issues) {
            // Issues about the whole file come one by one.
            let position = if issue.row == 0 { self.of_file } else { position };
            self.of_file += i32::from(issue.row == 0);
            self.issues.push(StagedIssue {
                row_number: i64::try_from(issue.row).unwrap_or(i64::MAX),
                position,
                record_key: issue.referral_id,
                field: issue.field,
                code: issue.code.as_str(),
                is_error: issue.code.severity() == Severity::Error,
            });
        }
        if self.issues.len() >= BATCH { self.write_notes() } else { Ok(()) }
    }

    /// Writes out what is left, rejects the second and later rows of one record, and looks for children who wait twice
    /// on one pathway.
    pub fn finish(&mut self, twice: IssueCode, field: &'static str) -> Result<Finished, StoreError> {
        self.write_cases()?;
        self.write_rows()?;
        self.write_merges()?;
        self.write_notes()?;
        let repeats = format!(
            "INSERT INTO staged_issue (row_number, position, record_key, field, code, is_error)
             SELECT s.row_number, 1000, s.record_key, '{field}', '{twice}', TRUE FROM staged s
             WHERE EXISTS (SELECT 1 FROM staged e WHERE e.record_key = s.record_key AND e.row_number < s.row_number)"
        );
        let drop_repeats = "DELETE FROM staged WHERE row_number IN (SELECT row_number FROM staged_issue WHERE position = 1000)";
        let mut tx = self.tx()?;
        on!(tx, c => c.batch_execute(
            "CREATE INDEX staged_by_key ON staged (record_key, row_number);
             CREATE INDEX staged_rejected_by_key ON staged_rejected (record_key);
             CREATE INDEX staged_issue_by_subject ON staged_issue (subject, code, field);"
        ))?;
        if let Handle::Postgres(connection) = &mut tx.handle {
            connection.batch_execute("ANALYZE staged; ANALYZE staged_rejected; ANALYZE staged_issue")?;
        }
        let repeated = on!(tx, c => diesel::sql_query(&repeats).execute(*c))?;
        if repeated > 0 {
            on!(tx, c => diesel::sql_query(drop_repeats).execute(*c))?;
        }
        let open_twice = on!(tx, c => diesel::sql_query(OPEN_TWICE).execute(*c))?;
        Ok(Finished { repeated: repeated as u64, open_twice: open_twice as u64 })
    }

    fn tx(&mut self) -> Result<Tx<'_>, StoreError> {
        Ok(Tx { handle: self.desk.place()?.handle()?, vault: &self.vault })
    }

    fn write_rows(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH));
        if rows.is_empty() { Ok(()) } else { self.desk.write(rows) }
    }

    fn write_notes(&mut self) -> Result<(), StoreError> {
        let cases = std::mem::take(&mut self.rejected_cases);
        let keys = self.case_keys(&cases)?;
        self.rejected.extend(keys);
        let rejected: Vec<_> = std::mem::take(&mut self.rejected).into_iter().map(|key| staged_rejected::record_key.eq(key)).collect();
        let issues = std::mem::take(&mut self.issues);
        let mut tx = self.tx()?;
        for chunk in rejected.chunks(BATCH) {
            on!(tx, c => diesel::insert_into(staged_rejected::table).values(chunk).execute(*c))?;
        }
        match tx.handle {
            Handle::Sqlite(connection) => {
                for chunk in issues.chunks(BATCH) {
                    diesel::insert_into(staged_issue::table).values(chunk).execute(connection)?;
                }
            }
            Handle::Postgres(connection) if !issues.is_empty() => {
                diesel::copy_from(staged_issue::table).from_insertable(&issues).execute(connection)?;
            }
            Handle::Postgres(_) => {}
        }
        Ok(())
    }
}
