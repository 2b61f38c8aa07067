//! What the gateway holds: objects of every kind with several owners. Each has marks that show it in an
//! answer, and each mark lists who may see it.

mod decisions;
mod records;

use std::collections::BTreeMap;

use integration_tests::records::{BORN, number};
use integration_tests::{Persona, World, today};
use serde_json::Value;

use super::partners::{ESSEX, HERTS, Partner, end_agreements};

/// The kinds of object that have ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Submission,
    Consent,
    Restriction,
    Override,
    Erasure,
    Dispute,
    Hold,
    /// That two identifiers are one child's.
    Match,
    Case,
    Request,
    Release,
    /// A referral in FHIR: each organisation that is shown it has another id for it.
    Referral,
}

/// What an organisation or a client can be to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The one organisation that owns the object; for a submission, the one client.
    Owner,
    Asker,
    Addressee,
    /// One that holds records of the other identifier of a match, and shares an agreement about matching with who states it.
    Holder,
}

/// One object. `has_ended`: the agreement between its sides has ended.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) sides: Vec<(Side, &'static str)>,
    pub(super) has_ended: bool,
    /// The number of the child that the object is about, if lists by child show it.
    pub(super) about: Option<usize>,
}

/// A text that only the named organisations and clients may see. In the audit log, those of `in_log` may
/// see it too.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) text: String,
    pub(super) seers: Vec<String>,
    pub(super) in_log: Vec<&'static str>,
}

/// How many children are held, numbered from 0; and a number that nobody holds.
pub(super) const CHILDREN: usize = 9;
pub(super) const UNHELD: usize = 50;

/// Who sends rows about which child: the organisation, the client that sends, the child and the pathway.
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

/// Who sees whose rows about a child, besides its own, after all the decisions below.
const SEEN: [(&str, usize, &str); 5] = [(HERTS, 0, "RY4"), (HERTS, 0, "RWR"), (HERTS, 4, "RWH"), (ESSEX, 2, "RWR"), (ESSEX, 5, "RQW")];

/// Whose rows about a child an organisation is shown.
pub(super) fn shown(organisation: &str, child: usize) -> Vec<&'static str> {
    let own = ROWS.iter().filter(|(holder, _, of, _)| *of == child && *holder == organisation).map(|row| row.0);
    let others = SEEN.iter().filter(|(seer, of, _)| *of == child && *seer == organisation).map(|seen| seen.2);
    own.chain(others).collect()
}

/// How many of a holder's rows an organisation is shown.
pub(super) fn entries_shown(organisation: &str, holder: &str) -> usize {
    let own = ROWS.iter().filter(|row| row.0 == holder && holder == organisation).count();
    own + SEEN.iter().filter(|seen| seen.0 == organisation && seen.2 == holder).count()
}

pub(super) struct Held {
    pub(super) objects: Vec<Object>,
    pub(super) marks: Vec<Mark>,
    /// Each organisation's ids for the children, by the children's numbers.
    pub(super) child_ids: BTreeMap<&'static str, BTreeMap<usize, String>>,
    /// The cursors of second pages: operation, the organisation that was given it, cursor.
    pub(super) cursors: Vec<(&'static str, &'static str, String)>,
    partners: BTreeMap<String, Persona>,
}

/// The name of the list that a row comes in.
pub(super) fn list_name(organisation: &str, child: usize) -> String {
    format!("list-{}-{child}", organisation.to_lowercase())
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
        held.match_identifiers().await;
        for (child, seers) in [
            (0, &[HERTS, "RY4", "RWR"][..]),
            (1, &[HERTS, "S1Y5D"]),
            (2, &["RWR"]),
            (3, &[]),
            (4, &["RWH"]),
            (5, &[]),
            (6, &[ESSEX, "RWR"]),
            (7, &[]),
            (8, &[HERTS, "RY4"]),
        ] {
            held.mark(&number(child), seers);
        }
        world.build_release(today()).await;
        let releases = held.partners["dashboard-herts"].get("/v1/dashboard/releases").await.expect(200);
        held.keep(Kind::Release, &releases["items"][0], vec![(Side::Owner, HERTS), (Side::Owner, "S1Y5D")], &[HERTS, "S1Y5D"]);
        // A provider reads in the log in which release its records were counted.
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

    /// Keeps the id that a partner's organisation is given for the first referral that it is shown.
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

    /// Keeps each list's cursor for its second page.
    async fn turn_pages(&mut self, partner: &Partner) {
        for (operation, path) in [
            ("list_submissions", "/v1/submissions?limit=1"),
            ("list_entries", "/v1/waiting-list/entries?limit=1"),
            ("list_cases", "/v1/ehcp/cases?limit=1"),
            ("list_advice_requests", "/v1/advice-requests?limit=1"),
            ("list_matches", "/v1/children/matches?limit=1"),
            ("list_reviews", "/v1/consents/reviews?limit=1"),
            ("list_audit_events", "/v1/audit/events?limit=1"),
        ] {
            if operation == "list_matches" && !partner.matches() {
                continue;
            }
            if let Some(next) = partner.persona.get(path).await.expect(200)["next"].as_str() {
                self.cursors.push((operation, partner.organisation, next.to_owned()));
            }
        }
    }

    /// How many objects of a kind are a partner's, and about one child if one is given.
    pub(super) fn count(&self, kind: Kind, partner: &Partner, about: Option<usize>) -> usize {
        let is_own = |object: &&Object| object.kind == kind && object.sides.iter().any(|(_, name)| partner.is(name));
        self.objects.iter().filter(is_own).filter(|object| about.is_none() || object.about == about).count()
    }
}
