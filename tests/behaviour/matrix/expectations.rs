//! The answer to expect, worked out only from whose a thing is and what was agreed. It uses none of the
//! gateway's code.

use integration_tests::Answer;
use reqwest::Method;
use serde_json::Value;

use super::combinations::{Combination, What};
use super::holdings::{Held, Kind, Side, entries_shown, shown};
use super::partners::{AGREED, Agreed, CONTROLLERS, HERTS, Partner};
use super::slots::{Rule, Slot};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Answered,
    /// Answered, or 422 because of what the caller's own organisation does or does not hold.
    Understood,
    /// Not there, or the caller may not know that it is there.
    Hidden,
    NoAgreement,
    NotYours,
    NoScope,
    /// A cursor that the caller cannot use.
    Malformed,
    /// Another's cursor that says only a position: the caller gets its own items, or 400.
    OwnOrMalformed,
    NotAcceptable,
}

impl Expected {
    pub(super) fn is_met_by(self, answer: &Answer) -> bool {
        let kind = if answer.status < 400 { None } else { answer.problem() };
        let (status, kind) = (answer.status, kind.as_deref());
        match self {
            // Only a caller that may know of a thing is told of a conflict, or that the thing is gone.
            Self::Answered => matches!(status, 200 | 201 | 304 | 409 | 410),
            Self::Understood => status == 422 || Self::Answered.is_met_by(answer),
            Self::Hidden => (status, kind) == (404, Some("not-found")),
            Self::NoAgreement => (status, kind) == (403, Some("no-agreement")),
            Self::NotYours => (status, kind) == (403, Some("organisation-not-yours")),
            Self::NoScope => (status, kind) == (403, Some("scope-missing")),
            Self::Malformed => (status, kind) == (400, Some("malformed")),
            Self::OwnOrMalformed => status == 200 || (status, kind) == (400, Some("malformed")),
            Self::NotAcceptable => (status, kind) == (406, Some("not-acceptable")),
        }
    }
}

fn agreed(data: &str, wanted: impl Fn(&Agreed) -> bool) -> Expected {
    no_agreement_unless(AGREED.iter().any(|agreed| agreed.data == data && wanted(agreed)))
}

fn no_agreement_unless(may: bool) -> Expected {
    if may { Expected::Answered } else { Expected::NoAgreement }
}

fn hidden_unless(may: bool) -> Expected {
    if may { Expected::Answered } else { Expected::Hidden }
}

impl Combination {
    pub(super) fn expected(&self, held: &Held) -> Expected {
        let (partner, operation) = (&self.partner, &self.documented.operation);
        if partner.narrow && !operation.scopes.is_empty() {
            return Expected::NoScope;
        }
        let expected = self.by_rule(held);
        // 406 comes before anything is looked up, so it gives nothing away. For released tables, the refusal for
        // want of an agreement comes first.
        let comes_first = expected == Expected::NoAgreement && matches!(self.documented.row.rule, Rule::Released);
        if !self.documented.offers(self.accept.as_ref()) && !comes_first { Expected::NotAcceptable } else { expected }
    }

    fn by_rule(&self, held: &Held) -> Expected {
        let partner = &self.partner;
        let own = partner.organisation;
        let what = |at: usize| self.fills.get(at).map_or(What::Nothing, |fill| fill.what);
        let is_own_id = matches!(what(0), What::ChildId { of, .. } if of == own);
        let cursor = self.fills.iter().find_map(|fill| if let What::Cursor { own } = fill.what { Some(own) } else { None });
        let organisation = |at| if let What::Organisation(code) = what(at) { code } else { "" };
        match self.documented.row.rule {
            Rule::Anybody => {
                if cursor == Some(false) {
                    Expected::OwnOrMalformed
                } else {
                    Expected::Answered
                }
            }
            Rule::Sealed | Rule::Entries if cursor == Some(false) => Expected::Malformed,
            Rule::Sealed => Expected::Answered,
            Rule::Only(sides) => self.of_object(held, sides),
            Rule::Shown => hidden_unless(matches!(what(0), What::ChildId { child, .. } if is_own_id && !shown(own, child).is_empty())),
            Rule::OwnId => hidden_unless(is_own_id),
            Rule::OwnRecords if is_own_id => Expected::Understood,
            Rule::OwnRecords => Expected::Hidden,
            Rule::Controller => hidden_unless(is_own_id && CONTROLLERS.contains(&own)),
            Rule::OwnIdOfParty | Rule::Overrider if !is_own_id => Expected::Hidden,
            Rule::OwnIdOfParty | Rule::Party => no_agreement_unless(partner.is_party()),
            Rule::Matcher if partner.matches() && cursor == Some(false) => Expected::OwnOrMalformed,
            Rule::Matcher => no_agreement_unless(partner.matches()),
            Rule::Overrider => agreed("status", |agreed| agreed.providers.contains(&own) && agreed.recipients.contains(&organisation(1))),
            Rule::Entries if organisation(0) == own => Expected::Answered,
            Rule::Entries => agreed("status", |agreed| agreed.recipients.contains(&own) && agreed.providers.contains(&organisation(0))),
            Rule::Sender if may_send(partner, organisation(0)) => Expected::Answered,
            Rule::Sender => Expected::NotYours,
            Rule::Recorder => agreed("status", |agreed| agreed.recorders.contains(&own) && agreed.recipients.contains(&organisation(0))),
            Rule::RecorderFor(recipient) => {
                agreed("status", |agreed| agreed.recorders.contains(&own) && agreed.recipients.contains(&recipient))
            }
            Rule::AdviceAsker => agreed("advice", |agreed| agreed.recipients.contains(&own) && agreed.providers.contains(&organisation(0))),
            Rule::Released if !receives(partner) => Expected::NoAgreement,
            Rule::Released => {
                let is_release = self.fills.is_empty() || matches!(what(0), What::Object(at) if held.objects[at].kind == Kind::Release);
                hidden_unless(is_release && what(1) != What::Table { there: false })
            }
        }
    }

    fn of_object(&self, held: &Held, sides: &[Side]) -> Expected {
        let Some(at) = self.object(held) else { return Expected::Hidden };
        let object = &held.objects[at];
        let side = object.sides.iter().find(|(side, name)| sides.contains(side) && self.partner.is(name));
        let Some((side, _)) = side else { return Expected::Hidden };
        let operation = self.documented.operation.id.as_str();
        // A council may always read its own request, and nobody can acknowledge an answered request.
        let needs_none = (*side == Side::Asker && ["get_advice_request", "fhir_get_task"].contains(&operation))
            || operation == "acknowledge_advice_request";
        no_agreement_unless(!object.has_ended || needs_none)
    }

    /// The object in the first slot, if it is of the slot's kind.
    pub(super) fn object(&self, held: &Held) -> Option<usize> {
        let Slot::Id(kind) = self.documented.row.slots.first()?.1 else { return None };
        let What::Object(at) = self.fills.first()?.what else { return None };
        (held.objects[at].kind == kind).then_some(at)
    }

    /// Whether a refusal says what there is instead: for an existing release, its tables.
    pub(super) fn is_told_more(&self, held: &Held) -> bool {
        let table_is_wrong = self.fills.iter().any(|fill| fill.what == What::Table { there: false });
        table_is_wrong && self.object(held).is_some()
    }

    /// Whether sending the request may change anything.
    pub(super) fn writes(&self) -> bool {
        let operation = &self.documented.operation;
        let reads = ["search_child", "issue_token"].contains(&operation.id.as_str()) || operation.id.starts_with("fhir_find_");
        operation.method != Method::GET && !reads
    }

    /// What is wrong with the totals of an answer, before anything was written.
    pub(super) fn miscounted(&self, held: &Held, answer: &Answer) -> Option<String> {
        let (partner, own) = (&self.partner, self.partner.organisation);
        let what = self.fills.first().map_or(What::Nothing, |fill| fill.what);
        let is_own_id = matches!(what, What::ChildId { of, .. } if of == own);
        let child = if let What::ChildId { child, .. } = what { Some(child) } else { None };
        let is_whole = self.fills.iter().skip(1).all(|fill| fill.what == What::Nothing && fill.is_left_out());
        let body: Value = if answer.status == 200 && is_whole { serde_json::from_str(&answer.text).ok()? } else { return None };
        let items = body["items"].as_array();
        let organisations = |list: &Value, name: &str| {
            let mut all: Vec<_> = list.as_array().into_iter().flatten().map(|item| item[name].as_str().unwrap_or("").to_owned()).collect();
            all.sort();
            all
        };
        let wanted = match self.documented.operation.id.as_str() {
            "list_submissions" if what == What::Nothing => held.count(Kind::Submission, partner, None),
            "list_cases" if what == What::Nothing => held.count(Kind::Case, partner, None),
            "list_advice_requests" if what == What::Nothing => held.count(Kind::Request, partner, None),
            "list_matches" if what == What::Nothing => held.count(Kind::Match, partner, None),
            "list_consents" => {
                if is_own_id {
                    held.count(Kind::Consent, partner, child)
                } else {
                    0
                }
            }
            "list_restrictions" => {
                if is_own_id {
                    held.count(Kind::Restriction, partner, child)
                } else {
                    0
                }
            }
            "list_entries" => match what {
                What::Organisation(holder) => entries_shown(own, holder),
                _ => return None,
            },
            "get_waits" => {
                let mut wanted: Vec<_> = shown(own, child?).into_iter().map(str::to_owned).collect();
                wanted.sort();
                let found = organisations(&body["waits"], "provider");
                return (found != wanted).then(|| format!("{found:?} and not {wanted:?}"));
            }
            "list_opt_outs" => {
                let found = organisations(&body["items"], "organisation");
                let wanted: Vec<_> = ["RWR", "RY4"].into_iter().filter(|of| own == HERTS || own == *of).collect();
                return (found != wanted).then(|| format!("{found:?} and not {wanted:?}"));
            }
            _ => return None,
        };
        let found = items.map_or(0, Vec::len);
        (found != wanted).then(|| format!("{found} items and not {wanted}"))
    }
}

fn may_send(partner: &Partner, organisation: &str) -> bool {
    let sends_for: &[&str] = if partner.is("icb-central-east") { &["RWR", "RWH", "RWG", "RQW"] } else { &[] };
    partner.organisation == organisation || sends_for.contains(&organisation)
}

fn receives(partner: &Partner) -> bool {
    AGREED.iter().any(|agreed| agreed.data == "aggregate" && agreed.recipients.contains(&partner.organisation))
}
