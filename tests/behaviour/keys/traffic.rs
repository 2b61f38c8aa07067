//! Partners that do everything they can, all the time, at several gateways.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use integration_tests::records::{BORN, child, list, number, permission, row};
use integration_tests::{Answer, Persona, World};
use reqwest::Method;
use serde_json::{Value, json};
use server::Gateway;
use tokio::task::JoinHandle;

/// The first number of the traffic's own children.
const FIRST: usize = 5_000;

/// Partners that keep calling.
pub(super) struct Traffic {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<Vec<String>>>,
}

struct Partners {
    council: Persona,
    trust: Persona,
    at: usize,
    failures: Vec<String>,
}

impl Traffic {
    /// Makes the same calls at each gateway, with the same children at the same time. `advice` is the path
    /// of an answered request's advice.
    pub(super) fn start(world: &World, gateways: &[&Gateway], seen: usize, advice: &str) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = Vec::new();
        for (at, gateway) in gateways.iter().enumerate() {
            let (council, trust) = (world.persona_at("council-herts", gateway), world.persona_at("provider-hct", gateway));
            let (stop, rounds, advice) = (Arc::clone(&stop), Arc::clone(&rounds), advice.to_owned());
            tasks.push(tokio::spawn(async move {
                let (council, trust) = (council.signed_in().await, trust.signed_in().await);
                let mut partners = Partners { council, trust, at, failures: Vec::new() };
                let mut round = 0;
                while !stop.load(Ordering::SeqCst) {
                    partners.go_round(round, seen, &advice).await;
                    round += 1;
                    rounds.fetch_max(round, Ordering::SeqCst);
                }
                partners.failures
            }));
        }
        Self { stop, rounds, tasks }
    }

    /// Stops the traffic, checks that nothing failed, and answers how many children it made known.
    pub(super) async fn stop(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        let mut failures = Vec::new();
        for task in self.tasks {
            failures.extend(task.await.unwrap());
        }
        assert_eq!(failures, [""; 0]);
        let rounds = self.rounds.load(Ordering::SeqCst);
        assert!(rounds > 3, "there was traffic: {rounds} rounds");
        rounds * 3
    }

    pub(super) fn rounds(&self) -> usize {
        self.rounds.load(Ordering::SeqCst)
    }
}

impl Partners {
    fn check(&mut self, what: &str, answer: &Answer, status: u16) -> Value {
        if answer.status == status {
            return serde_json::from_str(&answer.text).unwrap_or_default();
        }
        self.failures.push(format!("{what}: {} {}", answer.status, answer.text));
        Value::Null
    }

    async fn go_round(&mut self, round: usize, seen: usize, advice: &str) {
        // A new token in each round, so that every signing key is used.
        let form = |id: &'static str| [("grant_type", "client_credentials"), ("client_id", id)];
        for persona in [&mut self.council, &mut self.trust] {
            let id = if persona.client_id == "council-herts" { "council-herts" } else { "provider-hct" };
            let answer = persona.ask_for_token(&form(id)).await;
            if answer.status == 200 {
                *persona = persona.clone().with_token(answer.json()["access_token"].as_str());
            } else {
                self.failures.push(format!("a token: {} {}", answer.status, answer.text));
            }
        }
        let children: Vec<String> = (0..3).map(|nth| number(FIRST + round * 3 + nth)).collect();
        let rows = children.iter().enumerate().map(|(nth, number)| row(&format!("T{}-{round}-{nth}", self.at), number, "01", "autism"));
        let pushed = self.trust.push_csv(&format!("list=traffic-{}", self.at), list(rows)).await;
        let report = self.check("a push", &pushed, 201);
        if report["records"]["opened"] != 3 {
            self.failures.push(format!("three are new: {report}"));
        }
        for number in &children {
            let consented = self.council.post("/v1/consents", &permission(number, &["autism"])).await;
            self.check("a consent", &consented, 201);
        }
        let new = self.waits_of(&children[0]).await;
        if !(1..=2).contains(&new) {
            self.failures.push(format!("{new} waits of a child that is on two lists at the most"));
        }
        if self.waits_of(&number(round % seen)).await != 1 {
            self.failures.push(format!("round {round}: a child of before is not found as it was"));
        }
        let pulled = self.council.get(advice).await;
        if self.check("advice", &pulled, 200)["needs"] != "needs" {
            self.failures.push("the advice is another".to_owned());
        }
    }

    async fn waits_of(&mut self, number: &str) -> usize {
        let searched = self.council.post("/v1/children/search", &child(number)).await;
        let found = self.check("a search", &searched, 200);
        let path = format!("/v1/children/{}/waits", found["child_id"].as_str().unwrap_or_default());
        let waits = self.council.get(&path).await;
        let waits = self.check("waits", &waits, 200);
        waits["waits"].as_array().map_or(0, Vec::len)
    }
}

/// Sends a list of children, their families' permissions, and an answered request for advice.
/// Answers the path of the advice.
pub(super) async fn lay_out(world: &World, children: usize) -> String {
    let (council, trust) = (world.persona("council-herts").signed_in().await, world.persona("provider-hct").signed_in().await);
    trust.push_csv("list=before", before(children)).await.expect_status(201);
    for nth in 0..children {
        council.post("/v1/consents", &permission(&number(nth), &["autism"])).await.expect_status(201);
    }
    let body = json!({
        "child": child(&number(0)), "case_reference": "C-1", "addressed_to": "RY4", "role": "designated-clinical-officer",
        "kinds": ["autism"]
    });
    let made = council.post("/v1/advice-requests", &body).await.expect(201);
    let advice = format!("/v1/advice-requests/{}/advice", made["id"].as_str().unwrap());
    let body = json!({ "needs": "needs", "provision": "provision", "outcomes": "outcomes", "author_role": "author" });
    trust.put(&advice, &body).await.expect_status(200);
    advice
}

/// The list that was sent before anything changed.
pub(super) fn before(children: usize) -> String {
    list((0..children).map(|nth| row(&format!("B-{nth}"), &number(nth), "01", "autism")))
}

pub(super) async fn push_case(council: &Persona) -> Value {
    let xml = council.call(Method::POST, "/v1/ehcp/submissions").header("content-type", "application/xml");
    xml.body(integration_tests::records::sen2("Example", BORN, "M919200016001", "ZZ99 3CZ")).send().await.expect(201)
}
