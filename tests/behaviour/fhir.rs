//! The FHIR interface: the same records under the same rules, as FHIR R4.

mod searches;
mod xml;

use integration_tests::records::{BORN, advice_request, days_ago, list, number, permission, row};
use integration_tests::{ACTOR, Answer, Persona, on_both};
use reqwest::Method;
use serde_json::{Value, json};

const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
const OURS: &str = "https://sendbridge.example/fhir";

fn patient(number: &str) -> Value {
    let verified = json!({
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": { "coding": [{
            "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland", "code": "01"
        }] },
    });
    json!({
        "resourceType": "Patient", "id": "child", "birthDate": BORN,
        "identifier": [{ "extension": [verified], "system": NHS_NUMBER, "value": number }],
    })
}

/// A referral that contains its patient.
pub(crate) fn referral(id: &str, number: &str, pathway: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest", "status": "active", "intent": "order", "contained": [patient(number)],
        "identifier": [{ "system": format!("{OURS}/Id/referral"), "value": id }],
        "subject": { "reference": "#child" }, "authoredOn": days_ago(100),
        "reasonCode": [{ "coding": [{ "system": format!("{OURS}/CodeSystem/pathway"), "code": pathway }] }],
        "extension": [{ "url": format!("{OURS}/StructureDefinition/stage"), "valueCode": "assessment" }],
    })
}

/// A transaction bundle with the resources.
pub(crate) fn transaction(resources: &[Value]) -> Value {
    of_type("transaction", resources)
}

fn of_type(kind: &str, resources: &[Value]) -> Value {
    let entry = |resource: &Value| json!({ "resource": resource, "request": { "method": "POST", "url": resource["resourceType"] } });
    json!({ "resourceType": "Bundle", "type": kind, "entry": resources.iter().map(entry).collect::<Vec<_>>() })
}

/// The permission of `records::permission`, as FHIR.
pub(crate) fn consent(number: &str) -> Value {
    json!({
        "resourceType": "Consent", "status": "active", "contained": [patient(number)], "patient": { "reference": "#child" },
        "extension": [
            { "url": format!("{OURS}/StructureDefinition/decided-by"), "valueCode": "parent" },
            { "url": format!("{OURS}/StructureDefinition/evidence"), "valueString": "signed form" },
        ],
        "provision": {
            "type": "permit", "period": { "start": days_ago(20) },
            "actor": [{ "reference": { "identifier": { "system": ODS, "value": "E10000015" } } }],
            "purpose": [{ "system": format!("{OURS}/CodeSystem/purpose"), "code": "care-coordination" }],
            "class": [{ "system": format!("{OURS}/CodeSystem/data-class"), "code": "waiting-list-status" }],
            "code": [{ "coding": [{ "system": format!("{OURS}/CodeSystem/pathway"), "code": "autism" }] }],
        },
    })
}

async fn post(persona: &Persona, bundle: &Value) -> Answer {
    let call = persona.call(Method::POST, "/fhir/R4").actor(ACTOR).header("content-type", "application/fhir+json");
    call.body(bundle.to_string()).send().await
}

async fn record(persona: &Persona, consent: &Value) -> Answer {
    let call = persona.call(Method::POST, "/fhir/R4/Consent").actor(ACTOR).header("content-type", "application/fhir+json");
    call.body(consent.to_string()).send().await
}

async fn search_by_number(persona: &Persona, number: &str) -> Answer {
    let body = format!("patient.identifier={}%7C{number}&patient.birthdate={BORN}", NHS_NUMBER.replace(':', "%3A"));
    let call = persona.call(Method::POST, "/fhir/R4/ServiceRequest/_search").actor(ACTOR);
    call.header("content-type", "application/x-www-form-urlencoded").body(body).send().await
}

fn resources(bundle: &Value) -> Vec<Value> {
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("searchset")));
    bundle["entry"].as_array().into_iter().flatten().map(|entry| entry["resource"].clone()).collect()
}

fn statuses(bundle: &Value) -> Vec<String> {
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap()[..3].to_owned();
    bundle["entry"].as_array().unwrap().iter().map(status).collect()
}

/// The codes of what is wrong, which come with the problem's own code.
fn faults(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let code = |issue: &Value| Some(issue["details"]["coding"][2]["code"].as_str()?.to_owned());
    body["issue"].as_array().unwrap().iter().filter_map(code).collect()
}

async fn held(trust: &Persona) -> usize {
    trust.get("/v1/waiting-list/entries").await.expect(200)["items"].as_array().unwrap().len()
}

on_both! {
    async fn a_transaction_is_seen_as_a_submission_is_and_read_back(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let apart = json!({ "resourceType": "Patient", "id": "p", "birthDate": BORN, "identifier": [{ "system": NHS_NUMBER, "value": number(1) }] });
        let mut bundle = transaction(&[referral("F-1", &number(0), "autism"), apart, referral("F-2", &number(1), "audiology")]);
        bundle["entry"][1]["fullUrl"] = "urn:uuid:00000000-0000-4000-8000-000000000001".into();
        bundle["entry"][2]["resource"]["subject"] = json!({ "reference": "urn:uuid:00000000-0000-4000-8000-000000000001" });
        let answer = post(&trust, &bundle).await.expect(200);
        assert_eq!((&answer["type"], statuses(&answer)), (&json!("transaction-response"), vec!["201".into(), "200".into(), "201".into()]));
        assert_eq!(held(&trust).await, 2);
        let location = answer["entry"][0]["response"]["location"].as_str().unwrap();
        let read = trust.get(&format!("/fhir/R4/{location}")).await.expect(200);
        assert_eq!((&read["resourceType"], &read["identifier"][0]["value"]), (&json!("ServiceRequest"), &json!("F-1")));
        assert_eq!((&read["status"], &read["reasonCode"][0]["coding"][0]["code"]), (&json!("active"), &json!("autism")));
        assert_eq!(format!("ServiceRequest/{}", read["id"].as_str().unwrap()), location);
        // Sending the same again changes and creates nothing.
        assert_eq!(statuses(&post(&trust, &bundle).await.expect(200)), ["200", "200", "200"]);
        // PUT to a referral's id changes that referral and no other.
        let mut put = transaction(&[referral("F-1", &number(0), "autism")]);
        put["entry"][0]["resource"]["status"] = "on-hold".into();
        put["entry"][0]["request"] = json!({ "method": "PUT", "url": location });
        post(&trust, &put).await.expect(200);
        assert_eq!(trust.get(&format!("/fhir/R4/{location}")).await.expect(200)["status"], "on-hold");
        let other = answer["entry"][2]["response"]["location"].as_str().unwrap();
        put["entry"][0]["request"]["url"] = other.into();
        post(&trust, &put).await.expect_problem(422, "invalid-value");
        // Nobody else can use the id.
        let council = world.persona("council-herts").signed_in().await;
        council.get(&format!("/fhir/R4/{location}")).await.expect_problem(404, "not-found");
    }

    async fn a_transaction_is_kept_whole_or_not_at_all(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let good = || referral("F-1", &number(0), "autism");
        let mut wrong_number = referral("F-2", &number(1), "autism");
        wrong_number["contained"][0]["identifier"][0]["value"] = "9990000019".into();
        let refused = post(&trust, &transaction(&[good(), wrong_number])).await.expect_problem(422, "refused-submission");
        let said = refused["issue"].as_array().unwrap().iter().find(|issue| issue["details"]["coding"][2]["code"] == "nhs-number-check-digit");
        assert_eq!(said.unwrap()["expression"][0], "Bundle.entry[1].resource.identifier");
        assert_eq!(said.unwrap()["details"]["coding"][0]["code"], "REC_UNPROCESSABLE_ENTITY");
        let mut elsewhere = referral("F-3", &number(1), "autism");
        elsewhere["reasonCode"] = json!([{ "text": "something else" }]);
        post(&trust, &transaction(&[good(), elsewhere])).await.expect_problem(422, "refused-submission");
        post(&trust, &transaction(&[good(), consent(&number(0))])).await.expect_problem(422, "invalid-value");
        let twice = transaction(&[good(), good()]);
        post(&trust, &twice).await.expect_problem(422, "refused-submission");
        for request in [
            json!({ "method": "DELETE", "url": "ServiceRequest/1" }),
            json!({ "method": "GET", "url": "ServiceRequest" }),
            json!({ "method": "PATCH", "url": "ServiceRequest/1" }),
        ] {
            let mut bundle = transaction(&[good(), good()]);
            bundle["entry"][1]["request"] = request;
            post(&trust, &bundle).await.expect_problem(422, "invalid-value");
        }
        let mut conditional = transaction(&[good()]);
        conditional["entry"][0]["request"]["ifNoneExist"] = "identifier=F-1".into();
        post(&trust, &conditional).await.expect_problem(422, "refused-submission");
        post(&trust, &of_type("collection", &[good()])).await.expect_problem(422, "invalid-value");
        assert_eq!(held(&trust).await, 0, "nothing of any of them");
        post(&trust, &transaction(&[good()])).await.expect(200);
        assert_eq!(held(&trust).await, 1, "the control");
    }

    async fn what_was_erased_refuses_the_whole_transaction(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let guardian = world.persona("guardian-hct").signed_in().await;
        post(&trust, &transaction(&[referral("F-1", &number(0), "autism")])).await.expect(200);
        let child = trust.child_id(&number(0), BORN).await;
        let erasure = json!({ "reason": "asked for", "decided_by": "data-protection-officer" });
        guardian.post(&format!("/v1/children/{child}/erasures"), &erasure).await;
        let before = held(&trust).await;
        let both = transaction(&[referral("F-1", &number(0), "autism"), referral("F-2", &number(1), "autism")]);
        let answer = post(&trust, &both).await;
        // If the erasure was done, the second referral is refused together with the first.
        if before == 0 {
            answer.expect_problem(422, "refused-submission");
            assert_eq!(held(&trust).await, 0);
        } else {
            panic!("the control: nothing was erased: {}", answer.text);
        }
    }

    async fn the_entries_of_a_batch_are_handled_one_by_one(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let mut bad = referral("F-2", &number(1), "autism");
        bad["authoredOn"] = "2026-02".into();
        let mut bundle = of_type("batch", &[referral("F-1", &number(0), "autism"), bad, consent(&number(0)), referral("F-3", &number(2), "adhd")]);
        for url in ["ServiceRequest?_count=1", "ServiceRequest/nothing", "Task", "Consent?patient=nobody", "Patient/1"] {
            bundle["entry"].as_array_mut().unwrap().push(json!({ "request": { "method": "GET", "url": url } }));
        }
        let answer = post(&trust, &bundle).await.expect(200);
        assert_eq!(answer["type"], "batch-response");
        // A trust does not have the scope for consents.
        assert_eq!(statuses(&answer), ["201", "422", "403", "201", "200", "404", "200", "403", "404"]);
        assert_eq!(answer["entry"][1]["response"]["outcome"]["resourceType"], "OperationOutcome");
        assert_eq!(answer["entry"][4]["resource"]["type"], "searchset");
        assert_eq!(held(&trust).await, 2);
        let council = world.persona("council-herts").signed_in().await;
        let answer = post(&council, &of_type("batch", &[consent(&number(0)), referral("F-9", &number(0), "autism")])).await.expect(200);
        assert_eq!(statuses(&answer), ["201", "403"]);
    }

    async fn a_council_sees_what_the_family_permits_and_no_more(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let council = world.persona("council-herts").signed_in().await;
        let sent = [referral("F-1", &number(0), "autism"), referral("F-2", &number(0), "adhd")];
        let answer = post(&trust, &transaction(&sent)).await.expect(200);
        for (entry, id) in answer["entry"].as_array().unwrap().iter().zip(["F-1", "F-2"]) {
            let location = entry["response"]["location"].as_str().unwrap();
            let read = trust.get(&format!("/fhir/R4/{location}")).await.expect(200);
            assert_eq!(read["identifier"][0]["value"], id, "of one child's referrals, the one that was asked for");
        }
        let child = council.child_id(&number(0), BORN).await;
        let by_id = format!("/fhir/R4/ServiceRequest?patient={child}");
        assert_eq!(resources(&council.get(&by_id).await.expect(200)), Vec::<Value>::new());
        let recorded = record(&council, &consent(&number(0))).await;
        let made = recorded.expect(201);
        assert!(recorded.header("location").unwrap().ends_with(&format!("/fhir/R4/Consent/{}", made["id"].as_str().unwrap())));
        for found in [council.get(&by_id).await, search_by_number(&council, &number(0)).await] {
            let found = resources(&found.expect(200));
            assert_eq!(found.len(), 1, "autism, and not ADHD");
            assert_eq!(found[0]["subject"]["identifier"], json!({ "system": format!("{OURS}/Id/child"), "value": child }));
            assert_eq!(found[0]["performer"][0]["identifier"]["value"], "RY4");
            assert!(found[0]["identifier"].is_null(), "the provider's own id stays with it");
            let id = found[0]["id"].as_str().unwrap();
            council.get(&format!("/fhir/R4/ServiceRequest/{id}")).await.expect(200);
            trust.get(&format!("/fhir/R4/ServiceRequest/{id}")).await.expect_problem(404, "not-found");
        }
        // The partner API shows the same decision.
        let consent_id = made["id"].as_str().unwrap();
        let plain = council.get(&format!("/v1/consents/{consent_id}")).await.expect(200);
        assert_eq!((&plain["decision"], &plain["pathways"], &plain["recipient"]), (&json!("permit"), &json!(["autism"]), &json!("E10000015")));
        let listed = resources(&council.get(&format!("/fhir/R4/Consent?patient={child}")).await.expect(200));
        assert_eq!(listed, [council.get(&format!("/fhir/R4/Consent/{consent_id}")).await.expect(200)]);
        assert_eq!((&listed[0]["status"], &listed[0]["provision"]["type"]), (&json!("active"), &json!("permit")));
        let id = resources(&council.get(&by_id).await.expect(200))[0]["id"].as_str().unwrap().to_owned();
        council.post(&format!("/v1/consents/{consent_id}/withdrawal"), &json!({ "reason": "changed her mind" })).await.expect(200);
        assert_eq!(resources(&council.get(&by_id).await.expect(200)), Vec::<Value>::new());
        assert_eq!(resources(&search_by_number(&council, &number(0)).await.expect(200)), Vec::<Value>::new());
        council.get(&format!("/fhir/R4/ServiceRequest/{id}")).await.expect_problem(404, "not-found");
        assert_eq!(council.get(&format!("/fhir/R4/Consent/{consent_id}")).await.expect(200)["status"], "inactive");
        let log = world.audit_log().await;
        let told = |event: &str, outcome: &str| log.iter().filter(|leaf| leaf["event"] == event && leaf["outcome"] == outcome).count();
        assert!(told("fhir-referrals-found", "permitted") == 1 && told("fhir-referrals-found", "refused") >= 1);
        assert!(told("fhir-referral-read", "permitted") == 4 && told("fhir-referral-read", "refused") >= 1);
        assert_eq!(told("fhir-consent-recorded", "permitted"), 1);
    }

    async fn a_list_is_turned_page_by_page_along_its_links(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        trust.push_csv("list=autism", list((0..5).map(|n| row(&format!("A-{n}"), &number(n), "01", "autism")))).await.expect(201);
        let mut path = "/fhir/R4/ServiceRequest?_count=2&status=active".to_owned();
        let mut seen = Vec::new();
        loop {
            let page = trust.get(&path).await.expect(200);
            let found = resources(&page);
            assert!(found.iter().all(|one| one["subject"]["identifier"].is_null()), "a list names no child");
            seen.extend(found.iter().map(|one| one["identifier"][0]["value"].as_str().unwrap().to_owned()));
            let next = page["link"].as_array().unwrap().iter().find(|link| link["relation"] == "next");
            let Some(next) = next else { break };
            let next = next["url"].as_str().unwrap();
            path = next[next.find("/fhir/").unwrap()..].to_owned();
        }
        assert_eq!(seen, ["A-0", "A-1", "A-2", "A-3", "A-4"]);
        assert_eq!(resources(&trust.get("/fhir/R4/ServiceRequest?status=completed").await.expect(200)), Vec::<Value>::new());
        trust.get("/fhir/R4/ServiceRequest?performer:identifier=R1L").await.expect_problem(403, "no-agreement");
        trust.get("/fhir/R4/ServiceRequest?_after=nothing").await.expect_problem(400, "malformed");
        trust.get("/fhir/R4/ServiceRequest?status=unknown").await.expect_problem(422, "invalid-value");
    }

    async fn nothing_that_identifies_a_child_is_taken_from_a_url(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        for query in ["patient.identifier=9990000018", "identifier=9990000018", "subject:identifier=9990000018", "birthdate=2016-05-04"] {
            for kind in ["ServiceRequest", "Consent", "Task"] {
                let answer = council.get(&format!("/fhir/R4/{kind}?{query}")).await;
                answer.expect_problem(400, "malformed");
                assert!(!answer.text.contains("9990000018"));
            }
        }
        let answer = council.get("/fhir/R4/ServiceRequest?patient=9990000018").await;
        assert!(resources(&answer.expect(200)).is_empty() && !answer.text.contains("9990000018"));
        search_by_number(&council, "9990000019").await.expect_problem(422, "invalid-value");
    }

    async fn a_request_for_advice_is_a_task_with_its_due_day(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let trust = world.persona("provider-hct").signed_in().await;
        let made = council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await.expect(201);
        let listed = resources(&trust.get("/fhir/R4/Task?status=requested").await.expect(200));
        assert_eq!((&listed[0]["id"], &listed[0]["restriction"]["period"]["end"]), (&made["id"], &made["due_on"]));
        assert!(listed[0]["for"].is_null() && listed[0]["focus"].is_null(), "a list names no child");
        let path = format!("/fhir/R4/Task/{}", made["id"].as_str().unwrap());
        let read = trust.get(&path).await.expect(200);
        assert_eq!(read["for"]["identifier"], json!({ "system": NHS_NUMBER, "value": number(0) }));
        assert_eq!((&read["focus"]["identifier"]["value"], &read["owner"]["identifier"]["value"]), (&json!("C-1"), &json!("RY4")));
        world.persona("icb-central-east").signed_in().await.get(&path).await.expect_problem(404, "not-found");
        trust.post(&format!("/v1/advice-requests/{}/acknowledgement", made["id"].as_str().unwrap()), &json!({})).await.expect(200);
        assert_eq!(trust.get(&path).await.expect(200)["status"], "accepted");
        assert_eq!(resources(&trust.get("/fhir/R4/Task?status=requested").await.expect(200)), Vec::<Value>::new());
        let since = "/fhir/R4/Task?_lastUpdated=ge2020-01-01T00:00:00Z";
        assert_eq!(resources(&trust.get(since).await.expect(200)).len(), 1);
        assert_eq!(resources(&trust.get("/fhir/R4/Task?_lastUpdated=ge2999-01-01T00:00:00Z").await.expect(200)).len(), 1, "an implausible day asks for all");
    }

    async fn it_is_answered_in_the_form_that_is_asked_for(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let accepting = async |path: &str, accept: &str| trust.call(Method::GET, path).actor(ACTOR).header("accept", accept).send().await;
        for (path, accept, media) in [
            ("/fhir/R4/metadata", "*/*", "application/fhir+json"),
            ("/fhir/R4/metadata", "application/json", "application/fhir+json"),
            ("/fhir/R4/metadata", "application/fhir+xml", "application/fhir+xml"),
            ("/fhir/R4/metadata?_format=xml", "application/fhir+json", "application/fhir+xml"),
            ("/fhir/R4/ServiceRequest?_format=application/fhir%2Bxml", "*/*", "application/fhir+xml"),
        ] {
            let answer = accepting(path, accept).await;
            answer.expect_status(200);
            assert_eq!(answer.header("content-type"), Some(media), "{path} {accept}");
            assert!(!media.ends_with("xml") || answer.text.contains(r#"xmlns="http://hl7.org/fhir""#));
        }
        accepting("/fhir/R4/metadata", "text/html").await.expect_problem(406, "not-acceptable");
        accepting("/fhir/R4/metadata?_format=turtle", "*/*").await.expect_problem(406, "not-acceptable");
        let statement = world.persona("stranger").get("/fhir/R4/metadata").await.expect(200);
        assert_eq!((&statement["resourceType"], &statement["fhirVersion"]), (&json!("CapabilityStatement"), &json!("4.0.1")));
        let outcome = trust.get("/fhir/R4/Patient/1").await.expect_problem(404, "not-found");
        assert_eq!(outcome["issue"][0]["details"]["coding"][0]["code"], "REC_NOT_FOUND");
        trust.get("/fhir/R4").await.expect_problem(405, "method-not-allowed");
    }

    async fn a_consent_is_read_strictly(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let without = |change: fn(&mut Value)| {
            let mut consent = consent(&number(0));
            change(&mut consent);
            consent
        };
        for (wrong, status, code) in [
            (without(|it| it["status"] = "draft".into()), 400, "malformed"),
            (without(|it| it["modifierExtension"] = json!([{ "url": "x" }])), 400, "malformed"),
            (without(|it| it["provision"]["provision"] = json!([{}])), 400, "malformed"),
            (without(|it| it["provision"]["actor"] = json!([])), 400, "malformed"),
            (without(|it| it["provision"]["type"] = "maybe".into()), 400, "malformed"),
            (without(|it| it["contained"] = json!([])), 400, "malformed"),
            (without(|it| it["provision"]["code"] = json!([])), 422, "invalid-value"),
            (without(|it| it["extension"].as_array_mut().unwrap().push(json!({ "url": format!("{OURS}/StructureDefinition/decision"), "valueCode": "deny" }))), 400, "malformed"),
            (without(|it| it["provision"]["actor"][0]["reference"]["identifier"]["value"] = "R1L".into()), 403, "no-agreement"),
        ] {
            record(&council, &wrong).await.expect_problem(status, code);
        }
        let child = council.child_id(&number(0), BORN).await;
        assert_eq!(resources(&council.get(&format!("/fhir/R4/Consent?patient={child}")).await.expect(200)), Vec::<Value>::new());
        // A decision recorded in the partner API can be read here.
        council.post("/v1/consents", &permission(&number(0), &["autism"])).await.expect(201);
        assert_eq!(resources(&council.get(&format!("/fhir/R4/Consent?patient={child}")).await.expect(200)).len(), 1);
    }
}
