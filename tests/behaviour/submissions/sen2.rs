//! A council's SEN2 return: its cases and their statutory clocks.

use domain::Upn;
use integration_tests::{Answer, on_both};
use reqwest::Method;
use serde_json::json;

use super::*;

fn upn(person: u16) -> String {
    Upn::from_parts(919, 2000, 17, person).unwrap().as_str().to_owned()
}

fn person(number: u16, requests: &str) -> String {
    format!(
        "<Person><Surname>Example</Surname><Forename>Ada</Forename><PersonBirthDate>2016-05-04</PersonBirthDate><UPN>{}</UPN>{requests}</Person>",
        upn(number)
    )
}

fn requests(received: &str, more: &str) -> String {
    format!("<Requests><ReceivedDate>{received}</ReceivedDate>{more}</Requests>")
}

fn message(persons: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Message><Header><CollectionDetails><Collection>SEN2</Collection><Year>{}</Year></CollectionDetails></Header><Persons>{}</Persons></Message>",
        chrono::Datelike::year(&today()) + 1,
        persons.concat()
    )
}

/// The outcome of a request, decided some days ago.
fn decided(outcome: &str, days: u64) -> String {
    format!("<RequestOutcomeDate>{}</RequestOutcomeDate><RequestOutcome>{outcome}</RequestOutcome>", days_ago(days))
}

async fn push(council: &Persona, query: &str, body: impl Into<reqwest::Body>) -> Answer {
    let path = format!("/v1/ehcp/submissions?format=sen2-xml{query}");
    council.call(Method::POST, &path).header("content-type", "application/xml").body(body).send().await
}

async fn cases(council: &Persona) -> Vec<Value> {
    council.get("/v1/ehcp/cases?limit=500").await.expect(200)["items"].as_array().unwrap().clone()
}

fn day_after(received: u64, days: u64) -> String {
    (today() - chrono::Days::new(received) + chrono::Days::new(days)).to_string()
}

on_both! {
    async fn a_return_becomes_cases_with_their_clocks(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let file = message(&[
            // Not decided yet: the clocks of six and of twenty weeks run.
            person(1, &requests(&days_ago(30), "<RequestOutcome>A</RequestOutcome>")),
            // Assessed, and told on the last day of the sixteen weeks that there will be no plan.
            person(2, &requests(&days_ago(150), &format!(
                "{}<Assessment><AssessmentOutcome>N</AssessmentOutcome><AssessmentOutcomeDate>{}</AssessmentOutcomeDate></Assessment>",
                decided("Y", 150 - 42), days_ago(150 - 112)
            ))),
            // A plan, one day after the twenty weeks.
            person(3, &requests(&days_ago(200), &format!(
                "{}<Assessment><AssessmentOutcome>Y</AssessmentOutcome><AssessmentOutcomeDate>{}</AssessmentOutcomeDate><NamedPlan><StartDate>{}</StartDate></NamedPlan></Assessment>",
                decided("Y", 200 - 43), days_ago(200 - 141), days_ago(200 - 141)
            ))),
            // The council decided not to assess.
            person(4, &requests(&days_ago(60), &decided("N", 30))),
        ]);
        let report = push(&council, "", file).await.expect(201);
        assert_eq!(counts(&report), [4, 4, 0, 0, 4, 0, 0, 0, 0]);
        assert_eq!((&report["dataset"], &report["format"], &report["organisation"]), (&json!("ehcp"), &json!("sen2-xml"), &json!("E10000015")));

        let listed = cases(&council).await;
        let case_of = |received: u64| listed.iter().find(|case| case["received_on"] == days_ago(received)).unwrap();
        let clocks = |received: u64| -> Vec<[String; 4]> {
            let clocks = case_of(received)["clocks"].as_array().unwrap();
            let text = |clock: &Value, name: &str| clock[name].as_str().unwrap_or("none").to_owned();
            clocks.iter().map(|clock| ["duty", "due_on", "done_on", "state"].map(|name| text(clock, name))).collect()
        };
        let clock = |duty: &str, due: String, done: String, state: &str| [duty.to_owned(), due, done, state.to_owned()];
        let none = || "none".to_owned();
        assert_eq!(clocks(30), [
            clock("decide-to-assess", day_after(30, 42), none(), "running"),
            clock("issue-plan", day_after(30, 140), none(), "running"),
        ]);
        assert_eq!(case_of(30)["clocks"][0]["days_left"], 12);
        assert_eq!(clocks(150), [
            clock("decide-to-assess", day_after(150, 42), day_after(150, 42), "met"),
            clock("refuse-plan", day_after(150, 112), day_after(150, 112), "met"),
        ]);
        assert_eq!(clocks(200), [
            clock("decide-to-assess", day_after(200, 42), day_after(200, 43), "met-late"),
            clock("issue-plan", day_after(200, 140), day_after(200, 141), "met-late"),
        ]);
        assert_eq!(clocks(60), [clock("decide-to-assess", day_after(60, 42), day_after(60, 30), "met")]);
        for case in &listed {
            for clock in case["clocks"].as_array().unwrap() {
                assert!(clock["regulation"].as_str().unwrap().starts_with("SEND Regulations 2014, reg"), "{clock}");
            }
        }
        // The list names no child. A single case, which a person asks for, gives the child's UPN.
        let all = json!(listed).to_string();
        assert!((1..=4).all(|person| !all.contains(&upn(person))) && !all.contains("Ada") && !all.contains("2016-05-04"));
        let path = format!("/v1/ehcp/cases/{}", case_of(200)["id"].as_str().unwrap());
        let case = council.get(&path).await.expect(200);
        assert_eq!((&case["upn"], &case["clocks"]), (&json!(upn(3)), &case_of(200)["clocks"]));
        council.call(Method::GET, &path).send().await.expect_problem(400, "actor-missing");
        trust(&world).await.get(&path).await.expect_problem(403, "scope-missing");
        council.get("/v1/ehcp/cases/0197b7a0-0000-7000-8000-000000000000").await.expect_problem(404, "not-found");
    }

    async fn another_returns_file_and_a_document_type_are_refused_by_name(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let file = message(&[person(1, &requests(&days_ago(30), ""))]);
        let doctype = file.replace("?><Message>", "?><!DOCTYPE Message [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><Message>");
        let outside = file.replace("?><Message>", "?><!DOCTYPE Message [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Message>").replace("Ada", "&x;");
        for (code, body) in [
            ("not-this-format", file.replace("SEN2", "CIN")),
            ("not-this-format", file.replace("<Collection>SEN2</Collection>", "")),
            ("not-this-format", csv(&children("A", 1))),
            ("not-this-format", "<feed/>".to_owned()),
            ("doctype", doctype),
            ("doctype", outside),
            ("truncated", file[..file.len() - 20].to_owned()),
            ("malformed", file.replace("</Surname>", "</Forename>")),
            ("empty", String::new()),
        ] {
            let answer = push(&council, "", body).await;
            let problem = answer.expect_problem(422, "unreadable-body");
            assert_eq!(problem["errors"][0]["code"], code, "{problem}");
            assert!(!answer.text.contains(&upn(1)) && !answer.text.contains("root:"), "{}", answer.text);
        }
        let children_in_need = push(&council, "", file.replace("SEN2", "CIN")).await.json();
        assert!(children_in_need["detail"].as_str().unwrap().contains("another collection's return"), "{children_in_need}");
        assert!(cases(&council).await.is_empty() && reports(&council).await.is_empty());
    }

    async fn a_request_that_is_there_twice_is_taken_once(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let received = days_ago(30);
        let file = message(&[
            person(1, &(requests(&received, "") + &requests(&days_ago(400), &decided("N", 380)))),
            person(2, &requests(&received, "")),
            person(1, &requests(&received, "<RequestOutcome>A</RequestOutcome>")),
        ]);
        let report = push(&council, "", file).await.expect(201);
        assert_eq!(counts(&report), [4, 3, 1, 0, 3, 0, 0, 0, 0]);
        let issues = council.get(report["issues"].as_str().unwrap()).await;
        let items = issues.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!(items.len(), 1, "{items:?}");
        assert_eq!((&items[0]["row"], &items[0]["code"]), (&json!(4), &json!("request-twice")));
        assert!(!issues.text.contains(&upn(1)), "{}", issues.text);
        assert_eq!(cases(&council).await.len(), 3);
    }

    async fn a_snapshot_of_cases_says_which_did_not_flow(world: World) {
        let council = signed_in(&world, "council-herts").await;
        let people: Vec<_> = (1..=4).map(|number| person(number, &requests(&days_ago(u64::from(number) * 10), ""))).collect();
        push(&council, "&mode=snapshot", message(&people)).await.expect(201);
        let decided = person(2, &requests(&days_ago(20), &decided("Y", 5)));
        // The fourth is rejected, since there is no such outcome; but it did flow.
        let odd = person(4, &requests(&days_ago(40), "<RequestOutcome>Q</RequestOutcome>"));
        let report = push(&council, "&mode=snapshot", message(&[people[0].clone(), decided, odd])).await.expect(201);
        assert_eq!(counts(&report), [3, 2, 1, 1, 0, 1, 0, 1, 1]);
        let flows: BTreeMap<_, _> = cases(&council).await.iter().map(|case| (case["received_on"].as_str().unwrap().to_owned(), case["flow"].clone())).collect();
        assert_eq!(flows[&days_ago(30)], "not-flowed");
        assert_eq!((&flows[&days_ago(10)], &flows[&days_ago(20)]), (&json!("flowed"), &json!("flowed")));
        assert_eq!(flows[&days_ago(40)], "stale");
        push(&council, "&mode=snapshot", message(&[])).await.expect_problem(422, "nil-return-unsaid");
        let report = push(&council, "&mode=snapshot", message(&people)).await.expect(201);
        assert_eq!(counts(&report), [4, 4, 0, 3, 0, 1, 0, 0, 0]);
        assert!(cases(&council).await.iter().all(|case| case["flow"] == "flowed"));
    }
}
