//! Permits: what lets a flow happen, and how much of a record it shows.

use chrono::{DateTime, NaiveDate, Utc};

use super::situations::Situation;
use super::{Act, Ask, Facts, Ground, RefusalReason};
use crate::agreements::Agreement;
use crate::codelists;
use crate::identifiers::{ConsentId, OverrideId};
use crate::minimums::minimise;
use crate::pathways::PathwaySet;
use crate::places::Places;
use crate::referrals::Referral;
use crate::restrictions::RestrictionKind;

/// What one agreement gives.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    agreement: String,
    /// Whether anything is permitted, even if on no pathway.
    given: bool,
    pathways: PathwaySet,
    grounds: Vec<Ground>,
    consents: Vec<ConsentId>,
    overrides: Vec<OverrideId>,
    places: Places,
}

impl Grant {
    pub(super) fn under(agreement: &Agreement) -> Self {
        Self {
            agreement: agreement.id.clone(),
            given: false,
            pathways: PathwaySet::EMPTY,
            grounds: Vec::new(),
            consents: Vec::new(),
            overrides: Vec::new(),
            places: agreement.places.clone(),
        }
    }

    pub(super) fn add(&mut self, ground: Ground, situation: &Situation<'_>) {
        self.given = true;
        self.pathways = situation.pathway.map_or(self.pathways, |pathway| self.pathways.with(pathway));
        // An objection that does not stop a duty is recorded with what went on in spite of it.
        let behind = match ground {
            Ground::Consent => situation.permission(),
            Ground::Agreement => situation.objection(),
            Ground::Own | Ground::Task | Ground::NotObjected | Ground::Override => None,
        };
        push(&mut self.grounds, Some(ground));
        push(&mut self.consents, behind.map(|consent| consent.id));
        push(&mut self.overrides, situation.override_in_force().filter(|_| ground == Ground::Override).map(|one| one.id));
    }

    pub(super) fn is_given(&self) -> bool {
        self.given
    }

    pub(super) fn pathways(&self) -> PathwaySet {
        self.pathways
    }

    pub fn agreement(&self) -> &str {
        &self.agreement
    }

    /// What it relies on.
    pub fn grounds(&self) -> &[Ground] {
        &self.grounds
    }

    /// The permissions that it relies on, and the objections in spite of which it goes on.
    pub fn consents(&self) -> &[ConsentId] {
        &self.consents
    }

    pub fn overrides(&self) -> &[OverrideId] {
        &self.overrides
    }
}

fn push<T: PartialEq>(list: &mut Vec<T>, item: Option<T>) {
    list.extend(item.filter(|item| !list.contains(item)));
}

/// A permit for one flow, once, now. Only [`super::decide`] makes one, and it cannot be copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    ask: Ask,
    ground: Option<Ground>,
    grants: Vec<Grant>,
    pathways: PathwaySet,
    hides_address: bool,
    at: DateTime<Utc>,
}

impl Permit {
    /// A permit that needs no agreement.
    pub(super) fn freely(ask: Ask, ground: Ground, at: DateTime<Utc>) -> Self {
        Self { ask, ground: Some(ground), grants: Vec::new(), pathways: ask.pathways, hides_address: false, at }
    }

    pub(super) fn under(ask: Ask, grants: Vec<Grant>, facts: &Facts<'_>) -> Self {
        let pathways = grants.iter().fold(PathwaySet::EMPTY, |all, grant| all.union(grant.pathways));
        Self { ask, ground: None, grants, pathways, hides_address: hides_address(ask, facts, facts.today), at: facts.now }
    }

    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// The agreements that give it; empty where it needs none.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// What it relies on, in the order of the grounds.
    pub fn grounds(&self) -> Vec<Ground> {
        let mut grounds: Vec<_> =
            self.ground.into_iter().chain(self.grants.iter().flat_map(|grant| grant.grounds.iter().copied())).collect();
        grounds.sort_unstable();
        grounds.dedup();
        grounds
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
        self.ask.act != Act::Count && self.ask.holder == self.ask.recipient
    }

    /// The part of a referral that may be seen: the pathways that a grant covers for a child from that place, and the
    /// fields that the class of data needs. Refused where no pathway is left.
    ///
    /// A record whose own provider marks the NHS number as unverified is shown only to that provider (reference, 2.1).
    /// A blank mark passes, since the caller named number and date of birth, and both agreed. A count needs no number.
    pub fn cut(&self, mut referral: Referral) -> Result<Referral, RefusalReason> {
        if self.is_own() {
            return Ok(referral);
        }
        if self.ask.act != Act::Count
            && referral.details.nhs_number_status.as_deref().is_some_and(|status| status != codelists::VERIFIED_NUMBER)
        {
            return Err(RefusalReason::IdentityUnverified);
        }
        let covering = self.grants.iter().filter(|grant| grant.places.include(&referral.details));
        let covered = covering.fold(PathwaySet::EMPTY, |all, grant| all.union(grant.pathways));
        let permitted = referral.pathways.intersection(self.pathways);
        referral.pathways = permitted.intersection(covered);
        if referral.pathways.is_empty() {
            return Err(if permitted.is_empty() { RefusalReason::PathwayNotCovered } else { RefusalReason::OutsidePopulation });
        }
        let mut referral = minimise(referral, self.ask.data);
        if self.hides_address {
            referral.details.hide_address();
        }
        Ok(referral)
    }
}

fn hides_address(ask: Ask, facts: &Facts<'_>, today: NaiveDate) -> bool {
    facts.child.restrictions.iter().any(|restriction| {
        restriction.kind == RestrictionKind::AddressHidden && restriction.is_in_force(today) && restriction.is_against(ask.recipient)
    })
}
