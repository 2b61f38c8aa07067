//! May this flow happen? [`decide`] is the one place that answers, and the one maker of a
//! [`Permit`]. The store gives nothing about a person without one.
//!
//! The rules stand in [`rules`], as the table that [`decision_table`] prints.

mod asks;
mod permits;
mod reasons;
mod rules;
mod situations;
mod tables;

use chrono::{DateTime, NaiveDate, Utc};

use crate::agreements::Agreement;
use crate::consents::Consent;
use crate::holds::LegalHold;
use crate::identifiers::ConsentId;
use crate::organisations::OrganisationCode;
use crate::overrides::Override;
use crate::partnerships::Partnership;
use crate::pathways::PathwaySet;
use crate::restrictions::Restriction;

pub use asks::{Ask, FactsAsked};
pub use permits::{Grant, Permit};
pub use reasons::{Ground, RefusalReason};
pub use tables::decision_table;

use rules::{Verdict, verdict};
use situations::Situation;

closed! {
    /// What the caller wants to do.
    pub enum Act {
        /// Give data of the holder to the recipient.
        Disclose = "disclose",
        /// Count the holder's records in what is released to the recipient.
        Count = "count",
        /// Record a permission or a denial: `holder` is who records it, `recipient` whom it is about.
        RecordConsent = "record-consent",
        /// Record an objection, likewise.
        RecordObjection = "record-objection",
        /// Withdraw a decision that the holder recorded.
        WithdrawConsent = "withdraw-consent",
        /// Read back the decisions and restrictions that the holder recorded.
        ReadConsents = "read-consents",
        /// Say what becomes of an objection to a flow that needs no consent.
        ReviewObjection = "review-objection",
        /// Restrict what flows about a child: `holder` is who sets it.
        Restrict = "restrict",
        /// Lift a restriction that the holder set.
        LiftRestriction = "lift-restriction",
        /// Open the holder's records to the recipient on a Caldicott guardian's word.
        Override = "override",
        /// End an override that the holder made.
        EndOverride = "end-override",
        /// Load National Data Opt-outs, as the holder's system fetched them.
        LoadOptOuts = "load-opt-outs",
        /// Erase what the holder sent about a child.
        Erase = "erase",
        /// Rectify what the holder sent about a child.
        Rectify = "rectify",
        /// Keep what the holder sent about a child from erasure, or release it.
        Hold = "hold",
        /// Read who saw what about a child: `recipient` is who reads.
        ReadDisclosures = "read-disclosures",
        /// Say that two identifiers are one child's, or that they are not.
        Join = "join",
        /// Read released tables: `recipient` is who reads.
        ReadRelease = "read-release",
    }
}

/// What is known of a child at the instant of the decision, all of it, read in the transaction that will
/// also write the audit leaf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChildFacts {
    /// `None` where no child is asked about.
    pub born: Option<NaiveDate>,
    pub consents: Vec<Consent>,
    pub restrictions: Vec<Restriction>,
    pub overrides: Vec<Override>,
    /// Looked up for an erasure or a rectification alone.
    pub holds: Vec<LegalHold>,
    /// Whether the child's NHS number is on a list of National Data Opt-outs.
    pub opted_out: bool,
    /// The councils that assess the child or maintain its plan.
    pub plan_with: Vec<OrganisationCode>,
}

/// Nothing known of anybody.
pub static NO_FACTS: ChildFacts = ChildFacts {
    born: None,
    consents: Vec::new(),
    restrictions: Vec::new(),
    overrides: Vec::new(),
    holds: Vec::new(),
    opted_out: false,
    plan_with: Vec::new(),
};

/// What a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub partnership: &'a Partnership,
    pub child: &'a ChildFacts,
    pub now: DateTime<Utc>,
    pub today: NaiveDate,
}

impl<'a> Facts<'a> {
    /// Facts at an instant, on the London day that it falls on.
    pub fn at(now: DateTime<Utc>, partnership: &'a Partnership, child: &'a ChildFacts) -> Self {
        Self { partnership, child, now, today: crate::dates::london_day(now) }
    }
}

/// A refusal, as a value: it has an audit leaf too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    ask: Ask,
    reason: RefusalReason,
    agreement: Option<String>,
    consent: Option<ConsentId>,
}

impl Refusal {
    /// The refusal of what is not there. To the caller it looks like any other.
    pub fn not_held(ask: Ask) -> Self {
        Self { ask, reason: RefusalReason::NotHeld, agreement: None, consent: None }
    }

    /// The refusal of a request to oneself: that an organisation's own data may flow to it is no agreement to ask.
    pub fn asks_itself(ask: Ask) -> Self {
        Self { ask, reason: RefusalReason::NoAgreement, agreement: None, consent: None }
    }

    /// The refusal of what `permit` would let happen, had the record's own particulars not kept it.
    pub fn of_record(permit: &Permit, reason: RefusalReason) -> Self {
        Self { ask: *permit.ask(), reason, agreement: None, consent: None }
    }

    /// The same, told of the whole that was asked for.
    #[must_use]
    pub fn of_all(self, ask: Ask) -> Self {
        Self { ask, ..self }
    }

    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    pub fn reason(&self) -> RefusalReason {
        self.reason
    }

    /// The agreement that came nearest.
    pub fn agreement(&self) -> Option<&str> {
        self.agreement.as_deref()
    }

    /// The decision of the family's that stands behind it.
    pub fn consent(&self) -> Option<ConsentId> {
        self.consent
    }

    /// Whether there is no agreement for anything of the kind, which may be said aloud: it depends
    /// on no child.
    pub fn is_structural(&self) -> bool {
        self.reason.is_structural()
    }
}

/// Decides a flow: for each agreement that is about it and each pathway asked for, by the first rule of
/// the act's table that holds.
///
/// A pathway is permitted if one agreement permits it. What cannot be cut by pathway (a text about two of
/// them, a decision that should not be believed to reach further than it does) is permitted whole or not at all.
/// Of several refusals the one is given that had the most in its favour.
pub fn decide(ask: Ask, facts: Facts<'_>) -> Result<Permit, Refusal> {
    let refused = |reason, agreement: Option<&Agreement>, consent| Refusal {
        ask,
        reason,
        agreement: agreement.map(|agreement| agreement.id.clone()),
        consent,
    };
    let mut nearest = match verdict(&Situation { ask: &ask, facts: &facts, agreement: None, pathway: None }) {
        Verdict::Permit(ground) => return Ok(Permit::freely(ask, ground, facts.now)),
        Verdict::Refuse(reason) => refused(reason, None, None),
    };
    let mut grants = Vec::new();
    for agreement in facts.partnership.agreements().iter().filter(|agreement| situations::is_about(agreement, &ask)) {
        let mut grant = Grant::under(agreement);
        let mut consider = |pathway| {
            let situation = Situation { ask: &ask, facts: &facts, agreement: Some(agreement), pathway };
            match verdict(&situation) {
                Verdict::Permit(ground) => grant.add(ground, &situation),
                Verdict::Refuse(reason) if reason >= nearest.reason => {
                    nearest = refused(reason, Some(agreement), situation.against(reason))
                }
                Verdict::Refuse(_) => {}
            }
        };
        if ask.pathways.is_empty() {
            consider(None);
        }
        ask.pathways.iter().map(Some).for_each(&mut consider);
        grants.extend(grant.is_given().then_some(grant));
    }
    if grants.is_empty() {
        return Err(nearest);
    }
    let pathways = grants.iter().fold(PathwaySet::EMPTY, |all, grant| all.union(grant.pathways()));
    let missing = ask.pathways.difference(pathways);
    if ask.is_whole() && !missing.is_empty() {
        // Nothing grants what is missing: asked for alone, it is refused for its own reason.
        return decide(Ask { pathways: missing, ..ask }, facts).map_err(|refusal| refusal.of_all(ask));
    }
    Ok(Permit::under(ask, grants, &facts))
}

#[cfg(test)]
mod tests;
