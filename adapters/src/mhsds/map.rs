//! From a referral's rows to its columns.

use std::collections::HashMap;

use domain::issues::IssueCode;
use domain::recognition::{Recognised, Seen};

use super::wire::{Contact, Header, Of, Onward, OtherReason, Patient, Primary, Referral, Rtt, Secondary, TABLES, Team, Teams};
use crate::canonical::{Column, Filled};
use crate::data_sets::{DataSet, Opening, Referred, dated, day, diagnosed};
use crate::rows::Fault;
use crate::spells::{Contacts, End, fill_status, first, padded};
use crate::tables::Table;
use crate::{Context, Unreadable};

const VERSIONS: &[&str] = &["6", "5"];
/// A provider has some hundreds of teams.
const MOST_TEAMS: usize = 50_000;

#[derive(Default)]
pub(super) struct Map {
    /// The type of each team, by its local id (v6).
    teams: HashMap<String, String>,
}

impl DataSet for Map {
    const TABLES: &'static [Table] = TABLES;
    const NAMES: fn(Column) -> &'static str = name;

    fn header(&mut self, values: &[&str], context: &Context<'_>) -> Result<(), Unreadable> {
        let value = |column: Header| values[column as usize];
        let opening = Opening {
            version: ("MHS000.DatSetVer", value(Header::Version)),
            provider: ("MHS000.OrgIDProvider", value(Header::Provider)),
            period: ("MHS000.ReportingPeriodStartDate", [value(Header::Start), value(Header::End)]),
        };
        opening.check(VERSIONS, context)
    }

    fn lookup(&mut self, values: &[&str]) -> Result<(), Unreadable> {
        let kept = [Teams::TeamId, Teams::Kind].map(|column| values[column as usize].chars().take(50).collect::<String>());
        let [id, kind] = kept;
        if self.teams.len() == MOST_TEAMS {
            return Err(Unreadable::InTable("MHS902", Box::new(Unreadable::TooLarge { row: MOST_TEAMS as u64 })));
        }
        self.teams.insert(id, kind);
        Ok(())
    }

    fn recognise(&self, referred: &Referred<'_>, context: &Context<'_>) -> Vec<Recognised> {
        let of = |table: Of| referred.rows(table as usize);
        let mut codes = vec![("MHS101.PrimReasonReferralMH", padded(referred.referral(Referral::Reason as usize), 2))];
        codes.extend(of(Of::OtherReason).map(|row| ("MHS103.OtherReasonReferMH", padded(row.get(OtherReason::Reason as usize), 2))));
        codes.extend(of(Of::Team).map(|row| ("MHS102.ServTeamTypeRefToMH", row.get(Team::Kind as usize).into())));
        let teams = of(Of::Team).map(|row| row.get(Team::LocalId as usize));
        let kinds = std::iter::once(referred.referral(Referral::Team as usize)).chain(teams).filter_map(|team| self.teams.get(team));
        codes.extend(kinds.map(|kind| ("MHS902.ServTeamTypeMH", kind.as_str().into())));
        let primary = of(Of::Primary).map(|row| (row.get(Primary::Scheme as usize), row.get(Primary::Diagnosis as usize)));
        codes.extend(primary.map(|code| ("MHS604.PrimDiag", diagnosed(code))));
        let secondary = of(Of::Secondary).map(|row| (row.get(Secondary::Scheme as usize), row.get(Secondary::Diagnosis as usize)));
        codes.extend(secondary.map(|code| ("MHS605.SecDiag", diagnosed(code))));
        let seen: Vec<_> = codes.iter().map(|(field, code)| Seen { field, code }).collect();
        let received = day(referred.referral(Referral::Received as usize)).unwrap_or(context.today);
        context.rules.recognise(received, &seen)
    }

    fn fill<'a>(&self, referred: &Referred<'a>, filled: &mut Filled<'a>, context: &Context<'_>) -> Vec<Fault> {
        let of = |table: Of| referred.rows(table as usize);
        let patient = |column: Patient| referred.patient(column as usize);
        let referral = |column: Referral| referred.referral(column as usize);
        filled.set(Column::LocalPatientId, patient(Patient::LocalPatientId));
        filled.set(Column::NhsNumber, patient(Patient::NhsNumber));
        filled.set(Column::NhsNumberStatus, padded(patient(Patient::NhsNumberStatus), 2));
        filled.set(Column::DateOfBirth, dated(patient(Patient::Born)));
        filled.set(Column::Sex, patient(Patient::Sex));
        filled.set(Column::EthnicCategory, patient(Patient::EthnicCategory));
        filled.set(Column::SchoolUrn, patient(Patient::School));
        filled.set(Column::DateOfDeath, dated(patient(Patient::Died)));
        filled.set(Column::ReferralId, referral(Referral::Id));
        filled.set(Column::ReferralReceivedDate, dated(referral(Referral::Received)));
        filled.set(Column::Commissioner, referral(Referral::Commissioner));
        filled.set(Column::ReferredBy, referral(Referral::ReferredBy));

        let mut contacts = Contacts::default();
        for row in of(Of::Contact) {
            let can_be_first = matches!(padded(row.get(Contact::Mechanism as usize), 2).as_ref(), "01" | "11");
            let cancelled = !row.get(Contact::Cancelled as usize).is_empty();
            contacts.count(row.get(Contact::On as usize), row.get(Contact::Attendance as usize), can_be_first, cancelled, context.today);
        }
        contacts.fill(filled);
        // v6 has the first team on the referral itself, and only the others in their table.
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

        let mut faults = Vec::new();
        // Of several the latest, and of those of one day the last.
        if let Some(row) = of(Of::Rtt).max_by_key(|row| day(row.get(Rtt::Start as usize))) {
            let measured = padded(row.get(Rtt::MeasurementType as usize), 2);
            if measured == "01" {
                faults.push((name(Column::WaitingTimeMeasurementType), IssueCode::MeasurementTypeInvalid));
            }
            filled.set(Column::PathwayId, row.get(Rtt::PathwayId as usize));
            filled.set(Column::PathwayIdIssuer, row.get(Rtt::PathwayIdIssuer as usize));
            filled.set(Column::WaitingTimeMeasurementType, measured);
            filled.set(Column::RttStatus, padded(row.get(Rtt::Status as usize), 2));
        }
        if let Some(row) = of(Of::Onward).max_by_key(|row| day(row.get(Onward::On as usize))) {
            filled.set(Column::OnwardDate, dated(row.get(Onward::On as usize)));
            filled.set(Column::OnwardReason, padded(row.get(Onward::Reason as usize), 2));
            filled.set(Column::OnwardTo, row.get(Onward::To as usize));
        }
        faults
    }
}

fn name(column: Column) -> &'static str {
    match column {
        Column::ReferralId => "MHS101.ServiceRequestID",
        Column::NhsNumber => "MHS001.NHSNumber",
        Column::LocalPatientId => "MHS001.LocalPatientID",
        Column::DateOfBirth => "MHS001.PersonBirthDate",
        Column::ReferralReceivedDate => "MHS101.ReferralRequestReceivedDate",
        Column::NhsNumberStatus => "MHS001.NHSNumberStatus",
        Column::Sex => "MHS001.Gender",
        Column::EthnicCategory => "MHS001.EthnicCategory",
        Column::SchoolUrn => "MHS001.OrgIDEduEstab",
        Column::DateOfDeath => "MHS001.PersDeathDate",
        Column::PathwayId => "MHS104.PatPathID",
        Column::PathwayIdIssuer => "MHS104.OrgIDPatPathIDIssuer",
        Column::WaitingTimeMeasurementType => "MHS104.WaitTimeMeasureType",
        Column::RttStatus => "MHS104.ReferToTreatPeriodStatus",
        Column::ReferredBy => "MHS101.OrgIDReferringOrg",
        Column::Commissioner => "MHS101.OrgIDComm",
        Column::Team => "MHS101.CareProfTeamLocalID",
        Column::ClosedDate => "MHS101.ServDischDate",
        Column::ClosureReason => "MHS101.ReferClosReason",
        Column::RejectedDate => "MHS101.ReferRejectionDate",
        Column::RejectionReason => "MHS101.ReferRejectReason",
        Column::OnwardDate => "MHS105.OnwardReferDate",
        Column::OnwardReason => "MHS105.OnwardReferReason",
        Column::OnwardTo => "MHS105.OrgIDReceiving",
        Column::FirstContactDate | Column::LastContactDate | Column::NextAppointmentDate => "MHS201.CareContDate",
        Column::NotBroughtCount => "MHS201.AttendStatus",
        other => other.name(),
    }
}
