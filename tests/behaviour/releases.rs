//! What counts in a release, and what is missing from it.

use domain::NhsNumber;
use integration_tests::{on_both, today};
use serde_json::{Value, json};

const TABLE: &str = "/v1/dashboard/releases/latest/tables/waiting-list-by-weeks-and-district";

/// A list of children who have each waited a month on one pathway.
fn list(pathway: &str, children: usize) -> String {
    let received = today() - chrono::Days::new(30);
    let mut csv = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status,district\n".to_owned();
    let numbers = (999_000_001..).filter_map(NhsNumber::from_first_nine);
    for (at, number) in numbers.take(children).enumerate() {
        csv += &format!("{pathway}-{at},{},01,2016-05-04,{pathway},{received},waiting,E07000240\n", number.as_str());
    }
    csv
}

fn cells<'a>(table: &'a Value, pathway: &str) -> Vec<&'a Value> {
    table["rows"].as_array().unwrap().iter().filter(|row| row["pathway"] == pathway).map(|row| &row["cell"]).collect()
}

on_both! {
    async fn a_list_that_is_too_old_is_unavailable_and_none_of_it_counts(world: World) {
        let trust = world.persona("provider-hct").signed_in().await;
        let old = today() - chrono::Days::new(60);
        trust.push_csv("list=autism", list("autism", 20)).await.expect(201);
        trust.push_csv(&format!("list=adhd&as_of={old}"), list("adhd", 20)).await.expect(201);
        world.build_release(today()).await;
        let dashboard = world.persona("dashboard-herts").signed_in().await;
        let table = dashboard.get(TABLE).await.expect(200);
        assert!(cells(&table, "autism").iter().any(|cell| cell["value"] == 20), "twenty children are a figure, and a multiple of 5");
        assert!(cells(&table, "adhd").iter().all(|cell| cell["marker"] == "x"), "absent is not nought, and neither is old");
        let missing = table["coverage"]["not_submitted"].as_array().unwrap();
        assert!(missing.contains(&json!({ "provider": "RY4", "list": "adhd" })), "{missing:?}");
        assert!(!missing.contains(&json!({ "provider": "RY4", "list": "autism" })), "{missing:?}");
    }

    async fn who_was_counted_in_a_release_is_written_down(world: World) {
        world.build_release(today()).await;
        let auditor = world.persona("auditor-herts").signed_in().await;
        let events = auditor.get("/v1/audit/events").await.expect(200);
        let counted = |event: &&Value| event["operation"] == "build_release" && event["agreements"] == json!(["herts-dashboard"]);
        let holders: Vec<_> = events["items"].as_array().unwrap().iter().filter(counted).map(|event| &event["holder"]).collect();
        assert!(holders.contains(&&json!("RY4")) && holders.contains(&&json!("RWR")), "{events}");
    }

    async fn a_release_of_a_day_to_come_is_refused(world: World) {
        let tomorrow = today() + chrono::Days::new(1);
        assert!(server::build_release(&world.configuration, trust::Clock::system(), tomorrow).await.is_err());
        let dashboard = world.persona("dashboard-herts").signed_in().await;
        dashboard.get("/v1/dashboard/releases/latest").await.expect_problem(404, "not-found");
    }
}
