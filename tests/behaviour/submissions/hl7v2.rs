//! A patient system's messages: the last message about a referral is what is held.

use integration_tests::on_both;
use serde_json::json;

use super::*;
use crate::messages::push;

fn message(event: &str, id: &str, status: &str, more: &str) -> String {
    let (now, received) = (days_ago(0).replace('-', ""), days_ago(100).replace('-', ""));
    format!(
        "MSH|^~\\&|EPR|RY4|||{now}||REF^{event}|1|P|2.5||||||UNICODE UTF-8\rRF1|{status}|R||||{id}|{received}|||401204006^Suspected autism^SCT\r\
         PID|1||{}^^^NHS^NH||||20160504|M||||||||||||||A||||||||||01\rZSB|district|E07000240\r{more}",
        number(1)
    )
}

on_both! {
    async fn the_last_message_about_a_referral_is_what_is_held(world: World) {
        let trust = trust(&world).await;
        let new = message("I12", "A-1", "P", "");
        let report = push(&trust, "list=autism", new.clone()).await.expect(201);
        assert_eq!((&report["records"]["opened"], &report["format"]), (&json!(1), &json!("hl7v2")));
        let changed = message("I13", "A-1", "A", "ZSB|stage|assessment\r");
        let report = push(&trust, "list=autism", [new.clone(), changed, message("I12", "A-2", "P", "")].concat()).await.expect(201);
        let counted = ["received", "accepted", "updated", "opened"].map(|name| report["records"][name].as_u64().unwrap());
        assert_eq!((counted, &report["status"]), ([2, 2, 1, 1], &json!("accepted-with-issues")));
        let held = entries(&trust, "").await;
        assert_eq!(field(&held, "stage"), [("A-1", "assessment".to_owned()), ("A-2", "none".to_owned())]);
        let issues = trust.get(report["issues"].as_str().unwrap()).await.expect(200);
        assert_eq!((&issues["items"][0]["code"], &issues["items"][0]["row"]), (&json!("message-superseded"), &json!(0)));

        let report = push(&trust, "list=autism", [new, message("I14", "A-1", "A", "")].concat()).await.expect(201);
        assert_eq!(report["records"]["closed"], 1);
        assert_eq!(field(&entries(&trust, "").await, "status")[0], ("A-1", "closed".to_owned()));
    }

    async fn a_batch_whose_count_is_wrong_is_refused_whole(world: World) {
        let trust = trust(&world).await;
        let batch = |count| format!("BHS|^~\\&|EPR|RY4\r{}BTS|{count}\r", message("I12", "A-1", "P", ""));
        let problem = push(&trust, "", batch(2)).await.expect(422);
        assert_eq!((&problem["errors"][0]["code"], &problem["errors"][0]["field"]), (&json!("count-mismatch"), &json!("BTS-1")));
        assert!(entries(&trust, "").await.is_empty());
        push(&trust, "", batch(1)).await.expect(201);
    }
}
