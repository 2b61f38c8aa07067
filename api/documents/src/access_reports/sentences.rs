//! What happened, in sentences that a parent can read.

use domain::{
    Act, Confidentiality, Consent, ConsentDecision, DataClass, OrganisationCode, Partnership, Pathway, PathwaySet, RefusalReason,
    ReviewOutcome, ToldLeaf, london_day,
};

use super::flags::{Flag, act, speaks_of_protection};
use crate::phrases;

/// Puts audit entries into sentences.
pub(super) struct Teller<'a> {
    pub partnership: &'a Partnership,
    /// Whether organisations other than the host are named only by their kind.
    pub hides_places: bool,
}

impl Teller<'_> {
    /// An audit entry in sentences; `None` if families are not told about its kind.
    pub(super) fn tell(&self, leaf: &ToldLeaf, decisions: &[&Consent], flags: &[Flag]) -> Option<Vec<String>> {
        let act = act(leaf)?;
        let mut told = vec![format!("On {}, {}.", phrases::moment(leaf.at), self.what_happened(leaf, act, decisions)?)];
        if leaf.outcome == "refused" {
            let reason: Option<RefusalReason> = leaf.reason.as_deref().and_then(|reason| reason.parse().ok());
            told.push(match reason {
                Some(reason) => format!("The answer was no, and nothing was shown, because {}.", phrases::refusal(reason)),
                None => "The answer was no, and nothing was shown.".to_owned(),
            });
        }
        told.extend(self.why(leaf, flags));
        if leaf.outcome == "permitted" && act == Act::Disclose {
            told.push(self.what_allowed_it(leaf, decisions));
        }
        Some(told)
    }

    /// The law that a disclosure relied on, as lawyers cite it.
    pub(super) fn law(&self, leaf: &ToldLeaf) -> Option<String> {
        let is_shown = leaf.outcome == "permitted" && act(leaf) == Some(Act::Disclose);
        let known = self.partnership.agreements().iter().filter(|agreement| is_shown && leaf.agreements.contains(&agreement.id));
        let mut laws: Vec<_> = known.map(|agreement| phrases::legal_basis(agreement, self.partnership)).collect();
        laws.dedup();
        (!laws.is_empty()).then(|| laws.join("; or "))
    }

    fn name(&self, code: Option<OrganisationCode>) -> String {
        let Some(code) = code else { return "an organisation".into() };
        match self.partnership.organisation(code) {
            Some(organisation) if self.hides_places && code != self.partnership.host() => phrases::kind(organisation.kind).to_owned(),
            None if self.hides_places => "an organisation".into(),
            _ => self.partnership.name_of(code),
        }
    }

    fn who(&self, leaf: &ToldLeaf) -> String {
        let organisation = self.name(leaf.organisation);
        match leaf.actor.as_ref().map(|actor| actor.role.as_str()) {
            None => organisation,
            Some("system") => format!("a computer system of {organisation}"),
            // A role is free text: it could name a hidden place, or child protection.
            Some(_) if self.hides_places || speaks_of_protection(leaf) => format!("somebody at {organisation}"),
            Some(role) => format!("{organisation}’s {}", role_in_words(role)),
        }
    }

    fn what_happened(&self, leaf: &ToldLeaf, act: Act, decisions: &[&Consent]) -> Option<String> {
        let (who, what, refused) = (self.who(leaf), what(leaf), leaf.outcome == "refused");
        let (holder, recipient) = (self.name(leaf.holder), self.name(leaf.recipient));
        let decision = || decisions.first().map_or_else(|| "a decision of the family".to_owned(), |consent| self.decision(consent));
        Some(match act {
            Act::Disclose if refused => format!("{who} asked to see {what}"),
            Act::Disclose if leaf.holder == leaf.recipient => format!("{who} looked at what it had itself sent: {what}"),
            Act::Disclose if leaf.organisation == leaf.holder => format!("{who} gave {recipient} {what}"),
            Act::Disclose => format!("{who} saw {what}. It came from {holder}"),
            Act::RecordConsent | Act::RecordObjection if refused => format!("{who} asked to write down a decision of the family"),
            Act::RecordConsent | Act::RecordObjection => format!("{who} wrote down {}", decision()),
            Act::WithdrawConsent if refused => format!("{who} asked to write down that a decision was taken back"),
            Act::WithdrawConsent => format!("{who} wrote down that this was taken back: {}", decision()),
            Act::ReadConsents => format!("{who} read the decisions that it had written down"),
            Act::ReviewObjection => match decisions.first().and_then(|consent| consent.review) {
                Some(ReviewOutcome::FlowStops) if !refused => {
                    format!("{who} looked at an objection and agreed with it. The sharing stopped")
                }
                _ => format!("{who} looked at an objection. The law still asked for the sharing"),
            },
            Act::Erase => format!("{who} {} what it had sent about the child", if refused { "asked to erase" } else { "erased" }),
            Act::Rectify => format!("{who} {} what it had sent about the child", if refused { "asked to correct" } else { "corrected" }),
            Act::Join if refused => format!("{who} asked to note that two numbers or names are this child’s"),
            Act::Join => format!("{who} noted that two numbers or names are this child’s"),
            Act::Part if refused => format!("{who} asked to note that two numbers or names should not be taken for one child’s"),
            Act::Part => format!("{who} noted that two numbers or names should not be taken for one child’s"),
            Act::JoinOwn if refused => format!("{who} asked to note that it has two numbers or names for the child"),
            Act::JoinOwn => format!("{who} noted that it has two numbers or names for the child"),
            _ => return None,
        })
    }

    fn decision(&self, consent: &Consent) -> String {
        let said = match consent.decision {
            ConsentDecision::Permit => "said yes to",
            ConsentDecision::Deny => "said no to",
            ConsentDecision::Objection => "objected to",
        };
        let who = phrases::decided_by(consent.decided_by);
        let recipient = self.name(Some(consent.recipient));
        let data: Vec<_> = consent.data.iter().map(|data| phrases::data(*data)).collect();
        format!("that {who} {said} {recipient} seeing {} ({})", phrases::all_of(&data), phrases::pathways(consent.pathways))
    }

    /// The purpose, and the caller's own reason if it cannot reveal too much.
    fn why(&self, leaf: &ToldLeaf, flags: &[Flag]) -> Vec<String> {
        let mut why = Vec::new();
        if let (Some(Act::Disclose), Ok(purpose)) = (act(leaf), leaf.purpose.parse()) {
            why.push(format!("This was {}.", phrases::purpose(purpose)));
        }
        let is_safe = !flags.contains(&Flag::ChildProtection) && !self.hides_places;
        if let Some(actor) = leaf.actor.as_ref().filter(|_| is_safe) {
            why.push(format!("The reason they gave was: “{}”.", actor.reason));
        }
        why
    }

    fn what_allowed_it(&self, leaf: &ToldLeaf, decisions: &[&Consent]) -> String {
        let rests_on = |ground: &str| leaf.grounds.iter().any(|known| known == ground);
        if leaf.agreements.is_empty() {
            return "An organisation may look at what it sent itself.".into();
        }
        let agreement = match leaf.agreements.as_slice() {
            // An agreement's name may reveal a place.
            _ if self.hides_places => "A sharing agreement".to_owned(),
            [one] => format!("The sharing agreement “{one}”"),
            several => format!("The sharing agreements “{}”", several.join("” and “")),
        };
        let permits = |consent: &&&Consent| consent.decision == ConsentDecision::Permit;
        let said_yes = decisions.iter().find(permits).map(|consent| {
            let day = phrases::day(london_day(consent.recorded_at));
            format!("{} said yes, written down on {day}", phrases::decided_by(consent.decided_by))
        });
        let by_statute = |id: &String| {
            let found = self.partnership.agreements().iter().find(|agreement| agreement.id == *id);
            found.filter(|found| found.basis.confidentiality == Confidentiality::Statute)
        };
        let because = if let Some(said_yes) = said_yes.filter(|_| rests_on("consent")) {
            said_yes
        } else if rests_on("not-objected") {
            "nobody had objected".to_owned()
        } else if let Some(statute) = leaf.agreements.iter().find_map(by_statute) {
            let law = statute.basis.statute.clone().into_iter();
            let law = law.chain(self.partnership.legal_bases(statute).map(|law| law.citation.clone())).collect::<Vec<_>>();
            format!("the law asks for it ({})", law.join("; "))
        } else if decisions.iter().any(|consent| consent.decision == ConsentDecision::Permit) {
            "the family had said yes".to_owned()
        } else {
            "it needs no decision of the family".to_owned()
        };
        let objected = decisions.iter().any(|consent| consent.decision == ConsentDecision::Objection);
        let despite = if objected { " Somebody had objected; the duty to share went on." } else { "" };
        format!("{agreement} allowed it, because {because}.{despite}")
    }
}

/// What the audit entry was about, on which pathways.
fn what(leaf: &ToldLeaf) -> String {
    let Ok(data) = leaf.data.parse::<DataClass>() else { return "something about the child".into() };
    let named: PathwaySet = leaf.pathways.iter().filter_map(|pathway| pathway.parse::<Pathway>().ok()).collect();
    let what = match data {
        DataClass::WaitingListStatus => "where the child is on a waiting list, and how long the wait has been",
        DataClass::HealthAdvice => "the health advice for the child’s EHC needs assessment",
        DataClass::AdviceRequest => "the request for health advice for the child’s EHC needs assessment",
        DataClass::EhcpStatus => "how far the child’s EHC assessment or plan has got",
        DataClass::DashboardAggregate => "the child’s place in a count",
        DataClass::ChildMatching => "which numbers are the child’s",
    };
    // A caller who asks for no pathway in particular gets all of them.
    if named.is_empty() || named == PathwaySet::all() { what.into() } else { format!("{what} ({})", phrases::pathways(named)) }
}

/// "ehc-coordinator" becomes "EHC coordinator".
fn role_in_words(role: &str) -> String {
    let word = |word: &str| match word.to_ascii_lowercase().as_str() {
        known @ ("ehc" | "ehcp" | "sen" | "send" | "senco" | "nhs" | "gp" | "ig" | "icb" | "dco" | "dms") => known.to_ascii_uppercase(),
        _ => word.to_owned(),
    };
    role.split(['-', '_', ' ']).filter(|part| !part.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}
