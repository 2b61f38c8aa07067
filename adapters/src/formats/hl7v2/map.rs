//! Reads a message as a referral's columns, or as a merge.

use std::borrow::Cow;

use chrono::NaiveDate;
use domain::{ChildIdentifier, IdentifierMerge, IssueCode, OrganisationCode, REFERRAL_ID_LENGTH, SeenCode, SubmittedEntry};

use super::codes::{self, Kind};
use super::dates::{day, written_day};
use super::texts::{Message, Part};
use crate::columns::{self, Column, Filled, Values};
use crate::contract::{Called, Context, Draft, Fault};

/// What a message is about, as its header says.
pub(super) fn kind(message: &Message<'_>) -> Result<Kind, Fault> {
    let header = |number, component| message.field("MSH", number).map(|part| part.component(component)).unwrap_or_default();
    let kind = codes::kind(&header(9, 1), &header(9, 2)).map_err(|code| ("MSH-9", code))?;
    if kind == Kind::OutOfScope {
        return Ok(kind);
    }
    let version = header(12, 1);
    if !(version.is_empty() || ["2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9"].iter().any(|known| version.starts_with(known))) {
        return Err(("MSH-12", IssueCode::MessageVersion));
    }
    if matches!(&*header(11, 1), "T" | "D") {
        return Err(("MSH-11", IssueCode::MessageForTest));
    }
    Ok(kind)
}

/// The referral's id, where it is one that can be kept.
pub(super) fn referral_id<'a>(message: &Message<'a>) -> Option<Cow<'a, str>> {
    let id = message.field("RF1", 6)?.first();
    columns::is_id(&id).then_some(id)
}

/// The draft of a referral; `None` where no code puts it on a pathway.
pub(super) fn referral(number: u64, message: &Message<'_>, cancelled: bool, context: &Context<'_>) -> Option<Draft> {
    let mut row = Filled::new(called);
    let mut faults = Vec::new();
    for (segment, code) in [("RF1", IssueCode::SegmentMissing), ("PID", IssueCode::SegmentMissing)] {
        if message.segment(segment).is_none() {
            faults.push((segment, code));
        }
    }
    let received = message.field("RF1", 7).and_then(|part| day(&part.first()));
    let codes = codes_of(message);
    let seen: Vec<_> = codes.iter().map(|(field, code)| SeenCode { field, code }).collect();
    let recognised = context.rules.recognise(received.unwrap_or(context.today), &seen);
    if recognised.is_empty() {
        return None;
    }
    row.recognise(recognised);
    read_child(message, &mut row);
    read_referral(message, &mut row);
    faults.extend(read_providers(message, &mut row, context));
    read_local(message, &mut row, &mut faults);
    end(message, cancelled, &mut row);
    let mut draft = columns::draft(number, &row, context);
    draft.faults.extend(faults);
    Some(draft)
}

/// What HL7 calls a field, so that issues can name it.
fn called(field: &'static str) -> Called {
    columns::called(field, name)
}

/// What HL7 calls a column.
fn name(column: Column) -> Option<&'static str> {
    Some(match column {
        Column::ReferralId => "RF1-6",
        Column::NhsNumber | Column::LocalPatientId => "PID-3",
        Column::NhsNumberStatus => "PID-32",
        Column::DateOfBirth => "PID-7",
        Column::Sex => "PID-8",
        Column::EthnicCategory => "PID-22",
        Column::DateOfDeath => "PID-29",
        Column::GpPractice => "PD1-3",
        Column::Pathway => "RF1-10",
        Column::ReferralReceivedDate => "RF1-7",
        Column::Status => "RF1-1",
        Column::Priority => "RF1-2",
        Column::PreviousReferralId | Column::PreviousProvider | Column::Ubrn => "RF1-11",
        Column::ReferredBy => "PRD-7",
        Column::ClosedDate => "RF1-8",
        Column::RejectedDate => "RF1-9",
        // Named in a ZSB segment.
        other => other.name(),
    })
}

fn set_day(row: &mut Filled<'_>, column: Column, text: &str, read: fn(&str) -> Option<NaiveDate>) {
    match read(text) {
        _ if text.is_empty() => {}
        Some(day) => row.set(column, day.to_string()),
        None => row.fault(column, IssueCode::DateFormat),
    }
}

fn read_child(message: &Message<'_>, row: &mut Filled<'_>) {
    let Some(child) = message.segment("PID") else { return };
    for part in child.repetitions(3) {
        let column = if is_nhs_number(part) {
            Column::NhsNumber
        } else if codes::is_local(&part.component(5)) {
            Column::LocalPatientId
        } else {
            continue;
        };
        if row.value(column).is_none() {
            row.set(column, part.first().into_owned());
        }
    }
    let text = |number| child.field(number).map(Part::first).unwrap_or_default();
    set_day(row, Column::DateOfBirth, &text(7), written_day);
    set_day(row, Column::DateOfDeath, &text(29), day);
    row.set(Column::Sex, codes::sex(&text(8)).to_owned());
    if let Some(part) = child.field(22).filter(|part| codes::is_ethnic_scheme(&part.component(3))) {
        row.set(Column::EthnicCategory, part.first().into_owned());
    }
    // Other values are from HL7 table 0445, which says nothing about tracing.
    let status = text(32);
    if status.len() == 2 && status.bytes().all(|byte| byte.is_ascii_digit()) {
        row.set(Column::NhsNumberStatus, status.into_owned());
    }
    if let Some(practice) = message.field("PD1", 3) {
        let id = Some(practice.component(10)).filter(|id| !id.is_empty()).unwrap_or_else(|| practice.component(3));
        row.set(Column::GpPractice, id.into_owned());
    }
}

fn is_nhs_number(part: Part<'_>) -> bool {
    codes::is_nhs_number(&part.component(5), part.subcomponents(4))
}

fn read_referral(message: &Message<'_>, row: &mut Filled<'_>) {
    let Some(referral) = message.segment("RF1") else { return };
    let text = |number| referral.field(number).map(Part::first).unwrap_or_default();
    row.set(Column::ReferralId, text(6).into_owned());
    set_day(row, Column::ReferralReceivedDate, &text(7), day);
    let status = text(1);
    row.set(Column::Status, codes::status(&status).to_owned());
    row.set(Column::Priority, codes::priority(&text(2)).to_owned());
    // The day that a rejected or expired referral ended. Before that, the two days mean nothing.
    match &*status {
        "R" => set_day(row, Column::RejectedDate, &text(9), day),
        "E" => set_day(row, Column::ClosedDate, &text(8), day),
        _ => {}
    }
    for part in referral.repetitions(11) {
        if part.component(2).eq_ignore_ascii_case("UBRN") {
            row.set(Column::Ubrn, part.first().into_owned());
        } else {
            row.set(Column::PreviousReferralId, part.first().into_owned());
            // Any system may have issued the id. Only an ODS code names a provider.
            if part.component(2).parse::<OrganisationCode>().is_ok() {
                row.set(Column::PreviousProvider, part.component(2).into_owned());
            }
        }
    }
}

/// Reads which organisation referred the child. A referral to another provider is a fault.
fn read_providers(message: &Message<'_>, row: &mut Filled<'_>, context: &Context<'_>) -> Option<Fault> {
    let mut elsewhere = None;
    for provider in message.segments("PRD") {
        let mut ids = provider.repetitions(7).filter(|part| part.component(2).eq_ignore_ascii_case("ODS"));
        let Some(id) = ids.next().map(|part| part.first().into_owned()) else { continue };
        let roles: Vec<_> = provider.repetitions(1).map(|part| part.first().into_owned()).collect();
        // A site's code begins with its organisation's.
        if roles.iter().any(|role| role == "RT") && !id.to_ascii_uppercase().starts_with(context.organisation.as_str()) {
            elsewhere = Some(("PRD-7", IssueCode::ReferredElsewhere));
        }
        if roles.iter().any(|role| role == "RP") {
            row.set(Column::ReferredBy, id);
        }
    }
    elsewhere
}

/// Reads the values that HL7 has no field for, by native column name: `ZSB|stage|assessment`.
fn read_local(message: &Message<'_>, row: &mut Filled<'_>, faults: &mut Vec<Fault>) {
    const ELSEWHERE: [Column; 5] = [Column::ReferralId, Column::NhsNumber, Column::LocalPatientId, Column::DateOfBirth, Column::Pathway];
    for segment in message.segments("ZSB") {
        let text = |number| segment.field(number).map(Part::first).unwrap_or_default();
        let named = text(1);
        match Column::ALL.iter().find(|column| column.name().eq_ignore_ascii_case(&named)) {
            Some(column) if !ELSEWHERE.contains(column) => row.set(*column, text(2).into_owned()),
            _ if faults.contains(&("ZSB", IssueCode::ColumnUnknown)) => {}
            _ => faults.push(("ZSB", IssueCode::ColumnUnknown)),
        }
    }
}

/// A cancellation closes a referral that still waits or is on hold: on the day it gives, or else the day of the message.
fn end(message: &Message<'_>, cancelled: bool, row: &mut Filled<'_>) {
    if !cancelled {
        return;
    }
    if matches!(row.value(Column::Status), Some(Ok("waiting" | "on-hold"))) {
        row.set(Column::Status, "closed");
    }
    let column = match row.value(Column::Status) {
        Some(Ok("closed")) => Column::ClosedDate,
        Some(Ok("rejected")) => Column::RejectedDate,
        _ => return,
    };
    for (segment, number) in [("RF1", 9), ("RF1", 8), ("MSH", 7)] {
        if row.value(column).is_none()
            && let Some(part) = message.field(segment, number)
        {
            set_day(row, column, &part.first(), day);
        }
    }
}

/// The codes that may say what the referral is for: the reason, what is asked for, what is suspected.
fn codes_of(message: &Message<'_>) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut coded = |field: &'static str, part: Part<'_>| {
        for (code, scheme) in [(1, 3), (4, 6)] {
            let (code, scheme) = (part.component(code), codes::scheme(&part.component(scheme)));
            if !code.is_empty() {
                found.push((field, if scheme.is_empty() { code.into_owned() } else { format!("{scheme}:{code}") }));
            }
        }
    };
    for (segment, number, field) in [("RF1", 10, "RF1-10"), ("OBR", 4, "OBR-4"), ("DG1", 3, "DG1-3")] {
        for segment in message.segments(segment) {
            // A final diagnosis is not what the child waits to be assessed for.
            if field == "DG1-3" && segment.field(6).is_some_and(|kind| kind.first() == "F") {
                continue;
            }
            segment.repetitions(number).for_each(|part| coded(field, part));
        }
    }
    found
}

/// The draft of a merge. The patient in PID stays; the identifiers in MRG are retired.
pub(super) fn merge(number: u64, message: &Message<'_>, context: &Context<'_>) -> Draft {
    let mut faults = Vec::new();
    for segment in ["PID", "MRG"] {
        match message.segments(segment).count() {
            0 => faults.push((segment, IssueCode::SegmentMissing)),
            1 => {}
            _ => faults.push((segment, IssueCode::SegmentTooOften)),
        }
    }
    let survivor = identifiers(message, "PID", 3, "PID-3", context, &mut faults);
    let mut retired = identifiers(message, "MRG", 1, "MRG-1", context, &mut faults);
    retired.retain(|identifier| !survivor.contains(identifier));
    if retired.is_empty() && faults.is_empty() {
        faults.push(("MRG-1", IssueCode::MergeUnclear));
    }
    let is_nhs_number = |identifier: &&ChildIdentifier| matches!(identifier, ChildIdentifier::NhsNumber(_));
    let child = survivor.iter().find(is_nhs_number).or(survivor.first()).cloned();
    if child.is_none() && faults.is_empty() {
        faults.push(("PID-3", IssueCode::ChildNotIdentified));
    }
    let born = message.field("PID", 7).map(Part::first).unwrap_or_default();
    let date_of_birth = written_day(&born);
    if date_of_birth.is_none() {
        faults.push(("PID-7", if born.is_empty() { IssueCode::ValueMissing } else { IssueCode::DateFormat }));
    }
    Draft {
        number,
        referral_id: None,
        child,
        date_of_birth,
        entry: Some(SubmittedEntry::Merge(IdentifierMerge { retired })),
        faults,
        names: called,
    }
}

fn identifiers(
    message: &Message<'_>,
    segment: &str,
    number: usize,
    field: &'static str,
    context: &Context<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<ChildIdentifier> {
    let provider: OrganisationCode = context.organisation;
    let mut found = Vec::new();
    for part in message.segment(segment).into_iter().flat_map(|segment| segment.repetitions(number)) {
        let id = part.first();
        if is_nhs_number(part) {
            match columns::nhs_number(&id) {
                Ok(nhs_number) => found.push(ChildIdentifier::NhsNumber(nhs_number)),
                Err(code) => faults.push((field, code)),
            }
        } else if codes::is_local(&part.component(5)) {
            if id.chars().count() > REFERRAL_ID_LENGTH {
                faults.push((field, IssueCode::ValueTooLong));
            } else if !id.is_empty() {
                found.push(ChildIdentifier::LocalPatient { provider, id: id.into_owned() });
            }
        }
    }
    found
}
