//! Compares each answer with what may be answered: the status, the marks, the totals, and every byte of a
//! refusal.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream::iter;
use integration_tests::Answer;

use super::combinations::Combination;
use super::expectations::Expected;
use super::holdings::{Held, Mark};
use super::partners::{CONTROLLERS, HERTS, Partner};

/// What a matrix has found so far.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<String>,
    /// How many of each operation were answered, and how many were not.
    pub(super) told: BTreeMap<String, (usize, usize)>,
    /// Requests that were refused something that exists: operation and request id.
    pub(super) refused: Vec<(String, String)>,
    /// Requests that were answered with 404: operation, asking client and request id.
    pub(super) hidden: Vec<(String, String, String)>,
    /// Who has seen which marks.
    seen: BTreeSet<(usize, String)>,
    /// The first refusal of each kind, without the ids of its request.
    shapes: BTreeMap<(String, u16, String), (String, String)>,
}

fn is_xml(answer: &Answer) -> bool {
    answer.header("content-type") == Some("application/fhir+xml")
}

/// An answer, without the ids and times of its own request.
fn shape(answer: &Answer) -> String {
    let body = if is_xml(answer) {
        answer.text.replace(answer.header("x-request-id").unwrap(), "")
    } else {
        let mut body = answer.json();
        for own in ["request_id", "instance", "id"] {
            body.as_object_mut().unwrap().remove(own);
        }
        body.to_string()
    };
    let own = ["date", "x-request-id", "traceparent"];
    let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())).collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    format!("{headers:?} {} bytes {body}", answer.text.len())
}

impl Findings {
    /// Sends all combinations, some at a time, and judges each answer. `counts`: check totals too, while nothing changes.
    pub(super) async fn send(&mut self, held: &Held, combinations: &[Combination], at_once: usize, counts: bool) {
        let mut answers = iter(combinations).map(async |combination| (combination, combination.send().await)).buffer_unordered(at_once);
        while let Some((combination, answer)) = answers.next().await {
            self.judge(held, combination, &answer, counts);
        }
    }

    fn judge(&mut self, held: &Held, combination: &Combination, answer: &Answer, counts: bool) {
        let operation = &combination.documented.operation.id;
        let expected = combination.expected(held);
        let mut fault = |what: String| self.faults.push(format!("{combination}: {what}\n    {} {:.300}", answer.status, answer.text));
        if !expected.is_met_by(answer) {
            fault(format!("not {expected:?}"));
        }
        if let Some(wrong) = combination.miscounted(held, answer).filter(|_| counts) {
            fault(wrong);
        }
        if answer.status >= 400 && !combination.is_told_more(held) {
            let form = if is_xml(answer) { "XML" } else { "JSON" };
            let key = (operation.clone(), answer.status, format!("{form} {}", answer.problem().unwrap_or_default()));
            let shape = shape(answer);
            let first = self.shapes.entry(key).or_insert_with(|| (shape.clone(), combination.to_string()));
            if first.0 != shape {
                self.faults.push(format!("{combination}: refused with {shape}\n    and {} with {}", first.1, first.0));
            }
        }
        let told = self.told.entry(operation.clone()).or_default();
        *(if answer.status < 400 || expected == Expected::Understood { &mut told.0 } else { &mut told.1 }) += 1;
        let request = answer.header("x-request-id").unwrap_or_default().to_owned();
        if expected == Expected::Hidden && combination.is_well_formed() {
            self.hidden.push((operation.clone(), combination.partner.persona.client_id.clone(), request.clone()));
        }
        let is_there = combination.object(held).is_some() && !combination.is_told_more(held);
        if is_there && matches!(expected, Expected::Hidden | Expected::NoAgreement) {
            self.refused.push((operation.clone(), request));
        }
        self.look_for_marks(held, combination, answer);
    }

    fn look_for_marks(&mut self, held: &Held, combination: &Combination, answer: &Answer) {
        let (partner, sent) = (&combination.partner, combination.text());
        let operation = combination.documented.operation.id.as_str();
        if operation == "get_disclosures" && CONTROLLERS.contains(&partner.organisation) {
            return;
        }
        // The samples' made-up children have numbers from the same range, and everybody may see them.
        if ["get_format", "get_sample"].contains(&operation) {
            return;
        }
        let is_log = operation == "list_audit_events";
        for text in [format!("{:?}", answer.headers), answer.text.clone()] {
            self.look_in(held, partner, is_log, &text, &sent, &combination.to_string());
        }
    }

    /// Notes each mark in a text. A mark that the reader did not send and may not see is a fault.
    pub(super) fn look_in(&mut self, held: &Held, reader: &Partner, is_log: bool, text: &str, sent: &str, told: &str) {
        for (at, mark) in held.marks.iter().enumerate().filter(|(_, mark)| text.contains(mark.text.as_str())) {
            if may_see(reader, mark, is_log) {
                self.seen.extend(mark.seers.iter().filter(|seer| reader.is(seer)).map(|seer| (at, seer.clone())));
            } else if !sent.contains(mark.text.as_str()) {
                self.faults.push(format!("{told}: shows {}, which is for {:?}\n    {text:.600}", mark.text, mark.seers));
            }
        }
    }

    /// The control: everybody who may see a mark has seen it, so the search would find it elsewhere too.
    pub(super) fn look_for_what_was_not_seen(&mut self, held: &Held, partners: &[Partner]) {
        for (at, mark) in held.marks.iter().enumerate() {
            for seer in mark.seers.iter().filter(|seer| partners.iter().any(|partner| !partner.narrow && partner.is(seer))) {
                if !self.seen.contains(&(at, seer.clone())) {
                    self.faults.push(format!("the control: {seer} has not seen {}", mark.text));
                }
            }
        }
    }

    #[track_caller]
    pub(super) fn are_none(&self) {
        // The first few faults of each operation.
        let about = |fault: &String| fault.split(' ').next().unwrap_or_default().to_owned();
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        let first = self.faults.iter().filter(|fault| {
            let told = told.entry(about(fault)).or_default();
            *told += 1;
            *told <= 3
        });
        let first = first.cloned().collect::<Vec<_>>().join("\n");
        assert!(self.faults.is_empty(), "{} faults, the first of them:\n{first}", self.faults.len());
    }
}

/// Whether a reader may see a mark. The host of the area may read the whole log.
fn may_see(reader: &Partner, mark: &Mark, is_log: bool) -> bool {
    mark.seers.iter().any(|seer| reader.is(seer))
        || (is_log && (reader.organisation == HERTS || mark.in_log.contains(&reader.organisation)))
}
