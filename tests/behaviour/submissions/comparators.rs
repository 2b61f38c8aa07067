//! Published returns are kept beside a list and change nothing in it. A provider can compare the two.

use integration_tests::{Answer, on_both};
use reqwest::Method;
use serde_json::json;

use super::*;

const RECONCILIATION: &str = "/v1/waiting-list/reconciliation";
const BANDS: &str = "0-1 weeks,1-2 weeks,2-4 weeks,4-12 weeks,12-18 weeks,18-52 weeks,over 52 weeks";

/// A line of the SitRep, with the sum of its bands as the total.
fn line(organisation: &str, line: &str, period: &str, bands: [u64; 7]) -> String {
    let total: u64 = bands.iter().sum();
    format!("{organisation},{period},(CYP) {line},{total},{}\n", bands.map(|count| count.to_string()).join(","))
}

fn sitrep(lines: &[String]) -> String {
    format!("organisation_code,period,service_line,total,{BANDS}\n{}", lines.concat())
}

async fn push(persona: &Persona, query: &str, body: impl Into<reqwest::Body>) -> Answer {
    let path = format!("/v1/waiting-list/submissions?{query}");
    persona.call(Method::POST, &path).header("content-type", "text/csv").body(body).send().await
}

async fn reconciled(persona: &Persona, line: &str) -> Value {
    let view = persona.get(RECONCILIATION).await.expect(200);
    view["items"].as_array().unwrap().iter().find(|item| item["service_line"] == line).cloned().unwrap_or_default()
}

fn pathway(row: Row, pathway: &'static str) -> Row {
    Row { pathway, ..row }
}

fn received(row: Row, days: u64) -> Row {
    Row { received: days_ago(days), ..row }
}

on_both! {
    async fn a_list_is_shown_beside_what_was_last_published_about_it(world: World) {
        let trust = trust(&world).await;
        let rows = [
            received(pathway(Row::waiting("H-1", 1), "audiology"), 7),
            received(pathway(Row::waiting("H-2", 2), "audiology"), 8),
            received(pathway(Row::waiting("H-3", 3), "audiology|adhd"), 365),
            pathway(Row::waiting("H-4", 4), "audiology").closed(),
            pathway(Row::waiting("H-5", 5), "autism|adhd"),
        ];
        trust.push_csv("", csv(&rows)).await.expect(201);
        let file = sitrep(&[
            line("RY4", "Audiology", "2026-08", [9, 9, 9, 9, 9, 9, 9]),
            line("RY4", "Audiology", "2026-09", [1, 0, 0, 4, 0, 0, 2]),
            line("RY4", "Community paediatric service", "2026-09", [0, 0, 0, 0, 1, 0, 0]),
            line("RWH", "Audiology", "2026-09", [5, 5, 5, 5, 5, 5, 5]),
            line("RY4", "Vision screening", "2026-09", [5, 5, 5, 5, 5, 5, 5]),
        ]);
        let report = push(&trust, "format=chs-sitrep", file).await.expect(201);
        assert_eq!((&report["records"]["accepted"], &report["records"]["opened"], &report["records"]["out_of_scope"]), (&json!(3), &json!(3), &json!(2)));

        let audiology = reconciled(&trust, "audiology").await;
        assert_eq!((&audiology["source"], &audiology["period"]), (&json!("chs-sitrep"), &json!("2026-09")));
        assert_eq!(audiology["total"], json!({ "published": 7, "held": 3, "difference": -4 }));
        let band = |weeks: &str| audiology["bands"].as_array().unwrap().iter().find(|band| band["weeks"] == weeks).unwrap().clone();
        assert_eq!(band("0-1"), json!({ "weeks": "0-1", "published": 1, "held": 1, "difference": 0 }));
        assert_eq!(band("1-2"), json!({ "weeks": "1-2", "published": 0, "held": 1, "difference": 1 }));
        assert_eq!(band("over-52"), json!({ "weeks": "over-52", "published": 2, "held": 1, "difference": -1 }));
        let paediatrics = reconciled(&trust, "community-paediatric-service").await;
        assert_eq!(paediatrics["total"], json!({ "published": 1, "held": 2, "difference": 1 }));
        assert_eq!(reconciled(&trust, "speech-and-language-therapy").await, Value::Null);
    }

    async fn a_month_that_is_sent_again_replaces_what_was_held_of_it(world: World) {
        let trust = trust(&world).await;
        let first = sitrep(&[line("RY4", "Audiology", "2026-09", [1, 0, 0, 0, 0, 0, 0]), line("RY4", "Community paediatric service", "2026-09", [7, 0, 0, 0, 0, 0, 0])]);
        push(&trust, "format=chs-sitrep", first.clone()).await.expect(201);
        let counted = |report: &Value| ["opened", "updated", "unchanged"].map(|name| report["records"][name].as_u64().unwrap());
        assert_eq!(counted(&push(&trust, "format=chs-sitrep", first).await.expect(201)), [0, 0, 2]);
        let corrected = sitrep(&[line("RY4", "Audiology", "2026-09", [0, 3, 0, 0, 0, 0, 0])]);
        let looked_at = push(&trust, "format=chs-sitrep&validate=true", corrected.clone()).await.expect(200);
        assert_eq!((counted(&looked_at), &looked_at["status"]), ([0, 1, 0], &json!("validated")));
        assert_eq!(reconciled(&trust, "audiology").await["total"]["published"], 1);
        assert_eq!(counted(&push(&trust, "format=chs-sitrep", corrected).await.expect(201)), [0, 1, 0]);
        let audiology = reconciled(&trust, "audiology").await;
        assert_eq!((&audiology["total"]["published"], &audiology["bands"][1]["published"]), (&json!(3), &json!(3)));
        // A return with only totals replaces the bands.
        let total = "organisation_code,period,service_line,total\nRY4,2026-09,(CYP) Audiology,8\n";
        push(&trust, "format=chs-sitrep", total).await.expect(201);
        let audiology = reconciled(&trust, "audiology").await;
        assert_eq!((&audiology["total"]["published"], &audiology["bands"]), (&json!(8), &json!([])));
    }

    async fn a_published_return_touches_no_record_and_no_list(world: World) {
        let trust = trust(&world).await;
        let list = csv(&children("A", 30));
        trust.push_csv(&format!("mode=snapshot&as_of={}", days_ago(5)), list.clone()).await.expect(201);
        let before = entries(&trust, "").await;
        push(&trust, "format=chs-sitrep", sitrep(&[line("RY4", "Audiology", "2026-09", [1, 0, 0, 0, 0, 0, 0])])).await.expect(201);
        assert_eq!(entries(&trust, "").await, before);
        // If the return had become the list's last state, the list of four days ago would be too old.
        trust.push_csv(&format!("mode=snapshot&as_of={}", days_ago(4)), list).await.expect(201);

        for (query, field) in [("mode=snapshot", "mode"), ("list=autism", "list"), ("nil_return=true", "nil_return")] {
            for format in ["dm01", "chs-sitrep"] {
                let problem = push(&trust, &format!("format={format}&{query}"), sitrep(&[])).await.expect(422);
                assert_eq!((&problem["type"], &problem["errors"][0]["field"]), (&json!("/problems/invalid-value"), &json!(field)));
            }
        }
    }

    async fn a_line_that_does_not_add_up_is_named_and_not_kept(world: World) {
        let trust = trust(&world).await;
        let wrong = sitrep(&["RY4,2026-09,(CYP) Audiology,9,1,1,1,1,1,1,1\n".to_owned(), line("RY4", "Community paediatric service", "2026-09", [1; 7])]);
        let report = push(&trust, "format=chs-sitrep", wrong).await.expect(201);
        assert_eq!((&report["records"]["received"], &report["records"]["rejected"]), (&json!(2), &json!(1)));
        let issues = trust.get(report["issues"].as_str().unwrap()).await.expect(200);
        assert_eq!((&issues["items"][0]["code"], &issues["items"][0]["row"]), (&json!("bands-not-total"), &json!(1)));
        assert_eq!(reconciled(&trust, "audiology").await, Value::Null);
    }

    async fn a_report_says_what_the_last_return_said_of_the_same_service(world: World) {
        let trust = trust(&world).await;
        let before = trust.push_csv("list=autism", csv(&children("A", 2))).await.expect(201);
        assert!(before.get("last_published").is_none(), "{before}");
        let file = sitrep(&[
            line("RY4", "Community paediatric service", "2026-08", [1, 0, 0, 0, 0, 0, 0]),
            line("RY4", "Community paediatric service", "2026-09", [40, 38, 90, 410, 505, 1800, 1207]),
            line("RY4", "Audiology", "2026-09", [3, 0, 0, 0, 0, 0, 0]),
        ]);
        push(&trust, "format=chs-sitrep", file).await.expect(201);
        let paediatrics = json!({ "source": "chs-sitrep", "service_line": "community-paediatric-service", "period": "2026-09", "total": 4090 });
        let report = trust.push_csv("list=autism", csv(&children("A", 2))).await.expect(201);
        assert_eq!(report["last_published"], json!([paediatrics]));
        assert_eq!(trust.get(&format!("/v1/submissions/{}", report["id"].as_str().unwrap())).await.expect(200)["last_published"], report["last_published"]);
        let looked_at = trust.push_csv("list=adhd&validate=true", csv(&children("B", 2))).await.expect(200);
        assert_eq!(looked_at["last_published"], json!([paediatrics]));
        assert_eq!(trust.push_csv("", csv(&children("C", 1))).await.expect(201)["last_published"].as_array().unwrap().len(), 2);
        assert!(trust.push_csv("list=other", csv(&children("D", 1))).await.expect(201).get("last_published").is_none());
    }

    async fn the_diagnostics_return_is_reconciled_too(world: World) {
        let trust = trust(&world).await;
        let sample = adapters::find(domain::Dataset::WaitingList, "dm01").unwrap().samples()[0];
        push(&trust, "format=dm01", sample.bytes).await.expect(201);
        let rows = [received(pathway(Row::waiting("H-1", 1), "audiology"), 41), received(pathway(Row::waiting("H-2", 2), "audiology"), 42)];
        trust.push_csv("list=audiology", csv(&rows)).await.expect(201);
        let found = reconciled(&trust, "audiology-assessments").await;
        assert_eq!((&found["source"], &found["total"]), (&json!("dm01"), &json!({ "published": 2566, "held": 2, "difference": -2564 })));
        let held: Vec<_> = found["bands"].as_array().unwrap().iter().filter(|band| band["held"] == 1).map(|band| band["weeks"].clone()).collect();
        assert_eq!(held, ["5-6", "6-7"]);
    }

    async fn nobody_reconciles_anothers_list(world: World) {
        push(&trust(&world).await, "format=chs-sitrep", sitrep(&[line("RY4", "Audiology", "2026-09", [1; 7])])).await.expect(201);
        let council = signed_in(&world, "council-herts").await;
        assert_eq!(council.get(&format!("{RECONCILIATION}?organisation=RY4")).await.expect(403)["type"], "/problems/organisation-not-yours");
        assert_eq!(council.get(RECONCILIATION).await.expect(200)["items"], json!([]));
        let leaf = world.audit_log().await.into_iter().rfind(|leaf| leaf["operation"] == "reconcile").unwrap();
        assert_eq!((&leaf["outcome"], &leaf["holder"]), (&json!("permitted"), &json!("E10000015")), "{leaf}");
    }
}
