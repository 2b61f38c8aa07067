//! Acknowledged submissions survive whatever happens to the gateway; others are there whole or not at all.
//! The real binary is killed (SIGKILL) while several clients send.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use integration_tests::{Database, Process, until};

use super::*;

const KILLS: u64 = 10;
const CLIENTS: u64 = 3;
const ROWS: usize = 250;

/// A submission that was sent: its own list, and the report if there was an answer.
#[derive(Clone)]
struct Sent {
    list: String,
    report: Option<Value>,
}

/// Numbers that look random and are the same in each run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) % most
    }
}

/// Sends one list after another until the gateway is gone.
async fn send_until_it_is_gone(trust: Persona, word: String, sent: Arc<Mutex<Vec<Sent>>>) {
    for at in 0.. {
        let list = format!("{word}-{at}");
        let rows = (0..ROWS).map(|row| Row::waiting(format!("{list}-{row}"), u32::try_from(row).unwrap() + 1));
        let file = csv(&rows.collect::<Vec<_>>());
        let path = format!("/v1/waiting-list/submissions?format=csv&mode=snapshot&list={list}");
        let call = trust.call(reqwest::Method::POST, &path).header("content-type", "text/csv").header("idempotency-key", &list);
        let answer = call.body(file).try_send().await;
        let report = answer.as_ref().ok().map(|answer| answer.expect(201));
        sent.lock().unwrap().push(Sent { list, report });
        if answer.is_err() {
            return;
        }
    }
}

/// Checks a submission, and answers whether it was taken.
async fn look_at(trust: &Persona, sent: &Sent, reports: &[Value]) -> bool {
    let held = entries(trust, &format!("list={}", sent.list)).await;
    assert!(held.is_empty() || held.len() == ROWS, "{} of {ROWS} records of {} are there", held.len(), sent.list);
    assert!(held.values().all(|entry| entry["flow"] == "flowed"), "{}", sent.list);
    let found: Vec<_> = reports.iter().filter(|report| report["list"] == sent.list).collect();
    assert_eq!(found.len(), usize::from(!held.is_empty()), "the report and the records of {} do not agree", sent.list);
    if let Some(report) = &sent.report {
        assert_eq!(held.len(), ROWS, "{} was acknowledged and is lost", sent.list);
        let path = format!("/v1/submissions/{}", report["id"].as_str().unwrap());
        assert_eq!(&trust.get(&path).await.expect(200), report);
    }
    !held.is_empty()
}

async fn all_reports(trust: &Persona) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = trust.get(&format!("/v1/submissions?limit=500{after}")).await.expect(200);
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { return found };
        after = format!("&after={next}");
    }
}

async fn what_is_acknowledged_outlives_the_gateway(database: Database) {
    let mut process = Process::start(database).await;
    let mut chance = Chance(7);
    let (mut everything, mut acknowledged, mut unanswered) = (Vec::new(), 0, 0);
    for kill in 0..KILLS {
        let sent = Arc::new(Mutex::new(Vec::<Sent>::new()));
        let trust = process.persona("provider-hct").signed_in().await;
        let token = trust.token();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| tokio::spawn(send_until_it_is_gone(trust.clone(), format!("k{kill}-c{client}"), Arc::clone(&sent))))
            .collect();
        until("something is acknowledged", async || sent.lock().unwrap().iter().any(|sent| sent.report.is_some())).await;
        tokio::time::sleep(Duration::from_millis(50 + chance.below(300))).await;
        process.kill();
        for client in clients {
            client.await.unwrap();
        }
        process.serve().await;

        // A token is good after its gateway's restart.
        let trust = process.persona("provider-hct").with_token(token.as_deref());
        let sent = sent.lock().unwrap().clone();
        let reports = all_reports(&trust).await;
        // Checks what had no answer, and what was acknowledged last; the rest is checked at the end.
        let (answered, broken): (Vec<_>, Vec<_>) = sent.iter().partition(|sent| sent.report.is_some());
        for sent in broken.iter().chain(answered.iter().rev().take(3)) {
            look_at(&trust, sent, &reports).await;
        }
        acknowledged += answered.len() as u64;
        unanswered += broken.len() as u64;
        everything.extend(sent);
    }
    assert!(acknowledged >= KILLS && unanswered >= KILLS, "{acknowledged} acknowledged and {unanswered} unanswered show too little");

    // No later kill removed anything that was there before, and what was not taken can be
    // sent again.
    let trust = process.persona("provider-hct").signed_in().await;
    let reports = all_reports(&trust).await;
    let mut taken = 0;
    for sent in &everything {
        taken += usize::from(look_at(&trust, sent, &reports).await);
    }
    assert_eq!(reports.len(), taken, "there are reports of what nobody sent");
    let lost = everything.iter().find(|sent| reports.iter().all(|report| report["list"] != sent.list));
    if let Some(lost) = lost {
        let rows: Vec<_> = (0..ROWS).map(|row| Row::waiting(format!("{}-{row}", lost.list), u32::try_from(row).unwrap() + 1)).collect();
        let report = trust.push_csv(&format!("mode=snapshot&list={}", lost.list), csv(&rows)).await.expect(201);
        assert_eq!(counts(&report)[4], ROWS as u64);
    }
}

mod what_is_acknowledged_outlives_a_gateway_that_is_killed {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite() {
        what_is_acknowledged_outlives_the_gateway(Database::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn postgres() {
        what_is_acknowledged_outlives_the_gateway(Database::Postgres).await;
    }
}
