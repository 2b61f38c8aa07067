//! Records that no line of CSV can say, published as an adapter's are, beside a running gateway.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::Duration;
use domain::children::ChildReference;
use domain::identifiers::SubmissionId;
use domain::issues::IssueCode;
use domain::pathways::Pathway;
use domain::referrals::{Referral, ReferralDetails, Status};
use domain::submissions::{Counts, Dataset, Entry, Mode, Record, SubmissionStatus};
use integration_tests::records::{BORN, days_ago, number};
use integration_tests::{World, today};
use serde_json::Value;
use store::{Publication, Published, Store, Submission};
use uuid::Uuid;

/// What became of a submission, and its issues as row and code.
pub(crate) type Sent = (Submission, Vec<(i64, String)>);

pub(crate) fn reference(nth: usize) -> ChildReference {
    ChildReference::by_nhs_number(number(nth).parse().unwrap(), BORN.parse().unwrap())
}

/// A child that has waited thirty days for autism.
pub(crate) fn referral(id: &str, nth: usize) -> Record {
    let referral = Referral {
        referral_id: id.into(),
        pathways: Pathway::Autism.into(),
        status: Status::Waiting,
        referral_received_date: days_ago(30),
        recognised: Vec::new(),
        details: ReferralDetails { nhs_number_status: Some("01".into()), ..ReferralDetails::default() },
    };
    Record { child: reference(nth), entry: Entry::Referral(Box::new(referral)) }
}

/// Publishes records of a provider's, or looks at them only.
pub(crate) async fn publish(world: &World, organisation: &str, records: Vec<Record>, validate: bool) -> Sent {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = SubmissionId(Uuid::from_u64_pair(0x0197_f000_0000_7000, 0x8000_0000_0000_0000 | NEXT.fetch_add(1, Ordering::SeqCst)));
    let (configuration, clock, organisation) = (world.configuration.clone(), world.clock(Duration::zero()), organisation.parse().unwrap());
    let publish = move || {
        let vault = server::secrets::read(&configuration.keys, &configuration.audit.origin, clock.clone()).unwrap().vault;
        let partnership = server::partnership::watch(&configuration.partnership, configuration.authorities()).unwrap().live().load_full();
        let store = Store::open(&configuration.database.url.expose(), move || vault.clone()).unwrap();
        let mut staging = store.stage(id, organisation).unwrap();
        for (row, record) in (1..).zip(&records) {
            staging.record(row, record, today()).unwrap();
        }
        assert_eq!(staging.finish(IssueCode::ReferralTwice, "referral_id").unwrap().repeated, 0);
        let submission = Submission {
            id,
            client: "provider-hct".into(),
            dataset: Dataset::WaitingList,
            format: "hl7v2".into(),
            organisation,
            list: "all".into(),
            mode: Mode::Delta,
            as_of: today(),
            status: SubmissionStatus::Accepted,
            counts: Counts { received: records.len() as u64, ..Counts::default() },
            received_at: clock.now(),
            issue_counts: Vec::new(),
        };
        let merging = server::ingest::merges::merging((&submission.client, organisation), (id, id.0), &partnership, clock.now());
        let publication = Publication {
            submission,
            shrink_percent: 20,
            confirm_shrink: false,
            refuse: false,
            validate,
            listed: 100,
            counts: None,
            registered: false,
            whole: false,
            merging: Some(merging),
            key: None,
        };
        let published = staging.publish(publication).unwrap();
        store.close();
        published
    };
    match tokio::task::spawn_blocking(publish).await.unwrap() {
        Published::NotKept(submission, issues) => {
            (submission, issues.into_iter().map(|issue| (issue.row, issue.code.to_string())).collect())
        }
        Published::Done(submission) => {
            let trust = world.persona("provider-hct").signed_in().await;
            let page = trust.get(&format!("/v1/submissions/{id}/issues")).await.expect(200);
            let issue = |issue: &Value| (issue["row"].as_i64().unwrap(), issue["code"].as_str().unwrap().to_owned());
            (submission, page["items"].as_array().unwrap().iter().map(issue).collect())
        }
        other => panic!("{other:?}"),
    }
}
