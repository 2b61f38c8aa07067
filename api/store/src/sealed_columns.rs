//! Every column that holds sealed values, one line each. Re-sealing, re-keying and the check whether a key is still in
//! use go by this table. A test compares it with the databases' own tables.

use domain::NhsNumber;

use crate::StoreError;
use crate::vault::{Column, LookUp, Vault};

/// A column of sealed values, and what its values are bound to.
#[derive(Clone, Copy)]
pub(crate) struct SealedColumn {
    pub(crate) column: Column,
    pub(crate) bound: Bound,
}

/// Which row a sealed value belongs to, as its associated data says.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// A row whose `id` is a UUID in text.
    Uuid,
    /// A row that is found by `look_up`, which is made from the sealed value. Its `id` is a number.
    LookUp(fn(&Vault, &[u8]) -> Result<LookUp, StoreError>),
    /// The row of an identifier, which is found by `look_up`. That and `value_look_up` follow from what is sealed.
    Identifier,
    /// A row of `record`: its organisation and key. `digest` and `case_index` follow from what is
    /// sealed and from the child's index.
    Record,
    /// A tombstone, by its `cause` and `position`. Its `id` is a number.
    Tombstone,
}

pub(crate) const SEALED: [SealedColumn; 20] = [
    SealedColumn { column: Column::ChildReference, bound: Bound::Identifier },
    SealedColumn { column: Column::MatchReason, bound: Bound::Uuid },
    SealedColumn { column: Column::Record, bound: Bound::Record },
    SealedColumn { column: Column::ConsentEvidence, bound: Bound::Uuid },
    SealedColumn { column: Column::ConsentReason, bound: Bound::Uuid },
    SealedColumn { column: Column::ConsentReview, bound: Bound::Uuid },
    SealedColumn { column: Column::RestrictionReason, bound: Bound::Uuid },
    SealedColumn { column: Column::RestrictionLifting, bound: Bound::Uuid },
    SealedColumn { column: Column::OverrideReason, bound: Bound::Uuid },
    SealedColumn { column: Column::OptOutNumber, bound: Bound::LookUp(number_look_up) },
    SealedColumn { column: Column::AdviceRequest, bound: Bound::Uuid },
    SealedColumn { column: Column::Advice, bound: Bound::Uuid },
    SealedColumn { column: Column::HoldReason, bound: Bound::Uuid },
    SealedColumn { column: Column::HoldRelease, bound: Bound::Uuid },
    SealedColumn { column: Column::ErasureReason, bound: Bound::Uuid },
    SealedColumn { column: Column::ErasureLifting, bound: Bound::Uuid },
    SealedColumn { column: Column::RectificationReason, bound: Bound::Uuid },
    SealedColumn { column: Column::DisputeReason, bound: Bound::Uuid },
    SealedColumn { column: Column::DisputeSettlement, bound: Bound::Uuid },
    SealedColumn { column: Column::Tombstone, bound: Bound::Tombstone },
];

/// Where the sealed values are, for code that reads the database from outside: table, column, and the columns beside it
/// that are made with a look-up key.
pub fn sealed_columns() -> impl Iterator<Item = (&'static str, &'static str, &'static [&'static str])> {
    SEALED.iter().map(|sealed| (sealed.table(), sealed.name(), sealed.indexes()))
}

impl SealedColumn {
    pub(crate) fn table(&self) -> &'static str {
        self.column.label().split('.').next().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &'static str {
        self.column.label().split('.').nth(1).unwrap_or_default()
    }

    /// The columns beside it that are made with a look-up key.
    pub(crate) fn indexes(&self) -> &'static [&'static str] {
        match self.bound {
            Bound::Uuid | Bound::Tombstone => &[],
            Bound::LookUp(_) => &["look_up"],
            Bound::Identifier => &["look_up", "value_look_up"],
            Bound::Record => &["digest", "case_index"],
        }
    }
}

fn number_look_up(vault: &Vault, plain: &[u8]) -> Result<LookUp, StoreError> {
    let number = std::str::from_utf8(plain).ok().and_then(|number| number.parse().ok());
    let number: NhsNumber = number.ok_or(StoreError::Corrupt("an opt-out's number"))?;
    Ok(vault.number_look_ups(&number)[0])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use diesel::connection::SimpleConnection;
    use diesel::sql_types::Text;
    use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
    use diesel_migrations::MigrationHarness;

    use super::*;

    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }

    /// A column of bytes is sealed, is made with a look-up key, or is on this list. The digests in `expired_record` are
    /// keyed, but cannot be remade because their records are gone. Once their key is gone too, a record that is sent
    /// again is taken, and expires again.
    const NEITHER: [&str; 8] = [
        "assertion_jti.digest",
        "audit_entry.hash",
        "audit_leaf.body_hash",
        "audit_leaf.salt",
        "audit_node.hash",
        "child_claim.look_up",
        "expired_record.digest",
        "idempotency.fingerprint",
    ];

    #[test]
    fn every_column_of_bytes_is_accounted_for() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.batch_execute("PRAGMA foreign_keys = ON").unwrap();
        connection.run_pending_migrations(crate::migrations::Migrations).unwrap();
        let query = "SELECT s.name || '.' || c.name AS name FROM sqlite_schema s JOIN pragma_table_info(s.name) c
            WHERE s.type = 'table' AND (c.type = 'BLOB' OR c.name LIKE 'sealed%')";
        let found: Vec<Name> = sql_query(query).load(&mut connection).unwrap();
        let found: BTreeSet<String> = found.into_iter().map(|column| column.name).collect();
        let mut known: BTreeSet<String> = NEITHER.map(str::to_owned).into();
        for sealed in SEALED {
            known.insert(sealed.column.label().to_owned());
            known.extend(sealed.indexes().iter().map(|index| format!("{}.{index}", sealed.table())));
        }
        assert_eq!(found, known);
    }
}
