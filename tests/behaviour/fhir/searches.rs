//! Searches by POST: some clients search in no other way.

use integration_tests::records::{BORN, advice_request, list, number, permission, row};
use integration_tests::{ACTOR, Answer, Persona, on_both};
use reqwest::Method;
use serde_json::{Value, json};

use super::{NHS_NUMBER, faults, referral, resources, transaction};

async fn find(persona: &Persona, kind: &str, form: &str) -> Answer {
    let call = persona.call(Method::POST, &format!("/fhir/R4/{kind}/_search")).actor(ACTOR);
    call.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned()).send().await
}

on_both! {
    async fn a_search_finds_by_post_what_it_finds_by_get(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let council = world.persona("council-herts").signed_in().await;
        trust.push_csv("list=autism", list((0..3).map(|n| row(&format!("A-{n}"), &number(n), "01", "autism")))).await.expect(201);
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201);
        council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await.expect(201);
        let child = council.child_id(&number(0), BORN).await;
        for (persona, kind, asked, count) in [
            (&trust, "ServiceRequest", String::new(), 3),
            (&trust, "ServiceRequest", "_count=2&status=active".into(), 2),
            (&council, "ServiceRequest", format!("patient={child}"), 1),
            (&council, "Consent", format!("patient={child}"), 1),
            (&council, "Task", String::new(), 1),
            (&trust, "Task", "status=completed".into(), 0),
            // Another organisation's id for the child finds nothing.
            (&trust, "ServiceRequest", format!("patient={child}"), 0),
        ] {
            let by_get = persona.get(&format!("/fhir/R4/{kind}?{asked}")).await.expect(200);
            let by_post = find(persona, kind, &asked).await.expect(200);
            assert_eq!((resources(&by_post).len(), by_post), (count, by_get), "{kind} {asked}");
        }
        let answer = find(&council, "Task", "_format=xml").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/fhir+xml")));
        let log = world.audit_log().await;
        let told = |event: &str| log.iter().filter(|leaf| leaf["event"] == event).count();
        assert_eq!((told("fhir-consents-found"), told("fhir-consents-searched")), (1, 1));
        assert!(told("fhir-referrals-found") >= 2, "{}", told("fhir-referrals-found"));
    }

    async fn a_form_is_read_strictly(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let secret = number(0);
        let number = format!("patient.identifier={NHS_NUMBER}%7C{secret}");
        for (kind, form, code) in [
            ("ServiceRequest", "colour=red".to_owned(), "unknown-field"),
            ("ServiceRequest", format!("{number}&patient.birthdate={BORN}&status=active"), "unknown-field"),
            ("ServiceRequest", format!("{number}&{number}&patient.birthdate={BORN}"), "duplicate-key"),
            ("ServiceRequest", number.clone(), "missing-field"),
            ("ServiceRequest", format!("patient.birthdate={BORN}"), "missing-field"),
            ("Consent", String::new(), "missing-field"),
            ("Consent", number.clone(), "unknown-field"),
            ("Consent", "patient=a&patient=b".to_owned(), "duplicate-key"),
            ("Task", number.clone(), "unknown-field"),
            ("Task", "_count=many".to_owned(), "invalid-value"),
        ] {
            let answer = find(&council, kind, &form).await;
            answer.expect_problem(400, "malformed");
            assert_eq!(faults(&answer), [code], "{kind} {form}: {}", answer.text);
            assert!(!answer.text.contains(&secret), "{}", answer.text);
        }
        for (form, field) in [
            (format!("patient.identifier=9990000018&patient.birthdate={BORN}"), "patient.identifier"),
            (format!("{number}&patient.birthdate=2016-05"), "patient.birthdate"),
        ] {
            let outcome = find(&council, "ServiceRequest", &form).await.expect_problem(422, "invalid-value");
            assert_eq!(outcome["issue"][0]["expression"], json!([field]));
        }
        find(&council, "Task", "_format=turtle").await.expect_problem(406, "not-acceptable");
        for kind in ["ServiceRequest", "Task", "Consent"] {
            let path = format!("/fhir/R4/{kind}/_search");
            council.get(&path).await.expect_problem(405, "method-not-allowed");
            council.call(Method::POST, &path).actor(ACTOR).json(&json!({})).send().await.expect_problem(415, "unsupported-media-type");
        }
    }

    async fn a_bundle_is_taken_with_a_slash_at_the_end(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let bundle = transaction(&[referral("F-1", &number(0), "autism")]).to_string();
        let to = async |path: &str| {
            let call = trust.call(Method::POST, path).actor(ACTOR).header("content-type", "application/fhir+json");
            call.body(bundle.clone()).send().await
        };
        let answer: Value = to("/fhir/R4/").await.expect(200);
        assert_eq!(answer["entry"][0]["response"]["status"], "201 Created");
        assert_eq!(to("/fhir/R4/?_format=xml").await.header("content-type"), Some("application/fhir+xml"));
        to("/fhir/R4//").await.expect_problem(404, "not-found");
        to("/fhir/R4/Task/").await.expect_problem(404, "not-found");
        trust.get("/fhir/R4/").await.expect_problem(404, "not-found");
    }
}
