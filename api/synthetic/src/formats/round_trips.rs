//! Writes the same list in every format that can carry one, and reads it back: only what the format is known to
//! lose may differ. So any two formats agree on everything that both carry.

use std::collections::BTreeMap;
use std::io::Cursor;

use adapters::{
    Format, Kept, Period, write_csds, write_csv, write_fhir_json, write_fhir_ndjson, write_fhir_xml, write_hl7v2, write_mhsds,
    write_ndjson, write_xlsx,
};
use chrono::NaiveDate;
use domain::{
    ChildIdentifier, ChildReference, Dataset, DecidingCode, IssueCode, NhsNumber, OnwardReferral, Pathway, PathwaySet, PreviousReferral,
    Recognised, Referral, ReferralDetails, ReferralHold, ReferralStage, ReferralStatus, SubmittedEntry, SubmittedRecord,
};
use proptest::option;
use proptest::prelude::*;

use super::carried::{CSDS_LOSSES, DECIDED, MHSDS_LOSSES, in_csds, in_mhsds};
use super::{provider, read, today};

/// A way to write a format, the format that reads it, what it loses, and what it makes of a record.
pub(super) struct Written {
    pub(super) name: &'static str,
    pub(super) format: &'static str,
    losses: &'static [&'static str],
    pub(super) write: fn(&[SubmittedRecord], &mut Cursor<Vec<u8>>) -> std::io::Result<()>,
    carries: fn(&SubmittedRecord) -> Option<SubmittedRecord>,
}

/// Every format of waiting lists. Some are written in two ways.
pub(super) const WRITTEN: &[Written] = &[
    Written { name: "csv", format: "csv", losses: DECIDED, write: |records, out| write_csv(records, out), carries: all },
    Written { name: "xlsx", format: "xlsx", losses: DECIDED, write: |records, out| write_xlsx(records, out), carries: all },
    Written { name: "ndjson", format: "ndjson", losses: DECIDED, write: |records, out| write_ndjson(records, out), carries: all },
    Written {
        name: "csds",
        format: "csds",
        losses: CSDS_LOSSES,
        write: |records, out| write_csds(|| records.iter(), provider(), &october(), out),
        carries: |record| in_csds(record, today()),
    },
    Written {
        name: "mhsds",
        format: "mhsds",
        losses: MHSDS_LOSSES,
        write: |records, out| write_mhsds(|| records.iter(), provider(), &october(), out),
        carries: |record| in_mhsds(record, today()),
    },
    Written { name: "fhir, JSON", format: "fhir", losses: DECIDED, write: |records, out| write_fhir_json(records, out), carries: all },
    Written { name: "fhir, XML", format: "fhir", losses: DECIDED, write: |records, out| write_fhir_xml(records, out), carries: all },
    Written {
        name: "fhir-ndjson",
        format: "fhir-ndjson",
        losses: DECIDED,
        write: |records, out| write_fhir_ndjson(records, out),
        carries: all,
    },
    Written {
        name: "hl7v2",
        format: "hl7v2",
        losses: DECIDED,
        write: |records, out| write_hl7v2(records, provider(), today(), out),
        carries: all,
    },
];

/// The whole record, except for what decided its pathways.
fn all(record: &SubmittedRecord) -> Option<SubmittedRecord> {
    Some(undecided(record.clone()))
}

fn undecided(mut record: SubmittedRecord) -> SubmittedRecord {
    if let SubmittedEntry::Referral(referral) = &mut record.entry {
        referral.recognised.clear();
    }
    record
}

impl Written {
    /// Writes the records and reads them back, in the order of the file, without what decided their pathways.
    fn through(&self, records: &[SubmittedRecord]) -> Vec<SubmittedRecord> {
        let mut out = Cursor::new(Vec::new());
        (self.write)(records, &mut out).unwrap();
        let Kept { mut rows, file_issues, .. } = read(self.format, out.get_ref());
        // The only issue with a file may be that the format has no districts.
        assert!(file_issues.iter().all(|issue| issue.code == IssueCode::DistrictBlank), "{}: {file_issues:?}", self.name);
        rows.sort_by_key(|row| row.number);
        // Only formats that decide pathways by codes give back the codes that decided.
        let decided = |row: &adapters::Row| matches!(&row.record, Some(SubmittedRecord { entry: SubmittedEntry::Referral(it), .. }) if !it.recognised.is_empty());
        assert!(rows.iter().all(|row| decided(row) == matches!(self.format, "csds" | "mhsds" | "hl7v2")), "{}", self.name);
        rows.into_iter().map(|row| undecided(row.record.unwrap_or_else(|| panic!("{}: {:?}", self.name, row.issues)))).collect()
    }
}

fn october() -> Period {
    NaiveDate::from_ymd_opt(2026, 10, 1).unwrap()..=NaiveDate::from_ymd_opt(2026, 10, 31).unwrap()
}

/// What decided a pathway when the record was read first. It is not written to any file.
fn decided() -> Recognised {
    let code = DecidingCode { field: "CYP101.PrimaryReferralReason".into(), code: "017".into() };
    Recognised { rule: "csds-autism".into(), pathways: Pathway::Autism.into(), codes: vec![code] }
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..900).prop_map(|before| today() - chrono::Duration::days(before))
}

fn code(shape: &'static str) -> impl Strategy<Value = Option<String>> {
    option::of(proptest::string::string_regex(shape).unwrap())
}

/// Words with characters that CSV must quote or XML and HL7 must escape, and with letters beyond ASCII.
fn words() -> impl Strategy<Value = Option<String>> {
    code("[A-Za-zé][A-Za-z ,;\"'ŵ|^~&<>\\\\-]{0,8}[A-Za-z]")
}

prop_compose! {
    fn patient()(
        local_patient_id in words(), nhs_number_status in code("0[1-7]"), sex in code("[129X]"), ethnic_category in code("[A-Z]"),
        lsoa in code("E010[0-9]{5}"), district in code("E070[0-9]{5}"), responsible_la in code("E100[0-9]{5}"), gp_practice in code("E8[0-9]{4}"),
        school_urn in code("EE1[0-9]{5}"), date_of_death in option::of(day()),
    ) -> ReferralDetails {
        ReferralDetails {
            local_patient_id, nhs_number_status, sex, ethnic_category, lsoa, district, responsible_la, gp_practice, school_urn, date_of_death,
            ..ReferralDetails::default()
        }
    }
}

prop_compose! {
    fn origin()(
        patient in patient(), stage_start_date in option::of(day()), original_referral_date in option::of(day()),
        previous in option::of(("H-[0-9]{4}", code("R[A-Z][0-9]"))), ubrn in code("0[0-9]{11}"),
        pathway_id in words(), pathway_id_issuer in code("R[A-Z][0-9]"), priority in code("[123]"), source_of_referral in code("[01][0-9]"),
        referred_by in code("E8[0-9]{4}"), commissioner in code("0[0-9][A-Z]"), team in words(),
    ) -> ReferralDetails {
        ReferralDetails {
            stage: stage_start_date.map(|_| ReferralStage::Triage), stage_start_date, original_referral_date, ubrn,
            previous: previous.map(|(referral_id, provider)| PreviousReferral { referral_id, provider: provider.map(|code| code.parse().unwrap()) }), pathway_id,
            pathway_id_issuer, priority, source_of_referral, referred_by, commissioner, team, ..patient
        }
    }
}

prop_compose! {
    fn details()(
        origin in origin(), onward in option::of((code("R[A-Z][0-9]"), day(), code("0[1-4]"))), subcontracted_by in code("R[A-Z][0-9]"),
        right_to_choose in option::of(any::<bool>()), waiting_time_measurement_type in code("0[29]"), rtt_status in code("[1239][0-2]"),
        first in option::of(day()), last in option::of(day()), next in option::of(-9_i64..90), not_brought_count in option::of(0_u16..4),
        hold in option::of((day(), option::of(0_i64..90), words())), closed_date in option::of(day()), closure_reason in code("0[1-9]"), rejected_date in option::of(day()),
        rejection_reason in code("0[1-3]"),
    ) -> ReferralDetails {
        ReferralDetails {
            onward: onward.map(|(to, on, reason)| OnwardReferral { to, on, reason }), subcontracted_by, right_to_choose,
            waiting_time_measurement_type, rtt_status, first_contact_date: first, last_contact_date: last,
            next_appointment_date: next.map(|days| today() + chrono::Duration::days(days)), not_brought_count,
            hold: hold.map(|(from, days, reason)| ReferralHold { from, to: days.map(|days| from + chrono::Duration::days(days)), reason }), closed_date, closure_reason, rejected_date, rejection_reason,
            ..origin
        }
    }
}

prop_compose! {
    fn record()(
        details in details(), bits in 1_u8..32, status in proptest::sample::select(ReferralStatus::ALL), received in day(), age in 0_i64..20,
        serial in 0_u32..900_000, has_number: bool,
    ) -> SubmittedRecord {
        let pathways = Pathway::ALL.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
        let numbered = (0..).find_map(|more| test_number(serial + more)).unwrap();
        let identifier = match (&details.local_patient_id, has_number) {
            (Some(id), false) => ChildIdentifier::LocalPatient { provider: provider(), id: id.clone() },
            _ => ChildIdentifier::NhsNumber(numbered),
        };
        let referral = Referral {
            referral_id: String::new(),
            pathways: pathways.fold(PathwaySet::EMPTY, |all, (_, pathway)| all.with(*pathway)),
            status, referral_received_date: received, recognised: vec![decided()], details,
        };
        let child = ChildReference { identifier, date_of_birth: received - chrono::Duration::days(age * 365) };
        SubmittedRecord { child, entry: SubmittedEntry::Referral(Box::new(referral)) }
    }
}

/// An NHS number in the range that is reserved for test; `None` where no check digit fits.
fn test_number(serial: u32) -> Option<NhsNumber> {
    (0..10).find_map(|check| format!("999{serial:06}{check}").parse().ok())
}

/// Gives every referral and every patient an id, and the last child a second referral.
fn settled(mut records: Vec<SubmittedRecord>) -> Vec<SubmittedRecord> {
    for (at, record) in records.iter_mut().enumerate() {
        let SubmittedEntry::Referral(referral) = &mut record.entry else { continue };
        referral.referral_id = format!("R-{at}");
        let number = |id: &mut String| *id = format!("{id} {at}");
        referral.details.local_patient_id.iter_mut().for_each(number);
        if let (ChildIdentifier::LocalPatient { id, .. }, Some(own)) = (&mut record.child.identifier, &referral.details.local_patient_id) {
            id.clone_from(own);
        } else if referral.details.local_patient_id.is_none() {
            referral.details.local_patient_id = Some(format!("P-{at}"));
        }
    }
    if let Some(mut again) = records.last().cloned() {
        if let SubmittedEntry::Referral(referral) = &mut again.entry {
            referral.referral_id = "R-again".into();
        }
        records.push(again);
    }
    records
}

/// The values of a record, by field name.
fn named(record: &SubmittedRecord) -> BTreeMap<String, serde_json::Value> {
    match &record.entry {
        SubmittedEntry::Referral(referral) => {
            let mut named: BTreeMap<_, _> = serde_json::from_value(serde_json::to_value(&referral.details).unwrap()).unwrap();
            if !referral.recognised.is_empty() {
                named.insert("recognised".into(), serde_json::to_value(&referral.recognised).unwrap());
            }
            named
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    // This makes about a thousand children.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_same_children_are_the_same_records_in_every_format(records in proptest::collection::vec(record(), 0..20)) {
        let records = settled(records);
        for written in WRITTEN {
            let expected: Vec<_> = records.iter().filter_map(written.carries).collect();
            let lost = expected.iter().flat_map(named).find(|(name, _)| written.losses.contains(&name.as_str()));
            prop_assert!(lost.is_none(), "{} carries {:?}", written.name, lost);
            prop_assert_eq!(written.through(&records), expected, "{}", written.name);
        }
    }

    /// An ordinary open referral loses only the listed fields.
    #[test]
    fn nothing_but_the_listed_losses_is_lost(record in record()) {
        let mut records = settled(vec![record]);
        records.pop();
        if let SubmittedEntry::Referral(referral) = &mut records[0].entry {
            referral.status = ReferralStatus::Waiting;
            let details = &mut referral.details;
            (details.closed_date, details.closure_reason, details.rejected_date, details.rejection_reason) = (None, None, None, None);
            details.last_contact_date = details.first_contact_date;
            details.next_appointment_date = details.next_appointment_date.filter(|day| *day > today());
            details.not_brought_count = details.not_brought_count.filter(|count| *count > 0);
        }
        for written in WRITTEN {
            let Some(carried) = (written.carries)(&records[0]) else { continue };
            let mut expected = named(&records[0]);
            expected.retain(|name, _| !written.losses.contains(&name.as_str()));
            prop_assert_eq!(named(&carried), expected, "{}", written.name);
        }
    }
}

#[test]
fn every_format_is_written_and_its_description_names_what_it_loses() {
    let lists = adapters::REGISTRY.iter().filter(|it| it.dataset() == Dataset::WaitingList && matches!(it, Format::Records(_)));
    for adapter in lists {
        let mut shapes = WRITTEN.iter().filter(|written| written.format == adapter.format()).peekable();
        assert!(shapes.peek().is_some(), "{}", adapter.format());
        let (_, losses) = adapter.guide().split_once("## Losses").unwrap_or_else(|| panic!("{}", adapter.format()));
        for loss in shapes.flat_map(|written| written.losses) {
            assert!(losses.contains(&format!("`{loss}`")), "{} loses {loss}", adapter.format());
        }
    }
}
