//! One child under several identifiers: what a council's crosswalk and the holders of records say about them.

mod histories;
mod models;

use domain::Upn;
use integration_tests::records::{BORN, advice_request, child, days_ago, list, number, permission, row};
use integration_tests::{Answer, Persona, World, on_both, today};
use reqwest::Method;
use serde_json::{Value, json};

const HEADER: &str = "nhs_number,upn,date_of_birth,nhs_number_status\n";

fn upn(nth: u16) -> String {
    Upn::from_parts(919, 2000, 17, nth).unwrap().as_str().to_owned()
}

fn by_upn(nth: u16) -> Value {
    json!({ "upn": upn(nth), "date_of_birth": BORN })
}

/// A row of a crosswalk that gives one child's two numbers.
fn pair(nth: u16, status: &str) -> String {
    format!("{},{},{BORN},{status}\n", number(nth.into()), upn(nth))
}

async fn crosswalk(council: &Persona, query: &str, text: &str) -> Answer {
    let path = format!("/v1/children/identifiers{query}");
    council.call(Method::PUT, &path).header("content-type", "text/csv").body(text.to_owned()).send().await
}

async fn stated(council: &Persona, rows: impl IntoIterator<Item = String>) -> Value {
    let text = rows.into_iter().fold(HEADER.to_owned(), |text, row| text + &row);
    crosswalk(council, &format!("?as_of={}&confirm=shrink", today()), &text).await.expect(200)
}

async fn codes(council: &Persona, report: &Value) -> Vec<(i64, String)> {
    let page = council.get(report["issues"].as_str().unwrap()).await.expect(200);
    let issues = page["items"].as_array().unwrap().iter();
    issues.map(|issue| (issue["row"].as_i64().unwrap(), issue["code"].as_str().unwrap().to_owned())).collect()
}

async fn matches(persona: &Persona, query: &str) -> Vec<Value> {
    persona.get(&format!("/v1/children/matches{query}")).await.expect(200)["items"].as_array().unwrap().clone()
}

async fn decide(persona: &Persona, id: &Value, decision: &str) -> Answer {
    let path = format!("/v1/children/matches/{}/decision", id.as_str().unwrap());
    persona.post(&path, &json!({ "decision": decision, "reason": "as told by the clinic" })).await
}

/// The trust's word about its one match.
async fn word(trust: &Persona, decision: &str) -> Value {
    let found = matches(trust, "").await;
    assert_eq!(found.len(), 1, "{found:?}");
    decide(trust, &found[0]["id"], decision).await.expect(200)
}

async fn child_id(persona: &Persona, child: &Value) -> String {
    persona.post("/v1/children/search", child).await.expect(200)["child_id"].as_str().unwrap().to_owned()
}

/// The status of the answer that shows a child's waits.
async fn waits(persona: &Persona, child: &Value) -> u16 {
    let id = child_id(persona, child).await;
    persona.get(&format!("/v1/children/{id}/waits")).await.status
}

/// The status by each of the two identifiers.
async fn seen(council: &Persona, nth: u16) -> [u16; 2] {
    [waits(council, &child(&number(nth.into()))).await, waits(council, &by_upn(nth)).await]
}

async fn decision(council: &Persona, child: Value, decision: &str) -> String {
    let mut body = permission(&number(0), &["autism"]);
    body["child"] = child;
    body["decision"] = json!(decision);
    council.post("/v1/consents", &body).await.expect(201)["id"].as_str().unwrap().to_owned()
}

/// The trust with a referral of the first child, and the council with the family's permission under the child's UPN.
async fn with_permission(world: &World) -> (Persona, Persona) {
    let (trust, council) = (world.persona("provider-hct").signed_in().await, world.persona("council-herts").signed_in().await);
    trust.push_csv("list=all", list([row("A-1", &number(0), "01", "autism")])).await.expect_status(201);
    decision(&council, by_upn(0), "permit").await;
    (trust, council)
}

/// Changes a line of the demonstration's agreement about child matching, and waits until it holds.
async fn change(world: &World, from: &str, to: &str) {
    world.change_partnership(|file| {
        let (before, agreement) = file.split_once("id = \"herts-child-matching\"").unwrap();
        assert!(agreement.contains(from));
        format!("{before}id = \"herts-child-matching\"{}", agreement.replacen(from, to, 1))
    });
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
}

on_both! {
    async fn what_permits_counts_for_both_identifiers_once_a_holder_has_said_so(world: World) {
        let (trust, council) = with_permission(&world).await;
        assert_eq!(seen(&council, 0).await, [404, 404]);
        let report = stated(&council, [pair(0, "01")]).await;
        assert_eq!((&report["records"]["accepted"], &report["records"]["opened"], &report["status"]), (&json!(1), &json!(1), &json!("accepted")));
        assert_eq!(seen(&council, 0).await, [404, 404], "the council's own word permits nothing");

        // Each side sees its own half. Whom it awaits is told to nobody but the one that it awaits.
        let (theirs, ours) = (matches(&trust, "?state=potential").await, matches(&council, "").await);
        let (theirs, ours) = (&theirs[0], &ours[0]);
        assert_eq!((&theirs["own"]["nhs_number"], &theirs["own"]["upn"]), (&json!(number(0)), &Value::Null));
        assert_eq!((&theirs["other"]["organisation"], &theirs["id"]), (&json!("E10000015"), &ours["id"]));
        assert_eq!((&theirs["awaits"], &ours["state"]), (&json!(["RY4"]), &json!("potential")));
        assert_eq!((&ours["own"]["upn"], &ours["own"]["nhs_number"]), (&json!(upn(0)), &Value::Null));
        assert_eq!((&ours["other"]["organisation"], &ours["awaits"]), (&Value::Null, &json!([])));
        decide(&council, &ours["id"], "join").await.expect_problem(409, "wrong-status");
        assert_eq!(seen(&council, 0).await, [404, 404]);

        let joined = word(&trust, "join").await;
        assert_eq!((&joined["state"], &joined["disclosures_under_join"]), (&json!("joined"), &json!(0)));
        assert_eq!(seen(&council, 0).await, [200, 200]);
        assert_eq!(matches(&council, "").await[0]["other"]["organisation"], "RY4", "it decided, and said so");

        let apart = word(&trust, "undo").await;
        assert_eq!((&apart["disclosures_under_join"], apart["disclosures"].as_array().unwrap().len()), (&json!(2), 2));
        assert_eq!((&apart["disclosures"][0]["recipient"], &apart["disclosures"][0]["holder"]), (&json!("E10000015"), &json!("RY4")));
        assert_eq!(seen(&council, 0).await, [404, 404]);
        word(&trust, "join").await;
        assert_eq!(seen(&council, 0).await, [200, 200]);
        assert_eq!(word(&trust, "keep-apart").await["state"], "in-error");
        assert_eq!(seen(&council, 0).await, [404, 404], "what is disputed permits nothing");
        word(&trust, "join").await;
        let ours = matches(&council, "").await;
        assert_eq!(decide(&council, &ours[0]["id"], "undo").await.expect(200)["state"], "undone");
        assert_eq!(seen(&council, 0).await, [404, 404]);
        assert!(matches(&trust, "").await.is_empty(), "what its claimant took back awaits nobody");
        decide(&council, &ours[0]["id"], "undo").await.expect_status(200);
    }

    async fn what_forbids_counts_for_both_identifiers_at_once(world: World) {
        let (trust, council) = (world.persona("provider-hct").signed_in().await, world.persona("council-herts").signed_in().await);
        trust.push_csv("list=all", list((0..3).map(|nth| row(&format!("A-{nth}"), &number(nth), "01", "autism")))).await.expect_status(201);
        for nth in 0..3 {
            decision(&council, child(&number(nth)), "permit").await;
        }
        decision(&council, by_upn(0), "deny").await;
        assert_eq!([seen(&council, 0).await[0], seen(&council, 1).await[0]], [200, 200]);
        stated(&council, (0..2).map(|nth| pair(nth, ""))).await;
        assert_eq!(seen(&council, 0).await, [404, 404], "nobody has confirmed it, and it is denied");
        assert_eq!(seen(&council, 1).await, [200, 404], "what only permits reaches nobody else");
        // Without the row, the denial is the other child's again.
        stated(&council, [pair(1, "")]).await;
        assert_eq!(seen(&council, 0).await, [200, 404]);
    }

    async fn a_traced_row_is_enough_where_the_agreement_says_so_until_its_holder_disputes_it(world: World) {
        change(&world, "verified_by = \"holder\"", "verified_by = \"either\"").await;
        let (trust, council) = with_permission(&world).await;
        stated(&council, [pair(0, "")]).await;
        assert_eq!(seen(&council, 0).await, [404, 404], "the number is not traced");
        stated(&council, [pair(0, "01")]).await;
        assert_eq!(seen(&council, 0).await, [200, 200]);
        // Its holder is told, and can take it apart.
        let told = matches(&trust, "").await;
        assert_eq!((&told[0]["state"], &told[0]["stated_by"]), (&json!("joined"), &json!("E10000015")));
        assert_eq!(word(&trust, "keep-apart").await["disclosures_under_join"], 2);
        assert_eq!(seen(&council, 0).await, [404, 404]);
        stated(&council, [pair(0, "01")]).await;
        assert_eq!(seen(&council, 0).await, [404, 404], "the next list does not overrule the holder");
    }

    async fn each_thing_wrong_with_a_crosswalk_is_named_and_joins_nothing(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let rows = |rows: &[String]| format!("nhs_number,upn,local_id,date_of_birth,sensitive\n{}", rows.concat());
        let line = |nhs: usize, upn_of: u16, born: &str| format!("{},{},,{born},\n", number(nhs), upn(upn_of));
        let sound = (20..60).map(|nth| line(nth, u16::try_from(nth).unwrap(), BORN));
        let wrong = [
            line(0, 0, BORN), line(1, 0, "2015-01-01"),
            line(2, 2, BORN), line(3, 2, BORN),
            line(4, 4, BORN), line(4, 5, BORN),
            format!("{},{},{},{BORN},\n", number(6), upn(6), number(6)),
            format!("9990000019,{},,{BORN},\n", upn(7)),
            format!(",{},,{BORN},\n", upn(8)),
            format!("{},{},,{BORN},1\n", number(9), upn(9)),
        ];
        let text = rows(&wrong.iter().cloned().chain(sound).collect::<Vec<_>>());
        let query = format!("?as_of={}", days_ago(3));
        let report = crosswalk(&council, &query, &text).await.expect(200);
        let counts = ["received", "accepted", "rejected", "opened"].map(|name| report["records"][name].as_u64().unwrap());
        assert_eq!((counts, &report["dataset"]), ([50, 42, 8, 41], &json!("child-identifiers")), "{report}");
        let expected = [
            (1, "upn-two-children"), (2, "upn-two-children"), (3, "child-two-nhs-numbers"), (4, "child-two-nhs-numbers"),
            (5, "twins-in-doubt"), (6, "twins-in-doubt"), (7, "identifier-repeated"), (8, "nhs-number-check-digit"),
            (9, "identifier-alone"), (10, "sensitive-record"),
        ];
        assert_eq!(codes(&council, &report).await, expected.map(|(row, code)| (row, code.to_owned())));
        let found = matches(&council, "?limit=500").await;
        assert_eq!(found.len(), 41);
        let sensitive: Vec<_> = found.iter().filter(|one| one["flags"] == json!(["sensitive"])).collect();
        assert_eq!((sensitive.len(), &sensitive[0]["state"]), (1, &json!("kept-apart")));

        // A list of before the last, one that drops much, and one of which much is wrong.
        crosswalk(&council, &format!("?as_of={}", days_ago(4)), &text).await.expect_problem(409, "older-as-of");
        let short = rows(&(20..40).map(|nth| line(nth, u16::try_from(nth).unwrap(), BORN)).collect::<Vec<_>>());
        crosswalk(&council, "", &short).await.expect_problem(409, "snapshot-shrinks");
        let refused = crosswalk(&council, "", &(short.clone() + &"9990000019,,,2016-05-04,\n".repeat(10))).await;
        assert_eq!(refused.expect_problem(422, "refused-submission")["errors"][0]["code"], "nhs-number-check-digit");
        assert_eq!(matches(&council, "?limit=500").await.len(), 41, "nothing of these was kept");
        let report = crosswalk(&council, "?confirm=shrink", &short).await.expect(200);
        assert_eq!((&report["records"]["unchanged"], &report["records"]["not_flowed"]), (&json!(20), &json!(21)));
        for (query, text, status, code) in [
            ("?as_of=2099-01-01", short.as_str(), 422, "invalid-value"),
            ("", "upn,date_of_birth\n", 422, "unreadable-body"),
            ("", "", 422, "unreadable-body"),
        ] {
            crosswalk(&council, query, text).await.expect_problem(status, code);
        }
    }

    async fn a_replaced_number_is_named_and_joined_no_more(world: World) {
        let (trust, council) = with_permission(&world).await;
        stated(&council, [pair(0, "01")]).await;
        word(&trust, "join").await;
        assert_eq!(seen(&council, 0).await, [200, 200]);
        let report = stated(&council, [format!("{},{},{BORN},01\n", number(1), upn(0))]).await;
        assert_eq!(codes(&council, &report).await, [(1, "identifier-replaced".to_owned())]);
        assert_eq!(seen(&council, 0).await, [404, 404]);
    }

    async fn what_is_erased_under_one_identifier_does_not_come_back_under_the_other(world: World) {
        world.grant("council-herts", "ehcp:write ehcp:read waiting-list:read consent:write consent:read rights:write").await;
        let (_, council) = with_permission(&world).await;
        stated(&council, [pair(0, "01"), pair(1, "01")]).await;
        let id = child_id(&council, &by_upn(0)).await;
        let body = json!({ "reason": "the family asked", "decided_by": "data-protection-officer", "future": true });
        council.post(&format!("/v1/children/{id}/erasures"), &body).await.expect_status(201);
        let report = stated(&council, [pair(0, "01"), pair(1, "01")]).await;
        assert_eq!(codes(&council, &report).await, [(1, "erased".to_owned())]);
        let found = matches(&council, "").await;
        assert!(found.iter().all(|one| one["own"]["upn"] != json!(upn(0))) || found.len() == 2, "{found:?}");
    }

    async fn only_the_two_sides_of_a_match_may_decide_about_it(world: World) {
        let (trust, council) = with_permission(&world).await;
        stated(&council, [pair(0, "01"), pair(5, "01")]).await;
        let icb = world.persona("icb-central-east").signed_in().await;
        assert!(matches(&icb, "").await.is_empty(), "it holds nothing of the two");
        let ours = matches(&council, "?limit=500").await;
        assert_eq!((ours.len(), matches(&trust, "").await.len()), (2, 1), "of a child that it does not hold, it is told nothing");
        for one in &ours {
            decide(&icb, &one["id"], "join").await.expect_problem(404, "not-found");
        }
        let unheld = ours.iter().find(|one| one["own"]["upn"] == json!(upn(5))).unwrap();
        decide(&trust, &unheld["id"], "join").await.expect_problem(404, "not-found");
        decide(&trust, &json!("0197b7a0-0000-7000-8000-000000000001"), "join").await.expect_problem(404, "not-found");
        change(&world, "\"RY4\", ", "").await;
        trust.get("/v1/children/matches").await.expect_problem(403, "no-agreement");
        let held = ours.iter().find(|one| one["own"]["upn"] == json!(upn(0))).unwrap();
        decide(&trust, &held["id"], "join").await.expect_problem(404, "not-found");
    }

    async fn an_acknowledged_request_for_advice_joins_the_two_numbers_that_it_names(world: World) {
        let (trust, council) = with_permission(&world).await;
        let mut request = advice_request(&number(0), "RY4");
        request["child"]["upn"] = json!(upn(0));
        let made = council.post("/v1/advice-requests", &request).await.expect(201);
        assert_eq!(matches(&council, "").await[0]["awaits"], json!(["RY4"]), "whom it asked, it knows");
        assert_eq!(seen(&council, 0).await, [404, 404]);
        trust.post(&format!("/v1/advice-requests/{}/acknowledgement", made["id"].as_str().unwrap()), &json!({})).await.expect_status(200);
        assert_eq!(seen(&council, 0).await, [200, 200]);
        assert_eq!(matches(&trust, "").await[0]["state"], "joined");

        // What is contrary to the council's own words before is named, and no request is made.
        let contrary = [
            (number(1), upn(0), BORN, "child-two-nhs-numbers"),
            (number(0), upn(1), BORN, "twins-in-doubt"),
            (number(1), upn(0), "2015-01-01", "upn-two-children"),
        ];
        for (number, upn, born, code) in contrary {
            request["child"] = json!({ "nhs_number": number, "upn": upn, "date_of_birth": born });
            let problem = council.post("/v1/advice-requests", &request).await.expect_problem(422, "invalid-value");
            assert_eq!(problem["errors"][0]["code"], code);
        }
        assert_eq!(council.get("/v1/advice-requests").await.expect(200)["items"].as_array().unwrap().len(), 1);
        // A child of whom the council knows the UPN alone is asked about by that.
        request["child"] = by_upn(7);
        let made = council.post("/v1/advice-requests", &request).await.expect(201);
        let told = trust.get(&format!("/v1/advice-requests/{}", made["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(told["child"], by_upn(7));
        request["child"] = json!({ "date_of_birth": BORN });
        council.post("/v1/advice-requests", &request).await.expect_problem(422, "invalid-value");
    }

    async fn an_adopted_childs_new_number_is_joined_with_nothing(world: World) {
        let (trust, council) = with_permission(&world).await;
        stated(&council, [pair(0, "01")]).await;
        let found = matches(&trust, "").await;
        world.grant("council-herts", "ehcp:write waiting-list:read restriction:write").await;
        let council = council.signed_in().await;
        let id = child_id(&council, &child(&number(0))).await;
        let restriction = json!({ "kind": "adopted", "reason": "made up" });
        council.post(&format!("/v1/children/{id}/restrictions"), &restriction).await.expect_status(201);
        assert!(matches(&trust, "").await.is_empty(), "of an adopted child nobody else is told");
        assert_eq!(matches(&council, "").await.len(), 1, "what it says itself, it may see");
        decide(&trust, &found[0]["id"], "join").await.expect_problem(404, "not-found");
        assert_eq!(seen(&council, 0).await, [404, 404]);
        // Taking apart is always allowed.
        decide(&trust, &found[0]["id"], "keep-apart").await.expect_status(200);
    }
}
