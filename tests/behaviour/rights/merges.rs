//! A message says that two identities are one child. The provider's own referrals move to the surviving identity, with
//! whatever forbids a flow, and the retired identity shows nothing more from the provider.

use domain::{ChildIdentifier, ChildReference, IdentifierMerge, SubmittedEntry, SubmittedRecord};
use integration_tests::today;

use super::*;
use crate::messages::{self, Sent, push, reference, referral};

fn merged(retired: usize, survivor: usize) -> SubmittedRecord {
    merge_of(reference(retired).identifier, reference(survivor))
}

fn merge_of(retired: ChildIdentifier, survivor: ChildReference) -> SubmittedRecord {
    SubmittedRecord { child: survivor, entry: SubmittedEntry::Merge(IdentifierMerge { retired: vec![retired] }) }
}

async fn send(world: &World, records: Vec<SubmittedRecord>) -> Sent {
    let (report, mut issues) = messages::send(world, &records, false).await;
    // In all these tests, children wait for one thing under several ids.
    issues.retain(|(_, code)| code != "open-twice");
    (report, issues)
}

fn warned(row: i64, code: &str) -> Vec<(i64, String)> {
    vec![(row, code.to_owned())]
}

/// How many records were received, accepted, merged and unchanged.
fn merges((report, _): &Sent) -> [u64; 4] {
    ["received", "accepted", "merged", "unchanged"].map(|name| report["records"][name].as_u64().unwrap())
}

fn autism(id: &str, nth: usize) -> String {
    row(id, &number(nth), "01", "autism")
}

async fn providers(persona: &Persona, nth: usize) -> Vec<String> {
    let answer = waits(persona, &number(nth)).await;
    if answer.status == 404 {
        return Vec::new();
    }
    let mut found: Vec<_> =
        answer.expect(200)["waits"].as_array().unwrap().iter().map(|wait| wait["provider"].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

/// A message with a referral under the provider's own patient id.
fn told_under(local: &str, id: &str) -> String {
    let (now, received) = (today().format("%Y%m%d"), days_ago(30).format("%Y%m%d").to_string());
    format!(
        "MSH|^~\\&|EPR|RY4|||{now}||REF^I12|{id}|P|2.5||||||UNICODE UTF-8\rRF1|P|R||||{id}|{received}|||401204006^Suspected autism^SCT\r\
         PID|1||{local}^^^RY4^MR||||20160504|M||||||||||||||A||||||||||02\rZSB|district|E07000240\r"
    )
}

on_both! {
    async fn a_child_under_a_local_id_becomes_the_one_of_an_nhs_number(world: World) {
        let (trust, council) = (signed_in(&world, "provider-hct").await, signed_in(&world, "council-herts").await);
        let told = push(&trust, "list=all", [told_under("L-7", "A-1"), told_under("L-8", "A-2")].concat()).await.expect(201);
        assert_eq!(told["records"]["opened"], 2, "{told}");
        permit(&council, &number(0)).await;
        assert!(providers(&trust, 0).await.is_empty() && providers(&council, 0).await.is_empty());

        let now = today().format("%Y%m%d");
        let merge = format!(
            "MSH|^~\\&|EPR|RY4|||{now}||ADT^A40^ADT_A39|3|P|2.5||||||UNICODE UTF-8\rEVN||{now}\r\
             PID|1||{}^^^NHS^NH~H-9^^^RY4^MR||||20160504|M\rMRG|L-7^^^RY4^MR\r",
            number(0)
        );
        let report = push(&trust, "list=all", merge.clone()).await.expect(201);
        assert_eq!((&report["records"]["merged"], &report["status"]), (&json!(1), &json!("accepted")), "{report}");
        assert_eq!(providers(&trust, 0).await, ["RY4"], "the other local id is another child's");
        assert_eq!(own_ids(&trust).await, ["A-1", "A-2"]);
        let of_the_retired = "SELECT count(*) FROM record r JOIN child_match m ON m.second_id = r.child_id";
        assert_eq!((world.ask_database(of_the_retired), world.ask_database("SELECT count(*) FROM child_match")), (0, 1));

        // A later row that names the retired id gets a warning, in this format and in another.
        let later = push(&trust, "list=all", [told_under("L-7", "A-1"), told_under("L-7", "A-3")].concat()).await.expect(201);
        let row = format!("referral_id,local_patient_id,date_of_birth,pathway,referral_received_date,status\nA-4,L-7,{BORN},autism,{},waiting\n", days_ago(9));
        let table = trust.push_csv("list=all", row).await.expect(201);
        for (report, ids) in [(later, vec!["A-1", "A-3"]), (table, vec!["A-4"])] {
            let page = trust.get(report["issues"].as_str().unwrap()).await.expect(200);
            let issues = page["items"].as_array().unwrap().iter().filter(|issue| issue["code"] == "child-merged");
            assert_eq!(issues.map(|issue| issue["referral_id"].as_str().unwrap()).collect::<Vec<_>>(), ids, "{page}");
        }
        assert_eq!(providers(&trust, 0).await, ["RY4"; 3]);
        assert_eq!(world.ask_database(of_the_retired), 0);
        // The same message again changes nothing.
        assert_eq!(push(&trust, "list=all", merge).await.expect(201)["records"]["unchanged"], 1);
    }

    async fn only_the_provider_s_own_referrals_move_to_the_survivor(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1)]).await;
        let (icb, council) = (signed_in(&world, "icb-central-east").await, signed_in(&world, "council-herts").await);
        icb.push_csv("organisation=RWR&list=autism", list([autism("P-1", 0)])).await.expect_status(201);
        for nth in [0, 1] {
            permit(&council, &number(nth)).await;
        }
        assert_eq!(providers(&council, 0).await, ["RWR", "RY4"]);
        let sent = send(&world, vec![merged(0, 1)]).await;
        assert_eq!((merges(&sent), sent.0["status"].as_str(), sent.1.len()), ([1, 1, 1, 0], Some("accepted"), 0));
        assert_eq!((providers(&council, 0).await, providers(&council, 1).await), (vec!["RWR".to_owned()], vec!["RY4".to_owned(); 2]));
        assert!(providers(&trust, 0).await.is_empty(), "not even to itself");
        let log = world.audit_log().await;
        let leaves: Vec<_> = log.iter().filter(|leaf| leaf["operation"] == "merge_children").collect();
        assert_eq!(leaves.len(), 2, "one for each identity");
        assert!(leaves.iter().all(|leaf| leaf["outcome"] == "permitted" && leaf["holder"] == "RY4" && leaf["act"] == "rectify"));
        assert_eq!(world.ask_database("SELECT count(DISTINCT child_id) FROM audit_leaf WHERE body LIKE '%merge_children%'"), 2);
    }

    async fn a_row_that_still_names_the_retired_identity_is_taken_for_the_other(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1)]).await;
        send(&world, vec![merged(0, 1)]).await;
        // A row as it was, another for the same child, and a new one.
        let report = trust.push_csv("list=all", list([autism("A-1", 0), autism("A-2", 1), autism("A-3", 0)])).await.expect(201);
        let counts = &report["records"];
        assert_eq!((&counts["accepted"], &counts["unchanged"], &counts["opened"]), (&json!(3), &json!(2), &json!(1)), "{report}");
        let page = trust.get(report["issues"].as_str().unwrap()).await.expect(200);
        let codes: Vec<_> = page["items"].as_array().unwrap().iter().filter(|issue| issue["code"] == "child-merged").collect();
        assert_eq!(codes.iter().map(|issue| issue["referral_id"].as_str().unwrap()).collect::<Vec<_>>(), ["A-1", "A-3"]);
        assert_eq!(codes[0]["severity"], "warning");
        assert!(providers(&trust, 0).await.is_empty());
        assert_eq!(providers(&trust, 1).await.len(), 3);
    }

    async fn rows_count_in_the_order_in_which_they_come(world: World) {
        let trust = trust_with(&world, [autism("A-1", 5)]).await;
        // A row before the merge gets no warning.
        let sent = send(&world, vec![referral("B-1", 0), merged(0, 1), referral("B-2", 0), referral("B-3", 1)]).await;
        assert_eq!((merges(&sent), sent.1), ([4, 4, 1, 0], warned(3, "child-merged")));
        assert!(providers(&trust, 0).await.is_empty());
        assert_eq!(providers(&trust, 1).await.len(), 3);
        // If nothing was held under the identity when the message came, nothing changes.
        let sent = send(&world, vec![merged(7, 8), referral("B-4", 7)]).await;
        assert_eq!((merges(&sent), sent.1), ([2, 2, 0, 1], warned(1, "merge-unknown")));
        assert_eq!((providers(&trust, 7).await.len(), providers(&trust, 8).await.len()), (1, 0));
    }

    async fn chains_are_followed_and_circles_are_not_made(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1), autism("A-3", 2)]).await;
        send(&world, vec![merged(0, 1)]).await;
        let sent = send(&world, vec![merged(1, 2), merged(0, 1), merged(2, 0)]).await;
        assert_eq!((merges(&sent), sent.1), ([3, 3, 1, 2], warned(3, "merge-contrary")), "the second was said before");
        assert_eq!((providers(&trust, 0).await.len(), providers(&trust, 1).await.len(), providers(&trust, 2).await.len()), (0, 0, 3));
        let report = trust.push_csv("list=all", list([autism("A-1", 0)])).await.expect(201);
        assert_eq!(report["records"]["unchanged"], 1, "{report}");
        // Within one submission, an identity that the row before made known can be merged.
        let sent = send(&world, vec![referral("C-1", 10), merged(10, 11), merged(11, 12)]).await;
        assert_eq!((merges(&sent), sent.1.len(), providers(&trust, 12).await.len()), ([3, 3, 2, 0], 0, 1));
        // If the survivor was retired before, the referrals go to its own survivor.
        trust.push_csv("list=all", list([autism("A-4", 3)])).await.expect_status(201);
        send(&world, vec![merged(3, 1)]).await;
        assert_eq!((providers(&trust, 1).await.len(), providers(&trust, 2).await.len()), (0, 4));
    }

    async fn what_a_message_does_not_say_is_not_merged(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1)]).await;
        let icb = signed_in(&world, "icb-central-east").await;
        icb.push_csv("organisation=RWR&list=autism", list([autism("P-1", 3)])).await.expect_status(201);
        let born_later = ChildReference { date_of_birth: days_ago(1000), ..reference(1) };
        let local = |provider: &str| ChildIdentifier::LocalPatient { provider: provider.parse().unwrap(), id: "H-1".into() };
        let before = world.ask_database("SELECT count(*) FROM record");
        for (wrong, record) in [
            ("twins are told apart by their numbers; another birthday is another child", merge_of(reference(0).identifier, born_later)),
            ("nobody", merged(9, 1)),
            ("another provider's alone", merged(3, 1)),
            ("another provider's number", merge_of(local("RWR"), reference(1))),
        ] {
            let sent = send(&world, vec![record]).await;
            assert_eq!((merges(&sent), sent.1), ([1, 1, 0, 1], warned(1, "merge-unknown")), "{wrong}");
        }
        let sent = send(&world, vec![merged(0, 0)]).await;
        assert_eq!((merges(&sent), sent.1), ([1, 0, 0, 0], warned(1, "merge-without-retired")), "itself");
        assert_eq!((providers(&trust, 0).await.len(), providers(&trust, 1).await.len()), (1, 1));
        assert_eq!(world.ask_database("SELECT count(*) FROM record"), before);
        assert_eq!(world.ask_database("SELECT count(*) FROM child_match"), 0);
        // A check counts the merge that would be made, and does not make it.
        let sent = messages::send(&world, &[merged(0, 1)], true).await;
        assert_eq!((merges(&sent)[2], providers(&trust, 0).await.len()), (1, 1));
        assert_eq!(world.ask_database("SELECT count(*) FROM child_match"), 0);
    }

    async fn what_forbids_moves_with_the_referrals_and_what_permits_does_not(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1), autism("A-3", 2), autism("A-4", 3)]).await;
        let council = signed_in(&world, "council-herts").await;
        permit(&council, &number(0)).await;
        send(&world, vec![merged(0, 1)]).await;
        assert!(providers(&council, 1).await.is_empty(), "nobody permitted it of this one");
        permit(&council, &number(1)).await;
        assert_eq!(providers(&council, 1).await.len(), 2);

        permit(&council, &number(3)).await;
        assert_eq!(providers(&council, 3).await.len(), 1);
        let mut denial = permission(&number(2), &["autism"]);
        denial["decision"] = "deny".into();
        let denial = council.post("/v1/consents", &denial).await.expect(201)["id"].as_str().unwrap().to_owned();
        send(&world, vec![merged(2, 3)]).await;
        assert!(providers(&council, 3).await.is_empty());
        assert_eq!(last_leaf(&world, "get_waits").await["reason"], "consent-denied");
        // The council may still withdraw the denial, though it is of the retired identity.
        council.post(&format!("/v1/consents/{denial}/withdrawal"), &json!({ "reason": "the family changed its mind" })).await.expect_status(200);
        assert_eq!(providers(&council, 3).await.len(), 2);

        // A restriction also goes along, even one set later on the retired identity.
        world.grant("guardian-hct", "restriction:write override:write rights:write opt-out:write waiting-list:read").await;
        let guardian = signed_in(&world, "guardian-hct").await;
        of_child(&guardian, &number(0), "restrictions", &json!({ "kind": "court-order", "reason": "told by the family" })).await.expect_status(201);
        assert!(providers(&council, 1).await.is_empty());
        assert_eq!(last_leaf(&world, "get_waits").await["reason"], "court-order");
        assert_eq!(providers(&trust, 1).await.len(), 2);
        assert_eq!(providers(&council, 3).await.len(), 2, "of nobody else");
    }

    async fn an_opt_out_goes_with_the_referrals(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        trust.push_csv("list=autism", list((0..50).map(|nth| autism(&format!("A-{nth}"), nth)))).await.expect_status(201);
        let guardian = signed_in(&world, "guardian-hct").await;
        let numbers: String = (40..50).map(|nth| number(nth) + "\n").collect();
        let load = guardian.call(Method::PUT, &format!("/v1/opt-outs?as_of={}", today())).header("content-type", "text/csv");
        load.body(format!("nhs_number\n{numbers}")).send().await.expect_status(200);
        send(&world, (0..10).map(|nth| merged(40 + nth, nth)).collect()).await;
        world.build_release(today()).await;
        let dashboard = signed_in(&world, "dashboard-herts").await;
        let newest = dashboard.get("/v1/dashboard/releases?limit=1").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let table = dashboard.get(&format!("/v1/dashboard/releases/{newest}/tables/waiting-list-by-weeks-and-district")).await.expect(200);
        let rows = table["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["area"] == "E10000015" && row["pathway"] == "autism" && row["weeks"] == "all").unwrap();
        assert_eq!((&row["cell"]["value"], &table["coverage"]["withheld"]["value"]), (&json!(30), &json!(10)));
    }

    async fn what_is_held_is_not_merged(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1)]).await;
        for held in [0, 1] {
            let hold = of_child(&trust, &number(held), "holds", &json!({ "reason": "an inquiry" })).await.expect(201);
            let sent = send(&world, vec![merged(0, 1)]).await;
            assert_eq!((merges(&sent), sent.1), ([1, 1, 0, 1], warned(1, "merge-held")));
            assert_eq!(last_leaf(&world, "merge_children").await["reason"], "legal-hold");
            assert_eq!((providers(&trust, 0).await.len(), providers(&trust, 1).await.len()), (1, 1));
            trust.post(&format!("/v1/holds/{}/release", hold["id"].as_str().unwrap()), &json!({ "reason": "it closed" })).await.expect_status(200);
        }
        assert_eq!(merges(&send(&world, vec![merged(0, 1)]).await), [1, 1, 1, 0]);
    }

    async fn what_was_erased_does_not_come_back_by_a_merge(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1), autism("A-3", 2)]).await;
        erase(&trust, &number(0)).await;
        let sent = send(&world, vec![referral("B-1", 0), merged(0, 1), referral("A-1", 0)]).await;
        assert_eq!((merges(&sent), sent.1), ([3, 2, 1, 0], warned(3, "erased")));
        assert_eq!(own_ids(&trust).await, ["A-2", "A-3", "B-1"]);
        let report = trust.push_csv("list=all", list([autism("A-1", 1)])).await.expect(201);
        assert_eq!(issues(&trust, &report).await, rejected("erased", "A-1"), "nor under the other name");
        // What may no longer be sent cannot come in under another identity.
        let body = json!({ "reason": "the family asked", "decided_by": "data-protection-officer", "future": true });
        of_child(&trust, &number(1), "erasures", &body).await.expect_status(201);
        let sent = send(&world, vec![merged(2, 1)]).await;
        assert_eq!((sent.0["records"]["rejected"].as_u64(), sent.1), (Some(1), warned(1, "erased")));
        let report = trust.push_csv("list=all", list([autism("B-9", 0)])).await.expect(201);
        assert_eq!(issues(&trust, &report).await, rejected("erased", "B-9"));
        assert_eq!(own_ids(&trust).await, ["A-3"]);
    }

    async fn a_person_undoes_a_merge_by_moving_a_referral_back(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1)]).await;
        send(&world, vec![merged(0, 1)]).await;
        let back = json!({ "to": child(&number(0)), "referrals": ["A-1"], "reason": "they are twins", "decided_by": "records-manager" });
        of_child(&trust, &number(1), "rectifications", &back).await.expect_status(201);
        let report = trust.push_csv("list=all", list([autism("A-1", 0), autism("A-2", 1)])).await.expect(201);
        assert_eq!((&report["records"]["unchanged"], report["status"].as_str()), (&json!(2), Some("accepted-with-issues")), "{report}");
        assert_eq!((providers(&trust, 0).await.len(), providers(&trust, 1).await.len()), (1, 1));
        let council = signed_in(&world, "council-herts").await;
        permit(&council, &number(1)).await;
        world.grant("guardian-hct", "restriction:write override:write rights:write opt-out:write waiting-list:read").await;
        let guardian = signed_in(&world, "guardian-hct").await;
        of_child(&guardian, &number(0), "restrictions", &json!({ "kind": "court-order", "reason": "told by the family" })).await.expect_status(201);
        assert_eq!(providers(&council, 1).await.len(), 1, "the other twin's is the other twin's");
    }

    async fn the_retired_identity_is_known_as_long_as_the_survivor_is_held(world: World) {
        let trust = trust_with(&world, [autism("A-1", 0), autism("A-2", 1)]).await;
        send(&world, vec![merged(0, 1)]).await;
        world.run_retention(false).await;
        assert_eq!(world.ask_database("SELECT count(*) FROM child_match m JOIN child_identifier c ON c.id = m.second_id"), 1);
        erase(&trust, &number(1)).await;
        for _ in 0..2 {
            world.run_retention(false).await;
        }
        assert_eq!(world.ask_database("SELECT (SELECT count(*) FROM child_match) + (SELECT count(*) FROM child_identifier)"), 0);
        // The mark stays: a row for the retired identity still goes to the survivor.
        trust.push_csv("list=all", list([autism("A-9", 0)])).await.expect_status(201);
        assert_eq!((providers(&trust, 0).await.len(), providers(&trust, 1).await.len()), (0, 1));
    }
}
