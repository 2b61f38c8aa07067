//! What is written is read back, except for known losses.

use chrono::NaiveDate;
use domain::{
    ChildIdentifier, ChildReference, IdentifierMerge, NhsNumber, OnwardReferral, PathwaySet, PreviousReferral, Referral, ReferralDetails,
    ReferralHold, ReferralStage, ReferralStatus, SubmittedEntry, SubmittedRecord, parse_day,
};
use proptest::option;
use proptest::prelude::*;

use super::*;

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..3_000).prop_map(|days| NaiveDate::from_ymd_opt(2018, 1, 1).unwrap() + chrono::Duration::days(days))
}

/// Any text that a native value may have, delimiters included.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9|^~\\\\&#é€ -]{1,18}".prop_map(|text| text.trim().to_owned()).prop_filter("a value", |text| !text.is_empty())
}

fn organisation() -> impl Strategy<Value = String> {
    "R[A-Z0-9]{2}"
}

prop_compose! {
    fn codes()(
        sex in option::of(prop::sample::select(vec!["1", "2", "9", "X"])),
        priority in option::of(prop::sample::select(vec!["1", "2", "3"])),
        ethnic_category in option::of(prop::sample::select(vec!["A", "N", "Z"])),
        nhs_number_status in option::of("0[1-8]"),
        ubrn in option::of("[0-9]{12}"),
        previous in option::of((text(), option::of(organisation()))),
        texts in prop::collection::vec(option::of(text()), 12),
        organisations in prop::collection::vec(option::of(organisation()), 6),
        gss in prop::collection::vec(option::of("E0[0-9]{7}"), 2),
        stage in option::of(prop::sample::select(ReferralStage::ALL.to_vec())),
        right_to_choose in option::of(any::<bool>()),
        not_brought_count in option::of(any::<u16>()),
    ) -> ReferralDetails {
        let mut texts = texts.into_iter();
        let mut text = move || texts.next().flatten();
        let mut organisations = organisations.into_iter();
        let mut organisation = move || organisations.next().flatten();
        ReferralDetails {
            local_patient_id: text(), sex: sex.map(str::to_owned), priority: priority.map(str::to_owned),
            ethnic_category: ethnic_category.map(str::to_owned), nhs_number_status, ubrn, stage, right_to_choose, not_brought_count,
            lsoa: gss[0].clone(), district: gss[1].clone(), responsible_la: organisation(), gp_practice: organisation(),
            school_urn: text(), pathway_id: text(), pathway_id_issuer: organisation(), source_of_referral: text(),
            referred_by: organisation(), commissioner: organisation(), team: text(), subcontracted_by: organisation(),
            waiting_time_measurement_type: text(), rtt_status: text(), closure_reason: text(), rejection_reason: text(),
            previous: previous.map(|(referral_id, provider)| {
                PreviousReferral { referral_id, provider: provider.map(|code| code.parse().unwrap()) }
            }),
            ..ReferralDetails::default()
        }
    }
}

prop_compose! {
    fn records()(
        details in codes(),
        days in prop::collection::vec(option::of(day()), 10),
        hold in option::of((day(), option::of(day()), option::of(text()))),
        onward in option::of((option::of(organisation()), day(), option::of(text()))),
        referral_id in text(), received in day(), born in day(),
        pathways in 1_i16..32,
        status in prop::sample::select(ReferralStatus::ALL.to_vec()),
        number in option::of(1_u32..1_000),
    ) -> SubmittedRecord {
        let (number, local) = (number.and_then(|at| NhsNumber::from_first_nine(999_000_000 + at)), details.local_patient_id.clone());
        let local = local.unwrap_or_else(|| "L-1".into());
        let identifier = match number {
            Some(number) => ChildIdentifier::NhsNumber(number),
            None => ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: local.clone() },
        };
        let details = ReferralDetails {
            local_patient_id: if number.is_some() { details.local_patient_id } else { Some(local) },
            stage_start_date: days[0], original_referral_date: days[1], first_contact_date: days[2], last_contact_date: days[3],
            next_appointment_date: days[4], closed_date: days[5], rejected_date: days[6], date_of_death: days[7],
            hold: hold.map(|(from, to, reason)| ReferralHold { from, to, reason }),
            onward: onward.map(|(to, on, reason)| OnwardReferral { to, on, reason }),
            ..details
        };
        // The earlier of the two days is the day of birth.
        let (date_of_birth, received) = (born.min(received), born.max(received));
        SubmittedRecord {
            child: ChildReference { identifier, date_of_birth },
            entry: SubmittedEntry::Referral(Box::new(Referral {
                referral_id, pathways: PathwaySet::from_bits(pathways), status, referral_received_date: received,
                recognised: Vec::new(), details,
            })),
        }
    }
}

/// The record without its codes: those that come back are the names that its pathways were written as.
fn without_losses(mut record: SubmittedRecord) -> SubmittedRecord {
    if let SubmittedEntry::Referral(referral) = &mut record.entry {
        referral.recognised.clear();
    }
    record
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_except_for_known_losses(records in prop::collection::vec(records(), 0..6)) {
        let mut records = records;
        for (at, record) in records.iter_mut().enumerate() {
            if let SubmittedEntry::Referral(referral) = &mut record.entry {
                referral.referral_id = format!("{at} {}", referral.referral_id);
            }
        }
        let merge = IdentifierMerge { retired: vec![ChildIdentifier::NhsNumber("9990000026".parse().unwrap())] };
        let child = ChildReference::by_nhs_number("9990000018".parse().unwrap(), parse_day("2016-05-04").unwrap());
        records.push(SubmittedRecord { child, entry: SubmittedEntry::Merge(merge) });
        let mut bytes = Vec::new();
        write_hl7v2(&records, "RY4".parse().unwrap(), parse_day("2026-11-20").unwrap(), &mut bytes).unwrap();
        let kept = read_bytes(&bytes);
        prop_assert!(kept.file_issues.is_empty());
        let found: Vec<_> = kept.rows.into_iter().map(|row| row.record.map(without_losses).ok_or(row.issues)).collect();
        prop_assert_eq!(found, records.into_iter().map(Ok).collect::<Vec<_>>());
    }
}
