//! Days are counted as the national models count them.

#![cfg(test)]

use domain::{days_between, parse_day};

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
