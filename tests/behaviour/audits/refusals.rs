//! Anybody who asks for another's record is told that it is not there, and the log records it.

use integration_tests::records::{BORN, advice_request, list, number, permission, row};
use integration_tests::{Answer, Persona, World, on_both};
use reqwest::Method;
use serde_json::{Value, json};

use super::{id, push, signed_in};

/// The one audit entry that a call wrote.
async fn leaf_of(world: &World, answer: &Answer) -> Value {
    let request = answer.header("x-request-id").unwrap();
    let of_call: Vec<_> = world.audit_log().await.into_iter().filter(|leaf| leaf["request_id"] == request).collect();
    let [leaf] = of_call.as_slice() else { panic!("{} leaves: {of_call:?}", of_call.len()) };
    leaf.clone()
}

on_both! {
    async fn asking_for_what_is_anothers_is_refused_and_written_down(world: World) {
        push(&world).await;
        let case = include_str!("../../../adapters/src/formats/sen2_xml/samples/every-element.xml");
        let council = signed_in(&world, "council-herts").await;
        let submit = council.call(Method::POST, "/v1/ehcp/submissions?format=sen2-xml").header("content-type", "application/xml");
        submit.body(case).send().await.expect_status(201);
        let case = council.get("/v1/ehcp/cases").await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let consent = id(&council.post("/v1/consents", &permission(&number(0), &["autism"])).await);
        let request = id(&council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await);
        world.grant("icb-central-east", "consent:read consent:write ehcp:read advice:read advice:respond").await;
        let board = signed_in(&world, "icb-central-east").await;
        let nobodys = "0197f000-0000-7000-8000-000000000000";
        let ask = async |persona: &Persona, operation: &str, id: &str| match operation {
            "get_consent" => persona.get(&format!("/v1/consents/{id}")).await,
            "withdraw_consent" => persona.post(&format!("/v1/consents/{id}/withdrawal"), &json!({ "reason": "r" })).await,
            "get_case" => persona.get(&format!("/v1/ehcp/cases/{id}")).await,
            "get_advice_request" => persona.get(&format!("/v1/advice-requests/{id}")).await,
            "get_advice" => persona.get(&format!("/v1/advice-requests/{id}/advice")).await,
            "acknowledge_advice_request" => persona.post(&format!("/v1/advice-requests/{id}/acknowledgement"), &json!({})).await,
            _ => {
                let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "r" });
                persona.put(&format!("/v1/advice-requests/{id}/advice"), &advice).await
            }
        };
        for (operation, anothers) in [
            ("get_consent", &consent), ("withdraw_consent", &consent), ("get_case", &case), ("get_advice_request", &request),
            ("get_advice", &request), ("acknowledge_advice_request", &request), ("submit_advice", &request),
        ] {
            for asked in [anothers.as_str(), nobodys] {
                let answer = ask(&board, operation, asked).await;
                answer.expect_problem(404, "not-found");
                let leaf = leaf_of(&world, &answer).await;
                assert_eq!((&leaf["operation"], &leaf["resource"]), (&json!(operation), &json!(asked)), "{leaf}");
                assert_eq!((&leaf["outcome"], &leaf["reason"]), (&json!("refused"), &json!("not-held")), "{leaf}");
                assert_eq!((&leaf["client"], &leaf["actor"]["id"]), (&json!("icb-central-east"), &json!("kt-204")), "{leaf}");
            }
        }
        let of_nobody = board.child_id(&number(9), BORN).await;
        let answer = board.get(&format!("/v1/consents?child_id={of_nobody}")).await;
        assert_eq!(answer.expect(200)["items"], json!([]));
        assert_eq!(leaf_of(&world, &answer).await["reason"], "not-held");
    }

    async fn looking_through_anothers_list_and_seeing_nothing_is_written_down(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let look = async || {
            let answer = council.get("/v1/waiting-list/entries?organisation=RY4").await;
            assert_eq!(answer.expect(200)["items"], json!([]));
            leaf_of(&world, &answer).await
        };
        let expected = |leaf: &Value, reason: &str| {
            let told = (&leaf["event"], &leaf["outcome"], &leaf["reason"], &leaf["holder"]);
            assert_eq!(told, (&json!("waiting-list-entries-read"), &json!("refused"), &json!(reason), &json!("RY4")), "{leaf}");
        };
        expected(&look().await, "not-held");
        let rows = list([row("A-1", &number(0), "01", "autism"), row("A-2", &number(1), "01", "autism")]);
        signed_in(&world, "provider-hct").await.push_csv("list=autism", rows).await.expect(201);
        expected(&look().await, "consent-missing");
        let mut denial = permission(&number(1), &["autism"]);
        denial["decision"] = "deny".into();
        council.post("/v1/consents", &denial).await.expect_status(201);
        expected(&look().await, "consent-denied");
    }
}
