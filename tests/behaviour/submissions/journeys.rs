//! One child's referrals on one pathway, from two providers' systems, are one wait if something links them.

use std::io::Cursor;

use integration_tests::records::{BORN, number, permission};
use integration_tests::{on_both, today};
use reqwest::Method;
use serde_json::json;

use super::{BTreeMap, Persona, Value, World, days_ago, entries, signed_in};
use crate::messages::referral;

const HEADER: &str = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,closed_date,closure_reason,\
    previous_referral_id,ubrn,pathway_id,pathway_id_issuer,referred_by,onward_to,onward_date,onward_reason,rejected_date,subcontracted_by,right_to_choose\n";

/// A file of rows about one child. Each gives some columns; the rest are those of a waiting child.
fn file(rows: &[&[(&str, &str)]]) -> String {
    rows.iter().fold(HEADER.to_owned(), |text, row| {
        let mut values: BTreeMap<&str, String> = BTreeMap::from([
            ("nhs_number", number(0)),
            ("nhs_number_status", "01".into()),
            ("date_of_birth", BORN.into()),
            ("pathway", "autism".into()),
            ("status", "waiting".into()),
        ]);
        values.extend(row.iter().map(|(column, value)| (*column, (*value).to_owned())));
        let line: Vec<_> = HEADER.trim_end().split(',').map(|column| values.remove(column).unwrap_or_default()).collect();
        assert!(values.is_empty(), "no such column: {values:?}");
        text + &line.join(",") + "\n"
    })
}

/// Sends the trust's first stage and another provider's second one; answers the waits that the council sees.
async fn seen(world: &World, first: &[(&str, &str)], second: &[(&str, &str)]) -> Vec<Value> {
    let (trust, icb, council) =
        (signed_in(world, "provider-hct").await, signed_in(world, "icb-central-east").await, signed_in(world, "council-herts").await);
    council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect_status(201);
    let first = trust
        .push_csv("list=autism", file(&[&[first, &[("referral_id", "A-1"), ("referral_received_date", &days_ago(500))]].concat()]))
        .await
        .expect(201);
    let second = icb
        .push_csv(
            "organisation=RWR&list=autism",
            file(&[&[second, &[("referral_id", "P-1"), ("referral_received_date", &days_ago(200))]].concat()]),
        )
        .await
        .expect(201);
    assert_eq!((&first["records"]["accepted"], &second["records"]["accepted"]), (&json!(1), &json!(1)), "{first} {second}");
    waits(&council).await
}

async fn waits(persona: &Persona) -> Vec<Value> {
    let id = persona.child_id(&number(0), BORN).await;
    persona.get(&format!("/v1/children/{id}/waits")).await.expect(200)["waits"].as_array().unwrap().clone()
}

/// For each wait: the provider, the days of the journey, and what linked it.
fn told(waits: &[Value]) -> Vec<(&str, i64, Value)> {
    let one = |wait: &'_ Value| wait["journey_wait"]["linked_by"].clone();
    waits.iter().map(|wait| (wait["provider"].as_str().unwrap(), wait["journey_wait"]["days"].as_i64().unwrap(), one(wait))).collect()
}

on_both! {
    async fn two_stages_with_two_providers_are_one_wait_from_the_first(world: World) {
        let ended = days_ago(205);
        let found = seen(&world, &[("status", "closed"), ("closed_date", &ended), ("onward_to", "RWR"), ("onward_date", &ended), ("onward_reason", "01")], &[]).await;
        assert_eq!(told(&found), [("RWR", 500, json!(["onward-referral"]))]);
        let wait = &found[0]["journey_wait"];
        assert_eq!((&wait["known_by"], &wait["started_on"], &found[0]["stage_wait"]["days"]), (&json!("linked-referral"), &json!(days_ago(500)), &json!(200)));
        for (field, text) in [("onward_to", "onward_to"), ("\"A-1\"", "the first referral's id"), ("\"P-1\"", "the second's")] {
            assert!(!json!(found).to_string().contains(field), "{text} is looked at and not shown");
        }
        // The trust may not see the other provider's part, so it is shown no wait.
        let trust = signed_in(&world, "provider-hct").await;
        let id = trust.child_id(&number(0), BORN).await;
        assert_eq!(trust.get(&format!("/v1/children/{id}/waits")).await.expect(200)["waits"], json!([]));
    }

    async fn while_the_first_stage_is_open_the_later_shows_the_wait_of_both(world: World) {
        assert_eq!(told(&seen(&world, &[], &[("referred_by", "RY4")]).await), [("RWR", 500, json!(["onward-referral"]))]);
    }

    async fn a_first_stage_that_may_not_be_seen_lengthens_nothing(world: World) {
        let unverified = [("nhs_number_status", "02"), ("onward_to", "RWR"), ("onward_date", &*days_ago(200))];
        assert_eq!(told(&seen(&world, &unverified, &[]).await), [("RWR", 200, Value::Null)]);
    }

    async fn a_booking_reference_joins(world: World) {
        let (closed, ubrn) = (days_ago(400), ("ubrn", "000049572910"));
        assert_eq!(told(&seen(&world, &[("status", "closed"), ("closed_date", &closed), ubrn], &[ubrn]).await), [("RWR", 500, json!(["booking-reference"]))]);
    }

    async fn a_pathway_id_joins_with_its_issuer(world: World) {
        let ids = [("pathway_id", "P-77"), ("pathway_id_issuer", "RY4")];
        assert_eq!(told(&seen(&world, &ids, &ids).await), [("RWR", 500, json!(["pathway-id"]))]);
    }

    async fn the_same_pathway_id_of_another_issuer_does_not_join(world: World) {
        let found = seen(&world, &[("pathway_id", "P-77"), ("pathway_id_issuer", "RY4")], &[("pathway_id", "P-77"), ("pathway_id_issuer", "RWR")]).await;
        assert_eq!(told(&found), [("RY4", 500, Value::Null), ("RWR", 200, Value::Null)]);
    }

    async fn a_re_referral_is_a_wait_of_its_own(world: World) {
        let found = seen(&world, &[("status", "closed"), ("closed_date", &days_ago(201)), ("closure_reason", "02")], &[]).await;
        assert_eq!(told(&found), [("RWR", 200, Value::Null)]);
    }

    async fn a_rejected_referral_lengthens_nothing(world: World) {
        let ubrn = ("ubrn", "000049572910");
        let found = seen(&world, &[("status", "rejected"), ("rejected_date", &days_ago(210)), ubrn], &[ubrn, ("referred_by", "RY4")]).await;
        assert_eq!(told(&found), [("RWR", 200, Value::Null)]);
    }

    async fn what_did_not_flow_is_shown_and_hides_no_wait_that_did(world: World) {
        let found = seen(&world, &[], &[("referred_by", "RY4")]).await;
        assert_eq!(found.len(), 1);
        let icb = signed_in(&world, "icb-central-east").await;
        icb.push_csv("organisation=RWR&list=autism&mode=snapshot&nil_return=true", HEADER).await.expect_status(201);
        let found = waits(&signed_in(&world, "council-herts").await).await;
        let flows: Vec<_> = found.iter().map(|wait| (wait["provider"].as_str().unwrap(), wait["flow"].as_str().unwrap())).collect();
        assert_eq!(flows, [("RWR", "not-flowed"), ("RY4", "flowed")]);
    }

    async fn a_first_stage_in_a_list_that_did_not_come_counts_no_more_and_still_links(world: World) {
        let (trust, icb) = (signed_in(&world, "provider-hct").await, signed_in(&world, "icb-central-east").await);
        let numbers: Vec<_> = (0..20).map(number).collect();
        let ids: Vec<_> = (0..20).map(|nth| format!("A-{nth}")).collect();
        let (began, sent_on) = (days_ago(500), days_ago(200));
        let first: Vec<_> = numbers.iter().zip(&ids).map(|(number, id)| {
            [("nhs_number", number.as_str()), ("referral_id", id), ("referral_received_date", &began), ("onward_to", "RWR"), ("onward_date", &sent_on)]
        }).collect();
        let second: Vec<_> = numbers.iter().zip(&ids).take(10).map(|(number, id)| {
            [("nhs_number", number.as_str()), ("referral_id", id), ("referral_received_date", &sent_on)]
        }).collect();
        let first = file(&first.iter().map(|row| &row[..]).collect::<Vec<_>>());
        trust.push_csv(&format!("list=autism&as_of={}", days_ago(60)), first).await.expect_status(201);
        icb.push_csv("organisation=RWR&list=autism", file(&second.iter().map(|row| &row[..]).collect::<Vec<_>>())).await.expect_status(201);
        world.build_release(integration_tests::today()).await;
        let dashboard = signed_in(&world, "dashboard-herts").await;
        let newest = dashboard.get("/v1/dashboard/releases?limit=1").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let table = dashboard.get(&format!("/v1/dashboard/releases/{newest}/tables/waiting-list-by-weeks-and-district")).await.expect(200);
        let rows = table["rows"].as_array().unwrap();
        let figure = |weeks: &str| {
            let row = rows.iter().find(|row| row["area"] == "E10000015" && row["pathway"] == "autism" && row["weeks"] == weeks).unwrap();
            row["cell"]["value"].clone()
        };
        assert_eq!((figure("52-104"), figure("all")), (json!(10), json!(10)), "{table}");
    }

    async fn codes_and_contracts_are_the_provider_s_own_and_a_choice_is_shown(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        let mut tables = Cursor::new(Vec::new());
        let month = today() - chrono::Days::new(30)..=today() - chrono::Days::new(1);
        adapters::write_mhsds(|| std::iter::once(referral("B-1", 0)), "RY4".parse().unwrap(), &month, &mut tables).unwrap();
        let path = "/v1/waiting-list/submissions?format=mhsds&list=all";
        let sent = trust.call(Method::POST, path).header("content-type", "application/zip").body(tables.into_inner()).send().await;
        sent.expect_status(201);
        let rows = file(&[
            &[("referral_id", "A-1"), ("referral_received_date", &days_ago(500)), ("status", "closed"), ("closed_date", &days_ago(300))],
            &[("referral_id", "A-2"), ("referral_received_date", &days_ago(200)), ("previous_referral_id", "A-1"), ("subcontracted_by", "R1L"), ("right_to_choose", "1")],
        ]);
        trust.push_csv("list=autism", rows).await.expect_status(201);
        let own = entries(&trust, "").await;
        assert_eq!(own["B-1"]["recognised"], json!([{
            "rule": "mhsds-autism", "pathways": ["autism"], "codes": [{ "field": "MHS101.PrimReasonReferralMH", "code": "25" }]
        }]));
        assert_eq!((&own["A-2"]["subcontracted_by"], &own["A-2"]["right_to_choose"]), (&json!("R1L"), &json!(true)));
        let journey = |linked: bool, days: i64| {
            let mut journey = json!({ "pathway": "autism", "days": days, "weeks": days / 7, "started_on": days_ago(days.unsigned_abs()),
                "known_by": if linked { "linked-referral" } else { "single-referral" } });
            if linked {
                journey["linked_by"] = json!(["previous-referral"]);
            }
            json!([journey])
        };
        assert_eq!((&own["A-2"]["journeys"], &own["B-1"]["journeys"], own["A-1"].get("journeys")), (&journey(true, 500), &journey(false, 30), None));

        let council = signed_in(&world, "council-herts").await;
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect_status(201);
        let page = council.get("/v1/waiting-list/entries?organisation=RY4").await.expect(200);
        let others = page["items"].as_array().unwrap();
        assert_eq!(others.len(), 3);
        assert!(others.iter().all(|entry| entry.get("recognised").is_none() && entry.get("subcontracted_by").is_none()), "{page}");
        assert!(!page.to_string().contains("R1L") && !page.to_string().contains("mhsds"), "{page}");
        let chosen: Vec<_> = others.iter().filter(|entry| entry["right_to_choose"] == true).collect();
        assert_eq!((chosen.len(), &chosen[0]["journeys"]), (1, &journey(true, 500)));
        let waits = waits(&council).await;
        assert_eq!(waits.iter().filter(|wait| wait["right_to_choose"] == true).count(), 1);
    }
}
