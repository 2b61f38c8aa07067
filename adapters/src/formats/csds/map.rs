//! Works out the columns of a referral that `wire.rs` does not map already.

use std::borrow::Cow;

use super::wire::{Contact, Of, OtherReason, Referral, TABLES, Team};
use crate::columns::{Column, Filled};
use crate::contract::{Context, Fault};
use crate::national::data_sets::{DataSet, Referred, diagnosed};
use crate::national::spells::{Contacts, End, fill_status};
use crate::national::tables::Table;
use crate::national::values::padded;

pub(super) struct Map;

impl DataSet for Map {
    const TABLES: &'static [Table] = TABLES;
    const VERSIONS: &'static [&'static str] = &["1.6", "1.5"];

    fn codes<'a>(&'a self, referred: &Referred<'a>) -> Vec<(&'static str, Cow<'a, str>)> {
        let of = |table: Of| referred.rows(table as usize);
        let mut codes = vec![("CYP101.PrimaryReferralReason", padded(referred.referral(Referral::Reason as usize), 3))];
        codes.extend(of(Of::Team).map(|row| ("CYP102.TeamType", padded(row.get(Team::Kind as usize), 2))));
        codes.extend(of(Of::OtherReason).map(|row| ("CYP103.ReferralReason_Other", padded(row.get(OtherReason::Reason as usize), 3))));
        codes.extend(of(Of::Provisional).map(|row| ("CYP606.ProvisionalDiagnosis", diagnosed(row))));
        codes.extend(of(Of::Primary).map(|row| ("CYP607.PrimaryDiagnosis", diagnosed(row))));
        codes
    }

    fn fill<'a>(&self, referred: &Referred<'a>, filled: &mut Filled<'a>, context: &Context<'_>) -> Vec<Fault> {
        let of = |table: Of| referred.rows(table as usize);
        let mut contacts = Contacts::default();
        for row in of(Of::Contact) {
            let cancelled = !row.get(Contact::Cancelled as usize).is_empty();
            contacts.count(row.get(Contact::On as usize), row.get(Contact::Attendance as usize), true, cancelled, context.today);
        }
        contacts.fill(filled);
        let teams: Vec<_> = of(Of::Team)
            .map(|row| End {
                closed: row.get(Team::Closed as usize),
                closure_reason: row.get(Team::ClosureReason as usize),
                rejected: row.get(Team::Rejected as usize),
                rejection_reason: row.get(Team::RejectionReason as usize),
            })
            .collect();
        fill_status(filled, (referred.referral(Referral::Discharged as usize), ""), &teams, &contacts, context.today);
        if let Some(row) = of(Of::Team).find(|row| !row.get(Team::LocalId as usize).is_empty()) {
            filled.set(Column::Team, row.get(Team::LocalId as usize));
        }
        Vec::new()
    }
}
