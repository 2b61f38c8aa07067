//! May this flow happen? [`decide`] is the one place that answers, and the one maker of a [`Permit`]. The store gives
//! nothing about a person without a permit.
//!
//! The rules are in [`rules`], as the table that [`decision_table`] prints.

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
        /// Record an objection: `holder` and `recipient` as above.
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
        /// Open the holder's records to the recipient, as a Caldicott guardian decided.
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
        /// Say that two identifiers are one child's.
        Join = "join",
        /// Say that two identifiers are not one child's, or take back that they are.
        Part = "part",
        /// Say that two identifiers are one child's, of what the holder sent itself.
        JoinOwn = "join-own",
        /// Read released tables: `recipient` is who reads.
        ReadRelease = "read-release",
    }
}

/// All that is known about a child at the instant of the decision, read in the transaction that also writes the audit
/// entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChildFacts {
    /// `None` where no child is asked about.
    pub born: Option<NaiveDate>,
    pub consents: Vec<Consent>,
    pub restrictions: Vec<Restriction>,
    pub overrides: Vec<Override>,
    /// Only looked up for an erasure or a rectification.
    pub holds: Vec<LegalHold>,
    /// Whether the child's NHS number is on a list of National Data Opt-outs.
    pub opted_out: bool,
    /// The councils that assess the child or maintain its plan.
    pub plan_with: Vec<OrganisationCode>,
}

/// Facts where nothing is known about a child.
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

/// A refusal, as a value: it has an audit entry too.
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

    /// The refusal of a request to oneself: that an organisation may see its own data does not let it ask itself.
    pub fn asks_itself(ask: Ask) -> Self {
        Self { ask, reason: RefusalReason::NoAgreement, agreement: None, consent: None }
    }

    /// The refusal of what `permit` allows but the record itself does not, for this reason.
    pub fn of_record(permit: &Permit, reason: RefusalReason) -> Self {
        Self { ask: *permit.ask(), reason, agreement: None, consent: None }
    }

    /// The same refusal, stated for all that was asked for.
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

    /// The agreement that came nearest to permitting it.
    pub fn agreement(&self) -> Option<&str> {
        self.agreement.as_deref()
    }

    /// The family's decision that is the reason for it.
    pub fn consent(&self) -> Option<ConsentId> {
        self.consent
    }

    /// Whether no agreement allows anything of the kind. The caller may be told this: it depends on no child.
    pub fn is_structural(&self) -> bool {
        self.reason.is_structural()
    }
}

/// Decides a flow: for each agreement that is about it and each pathway asked for, by the first rule of the act's table
/// that holds.
///
/// A pathway is permitted if one agreement permits it. What cannot be split by pathway (a text about two pathways, or a
/// decision that must not seem to reach further than it does) is permitted whole or not at all. Of several refusals,
/// the answer is the one that came nearest to a permit.
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
        // No agreement grants what is missing: asked for alone, it is refused for its own reason.
        return decide(Ask { pathways: missing, ..ask }, facts).map_err(|refusal| refusal.of_all(ask));
    }
    Ok(Permit::under(ask, grants, &facts))
}

#[cfg(test)]
mod tests;
