//! What is wrong with a row: said once, with how to put it right, only to the sender, and without a value.

use integration_tests::{Answer, on_both};
use reqwest::Method;
use serde_json::json;

use super::*;

/// What should be said about a row: its number, id, field and code.
type Told = (u64, Option<&'static str>, &'static str, &'static str);

/// A file with a row for each kind of error, and what should be said about each.
fn file_of_errors() -> (Vec<u8>, Vec<Told>) {
    let row = |id: &str| Row { born: "2015-09-23".into(), ..Row::waiting(id, 21) };
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut expected = Vec::new();
    let mut push = |line: Vec<u8>, id, field, code: &'static str| {
        lines.push(line);
        if !code.is_empty() {
            expected.push((lines.len() as u64, id, field, code));
        }
    };
    let bytes = |row: Row| row.line().into_bytes();
    push(bytes(row("E-1")), None, "", "");
    push(bytes(Row { born: "23/09/2015".into(), ..row("E-2") }), Some("E-2"), "date_of_birth", "date-format");
    push(bytes(Row { received: "2026-02-30".into(), ..row("E-3") }), Some("E-3"), "referral_received_date", "date-format");
    push(bytes(row("E-4").broken()), Some("E-4"), "nhs_number", "nhs-number-check-digit");
    push(bytes(Row { nhs_number: "9.99E+09".into(), ..row("E-5") }), Some("E-5"), "nhs_number", "digits-lost");
    push(bytes(Row { pathway: "dyspraxia", ..row("E-6") }), Some("E-6"), "pathway", "value-not-in-list");
    push(bytes(Row { status: "", ..row("E-7") }), Some("E-7"), "status", "value-missing");
    push(bytes(Row { received: tomorrow(), ..row("E-8") }), Some("E-8"), "referral_received_date", "received-date-in-future");
    push(row("E-9").line().replace('\n', ",surplus\n").into_bytes(), Some("E-9"), "row", "row-shape");
    let latin = bytes(row("E-10")).into_iter().map(|byte| if byte == b'E' { 0x81 } else { byte }).collect::<Vec<_>>();
    // This row's id has the byte too. The byte is no character in any encoding, so the id cannot be read.
    push(latin, None, "referral_id", "row-encoding");
    push(bytes(Row { nhs_number: String::new(), ..row("E-11") }), Some("E-11"), "nhs_number", "child-not-identified");
    push(bytes(row("E-1").stage("triage")), Some("E-1"), "referral_id", "referral-twice");
    push(bytes(Row { id: String::new(), ..row("") }), None, "referral_id", "value-missing");
    // Not E-1's pathway, because E-1 is the same child.
    push(
        Row { pathway: "adhd", ..row("E-14") }.line().replace(",01,", ",,").into_bytes(),
        Some("E-14"),
        "nhs_number_status",
        "trace-status-blank",
    );
    push(bytes(Row { stage: "limbo", ..row("E-15") }), Some("E-15"), "stage", "value-not-in-list");
    ([HEADER.as_bytes().to_vec(), lines.concat()].concat(), expected)
}

/// Every value of the file that could identify a child, or that was wrong.
fn values() -> Vec<String> {
    let broken = Row::waiting("", 21).broken().nhs_number;
    let mut values = vec![number(21), broken, tomorrow()];
    values.extend(["2015-09-23", "23/09/2015", "2026-02-30", "9.99E+09", "dyspraxia", "limbo", "surplus", "E07000240"].map(str::to_owned));
    values
}

#[track_caller]
fn repeats_no_value(answer: &Answer) {
    for value in values() {
        assert!(!answer.text.contains(&value), "{value} in {}", answer.text);
    }
}

async fn csv_of(persona: &Persona, path: &str) -> Answer {
    persona.call(Method::GET, path).header("accept", "text/csv").send().await
}

on_both! {
    async fn every_error_rejects_its_row_and_says_how_to_mend_it(world: World) {
        let trust = trust(&world).await;
        let (file, expected) = file_of_errors();
        let answer = trust.push_csv("list=autism", file).await;
        let report = answer.expect(201);
        assert_eq!(counts(&report), [15, 2, 13, 0, 2, 0, 0, 0, 0]);
        assert_eq!(report["status"], "accepted-with-issues");
        let listed = trust.get(report["issues"].as_str().unwrap()).await;
        let items = listed.expect(200)["items"].as_array().unwrap().clone();
        let told: Vec<_> = items
            .iter()
            .map(|issue| (issue["row"].as_u64().unwrap(), issue["referral_id"].as_str(), issue["field"].as_str().unwrap(), issue["code"].as_str().unwrap()))
            .collect();
        assert_eq!(told, expected);
        for issue in &items {
            let is_known_again = !issue["referral_id"].is_null();
            assert_eq!(issue.as_object().unwrap().len(), if is_known_again { 8 } else { 7 }, "{issue}");
            assert_eq!(issue["severity"], if issue["code"] == "trace-status-blank" { "warning" } else { "error" });
            for text in ["message", "fix"] {
                assert!(issue[text].as_str().unwrap().ends_with('.'), "{issue}");
            }
        }
        let id = report["id"].as_str().unwrap();
        for path in ["/v1/submissions".to_owned(), format!("/v1/submissions/{id}"), report["issues"].as_str().unwrap().to_owned()] {
            repeats_no_value(&trust.get(&path).await);
        }
        repeats_no_value(&answer);
        assert_eq!(entries(&trust, "").await.keys().collect::<Vec<_>>(), ["E-1", "E-14"]);
        assert_eq!(entries(&trust, "").await["E-1"]["stage"], "referral");
    }

    async fn all_that_is_said_of_a_file_as_a_whole_is_kept_and_told(world: World) {
        let trust = trust(&world).await;
        let heading = HEADER.replacen('\n', ",clinic,ward\n", 1).into_bytes();
        let latin = Row::waiting("W-1", 21).line().replacen('\n', ",Caf\u{e9},\n", 1).chars().map(|c| u8::try_from(c).unwrap()).collect();
        let report = trust.push_csv("list=autism", [heading, latin].concat()).await.expect(201);
        assert_eq!(report["status"], "accepted-with-issues");
        let told = trust.get(report["issues"].as_str().unwrap()).await.expect(200);
        let items = told["items"].as_array().unwrap();
        let codes: Vec<_> = items.iter().map(|issue| (issue["row"].as_u64().unwrap(), issue["code"].as_str().unwrap())).collect();
        assert_eq!(codes.iter().filter(|(row, _)| *row == 0).count(), codes.len());
        let has = |wanted| codes.iter().any(|(_, code)| *code == wanted);
        assert!(has("column-unknown") && has("encoding-converted"), "{codes:?}");
    }

    async fn issues_are_read_as_csv_too(world: World) {
        let trust = trust(&world).await;
        let (file, expected) = file_of_errors();
        let report = trust.push_csv("list=autism", file).await.expect(201);
        let answer = csv_of(&trust, report["issues"].as_str().unwrap()).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv; charset=utf-8")));
        repeats_no_value(&answer);
        let mut lines = answer.text.split_terminator("\r\n");
        assert_eq!(lines.next(), Some("row,referral_id,field,code,severity,message,fix,state"));
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), expected.len());
        for (line, (row, id, field, code)) in lines.iter().zip(expected) {
            let start = format!("\"{row}\",\"{}\",\"{field}\",\"{code}\",", id.unwrap_or_default());
            assert!(line.starts_with(&start), "{line} is not {start}");
        }
        let other = trust.call(Method::GET, report["issues"].as_str().unwrap()).header("accept", "text/html").send().await;
        other.expect_problem(406, "not-acceptable");
    }

    async fn issues_are_paged_without_a_gap_or_a_repeat(world: World) {
        let trust = trust(&world).await;
        // Rows with two issues: a page may end between the two.
        let rows: Vec<_> = children("A", 9).into_iter().map(|row| Row { status: "", pathway: "", ..row }).collect();
        let report = trust.push_csv("list=autism", csv(&rows)).await.expect(201);
        let path = report["issues"].as_str().unwrap();
        let all = trust.get(path).await.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!(all.len(), 18);
        for (limit, pages) in [(1, 18), (5, 4), (18, 1), (500, 1)] {
            let (mut found, mut after, mut seen) = (Vec::new(), String::new(), 0);
            let mut as_csv = Vec::new();
            loop {
                let page = trust.get(&format!("{path}?limit={limit}{after}")).await.expect(200);
                let text = csv_of(&trust, &format!("{path}?limit={limit}{after}")).await;
                as_csv.extend(text.text.split_terminator("\r\n").skip(1).map(str::to_owned));
                found.extend(page["items"].as_array().unwrap().clone());
                seen += 1;
                let Some(next) = page["next"].as_str() else {
                    assert_eq!(text.header("link"), None);
                    break;
                };
                // CSV has no place for a cursor, so it is in the `Link` header.
                assert_eq!(text.header("link"), Some(format!("<{path}?after={next}&limit={limit}>; rel=\"next\"").as_str()));
                after = format!("&after={next}");
            }
            assert_eq!((found, seen, as_csv.len()), (all.clone(), pages, 18));
        }
        for query in ["limit=0", "limit=501", "limit=many", "after=nonsense", "colour=red"] {
            trust.get(&format!("{path}?{query}")).await.expect_problem(400, "malformed");
        }
    }

    async fn only_the_writer_sees_a_submission_and_its_issues(world: World) {
        let trust = trust(&world).await;
        let report = trust.push_csv("list=autism", csv(&[Row::waiting("A-1", 1).broken()])).await.expect(201);
        let id = report["id"].as_str().unwrap();
        for client in ["icb-central-east", "council-herts", "auditor-herts", "stranger"] {
            let other = signed_in(&world, client).await;
            for path in [format!("/v1/submissions/{id}"), format!("/v1/submissions/{id}/issues")] {
                let problem = other.get(&path).await.expect_problem(404, "not-found");
                let unknown = other.get(&path.replace(id, "0197b7a0-0000-7000-8000-000000000000")).await.expect_problem(404, "not-found");
                assert_eq!(problem["detail"], unknown["detail"]);
            }
            assert_eq!(reports(&other).await, Vec::<Value>::new());
        }
        trust.get("/v1/submissions/no-such-id").await.expect_problem(404, "not-found");
    }

    async fn submissions_are_listed_newest_first_page_by_page(world: World) {
        let trust = trust(&world).await;
        let mut ids = Vec::new();
        for child in 1..=5 {
            ids.insert(0, trust.push_csv("", csv(&[Row::waiting("A-1", child)])).await.expect(201)["id"].clone());
        }
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = trust.get(&format!("/v1/submissions?limit=2{after}")).await.expect(200);
            found.extend(page["items"].as_array().unwrap().iter().map(|report| report["id"].clone()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(found, ids);
    }

    async fn an_unknown_column_is_warned_about_once_for_the_file(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 3)).lines().map(|line| format!("{line},Smith\n")).collect::<String>();
        let report = trust.push_csv("", file).await.expect(201);
        assert_eq!(counts(&report), [3, 3, 0, 0, 3, 0, 0, 0, 0]);
        let answer = trust.get(report["issues"].as_str().unwrap()).await;
        let issue = &answer.expect(200)["items"];
        assert_eq!(issue.as_array().unwrap().len(), 1);
        assert_eq!((&issue[0]["row"], &issue[0]["code"], &issue[0]["severity"]), (&json!(0), &json!("column-unknown"), &json!("warning")));
        assert!(!answer.text.contains("Smith"));
    }
}
