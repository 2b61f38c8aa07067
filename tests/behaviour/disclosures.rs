//! The access report: who saw what about a child, who may read it, and what it does not give away.

use integration_tests::records::{BORN, advice_request, list, number, permission, row};
use integration_tests::{ACTOR, Answer, Database, Persona, World, on_both, until};
use reqwest::Method;
use serde_json::{Value, json};

const DRAFT: &str = "DRAFT – a person must review this before it is released";

async fn signed_in(world: &World, client_id: &str) -> Persona {
    world.persona(client_id).signed_in().await
}

async fn path(auditor: &Persona, nth: usize) -> String {
    format!("/v1/children/{}/disclosures", auditor.child_id(&number(nth), BORN).await)
}

async fn as_form(auditor: &Persona, path: &str, accept: &str) -> Answer {
    auditor.call(Method::GET, path).actor(ACTOR).header("accept", accept).send().await
}

fn items(report: &Value) -> &[Value] {
    report["items"].as_array().unwrap()
}

/// The trust sends its list. The council asks, and is refused, permitted and refused again; then asks for advice.
async fn story(world: &World) -> String {
    let (council, trust) = (signed_in(world, "council-herts").await, signed_in(world, "provider-hct").await);
    trust.push_csv("list=autism", list([row("A-1", &number(0), "01", "autism"), row("A-2", &number(1), "01", "autism")])).await.expect(201);
    let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
    council.get(&waits).await.expect_problem(404, "not-found");
    let consent = council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201)["id"].as_str().unwrap().to_owned();
    council.get(&waits).await.expect(200);
    council.get("/v1/waiting-list/entries?organisation=RY4").await.expect(200);
    council.post(&format!("/v1/consents/{consent}/withdrawal"), &json!({ "reason": "r" })).await.expect(200);
    council.get(&waits).await.expect_problem(404, "not-found");
    council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await.expect(201);
    consent
}

/// A restriction, as the operation that sets one would have written it.
fn restrict(world: &World, kind: &str) {
    world.meddle(&format!(
        "INSERT INTO restriction (id, child_id, kind, starts, set_by, set_at, sealed_reason) SELECT '0197f000-0000-7000-8000-00000000000a', \
         min(child_id), '{kind}', '2026-01-01', 'RY4', '2026-01-01 00:00:00', CAST('x' AS {}) FROM audit_leaf WHERE child_id IS NOT NULL",
        if world.database() == Database::Sqlite { "BLOB" } else { "BYTEA" }
    ));
}

on_both! {
    async fn the_report_tells_who_saw_what_when_and_why_and_who_was_refused(world: World) {
        let consent = story(&world).await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let report = auditor.get(&path(&auditor, 0).await).await.expect(200);
        assert_eq!((&report["status"], report.get("next")), (&json!(DRAFT), None));
        let told: Vec<_> = items(&report).iter().map(|item| format!("{} {} {}", item["operation"], item["act"], item["outcome"]).replace('"', "")).collect();
        assert_eq!(told, [
            "get_waits disclose refused", "record_consent record-consent permitted", "get_waits disclose permitted",
            "list_entries disclose permitted", "withdraw_consent withdraw-consent permitted", "get_waits disclose refused",
            "create_advice_request disclose permitted",
        ]);
        let (refused, seen, asked) = (&items(&report)[0], &items(&report)[2], &items(&report)[6]);
        assert_eq!((&refused["reason"], &refused["told"][1]), (&json!("consent-missing"), &json!("The answer was no, and nothing was shown, because nobody had said yes.")));
        assert_eq!(seen["actor"], json!({ "id": "kt-204", "role": "ehc-coordinator", "reason": "assessment C-1" }));
        assert_eq!((&seen["organisation"], &seen["holder"], &seen["pathways"]), (&json!("E10000015"), &json!("RY4"), &json!(["autism"])));
        assert_eq!((&seen["grounds"], &seen["decisions"][0]["id"]), (&json!(["consent"]), &json!(consent)));
        assert_eq!((&seen["agreements"][0]["id"], &seen["agreements"][0]["basis"]["uk_gdpr_9"]), (&json!("herts-waiting-list-status"), &json!("9(2)(h)")));
        assert_eq!(seen["flags"], json!(["serious-harm", "third-party"]));
        assert!(seen["told"][0].as_str().unwrap().contains("Hertfordshire County Council’s EHC coordinator saw where the child is"), "{seen}");
        assert_eq!(asked["agreements"][0]["basis"]["statute"], "SEND Regulations 2014 regs 6(1)(c), 8");
        let text = report.to_string();
        assert!(!text.contains(&number(0)) && !text.contains(BORN) && !text.contains("\"child\""), "{text}");
        // A child that nobody asked about has an empty report.
        assert_eq!(items(&auditor.get(&path(&auditor, 1).await).await.expect(200)), [] as [Value; 0]);
    }

    async fn a_child_never_disclosed_and_one_that_is_not_held_have_the_same_report(world: World) {
        story(&world).await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let (held, unknown) = (path(&auditor, 1).await, path(&auditor, 9).await);
        for accept in ["application/json", "text/html", "text/markdown"] {
            // The second reading shows no difference either, though each reading has written an audit entry.
            for _ in 0..2 {
                let (held, unknown) = (as_form(&auditor, &held, accept).await, as_form(&auditor, &unknown, accept).await);
                assert_eq!((held.status, unknown.status), (200, 200));
                assert_eq!(held.text, unknown.text, "{accept}");
                let names = |answer: &Answer| {
                    let mut names: Vec<_> = answer.headers.keys().map(|name| name.to_string()).collect();
                    names.sort();
                    names
                };
                assert_eq!(names(&held), names(&unknown), "{accept}");
            }
        }
        auditor.get("/v1/children/nobody/disclosures").await.expect_problem(404, "not-found");
    }

    async fn reading_the_report_writes_an_audit_entry_and_is_only_for_controllers(world: World) {
        story(&world).await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let path = path(&auditor, 0).await;
        let before = items(&auditor.get(&path).await.expect(200)).len();
        auditor.call(Method::GET, &path).send().await.expect_problem(400, "actor-missing");
        let answer = auditor.get(&path).await;
        assert_eq!(items(&answer.expect(200)).len(), before, "a reading is no disclosure of the record");
        let last = world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == "get_disclosures").unwrap();
        assert_eq!((&last["act"], &last["outcome"], &last["actor"]["id"]), (&json!("read-disclosures"), &json!("permitted"), &json!("kt-204")));
        assert_eq!(last["request_id"].as_str(), answer.header("x-request-id"));

        // A partner's system may hold the scope, but its organisation is not a controller.
        world.grant("provider-hct", "audit:read").await;
        let trust = signed_in(&world, "provider-hct").await;
        for nth in [0, 1, 9] {
            let theirs = format!("/v1/children/{}/disclosures", trust.child_id(&number(nth), BORN).await);
            trust.get(&theirs).await.expect_problem(404, "not-found");
        }
        trust.get(&path).await.expect_problem(404, "not-found");
        let last = world.audit_log().await.into_iter().rfind(|leaf| leaf["client"] == "provider-hct").unwrap();
        assert_eq!((&last["act"], &last["outcome"]), (&json!("read-disclosures"), &json!("refused")));
    }

    async fn the_report_comes_in_pages(world: World) {
        story(&world).await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let path = path(&auditor, 0).await;
        let whole = auditor.get(&path).await.expect(200);
        let (mut pages, mut next) = (Vec::new(), Some(String::new()));
        while let Some(after) = next {
            let query = if after.is_empty() { "?limit=3".to_owned() } else { format!("?limit=3&after={after}") };
            let page = auditor.get(&format!("{path}{query}")).await.expect(200);
            assert!(items(&page).len() <= 3);
            pages.extend(items(&page).iter().cloned());
            next = page["next"].as_str().map(str::to_owned);
            assert!(next.as_ref().is_none_or(|cursor| cursor.parse::<i64>().is_err()), "a cursor says nothing of the log");
        }
        assert_eq!(json!(pages), whole["items"]);
        let part = as_form(&auditor, &format!("{path}?limit=3"), "text/html").await;
        assert!(part.text.contains("THIS IS NOT ALL") && !as_form(&auditor, &path, "text/html").await.text.contains("THIS IS NOT ALL"));
        auditor.get(&format!("{path}?after=7")).await.expect_problem(400, "malformed");
        auditor.get(&format!("{path}?limit=501")).await.expect_problem(400, "malformed");
    }

    async fn the_document_is_a_page_that_loads_nothing_and_says_that_it_is_a_draft(world: World) {
        story(&world).await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let path = path(&auditor, 0).await;
        let page = as_form(&auditor, &path, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8").await;
        assert_eq!((page.status, page.header("content-type"), page.header("cache-control")), (200, Some("text/html; charset=utf-8"), Some("no-store")));
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert!(page.text.contains(DRAFT) && page.text.contains("<html lang=\"en-GB\">"));
        for loading in ["<script", "src=", "http:", "https:", "@import", "url("] {
            assert!(!page.text.contains(loading), "{loading}");
        }
        let (reviewers, family) = page.text.split_once("The report</h2>").unwrap();
        assert!(family.contains("It came from Hertfordshire Community NHS Trust.") && !family.contains("kt-204"), "{family}");
        assert!(family.contains("The answer was no") && reviewers.contains("Schedule 3"));
        let text = as_form(&auditor, &path, "text/markdown").await;
        assert!(text.text.starts_with("# Who has seen this child’s record\n\n> **DRAFT"), "{}", text.text);
        as_form(&auditor, &path, "image/png").await.expect_problem(406, "not-acceptable");
    }

    async fn a_restriction_is_for_the_reviewer_and_not_for_the_family(world: World) {
        story(&world).await;
        let (council, auditor) = (signed_in(&world, "council-herts").await, signed_in(&world, "auditor-herts").await);
        restrict(&world, "safeguarding");
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201);
        let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
        until("the restriction stops it", async || council.get(&waits).await.status == 404).await;
        let path = path(&auditor, 0).await;
        let report = auditor.get(&path).await.expect(200);
        let last = items(&report).last().unwrap();
        assert_eq!((&last["reason"], &last["kept_out"]), (&json!("safeguarding"), &json!(true)));
        assert!(last["flags"].as_array().unwrap().contains(&json!("child-protection")), "{last}");
        assert_eq!(report["notices"][0]["code"], "safeguarding");
        let page = as_form(&auditor, &path, "text/html").await.text;
        let (reviewers, family) = page.split_once("The report</h2>").unwrap();
        assert!(reviewers.contains("safeguarding") && reviewers.contains("feared for the child"), "{reviewers}");
        for told in ["safeguarding", "feared", "restriction", "kept out"] {
            assert!(!family.to_lowercase().contains(told), "{told}: {family}");
        }
    }
}
