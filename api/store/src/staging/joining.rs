//! Joins of two identifiers by which a sender's own file names one child: a provider's own number beside the NHS number, or a
//! council's child by name beside the UPN.
//!
//! Only an identifier that is known already is joined: where nobody sent or decided anything under it, there is nothing to
//! join. One that the sender's files give to two children is in doubt, and is joined with no other child.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use domain::operations::Operation;
use domain::{Ask, CallContext, ChildId, Match, MatchId, MatchSource, MatchStatus, Submission, london_day};

use super::merging::acting_within;
use crate::StoreError;
use crate::matches::MatchRow;
use crate::transactions::{Tx, on};

/// The child that rows name, and another identifier of it that is known.
#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = BigInt)]
    child: i64,
    #[diesel(sql_type = BigInt)]
    other: i64,
}

impl Tx<'_> {
    /// Joins the known identifiers by which the published rows name one child, with an audit entry for each join. What
    /// its sender joined before is left as it is, whatever others said of it; what the sender took apart stays apart.
    pub(super) fn join_identifiers(&mut self, submission: &Submission, call: &CallContext) -> Result<(), StoreError> {
        let organisation = submission.organisation;
        let pairs = if self.vault.has_two_indexes() { PAIRS.replace(SAME, SAME_OF_TWO) } else { PAIRS.to_owned() };
        let pairs: Vec<Pair> = on!(self, c => diesel::sql_query(&pairs).bind::<Text, _>(organisation.as_str()).load(*c))?;
        let pairs: Vec<(ChildId, ChildId)> = pairs.into_iter().map(|pair| (ChildId(pair.child), ChildId(pair.other))).collect();
        if pairs.is_empty() {
            return Ok(());
        }
        let cx = acting_within(call, submission, Operation::JoinIdentifiers);
        let ask = Ask::join_own(organisation).about(submission.id.0);
        // All at once, in the order of their gates.
        self.hold_many(pairs.iter().flat_map(|(child, other)| [*child, *other]).collect::<BTreeSet<_>>())?;
        let mut joined = Vec::with_capacity(pairs.len());
        for (first, second) in pairs {
            let parts: [&[u8]; 3] = [submission.id.0.as_bytes(), &first.0.to_be_bytes(), &second.0.to_be_bytes()];
            let id = MatchId(self.vault.derived_id(b"own-file\0", &parts)?);
            let row = self.permitted(ask.of(second), &cx, |tx, _| {
                tx.permitted(ask.of(first), &cx, |tx, permit| {
                    let stated = Match {
                        id,
                        first,
                        second,
                        claimed_by: organisation,
                        source: MatchSource::OwnFile,
                        status: MatchStatus::Stated,
                        valid_from: london_day(permit.at()),
                        valid_to: None,
                        verified: None,
                    };
                    tx.log_permitted(permit, &cx.by)?;
                    Ok(MatchRow::of(&stated.verify(organisation, permit.at()), Some(submission.id.0), permit.at()))
                })
            })?;
            joined.extend(row.into_iter().flatten());
        }
        self.save_matches(&joined)
    }
}

const SAME: &str = "o.look_up = s.also_look_up AND c.look_up = s.look_up";
const SAME_OF_TWO: &str = "o.look_up IN (s.also_look_up, s.other_also_look_up) AND c.look_up IN (s.look_up, s.other_look_up)";

/// $1 is the organisation. CROSS JOIN tells SQLite to start from the staged rows, and to look for the other identifier
/// first: usually it is not known.
const PAIRS: &str = "
    SELECT MIN(c.id) AS child, o.id AS other
    FROM staged s CROSS JOIN child_identifier o CROSS JOIN child_identifier c
    WHERE o.look_up = s.also_look_up AND c.look_up = s.look_up
        AND NOT EXISTS (SELECT 1 FROM child_match m
            WHERE m.second_id = o.id AND m.claimed_by = $1 AND m.source = 'own-file'
                AND (m.status <> 'undone' OR m.first_id = c.id))
    GROUP BY o.id HAVING COUNT(DISTINCT c.id) = 1
    ORDER BY o.id";

#[cfg(test)]
mod tests {
    use diesel::SqliteConnection;
    use diesel::connection::SimpleConnection;
    use diesel_migrations::MigrationHarness;

    use super::*;

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn an_identifier_is_looked_for_by_its_index_before_anything_else_is() {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        connection.run_pending_migrations(crate::migrations::Migrations).unwrap();
        connection.batch_execute(&super::super::TABLES.replace("KIND", "").replace("BYTES", "BLOB")).unwrap();
        for query in [PAIRS.to_owned(), PAIRS.replace(SAME, SAME_OF_TWO)] {
            assert_eq!(query.contains("IN (s.look_up"), query != PAIRS);
            let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(&mut connection).unwrap();
            let steps: Vec<&str> = plan.iter().map(|step| step.detail.as_str()).collect();
            assert_eq!(steps[0], "SCAN s", "{steps:?}");
            assert!(steps[1].starts_with("SEARCH o USING") && steps[1].ends_with("(look_up=?)"), "{steps:?}");
        }
    }
}
