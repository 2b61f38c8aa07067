//! Works out the columns of a referral that `wire.rs` does not map already.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::IssueCode;

use super::wire::{Contact, Of, OtherReason, Referral, TABLES, Team, Teams};
use crate::columns::{Column, Filled, Values};
use crate::contract::{Context, Fault, Unreadable};
use crate::national::data_sets::{DataSet, Referred, diagnosed};
use crate::national::spells::{Contacts, End, fill_status};
use crate::national::tables::Table;
use crate::national::values::{first, padded};

/// A provider has some hundreds of teams.
const MOST_TEAMS: usize = 50_000;

#[derive(Default)]
pub(super) struct Map {
    /// The type of each team, by the team's local id (v6).
    teams: HashMap<String, String>,
}

impl DataSet for Map {
    const TABLES: &'static [Table] = TABLES;
    const VERSIONS: &'static [&'static str] = &["6", "5"];

    fn lookup(&mut self, values: &[&str]) -> Result<(), Unreadable> {
        let kept = [Teams::TeamId, Teams::Kind].map(|column| values[column as usize].chars().take(50).collect::<String>());
        let [id, kind] = kept;
        if self.teams.len() == MOST_TEAMS {
            return Err(Unreadable::InTable("MHS902", Box::new(Unreadable::TooLarge { row: MOST_TEAMS as u64 })));
        }
        self.teams.insert(id, kind);
        Ok(())
    }

    fn codes<'a>(&'a self, referred: &Referred<'a>) -> Vec<(&'static str, Cow<'a, str>)> {
        let of = |table: Of| referred.rows(table as usize);
        let mut codes = vec![("MHS101.PrimReasonReferralMH", padded(referred.referral(Referral::Reason as usize), 2))];
        codes.extend(of(Of::OtherReason).map(|row| ("MHS103.OtherReasonReferMH", padded(row.get(OtherReason::Reason as usize), 2))));
        codes.extend(of(Of::Team).map(|row| ("MHS102.ServTeamTypeRefToMH", row.get(Team::Kind as usize).into())));
        let teams = of(Of::Team).map(|row| row.get(Team::LocalId as usize));
        let kinds = std::iter::once(referred.referral(Referral::Team as usize)).chain(teams).filter_map(|team| self.teams.get(team));
        codes.extend(kinds.map(|kind| ("MHS902.ServTeamTypeMH", kind.as_str().into())));
        codes.extend(of(Of::Primary).map(|row| ("MHS604.PrimDiag", diagnosed(row))));
        codes.extend(of(Of::Secondary).map(|row| ("MHS605.SecDiag", diagnosed(row))));
        codes
    }

    fn fill<'a>(&self, referred: &Referred<'a>, filled: &mut Filled<'a>, context: &Context<'_>) -> Vec<Fault> {
        let of = |table: Of| referred.rows(table as usize);
        let referral = |column: Referral| referred.referral(column as usize);
        let mut contacts = Contacts::default();
        for row in of(Of::Contact) {
            let can_be_first = matches!(padded(row.get(Contact::Mechanism as usize), 2).as_ref(), "01" | "11");
            let cancelled = !row.get(Contact::Cancelled as usize).is_empty();
            contacts.count(row.get(Contact::On as usize), row.get(Contact::Attendance as usize), can_be_first, cancelled, context.today);
        }
        contacts.fill(filled);
        // v6 puts the first team on the referral itself, and only the others in the table of teams.
        let own = End { rejected: referral(Referral::Rejected), rejection_reason: referral(Referral::RejectionReason), ..End::default() };
        let own = (!own.rejected.is_empty() || !referral(Referral::Team).is_empty()).then_some(own);
        let others = of(Of::Team).map(|row| End {
            closed: row.get(Team::Closed as usize),
            closure_reason: row.get(Team::ClosureReason as usize),
            rejected: row.get(Team::Rejected as usize),
            rejection_reason: row.get(Team::RejectionReason as usize),
        });
        let teams: Vec<_> = own.into_iter().chain(others).collect();
        let discharged = (referral(Referral::Discharged), referral(Referral::ClosureReason));
        fill_status(filled, discharged, &teams, &contacts, context.today);
        let other = of(Of::Team).map(|row| row.get(Team::LocalId as usize)).find(|team| !team.is_empty());
        filled.set(Column::Team, first(referral(Referral::Team), other.unwrap_or_default()));

        if filled.value(Column::WaitingTimeMeasurementType) == Some(Ok("01")) {
            return vec![("MHS104.WaitTimeMeasureType", IssueCode::MeasurementTypeInvalid)];
        }
        Vec::new()
    }
}
