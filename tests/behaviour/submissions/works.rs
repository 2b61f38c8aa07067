//! Bodies that are answered before they are worked on: 202, how far the work is, and how it ended.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use integration_tests::{Answer, Database, Process, on_both, until};
use reqwest::Method;

use super::atomicity::something_waits;
use super::*;

/// Enough rows for progress to be seen.
const MANY: u32 = 80_000;

fn many() -> Vec<u8> {
    file(MANY)
}

/// Enough rows to be interrupted in the middle; no test waits for the end.
fn endless() -> Vec<u8> {
    file(150_000)
}

fn file(rows: u32) -> Vec<u8> {
    let row = |at: u32| Row::waiting(format!("M-{at}"), at + 1).line();
    (0..rows).fold(HEADER.to_owned(), |text, at| text + &row(at)).into_bytes()
}

async fn send(persona: &Persona, key: &str, query: &str, prefer: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
    let path = format!("/v1/waiting-list/submissions?format=csv&list=autism{query}");
    let call = persona.call(Method::POST, &path).header("content-type", "text/csv").header("idempotency-key", key).body(body);
    let call = prefer.into_iter().fold(call, |call, prefer| call.header("prefer", prefer));
    call.send().await
}

/// Sends a body to be worked on later; answers where to ask about it.
async fn begin(persona: &Persona, key: &str, query: &str, body: impl Into<reqwest::Body>) -> String {
    let answer = send(persona, key, query, Some("respond-async"), body).await;
    let report = answer.expect(202);
    assert_eq!(report["status"], "processing");
    answer.header("location").unwrap().to_owned()
}

async fn finish(persona: &Persona, place: &str) -> Value {
    let mut report = Value::Null;
    until("the work is done", async || {
        report = persona.get(place).await.expect(200);
        report["status"] != "processing"
    })
    .await;
    report
}

async fn cancel(persona: &Persona, place: &str) -> Answer {
    persona.call(Method::POST, &format!("{place}/cancellation")).send().await
}

on_both! {
    async fn a_body_is_answered_before_it_is_worked_on_if_the_client_would_rather(world: World) {
        let trust = trust(&world).await;
        let answer = send(&trust, "k-1", "&mode=snapshot", Some("wait=1, Respond-Async"), many()).await;
        let begun = answer.expect(202);
        assert_eq!((answer.header("preference-applied"), answer.header("retry-after")), (Some("respond-async"), Some("1")));
        let place = answer.header("location").unwrap().to_owned();
        assert_eq!(place, format!("/v1/submissions/{}", begun["id"].as_str().unwrap()));
        assert_eq!((&begun["status"], &begun["progress"]["bytes_total"]), (&"processing".into(), &many().len().into()));

        // Progress never goes back, and nothing can be seen before everything can.
        let (mut last, mut seen) = ((0, 0), 0);
        loop {
            let answer = trust.get(&place).await;
            let report = answer.expect(200);
            if report["status"] != "processing" {
                break;
            }
            assert!(answer.header("retry-after").is_some() && report["issues"].is_null());
            let progress = &report["progress"];
            let now = (progress["bytes_read"].as_u64().unwrap(), progress["records_read"].as_u64().unwrap());
            assert!(now.0 >= last.0 && now.1 >= last.1 && now.0 <= progress["bytes_total"].as_u64().unwrap(), "{last:?} {report}");
            seen += u32::from(now.1 > last.1);
            last = now;
            let held = trust.get("/v1/waiting-list/entries?limit=1").await.expect(200);
            let done = trust.get(&place).await.expect(200)["status"] != "processing";
            assert!(held["items"].as_array().unwrap().is_empty() || done, "something is seen of what is not done");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(seen > 0, "no progress was told");
        let report = trust.get(&place).await.expect(200);
        assert_eq!(report["status"], "accepted");
        assert_eq!(counts(&report)[..2], [u64::from(MANY), u64::from(MANY)]);
        assert!(report["progress"].is_null() && report["problem"].is_null());
        assert_eq!(trust.get("/v1/waiting-list/entries?limit=1").await.expect(200)["items"].as_array().unwrap().len(), 1);
        // The same body again gives the same report, and is not worked on again.
        assert_eq!(send(&trust, "k-1", "&mode=snapshot", Some("respond-async"), many()).await.expect(200), report);
        assert_eq!(reports(&trust).await, [report]);
    }

    async fn a_large_body_is_answered_before_it_is_worked_on(world: World) {
        let mut world = world;
        world.configuration.submissions.async_above_bytes = 4096;
        let world = world.restart().await;
        let trust = trust(&world).await;
        let (small, large) = (csv(&children("A", 10)), csv(&children("A", 200)));
        let pieces = |file: &str| {
            let pieces: Vec<_> = file.as_bytes().chunks(500).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
            reqwest::Body::wrap_stream(futures_util::stream::iter(pieces))
        };
        send(&trust, "k-1", "", None, small.clone()).await.expect(201);
        send(&trust, "k-2", "", None, pieces(&small)).await.expect(201);
        for (key, body) in [("k-3", large.clone().into()), ("k-4", pieces(&large))] {
            let answer = send(&trust, key, "", None, body).await;
            answer.expect(202);
            assert_eq!(answer.header("preference-applied"), None);
            let report = finish(&trust, answer.header("location").unwrap()).await;
            assert_eq!(counts(&report)[1], 200);
        }
        // The size of the decoded body counts.
        let call = trust.call(Method::POST, "/v1/waiting-list/submissions?format=csv&list=autism").header("content-type", "text/csv");
        let sent = zstd::encode_all(large.as_bytes(), 3).unwrap();
        assert!(sent.len() < 4096);
        let answer = call.header("content-encoding", "zstd").body(sent).send().await;
        answer.expect(202);
        assert_eq!(counts(&finish(&trust, answer.header("location").unwrap()).await)[3], 200);
    }

    async fn the_report_says_why_it_was_refused(world: World) {
        let trust = trust(&world).await;
        trust.push_csv("list=autism&mode=snapshot", csv(&children("A", 25))).await.expect(201);
        let broken: Vec<_> = children("A", 25).into_iter().map(Row::broken).collect();
        for (body, status, code) in [
            ("{}".to_owned(), 422, "unreadable-body"),
            (HEADER.to_owned(), 422, "nil-return-unsaid"),
            (csv(&broken), 422, "refused-submission"),
            (csv(&children("A", 5)), 409, "snapshot-shrinks"),
        ] {
            let at_once = send(&trust, "k-1", "&mode=snapshot", None, body.clone()).await.expect_problem(status, code);
            let place = begin(&trust, "k-1", "&mode=snapshot", body).await;
            let report = finish(&trust, &place).await;
            assert_eq!(report["status"], "refused");
            for member in ["type", "title", "status", "errors"] {
                assert_eq!(report["problem"][member], at_once[member], "{code}");
            }
            if code == "refused-submission" {
                assert_eq!((&report["records"]["received"], &report["records"]["rejected"]), (&25.into(), &25.into()));
                let issues = trust.get(&format!("{place}/issues")).await.expect(200);
                assert_eq!(issues["items"].as_array().unwrap().len(), 25);
            }
        }
        // The key was given back each time.
        let place = begin(&trust, "k-1", "&mode=snapshot", csv(&children("A", 26))).await;
        assert_eq!(finish(&trust, &place).await["status"], "accepted");
    }

    async fn a_check_is_reported_and_keeps_nothing_else(world: World) {
        let trust = trust(&world).await;
        let rows = [Row::waiting("A-1", 1), Row::waiting("A-2", 2).broken()];
        let place = begin(&trust, "k-1", "&validate=true", csv(&rows)).await;
        let report = finish(&trust, &place).await;
        assert_eq!((&report["status"], counts(&report)[..3].to_vec()), (&"validated".into(), vec![2, 1, 1]));
        assert_eq!(trust.get(&format!("{place}/issues")).await.expect(200)["items"].as_array().unwrap().len(), 1);
        assert!(entries(&trust, "").await.is_empty());
        send(&trust, "k-1", "", None, csv(&rows)).await.expect(201);
    }

    async fn while_it_is_worked_on_its_key_is_held_and_the_client_told_where_to_ask(world: World) {
        let trust = trust(&world).await;
        let place = begin(&trust, "k-1", "", endless()).await;
        let answer = send(&trust, "k-1", "", Some("respond-async"), endless()).await;
        answer.expect_problem(409, "idempotency-in-flight");
        assert_eq!((answer.header("location"), answer.header("retry-after")), (Some(place.as_str()), Some("1")));
        cancel(&trust, &place).await.expect(200);
    }

    async fn what_is_worked_on_can_be_cancelled_and_leaves_nothing(world: World) {
        let trust = trust(&world).await;
        // Another gateway, if there can be one, can cancel: the database tells both.
        let replica = match world.database() {
            Database::Sqlite => None,
            Database::Postgres => Some(world.replica().await),
        };
        let there = match &replica {
            None => trust.clone(),
            Some(gateway) => world.persona_at("provider-hct", gateway).signed_in().await,
        };
        let place = begin(&trust, "k-1", "", endless()).await;
        until("it is in the middle", async || trust.get(&place).await.expect(200)["progress"]["records_read"] != 0).await;
        for _ in 0..2 {
            let report = cancel(&there, &place).await.expect(200);
            assert_eq!((&report["status"], &report["records"]["accepted"]), (&"cancelled".into(), &0.into()));
        }
        // The key is free at once, and the cancelled work does not hold up the next.
        let rows = children("A", 5);
        send(&trust, "k-1", "", None, csv(&rows)).await.expect(201);
        let next = begin(&trust, "k-2", "", csv(&rows)).await;
        assert_eq!(finish(&trust, &next).await["status"], "accepted");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(entries(&trust, "").await.len(), 5);
        assert_eq!(trust.get(&place).await.expect(200)["status"], "cancelled");
        // Finished work cannot be cancelled.
        cancel(&trust, &next).await.expect_problem(409, "wrong-status");
        assert_eq!(entries(&trust, "").await.len(), 5);
        let staged = std::fs::read_dir(world.dir().join("data")).unwrap().filter(|file| {
            file.as_ref().unwrap().file_name().to_string_lossy().contains("-staged-")
        });
        assert_eq!(staged.count(), 0, "something staged was left behind");
    }

    async fn only_its_own_client_sees_a_work(world: World) {
        let trust = trust(&world).await;
        let place = begin(&trust, "k-1", "", endless()).await;
        for other in ["icb-central-east", "council-herts", "stranger"] {
            let other = signed_in(&world, other).await;
            other.get(&place).await.expect_problem(404, "not-found");
            cancel(&other, &place).await.expect_problem(404, "not-found");
        }
        assert_eq!(trust.get(&place).await.expect(200)["status"], "processing");
        cancel(&trust, &place).await.expect(200);
    }

    async fn only_so_many_wait(world: World) {
        let mut world = world;
        world.configuration.submissions.most_pending = 1;
        let world = world.restart().await;
        let trust = trust(&world).await;
        let place = begin(&trust, "k-1", "", endless()).await;
        let answer = send(&trust, "k-2", "", Some("respond-async"), csv(&children("A", 5))).await;
        answer.expect_problem(503, "busy");
        assert!(answer.header("retry-after").is_some());
        // A client that waits for its answer is still served.
        send(&trust, "k-3", "", None, csv(&children("A", 5))).await.expect(201);
        cancel(&trust, &place).await.expect(200);
        until("there is room again", async || {
            send(&trust, "k-2", "", Some("respond-async"), csv(&children("A", 5))).await.status == 202
        })
        .await;
    }

    async fn a_gateway_that_is_stopped_ends_what_it_has_answered(world: World) {
        let trust = trust(&world).await;
        let place = begin(&trust, "k-1", "", many()).await;
        let world = world.restart().await;
        let trust = super::trust(&world).await;
        let report = trust.get(&place).await.expect(200);
        assert_eq!((&report["status"], counts(&report)[1]), (&"accepted".into(), u64::from(MANY)));
    }
}

async fn what_a_dead_gateway_left_is_ended(database: Database) {
    let mut process = Process::start(database).await;
    let trust = process.persona("provider-hct").signed_in().await;
    let place = begin(&trust, "k-1", "&mode=snapshot", endless()).await;
    until("it is in the middle", async || trust.get(&place).await.expect(200)["progress"]["records_read"] != 0).await;
    process.kill();
    process.serve().await;
    let trust = process.persona("provider-hct").signed_in().await;
    // Several gateways wait until they are sure; a single gateway knows at once.
    if database == Database::Sqlite {
        assert_eq!(trust.get(&place).await.expect(200)["status"], "failed");
    }
    let report = finish(&trust, &place).await;
    assert_eq!((&report["status"], &report["problem"]["type"]), (&"failed".into(), &"/problems/interrupted".into()));
    assert!(entries(&trust, "").await.is_empty());
    // The file can be sent again under the same key.
    let again = begin(&trust, "k-1", "&mode=snapshot", csv(&children("A", 30))).await;
    assert_eq!(finish(&trust, &again).await["status"], "accepted");
    assert_eq!(entries(&trust, "").await.len(), 30);
    assert_eq!(trust.get(&place).await.expect(200)["status"], "failed");
}

mod what_was_worked_on_when_a_gateway_was_killed_is_shown_as_failed {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        what_a_dead_gateway_left_is_ended(Database::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        what_a_dead_gateway_left_is_ended(Database::Postgres).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cancelled_while_it_is_being_published_is_not_published() {
    // Only on PostgreSQL: SQLite has one writer, so the two cannot overlap.
    let world = World::start(Database::Postgres).await;
    let trust = trust(&world).await;
    trust.push_csv("list=autism", csv(&children("A", 3))).await.expect(201);
    let mut holder = PgConnection::establish(world.database_url()).unwrap();
    holder.batch_execute("BEGIN; SELECT 1 FROM list FOR UPDATE").unwrap();
    // Without a key, since losing its key would also stop the work.
    let call = trust.call(Method::POST, "/v1/waiting-list/submissions?format=csv&list=autism").header("content-type", "text/csv");
    let answer = call.header("prefer", "respond-async").body(csv(&children("B", 5))).send().await;
    answer.expect(202);
    let place = answer.header("location").unwrap();
    until("all of it is read, and waits for its list", async || {
        trust.get(place).await.expect(200)["progress"]["records_read"] == 5 && something_waits(&mut holder)
    })
    .await;
    assert_eq!(cancel(&trust, place).await.expect(200)["status"], "cancelled");
    holder.batch_execute("COMMIT").unwrap();
    // The list is free once the first publication has ended.
    trust.push_csv("list=autism", csv(&children("A", 3))).await.expect(201);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(entries(&trust, "").await.len(), 3);
    assert_eq!(trust.get(place).await.expect(200)["status"], "cancelled");
}
