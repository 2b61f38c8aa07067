//! Tests that what is written in a format is read back the same: in native formats however odd the texts, in
//! others except for what the format cannot carry.

pub(crate) mod carried;
mod names;
mod round_trips;

use std::io::{Cursor, Write};

use adapters::{Context, InMemory, Kept, write_csv, write_ndjson, write_xlsx};
use chrono::NaiveDate;
use domain::{
    ChildIdentifier, ChildReference, Dataset, NhsNumber, OnwardReferral, OrganisationCode, Pathway, PreviousReferral, RecognitionRules,
    Referral, ReferralDetails, ReferralHold, ReferralStage, ReferralStatus, SubmittedEntry, SubmittedRecord, parse_day,
};
use proptest::option;
use proptest::prelude::*;

pub(crate) fn provider() -> OrganisationCode {
    "RY4".parse().unwrap()
}

pub(crate) fn today() -> NaiveDate {
    parse_day("2026-11-20").unwrap()
}

/// Reads a file back; all of it must be in scope. No bytes are a list without a row, in formats of lines.
pub(crate) fn read(format: &str, bytes: &[u8]) -> Kept {
    let mut kept = Kept::default();
    if !bytes.is_empty() {
        let context = Context { organisation: provider(), today: today(), rules: RecognitionRules::built_in() };
        let adapter = adapters::find(Dataset::WaitingList, format).unwrap();
        adapters::read(adapter, &mut Cursor::new(bytes), &InMemory, &context, &mut kept).unwrap();
    }
    assert!(kept.published.is_empty() && kept.out_of_scope == 0);
    kept
}

type Writer = fn(&[SubmittedRecord], &mut dyn Write) -> std::io::Result<()>;

/// Days as far back as before 1 March 1900, the first that Excel can hold.
fn day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..47_000).prop_map(|days| today() - chrono::Duration::days(days))
}

/// Ids and codes: digits with leading zeros, texts that look like a day or a formula, any letters.
fn code(most: usize) -> impl Strategy<Value = String> {
    let odd = ["007", "1E5", "MAR-1", "=1+1", "1.0", "TRUE", "@x", "'q", "-3", "a|b", "{\"a\":1}"].map(str::to_owned);
    let any =
        proptest::string::string_regex(&format!("[A-Za-z0-9éß\u{4e00}<&,\"\\\\][A-Za-z0-9 é<&;,\"'\\\\_\\-]{{0,{}}}", most - 2)).unwrap();
    prop_oneof![1 => proptest::sample::select(odd.to_vec()), 4 => any.prop_map(|text| text.trim().to_owned())]
}

fn organisation() -> impl Strategy<Value = String> {
    "[A-Z0-9]{3,8}"
}

prop_compose! {
    fn details()(texts in proptest::collection::vec(option::of(code(20)), 13), organisations in proptest::collection::vec(option::of(organisation()), 6),
        days in proptest::collection::vec(option::of(day()), 8), stage in option::of(proptest::sample::select(ReferralStage::ALL)), team in option::of(code(100)),
        areas in (option::of("E01[0-9]{6}"), option::of("E07[0-9]{6}")),
        previous in option::of((code(50), option::of(organisation()))), hold in option::of((day(), option::of(day()), option::of(code(100)))),
        onward in option::of((option::of(organisation()), day(), option::of(code(20)))),
        right_to_choose in any::<Option<bool>>(), not_brought_count in any::<Option<u16>>()) -> ReferralDetails {
        let (mut texts, mut organisations, mut days) = (texts.into_iter(), organisations.into_iter(), days.into_iter());
        let mut text = || texts.next().flatten();
        let mut organisation = || organisations.next().flatten();
        let mut day = || days.next().flatten();
        ReferralDetails {
            local_patient_id: text(), nhs_number_status: text(), sex: text(), ethnic_category: text(), school_urn: text(), ubrn: text(), pathway_id: text(),
            priority: text(), source_of_referral: text(), waiting_time_measurement_type: text(), rtt_status: text(), closure_reason: text(),
            rejection_reason: text(), responsible_la: organisation(), gp_practice: organisation(), commissioner: organisation(),
            subcontracted_by: organisation(), pathway_id_issuer: organisation(), referred_by: organisation(), stage_start_date: day(),
            original_referral_date: day(), first_contact_date: day(), last_contact_date: day(), next_appointment_date: day(), closed_date: day(),
            rejected_date: day(), date_of_death: day(), lsoa: areas.0, district: areas.1, team, stage, right_to_choose, not_brought_count,
            previous: previous.map(|(referral_id, provider)| PreviousReferral { referral_id, provider: provider.map(|code| code.parse().unwrap()) }),
            onward: onward.map(|(to, on, reason)| OnwardReferral { to, on, reason }),
            hold: hold.map(|(from, to, reason)| ReferralHold { from, to, reason }),
        }
    }
}

prop_compose! {
    fn record()(nine in 999_000_001_u32..999_999_999, referral_id in code(50), status in proptest::sample::select(ReferralStatus::ALL), received in day(),
        pathways in proptest::collection::vec(proptest::sample::select(Pathway::ALL), 1..4), age in 0_i64..7000, mut details in details()) -> SubmittedRecord {
        let identifier = NhsNumber::from_first_nine(nine).map_or_else(|| {
            let id = details.local_patient_id.get_or_insert_with(|| "P-1".into()).clone();
            ChildIdentifier::LocalPatient { provider: provider(), id }
        }, ChildIdentifier::NhsNumber);
        let referral = Referral { referral_id, pathways: pathways.into_iter().collect(), status, referral_received_date: received, recognised: Vec::new(), details };
        SubmittedRecord { child: ChildReference { identifier, date_of_birth: received - chrono::Duration::days(age) }, entry: SubmittedEntry::Referral(Box::new(referral)) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_what_is_read(records in proptest::collection::vec(record(), 0..6)) {
        let formats: [(&str, Writer); 3] = [("csv", write_csv), ("xlsx", write_xlsx), ("ndjson", write_ndjson)];
        for (format, write) in formats {
            let mut bytes = Vec::new();
            write(&records, &mut bytes).unwrap();
            let Kept { rows, file_issues, .. } = read(format, &bytes);
            let read: Vec<_> = rows.into_iter().map(|row| row.record).collect();
            prop_assert_eq!(read, records.iter().cloned().map(Some).collect::<Vec<_>>(), "{}", format);
            prop_assert!(file_issues.is_empty(), "{}: {:?}", format, file_issues);
        }
    }
}
