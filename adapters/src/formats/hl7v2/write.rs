//! Writes referrals as a batch of HL7 v2 messages: REF^I12 (open), REF^I13 (ended), and merges as ADT^A40.

use std::io::{self, Write};

use chrono::NaiveDate;
use domain::{
    ChildIdentifier, ChildReference, IdentifierMerge, OrganisationCode, Referral, ReferralStatus, SubmittedEntry, SubmittedRecord,
};

use crate::columns::{Column, cell};

/// Writes a file of one batch, without cases. Values that HL7 has no field for go into ZSB segments.
pub fn write_hl7v2(records: &[SubmittedRecord], provider: OrganisationCode, written: NaiveDate, out: &mut dyn Write) -> io::Result<()> {
    let header = format!("|^~\\&|SYNTHETIC|{provider}|SENDBRIDGE||{}", compact(written));
    write!(out, "FHS{header}\rBHS{header}\r")?;
    let mut messages = 0_u64;
    for record in records {
        let event = match &record.entry {
            SubmittedEntry::Referral(referral) if referral.status.is_open() => "REF^I12^REF_I12",
            SubmittedEntry::Referral(_) => "REF^I13^REF_I12",
            SubmittedEntry::Merge(_) => "ADT^A40^ADT_A39",
            SubmittedEntry::Case(_) => continue,
        };
        messages += 1;
        write!(out, "MSH{header}||{event}|{messages}|P|2.8||||||UNICODE UTF-8\r")?;
        match &record.entry {
            SubmittedEntry::Referral(referral) => write_referral(out, &record.child, referral)?,
            SubmittedEntry::Merge(merge) => write_merge(out, &record.child, merge)?,
            SubmittedEntry::Case(_) => {}
        }
    }
    write!(out, "BTS|{messages}\rFTS|1\r")
}

fn write_referral(out: &mut dyn Write, child: &ChildReference, referral: &Referral) -> io::Result<()> {
    let details = &referral.details;
    let text = |value: &Option<String>| value.as_deref().map(escape).unwrap_or_default();
    let pathways: Vec<_> = referral.pathways.iter().map(|pathway| format!("{pathway}^^SENDBRIDGE")).collect();
    let mut earlier = Vec::new();
    if let Some(previous) = &details.previous {
        let provider = previous.provider.map(|provider| format!("^{provider}")).unwrap_or_default();
        earlier.push(format!("{}{provider}", escape(&previous.referral_id)));
    }
    earlier.extend(details.ubrn.as_deref().map(|ubrn| format!("{}^UBRN", escape(ubrn))));
    let (status, expired, processed) = match referral.status {
        ReferralStatus::Waiting | ReferralStatus::OnHold => ("P", None, None),
        ReferralStatus::Seen => ("A", None, None),
        ReferralStatus::Closed => ("E", details.closed_date, None),
        ReferralStatus::Rejected => ("R", None, details.rejected_date),
    };
    write!(
        out,
        "RF1|{status}|{}||||{}|{}|{}|{}|{}|{}\r",
        details.priority.as_deref().map(priority).unwrap_or_default(),
        escape(&referral.referral_id),
        compact(referral.referral_received_date),
        expired.map(compact).unwrap_or_default(),
        processed.map(compact).unwrap_or_default(),
        pathways.join("~"),
        earlier.join("~"),
    )?;
    if let Some(by) = &details.referred_by {
        write!(out, "PRD|RP||||||{}^ODS\r", escape(by))?;
    }
    let mut ids = vec![identifier(&child.identifier)];
    if let (Some(local), ChildIdentifier::NhsNumber(_)) = (&details.local_patient_id, &child.identifier) {
        ids.push(format!("{}^^^^MR", escape(local)));
    }
    write!(
        out,
        "PID|1||{}||SYNTHETIC^CHILD||{}|{}||||||||||||||{}|||||||{}|||{}\r",
        ids.join("~"),
        compact(child.date_of_birth),
        details.sex.as_deref().map(sex).unwrap_or_default(),
        text(&details.ethnic_category),
        details.date_of_death.map(compact).unwrap_or_default(),
        text(&details.nhs_number_status),
    )?;
    if let Some(practice) = &details.gp_practice {
        write!(out, "PD1|||^^{}\r", escape(practice))?;
    }
    for column in LOCAL.into_iter().filter(|column| is_local(*column, referral.status)) {
        if let Some(value) = cell(column, child, referral).text() {
            write!(out, "ZSB|{}|{}\r", column.name(), escape(&value))?;
        }
    }
    Ok(())
}

/// The columns that HL7 has no field for, or none that says the same exactly.
const LOCAL: [Column; 31] = [
    Column::Status,
    Column::Lsoa,
    Column::District,
    Column::ResponsibleLa,
    Column::SchoolUrn,
    Column::Stage,
    Column::StageStartDate,
    Column::OriginalReferralDate,
    Column::PathwayId,
    Column::PathwayIdIssuer,
    Column::SourceOfReferral,
    Column::OnwardTo,
    Column::OnwardDate,
    Column::OnwardReason,
    Column::Commissioner,
    Column::Team,
    Column::SubcontractedBy,
    Column::RightToChoose,
    Column::WaitingTimeMeasurementType,
    Column::RttStatus,
    Column::FirstContactDate,
    Column::LastContactDate,
    Column::NextAppointmentDate,
    Column::NotBroughtCount,
    Column::HoldFrom,
    Column::HoldTo,
    Column::HoldReason,
    Column::ClosedDate,
    Column::ClosureReason,
    Column::RejectedDate,
    Column::RejectionReason,
];

/// Whether a column of [`LOCAL`] needs a ZSB segment, because no field of the message gives it.
fn is_local(column: Column, status: ReferralStatus) -> bool {
    match column {
        Column::Status => matches!(status, ReferralStatus::OnHold | ReferralStatus::Seen),
        Column::ClosedDate => status != ReferralStatus::Closed,
        Column::RejectedDate => status != ReferralStatus::Rejected,
        _ => true,
    }
}

fn write_merge(out: &mut dyn Write, child: &ChildReference, merge: &IdentifierMerge) -> io::Result<()> {
    let retired: Vec<_> = merge.retired.iter().map(identifier).collect();
    write!(out, "PID|1||{}||SYNTHETIC^CHILD||{}\r", identifier(&child.identifier), compact(child.date_of_birth))?;
    write!(out, "MRG|{}\r", retired.join("~"))
}

/// An identifier of a health organisation. HL7 has no place for a council's.
fn identifier(identifier: &ChildIdentifier) -> String {
    match identifier {
        ChildIdentifier::NhsNumber(number) => format!("{}^^^NHS^NH", number.as_str()),
        ChildIdentifier::LocalPatient { provider, id } => format!("{}^^^{provider}^MR", escape(id)),
        ChildIdentifier::Upn(_) | ChildIdentifier::Named { .. } => String::new(),
    }
}

fn priority(code: &str) -> String {
    match code {
        "1" => "R".to_owned(),
        "2" => "A".to_owned(),
        other => escape(other),
    }
}

fn sex(code: &str) -> String {
    match code {
        "1" => "M".to_owned(),
        "2" => "F".to_owned(),
        "9" => "O".to_owned(),
        "X" => "U".to_owned(),
        other => escape(other),
    }
}

fn compact(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' => out.push_str("\\F\\"),
            '^' => out.push_str("\\S\\"),
            '&' => out.push_str("\\T\\"),
            '~' => out.push_str("\\R\\"),
            '\\' => out.push_str("\\E\\"),
            other => out.push(other),
        }
    }
    out
}
