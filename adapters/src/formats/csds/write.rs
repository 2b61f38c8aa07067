//! CSDS v1.6 as a ZIP of its tables (reference, section 3).

use std::borrow::Borrow;
use std::io::{self, Seek, Write};

use domain::{OrganisationCode, Pathway, PathwaySet, SubmittedRecord};

use crate::columns::referral_of;
use crate::national::writing::{Period, Tables, day, ended, patient_id, text};

/// The pathways of community services, each with the type of its team.
const TEAMS: [(Pathway, &str); 4] =
    [(Pathway::Autism, "06"), (Pathway::Adhd, "06"), (Pathway::SpeechAndLanguage, "33"), (Pathway::Audiology, "17")];

/// The provisional diagnoses that tell autism and ADHD apart.
const SUSPECTED: [(Pathway, &str); 2] = [(Pathway::Autism, "401204006"), (Pathway::Adhd, "406506008")];

/// Writes the records that are referrals on a pathway of this data set. `records` is called again for each table,
/// so that any number of records takes little memory.
pub fn write_csds<R: Borrow<SubmittedRecord>, I: Iterator<Item = R>>(
    records: impl Fn() -> I,
    organisation: OrganisationCode,
    period: &Period,
    out: impl Write + Seek,
) -> io::Result<()> {
    let records = || records().filter(|record| referral_of(record.borrow()).is_some_and(|referral| !carried(referral.pathways).is_empty()));
    let mut tables = Tables::new(out);
    let (start, end) = (period.start().to_string(), period.end().to_string());
    tables
        .table("CYP000Header.csv", "Version,OrgID_Provider,OrgID_Submitter,RP_StartDate,RP_EndDate,FileCreation_DateTime,PrimarySystem")?;
    tables.row(&["1.6", organisation.as_str(), organisation.as_str(), &start, &end, &format!("{end}T00:00:00"), "Synthetic"])?;
    let patients = (
        "CYP001MPI.csv",
        "LocalPatientID,NHSNumber,NHSNumber_Status,DateOfBirth,OrgID_EducationEstablishment,Gender,EthnicCategory,DateOfDeath",
    );
    tables.of_patients(patients, records)?;
    let referrals = (
        "CYP101Referral.csv",
        "ServiceRequestID,LocalPatientID,OrgID_Commissioner,ReferralRequest_ReceivedDate,SourceOfReferral,OrgID_Referring,\
         Priority_Type,PrimaryReferralReason,Discharge_Date",
    );
    tables.of_referrals(referrals, records, |tables, record, referral| {
        let details = &referral.details;
        tables.row(&[
            &referral.referral_id,
            patient_id(record, referral),
            text(&details.commissioner),
            &referral.referral_received_date.to_string(),
            text(&details.source_of_referral),
            text(&details.referred_by),
            text(&details.priority),
            reason(referral.pathways),
            &day(ended(referral).0),
        ])
    })?;
    let teams = (
        "CYP102ServiceTypeReferredTo.csv",
        "ServiceRequestID,TeamID_Local,TeamType,Referral_ClosureDate,Referral_RejectionDate,Referral_ClosureReason,Referral_RejectionReason",
    );
    tables.of_referrals(teams, records, |tables, _, referral| {
        let mut kinds: Vec<_> = TEAMS.iter().filter(|(pathway, _)| referral.pathways.contains(*pathway)).map(|(_, kind)| *kind).collect();
        kinds.dedup();
        let (closed, rejected) = ended(referral);
        let details = &referral.details;
        let closure_reason = closed.map(|_| text(&details.closure_reason)).unwrap_or_default();
        let rejection_reason = rejected.map(|_| text(&details.rejection_reason)).unwrap_or_default();
        kinds.iter().try_for_each(|kind| {
            let team = text(&details.team);
            tables.row(&[&referral.referral_id, team, kind, &day(closed), &day(rejected), closure_reason, rejection_reason])
        })
    })?;
    let rtt = (
        "CYP104RTT.csv",
        "ServiceRequestID,BookingReference,PatientPathwayID,PatientPathwayID_OrgID,WaitingTime_MeasurementType,RTT_StartDate,RTT_Status",
    );
    tables.of_referrals(rtt, records, |tables, _, referral| {
        let details = &referral.details;
        let [ubrn, pathway_id, issuer, measured, status] =
            [&details.ubrn, &details.pathway_id, &details.pathway_id_issuer, &details.waiting_time_measurement_type, &details.rtt_status]
                .map(text);
        if [ubrn, pathway_id, issuer, measured, status].iter().all(|value| value.is_empty()) {
            return Ok(());
        }
        let start = referral.referral_received_date.to_string();
        tables.row(&[&referral.referral_id, ubrn, pathway_id, issuer, measured, &start, status])
    })?;
    let onward = ("CYP105OnwardReferral.csv", "ServiceRequestID,Onward_ReferralDate,Onward_ReferralReason,OrgID_Receiving");
    tables.of_onward(onward, records)?;
    let contacts = ("CYP201CareContact.csv", "CareContactID,ServiceRequestID,Contact_Date,AttendanceStatus");
    let mut number = 0_u64;
    tables.of_referrals(contacts, records, |tables, _, referral| {
        let details = &referral.details;
        let attended = [details.first_contact_date, details.last_contact_date].into_iter().flatten().map(|on| (on, "5"));
        let not_brought = (0..details.not_brought_count.unwrap_or(0)).map(|_| (referral.referral_received_date, "3"));
        let next = details.next_appointment_date.into_iter().map(|on| (on, ""));
        attended.chain(not_brought).chain(next).try_for_each(|(on, status)| {
            number += 1;
            tables.row(&[&format!("C{number}"), &referral.referral_id, &on.to_string(), status])
        })
    })?;
    let diagnoses = ("CYP606ProvDiag.csv", "ServiceRequestID,Diagnosis_Scheme,ProvisionalDiagnosis");
    tables.of_referrals(diagnoses, records, |tables, _, referral| {
        let codes = SUSPECTED.iter().filter(|(pathway, _)| referral.pathways.contains(*pathway));
        codes.map(|(_, code)| code).try_for_each(|code| tables.row(&[&referral.referral_id, "06", code]))
    })?;
    tables.finish()
}

fn carried(pathways: PathwaySet) -> PathwaySet {
    pathways.intersection(TEAMS.iter().fold(PathwaySet::EMPTY, |all, (pathway, _)| all.with(*pathway)))
}

/// The primary reason. With an assessment, the teams show therapy and audiology.
fn reason(pathways: PathwaySet) -> &'static str {
    if SUSPECTED.iter().any(|(pathway, _)| pathways.contains(*pathway)) {
        "017"
    } else if pathways.contains(Pathway::SpeechAndLanguage) {
        "062"
    } else {
        "035"
    }
}
