//! What a provider writes is read back the same, in any order of the columns.

use std::fmt::Write;

use domain::{
    ChildIdentifier, ChildReference, NhsNumber, OnwardReferral, Pathway, PathwaySet, PreviousReferral, Referral, ReferralDetails,
    ReferralHold, ReferralStage, ReferralStatus, SubmittedEntry, SubmittedRecord,
};
use proptest::option;
use proptest::prelude::*;

use super::read;
use crate::columns::FIELDS;
use crate::contract::kept::context;

fn day() -> impl Strategy<Value = chrono::NaiveDate> {
    (0_i64..3000).prop_map(|days| context("RY4").today - chrono::Duration::days(days))
}

fn code(most: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("[A-Za-z0-9é,\"][A-Za-z0-9 é,\"'\\-]{{0,{}}}", most - 2))
        .unwrap()
        .prop_map(|text| text.trim().to_owned())
}

fn organisation() -> impl Strategy<Value = String> {
    "[A-Z0-9]{3,8}"
}

prop_compose! {
    fn who()(nine in 999_000_001_u32..999_999_999, local in option::of(code(50)), known in any::<bool>()) -> (ChildIdentifier, Option<String>) {
        match (NhsNumber::from_first_nine(nine), local) {
            (Some(number), local) if known || local.is_none() => (ChildIdentifier::NhsNumber(number), local),
            (_, local) => {
                let id = local.unwrap_or_else(|| "P-1".into());
                (ChildIdentifier::LocalPatient { provider: context("RY4").organisation, id: id.clone() }, Some(id))
            }
        }
    }
}

prop_compose! {
    fn codes()(texts in proptest::collection::vec(option::of(code(20)), 12), organisations in proptest::collection::vec(option::of(organisation()), 6),
        team in option::of(code(100)), lsoa in option::of("E01[0-9]{6}"), district in option::of("E07[0-9]{6}")) -> ReferralDetails {
        let mut texts = texts.into_iter();
        let mut text = || texts.next().flatten();
        let mut organisations = organisations.into_iter();
        let mut organisation = || organisations.next().flatten();
        ReferralDetails {
            nhs_number_status: text(), sex: text(), ethnic_category: text(), school_urn: text(), ubrn: text(), pathway_id: text(), priority: text(),
            source_of_referral: text(), waiting_time_measurement_type: text(), rtt_status: text(), closure_reason: text(), rejection_reason: text(),
            responsible_la: organisation(), gp_practice: organisation(), commissioner: organisation(), subcontracted_by: organisation(),
            pathway_id_issuer: organisation(), referred_by: organisation(),
            team, lsoa, district, ..ReferralDetails::default()
        }
    }
}

prop_compose! {
    fn details()(codes in codes(), stage in option::of(proptest::sample::select(ReferralStage::ALL)), days in proptest::collection::vec(option::of(day()), 8),
        previous in option::of((code(50), option::of(organisation()))), hold in option::of((day(), option::of(day()), option::of(code(100)))),
        onward in option::of((option::of(organisation()), day(), option::of(code(20)))),
        right_to_choose in any::<Option<bool>>(), not_brought_count in any::<Option<u16>>()) -> ReferralDetails {
        let mut days = days.into_iter();
        let mut day = || days.next().flatten();
        ReferralDetails {
            stage, right_to_choose, not_brought_count, stage_start_date: day(), original_referral_date: day(), first_contact_date: day(),
            last_contact_date: day(), next_appointment_date: day(), closed_date: day(), rejected_date: day(), date_of_death: day(),
            previous: previous.map(|(referral_id, provider)| PreviousReferral { referral_id, provider: provider.map(|code| code.parse().unwrap()) }),
            onward: onward.map(|(to, on, reason)| OnwardReferral { to, on, reason }),
            hold: hold.map(|(from, to, reason)| ReferralHold { from, to, reason }),
            ..codes
        }
    }
}

prop_compose! {
    fn record()(who in who(), referral_id in code(50), pathways in proptest::collection::vec(proptest::sample::select(Pathway::ALL), 1..4),
        status in proptest::sample::select(ReferralStatus::ALL), received in day(), age in 0_i64..7000, details in details()) -> SubmittedRecord {
        let (identifier, local_patient_id) = who;
        let pathways: PathwaySet = pathways.into_iter().collect();
        let details = ReferralDetails { local_patient_id, ..details };
        SubmittedRecord {
            child: ChildReference { identifier, date_of_birth: received - chrono::Duration::days(age) },
            entry: SubmittedEntry::Referral(Box::new(Referral { referral_id, pathways, status, referral_received_date: received, recognised: Vec::new(), details })),
        }
    }
}

/// A record's values by column, as a provider would write them.
fn cells(record: &SubmittedRecord) -> Vec<String> {
    fn text<T: ToString>(value: &Option<T>) -> String {
        value.as_ref().map(T::to_string).unwrap_or_default()
    }
    let SubmittedEntry::Referral(referral) = &record.entry else { panic!() };
    let it = &referral.details;
    FIELDS
        .iter()
        .map(|field| match field.name {
            "referral_id" => referral.referral_id.clone(),
            "nhs_number" => record.child.nhs_number().map(|number| number.as_str().to_owned()).unwrap_or_default(),
            "local_patient_id" => text(&it.local_patient_id),
            "date_of_birth" => record.child.date_of_birth.to_string(),
            "pathway" => referral.pathways.to_string(),
            "referral_received_date" => referral.referral_received_date.to_string(),
            "status" => referral.status.to_string(),
            "nhs_number_status" => text(&it.nhs_number_status),
            "sex" => text(&it.sex),
            "ethnic_category" => text(&it.ethnic_category),
            "lsoa" => text(&it.lsoa),
            "district" => text(&it.district),
            "responsible_la" => text(&it.responsible_la),
            "gp_practice" => text(&it.gp_practice),
            "school_urn" => text(&it.school_urn),
            "stage" => text(&it.stage),
            "stage_start_date" => text(&it.stage_start_date),
            "original_referral_date" => text(&it.original_referral_date),
            "previous_referral_id" => text(&it.previous.as_ref().map(|previous| &previous.referral_id)),
            "previous_provider" => text(&it.previous.as_ref().and_then(|previous| previous.provider)),
            "ubrn" => text(&it.ubrn),
            "pathway_id" => text(&it.pathway_id),
            "pathway_id_issuer" => text(&it.pathway_id_issuer),
            "priority" => text(&it.priority),
            "source_of_referral" => text(&it.source_of_referral),
            "referred_by" => text(&it.referred_by),
            "onward_to" => text(&it.onward.as_ref().and_then(|onward| onward.to.as_ref())),
            "onward_date" => text(&it.onward.as_ref().map(|onward| onward.on)),
            "onward_reason" => text(&it.onward.as_ref().and_then(|onward| onward.reason.as_ref())),
            "commissioner" => text(&it.commissioner),
            "team" => text(&it.team),
            "subcontracted_by" => text(&it.subcontracted_by),
            "right_to_choose" => text(&it.right_to_choose.map(u8::from)),
            "waiting_time_measurement_type" => text(&it.waiting_time_measurement_type),
            "rtt_status" => text(&it.rtt_status),
            "first_contact_date" => text(&it.first_contact_date),
            "last_contact_date" => text(&it.last_contact_date),
            "next_appointment_date" => text(&it.next_appointment_date),
            "not_brought_count" => text(&it.not_brought_count),
            "hold_from" => text(&it.hold.as_ref().map(|hold| hold.from)),
            "hold_to" => text(&it.hold.as_ref().and_then(|hold| hold.to)),
            "hold_reason" => text(&it.hold.as_ref().and_then(|hold| hold.reason.as_ref())),
            "closed_date" => text(&it.closed_date),
            "closure_reason" => text(&it.closure_reason),
            "rejected_date" => text(&it.rejected_date),
            "rejection_reason" => text(&it.rejection_reason),
            "date_of_death" => text(&it.date_of_death),
            other => panic!("{other} is not written"),
        })
        .collect()
}

/// The records as a file, its columns in the given order.
fn write(records: &[SubmittedRecord], order: &[usize]) -> String {
    let mut file = order.iter().map(|at| FIELDS[*at].name).collect::<Vec<_>>().join(",");
    for record in records {
        let cells = cells(record);
        let line: Vec<_> = order.iter().map(|at| format!("\"{}\"", cells[*at].replace('"', "\"\""))).collect();
        write!(file, "\n{}", line.join(",")).unwrap();
    }
    file
}

proptest! {
    #[test]
    fn what_a_provider_writes_is_what_is_read(records in proptest::collection::vec(record(), 0..5),
        order in Just((0..FIELDS.len()).collect::<Vec<_>>()).prop_shuffle()) {
        let file = write(&records, &order);
        let kept = read(file.as_bytes()).unwrap();
        prop_assert!(kept.file_issues.is_empty());
        let read: Vec<_> = kept.rows.into_iter().map(|row| row.record).collect();
        prop_assert_eq!(read, records.into_iter().map(Some).collect::<Vec<_>>());
    }
}
