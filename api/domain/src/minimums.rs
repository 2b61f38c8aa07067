//! The minimum for each class of data: which fields of a referral leave its provider. What is not named here does not
//! leave.

use crate::agreements::DataClass;
use crate::referrals::{Referral, ReferralDetails};

/// The fields of a referral that a class of data needs, beyond the required columns; empty where it takes nothing from
/// a referral.
pub const fn minimum_fields(data: DataClass) -> &'static [&'static str] {
    match data {
        DataClass::WaitingListStatus => WAIT,
        DataClass::DashboardAggregate => COUNT,
        DataClass::HealthAdvice | DataClass::AdviceRequest | DataClass::EhcpStatus | DataClass::ChildMatching => &[],
    }
}

/// What goes with those fields: a referral's required columns, or what an advice exchange consists of. Names, addresses
/// and the provider's own ids are never among them.
pub const fn minimum_columns(data: DataClass) -> &'static [&'static str] {
    match data {
        DataClass::WaitingListStatus | DataClass::DashboardAggregate => {
            &["provider", "list", "pathway", "referral_received_date", "status"]
        }
        DataClass::HealthAdvice => &["needs", "provision", "outcomes", "author_role", "submitted_on"],
        DataClass::AdviceRequest => {
            &["nhs_number", "date_of_birth", "case_reference", "requested_by", "addressed_to", "role", "kinds", "received_on", "due_on"]
        }
        // That two identifiers are one child's: neither side is shown the other's.
        DataClass::ChildMatching => &["organisation", "agrees"],
        // No operation gives a case to another organisation.
        DataClass::EhcpStatus => &[],
    }
}

/// Where and how long a child waits: the stage, the dates, and what links its referrals into a journey. The links are
/// used but not shown: the answer only says what kind they were.
const WAIT: &[&str] = &[
    "stage",
    "stage_start_date",
    "original_referral_date",
    "previous",
    "ubrn",
    "pathway_id",
    "pathway_id_issuer",
    "referred_by",
    "onward",
    "right_to_choose",
    "waiting_time_measurement_type",
    "rtt_status",
    "closed_date",
    "date_of_death",
];
/// The same with the district, by which counts are broken down, and without what no table shows.
const COUNT: &[&str] = &[
    "district",
    "stage",
    "stage_start_date",
    "original_referral_date",
    "previous",
    "ubrn",
    "pathway_id",
    "pathway_id_issuer",
    "referred_by",
    "onward",
    "waiting_time_measurement_type",
    "rtt_status",
    "closed_date",
    "date_of_death",
];

/// The referral with only the fields of a class of data.
pub(crate) fn minimise(referral: Referral, data: DataClass) -> Referral {
    let all = referral.details;
    let wait = ReferralDetails {
        stage: all.stage,
        stage_start_date: all.stage_start_date,
        original_referral_date: all.original_referral_date,
        previous: all.previous,
        ubrn: all.ubrn,
        pathway_id: all.pathway_id,
        pathway_id_issuer: all.pathway_id_issuer,
        referred_by: all.referred_by,
        onward: all.onward,
        waiting_time_measurement_type: all.waiting_time_measurement_type,
        rtt_status: all.rtt_status,
        closed_date: all.closed_date,
        date_of_death: all.date_of_death,
        ..ReferralDetails::default()
    };
    let details = match data {
        DataClass::WaitingListStatus => ReferralDetails { right_to_choose: all.right_to_choose, ..wait },
        DataClass::DashboardAggregate => ReferralDetails { district: all.district, ..wait },
        DataClass::HealthAdvice | DataClass::AdviceRequest | DataClass::EhcpStatus | DataClass::ChildMatching => ReferralDetails::default(),
    };
    Referral { details, recognised: Vec::new(), ..referral }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A referral in which every field has a value.
    fn full() -> Referral {
        let text = "x";
        serde_json::from_value(serde_json::json!({
            "referral_id": text, "pathways": ["autism"], "status": "waiting", "referral_received_date": "2026-01-01",
            "details": {
                "local_patient_id": text, "nhs_number_status": "01", "sex": "1", "ethnic_category": "A", "lsoa": text, "district": text,
                "responsible_la": text, "gp_practice": text, "school_urn": text, "stage": "triage", "stage_start_date": "2026-01-02",
                "original_referral_date": "2025-01-01", "previous": { "referral_id": text, "provider": "RY4" }, "ubrn": text,
                "pathway_id": text, "pathway_id_issuer": "RY4", "referred_by": "RY4", "onward": { "to": "RWR", "on": "2026-02-01", "reason": "01" },
                "priority": "1", "source_of_referral": text, "commissioner": text, "team": text,
                "subcontracted_by": text, "right_to_choose": true, "waiting_time_measurement_type": "01", "rtt_status": "20",
                "first_contact_date": "2026-01-03", "last_contact_date": "2026-01-03", "next_appointment_date": "2026-02-01",
                "not_brought_count": 1, "hold": { "from": "2026-01-04", "to": null, "reason": text }, "closed_date": "2026-03-01",
                "closure_reason": text, "rejected_date": "2026-03-01", "rejection_reason": text, "date_of_death": "2026-04-01",
            },
        }))
        .unwrap()
    }

    fn names(referral: &Referral) -> BTreeSet<String> {
        let details = serde_json::to_value(&referral.details).unwrap();
        details.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn a_class_of_data_carries_the_fields_that_are_named_for_it_and_no_others() {
        assert_eq!(names(&full()).len(), 36, "a field was added: give it a value here, and think of who needs it");
        for data in DataClass::ALL {
            let named: BTreeSet<_> = minimum_fields(*data).iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(names(&minimise(full(), *data)), named, "{data}");
        }
    }
}
