//! The combinations: each operation of the contract, each partner, everything that fits the operation's slots,
//! each format.

use std::collections::BTreeSet;
use std::sync::Arc;

use integration_tests::records::{child, number};
use integration_tests::{Answer, GUARDIAN};
use serde_json::Value;

use super::holdings::{CHILDREN, Held, Kind, UNHELD, list_name};
use super::partners::{ENDED, ESSEX, HERTS, Partner, THURROCK};
use super::slots::{Row, Slot, row_of};
use crate::attacks::operations::{CONTRACT, Operation};

/// Well-formed ids of no object.
const MADE_UP: [&str; 2] = ["0197f000-0000-7000-8000-00000000000a", "nobody"];

/// What a slot is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Object(usize),
    ChildId {
        of: &'static str,
        child: usize,
    },
    Child,
    Organisation(&'static str),
    /// The slot is left out, or its content belongs to nobody.
    Nothing,
    Cursor {
        own: bool,
    },
    Table {
        there: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Fill {
    name: &'static str,
    value: Option<Value>,
    pub(super) what: What,
}

impl Fill {
    pub(super) fn is_left_out(&self) -> bool {
        self.value.is_none()
    }
}

/// An operation of the contract, and its row in the table.
pub(super) struct Documented {
    pub(super) operation: Operation,
    pub(super) row: &'static Row,
    formats: Vec<String>,
}

pub(super) struct Combination {
    pub(super) documented: Arc<Documented>,
    pub(super) partner: Partner,
    pub(super) fills: Vec<Fill>,
    pub(super) accept: Option<String>,
}

impl Documented {
    pub(super) fn all() -> Vec<Arc<Self>> {
        let document: Value = serde_json::from_str(CONTRACT).unwrap();
        let one = |operation: Operation| {
            let described = &document["paths"][&operation.template][operation.method.as_str().to_lowercase()];
            let row = row_of(&operation.id);
            let parameters = described["parameters"].as_array().into_iter().flatten();
            let named: BTreeSet<_> =
                parameters.filter(|parameter| parameter["in"] != "header").map(|parameter| parameter["name"].as_str().unwrap()).collect();
            let known: BTreeSet<_> = row.slots.iter().map(|slot| slot.0).filter(|name| !name.starts_with('/')).collect();
            assert_eq!(
                named, known,
                "{}: its slots in tests/behaviour/matrix/slots.rs are not its parameters in the document",
                operation.id
            );
            let formats = described["responses"]["200"]["content"].as_object().into_iter().flat_map(|content| content.keys().cloned());
            Arc::new(Self { row, formats: formats.collect(), operation })
        };
        Operation::all().into_iter().map(one).collect()
    }

    /// Whether `Accept` matters to the operation.
    fn negotiates(&self) -> bool {
        self.formats.len() > 1
    }

    /// Whether the operation has an answer in an accepted format.
    pub(super) fn offers(&self, accept: Option<&String>) -> bool {
        accept.is_none_or(|accept| !self.negotiates() || self.formats.contains(accept))
    }

    /// The formats to ask for, including some that the operation lacks if `Accept` matters.
    fn asked(&self) -> Vec<Option<String>> {
        let more = ["application/problem+json", "text/csv"].map(str::to_owned);
        let mut all: Vec<_> = if self.negotiates() { self.formats.iter().cloned().chain(more).collect() } else { Vec::new() };
        all.sort();
        all.dedup();
        std::iter::once(None).chain(all.into_iter().map(Some)).collect()
    }
}

impl Combination {
    /// Every combination of one partner and one operation.
    pub(super) fn generate(documented: &Arc<Documented>, partner: &Partner, held: &Held) -> Vec<Self> {
        let slots: Vec<_> = documented.row.slots.iter().filter(|slot| slot.1 != Slot::Plain).collect();
        let choices: Vec<Vec<Fill>> = slots.iter().map(|(name, slot)| fills(documented, name, *slot, partner, held)).collect();
        let usual: Vec<Fill> = choices.iter().map(|choices| choices[0].clone()).collect();
        let mut all = vec![usual.clone()];
        // The first two slots in all combinations, each further slot by itself.
        for first in choices.first().into_iter().flatten() {
            let second = choices.get(1).map_or(&[][..], |choices| if tried_fully(first.what, partner) { choices } else { &choices[..1] });
            for second in second {
                all.push([std::slice::from_ref(first), std::slice::from_ref(second), &usual[2..]].concat());
            }
            if second.is_empty() {
                all.push([std::slice::from_ref(first), &usual[1..]].concat());
            }
        }
        for (at, further) in choices.iter().enumerate().skip(2) {
            all.extend(further.iter().map(|fill| [&usual[..at], std::slice::from_ref(fill), &usual[at + 1..]].concat()));
        }
        all.remove(0);
        if all.is_empty() {
            all.push(usual);
        }
        let combine = |fills: Vec<Fill>| {
            let formats = if fills.first().is_none_or(|fill| tried_fully(fill.what, partner)) { documented.asked() } else { vec![None] };
            formats.into_iter().map(move |accept| (fills.clone(), accept))
        };
        let with = |(fills, accept)| Self { documented: Arc::clone(documented), partner: partner.clone(), fills, accept };
        all.into_iter().flat_map(combine).map(with).collect()
    }

    fn request(&self) -> Operation {
        let usual = &self.documented.operation;
        let mut asked = usual.clone();
        let mut query: Vec<(String, String)> = Vec::new();
        for pair in usual.path.split_once('?').map_or("", |(_, query)| query).split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap();
            query.push((name.into(), value.into()));
        }
        let mut body: Option<Value> = None;
        // A plain slot does not say whose a thing is, so it keeps its usual value.
        let is_plain =
            |part: &str| self.documented.row.slots.iter().any(|(name, slot)| *slot == Slot::Plain && part == format!("{{{name}}}"));
        let parts = usual.template.split('/').zip(usual.path.split(['/', '?']));
        asked.path = parts.map(|(part, usual)| if is_plain(part) { usual } else { part }).collect::<Vec<_>>().join("/");
        for fill in &self.fills {
            let Some(value) = &fill.value else { continue };
            let slot = format!("{{{}}}", fill.name);
            if let Some(pointer) = fill.name.strip_prefix('/') {
                let whole = body.get_or_insert_with(|| serde_json::from_slice(&usual.body).unwrap());
                if pointer.is_empty() { *whole = value.clone() } else { whole[pointer] = value.clone() }
            } else if asked.path.contains(&slot) {
                asked.path = asked.path.replace(&slot, value.as_str().unwrap());
            } else {
                query.retain(|(name, _)| name != fill.name);
                query.push((fill.name.into(), value.as_str().unwrap().into()));
            }
        }
        let query: Vec<_> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !query.is_empty() {
            asked.path = format!("{}?{}", asked.path, query.join("&"));
        }
        if let Some(body) = body {
            asked.body = body.to_string().into();
        }
        if asked.id == "issue_token" {
            asked.body = format!("grant_type=client_credentials&client_id={}", self.partner.persona.client_id).into();
        }
        // The role that may do the most.
        asked.actor = asked.actor.map(|_| GUARDIAN.to_owned());
        asked
    }

    /// Whether the first slot holds an id that has the right form for its kind.
    pub(super) fn is_well_formed(&self) -> bool {
        const UUID: usize = 36;
        let is_uuid = |fill: &Fill| fill.value.as_ref().and_then(Value::as_str).is_some_and(|id| id.len() == UUID);
        self.fills.first().is_some_and(|fill| is_uuid(fill) || matches!(fill.what, What::ChildId { .. }))
    }

    pub(super) fn text(&self) -> String {
        let request = self.request();
        format!("{} {}", request.path, String::from_utf8_lossy(&request.body))
    }

    pub(super) async fn send(&self) -> Answer {
        let mut call = self.request().call(&self.partner.persona);
        if let Some(accept) = &self.accept {
            call = call.header("accept", accept);
        }
        call.send().await
    }
}

impl std::fmt::Display for Fill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?} {:?}", self.name, self.what, self.value)
    }
}

impl std::fmt::Display for Combination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whats: Vec<_> = self.fills.iter().map(ToString::to_string).collect();
        let accept = self.accept.as_deref().unwrap_or("anything");
        write!(f, "{} by {} ({}), accepting {accept}", self.documented.operation.id, self.partner, whats.join(", "))
    }
}

/// Whether a first slot is tried with every format and every value of the second.
fn tried_fully(what: What, partner: &Partner) -> bool {
    match what {
        What::Nothing => false,
        What::ChildId { of, .. } => of == partner.organisation,
        _ => true,
    }
}

/// The values of a slot, the usual one first.
fn fills(documented: &Documented, name: &'static str, slot: Slot, partner: &Partner, held: &Held) -> Vec<Fill> {
    let fill = |text: &str, what| Fill { name, value: Some(text.into()), what };
    let nothing = || MADE_UP.iter().map(move |id| fill(id, What::Nothing));
    let left_out = Fill { name, value: None, what: What::Nothing };
    let id_of = |of: &'static str, child: usize| fill(&held.child_ids[of][&child], What::ChildId { of, child });
    match slot {
        Slot::Id(kind) => {
            let mut met = BTreeSet::new();
            let wanted = |(_, object): &(usize, &super::holdings::Object)| object.kind == kind || met.insert(object.kind);
            let mut all: Vec<_> =
                held.objects.iter().enumerate().filter(wanted).map(|(at, object)| fill(&object.id, What::Object(at))).collect();
            all.sort_by_key(|fill| !matches!(fill.what, What::Object(at) if held.objects[at].kind == kind));
            all.extend(nothing());
            all.push(fill(&held.child_ids[partner.organisation][&0], What::Nothing));
            if kind == Kind::Release {
                let released = held.objects.iter().position(|object| object.kind == kind).unwrap();
                all.insert(0, fill("latest", What::Object(released)));
            }
            all
        }
        Slot::ChildId => {
            let own = (0..CHILDREN).chain([UNHELD]).map(|child| id_of(partner.organisation, child));
            let others = held.child_ids.keys().filter(|of| **of != partner.organisation).flat_map(|of| [id_of(of, 0), id_of(of, 4)]);
            let objects = held.objects.first().map(|object| fill(&object.id, What::Nothing));
            own.chain(others).chain(nothing()).chain(objects).collect()
        }
        Slot::Child => {
            let one = |child_number: usize| Fill { name, value: Some(child(&number(child_number))), what: What::Child };
            // If the child is only part of the question, some children are enough.
            let step = if name == "/" { 1 } else { 4 };
            (0..CHILDREN).step_by(step).chain([UNHELD]).map(one).collect()
        }
        Slot::Organisation => {
            let all = [HERTS, "RY4", "RWR", "RWH", "RWG", "RQW", "S1Y5D", "R1L", ESSEX, ENDED, THURROCK, "ZZZ"];
            let usual = (!name.starts_with('/')).then_some(Fill { what: What::Organisation(partner.organisation), ..left_out });
            usual.into_iter().chain(all.map(|code| fill(code, What::Organisation(code)))).collect()
        }
        Slot::List => {
            let lists = [("RY4", 0), ("RWR", 2), ("RQW", 5), ("R1L", 7)].map(|(of, child)| fill(&list_name(of, child), What::Nothing));
            std::iter::once(left_out).chain(lists).collect()
        }
        Slot::After => {
            let of_this = held.cursors.iter().filter(|cursor| cursor.0 == documented.operation.id);
            let cursors = of_this.map(|(_, of, cursor)| fill(cursor, What::Cursor { own: *of == partner.organisation }));
            std::iter::once(left_out).chain(cursors).collect()
        }
        Slot::Table => {
            vec![fill("waiting-list-by-weeks-and-district", What::Table { there: true }), fill("nothing", What::Table { there: false })]
        }
        Slot::Plain => Vec::new(),
    }
}
