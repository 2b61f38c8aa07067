//! Issues are compared with those before: new, persisting, fixed.

use integration_tests::on_both;
use reqwest::Method;
use serde_json::json;

use super::*;

/// For each code in a report: how many issues, how many of them new and persisting, and how many were fixed.
fn told(report: &Value) -> Vec<(&str, [u64; 4])> {
    let counts = report["issue_counts"].as_array().unwrap_or_else(|| panic!("{report}"));
    let each = |count: &Value, name: &str| count[name].as_u64().unwrap();
    let numbers = |count: &Value| ["count", "new", "persisting", "fixed"].map(|name| each(count, name));
    counts.iter().map(|count| (count["code"].as_str().unwrap(), numbers(count))).collect()
}

fn untraced(mut row: Row) -> Row {
    row.nhs_number.push_str(",02");
    row
}

/// A file of rows, some of which [`untraced`] has marked as having an untraced number.
fn untraced_csv(rows: &[Row]) -> String {
    csv(rows).replace(",02,01,", ",02,")
}

const DIGIT: &str = "nhs-number-check-digit";
const TRACE: &str = "trace-status-not-verified";

on_both! {
    async fn an_issue_is_new_then_persists_then_is_fixed(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 4);
        let query = "list=autism&mode=snapshot";
        let first = [rows[0].clone().broken(), untraced(rows[1].clone()), untraced(rows[2].clone()), rows[3].clone()];
        let report = trust.push_csv(query, untraced_csv(&first)).await.expect(201);
        assert_eq!(told(&report), [(DIGIT, [1, 1, 0, 0]), (TRACE, [2, 2, 0, 0])]);
        assert_eq!(report["issue_counts"][0]["severity"], "error");

        let second = [rows[0].clone().broken(), untraced(rows[1].clone()), rows[2].clone(), untraced(rows[3].clone())];
        let looked = trust.push_csv(&format!("{query}&validate=true"), untraced_csv(&second)).await.expect(200);
        let report = trust.push_csv(query, untraced_csv(&second)).await.expect(201);
        assert_eq!(told(&report), [(DIGIT, [1, 0, 1, 0]), (TRACE, [2, 1, 1, 1])]);
        assert_eq!(looked["issue_counts"], report["issue_counts"], "looking changes nothing");
        let path = format!("/v1/submissions/{}", report["id"].as_str().unwrap());
        assert_eq!(trust.get(&path).await.expect(200)["issue_counts"], report["issue_counts"]);

        let report = trust.push_csv(query, csv(&rows)).await.expect(201);
        assert_eq!(told(&report), [(DIGIT, [0, 0, 0, 1]), (TRACE, [0, 0, 0, 2])]);
        assert_eq!(told(&trust.push_csv(query, csv(&rows)).await.expect(201)), []);
    }

    async fn only_what_was_sent_again_is_fixed(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 3);
        let wrong: Vec<_> = rows.iter().cloned().map(untraced).collect();
        trust.push_csv("list=autism&mode=snapshot", untraced_csv(&wrong)).await.expect(201);

        let report = trust.push_csv("list=autism", csv(&rows[..1])).await.expect(201);
        assert_eq!(told(&report), [(TRACE, [0, 0, 0, 1])], "a delta says nothing of the others");
        let report = trust.push_csv("list=autism", untraced_csv(&wrong[1..2])).await.expect(201);
        assert_eq!(told(&report), [(TRACE, [1, 0, 1, 0])], "it persists over a submission that left it out");
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&rows[..2])).await.expect(201);
        assert_eq!(told(&report), [(TRACE, [0, 0, 0, 1])], "what did not flow is not fixed");
        let mixed = untraced_csv(&[rows[0].clone(), rows[1].clone(), wrong[2].clone()]);
        let report = trust.push_csv("list=autism&mode=snapshot", mixed).await.expect(201);
        assert_eq!(told(&report), [(TRACE, [1, 0, 1, 0])]);
    }

    async fn each_list_and_each_provider_has_its_own_past(world: World) {
        let (trust, icb) = (trust(&world).await, signed_in(&world, "icb-central-east").await);
        let wrong = [untraced(Row::waiting("A-1", 1))];
        let fresh = [(TRACE, [1, 1, 0, 0])];
        assert_eq!(told(&trust.push_csv("list=autism", untraced_csv(&wrong)).await.expect(201)), fresh);
        assert_eq!(told(&trust.push_csv("list=adhd", untraced_csv(&wrong)).await.expect(201)), fresh);
        assert_eq!(told(&icb.push_csv("list=autism&organisation=RWR", untraced_csv(&wrong)).await.expect(201)), fresh);
        assert_eq!(told(&trust.push_csv("list=autism", untraced_csv(&wrong)).await.expect(201)), [(TRACE, [1, 0, 1, 0])]);
    }

    async fn what_was_refused_whole_is_no_past(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 25);
        let broken: Vec<_> = rows.iter().cloned().map(Row::broken).collect();
        trust.push_csv("list=autism&mode=snapshot", csv(&broken)).await.expect_problem(422, "refused-submission");
        assert_eq!(told(&reports(&trust).await[0]), [(DIGIT, [25, 25, 0, 0])]);
        let report = trust.push_csv("list=autism&mode=snapshot", csv(&rows)).await.expect(201);
        assert_eq!(told(&report), []);
    }

    async fn an_issue_of_the_file_has_a_past_and_a_row_without_an_id_has_none(world: World) {
        let trust = trust(&world).await;
        let rows = [Row::waiting("A-1", 1), Row { id: String::new(), ..Row::waiting("", 2) }];
        let with_column = csv(&rows).lines().map(|line| format!("{line},x\n")).collect::<String>();
        for state in ["new", "persisting"] {
            let report = trust.push_csv("", with_column.clone()).await.expect(201);
            let (new, persisting) = (u64::from(state == "new"), u64::from(state == "persisting"));
            assert_eq!(told(&report), [("value-missing", [1, 0, 0, 0]), ("column-unknown", [1, new, persisting, 0])]);
            let items = trust.get(report["issues"].as_str().unwrap()).await.expect(200)["items"].clone();
            assert_eq!((items[0]["state"].as_str(), items[1].get("state")), (Some(state), None));
        }
        let report = trust.push_csv("", csv(&rows[..1])).await.expect(201);
        assert_eq!(told(&report), [("column-unknown", [0, 0, 0, 1])]);
    }

    async fn issues_are_chosen_by_code_and_by_state(world: World) {
        let trust = trust(&world).await;
        let rows = children("A", 4);
        let first = [untraced(rows[0].clone()), untraced(rows[1].clone()), rows[2].clone().broken()];
        trust.push_csv("list=autism", untraced_csv(&first)).await.expect(201);
        let second = [first[0].clone(), first[1].clone(), first[2].clone(), untraced(rows[3].clone())];
        let report = trust.push_csv("list=autism", untraced_csv(&second)).await.expect(201);
        let path = report["issues"].as_str().unwrap();
        for (query, expected) in [
            (format!("code={TRACE}"), vec!["A-1", "A-2", "A-4"]),
            ("state=persisting".into(), vec!["A-1", "A-2", "A-3"]),
            (format!("state=new&code={TRACE}"), vec!["A-4"]),
            (format!("state=new&code={DIGIT}"), vec![]),
        ] {
            let items = trust.get(&format!("{path}?{query}")).await.expect(200)["items"].as_array().unwrap().clone();
            let ids: Vec<_> = items.iter().map(|issue| issue["referral_id"].as_str().unwrap()).collect();
            assert_eq!(ids, expected, "{query}");
            let text = trust.call(Method::GET, &format!("{path}?{query}")).header("accept", "text/csv").send().await.text;
            assert_eq!(text.lines().count(), expected.len() + 1, "{query}");
        }
        let page = trust.call(Method::GET, &format!("{path}?limit=1&state=persisting&code={TRACE}")).header("accept", "text/csv").send().await;
        let next = format!("<{path}?after=1-0&limit=1&code={TRACE}&state=persisting>; rel=\"next\"");
        assert_eq!(page.header("link"), Some(next.as_str()));
        for query in ["code=no-such-code", "state=fixed", "state="] {
            trust.get(&format!("{path}?{query}")).await.expect_problem(400, "malformed");
        }
    }

    async fn all_issues_are_downloaded_at_once_and_no_id_is_a_formula(world: World) {
        let trust = trust(&world).await;
        let rows: Vec<_> = children("=A", 1_100).into_iter().map(untraced).collect();
        let report = trust.push_csv("list=autism", untraced_csv(&rows)).await.expect(201);
        let path = report["issues"].as_str().unwrap();
        let answer = trust.call(Method::GET, path).header("accept", "text/csv").send().await;
        assert_eq!((answer.status, answer.header("link")), (200, None));
        let lines: Vec<_> = answer.text.split_terminator("\r\n").collect();
        assert_eq!((lines.len(), lines[0]), (1_101, "row,referral_id,field,code,severity,message,fix,state"));
        for (at, line) in lines[1..].iter().enumerate() {
            let row = at + 1;
            assert!(line.starts_with(&format!("\"{row}\",\"'=A-{row}\",\"nhs_number_status\",\"{TRACE}\",\"warning\",")), "{line}");
            assert!(line.ends_with("\"new\""), "{line}");
        }
    }

    async fn a_child_who_waits_twice_for_the_same_is_asked_about(world: World) {
        let trust = trust(&world).await;
        let file = csv(&[
            Row::waiting("A-1", 1),
            Row::waiting("A-2", 1),
            Row { pathway: "adhd", ..Row::waiting("A-3", 1) },
            Row::waiting("A-4", 2),
            Row { status: "seen", ..Row::waiting("A-5", 2) },
            Row { pathway: "adhd|autism", ..Row::waiting("A-6", 3) },
            Row { pathway: "adhd", ..Row::waiting("A-7", 3) },
            Row { born: "2016-05-05".into(), ..Row::waiting("A-8", 3) },
        ]);
        let report = trust.push_csv("list=all", file).await.expect(201);
        assert_eq!(report["status"], "accepted-with-issues");
        let items = trust.get(&format!("{}?code=open-twice", report["issues"].as_str().unwrap())).await.expect(200)["items"].clone();
        let ids: Vec<_> = items.as_array().unwrap().iter().map(|issue| issue["referral_id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["A-1", "A-2", "A-6", "A-7"]);
        assert_eq!((&items[0]["field"], &items[0]["severity"]), (&json!("pathway"), &json!("warning")));
    }

    async fn national_checks_are_told_over_the_wire(world: World) {
        let trust = trust(&world).await;
        let header = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,district,\
            first_contact_date,rtt_status,waiting_time_measurement_type,ubrn,commissioner,closure_reason,ethnic_category\n";
        let (received, before) = (days_ago(100), days_ago(101));
        let line = |id: &str, district: &str, rest: &str| {
            format!("{id},{},01,2016-05-04,autism,{received},waiting,{district},{rest}\n", number(id[2..].parse().unwrap()))
        };
        let file = [
            header.to_owned(),
            line("N-1", "E07000240", &format!("{before},,,,,,")),
            line("N-2", "E07000240", ",20,,,,,"),
            line("N-3", "E07000240", ",,03,,,,"),
            line("N-4", "E07000240", ",30,01,,,,"),
            line("N-5", "E07000240", ",,,12345678,,,"),
            line("N-6", "E07000097", ",,,,,,"),
            line("N-7", "E07000240", ",,,,QM7,,"),
            line("N-8", "E07000240", ",,,,,02,"),
            line("N-9", "E07000240", ",,,,,,99"),
        ];
        let report = trust.push_csv("list=autism", file.concat()).await.expect(201);
        assert_eq!((report["records"]["accepted"].as_u64(), &report["status"]), (Some(9), &json!("accepted-with-issues")));
        let items = trust.get(report["issues"].as_str().unwrap()).await.expect(200)["items"].clone();
        let told: Vec<_> = items.as_array().unwrap().iter().map(|issue| issue["code"].as_str().unwrap()).collect();
        let expected = [
            "contact-before-received", "rtt-status-without-type", "code-retired", "rtt-stopped-while-waiting", "ubrn-format",
            "district-retired", "organisation-closed", "closure-reason-while-open", "ethnic-category-not-known",
        ];
        assert_eq!(told, expected);
    }
}
