//! Which referrals of one child on one pathway are one journey: the table of what links them.
//!
//! A link runs from a later referral to one that it continues. It needs something that somebody wrote down: that two
//! referrals are of one child and pathway joins nothing, so that a re-referral is a journey of its own. A rejected referral
//! was never taken on: it joins nothing and lengthens nothing, whatever names it; sent again, it is a new one.

use std::collections::{BTreeMap, HashMap};

use super::HeldReferral;
use crate::dates::days_between;
use crate::organisations::OrganisationCode;
use crate::pathways::Pathway;
use crate::referrals::{OnwardReferral, ReferralStatus};

/// Days within which a referral that was sent on is received, and within which a provider that refers a child on may have
/// ended its own. Ours: national guidance gives none; a letter and a triage take less.
pub(crate) const ONWARD_DAYS: i64 = 28;

/// Onward referral reasons after which the child's wait goes on where it was, or another begins (reference, 3.2): a
/// test alone (03), which has a clock of its own (DM01), and a new referral (04).
const SEPARATE: [&str; 2] = ["03", "04"];

closed! {
    /// What says that one referral continues another.
    pub enum LinkedBy {
        /// The later one names the earlier.
        PreviousReferral = "previous-referral",
        /// The earlier provider referred the child on to the later, by the word of either.
        OnwardReferral = "onward-referral",
        /// Both bear one booking reference.
        BookingReference = "booking-reference",
        /// Both bear one pathway id of one issuer.
        PathwayId = "pathway-id",
    }
}

/// The referrals of one pathway that may be linked, in an order of their own, and what each continues.
pub(super) struct Links<'a> {
    entries: Vec<&'a HeldReferral>,
    earlier: Vec<Vec<(usize, LinkedBy)>>,
}

/// A referral and all that it continues.
pub(super) struct Chain {
    is_member: Vec<bool>,
    by: Vec<LinkedBy>,
}

impl Chain {
    pub(super) fn contains(&self, at: usize) -> bool {
        self.is_member.get(at).copied().unwrap_or(false)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = usize> {
        self.is_member.iter().enumerate().filter_map(|(at, is_member)| is_member.then_some(at))
    }

    pub(super) fn linked_by(&self) -> Vec<LinkedBy> {
        LinkedBy::ALL.iter().copied().filter(|by| self.by.contains(by)).collect()
    }
}

impl<'a> Links<'a> {
    pub(super) fn of(held: &'a [HeldReferral], pathway: Pathway) -> Self {
        let joins = |entry: &&HeldReferral| entry.referral.pathways.contains(pathway) && entry.referral.status != ReferralStatus::Rejected;
        let mut entries: Vec<_> = held.iter().filter(joins).collect();
        // From the first to the last: what comes in what order changes nothing.
        entries.sort_by_key(|entry| (entry.referral.referral_received_date, entry.provider, &entry.referral.referral_id));
        let mut links = Self { earlier: vec![Vec::new(); entries.len()], entries };
        links.by_previous();
        links.by_onward();
        links.by_shared(LinkedBy::BookingReference, |entry| reference(entry.referral.details.ubrn.as_deref()));
        links.by_shared(LinkedBy::PathwayId, |entry| {
            let details = &entry.referral.details;
            // Who names no issuer speaks of its own ids.
            let issuer = details.pathway_id_issuer.as_deref().map_or(Some(entry.provider), organisation)?;
            reference(details.pathway_id.as_deref()).map(|id| (Some(issuer), id))
        });
        links
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entry(&self, at: usize) -> &'a HeldReferral {
        self.entries[at]
    }

    pub(super) fn find(&self, provider: OrganisationCode, referral_id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.provider == provider && entry.referral.referral_id == referral_id)
    }

    /// The referral and all that it continues, through however many; a circle is followed once.
    pub(super) fn chain(&self, at: usize) -> Chain {
        let mut chain = Chain { is_member: vec![false; self.entries.len()], by: Vec::new() };
        chain.is_member[at] = true;
        let mut next = vec![at];
        while let Some(at) = next.pop() {
            for (earlier, by) in &self.earlier[at] {
                if !chain.by.contains(by) {
                    chain.by.push(*by);
                }
                if !std::mem::replace(&mut chain.is_member[*earlier], true) {
                    next.push(*earlier);
                }
            }
        }
        chain
    }

    fn link(&mut self, later: usize, earlier: usize, by: LinkedBy) {
        if later != earlier {
            self.earlier[later].push((earlier, by));
        }
    }

    fn by_previous(&mut self) {
        let by_id: HashMap<_, _> =
            self.entries.iter().enumerate().map(|(at, entry)| ((entry.provider, entry.referral.referral_id.as_str()), at)).collect();
        for later in 0..self.entries.len() {
            let entry = self.entries[later];
            let Some(link) = &entry.referral.details.previous else { continue };
            if let Some(earlier) = by_id.get(&(link.provider.unwrap_or(entry.provider), link.referral_id.as_str())) {
                self.link(later, *earlier, LinkedBy::PreviousReferral);
            }
        }
    }

    fn by_onward(&mut self) {
        let mut by_provider: BTreeMap<OrganisationCode, Vec<usize>> = BTreeMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            by_provider.entry(entry.provider).or_default().push(at);
        }
        let of = |code: Option<&str>| code.and_then(organisation).and_then(|code| by_provider.get(&code)).into_iter().flatten().copied();
        for at in 0..self.entries.len() {
            let details = &self.entries[at].referral.details;
            for later in of(details.onward.as_ref().and_then(|onward| onward.to.as_deref())) {
                if self.may_follow(later, at) && self.is_sent_on(at, later) {
                    self.link(later, at, LinkedBy::OnwardReferral);
                }
            }
            for earlier in of(details.referred_by.as_deref()) {
                if self.may_follow(at, earlier) && self.is_referred_by(at, earlier) {
                    self.link(at, earlier, LinkedBy::OnwardReferral);
                }
            }
        }
    }

    /// Within one provider on a later day; another may receive a child on the day that it was sent on.
    fn may_follow(&self, later: usize, earlier: usize) -> bool {
        let (later, earlier) = (self.entries[later], self.entries[earlier]);
        let days = days_between(earlier.referral.referral_received_date, later.referral.referral_received_date);
        days > 0 || (days == 0 && later.provider != earlier.provider)
    }

    /// Whether the earlier provider sent the child on on a day, and the later received it on that day or shortly after.
    fn is_sent_on(&self, earlier: usize, later: usize) -> bool {
        let received = self.entries[later].referral.referral_received_date;
        let onward = self.entries[earlier].referral.details.onward.as_ref();
        onward.is_some_and(|onward| !is_separate(onward) && (0..=ONWARD_DAYS).contains(&days_between(onward.on, received)))
    }

    /// Whether the later provider names the earlier as who referred the child, which the child was with until then.
    fn is_referred_by(&self, later: usize, earlier: usize) -> bool {
        let (entry, received) = (self.entries[earlier], self.entries[later].referral.referral_received_date);
        let separate =
            entry.referral.details.onward.as_ref().is_some_and(|onward| {
                is_separate(onward) && onward.to.as_deref().and_then(organisation) == Some(self.entries[later].provider)
            });
        let is_over = match (entry.referral.status, entry.referral.details.closed_date) {
            (ReferralStatus::Waiting | ReferralStatus::OnHold, _) | (ReferralStatus::Seen, None) => false,
            (_, Some(closed)) => days_between(closed, received) > ONWARD_DAYS,
            (_, None) => true,
        };
        !separate && !is_over
    }

    /// Each of those that share something continues the one before it.
    fn by_shared<K: Eq + std::hash::Hash>(&mut self, by: LinkedBy, key: impl Fn(&'a HeldReferral) -> Option<K>) {
        let mut last: HashMap<K, usize> = HashMap::new();
        for at in 0..self.entries.len() {
            let Some(key) = key(self.entries[at]) else { continue };
            if let Some(earlier) = last.insert(key, at) {
                self.link(at, earlier, by);
            }
        }
    }
}

fn is_separate(onward: &OnwardReferral) -> bool {
    onward.reason.as_deref().is_some_and(|reason| SEPARATE.contains(&reason.trim()))
}

fn organisation(code: &str) -> Option<OrganisationCode> {
    code.trim().parse().ok()
}

/// A reference without its spaces and hyphens; none where one character fills it, as a system does that has none.
fn reference(text: Option<&str>) -> Option<String> {
    let text: String = text?.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let mut letters = text.chars();
    let first = letters.next()?;
    letters.any(|letter| letter != first).then_some(text)
}
