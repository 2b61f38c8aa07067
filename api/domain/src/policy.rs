//! May this flow happen? [`decide`] is the one place that answers, and the one maker of a
//! [`Permit`]. The store gives nothing about a person without one.

use chrono::{DateTime, NaiveDate, Utc};

use crate::agreements::{Agreement, ConsentRule, DataClass, Purpose};
use crate::codelists;
use crate::consents::{Consent, ConsentDecision, Standing};
use crate::identifiers::{ChildId, ConsentId};
use crate::organisations::OrganisationCode;
use crate::pathways::{Pathway, PathwaySet};
use crate::referrals::Referral;

closed! {
    /// What the caller wants to do.
    pub enum Act {
        /// Give data of the holder to the recipient.
        Disclose = "disclose",
        /// Record a family's decision: `holder` is who records it, `recipient` whom it is about.
        RecordConsent = "record-consent",
        /// Withdraw a decision that the holder recorded.
        WithdrawConsent = "withdraw-consent",
        /// Read back the decisions that the holder recorded.
        ReadConsents = "read-consents",
    }
}

/// A flow that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    pub act: Act,
    pub holder: OrganisationCode,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    /// Empty where the data belongs to no pathway.
    pub pathways: PathwaySet,
    pub child: Option<ChildId>,
}

/// What is known at the instant of the decision. The consents are the child's, all of them, read in
/// the transaction that will also write the audit leaf.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub agreements: &'a [Agreement],
    pub consents: &'a [Consent],
    pub now: DateTime<Utc>,
    pub today: NaiveDate,
}

impl<'a> Facts<'a> {
    /// Facts at an instant, on the London day that it falls on.
    pub fn at(now: DateTime<Utc>, agreements: &'a [Agreement], consents: &'a [Consent]) -> Self {
        Self { agreements, consents, now, today: crate::dates::london_day(now) }
    }
}

closed! {
    /// Why a flow is refused, from the least to the most that stood in its favour.
    pub enum Reason {
        /// The gateway holds nothing of the kind for this child.
        NotHeld = "not-held",
        /// The provider marks the child's NHS number as anything but verified.
        IdentityUnverified = "identity-unverified",
        NoAgreement = "no-agreement",
        AgreementNotStarted = "agreement-not-started",
        AgreementEnded = "agreement-ended",
        RecorderNotNamed = "recorder-not-named",
        PathwayNotCovered = "pathway-not-covered",
        ConsentMissing = "consent-missing",
        ConsentNotYetValid = "consent-not-yet-valid",
        ConsentExpired = "consent-expired",
        ConsentWithdrawn = "consent-withdrawn",
        ConsentDenied = "consent-denied",
        Objection = "objection",
    }
}

/// A refusal, as a value: it has an audit leaf too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub ask: Ask,
    pub reason: Reason,
    /// The agreement that came nearest.
    pub agreement: Option<String>,
    pub consent: Option<ConsentId>,
}

impl Refusal {
    /// The refusal of what is not there. To the caller it looks like any other.
    pub fn not_held(ask: Ask) -> Self {
        Self { ask, reason: Reason::NotHeld, agreement: None, consent: None }
    }

    /// Whether there is no agreement for anything of the kind, which may be said aloud: it depends
    /// on no child.
    pub fn is_structural(&self) -> bool {
        matches!(
            self.reason,
            Reason::NoAgreement
                | Reason::AgreementNotStarted
                | Reason::AgreementEnded
                | Reason::RecorderNotNamed
                | Reason::PathwayNotCovered
        )
    }
}

/// What one agreement gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    agreement: String,
    pathways: PathwaySet,
    consents: Vec<ConsentId>,
}

impl Grant {
    pub fn agreement(&self) -> &str {
        &self.agreement
    }

    pub fn consents(&self) -> &[ConsentId] {
        &self.consents
    }
}

/// Leave to let one flow happen, once, now. Only [`decide`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    ask: Ask,
    grants: Vec<Grant>,
    pathways: PathwaySet,
    at: DateTime<Utc>,
}

impl Permit {
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// The agreements that give it; none where an organisation reads its own records.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The pathways that may be seen: all that were asked for, or fewer.
    pub fn pathways(&self) -> PathwaySet {
        self.pathways
    }

    /// When it was decided.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Whether an organisation reads what it sent itself.
    pub fn is_own(&self) -> bool {
        self.ask.holder == self.ask.recipient
    }

    /// The part of a referral that may be seen: its pathways cut to those permitted, nothing where
    /// none is left. A child's record whose own provider marks the NHS number as unverified is shown to
    /// its provider alone (reference, 2.1); a blank mark passes, since the caller named number and date
    /// of birth, and both agreed. A count needs no number.
    pub fn cut(&self, mut referral: Referral) -> Option<Referral> {
        if self.is_own() {
            return Some(referral);
        }
        let is_count = self.ask.data == DataClass::DashboardAggregate;
        if !is_count && referral.details.nhs_number_status.as_deref().is_some_and(|status| status != codelists::VERIFIED) {
            return None;
        }
        referral.pathways = referral.pathways.intersection(self.pathways);
        (!referral.pathways.is_empty()).then_some(referral)
    }
}

/// Decides a flow.
///
/// An organisation reads its own records freely, and who recorded a decision may always withdraw it:
/// no agreement that ended can keep a family from taking it back. Anything else needs an agreement that joins the two
/// organisations for this purpose and class of data, is in date on the London day, and covers the
/// pathway; and, where the agreement says so, the family's decision in force. Of several decisions
/// on one flow the most protective wins: a denial or an objection outweighs any permission. Where
/// consent is not required, an objection does not block the duty. Data that cannot be cut by pathway is
/// permitted whole or not at all.
pub fn decide(ask: Ask, facts: Facts<'_>) -> Result<Permit, Refusal> {
    let freely = match ask.act {
        Act::Disclose | Act::ReadConsents => ask.holder == ask.recipient,
        Act::WithdrawConsent => facts.consents.iter().any(|consent| consent.recorded_by == ask.holder),
        Act::RecordConsent => false,
    };
    if freely {
        return Ok(Permit { ask, grants: Vec::new(), pathways: ask.pathways, at: facts.now });
    }
    let mut grants = Vec::new();
    let mut nearest = Refusal { ask, reason: Reason::NoAgreement, agreement: None, consent: None };
    for agreement in facts.agreements.iter().filter(|agreement| is_about(agreement, &ask)) {
        match grant(agreement, &ask, &facts) {
            Ok(grant) => grants.push(grant),
            Err((reason, consent)) if reason >= nearest.reason => {
                nearest = Refusal { ask, reason, agreement: Some(agreement.id.clone()), consent };
            }
            Err(_) => {}
        }
    }
    if grants.is_empty() {
        return Err(nearest);
    }
    let pathways = grants.iter().fold(PathwaySet::EMPTY, |all, grant| all.union(grant.pathways));
    let missing = ask.pathways.difference(pathways);
    if ask.data.is_whole() && !missing.is_empty() {
        // Nothing grants what is missing: asked for alone, it is refused for its own reason.
        return decide(Ask { pathways: missing, ..ask }, facts).map_err(|refusal| Refusal { ask, ..refusal });
    }
    Ok(Permit { ask, grants, pathways, at: facts.now })
}

fn is_about(agreement: &Agreement, ask: &Ask) -> bool {
    let between = match ask.act {
        Act::Disclose => agreement.joins(ask.holder, ask.recipient, ask.data),
        Act::RecordConsent => agreement.data.contains(&ask.data) && agreement.recipients.contains(&ask.recipient),
        Act::WithdrawConsent | Act::ReadConsents => false,
    };
    between && agreement.purpose == ask.purpose
}

fn grant(agreement: &Agreement, ask: &Ask, facts: &Facts<'_>) -> Result<Grant, (Reason, Option<ConsentId>)> {
    if !agreement.is_in_date(facts.today) {
        let started = agreement.starts <= facts.today;
        return Err((if started { Reason::AgreementEnded } else { Reason::AgreementNotStarted }, None));
    }
    let granted = |pathways, consents| Grant { agreement: agreement.id.clone(), pathways, consents };
    let covered = ask.pathways.intersection(agreement.pathways);
    if ask.act == Act::RecordConsent {
        if !agreement.consent_recorded_by.contains(&ask.holder) {
            return Err((Reason::RecorderNotNamed, None));
        }
        // Recorded whole or not at all: nobody should believe a decision to reach further than it does.
        return if covered == ask.pathways { Ok(granted(covered, Vec::new())) } else { Err((Reason::PathwayNotCovered, None)) };
    }
    if ask.pathways.is_empty() && agreement.consent == ConsentRule::NotRequired {
        return Ok(granted(covered, Vec::new()));
    }
    let mut pathways = PathwaySet::EMPTY;
    let mut consents = Vec::new();
    let mut nearest = (Reason::PathwayNotCovered, None);
    for pathway in covered.iter() {
        match family_decision(agreement, ask, facts, pathway) {
            Ok(consent) => {
                pathways = pathways.with(pathway);
                consents.extend(consent.filter(|id| !consents.contains(id)));
            }
            Err(refused) => nearest = nearest.max(refused),
        }
    }
    if pathways.is_empty() { Err(nearest) } else { Ok(granted(pathways, consents)) }
}

/// The decision that lets one pathway flow, `None` where none is needed.
fn family_decision(
    agreement: &Agreement,
    ask: &Ask,
    facts: &Facts<'_>,
    pathway: Pathway,
) -> Result<Option<ConsentId>, (Reason, Option<ConsentId>)> {
    if agreement.consent == ConsentRule::NotRequired {
        return Ok(None);
    }
    let about = || facts.consents.iter().filter(|consent| consent.is_about(ask.purpose, ask.data, pathway, ask.recipient));
    let in_force = |decision| about().find(|consent| consent.decision == decision && consent.standing(facts.today) == Standing::InForce);
    if let Some(denial) = in_force(ConsentDecision::Deny) {
        return Err((Reason::ConsentDenied, Some(denial.id)));
    }
    if let Some(objection) = in_force(ConsentDecision::Objection) {
        return Err((Reason::Objection, Some(objection.id)));
    }
    if agreement.consent == ConsentRule::UnlessObjected {
        return Ok(None);
    }
    if let Some(permission) = in_force(ConsentDecision::Permit) {
        return Ok(Some(permission.id));
    }
    let ended = about()
        .filter(|consent| consent.decision == ConsentDecision::Permit)
        .map(|consent| match consent.standing(facts.today) {
            Standing::Withdrawn => (Reason::ConsentWithdrawn, Some(consent.id)),
            Standing::Expired => (Reason::ConsentExpired, Some(consent.id)),
            Standing::NotYetValid | Standing::InForce => (Reason::ConsentNotYetValid, Some(consent.id)),
        })
        .max();
    Err(ended.unwrap_or((Reason::ConsentMissing, None)))
}

#[cfg(test)]
mod tests;
