//! Bodies and errors in XML.

use integration_tests::records::{BORN, number};
use integration_tests::{ACTOR, Answer, Persona, on_both};
use reqwest::Method;
use serde_json::{Value, json};

use super::{OURS, consent, faults, held, of_type, post, record, referral, resources, search_by_number, statuses, transaction};

/// Turns a resource in JSON into XML.
fn xml(resource: &Value) -> String {
    let mut out = String::new();
    write_resource(resource, &mut out);
    out.replacen('>', r#" xmlns="http://hl7.org/fhir">"#, 1)
}

fn write_resource(resource: &Value, out: &mut String) {
    let kind = resource["resourceType"].as_str().unwrap();
    *out += &format!("<{kind}>");
    resource.as_object().unwrap().iter().filter(|(name, _)| *name != "resourceType").for_each(|(name, value)| write(name, value, out));
    *out += &format!("</{kind}>");
}

fn write(name: &str, value: &Value, out: &mut String) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| write(name, one, out)),
        Value::Object(members) => {
            let url = members.get("url").filter(|_| name == "extension").map(|url| format!(" url={url}")).unwrap_or_default();
            *out += &format!("<{name}{url}>");
            match members.contains_key("resourceType") {
                true => write_resource(value, out),
                false => members.iter().filter(|(it, _)| url.is_empty() || *it != "url").for_each(|(it, value)| write(it, value, out)),
            }
            *out += &format!("</{name}>");
        }
        Value::String(text) => *out += &format!("<{name} value=\"{text}\"/>"),
        other => *out += &format!("<{name} value=\"{other}\"/>"),
    }
}

async fn send(persona: &Persona, path: &str, media: &str, body: impl Into<String>) -> Answer {
    persona.call(Method::POST, path).actor(ACTOR).header("content-type", media).body(body.into()).send().await
}

async fn send_xml(persona: &Persona, path: &str, body: impl Into<String>) -> Answer {
    send(persona, path, "application/fhir+xml", body).await
}

on_both! {
    async fn what_is_sent_in_xml_is_taken_as_in_json(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let council = world.persona("council-herts").signed_in().await;
        let bundle = transaction(&[referral("F-1", &number(0), "autism"), referral("F-2", &number(1), "adhd")]);
        assert_eq!(statuses(&send_xml(&trust, "/fhir/R4", xml(&bundle)).await.expect(200)), ["201", "201"]);
        assert_eq!(held(&trust).await, 2);
        assert_eq!(statuses(&post(&trust, &bundle).await.expect(200)), ["200", "200"], "the same, in JSON");
        let one = transaction(&[referral("F-3", &number(2), "autism")]);
        let answer = send(&trust, "/fhir/R4", "application/xml", xml(&one)).await.expect(200);
        // PUT to a referral's id changes that referral and no other.
        let mut put = transaction(&[referral("F-3", &number(2), "autism")]);
        put["entry"][0]["request"] = json!({ "method": "PUT", "url": answer["entry"][0]["response"]["location"] });
        assert_eq!(statuses(&send_xml(&trust, "/fhir/R4", xml(&put)).await.expect(200)), ["200"]);
        put["entry"][0]["resource"]["identifier"][0]["value"] = "F-1".into();
        send_xml(&trust, "/fhir/R4", xml(&put)).await.expect_problem(422, "invalid-value");
        let made = send_xml(&council, "/fhir/R4/Consent", xml(&consent(&number(0)))).await.expect(201);
        let in_json = record(&council, &consent(&number(0))).await.expect(201);
        let apart = |mut made: Value| {
            made.as_object_mut().unwrap().retain(|name, _| !["id", "dateTime"].contains(&name.as_str()));
            made
        };
        assert_eq!(apart(made), apart(in_json));
        assert_eq!(resources(&search_by_number(&council, &number(0)).await.expect(200)).len(), 1);
    }

    async fn the_entries_of_a_batch_in_xml_are_handled_one_by_one(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let mut bad = referral("F-2", &number(1), "autism");
        bad["authoredOn"] = "2026-02".into();
        let mut bundle = of_type("batch", &[referral("F-1", &number(0), "autism"), bad, consent(&number(0))]);
        bundle["entry"].as_array_mut().unwrap().push(json!({ "request": { "method": "GET", "url": "ServiceRequest?_count=1" } }));
        let answer = send_xml(&trust, "/fhir/R4", xml(&bundle)).await.expect(200);
        assert_eq!(statuses(&answer), ["201", "422", "403", "200"]);
        let alone = of_type("batch", &[consent(&number(0))]);
        let council = world.persona("council-herts").signed_in().await;
        assert_eq!(statuses(&send_xml(&council, "/fhir/R4", xml(&alone)).await.expect(200)), ["201"], "one entry is a list too");
    }

    async fn xml_that_is_none_or_hostile_is_refused_by_name(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let trust = world.persona("provider-hct").signed_in().await;
        let good = xml(&consent(&number(0)));
        let deep = good.replacen("<status", &format!("{}{}<status", "<x>".repeat(40), "</x>".repeat(40)), 1);
        for (body, code) in [
            (format!(r#"<!DOCTYPE Consent [<!ENTITY e "active">]>{good}"#), "doctype"),
            (good.replace("\"active\"", "\"&e;\""), "malformed"),
            (deep, "too-large"),
            (good[..good.len() / 2].to_owned(), "truncated"),
            (format!("{good}<more/>"), "malformed"),
            (good.replacen("<status", "text<status", 1), "malformed"),
            (format!(r#"<?xml version="1.0" encoding="ISO-8859-1"?>{good}"#), "encoding"),
            ("<html/>".to_owned(), "not-this-format"),
            (good.replace("http://hl7.org/fhir\"", "http://hl7.org/fhir/2\""), "not-this-format"),
            (consent(&number(0)).to_string(), "not-this-format"),
            (String::new(), "empty"),
        ] {
            for (persona, path) in [(&council, "/fhir/R4/Consent"), (&trust, "/fhir/R4")] {
                let answer = send_xml(persona, path, body.clone()).await;
                answer.expect_problem(422, "unreadable-body");
                assert_eq!(faults(&answer), [code], "{body:.200}");
            }
        }
        assert_eq!(faults(&send(&council, "/fhir/R4/Consent", "application/fhir+json", good.clone()).await), ["not-json"]);
        for media in ["text/plain", "text/html", "application/x-www-form-urlencoded"] {
            send(&council, "/fhir/R4/Consent", media, good.clone()).await.expect_problem(415, "unsupported-media-type");
        }
        let entries = transaction(&[referral("F-1", &number(0), "autism")]);
        send_xml(&council, "/fhir/R4/Consent", xml(&entries)).await.expect_problem(400, "malformed");
        send_xml(&trust, "/fhir/R4", good.clone()).await.expect_problem(400, "malformed");
        send_xml(&council, "/fhir/R4/Consent", good).await.expect(201);
    }

    async fn a_consent_in_xml_is_read_as_strictly_as_in_json(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let with = |change: fn(&mut Value)| {
            let mut consent = consent(&number(0));
            change(&mut consent);
            consent
        };
        // XML cannot show whether one element is a list of one, so these must be refused all the same.
        let wrong = [
            with(|it| it["provision"]["provision"] = json!([{ "type": "deny" }])),
            with(|it| it["provision"]["modifierExtension"] = json!([{ "url": "x" }])),
            with(|it| it["contained"][0]["modifierExtension"] = json!([{ "url": "x" }])),
            with(|it| it["modifierExtension"] = json!([{ "url": "x" }])),
            with(|it| it["implicitRules"] = "x".into()),
            with(|it| { let more = it["contained"][0].clone(); it["contained"].as_array_mut().unwrap().push(more) }),
            with(|it| it["contained"] = json!([])),
            with(|it| { let more = it["provision"]["actor"][0].clone(); it["provision"]["actor"].as_array_mut().unwrap().push(more) }),
            with(|it| { let more = it["provision"]["purpose"][0].clone(); it["provision"]["purpose"].as_array_mut().unwrap().push(more) }),
            with(|it| it["status"] = json!(["active", "active"])),
            with(|it| it["contained"][0]["birthDate"] = json!([BORN, BORN])),
            with(|it| it["extension"].as_array_mut().unwrap().push(json!({ "url": format!("{OURS}/StructureDefinition/decision"), "valueCode": "deny" }))),
        ];
        for consent in wrong {
            send_xml(&council, "/fhir/R4/Consent", xml(&consent)).await.expect_problem(400, "malformed");
            record(&council, &consent).await.expect_problem(400, "malformed");
        }
        let child = council.child_id(&number(0), BORN).await;
        assert_eq!(resources(&council.get(&format!("/fhir/R4/Consent?patient={child}")).await.expect(200)), Vec::<Value>::new());
    }

    async fn an_error_is_told_in_the_form_that_is_asked_for(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let get = async |path: &str, accept: &str| trust.call(Method::GET, path).actor(ACTOR).header("accept", accept).send().await;
        for (path, accept) in [
            ("/fhir/R4/ServiceRequest/nothing", "application/fhir+xml"),
            ("/fhir/R4/Patient/1", "application/fhir+xml;q=1, application/fhir+json;q=0.5"),
            ("/fhir/R4/ServiceRequest/nothing?_format=xml", "application/fhir+json"),
        ] {
            let answer = get(path, accept).await;
            assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/fhir+xml")), "{path}");
            assert!(answer.text.contains(r#"<OperationOutcome xmlns="http://hl7.org/fhir"><id value=""#), "{}", answer.text);
            assert!(answer.text.contains(r#"<code value="REC_NOT_FOUND"/>"#) && answer.text.contains(r#"<code value="not-found"/>"#));
        }
        for accept in ["*/*", "application/json", "text/html, */*;q=0.1"] {
            get("/fhir/R4/ServiceRequest/nothing", accept).await.expect_problem(404, "not-found");
        }
        // Where no FHIR is asked for or served, the error is in JSON.
        get("/fhir/R4/ServiceRequest", "text/html").await.expect_problem(406, "not-acceptable");
        get("/v1/waiting-list/entries/nothing", "application/fhir+xml").await.expect_problem(404, "not-found");
    }
}
