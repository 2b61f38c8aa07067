//! What is held: objects of every kind and of several owners, and the marks by which each would be known
//! again in an answer, with those who may see them.

use std::collections::BTreeMap;

use chrono::Days;
use domain::upns::Upn;
use integration_tests::records::{BORN, advice_request, days_ago, number, permission, sen2};
use integration_tests::{GUARDIAN, Persona, World, today};
use reqwest::Method;
use serde_json::{Value, json};

use super::partners::{ENDED, ESSEX, HERTS, Partner, end_agreements};

/// What an id can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Submission,
    Consent,
    Restriction,
    Override,
    Erasure,
    Dispute,
    Hold,
    Case,
    Request,
    Release,
    /// A referral as FHIR names it: one id for each organisation that is shown it.
    Referral,
}

/// What somebody can be to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The one organisation, or for a submission the one client, that it is of.
    Owner,
    /// The council of an advice request.
    Asker,
    /// The health body that it is addressed to.
    Addressee,
}

/// One object. The agreement that its sides stand in may have ended.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) sides: Vec<(Side, &'static str)>,
    pub(super) has_ended: bool,
    /// The number of the child that it is about, where lists by child show it.
    pub(super) about: Option<usize>,
}

/// A text that may be shown to the organisations and clients that are named, and to nobody else; in the
/// audit log, to some more.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) text: String,
    pub(super) seers: Vec<String>,
    pub(super) in_log: Vec<&'static str>,
}

/// The children that somebody holds; the last of the numbers is held by nobody.
pub(super) const CHILDREN: usize = 9;
pub(super) const UNHELD: usize = 50;

/// Who sends rows about which child: the organisation, its sender, the child and the pathway.
const ROWS: [(&str, &str, usize, &str); 9] = [
    ("RY4", "provider-hct", 0, "autism"),
    ("RWR", "icb-central-east", 0, "adhd"),
    ("RY4", "provider-hct", 1, "autism"),
    ("RWR", "system-rwr", 2, "autism"),
    ("RY4", "provider-hct", 3, "autism"),
    ("RWH", "system-rwh", 4, "adhd"),
    ("RQW", "icb-central-east", 5, "autism"),
    ("RY4", "provider-hct", 8, "autism"),
    ("R1L", "stranger", 7, "autism"),
];

/// Whose rows about a child somebody sees besides its own, once everything below is decided.
const SEEN: [(&str, usize, &str); 5] = [(HERTS, 0, "RY4"), (HERTS, 0, "RWR"), (HERTS, 4, "RWH"), (ESSEX, 2, "RWR"), (ESSEX, 5, "RQW")];

/// The organisations whose rows about a child an organisation is shown.
pub(super) fn shown(organisation: &str, child: usize) -> Vec<&'static str> {
    let own = ROWS.iter().filter(|(holder, _, of, _)| *of == child && *holder == organisation).map(|row| row.0);
    let others = SEEN.iter().filter(|(seer, of, _)| *of == child && *seer == organisation).map(|seen| seen.2);
    own.chain(others).collect()
}

/// How many rows of a holder's an organisation is shown.
pub(super) fn entries_shown(organisation: &str, holder: &str) -> usize {
    let own = ROWS.iter().filter(|row| row.0 == holder && holder == organisation).count();
    own + SEEN.iter().filter(|seen| seen.0 == organisation && seen.2 == holder).count()
}

pub(super) struct Held {
    pub(super) objects: Vec<Object>,
    pub(super) marks: Vec<Mark>,
    /// Each organisation's ids for the children, by their numbers.
    pub(super) child_ids: BTreeMap<&'static str, BTreeMap<usize, String>>,
    /// The second page of each list, by whom it was given to: operation, organisation, cursor.
    pub(super) cursors: Vec<(&'static str, &'static str, String)>,
    partners: BTreeMap<String, Persona>,
}

/// The name of the list that a row comes in.
pub(super) fn list_name(organisation: &str, child: usize) -> String {
    format!("list-{}-{child}", organisation.to_lowercase())
}

/// A right UPN with these digits.
fn upn(digits: &str) -> String {
    ('A'..='Z').map(|letter| format!("{letter}{digits}")).find(|text| text.parse::<Upn>().is_ok()).unwrap()
}

impl Held {
    pub(super) async fn set_up(world: &World, partners: &[Partner]) -> Self {
        let by_id =
            partners.iter().filter(|partner| !partner.narrow).map(|partner| (partner.persona.client_id.clone(), partner.persona.clone()));
        let mut held =
            Self { objects: Vec::new(), marks: Vec::new(), child_ids: BTreeMap::new(), cursors: Vec::new(), partners: by_id.collect() };
        for partner in partners {
            if !held.child_ids.contains_key(partner.organisation) {
                let mut ids = BTreeMap::new();
                for child in (0..CHILDREN).chain([UNHELD]) {
                    let id = partner.persona.child_id(&number(child), BORN).await;
                    held.mark(&id, &[partner.organisation]);
                    ids.insert(child, id);
                }
                held.child_ids.insert(partner.organisation, ids);
            }
        }
        held.cancel_a_list().await;
        held.send_lists().await;
        held.send_cases().await;
        held.ask_for_advice().await;
        held.decide().await;
        held.restrict().await;
        held.override_and_opt_out().await;
        held.hold_and_erase().await;
        for (child, seers) in [
            (0, &[HERTS, "RY4"][..]),
            (1, &[HERTS, "S1Y5D"]),
            (2, &[]),
            (3, &[]),
            (4, &[]),
            (5, &[]),
            (6, &[ESSEX, "RWR"]),
            (7, &[]),
            (8, &[HERTS]),
        ] {
            held.mark(&number(child), seers);
        }
        world.build_release(today()).await;
        let releases = held.partners["dashboard-herts"].get("/v1/dashboard/releases").await.expect(200);
        held.keep(Kind::Release, &releases["items"][0], vec![(Side::Owner, HERTS), (Side::Owner, "S1Y5D")], &[HERTS, "S1Y5D"]);
        // In which release its records were counted, a provider reads in the log.
        held.marks.last_mut().unwrap().in_log = ["RY4", "RWR", "RWH", "RWG", "RQW"].into();
        end_agreements(world, &held.partners["board-essex"]).await;
        for partner in partners.iter().filter(|partner| !partner.narrow) {
            held.turn_pages(partner).await;
            held.keep_a_referral(partner).await;
        }
        held
    }

    fn mark(&mut self, text: &str, seers: &[&str]) -> &mut Mark {
        self.marks.push(Mark { text: text.to_owned(), seers: seers.iter().map(|seer| (*seer).to_owned()).collect(), in_log: Vec::new() });
        self.marks.last_mut().unwrap()
    }

    fn keep(&mut self, kind: Kind, made: &Value, sides: Vec<(Side, &'static str)>, seers: &[&str]) -> String {
        let id = made["id"].as_str().unwrap_or_else(|| panic!("{kind:?}: {made}")).to_owned();
        self.mark(&id, seers);
        self.objects.push(Object { kind, id: id.clone(), sides, has_ended: false, about: None });
        id
    }

    /// One that was being worked on, and has long enough to go to be cancelled.
    async fn cancel_a_list(&mut self) {
        let rows = (0..20_000).map(|at| format!("CANCELLED-{at},{},01,{BORN},autism,{},waiting\n", number(UNHELD), days_ago(100)));
        let header = "referral_id,nhs_number,nhs_number_status,date_of_birth,pathway,referral_received_date,status\n".to_owned();
        let call = self.partners["provider-hct"].call(Method::POST, "/v1/waiting-list/submissions?format=csv&validate=true");
        let call = call.header("content-type", "text/csv").header("prefer", "respond-async");
        let begun = call.body(rows.fold(header, |text, row| text + &row)).send().await.expect(202);
        let id = self.keep(Kind::Submission, &begun, vec![(Side::Owner, "provider-hct")], &["provider-hct"]);
        let cancelling = self.partners["provider-hct"].call(Method::POST, &format!("/v1/submissions/{id}/cancellation"));
        cancelling.send().await.expect(200);
    }

    async fn send_lists(&mut self) {
        for (organisation, client, child, pathway) in ROWS {
            let (list, referral) = (list_name(organisation, child), format!("REFERRAL-{organisation}-{child}"));
            let (local, fault) = (format!("LOCAL-{organisation}-{child}"), format!("FAULT-{organisation}-{child}"));
            let row = |id: &str, number: &str| {
                format!("{id},{number},{local},01,{BORN},{pathway},{},waiting,assessment,{}\n", days_ago(100), days_ago(50))
            };
            let csv = "referral_id,nhs_number,local_patient_id,nhs_number_status,date_of_birth,pathway,referral_received_date,status,stage,stage_start_date\n"
                .to_owned() + &row(&referral, &number(child)) + &row(&fault, "9990000019") + &row(&format!("{fault}-2"), "9990000019");
            let query = format!("list={list}&organisation={organisation}");
            let report = self.partners[client].push_csv(&query, csv).await.expect(201);
            self.keep(Kind::Submission, &report, vec![(Side::Owner, client)], &[client]);
            self.mark(&fault, &[client]);
            // A warning about a row that is kept names it too.
            self.mark(&referral, &[organisation, client]);
            self.mark(&local, &[]);
            let seers: Vec<_> = SEEN.iter().filter(|(_, of, holder)| *of == child && *holder == organisation).map(|seen| seen.0).collect();
            // A released table says of each list that counts in it whether it came.
            let counted: &[&str] = if organisation == "R1L" { &[] } else { &[HERTS, "S1Y5D"] };
            self.mark(&list, &[&seers[..], counted, &[client, organisation]].concat());
        }
    }

    /// The id that a partner's organisation is given for the first of the referrals that it is shown.
    async fn keep_a_referral(&mut self, partner: &Partner) {
        let organisation = partner.organisation;
        let Some(child) = (0..CHILDREN).find(|child| !shown(organisation, *child).is_empty()) else { return };
        let known = |object: &Object| object.kind == Kind::Referral && object.sides == [(Side::Owner, organisation)];
        if self.objects.iter().any(known) {
            return;
        }
        let path = format!("/fhir/R4/ServiceRequest?patient={}", self.child_ids[organisation][&child]);
        let found = partner.persona.get(&path).await.expect(200);
        self.keep(Kind::Referral, &found["entry"][0]["resource"], vec![(Side::Owner, organisation)], &[organisation]);
    }

    async fn send_cases(&mut self) {
        for (client, council, digits) in [
            ("council-herts", HERTS, "919200016001"),
            ("council-essex", ESSEX, "881200016002"),
            ("council-thurrock", "E06000034", "883200016003"),
        ] {
            let upns = [upn(digits), upn(&digits.replace("2000", "2001"))];
            // Two in a return, so that there is a second page.
            let one = sen2("Canary", BORN, &upns[0], "ZZ99 3CZ");
            let (from, to) = (one.find("<Person>").unwrap(), one.find("</Persons>").unwrap());
            let two = one[from..to].replace(&upns[0], &upns[1]);
            let xml = one.replace("</Persons>", &format!("{two}</Persons>"));
            let call = self.partners[client].call(Method::POST, "/v1/ehcp/submissions").header("content-type", "application/xml");
            let report = call.body(xml).send().await.expect(201);
            assert_eq!(report["records"]["accepted"], 2, "{report}");
            self.keep(Kind::Submission, &report, vec![(Side::Owner, client)], &[client]);
            let cases = self.partners[client].get("/v1/ehcp/cases").await.expect(200);
            for case in cases["items"].as_array().unwrap() {
                self.keep(Kind::Case, case, vec![(Side::Owner, council)], &[council]);
            }
            for upn in upns {
                self.mark(&upn, &[council]);
            }
        }
    }

    async fn ask_for_advice(&mut self) {
        for (nth, (client, asker, health, addressee, child, answered)) in [
            ("council-herts", HERTS, "provider-hct", "RY4", 0, true),
            ("council-herts", HERTS, "icb-central-east", "S1Y5D", 1, false),
            ("council-essex", ESSEX, "system-rwr", "RWR", 6, true),
            ("council-essex", ESSEX, "system-rwr", "RWR", 6, false),
            ("council-herts", HERTS, "board-essex", ENDED, 8, true),
        ]
        .into_iter()
        .enumerate()
        {
            let (case, role, needs) = (format!("CASE-REFERENCE-{nth}"), format!("ROLE-{nth}"), format!("NEEDS-{nth}"));
            let mut body = advice_request(&number(child), addressee);
            (body["case_reference"], body["role"], body["kinds"]) = (json!(case), json!(role), json!(["autism"]));
            let made = self.partners[client].post("/v1/advice-requests", &body).await.expect(201);
            let id = self.keep(Kind::Request, &made, vec![(Side::Asker, asker), (Side::Addressee, addressee)], &[asker, addressee]);
            let ended = addressee == ENDED;
            self.objects.last_mut().unwrap().has_ended = ended;
            self.mark(&role, &[asker, addressee]);
            let parties = [asker, addressee];
            self.mark(&case, if ended { &parties[..1] } else { &parties });
            if answered {
                let advice = json!({ "needs": needs, "provision": "p", "outcomes": "o", "author_role": "therapist" });
                self.partners[health].put(&format!("/v1/advice-requests/{id}/advice"), &advice).await.expect(200);
                self.mark(&needs, if ended { &[] } else { std::slice::from_ref(&asker) });
            }
        }
    }

    /// POST as the person whose decisions only its own organisation reads of.
    async fn settle(&mut self, client: &str, organisation: &'static str, path: &str, body: &Value) -> Value {
        let actor = format!("id=\"DECIDES-{organisation}\", role=\"caldicott-guardian\", reason=\"told\"");
        let answer = self.partners[client].call(Method::POST, path).actor(&actor).json(body).send().await;
        assert!([200, 201].contains(&answer.status), "{client} {path}: {}", answer.text);
        answer.json()
    }

    async fn decide(&mut self) {
        for organisation in [HERTS, ESSEX, "RY4", "RWR", "RWH", "R1L", ENDED] {
            self.mark(&format!("DECIDES-{organisation}"), &[organisation]);
        }
        for (nth, (client, recorder, decision, recipient, child, pathway)) in [
            ("council-herts", HERTS, "permit", HERTS, 0, "autism"),
            ("council-herts", HERTS, "permit", HERTS, 0, "adhd"),
            ("guardian-hct", "RY4", "permit", HERTS, 1, "autism"),
            ("system-rwr", "RWR", "permit", ESSEX, 2, "autism"),
            ("council-herts", HERTS, "deny", HERTS, 2, "autism"),
            ("council-herts", HERTS, "permit", HERTS, 3, "autism"),
            ("council-essex", ESSEX, "permit", ESSEX, 5, "autism"),
            ("board-essex", ENDED, "permit", ENDED, 8, "autism"),
            ("council-essex", ESSEX, "objection", ESSEX, 6, "autism"),
            ("system-rwr", "RWR", "objection", ESSEX, 6, "autism"),
            ("council-essex", ESSEX, "objection", ESSEX, 6, "autism"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut body = permission(&number(child), &[pathway]);
            let evidence = format!("EVIDENCE-{nth}");
            (body["decision"], body["recipient"], body["evidence"]) = (json!(decision), json!(recipient), json!(evidence));
            if decision == "objection" {
                (body["purpose"], body["data"]) = (json!("ehc-needs-assessment"), json!(["health-advice"]));
            }
            let made = self.settle(client, recorder, "/v1/consents", &body).await;
            let id = self.keep(Kind::Consent, &made, vec![(Side::Owner, recorder)], &[recorder]);
            self.objects.last_mut().unwrap().about = Some(child);
            self.mark(&evidence, &[]);
            // Whom a flow under the decision is to, and whose records it is about, read in the log what it rested on.
            let holders = ROWS.iter().filter(|row| row.2 == child).map(|row| row.0);
            let at = self.marks.len() - 2;
            self.marks[at].in_log = holders.chain([recipient, if child == 6 { "RWR" } else { recipient }]).collect();
            let reason = json!({ "reason": format!("REASON-{nth}") });
            if child == 1 {
                self.settle(client, recorder, &format!("/v1/consents/{id}/withdrawal"), &reason).await;
                self.mark(&format!("REASON-{nth}"), &[]);
            }
            if nth == 8 {
                let body = json!({ "outcome": "flow-continues", "reason": format!("REASON-{nth}") });
                self.settle(client, recorder, &format!("/v1/consents/{id}/review"), &body).await;
                self.mark(&format!("REASON-{nth}"), &[]);
            }
        }
    }

    async fn restrict(&mut self) {
        for (nth, (client, setter, kind, against, child)) in [
            ("guardian-hct", "RY4", "safeguarding", None, 3),
            ("system-rwr", "RWR", "court-order", Some(ESSEX), 0),
            ("council-herts", HERTS, "address-hidden", None, 0),
            ("system-rwr", "RWR", "safeguarding", None, 2),
        ]
        .into_iter()
        .enumerate()
        {
            let id = self.child_ids[setter][&child].clone();
            let body = json!({ "kind": kind, "against": against, "reason": format!("WHY-RESTRICTED-{nth}") });
            let made = self.settle(client, setter, &format!("/v1/children/{id}/restrictions"), &body).await;
            let id = self.keep(Kind::Restriction, &made, vec![(Side::Owner, setter)], &[setter]);
            self.objects.last_mut().unwrap().about = Some(child);
            self.mark(&format!("WHY-RESTRICTED-{nth}"), &[]);
            if nth == 3 {
                let body = json!({ "reason": "over" });
                self.settle(client, setter, &format!("/v1/restrictions/{id}/lifting"), &body).await;
            }
        }
    }

    /// About records that there are none of, or that nobody else is shown: nothing is to be gone before everybody has
    /// asked for it.
    async fn hold_and_erase(&mut self) {
        let why = json!({ "reason": "says the family" });
        let erasure = json!({ "data": ["ehcp-status"], "reason": "asked for", "decided_by": "data-protection-officer" });
        for (client, organisation, kind, path, body) in [
            ("council-essex", ESSEX, Kind::Erasure, "erasures", &erasure),
            ("system-rwr", "RWR", Kind::Erasure, "erasures", &erasure),
            ("council-essex", ESSEX, Kind::Hold, "holds", &why),
            ("system-rwr", "RWR", Kind::Hold, "holds", &why),
            ("stranger", "R1L", Kind::Dispute, "disputes", &why),
        ] {
            let id = self.child_ids[organisation][&7].clone();
            let made = self.settle(client, organisation, &format!("/v1/children/{id}/{path}"), body).await;
            self.keep(kind, &made, vec![(Side::Owner, organisation)], &[organisation]);
        }
    }

    async fn override_and_opt_out(&mut self) {
        // The second is stopped by the court's order above.
        for (client, holder, recipient, child, pathway) in
            [("system-rwh", "RWH", HERTS, 4, "adhd"), ("system-rwr", "RWR", ESSEX, 0, "adhd")]
        {
            let id = self.child_ids[holder][&child].clone();
            let body = json!({
                "recipient": recipient, "purpose": "care-coordination", "data": "waiting-list-status", "pathways": [pathway],
                "ends": today() + Days::new(5), "reason": format!("WHY-OVERRIDDEN-{child}"),
            });
            let made = self.settle(client, holder, &format!("/v1/children/{id}/overrides"), &body).await;
            self.keep(Kind::Override, &made, vec![(Side::Owner, holder)], &[holder]);
            self.marks.last_mut().unwrap().in_log = vec![recipient];
            self.mark(&format!("WHY-OVERRIDDEN-{child}"), &[]);
        }
        for (client, numbers) in [("guardian-hct", 3..7), ("system-rwr", 4..6)] {
            let csv: String = numbers.map(|nth| number(nth) + "\n").collect();
            let path = format!("/v1/opt-outs?as_of={}", today());
            self.partners[client]
                .call(Method::PUT, &path)
                .actor(GUARDIAN)
                .header("content-type", "text/csv")
                .body(csv)
                .send()
                .await
                .expect(200);
        }
    }

    /// Keeps what each list gives as the start of its second page.
    async fn turn_pages(&mut self, partner: &Partner) {
        for (operation, path) in [
            ("list_submissions", "/v1/submissions?limit=1"),
            ("list_entries", "/v1/waiting-list/entries?limit=1"),
            ("list_cases", "/v1/ehcp/cases?limit=1"),
            ("list_advice_requests", "/v1/advice-requests?limit=1"),
            ("list_reviews", "/v1/consents/reviews?limit=1"),
            ("list_audit_events", "/v1/audit/events?limit=1"),
        ] {
            if let Some(next) = partner.persona.get(path).await.expect(200)["next"].as_str() {
                self.cursors.push((operation, partner.organisation, next.to_owned()));
            }
        }
    }

    /// How many objects of a kind are somebody's, and about one child where one is named.
    pub(super) fn count(&self, kind: Kind, partner: &Partner, about: Option<usize>) -> usize {
        let is_own = |object: &&Object| object.kind == kind && object.sides.iter().any(|(_, name)| partner.is(name));
        self.objects.iter().filter(is_own).filter(|object| about.is_none() || object.about == about).count()
    }
}
