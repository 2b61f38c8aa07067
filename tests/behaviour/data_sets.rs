//! CSDS and MHSDS: what is written from records is what is read of them, but for what the formats cannot
//! carry, and days are counted as the national models count them.

#![cfg(test)]

use std::collections::BTreeMap;
use std::io::Cursor;

use adapters::{Context, InMemory, Row, Sink, Stop};
use chrono::NaiveDate;
use domain::children::{ChildIdentifier, ChildReference};
use domain::dates::{days_between, parse_day};
use domain::issues::Issue;
use domain::nhs_numbers::NhsNumber;
use domain::pathways::{Pathway, PathwaySet};
use domain::recognition::Rules;
use domain::referrals::{Hold, OnwardReferral, PreviousReferral, Referral, ReferralDetails, Stage, Status};
use domain::submissions::{Dataset, Entry, Record};
use proptest::option;
use proptest::prelude::*;
use synthetic::formats::{Period, csds, mhsds};

const PROVIDER: &str = "RY4";

fn today() -> NaiveDate {
    parse_day("2026-11-20").unwrap()
}

fn october() -> Period {
    parse_day("2026-10-01").unwrap()..=parse_day("2026-10-31").unwrap()
}

#[derive(Default)]
struct Kept {
    rows: Vec<Row>,
    file_issues: Vec<Issue>,
    out_of_scope: u64,
}

impl Sink for Kept {
    fn row(&mut self, row: Row) -> Result<(), Stop> {
        self.rows.push(row);
        Ok(())
    }

    fn out_of_scope(&mut self) -> Result<(), Stop> {
        self.out_of_scope += 1;
        Ok(())
    }

    fn file_issue(&mut self, issue: Issue) -> Result<(), Stop> {
        self.file_issues.push(issue);
        Ok(())
    }
}

/// Reads an archive back: its records in the order of the file, without what decided them.
fn read(format: &str, bytes: &[u8]) -> Vec<Record> {
    let adapter = adapters::find(Dataset::WaitingList, format).unwrap();
    let context = Context { organisation: PROVIDER.parse().unwrap(), today: today(), rules: Rules::built_in() };
    let mut kept = Kept::default();
    adapters::read(adapter, &mut Cursor::new(bytes), &InMemory, &context, &mut kept).unwrap();
    assert_eq!((kept.file_issues.as_slice(), kept.out_of_scope), (&[][..], 0));
    kept.rows.sort_by_key(|row| row.number);
    let records = kept.rows.into_iter().map(|row| row.record.unwrap_or_else(|| panic!("{:?}", row.issues)));
    let forgotten = records.map(|mut record| {
        if let Entry::Referral(referral) = &mut record.entry {
            assert!(!referral.recognised.is_empty(), "what decided it is kept");
            referral.recognised.clear();
        }
        record
    });
    forgotten.collect()
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..900).prop_map(|before| today() - chrono::Duration::days(before))
}

fn code(shape: &'static str) -> impl Strategy<Value = Option<String>> {
    option::of(proptest::string::string_regex(shape).unwrap())
}

/// Words with what CSV has to quote and what is not ASCII.
fn words() -> impl Strategy<Value = Option<String>> {
    code("[A-Za-zé][A-Za-z ,\"ŵ-]{0,8}[A-Za-z]")
}

prop_compose! {
    fn who()(
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
    fn whence()(
        who in who(), stage_start_date in option::of(day()), original_referral_date in option::of(day()),
        previous in option::of(Just(PreviousReferral { referral_id: "P-0".into(), provider: None })), ubrn in code("0[0-9]{11}"),
        pathway_id in words(), pathway_id_issuer in code("R[A-Z][0-9]"), priority in code("[123]"), source_of_referral in code("[01][0-9]"),
        referred_by in code("E8[0-9]{4}"), commissioner in code("0[0-9][A-Z]"), team in words(),
    ) -> ReferralDetails {
        ReferralDetails {
            stage: stage_start_date.map(|_| Stage::Triage), stage_start_date, original_referral_date, previous, ubrn, pathway_id,
            pathway_id_issuer, priority, source_of_referral, referred_by, commissioner, team, ..who
        }
    }
}

prop_compose! {
    fn details()(
        whence in whence(), onward in option::of((code("R[A-Z][0-9]"), day(), code("0[1-4]"))), subcontracted_by in code("R[A-Z][0-9]"),
        right_to_choose in option::of(any::<bool>()), waiting_time_measurement_type in code("0[29]"), rtt_status in code("[1239][0-2]"),
        first in option::of(day()), last in option::of(day()), next in option::of(-9_i64..90), not_brought_count in option::of(0_u16..4),
        hold in option::of(day()), closed_date in option::of(day()), closure_reason in code("0[1-9]"), rejected_date in option::of(day()),
        rejection_reason in code("0[1-3]"),
    ) -> ReferralDetails {
        ReferralDetails {
            onward: onward.map(|(to, on, reason)| OnwardReferral { to, on, reason }), subcontracted_by, right_to_choose,
            waiting_time_measurement_type, rtt_status, first_contact_date: first, last_contact_date: last,
            next_appointment_date: next.map(|days| today() + chrono::Duration::days(days)), not_brought_count,
            hold: hold.map(|from| Hold { from, to: None, reason: None }), closed_date, closure_reason, rejected_date, rejection_reason,
            ..whence
        }
    }
}

prop_compose! {
    fn record()(
        details in details(), bits in 1_u8..32, status in proptest::sample::select(Status::ALL), received in day(), age in 0_i64..20,
        serial in 0_u32..900_000, has_number: bool,
    ) -> Record {
        let pathways = Pathway::ALL.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
        let numbered = (0..).find_map(|more| test_number(serial + more)).unwrap();
        let identifier = match (&details.local_patient_id, has_number) {
            (Some(id), false) => ChildIdentifier::LocalPatient { provider: PROVIDER.parse().unwrap(), id: id.clone() },
            _ => ChildIdentifier::NhsNumber(numbered),
        };
        let referral = Referral {
            referral_id: String::new(),
            pathways: pathways.fold(PathwaySet::EMPTY, |all, (_, pathway)| all.with(*pathway)),
            status, referral_received_date: received, recognised: Vec::new(), details,
        };
        let child = ChildReference { identifier, date_of_birth: received - chrono::Duration::days(age * 365) };
        Record { child, entry: Entry::Referral(Box::new(referral)) }
    }
}

/// A number of the range that is reserved for test, where the check digit comes out.
fn test_number(serial: u32) -> Option<NhsNumber> {
    (0..10).find_map(|check| format!("999{serial:06}{check}").parse().ok())
}

/// Every referral an id, and every patient one as well: those of one patient say the same of the patient.
fn settled(mut records: Vec<Record>) -> Vec<Record> {
    for (at, record) in records.iter_mut().enumerate() {
        let Entry::Referral(referral) = &mut record.entry else { continue };
        referral.referral_id = format!("R-{at}");
        let number = |id: &mut String| *id = format!("{id} {at}");
        referral.details.local_patient_id.iter_mut().for_each(number);
        if let (ChildIdentifier::LocalPatient { id, .. }, Some(own)) = (&mut record.child.identifier, &referral.details.local_patient_id) {
            id.clone_from(own);
        } else if referral.details.local_patient_id.is_none() {
            referral.details.local_patient_id = Some(format!("P-{at}"));
        }
    }
    // The last child has two referrals, of one patient row.
    if let Some(mut again) = records.last().cloned() {
        if let Entry::Referral(referral) = &mut again.entry {
            referral.referral_id = "R-again".into();
        }
        records.push(again);
    }
    records
}

/// The details by their names, as they are stored.
fn named(record: &Record) -> BTreeMap<String, serde_json::Value> {
    match &record.entry {
        Entry::Referral(referral) => serde_json::from_value(serde_json::to_value(&referral.details).unwrap()).unwrap(),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn records_in_csds_come_back_but_for_what_it_cannot_carry(records in proptest::collection::vec(record(), 0..12)) {
        let records = settled(records);
        let mut out = Cursor::new(Vec::new());
        csds::write(&records, PROVIDER.parse().unwrap(), &october(), &mut out).unwrap();
        let expected: Vec<_> = records.iter().filter_map(|record| csds::as_carried(record, today())).collect();
        prop_assert!(expected.iter().flat_map(named).all(|(name, _)| !csds::LOSSES.contains(&name.as_str())));
        prop_assert_eq!(read("csds", out.get_ref()), expected);
    }

    #[test]
    fn records_in_mhsds_come_back_but_for_what_it_cannot_carry(records in proptest::collection::vec(record(), 0..12)) {
        let records = settled(records);
        let mut out = Cursor::new(Vec::new());
        mhsds::write(&records, PROVIDER.parse().unwrap(), &october(), &mut out).unwrap();
        let expected: Vec<_> = records.iter().filter_map(|record| mhsds::as_carried(record, today())).collect();
        prop_assert!(expected.iter().flat_map(named).all(|(name, _)| !mhsds::LOSSES.contains(&name.as_str())));
        prop_assert_eq!(read("mhsds", out.get_ref()), expected);
    }

    /// An open referral with nothing odd about it loses only what is listed: no field is lost besides.
    #[test]
    fn nothing_but_the_listed_losses_is_lost(record in record()) {
        let mut records = settled(vec![record]);
        records.pop();
        if let Entry::Referral(referral) = &mut records[0].entry {
            referral.status = Status::Waiting;
            let details = &mut referral.details;
            (details.closed_date, details.closure_reason, details.rejected_date, details.rejection_reason) = (None, None, None, None);
            details.last_contact_date = details.first_contact_date;
            details.next_appointment_date = details.next_appointment_date.filter(|day| *day > today());
            details.not_brought_count = details.not_brought_count.filter(|count| *count > 0);
        }
        for (losses, carried) in [(csds::LOSSES, csds::as_carried(&records[0], today())), (mhsds::LOSSES, mhsds::as_carried(&records[0], today()))] {
            let Some(carried) = carried else { continue };
            let mut expected = named(&records[0]);
            expected.retain(|name, _| !losses.contains(&name.as_str()));
            prop_assert_eq!(named(&carried), expected);
        }
    }
}

#[test]
fn days_are_counted_as_the_national_model_counts_them() {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(include_str!("../fixtures/nhs-datasets/waiting_day_vectors.json")).unwrap();
    let mut counted = 0;
    for vector in &vectors {
        let day = |name: &str| vector["set"][name].as_str().and_then(|text| parse_day(&text[..10]));
        for (measure, from, to) in [
            ("Days_RTTStart_to_End", "RTT_StartDate", "RTT_EndDate"),
            ("Days_Referral_to_CareContact", "ReferralRequest_ReceivedDate", "Contact_Date"),
            ("Days_ReceiveResults", "CardCompletion_Date", "TestResult_ReceivedDate"),
        ] {
            if let (Some(expected), Some(from), Some(to)) = (vector["expect"][measure].as_i64(), day(from), day(to)) {
                assert_eq!(days_between(from, to), expected, "{}: {measure}", vector["case"]);
                counted += 1;
            }
        }
    }
    assert!(counted > 10, "{counted}");
}
