//! Random histories of children under several identifiers, each step at any of the gateways. After every step, everything
//! that can be read is compared with a model of the rules, and in the end so is the audit log.

use std::collections::{BTreeMap, BTreeSet};

use domain::{IdentifierMerge, KeyPurpose, SubmittedEntry, SubmittedRecord};
use futures_util::future::join_all;
use integration_tests::{Chooser, Database, short_or_whole};
use server::Gateway;

use super::models::{Decision, Doubt, Model, Name, Row, Word};
use super::*;
use crate::messages::{push, reference};

/// Histories on each database, half of them under each kind of agreement, and the steps of each.
fn sizes() -> (usize, usize) {
    short_or_whole((20, 25), (160, 60))
}

/// Fixed, so that every run tries the same histories.
const SEED: u64 = 20_261_201;

/// The children of a history have a UPN and an NHS number each, and there is a number more.
const UPNS: usize = 3;
const NUMBERS: usize = 4;
/// A child whose row is right in every list, so that no list is empty.
const ANYBODY: u16 = 900;
/// The most referrals that are ever sent under one number.
const REFERRALS: usize = 8;

/// The partners' systems at one gateway.
struct Office {
    council: Persona,
    trust: Persona,
    guardian: Persona,
}

impl Office {
    async fn at(world: &World, gateway: &Gateway) -> Self {
        let sign_in = async |client: &str| world.persona_at(client, gateway).signed_in().await;
        Self { council: sign_in("council-herts").await, trust: sign_in("provider-hct").await, guardian: sign_in("guardian-hct").await }
    }
}

fn reference_of(name: Name) -> Value {
    match name {
        Name::Upn(nth) => by_upn(nth),
        Name::Number(nth) => child(&number(nth)),
    }
}

/// Who acts in step `at`, as the audit log keeps it.
fn actor(at: usize) -> String {
    format!(r#"id="step-{at}", role="system", reason="history""#)
}

async fn say(persona: &Persona, at: usize, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let call = persona.call(method, path).actor(&actor(at));
    match body {
        Some(body) => call.json(body).send().await,
        None => call.send().await,
    }
}

/// What happened. It is printed if the test fails.
struct Story {
    seed: u64,
    told: Vec<String>,
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}:\n{}", self.seed, self.told.join("\n"));
        }
    }
}

struct History<'a> {
    world: &'a World,
    offices: &'a [Office],
    chooser: Chooser,
    story: Story,
    model: Model,
    names: Vec<Name>,
    /// The ids of each identifier with the council and with the trust.
    ids: BTreeMap<Name, [String; 2]>,
    matches: BTreeMap<(Name, Name), String>,
    /// The referrals that were ever sent, each with the number that it was first sent under.
    referrals: BTreeMap<u64, usize>,
    nth: usize,
    at: &'a mut usize,
    /// How many of the council's readings of one child showed something, by their step.
    shown: &'a mut BTreeMap<usize, usize>,
}

impl<'a> History<'a> {
    fn office(&mut self) -> &'a Office {
        self.chooser.one_of(self.offices).unwrap()
    }

    fn name(&mut self) -> Name {
        self.chooser.one_of(self.names.clone()).unwrap()
    }

    fn number(&mut self) -> usize {
        self.nth * NUMBERS + self.chooser.below(NUMBERS)
    }

    fn tell(&mut self, what: &str) {
        *self.at += 1;
        self.story.told.push(format!("{:4} {what}", self.at));
    }

    async fn begin(&mut self) {
        for name in self.names.clone() {
            let office = self.office();
            let body = reference_of(name);
            self.ids.insert(name, [child_id(&office.council, &body).await, child_id(&office.trust, &body).await]);
        }
        for nth in 0..NUMBERS - 1 {
            self.send(self.nth * NUMBERS + nth, None).await;
        }
    }

    /// Takes a random step.
    async fn step(&mut self) {
        match self.chooser.below(25) {
            0..4 => self.state().await,
            4..9 => self.decide().await,
            9 => self.join_and_undo().await,
            10 => self.take_back().await,
            11..15 => self.family_decides().await,
            15..17 => self.withdraw().await,
            17 => self.restrict().await,
            18..20 => self.lift().await,
            20 => self.erase().await,
            21..23 => {
                let (under, again) = (self.number(), self.chooser.whether());
                let again = if again {
                    self.chooser.one_of(self.referrals.iter().filter(|(_, of)| **of == under).map(|(waited, _)| *waited))
                } else {
                    None
                };
                self.send(under, again).await;
            }
            _ => self.merge().await,
        }
    }

    /// The council's list pairs the children's identifiers, mostly right.
    async fn state(&mut self) {
        let mut rows: Vec<Row> = Vec::new();
        for nth in 0..UPNS + 1 {
            let own = if nth < UPNS { nth } else { self.chooser.below(UPNS) };
            if self.chooser.below(4) == 0 || (nth == UPNS && self.chooser.whether()) {
                continue;
            }
            let is_right = self.chooser.below(4) > 0;
            let other = if is_right && nth < UPNS { self.nth * NUMBERS + own } else { self.number() };
            let (upn, number) = (Name::Upn(u16::try_from(self.nth * UPNS + own).unwrap()), Name::Number(other));
            let traced = self.chooser.whether();
            if !rows.iter().any(|row| (row.upn, row.number) == (upn, number)) {
                rows.push(Row { upn, number, traced });
            }
        }
        self.tell(&format!("the council states {rows:?}"));
        let sound = self.model.restate(&rows);
        let line = |row: &Row| {
            let (Name::Upn(upn_of), Name::Number(of)) = (row.upn, row.number) else { unreachable!() };
            format!("{},{},{BORN},{}\n", number(of), upn(upn_of), if row.traced { "01" } else { "" })
        };
        let text: String = [HEADER.to_owned(), pair(ANYBODY, "")].into_iter().chain(rows.iter().map(line)).collect();
        let council = &self.office().council;
        let path = format!("/v1/children/identifiers?as_of={}&confirm=shrink", today());
        let call = council.call(Method::PUT, &path).actor(&actor(*self.at)).header("content-type", "text/csv");
        let report = call.body(text).send().await.expect(200);
        assert_eq!(report["records"]["accepted"], sound.len() + 1, "{report}");
        // The council is told of a match by its own identifier alone, of which the list names one other at the most.
        for told in matches(council, "?limit=500").await {
            let id = told["id"].as_str().unwrap();
            let row = sound.iter().find(|row| reference_of(row.upn)["upn"] == told["own"]["upn"]);
            if let Some(row) = row.filter(|_| !self.matches.values().any(|known| known == id)) {
                self.matches.insert((row.upn, row.number), id.to_owned());
            }
        }
    }

    /// The trust decides about any match that there ever was.
    async fn decide(&mut self) {
        let Some((pair, id)) = self.chooser.one_of(self.matches.clone()) else { return };
        let decision = self.chooser.one_of(["join", "join", "keep-apart", "undo"]).unwrap();
        self.decide_about(pair, &id, decision).await;
    }

    async fn decide_about(&mut self, pair: (Name, Name), id: &str, decision: &str) {
        self.tell(&format!("the trust decides about {pair:?}: {decision}"));
        let path = format!("/v1/children/matches/{id}/decision");
        let body = json!({ "decision": decision, "reason": "r" });
        let answer = say(&self.office().trust, *self.at, Method::POST, &path, Some(&body)).await;
        let before = self.model.claims.get(&pair).copied().filter(|_| self.model.holds(pair.1));
        let Some(before) = before else {
            answer.expect_problem(404, "not-found");
            return;
        };
        let after = before.decided(decision);
        self.model.claims.insert(pair, after);
        assert_eq!(answer.expect(200)["state"] == "joined", self.model.joins(&after));
    }

    /// An undone join leaves what was before it.
    async fn join_and_undo(&mut self) {
        let is_open = |pair: &(Name, Name), model: &Model| {
            model.holds(pair.1) && model.claims.get(pair).is_some_and(|claim| (claim.word, claim.doubt) == (Word::Nobody, Doubt::None))
        };
        let open = self.matches.clone().into_iter().filter(|(pair, _)| is_open(pair, &self.model));
        let Some((pair, id)) = self.chooser.one_of(open) else { return };
        let before = self.model.clone();
        self.decide_about(pair, &id, "join").await;
        self.look().await;
        self.decide_about(pair, &id, "undo").await;
        assert_eq!(self.model, before);
    }

    /// The council takes a match back.
    async fn take_back(&mut self) {
        let Some((pair, id)) = self.chooser.one_of(self.matches.clone()) else { return };
        self.tell(&format!("the council takes {pair:?} back"));
        let path = format!("/v1/children/matches/{id}/decision");
        let body = json!({ "decision": "undo", "reason": "r" });
        say(&self.office().council, *self.at, Method::POST, &path, Some(&body)).await.expect(200);
        self.model.claims.remove(&pair);
    }

    async fn family_decides(&mut self) {
        let (under, permits) = (self.name(), self.chooser.below(5) > 0);
        self.tell(&format!("the family decides under {under:?}: {permits}"));
        let mut body = permission(&number(0), &["autism"]);
        body["child"] = reference_of(under);
        body["decision"] = json!(if permits { "permit" } else { "deny" });
        let made = say(&self.office().council, *self.at, Method::POST, "/v1/consents", Some(&body)).await.expect(201);
        self.model.decisions.push(Decision { id: made["id"].as_str().unwrap().to_owned(), under, permits });
    }

    async fn withdraw(&mut self) {
        // A denial first: as long as it is there, there is little to see.
        let denied = self.model.decisions.iter().filter(|one| !one.permits).cloned();
        let Some(one) = self.chooser.one_of(denied).or_else(|| self.chooser.one_of(self.model.decisions.clone())) else { return };
        self.tell(&format!("the family withdraws {one:?}"));
        let path = format!("/v1/consents/{}/withdrawal", one.id);
        say(&self.office().council, *self.at, Method::POST, &path, Some(&json!({ "reason": "r" }))).await.expect(200);
        self.model.decisions.retain(|other| *other != one);
    }

    async fn restrict(&mut self) {
        let (under, kind) = (self.name(), self.chooser.one_of(["court-order", "safeguarding"]).unwrap());
        self.tell(&format!("the guardian sets {kind} under {under:?}"));
        let path = format!("/v1/children/{}/restrictions", self.ids[&under][1]);
        let set =
            say(&self.office().guardian, *self.at, Method::POST, &path, Some(&json!({ "kind": kind, "reason": "r" }))).await.expect(201);
        self.model.restrictions.push((set["id"].as_str().unwrap().to_owned(), under));
    }

    async fn lift(&mut self) {
        let Some(one) = self.chooser.one_of(self.model.restrictions.clone()) else { return };
        self.tell(&format!("the guardian lifts what stands under {:?}", one.1));
        let path = format!("/v1/restrictions/{}/lifting", one.0);
        say(&self.office().guardian, *self.at, Method::POST, &path, Some(&json!({ "reason": "r" }))).await.expect(200);
        self.model.restrictions.retain(|other| *other != one);
    }

    async fn erase(&mut self) {
        let under = self.name();
        let retired = self.model.erased_with(under).iter().any(|name| self.model.retired.contains_key(name));
        let future = !retired && self.chooser.below(4) == 0;
        self.erase_under(under, future).await;
    }

    async fn erase_under(&mut self, under: Name, future: bool) {
        self.tell(&format!("the trust erases what it holds under {under:?}, and bars what is to come: {future}"));
        let path = format!("/v1/children/{}/erasures", self.ids[&under][1]);
        let body = json!({ "data": ["waiting-list-status"], "future": future, "reason": "r", "decided_by": "dpo" });
        say(&self.office().trust, *self.at, Method::POST, &path, Some(&body)).await.expect(201);
        self.model.erase(under, future);
    }

    /// The trust sends a referral, a new one or one that it sent before.
    async fn send(&mut self, under: usize, again: Option<u64>) {
        let sent = self.referrals.values().filter(|of| **of == under).count();
        let waited = again.unwrap_or_else(|| u64::try_from(1 + (under % NUMBERS) * REFERRALS + sent).unwrap());
        if again.is_none() && sent == REFERRALS {
            return;
        }
        self.referrals.insert(waited, under);
        self.tell(&format!("the trust sends {waited} under {under}, again: {}", again.is_some()));
        let (received, began) = (days_ago(100), days_ago(waited));
        let row = format!("H{}-{waited},{},01,{BORN},autism,{received},waiting,assessment,{began}\n", self.nth, number(under));
        let report = self.office().trust.push_csv("list=all", list([row])).await.expect(201);
        let is_taken = self.model.send(waited, Name::Number(under));
        assert_eq!(report["records"]["rejected"], u64::from(!is_taken), "{report}");
    }

    /// A message of the trust retires a number.
    async fn merge(&mut self) {
        let (from, to) = (self.number(), self.number());
        if from == to {
            return;
        }
        self.tell(&format!("the trust retires {from} for {to}"));
        let retired = vec![reference(from).identifier];
        let record = SubmittedRecord { child: reference(to), entry: SubmittedEntry::Merge(IdentifierMerge { retired }) };
        let mut body = Vec::new();
        adapters::write_hl7v2(&[record], "RY4".parse().unwrap(), today(), &mut body).unwrap();
        let report = push(&self.office().trust, "list=all", body).await.expect(201);
        let is_moved = self.model.merge(Name::Number(from), Name::Number(to));
        assert_eq!(report["records"]["merged"], u64::from(is_moved), "{report}");
    }

    /// Reads all that the council and the trust can, at any gateway, and compares it with the model.
    async fn look(&mut self) {
        *self.at += 1;
        let at = *self.at;
        let mut readings = Vec::new();
        let mut expected = Vec::new();
        for name in self.names.clone() {
            let [council, trust] = self.ids[&name].clone().map(|id| format!("/v1/children/{id}/waits"));
            let office = self.office();
            readings.push((&office.council, council));
            readings.push((&office.trust, trust));
            expected.push((format!("the council by {name:?}"), self.model.council_sees(name)));
            expected.push((format!("the trust by {name:?}"), self.model.trust_sees(name)));
        }
        let shown = expected.iter().step_by(2).filter(|(_, seen)| !seen.is_empty()).count();
        self.shown.insert(at, shown);
        readings.push((&self.office().council, "/v1/waiting-list/entries?organisation=RY4&limit=500".to_owned()));
        expected.push(("the council in the list".to_owned(), self.model.listed()));
        let answers = join_all(readings.iter().map(|(persona, path)| say(persona, at, Method::GET, path, None))).await;
        for (answer, (who, expected)) in answers.iter().zip(expected) {
            let found: BTreeSet<u64> = if answer.status == 404 {
                BTreeSet::new()
            } else {
                let body = answer.expect(200);
                let rows = body["waits"].as_array().or(body["items"].as_array()).unwrap();
                rows.iter().map(|row| row["stage_wait"]["days"].as_u64().unwrap()).collect()
            };
            assert_eq!(found, expected, "after {at}, {who}: {:#?}", self.model);
        }
    }

    /// Leaves nothing for the next history.
    async fn end(&mut self) {
        while let Some(under) = self.model.held.values().next().copied() {
            self.erase_under(under, false).await;
        }
        self.look().await;
    }
}

/// In the order of the log, no step comes before one that was answered before it, and each reading showed as much as the
/// rules said at its step: so nothing is shown after the entry of what forbids it.
fn replay(log: &[Value], shown: &BTreeMap<usize, usize>) {
    let (mut last, mut found) = (0, BTreeMap::<usize, usize>::new());
    for leaf in log {
        let Some(at) = leaf["actor"]["id"].as_str().and_then(|id| id.strip_prefix("step-")) else { continue };
        let at: usize = at.parse().unwrap();
        assert!(at >= last, "step {at} comes after step {last}: {leaf}");
        last = at;
        if leaf["operation"] == "get_waits" && leaf["client"] == "council-herts" {
            *found.entry(at).or_default() += usize::from(leaf["outcome"] == "permitted");
        }
    }
    assert_eq!(&found, shown);
}

async fn offices(world: &World, replica: Option<&Gateway>) -> Vec<Office> {
    let mut offices = Vec::new();
    for gateway in std::iter::once(&world.gateway).chain(replica) {
        offices.push(Office::at(world, gateway).await);
    }
    offices
}

async fn replica_of(world: &World) -> Option<Gateway> {
    match world.database() {
        Database::Sqlite => None,
        Database::Postgres => Some(world.replica().await),
    }
}

on_both! {
    async fn whatever_happens_is_seen_by_each_identifier_as_the_rules_say(world: World) {
        world.grant("provider-hct", "waiting-list:write waiting-list:read advice:respond rights:write").await;
        let replica = replica_of(&world).await;
        let offices = offices(&world, replica.as_ref()).await;
        let (histories, steps) = sizes();
        let (mut at, mut shown) = (0, BTreeMap::new());
        for nth in 0..histories {
            if nth == histories / 2 {
                change(&world, "verified_by = \"holder\"", "verified_by = \"either\"").await;
            }
            let seed = SEED + nth as u64;
            let upns = (nth * UPNS..(nth + 1) * UPNS).map(|nth| Name::Upn(u16::try_from(nth).unwrap()));
            let numbers = (nth * NUMBERS..(nth + 1) * NUMBERS).map(Name::Number);
            let mut history = History {
                world: &world,
                offices: &offices,
                chooser: Chooser::new(seed),
                story: Story { seed, told: Vec::new() },
                model: Model { believes_council: nth >= histories / 2, ..Model::default() },
                names: upns.chain(numbers).collect(),
                ids: BTreeMap::new(),
                matches: BTreeMap::new(),
                referrals: BTreeMap::new(),
                nth,
                at: &mut at,
                shown: &mut shown,
            };
            history.begin().await;
            for step in 0..steps {
                // Once, in the midst of it all, the keys change by which identifiers are looked up.
                if (nth, step) == (histories / 4, steps / 2) {
                    history.tell("the look-up keys change");
                    history.world.rotate(Some(KeyPurpose::LookUp), false).await.unwrap();
                }
                history.step().await;
                history.look().await;
            }
            history.end().await;
        }
        assert!(shown.values().sum::<usize>() > histories * steps / 4, "next to nothing was shown");
        replay(&world.audit_log().await, &shown);
    }
}

/// Rounds of the race.
fn races() -> usize {
    short_or_whole(20, 500)
}

/// Readers at both gateways, by both identifiers, while the trust says that these are two children.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_shown_after_the_entry_that_keeps_two_identifiers_apart() {
    let world = World::start(Database::Postgres).await;
    let (trust, council) = with_permission(&world).await;
    stated(&council, [pair(0, "01")]).await;
    let id = matches(&trust, "").await[0]["id"].clone();
    let replica = world.replica().await;
    let councils = [council, world.persona_at("council-herts", &replica).signed_in().await];
    let trusts = [trust, world.persona_at("provider-hct", &replica).signed_in().await];
    let waits = [child(&number(0)), by_upn(0)].map(async |body| format!("/v1/children/{}/waits", child_id(&councils[0], &body).await));
    let waits = join_all(waits).await;
    let path = format!("/v1/children/matches/{}/decision", id.as_str().unwrap());
    let mut seen = 0;
    for round in 0..races() {
        let at = round + 1;
        decide(&trusts[round % 2], &id, "join").await.expect_status(200);
        let reader = async |council: &Persona, path: &str| {
            let mut seen = 0;
            // Until it is refused twice: the second time, the decision was answered or is about to be.
            let mut refused = 0;
            while refused < 2 {
                let status = say(council, at, Method::GET, path, None).await.status;
                assert!([200, 404].contains(&status), "{status}");
                if status == 200 { seen += 1 } else { refused += 1 }
            }
            seen
        };
        let readers = join_all(
            councils.iter().flat_map(|council| waits.iter().map(move |path| (council, path))).map(|(council, path)| reader(council, path)),
        );
        let apart = json!({ "decision": "keep-apart", "reason": "r" });
        let decided = async {
            tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(round % 10).unwrap() * 3)).await;
            say(&trusts[(round + 1) % 2], at, Method::POST, &path, Some(&apart)).await.expect(200)
        };
        let (read, decided) = tokio::join!(readers, decided);
        assert_eq!(decided["state"], "in-error");
        seen += read.iter().sum::<usize>();
        for (council, path) in councils.iter().flat_map(|council| waits.iter().map(move |path| (council, path))) {
            say(council, at, Method::GET, path, None).await.expect_status(404);
        }
    }
    assert!(seen > races(), "the readers saw next to nothing: {seen}");
    let mut apart = BTreeSet::new();
    for leaf in world.audit_log().await {
        let Some(round) = leaf["actor"]["id"].as_str().and_then(|id| id.strip_prefix("step-")).map(str::to_owned) else { continue };
        match leaf["operation"].as_str().unwrap() {
            "decide_match" => assert!(apart.insert(round)),
            "get_waits" => assert!(leaf["outcome"] != "permitted" || !apart.contains(&round), "shown after it was kept apart: {leaf}"),
            _ => {}
        }
    }
    assert_eq!(apart.len(), races());
}
