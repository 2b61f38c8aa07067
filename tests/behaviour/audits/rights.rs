//! The log can only be added to: triggers refuse everybody anything else, and on PostgreSQL the serving
//! role has no right to do it.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use integration_tests::records::{BORN, advice_request, number, permission};
use integration_tests::{Database, World, on_both, today, until};
use serde_json::json;
use server::DatabaseUrl;

use super::{push, settled, signed_in};

/// Statements that would change or remove what the log holds.
const STATEMENTS: [&str; 9] = [
    "UPDATE audit_leaf SET body = 'nothing'",
    "UPDATE audit_leaf SET body = NULL",
    "UPDATE audit_leaf SET at = '2026-01-01 00:00:00'",
    "DELETE FROM audit_leaf",
    "UPDATE audit_entry SET position = position + 100",
    "UPDATE audit_entry SET hash = hash",
    "DELETE FROM audit_entry",
    "UPDATE audit_node SET position = position + 100",
    "DELETE FROM audit_node",
];

on_both! {
    async fn nobody_changes_or_removes_what_the_log_holds(world: World) {
        let council = signed_in(&world, "council-herts").await;
        for _ in 0..3 {
            council.get("/v1/ehcp/cases").await.expect_status(200);
        }
        world.audit_log().await;
        let truncations: &[&str] = match world.database() {
            Database::Sqlite => &[],
            Database::Postgres => &["TRUNCATE audit_leaf", "TRUNCATE audit_entry", "TRUNCATE audit_node"],
        };
        for statement in STATEMENTS.iter().chain(truncations) {
            let said = world.refusal(statement).unwrap_or_else(|| panic!("done: {statement}"));
            assert!(said.contains("only ever added to"), "{statement}: {said}");
        }
        assert!(settled(&world).await.is_whole());
    }
}

/// A world whose gateway serves under a role that owns no table.
async fn restricted(name: &str) -> World {
    let made = World::start_with(Database::Postgres, |configuration| {
        let owner = configuration.database.url.expose().into_owned();
        let mut connection = PgConnection::establish(&owner).unwrap();
        connection.batch_execute(&format!("CREATE ROLE {name} LOGIN")).unwrap();
        configuration.database.url = DatabaseUrl::Postgres(owner.replace("postgres@", &format!("{name}@")).into());
        configuration.database.owner_url = Some(DatabaseUrl::Postgres(owner.into()));
    });
    made.await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_serving_role_serves_everything_and_has_no_right_to_the_log() {
    let world = restricted("serving_one").await;
    push(&world).await;
    let (council, trust) = (signed_in(&world, "council-herts").await, signed_in(&world, "provider-hct").await);
    let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
    council.get(&waits).await.expect_status(404);
    let keyed = council.call(reqwest::Method::POST, "/v1/consents").actor(integration_tests::ACTOR).header("idempotency-key", "one");
    let consent = keyed.json(&permission(&number(0), &["autism"])).send().await.expect(201);
    council.get(&waits).await.expect_status(200);
    council
        .post(&format!("/v1/consents/{}/withdrawal", consent["id"].as_str().unwrap()), &json!({ "reason": "r" }))
        .await
        .expect_status(200);
    let made = council.post("/v1/advice-requests", &advice_request(&number(0), "RY4")).await.expect(201);
    let advice = json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "r" });
    trust.put(&format!("/v1/advice-requests/{}/advice", made["id"].as_str().unwrap()), &advice).await.expect_status(200);
    world.build_release(today()).await;
    let events = world.audit_log().await;
    assert!(events.iter().any(|event| event["event"] == "consent-withdrawn"), "{events:?}");
    let report = settled(&world).await;
    assert!(report.is_whole(), "{report}");
    assert_eq!(world.operations("/health/ready").await.0, 200);

    let others = [
        "TRUNCATE audit_leaf",
        "TRUNCATE audit_entry",
        "TRUNCATE audit_node",
        "UPDATE audit_pending SET leaf_id = 0",
        "UPDATE audit_retention SET keep_days = 1",
        "DELETE FROM audit_retention",
        "DROP TABLE audit_leaf",
        "ALTER TABLE audit_leaf DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_leaf_stays ON audit_leaf",
        "DELETE FROM __diesel_schema_migrations",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    ];
    for statement in STATEMENTS.into_iter().chain(others) {
        let said = world.refusal(statement).unwrap_or_else(|| panic!("done: {statement}"));
        assert!(said.contains("permission denied") || said.contains("must be owner"), "{statement}: {said}");
    }
    assert_eq!(settled(&world).await, report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_serving_role_starts_on_what_its_owner_made_and_on_nothing_else() {
    let world = restricted("serving_two").await;
    let (mut configuration, _folder) = world.stop().await;
    let owner = configuration.database.owner_url.take().unwrap();
    server::start(configuration.clone(), trust::Clock::system()).await.unwrap().stop().await;
    let mut connection = PgConnection::establish(&owner.expose()).unwrap();
    connection
        .batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)")
        .unwrap();
    let error = server::start(configuration, trust::Clock::system()).await.err().unwrap().to_string();
    assert!(error.contains("sendbridge migrate") && error.contains("owner_url"), "{error}");
}

/// If nothing can be appended to the log, its queue does not grow without end, and the gateway says so.
mod a_log_that_cannot_be_appended_to_stops_what_it_would_have_to_record {
    use super::*;

    async fn test(database: Database) {
        let world = World::start_with(database, |configuration| configuration.audit.most_waiting = 20).await;
        let council = signed_in(&world, "council-herts").await;
        council.get("/v1/ehcp/cases").await.expect_status(200);
        world.audit_log().await;
        world.meddle("ALTER TABLE audit_entry RENAME TO lost");
        let mut answered = 0;
        until("it is refused", async || {
            let answer = council.get("/v1/ehcp/cases").await;
            answered += u32::from(answer.status == 200);
            if answer.status == 503 {
                answer.expect_problem(503, "log-behind");
                assert!(answer.header("retry-after").is_some());
            }
            answer.status == 503
        })
        .await;
        assert!(answered > 20, "{answered} were let through while there was room");
        let (status, text) = world.operations("/health/ready").await;
        assert_eq!((status, text.as_str()), (503, "too many audit entries wait to be appended\n"));
        let waiting = world.ask_database("SELECT count(*) FROM audit_pending");
        for _ in 0..5 {
            council.get("/v1/ehcp/cases").await.expect_problem(503, "log-behind");
        }
        assert_eq!(world.ask_database("SELECT count(*) FROM audit_pending"), waiting, "it grows no more");
        // The gateway recovers by itself.
        world.meddle("ALTER TABLE lost RENAME TO audit_entry");
        until("it serves again", async || council.get("/v1/ehcp/cases").await.status == 200).await;
        assert_eq!(world.operations("/health/ready").await.0, 200);
        assert!(settled(&world).await.is_whole());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        test(Database::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        test(Database::Postgres).await;
    }
}
