//! What is refused as a whole: bodies that cannot be read, files with too many errors, requests that make
//! no sense, and clients that may not send.

use integration_tests::on_both;
use reqwest::Method;
use serde_json::json;

use super::*;

const SUBMISSIONS: &str = "/v1/waiting-list/submissions";

on_both! {
    async fn a_body_that_cannot_be_read_is_refused_by_name_and_leaves_nothing(world: World) {
        let trust = trust(&world).await;
        let rows = csv(&children("A", 3));
        let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(rows.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let unmarked: Vec<u8> = rows.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let bodies: [(&str, Vec<u8>); 13] = [
            ("empty", Vec::new()),
            ("empty", b" \r\n\n".to_vec()),
            ("encoding", utf16),
            ("encoding", unmarked),
            ("header-missing", rows.replace(",status,", ",state,").into_bytes()),
            ("header-missing", rows.lines().skip(1).collect::<Vec<_>>().join("\n").into_bytes()),
            ("header-twice", rows.replace(",stage,", ",status,").into_bytes()),
            ("not-this-format", b"{\"items\": []}".to_vec()),
            ("not-this-format", b"<?xml version=\"1.0\"?><Message/>".to_vec()),
            ("not-this-format", b"PK\x03\x04anything".to_vec()),
            ("truncated", format!("{rows}A-4,\"{}", number(4)).into_bytes()),
            ("truncated", rows.replacen("A-1,", "\"A-1,", 1).into_bytes()),
            ("too-large", format!("{rows}A-4,\"{}", "9".repeat(200_000)).into_bytes()),
        ];
        for (code, body) in bodies {
            let answer = trust.push_csv("list=autism", body).await;
            let problem = answer.expect_problem(422, "unreadable-body");
            assert_eq!(problem["errors"][0]["code"], code, "{problem}");
            assert!(problem["errors"][0]["fix"].as_str().unwrap().ends_with('.'), "{problem}");
            assert!(!answer.text.contains("999") && !answer.text.contains("2016-05-04"), "{}", answer.text);
        }
        let problem = trust.push_csv("", "referral_id,pathway\n").await.expect_problem(422, "unreadable-body");
        let missing: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
        assert_eq!(missing, ["date_of_birth", "referral_received_date", "status", "nhs_number"]);
        assert!(entries(&trust, "").await.is_empty() && reports(&trust).await.is_empty());
    }

    async fn a_file_of_which_too_much_is_wrong_is_refused_with_every_issue(world: World) {
        let trust = trust(&world).await;
        let held = children("A", 25);
        trust.push_csv("list=autism", csv(&held)).await.expect(201);
        let before = entries(&trust, "").await;
        let mixed = |broken: usize| {
            let rows = held.iter().cloned().map(|row| row.stage("triage")).enumerate();
            csv(&rows.map(|(at, row)| if at < broken { row.broken() } else { row }).collect::<Vec<_>>())
        };
        let answer = trust.push_csv("list=autism", mixed(6)).await;
        let problem = answer.expect_problem(422, "refused-submission");
        let faults = problem["errors"].as_array().unwrap();
        assert_eq!(faults.len(), 6);
        for (at, fault) in faults.iter().enumerate() {
            assert_eq!((fault["row"].as_u64(), fault["referral_id"].as_str()), (Some(at as u64 + 1), Some(held[at].id.as_str())), "{fault}");
            assert_eq!((&fault["field"], &fault["code"]), (&json!("nhs_number"), &json!("nhs-number-check-digit")));
            assert!(fault["fix"].is_string() && fault["message"].is_string());
        }
        assert!(held.iter().all(|row| !answer.text.contains(&row.nhs_number) && !answer.text.contains(&row.clone().broken().nhs_number)));
        assert_eq!(entries(&trust, "").await, before);

        let report = reports(&trust).await.remove(0);
        assert_eq!((&report["status"], &report["list"]), (&json!("refused"), &json!("autism")));
        assert_eq!((&report["records"]["received"], &report["records"]["rejected"], &report["records"]["accepted"]), (&json!(25), &json!(6), &json!(0)));
        assert!(problem["detail"].as_str().unwrap().contains(report["id"].as_str().unwrap()), "{problem}");
        let issues = trust.get(report["issues"].as_str().unwrap()).await.expect(200);
        assert_eq!(issues["items"].as_array().unwrap().len(), 6);

        // One row in five may be wrong.
        assert_eq!(counts(&trust.push_csv("list=autism", mixed(5)).await.expect(201)), [25, 20, 5, 0, 0, 20, 0, 5, 0]);
    }

    async fn a_short_file_is_never_refused_for_its_share_of_errors(world: World) {
        let trust = trust(&world).await;
        let rows: Vec<_> = children("A", 20).into_iter().map(Row::broken).collect();
        assert_eq!(counts(&trust.push_csv("", csv(&rows[..19])).await.expect(201))[2], 19);
        trust.push_csv("", csv(&rows)).await.expect_problem(422, "refused-submission");
    }

    async fn the_issues_of_a_refused_file_are_all_kept_for_reading_page_by_page(world: World) {
        let trust = trust(&world).await;
        let rows: Vec<_> = children("A", 700).into_iter().map(Row::broken).collect();
        let problem = trust.push_csv("", csv(&rows)).await.expect_problem(422, "refused-submission");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 500);
        let path = reports(&trust).await[0]["issues"].as_str().unwrap().to_owned();
        let first = trust.get(&format!("{path}?limit=500")).await.expect(200);
        let rest = trust.get(&format!("{path}?limit=500&after={}", first["next"].as_str().unwrap())).await.expect(200);
        assert_eq!((first["items"].as_array().unwrap().len(), rest["items"].as_array().unwrap().len()), (500, 200));
    }

    async fn a_body_is_of_the_type_of_its_format_or_of_none(world: World) {
        let trust = trust(&world).await;
        let push = async |media: Option<&str>| {
            let call = trust.call(Method::POST, &format!("{SUBMISSIONS}?format=csv"));
            let call = media.into_iter().fold(call, |call, media| call.header("content-type", media));
            call.body(csv(&children("A", 1))).send().await
        };
        for media in ["application/json", "text/plain", "application/xml", "multipart/form-data; boundary=x", "text", "application/x-www-form-urlencoded"] {
            push(Some(media)).await.expect_problem(415, "unsupported-media-type");
        }
        assert!(entries(&trust, "").await.is_empty());
        for media in [None, Some("text/csv"), Some("text/csv; charset=utf-8"), Some("application/csv"), Some("application/octet-stream")] {
            push(media).await.expect(201);
        }
    }

    async fn a_query_that_makes_no_sense_is_refused(world: World) {
        let trust = trust(&world).await;
        let file = csv(&children("A", 1));
        for query in [
            "colour=red", "list=autism&list=adhd", "mode=replace", "validate=perhaps", "as_of=yesterday", "confirm=yes", "nil_return=1",
            "organisation=", "format=csv", "mode=",
        ] {
            // `push_csv` names the format already, so `format` is there twice.
            trust.push_csv(query, file.clone()).await.expect_problem(400, "malformed");
        }
        let long = format!("list={}", "a".repeat(51));
        for query in ["list=", "list=Autism", "list=autism_2", "list=a%20b", "list=../autism", "list=autisme%CC%81", long.as_str()] {
            let problem = trust.push_csv(query, file.clone()).await.expect_problem(422, "invalid-value");
            assert_eq!(problem["errors"][0]["field"], "list", "{query}");
        }
        for format in ["CSV", "xls", "sen2-xml", ""] {
            let path = format!("{SUBMISSIONS}?format={format}");
            let answer = trust.call(Method::POST, &path).header("content-type", "text/csv").body(file.clone()).send().await;
            let problem = answer.expect_problem(422, "invalid-value");
            assert!(problem["errors"][0]["message"].as_str().unwrap().contains("csv"), "{problem}");
        }
        assert!(entries(&trust, "").await.is_empty() && reports(&trust).await.is_empty());
        trust.push_csv(&long[..55], file).await.expect(201);
    }

    async fn a_client_sends_for_its_own_and_for_those_it_may(world: World) {
        let trust = trust(&world).await;
        let icb = signed_in(&world, "icb-central-east").await;
        let file = csv(&children("A", 1));
        for organisation in ["RWR", "S1Y5D", "ZZ9"] {
            trust.push_csv(&format!("organisation={organisation}"), file.clone()).await.expect_problem(403, "organisation-not-yours");
        }
        for organisation in ["RY4", "R1L"] {
            icb.push_csv(&format!("organisation={organisation}"), file.clone()).await.expect_problem(403, "organisation-not-yours");
        }
        assert!(entries(&trust, "").await.is_empty());
        assert_eq!(trust.push_csv("organisation=RY4", file.clone()).await.expect(201)["organisation"], "RY4");
        assert_eq!(icb.push_csv("organisation=RWR", file.clone()).await.expect(201)["organisation"], "RWR");
        assert_eq!(icb.push_csv("", file).await.expect(201)["organisation"], "S1Y5D");
    }

    async fn a_client_without_the_scope_is_refused_before_its_body_is_read(world: World) {
        let file = csv(&children("A", 1));
        for client in ["council-herts", "dashboard-herts", "stranger"] {
            signed_in(&world, client).await.push_csv("", file.clone()).await.expect_problem(403, "scope-missing");
        }
        let trust = trust(&world).await;
        let ehcp = trust.call(Method::POST, "/v1/ehcp/submissions").header("content-type", "application/xml").body("<Message/>").send().await;
        ehcp.expect_problem(403, "scope-missing");
        let unknown = world.persona("provider-hct").push_csv("", file).await;
        unknown.expect_problem(401, "unauthorised");
        assert!(entries(&trust, "").await.is_empty());
    }
}
