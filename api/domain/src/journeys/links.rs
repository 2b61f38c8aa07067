//! Which referrals of one child on one pathway are one journey: the table of what links them.
//!
//! A link runs from a later referral to one that it continues. It needs something that somebody wrote down. The same
//! child and pathway are not enough, so a re-referral is a journey of its own. A rejected referral was never taken on:
//! it joins and lengthens nothing, even if others name it. If it is sent again, that is a new referral.

use std::collections::{BTreeMap, HashMap};

use super::HeldReferral;
use crate::dates::days_between;
use crate::organisations::OrganisationCode;
use crate::pathways::Pathway;
use crate::referrals::{OnwardReferral, ReferralStatus};

/// Days within which an onward referral must be received, and within which the referring provider may already have
/// ended its own. This is our choice: national guidance gives none, and a letter and a triage take less.
pub(crate) const ONWARD_DAYS: i64 = 28;

/// Reasons for an onward referral after which the child's wait goes on where it was, or a new one begins (reference,
/// 3.2): a test alone (03), which has a clock of its own (DM01), and a new referral (04).
const SEPARATE: [&str; 2] = ["03", "04"];

closed! {
    /// What says that one referral continues another.
    pub enum LinkedBy {
        /// The later one names the earlier.
        PreviousReferral = "previous-referral",
        /// The earlier provider referred the child on to the later, as either of them says.
        OnwardReferral = "onward-referral",
        /// Both have the same booking reference.
        BookingReference = "booking-reference",
        /// Both have the same pathway id from the same issuer.
        PathwayId = "pathway-id",
    }
}

/// The referrals of one pathway that may be linked, in order of receipt, and what each continues.
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
        // In order of receipt, so that the order in which they are held changes nothing.
        entries.sort_by_key(|entry| (entry.referral.referral_received_date, entry.provider, &entry.referral.referral_id));
        let mut links = Self { earlier: vec![Vec::new(); entries.len()], entries };
        links.by_previous();
        links.by_onward();
        links.by_shared(LinkedBy::BookingReference, |entry| reference(entry.referral.details.ubrn.as_deref()));
        links.by_shared(LinkedBy::PathwayId, |entry| {
            let details = &entry.referral.details;
            // A provider that names no issuer means its own ids.
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

    /// The referral and all that it continues, directly or through others. A circle is followed once.
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

    /// Whether one referral may follow another: on a later day or, at another provider, on the same day.
    fn may_follow(&self, later: usize, earlier: usize) -> bool {
        let (later, earlier) = (self.entries[later], self.entries[earlier]);
        let days = days_between(earlier.referral.referral_received_date, later.referral.referral_received_date);
        days > 0 || (days == 0 && later.provider != earlier.provider)
    }

    /// Whether the earlier provider sent the child on, and the later received it on that day or at most [`ONWARD_DAYS`]
    /// later.
    fn is_sent_on(&self, earlier: usize, later: usize) -> bool {
        let received = self.entries[later].referral.referral_received_date;
        let onward = self.entries[earlier].referral.details.onward.as_ref();
        onward.is_some_and(|onward| !is_separate(onward) && (0..=ONWARD_DAYS).contains(&days_between(onward.on, received)))
    }

    /// Whether the later provider says that the earlier referred the child, who was with the earlier until at most
    /// [`ONWARD_DAYS`] before.
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

    /// Links referrals that share a key: each continues the one before it.
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

/// A reference without its spaces and hyphens; `None` where it repeats one character, as systems send that have no
/// reference.
fn reference(text: Option<&str>) -> Option<String> {
    let text: String = text?.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let mut letters = text.chars();
    let first = letters.next()?;
    letters.any(|letter| letter != first).then_some(text)
}
