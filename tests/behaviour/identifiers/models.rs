//! The rules about one child's identifiers, told again in a few words and with nothing of the gateway's code.

use std::collections::{BTreeMap, BTreeSet};

/// An identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Upn(u16),
    Number(usize),
}

/// On whose word a claim rests beside its mere statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Nobody,
    /// The council traced the number.
    Council,
    Holder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    None,
    /// The holder said that these are two children before anybody had vouched for the claim.
    KeptApart,
    /// The holder said so afterwards. Until it is settled, it joins nothing and still forbids.
    Disputed,
}

/// What the council claims of a UPN and an NHS number, and what has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) word: Word,
    pub(super) doubt: Doubt,
}

impl Claim {
    fn stated(traced: bool) -> Self {
        Self { word: Word::Nobody, doubt: Doubt::None }.restated(traced)
    }

    /// The council's next list changes the council's own word, unless the holder has spoken.
    fn restated(self, traced: bool) -> Self {
        match (self.doubt, self.word) {
            (Doubt::None, Word::Nobody | Word::Council) => Self { word: if traced { Word::Council } else { Word::Nobody }, ..self },
            _ => self,
        }
    }

    pub(super) fn decided(self, decision: &str) -> Self {
        match (decision, self.doubt) {
            ("join", _) => Self { word: Word::Holder, doubt: Doubt::None },
            ("keep-apart", Doubt::None) if self.word != Word::Nobody => Self { doubt: Doubt::Disputed, ..self },
            ("keep-apart", Doubt::None) => Self { doubt: Doubt::KeptApart, ..self },
            ("keep-apart", _) => self,
            // A traced number counts again with the council's next list.
            ("undo", _) => Self { word: Word::Nobody, doubt: Doubt::None },
            _ => unreachable!("{decision}"),
        }
    }

    fn holder_joins(&self) -> bool {
        self.doubt == Doubt::None && self.word == Word::Holder
    }
}

/// A decision of the family, by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) id: String,
    pub(super) under: Name,
    pub(super) permits: bool,
}

/// A row of a council's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) upn: Name,
    pub(super) number: Name,
    pub(super) traced: bool,
}

impl Row {
    fn names(&self) -> [Name; 2] {
        [self.upn, self.number]
    }

    /// Whether another row gives one of its identifiers to another child.
    fn is_contrary_to(&self, other: &Self) -> bool {
        self.names() != other.names() && (self.upn == other.upn || self.number == other.number)
    }
}

/// Everything that has been said and not taken back. A referral is known by how many days it has waited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Model {
    /// Whether the agreement believes the council's own word where the number is traced.
    pub(super) believes_council: bool,
    pub(super) claims: BTreeMap<(Name, Name), Claim>,
    /// What the trust's messages retired, and for what.
    pub(super) retired: BTreeMap<Name, Name>,
    pub(super) decisions: Vec<Decision>,
    pub(super) restrictions: Vec<(String, Name)>,
    pub(super) held: BTreeMap<u64, Name>,
    pub(super) erased: BTreeSet<u64>,
    /// Under these, nothing may be sent any more.
    pub(super) barred: BTreeSet<Name>,
}

impl Model {
    pub(super) fn joins(&self, claim: &Claim) -> bool {
        claim.holder_joins() || (self.believes_council && claim.doubt == Doubt::None && claim.word == Word::Council)
    }

    /// All that is reached from an identifier over links.
    fn reached(of: Name, links: impl Iterator<Item = (Name, Name)>) -> BTreeSet<Name> {
        let links: Vec<_> = links.collect();
        let mut found = BTreeSet::from([of]);
        loop {
            let before = found.len();
            for (one, other) in links.iter().copied() {
                if found.contains(&one) || found.contains(&other) {
                    found.extend([one, other]);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// The identifiers of one child for what permits.
    fn same(&self, of: Name) -> BTreeSet<Name> {
        Self::reached(of, self.claims.iter().filter(|(_, claim)| self.joins(claim)).map(|(pair, _)| *pair))
    }

    /// The identifiers of one child for what forbids.
    fn claimed(&self, of: Name) -> BTreeSet<Name> {
        let claims = self.claims.iter().filter(|(_, claim)| claim.doubt != Doubt::KeptApart).map(|(pair, _)| *pair);
        Self::reached(of, claims.chain(self.retired.iter().map(|(from, to)| (*from, *to))))
    }

    /// The identifiers of one child by the holder's word alone: no council's word erases a trust's records.
    pub(super) fn erased_with(&self, of: Name) -> BTreeSet<Name> {
        Self::reached(of, self.claims.iter().filter(|(_, claim)| claim.holder_joins()).map(|(pair, _)| *pair))
    }

    fn is_permitted(&self, of: Name) -> bool {
        let (same, claimed) = (self.same(of), self.claimed(of));
        let is_denied = self.decisions.iter().any(|decision| !decision.permits && claimed.contains(&decision.under));
        let is_restricted = self.restrictions.iter().any(|(_, under)| claimed.contains(under));
        !is_denied && !is_restricted && self.decisions.iter().any(|decision| decision.permits && same.contains(&decision.under))
    }

    /// What the trust is shown of its own by an identifier.
    pub(super) fn trust_sees(&self, by: Name) -> BTreeSet<u64> {
        let same = self.same(by);
        self.held.iter().filter(|(_, under)| same.contains(under)).map(|(waited, _)| *waited).collect()
    }

    /// What the council is shown of the trust's by an identifier.
    pub(super) fn council_sees(&self, by: Name) -> BTreeSet<u64> {
        if self.is_permitted(by) { self.trust_sees(by) } else { BTreeSet::new() }
    }

    /// What the council is shown of the trust's list.
    pub(super) fn listed(&self) -> BTreeSet<u64> {
        self.held.iter().filter(|(_, under)| self.is_permitted(**under)).map(|(waited, _)| *waited).collect()
    }

    pub(super) fn holds(&self, name: Name) -> bool {
        self.held.values().any(|under| *under == name)
    }

    /// The identifier that replaced another, or itself.
    pub(super) fn survivor(&self, mut of: Name) -> Name {
        while let Some(next) = self.retired.get(&of) {
            of = *next;
        }
        of
    }

    /// A new list of the council replaces the last. Answers the rows that contradict no other.
    pub(super) fn restate(&mut self, rows: &[Row]) -> Vec<Row> {
        let (doubtful, sound): (Vec<Row>, Vec<Row>) = rows.iter().partition(|row| rows.iter().any(|other| row.is_contrary_to(other)));
        let before = std::mem::take(&mut self.claims);
        for row in &sound {
            let pair = (row.upn, row.number);
            self.claims.insert(pair, before.get(&pair).map_or(Claim::stated(row.traced), |claim| claim.restated(row.traced)));
        }
        // What is in doubt says nothing: it neither vouches for a claim nor ends it.
        let in_doubt: BTreeSet<Name> = doubtful.iter().flat_map(Row::names).collect();
        for (pair, claim) in before {
            if in_doubt.contains(&pair.0) || in_doubt.contains(&pair.1) {
                self.claims.entry(pair).or_insert(claim.restated(false));
            }
        }
        sound
    }

    /// The trust sends a referral. Answers whether it is taken.
    pub(super) fn send(&mut self, waited: u64, under: Name) -> bool {
        let under = self.survivor(under);
        let is_taken = !self.erased.contains(&waited) && !self.barred.contains(&under);
        if is_taken {
            self.held.insert(waited, under);
        }
        is_taken
    }

    /// The trust erases what it holds of a child.
    pub(super) fn erase(&mut self, under: Name, future: bool) {
        let theirs = self.erased_with(under);
        let gone: BTreeSet<u64> = self.held.iter().filter(|(_, under)| theirs.contains(under)).map(|(waited, _)| *waited).collect();
        self.held.retain(|waited, _| !gone.contains(waited));
        self.erased.extend(gone);
        if future {
            self.barred.extend(theirs);
        }
    }

    /// A message of the trust retires an identifier for another. Answers whether that moves anything.
    pub(super) fn merge(&mut self, from: Name, to: Name) -> bool {
        let to = self.survivor(to);
        if from == to || self.retired.contains_key(&from) || self.barred.contains(&to) || !self.holds(from) {
            return false;
        }
        self.held.values_mut().filter(|under| **under == from).for_each(|under| *under = to);
        self.retired.insert(from, to);
        true
    }
}
