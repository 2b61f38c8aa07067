//! Records that have ended are kept for their days of retention, and no longer.

use super::*;
use domain::{RetentionClass, RetentionLine};

fn line(organisation: &str, kept: RetentionClass, expired: u64) -> RetentionLine {
    RetentionLine { organisation: Some(organisation.parse().unwrap()), kept, expired, held: 0 }
}

on_both! {
    async fn what_ended_is_deleted_after_its_days_and_a_dry_run_only_says_so(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        for (id, nth, days) in [("A-1", 0, 90), ("A-2", 1, 91)] {
            trust.push_csv("list=all", ended(id, &number(nth), "autism", days)).await.expect_status(201);
        }
        trust.push_csv("list=all", list([row("A-3", &number(2), "01", "autism")])).await.expect_status(201);
        let expected = vec![line("RY4", RetentionClass::WaitingListStatus, 1)];
        let looked = world.run_retention(true).await;
        assert_eq!((&looked.lines, looked.dry_run), (&expected, true));
        assert_eq!(own_ids(&trust).await, ["A-1", "A-2", "A-3"]);
        let done = world.run_retention(false).await;
        assert_eq!(done.lines, expected);
        assert_eq!(own_ids(&trust).await, ["A-1", "A-3"]);
        let leaf = last_leaf(&world, "run_retention").await;
        assert_eq!((&leaf["holder"], &leaf["data"], &leaf["actor"]["reason"]), (&json!("RY4"), &json!("waiting-list-status"), &json!("past retention: 1")));
        assert_eq!(world.run_retention(false).await.lines, []);
    }

    async fn what_expired_and_is_sent_again_unchanged_is_not_taken(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        let old = ended("A-1", &number(0), "autism", 200);
        trust.push_csv("list=all", old.clone()).await.expect_status(201);
        world.run_retention(false).await;
        let report = trust.push_csv("list=all", old.clone()).await.expect(201);
        assert_eq!(issues(&trust, &report).await, rejected("past-retention", "A-1"));
        assert_eq!(own_ids(&trust).await, [""; 0]);
        // A changed row is taken; so is any new referral.
        let report = trust.push_csv("list=all", ended("A-1", &number(0), "autism", 10)).await.expect(201);
        assert_eq!(report["records"]["opened"], 1, "{report}");
        let report = trust.push_csv("list=all", list([row("A-2", &number(0), "01", "autism")])).await.expect(201);
        assert_eq!(report["records"]["opened"], 1, "{report}");
    }

    async fn the_start_of_a_journey_outlasts_its_retention_while_the_child_waits(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        let old = ended("A-1", &number(0), "autism", 200);
        let open = list([row("A-2", &number(0), "01", "autism")]);
        trust.push_csv("list=all", old.clone()).await.expect_status(201);
        trust.push_csv("list=all", open).await.expect_status(201);
        trust.push_csv("list=all", ended("A-3", &number(0), "adhd", 200)).await.expect_status(201);
        assert_eq!(world.run_retention(false).await.lines, [line("RY4", RetentionClass::WaitingListStatus, 1)], "of the other pathway");
        assert_eq!(own_ids(&trust).await, ["A-1", "A-2"]);
    }

    async fn what_no_longer_flows_is_deleted_and_is_taken_when_it_flows_again(world: World) {
        let both = list([row("A-1", &number(0), "01", "autism"), row("A-2", &number(1), "01", "autism")]);
        let trust = signed_in(&world, "provider-hct").await;
        trust.push_csv("list=all&mode=snapshot", both.clone()).await.expect_status(201);
        let one = list([row("A-2", &number(1), "01", "autism")]);
        trust.push_csv("list=all&mode=snapshot", one).await.expect_status(201);
        world.pass(Duration::days(90));
        assert_eq!(world.run_retention(false).await.lines, []);
        world.pass(Duration::days(1));
        assert_eq!(world.run_retention(false).await.lines, [line("RY4", RetentionClass::WaitingListStatus, 1)]);
        let trust = signed_in(&world, "provider-hct").await;
        assert_eq!(own_ids(&trust).await, ["A-2"]);
        trust.push_csv("list=all&mode=snapshot", both).await.expect_status(201);
        assert_eq!(own_ids(&trust).await, ["A-1", "A-2"]);
    }

    async fn advice_and_its_request_are_deleted_a_year_after_it_was_given(world: World) {
        let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
        let made = council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await.expect(201);
        let open = council.post("/v1/advice-requests", &advice_request(&number(1), "RY4")).await.expect(201);
        let path = |made: &Value| format!("/v1/advice-requests/{}", made["id"].as_str().unwrap());
        let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "therapist" });
        trust.put(&format!("{}/advice", path(&made)), &advice).await.expect_status(200);
        world.pass(Duration::days(300));
        assert_eq!(world.run_retention(false).await.lines.iter().filter(|line| line.organisation.is_some()).count(), 0);
        world.pass(Duration::days(67));
        let report = world.run_retention(false).await;
        assert_eq!(report.lines[0], line("RY4", RetentionClass::HealthAdvice, 1));
        world.run_retention(false).await;
        assert_eq!(world.ask_database("SELECT count(*) FROM advice_request"), 1, "the one that waits for its answer");
        // The demonstration's certificates are valid for only a year.
        world.pass(Duration::days(-367));
        let council = signed_in(&world, "council-herts").await;
        council.get(&path(&open)).await.expect_status(200);
        council.get(&path(&made)).await.expect_problem(404, "not-found");
    }

    async fn reports_are_deleted_with_the_ids_that_they_repeat(world: World) {
        let trust = signed_in(&world, "provider-hct").await;
        let report = trust.push_csv("list=all", list([row("A-1", &number(0), "", "autism")])).await.expect(201);
        let path = format!("/v1/submissions/{}", report["id"].as_str().unwrap());
        trust.get(&path).await.expect_status(200);
        world.pass(Duration::days(181));
        let done = world.run_retention(false).await;
        assert_eq!(done.lines, [RetentionLine { organisation: None, kept: RetentionClass::SubmissionReports, expired: 1, held: 0 }]);
        assert_eq!(world.ask_database("SELECT count(*) FROM issue"), 0);
        signed_in(&world, "provider-hct").await.get(&path).await.expect_problem(404, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configuration_says_how_long() {
    let shorter = |configuration: &mut server::Configuration| {
        configuration.retention = domain::RetentionPeriods::with([(RetentionClass::WaitingListStatus, 5)]);
    };
    let world = World::start_with(Database::Sqlite, shorter).await;
    let trust = signed_in(&world, "provider-hct").await;
    trust.push_csv("list=all", ended("A-1", &number(0), "autism", 6)).await.expect_status(201);
    assert_eq!(world.run_retention(false).await.lines, [line("RY4", RetentionClass::WaitingListStatus, 1)]);
    let text = world.run_retention(true).await.to_string();
    assert!(text.ends_with("nothing is past it"), "{text}");
}
