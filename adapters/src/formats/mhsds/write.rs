//! MHSDS v6 as a ZIP of its tables (reference, section 4).

use std::borrow::Borrow;
use std::io::{self, Seek, Write};

use domain::{OrganisationCode, Pathway, PathwaySet, Referral, SubmittedRecord};

use crate::columns::referral_of;
use crate::national::writing::{Period, Tables, day, ended, patient_id, text};

/// The pathways of mental health services, each with its reason for referral. Mental health comes first, since
/// only the primary reason can say it.
const REASONS: [(Pathway, &str); 3] = [(Pathway::MentalHealth, "12"), (Pathway::Autism, "25"), (Pathway::Adhd, "24")];

/// Writes the records that are referrals on a pathway of this data set. `records` is called again for each table,
/// so that any number of records takes little memory.
pub fn write_mhsds<R: Borrow<SubmittedRecord>, I: Iterator<Item = R>>(
    records: impl Fn() -> I,
    organisation: OrganisationCode,
    period: &Period,
    out: impl Write + Seek,
) -> io::Result<()> {
    let records = || records().filter(|record| referral_of(record.borrow()).is_some_and(|referral| !carried(referral.pathways).is_empty()));
    let mut tables = Tables::new(out);
    let (start, end) = (period.start().to_string(), period.end().to_string());
    tables.table(
        "MHS000Header.csv",
        "DatSetVer,OrgIDProvider,OrgIDSubmit,PrimSystemInUse,ReportingPeriodStartDate,ReportingPeriodEndDate,DateTimeDatSetCreate",
    )?;
    tables.row(&["6", organisation.as_str(), organisation.as_str(), "Synthetic", &start, &end, &format!("{end}T00:00:00")])?;
    let patients =
        ("MHS001MPI.csv", "LocalPatientID,NHSNumber,NHSNumberStatus,PersonBirthDate,OrgIDEduEstab,Gender,EthnicCategory,PersDeathDate");
    tables.of_patients(patients, records)?;
    let referrals = (
        "MHS101Referral.csv",
        "ServiceRequestID,LocalPatientID,OrgIDComm,CareProfTeamLocalID,ReferralRequestReceivedDate,OrgIDReferringOrg,\
         PrimReasonReferralMH,ServDischDate,ReferRejectionDate,ReferRejectReason,ReferClosReason",
    );
    tables.of_referrals(referrals, records, |tables, record, referral| {
        let details = &referral.details;
        let (closed, rejected) = ended(referral);
        tables.row(&[
            &referral.referral_id,
            patient_id(record, referral),
            text(&details.commissioner),
            text(&details.team),
            &referral.referral_received_date.to_string(),
            text(&details.referred_by),
            reasons(referral).next().unwrap_or_default(),
            &day(closed),
            &day(rejected),
            rejected.map(|_| text(&details.rejection_reason)).unwrap_or_default(),
            closed.map(|_| text(&details.closure_reason)).unwrap_or_default(),
        ])
    })?;
    tables.of_referrals(("MHS103OtherReasonReferral.csv", "ServiceRequestID,OtherReasonReferMH"), records, |tables, _, referral| {
        reasons(referral).skip(1).try_for_each(|reason| tables.row(&[&referral.referral_id, reason]))
    })?;
    let rtt = (
        "MHS104RTT.csv",
        "ServiceRequestID,PatPathID,OrgIDPatPathIDIssuer,WaitTimeMeasureType,ReferToTreatPeriodStartDate,ReferToTreatPeriodStatus",
    );
    tables.of_referrals(rtt, records, |tables, _, referral| {
        let details = &referral.details;
        let [pathway_id, issuer, measured, status] =
            [&details.pathway_id, &details.pathway_id_issuer, &details.waiting_time_measurement_type, &details.rtt_status].map(text);
        if [pathway_id, issuer, measured, status].iter().all(|value| value.is_empty()) {
            return Ok(());
        }
        tables.row(&[&referral.referral_id, pathway_id, issuer, measured, &referral.referral_received_date.to_string(), status])
    })?;
    let onward = ("MHS105OnwardReferral.csv", "ServiceRequestID,OnwardReferDate,OnwardReferReason,OrgIDReceiving");
    tables.of_onward(onward, records)?;
    let contacts = ("MHS201CareContact.csv", "CareContactID,ServiceRequestID,CareContDate,ConsMechanismMH,AttendStatus");
    let mut number = 0_u64;
    tables.of_referrals(contacts, records, |tables, _, referral| {
        let details = &referral.details;
        // The last is by telephone, as a first contact must be face to face or by video.
        let first = details.first_contact_date.into_iter().map(|on| (on, "01", "5"));
        let last = details.last_contact_date.into_iter().map(|on| (on, "02", "5"));
        let not_brought = (0..details.not_brought_count.unwrap_or(0)).map(|_| (referral.referral_received_date, "01", "3"));
        let next = details.next_appointment_date.into_iter().map(|on| (on, "01", ""));
        first.chain(last).chain(not_brought).chain(next).try_for_each(|(on, mechanism, status)| {
            number += 1;
            tables.row(&[&format!("C{number}"), &referral.referral_id, &on.to_string(), mechanism, status])
        })
    })?;
    tables.table("MHS902ServiceTeamDetails.csv", "CareProfTeamLocalID,ServTeamTypeMH")?;
    tables.finish()
}

fn reasons(referral: &Referral) -> impl Iterator<Item = &'static str> {
    REASONS.iter().filter(|(pathway, _)| referral.pathways.contains(*pathway)).map(|(_, reason)| *reason)
}

fn carried(pathways: PathwaySet) -> PathwaySet {
    pathways.intersection(REASONS.iter().fold(PathwaySet::EMPTY, |all, (pathway, _)| all.with(*pathway)))
}
