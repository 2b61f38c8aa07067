//! From a referral's rows to its columns.

use domain::recognition::{Recognised, Seen};

use super::wire::{Contact, Header, Of, Onward, OtherReason, Patient, Primary, Provisional, Referral, Rtt, TABLES, Team};
use crate::canonical::{Column, Filled};
use crate::data_sets::{DataSet, Opening, Referred, dated, day, diagnosed};
use crate::rows::Fault;
use crate::spells::{Contacts, End, fill_status, padded};
use crate::tables::Table;
use crate::{Context, Unreadable};

const VERSIONS: &[&str] = &["1.6", "1.5"];

pub(super) struct Map;

impl DataSet for Map {
    const TABLES: &'static [Table] = TABLES;
    const NAMES: fn(Column) -> &'static str = name;

    fn header(&mut self, values: &[&str], context: &Context<'_>) -> Result<(), Unreadable> {
        let value = |column: Header| values[column as usize];
        let opening = Opening {
            version: ("CYP000.Version", value(Header::Version)),
            provider: ("CYP000.OrgID_Provider", value(Header::Provider)),
            period: ("CYP000.RP_StartDate", [value(Header::Start), value(Header::End)]),
        };
        opening.check(VERSIONS, context)
    }

    fn lookup(&mut self, _: &[&str]) -> Result<(), Unreadable> {
        Ok(())
    }

    fn recognise(&self, referred: &Referred<'_>, context: &Context<'_>) -> Vec<Recognised> {
        let of = |table: Of| referred.rows(table as usize);
        let mut codes = vec![("CYP101.PrimaryReferralReason", padded(referred.referral(Referral::Reason as usize), 3))];
        codes.extend(of(Of::Team).map(|row| ("CYP102.TeamType", padded(row.get(Team::Kind as usize), 2))));
        codes.extend(of(Of::OtherReason).map(|row| ("CYP103.ReferralReason_Other", padded(row.get(OtherReason::Reason as usize), 3))));
        let provisional = of(Of::Provisional).map(|row| (row.get(Provisional::Scheme as usize), row.get(Provisional::Diagnosis as usize)));
        codes.extend(provisional.map(|code| ("CYP606.ProvisionalDiagnosis", diagnosed(code))));
        let primary = of(Of::Primary).map(|row| (row.get(Primary::Scheme as usize), row.get(Primary::Diagnosis as usize)));
        codes.extend(primary.map(|code| ("CYP607.PrimaryDiagnosis", diagnosed(code))));
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
        filled.set(Column::SourceOfReferral, padded(referral(Referral::Source), 2));
        filled.set(Column::ReferredBy, referral(Referral::ReferredBy));
        filled.set(Column::Priority, referral(Referral::Priority));

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
        fill_status(filled, (referral(Referral::Discharged), ""), &teams, &contacts, context.today);
        if let Some(row) = of(Of::Team).find(|row| !row.get(Team::LocalId as usize).is_empty()) {
            filled.set(Column::Team, row.get(Team::LocalId as usize));
        }
        // Of several the latest, and of those of one day the last.
        if let Some(row) = of(Of::Rtt).max_by_key(|row| day(row.get(Rtt::Start as usize))) {
            filled.set(Column::Ubrn, row.get(Rtt::Ubrn as usize));
            filled.set(Column::PathwayId, row.get(Rtt::PathwayId as usize));
            filled.set(Column::PathwayIdIssuer, row.get(Rtt::PathwayIdIssuer as usize));
            filled.set(Column::WaitingTimeMeasurementType, padded(row.get(Rtt::MeasurementType as usize), 2));
            filled.set(Column::RttStatus, padded(row.get(Rtt::Status as usize), 2));
        }
        if let Some(row) = of(Of::Onward).max_by_key(|row| day(row.get(Onward::On as usize))) {
            filled.set(Column::OnwardDate, dated(row.get(Onward::On as usize)));
            filled.set(Column::OnwardReason, padded(row.get(Onward::Reason as usize), 2));
            filled.set(Column::OnwardTo, row.get(Onward::To as usize));
        }
        Vec::new()
    }
}

fn name(column: Column) -> &'static str {
    match column {
        Column::ReferralId => "CYP101.ServiceRequestID",
        Column::NhsNumber => "CYP001.NHSNumber",
        Column::LocalPatientId => "CYP001.LocalPatientID",
        Column::DateOfBirth => "CYP001.DateOfBirth",
        Column::ReferralReceivedDate => "CYP101.ReferralRequest_ReceivedDate",
        Column::NhsNumberStatus => "CYP001.NHSNumber_Status",
        Column::Sex => "CYP001.Gender",
        Column::EthnicCategory => "CYP001.EthnicCategory",
        Column::SchoolUrn => "CYP001.OrgID_EducationEstablishment",
        Column::DateOfDeath => "CYP001.DateOfDeath",
        Column::Ubrn => "CYP104.BookingReference",
        Column::PathwayId => "CYP104.PatientPathwayID",
        Column::PathwayIdIssuer => "CYP104.PatientPathwayID_OrgID",
        Column::WaitingTimeMeasurementType => "CYP104.WaitingTime_MeasurementType",
        Column::RttStatus => "CYP104.RTT_Status",
        Column::Priority => "CYP101.Priority_Type",
        Column::SourceOfReferral => "CYP101.SourceOfReferral",
        Column::ReferredBy => "CYP101.OrgID_Referring",
        Column::Commissioner => "CYP101.OrgID_Commissioner",
        Column::Team => "CYP102.TeamID_Local",
        Column::ClosedDate => "CYP101.Discharge_Date",
        Column::ClosureReason => "CYP102.Referral_ClosureReason",
        Column::RejectedDate => "CYP102.Referral_RejectionDate",
        Column::RejectionReason => "CYP102.Referral_RejectionReason",
        Column::OnwardDate => "CYP105.Onward_ReferralDate",
        Column::OnwardReason => "CYP105.Onward_ReferralReason",
        Column::OnwardTo => "CYP105.OrgID_Receiving",
        Column::FirstContactDate | Column::LastContactDate | Column::NextAppointmentDate => "CYP201.Contact_Date",
        Column::NotBroughtCount => "CYP201.AttendanceStatus",
        other => other.name(),
    }
}
