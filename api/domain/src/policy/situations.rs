//! What the rules ask about one flow under one agreement on one pathway.

use super::{Act, Ask, Facts, RefusalReason};
use crate::agreements::{Agreement, Confidentiality, ConsentRule, OptOutRule, Population};
use crate::consents::{Consent, ConsentDecision, ConsentStanding, DecidedBy, ReviewOutcome};
use crate::identifiers::ConsentId;
use crate::organisations::OrganisationKind;
use crate::overrides::Override;
use crate::pathways::Pathway;
use crate::restrictions::RestrictionKind;

/// A flow, the agreement that it may be under and the pathway that it is looked at on.
pub(super) struct Situation<'a> {
    pub ask: &'a Ask,
    pub facts: &'a Facts<'a>,
    pub agreement: Option<&'a Agreement>,
    /// `None` where the data belongs to no pathway.
    pub pathway: Option<Pathway>,
}

/// Whether an agreement is about the flow: who, to whom, what and for what purpose.
pub(super) fn is_about(agreement: &Agreement, ask: &Ask) -> bool {
    let between = match ask.act {
        Act::Disclose | Act::Count | Act::Override => agreement.joins(ask.holder, ask.recipient, ask.data),
        Act::RecordConsent | Act::RecordObjection => agreement.data.contains(&ask.data) && agreement.receives(ask.recipient, ask.data),
        // Whatever it is for, it says whether two identifiers are one child's.
        Act::Join => return agreement.data.contains(&ask.data) && agreement.is_party(ask.holder),
        Act::ReadRelease => agreement.data.contains(&ask.data) && agreement.recipients.contains(&ask.recipient),
        _ => false,
    };
    between && agreement.purpose == ask.purpose
}

impl<'a> Situation<'a> {
    pub(super) fn is_own(&self) -> bool {
        self.ask.holder == self.ask.recipient
    }

    pub(super) fn is_controller(&self) -> bool {
        self.facts.partnership.controllers().contains(&self.ask.recipient)
    }

    pub(super) fn is_party(&self) -> bool {
        let is_party = |agreement: &Agreement| agreement.is_in_date(self.facts.today) && agreement.is_party(self.ask.holder);
        self.facts.partnership.agreements().iter().any(is_party)
    }

    pub(super) fn recorded_it(&self) -> bool {
        self.facts.child.consents.iter().any(|consent| Some(consent.id.0) == self.ask.item && consent.recorded_by == self.ask.holder)
    }

    pub(super) fn set_it(&self) -> bool {
        self.facts.child.restrictions.iter().any(|one| Some(one.id.0) == self.ask.item && one.set_by == self.ask.holder)
    }

    pub(super) fn made_it(&self) -> bool {
        self.facts.child.overrides.iter().any(|one| Some(one.id.0) == self.ask.item && one.holder == self.ask.holder)
    }

    pub(super) fn is_held(&self) -> bool {
        self.facts.child.holds.iter().any(|hold| hold.organisation == self.ask.holder && hold.is_in_force(self.facts.today))
    }

    // ---- The agreement ----

    fn agreement_is(&self, so: impl Fn(&Agreement) -> bool) -> bool {
        self.agreement.is_some_and(so)
    }

    pub(super) fn has_not_started(&self) -> bool {
        self.agreement_is(|agreement| self.facts.today < agreement.starts)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.agreement_is(|agreement| agreement.ends < self.facts.today)
    }

    pub(super) fn is_law(&self) -> bool {
        self.agreement_is(|agreement| self.facts.partnership.is_law(agreement, self.facts.today))
    }

    /// Data of no pathway is covered unless consent is required: permissions are given for pathways.
    pub(super) fn is_covered(&self) -> bool {
        self.agreement_is(|agreement| match self.pathway {
            Some(pathway) => agreement.pathways.contains(pathway),
            None => agreement.consent != ConsentRule::Required,
        })
    }

    pub(super) fn is_recorder(&self) -> bool {
        self.agreement_is(|agreement| agreement.consent_recorded_by.contains(&self.ask.holder))
    }

    pub(super) fn may_record_objection(&self) -> bool {
        self.is_recorder()
            || self.agreement_is(|agreement| agreement.consent == ConsentRule::NotRequired && agreement.is_party(self.ask.holder))
    }

    pub(super) fn needs_no_consent(&self) -> bool {
        self.agreement_is(|agreement| agreement.consent == ConsentRule::NotRequired)
    }

    pub(super) fn flows_unless_objected(&self) -> bool {
        self.agreement_is(|agreement| agreement.consent == ConsentRule::UnlessObjected)
    }

    /// Advice and requests for it are exempt: they show by themselves that there is an assessment.
    pub(super) fn is_outside_population(&self) -> bool {
        let needs_plan = self.agreement_is(|agreement| agreement.population == Population::PlanMaintained) && !self.ask.data.is_whole();
        needs_plan && self.ask.child.is_some() && !self.facts.child.plan_with.contains(&self.ask.recipient)
    }

    // ---- Restrictions and overrides ----

    fn is_restricted(&self, kind: RestrictionKind) -> bool {
        self.facts.child.restrictions.iter().any(|restriction| {
            restriction.kind == kind && restriction.is_in_force(self.facts.today) && restriction.is_against(self.ask.recipient)
        })
    }

    pub(super) fn is_adopted(&self) -> bool {
        self.is_restricted(RestrictionKind::Adopted)
    }

    pub(super) fn is_forbidden_by_court(&self) -> bool {
        self.is_restricted(RestrictionKind::CourtOrder)
    }

    pub(super) fn is_safeguarded(&self) -> bool {
        let by_statute = self.agreement_is(|agreement| agreement.basis.confidentiality == Confidentiality::Statute);
        self.is_restricted(RestrictionKind::Safeguarding) && !by_statute
    }

    pub(super) fn override_in_force(&self) -> Option<&'a Override> {
        let flow = (self.ask.holder, self.ask.recipient);
        self.facts
            .child
            .overrides
            .iter()
            .find(|one| one.is_in_force(self.facts.today) && one.is_about(flow, self.ask.purpose, self.ask.data, self.pathway))
    }

    pub(super) fn is_overridden(&self) -> bool {
        self.override_in_force().is_some()
    }

    // ---- What the family decided ----

    fn decisions(&self, decision: ConsentDecision) -> impl Iterator<Item = (&'a Consent, ConsentStanding)> {
        let Self { ask, facts, pathway, .. } = self;
        let about = move |consent: &&Consent| match pathway {
            Some(pathway) => consent.is_about(ask.purpose, ask.data, *pathway, ask.recipient),
            None => consent.is_about_any(ask.purpose, ask.data, ask.recipient),
        };
        facts
            .child
            .consents
            .iter()
            .filter(move |consent| consent.decision == decision)
            .filter(about)
            .map(|consent| (consent, consent.standing(facts.child.born, facts.today)))
    }

    /// A decision against the flow: in force, or made for a child who has since come of age and has not decided anew.
    /// Protection does not lapse on a birthday.
    fn against_it(&self, decision: ConsentDecision) -> Option<&'a Consent> {
        let outgrown = |standing| standing == ConsentStanding::ReviewDue && self.own_decision_in_force();
        self.decisions(decision)
            .find(|(_, standing)| matches!(standing, ConsentStanding::InForce | ConsentStanding::ReviewDue) && !outgrown(*standing))
            .map(|(consent, _)| consent)
    }

    fn own_decision_in_force(&self) -> bool {
        let own = |(consent, standing): (&Consent, ConsentStanding)| {
            standing == ConsentStanding::InForce && matches!(consent.decided_by, DecidedBy::YoungPerson | DecidedBy::McaRepresentative)
        };
        ConsentDecision::ALL.iter().any(|decision| self.decisions(*decision).any(own))
    }

    pub(super) fn denial(&self) -> Option<&'a Consent> {
        self.against_it(ConsentDecision::Deny)
    }

    pub(super) fn objection(&self) -> Option<&'a Consent> {
        self.against_it(ConsentDecision::Objection)
    }

    pub(super) fn permission(&self) -> Option<&'a Consent> {
        self.permissions().find(|(_, fault)| fault.is_none()).map(|(consent, _)| consent)
    }

    /// The permissions about the flow, each with the reason why it does not count, if any.
    fn permissions(&self) -> impl Iterator<Item = (&'a Consent, Option<RefusalReason>)> {
        let kind = self.facts.partnership.organisation(self.ask.recipient).map(|organisation| organisation.kind);
        let born = self.facts.child.born;
        self.decisions(ConsentDecision::Permit).map(move |(consent, standing)| {
            let entitled = born.is_none_or(|born| consent.decided_by.can_decide(born, crate::dates::london_day(consent.recorded_at)));
            let to_itself = consent.decided_by == DecidedBy::LocalAuthority && kind == Some(OrganisationKind::LocalAuthority);
            let fault = match standing {
                ConsentStanding::Withdrawn => Some(RefusalReason::ConsentWithdrawn),
                ConsentStanding::Expired => Some(RefusalReason::ConsentExpired),
                ConsentStanding::NotYetValid => Some(RefusalReason::ConsentNotYetValid),
                ConsentStanding::ReviewDue => Some(RefusalReason::ConsentReviewDue),
                ConsentStanding::InForce if !entitled => Some(RefusalReason::DeciderNotEntitled),
                ConsentStanding::InForce if to_itself => Some(RefusalReason::ConsentOfRecipient),
                ConsentStanding::InForce => None,
            };
            (consent, fault)
        })
    }

    pub(super) fn has_permission_that_is(&self, fault: RefusalReason) -> bool {
        self.permissions().any(|(_, found)| found == Some(fault))
    }

    pub(super) fn is_objection_upheld(&self) -> bool {
        self.needs_no_consent() && self.upheld().is_some()
    }

    fn upheld(&self) -> Option<&'a Consent> {
        self.objection().filter(|consent| consent.review == Some(ReviewOutcome::FlowStops))
    }

    pub(super) fn is_opted_out(&self) -> bool {
        let applies = self.agreement_is(|agreement| agreement.basis.opt_out == OptOutRule::Applies);
        applies && self.facts.child.opted_out && self.permission().is_none()
    }

    /// The family's decision that is the reason for a refusal.
    pub(super) fn against(&self, reason: RefusalReason) -> Option<ConsentId> {
        let consent = match reason {
            RefusalReason::ConsentDenied => self.denial(),
            RefusalReason::Objection => self.objection(),
            RefusalReason::ObjectionUpheld => self.upheld(),
            fault => self.permissions().find(|(_, found)| *found == Some(fault)).map(|(consent, _)| consent),
        };
        consent.map(|consent| consent.id)
    }
}
