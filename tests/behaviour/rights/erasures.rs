//! Erasure: at once, only of the organisation's own records, and for good.

use super::*;

/// An answered request for advice about a child.
async fn answered_request(council: &Persona, trust: &Persona, nhs_number: &str) -> String {
    let made = council.post("/v1/advice-requests", &advice_request(nhs_number, "RY4")).await.expect(201);
    let path = format!("/v1/advice-requests/{}", made["id"].as_str().unwrap());
    let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "therapist" });
    trust.put(&format!("{path}/advice"), &advice).await.expect_status(200);
    path
}

on_both! {
    async fn an_erased_referral_is_gone_and_does_not_come_back_with_a_later_list(world: World) {
        let (first, second) = (row("A-1", &number(0), "01", "autism"), row("A-2", &number(1), "01", "autism"));
        let trust = trust_with(&world, [first.clone(), second.clone()]).await;
        let council = signed_in(&world, "council-herts").await;
        permit(&council, &number(0)).await;
        waits(&council, &number(0)).await.expect_status(200);

        let erasure = erase(&trust, &number(0)).await;
        assert_eq!((rows_of(&erasure, "waiting-list-status"), &erasure["recipients"]), (1, &json!(["E10000015"])));
        waits(&council, &number(0)).await.expect_problem(404, "not-found");
        assert_eq!(own_ids(&trust).await, ["A-2"]);

        for query in ["list=all", "list=all&mode=snapshot", "list=other"] {
            let report = trust.push_csv(query, list([first.clone(), second.clone()])).await.expect(201);
            assert_eq!((&report["records"]["rejected"], &report["status"]), (&json!(1), &json!("accepted-with-issues")), "{report}");
            assert_eq!(issues(&trust, &report).await, rejected("erased", "A-1"));
            assert_eq!(own_ids(&trust).await, ["A-2"], "{query}");
        }
        // A check reports the same, even if the row names another child.
        let looked = trust.push_csv("list=all&validate=true", list([row("A-1", &number(5), "01", "adhd")])).await.expect(200);
        assert_eq!(looked["issue_list"][0]["code"], "erased", "{looked}");
        // The child may be referred again.
        let report = trust.push_csv("list=all", list([row("A-9", &number(0), "01", "autism")])).await.expect(201);
        assert_eq!(report["records"]["opened"], 1, "{report}");
        waits(&council, &number(0)).await.expect_status(200);
    }

    async fn all_future_means_new_referrals_too_until_it_is_lifted(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let body = json!({ "data": ["waiting-list-status"], "future": true, "reason": "moved away", "decided_by": "dpo" });
        let erasure = of_child(&trust, &number(0), "erasures", &body).await.expect(201);
        let anew = list([row("A-2", &number(0), "01", "autism"), row("A-3", &number(1), "01", "autism")]);
        let report = trust.push_csv("list=all", anew.clone()).await.expect(201);
        assert_eq!(issues(&trust, &report).await, rejected("erased", "A-2"));
        assert_eq!(own_ids(&trust).await, ["A-3"]);

        let path = format!("/v1/erasures/{}/lifting", erasure["id"].as_str().unwrap());
        signed_in(&world, "council-herts").await.post(&path, &json!({ "reason": "mine?" })).await.expect_problem(404, "not-found");
        let lifted = trust.post(&path, &json!({ "reason": "moved back" })).await.expect(200);
        assert!(lifted["lifted_at"].is_string(), "{lifted}");
        world.pass(Duration::minutes(1));
        assert_eq!(trust.post(&path, &json!({ "reason": "again" })).await.expect(200), lifted);
        let both = list([row("A-1", &number(0), "01", "autism"), row("A-2", &number(0), "01", "autism")]);
        assert_eq!(trust.push_csv("list=all", both).await.expect(201)["records"]["opened"], 2);
    }

    async fn others_records_of_the_same_child_stay(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let board = signed_in(&world, "icb-central-east").await;
        board.push_csv("list=all&organisation=RWR", list([row("A-1", &number(0), "01", "autism")])).await.expect_status(201);
        let council = signed_in(&world, "council-herts").await;
        permit(&council, &number(0)).await;
        // The council sent no list, so it erases nobody's rows.
        assert_eq!(rows_of(&erase(&council, &number(0)).await, "waiting-list-status"), 0);
        let providers = |answer: &Answer| -> Vec<String> {
            answer.expect(200)["waits"].as_array().unwrap().iter().map(|wait| wait["provider"].as_str().unwrap().to_owned()).collect()
        };
        let mut before = providers(&waits(&council, &number(0)).await);
        before.sort();
        assert_eq!(before, ["RWR", "RY4"]);
        assert_eq!(rows_of(&erase(&trust, &number(0)).await, "waiting-list-status"), 1);
        assert_eq!(providers(&waits(&council, &number(0)).await), ["RWR"]);
        // The mark is only for the trust: another provider's referral with this id still flows.
        let report = board.push_csv("list=all&organisation=RWR", list([row("A-1", &number(0), "01", "autism")])).await.expect(201);
        assert_eq!(report["records"]["unchanged"], 1, "{report}");
    }

    async fn nobody_learns_from_an_erasure_whether_a_child_is_held(world: World) {
        let _trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        let (held, unknown) = (erase(&council, &number(0)).await, erase(&council, &number(9)).await);
        let shape = |erasure: &Value| (erasure["erased"].clone(), erasure["decisions"].clone(), erasure["recipients"].clone());
        assert_eq!(shape(&held), shape(&unknown));
        council.post("/v1/children/nobody/erasures", &json!({ "reason": "r", "decided_by": "d" })).await.expect_problem(404, "not-found");
        signed_in(&world, "stranger").await.post("/v1/children/nobody/erasures", &json!({ "reason": "r", "decided_by": "d" }))
            .await.expect_problem(403, "scope-missing");
    }

    async fn erased_advice_is_gone_and_says_so_and_the_request_stays(world: World) {
        let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
        let path = answered_request(&council, &trust, &number(0)).await;
        council.get(&format!("{path}/advice")).await.expect_status(200);
        let erasure = erase(&trust, &number(0)).await;
        assert_eq!((rows_of(&erasure, "health-advice"), rows_of(&erasure, "advice-request")), (1, 0));
        assert_eq!(erasure["recipients"], json!(["E10000015"]));
        council.get(&format!("{path}/advice")).await.expect_problem(410, "erased");
        let again = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "therapist" });
        trust.put(&format!("{path}/advice"), &again).await.expect_problem(410, "erased");
        assert_eq!(council.get(&path).await.expect(200)["status"], "submitted");
        // The council's erasure removes its own part, and then nothing is left of the request.
        assert_eq!(rows_of(&erase(&council, &number(0)).await, "advice-request"), 1);
        council.get(&path).await.expect_problem(404, "not-found");
    }

    async fn a_decision_keeps_its_force_and_loses_its_words(world: World) {
        let _trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let council = signed_in(&world, "council-herts").await;
        let consent = permit(&council, &number(0)).await;
        let words = "SELECT CAST(octet_length(sealed_evidence) AS BIGINT) FROM consent";
        let before = world.ask_database(words);
        assert_eq!(erase(&council, &number(0)).await["decisions"], 1);
        assert_eq!(before - world.ask_database(words), "signed form".len() as i64);
        waits(&council, &number(0)).await.expect_status(200);
        assert_eq!(council.get(&format!("/v1/consents/{consent}")).await.expect(200)["standing"], "in-force");
    }

    async fn the_log_says_that_there_was_an_erasure_and_names_nobody(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let erasure = erase(&trust, &number(0)).await;
        let log = world.audit_log().await;
        let leaves: Vec<_> = log.iter().filter(|leaf| leaf["operation"] == "erase").collect();
        assert_eq!(leaves.len(), 4, "one for each class");
        for leaf in leaves {
            assert_eq!((&leaf["act"], &leaf["outcome"], &leaf["resource"]), (&json!("erase"), &json!("permitted"), &erasure["id"]));
            assert_eq!((&leaf["holder"], &leaf["grounds"]), (&json!("RY4"), &json!(["own"])));
        }
        assert!(!world.dump_database().contains("the family asked"));
        // Nobody holds anything about the child: the next retention run removes the identity.
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 1);
        world.run_retention(false).await;
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), 0);
        assert_eq!(trust.push_csv("list=all", list([row("A-2", &number(0), "01", "autism")])).await.expect(201)["records"]["opened"], 1);
    }

    async fn the_same_key_erases_once_and_another_body_is_refused(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        let id = trust.child_id(&number(0), BORN).await;
        let send = async |reason: &str| {
            let call = trust.call(Method::POST, &format!("/v1/children/{id}/erasures")).actor(integration_tests::ACTOR);
            call.header("idempotency-key", "k").json(&json!({ "reason": reason, "decided_by": "dpo" })).send().await
        };
        let made = send("asked").await.expect(201);
        assert_eq!(send("asked").await.expect(200), made);
        send("other").await.expect_problem(422, "idempotency-mismatch");
    }

    async fn a_body_that_makes_no_sense_is_refused_by_its_field(world: World) {
        let trust = trust_with(&world, [row("A-1", &number(0), "01", "autism")]).await;
        for (field, body) in [
            ("data", json!({ "data": [], "reason": "r", "decided_by": "d" })),
            ("data", json!({ "data": ["ehcp-status", "ehcp-status"], "reason": "r", "decided_by": "d" })),
            ("data", json!({ "data": ["dashboard-aggregate"], "reason": "r", "decided_by": "d" })),
            ("reason", json!({ "reason": " ", "decided_by": "d" })),
            ("decided_by", json!({ "reason": "r", "decided_by": "" })),
        ] {
            let problem = of_child(&trust, &number(0), "erasures", &body).await.expect_problem(422, "invalid-value");
            assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        }
        assert_eq!(own_ids(&trust).await, ["A-1"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sealed_bytes_leave_the_embedded_database_s_files() {
    let world = World::start(Database::Sqlite).await;
    let trust = trust_with(&world, (0..40).map(|nth| row(&format!("A-{nth}"), &number(nth), "01", "autism"))).await;
    let whole = world.dump_database();
    // The sealed record of the first child, as it is in the file.
    let start = whole.split("'A-0'").nth(1).and_then(|rest| rest.split("X'").nth(2)).unwrap();
    let sealed: Vec<u8> = {
        let digits = start.split('\'').next().unwrap().as_bytes();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    // The end of the record, which no page boundary cuts, so it is whole in the files.
    let needle = &sealed[sealed.len() - 40..];
    assert!(sealed.len() > 100 && in_database_files(&world, needle), "it is there to begin with");
    erase(&trust, &number(0)).await;
    until("no file keeps it", async || !in_database_files(&world, needle)).await;
}
