//! Every transaction about a person goes this way: pass the gate, read the facts, decide, and then either do the work
//! with its permit or write the refusal's audit entry.
//!
//! A refusal is a value, not an error: an error would roll its entry back. A permit is lent to the work and cannot
//! leave it.

use chrono::{DateTime, Utc};
use domain::{Ask, CallContext, ChildFacts, ChildId, ChildReference, Facts, FactsAsked, NO_FACTS, NamedChild, Permit, Refusal, decide};

use crate::transactions::Tx;
use crate::{Store, StoreError};

/// What the work answered, or why it was not started.
pub type Decided<T> = Result<Result<T, Refusal>, StoreError>;

impl Tx<'_> {
    /// Does what is asked for, if it is permitted.
    pub fn permitted<T>(
        &mut self,
        ask: Ask,
        cx: &CallContext,
        work: impl FnOnce(&mut Self, &Permit) -> Result<T, StoreError>,
    ) -> Decided<T> {
        let at = self.pass_gate_of(&ask, cx)?;
        let facts = self.facts_behind(&ask, cx)?;
        match judge_at(at, ask, cx, &facts) {
            Ok(permit) => work(self, &permit).map(Ok),
            Err(refusal) => self.refuse_at(at, refusal, cx),
        }
    }

    /// The same, about a child named by reference. A child that the gateway does not know is decided about first, and
    /// added only if that is permitted.
    pub fn permitted_naming<T>(
        &mut self,
        child: &ChildReference,
        ask: Ask,
        cx: &CallContext,
        work: impl FnOnce(&mut Self, &Permit) -> Result<T, StoreError>,
    ) -> Decided<T> {
        match self.known_for(child, &[ask], cx)? {
            Ok(child) => self.permitted(ask.of(child), cx, work),
            Err(refusal) => self.refuse(refusal, cx),
        }
    }

    /// The same, about a child that a partner's id names. One who is no longer held is refused as unknown.
    pub fn permitted_named<T>(
        &mut self,
        named: &NamedChild,
        ask: Ask,
        cx: &CallContext,
        work: impl FnOnce(&mut Self, &Permit) -> Result<T, StoreError>,
    ) -> Decided<T> {
        match self.reference_of(named)? {
            Some(child) => self.permitted_naming(&child, ask, cx, work),
            None => self.refuse_unknown(ask, cx),
        }
    }

    /// The same for several asks: all of them or none. The first refusal is audited.
    pub fn permitted_all_naming<T>(
        &mut self,
        child: &ChildReference,
        asks: &[Ask],
        cx: &CallContext,
        work: impl FnOnce(&mut Self, &[Permit]) -> Result<T, StoreError>,
    ) -> Decided<T> {
        match self.known_for(child, asks, cx)? {
            Ok(child) => {
                let asks: Vec<_> = asks.iter().map(|ask| ask.of(child)).collect();
                self.permitted_all(&asks, cx, work)
            }
            Err(refusal) => self.refuse(refusal, cx),
        }
    }

    /// Does the work if every ask is permitted. All are about the same child, or about none.
    pub fn permitted_all<T>(
        &mut self,
        asks: &[Ask],
        cx: &CallContext,
        work: impl FnOnce(&mut Self, &[Permit]) -> Result<T, StoreError>,
    ) -> Decided<T> {
        let Some(first) = asks.first() else { return Err(StoreError::Corrupt("nothing is asked for")) };
        let at = self.pass_gate_of(first, cx)?;
        let facts = self.facts_behind(first, cx)?;
        let decided: Result<Vec<_>, _> = asks.iter().map(|ask| judge_at(at, *ask, cx, &facts)).collect();
        match decided {
            Ok(permits) => work(self, &permits).map(Ok),
            Err(refusal) => self.refuse_at(at, refusal, cx),
        }
    }

    /// Does the work for the asks about one child that are permitted, and audits a refusal for each other one. `asks`
    /// finds them behind the gate of `first`, which is of the same act and child; whatever else it finds goes to the
    /// work.
    pub fn permitted_each<S, T>(
        &mut self,
        first: Ask,
        cx: &CallContext,
        asks: impl FnOnce(&mut Self) -> Result<(S, Vec<Ask>), StoreError>,
        work: impl FnOnce(&mut Self, S, &[Permit]) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let at = self.pass_gate_of(&first, cx)?;
        let (found, asks) = asks(self)?;
        let facts = self.facts_behind(&first, cx)?;
        let mut permits = Vec::with_capacity(asks.len());
        for ask in asks {
            match judge_at(at, ask, cx, &facts) {
                Ok(permit) => permits.push(permit),
                Err(refusal) => self.log_refused(&refusal, &cx.by, at)?,
            }
        }
        work(self, found, &permits)
    }

    /// Refuses what no agreement covers, for any child. The caller may be told that, and no child has to be looked up.
    pub fn agreed(&mut self, ask: Ask, cx: &CallContext) -> Decided<()> {
        match judge(ask, cx, &NO_FACTS) {
            Err(refusal) if refusal.is_structural() => self.refuse(refusal, cx),
            _ => Ok(Ok(())),
        }
    }

    /// Writes the audit entry of a refusal and answers the refusal.
    pub fn refuse<T>(&mut self, refusal: Refusal, cx: &CallContext) -> Decided<T> {
        self.refuse_at(cx.now, refusal, cx)
    }

    fn refuse_at<T>(&mut self, at: DateTime<Utc>, refusal: Refusal, cx: &CallContext) -> Decided<T> {
        self.log_refused(&refusal, &cx.by, at)?;
        Ok(Err(refusal))
    }

    /// Refuses what is not there. To the caller it looks like any other refusal.
    pub fn refuse_unknown<T>(&mut self, ask: Ask, cx: &CallContext) -> Decided<T> {
        self.refuse(Refusal::not_held(ask), cx)
    }

    /// The child that a reference names. An unknown child is added only if every ask is permitted.
    fn known_for(&mut self, reference: &ChildReference, asks: &[Ask], cx: &CallContext) -> Result<Result<ChildId, Refusal>, StoreError> {
        let refused = |ask: &Ask| judge(*ask, cx, &NO_FACTS).err();
        // What depends on no child is refused before the child is looked up: the answer, its audit entry and the time
        // it takes then do not show whether the child is known.
        if let Some(refusal) = asks.iter().filter(|ask| ask.facts() == FactsAsked::None).find_map(refused) {
            return Ok(Err(refusal));
        }
        self.hold_children()?;
        if let Some(child) = self.known_child(reference)? {
            return Ok(Ok(child));
        }
        match asks.iter().find_map(refused) {
            Some(refusal) => Ok(Err(refusal)),
            None => self.child_for_decision(reference).map(Ok),
        }
    }

    /// The permit or the refusal. The caller writes the audit entry.
    pub(crate) fn decided(&mut self, ask: Ask, cx: &CallContext) -> Decided<Permit> {
        let at = self.pass_gate_of(&ask, cx)?;
        let facts = self.facts_behind(&ask, cx)?;
        Ok(judge_at(at, ask, cx, &facts))
    }

    /// Passes the gate, and answers the instant of the decision behind it.
    fn pass_gate_of(&mut self, ask: &Ask, cx: &CallContext) -> Result<DateTime<Utc>, StoreError> {
        let Some(child) = ask.child else { return Ok(cx.now) };
        if ask.changes_something() {
            self.hold_for_change(child)?
        } else {
            self.hold_for_disclosure(child)?
        }
        Ok(cx.instants.now())
    }

    /// Facts handed in could be older than a withdrawal: they are read once the gate is passed.
    fn facts_behind(&mut self, ask: &Ask, cx: &CallContext) -> Result<ChildFacts, StoreError> {
        match (ask.facts(), ask.child) {
            (FactsAsked::Child, Some(child)) => self.child_facts(child, cx.partnership.needs(), |claimant| cx.trusts(ask.holder, claimant)),
            (FactsAsked::Holds, Some(child)) => self.facts_for_rights(child, ask.holder),
            (FactsAsked::Child | FactsAsked::Holds, None) | (FactsAsked::None, _) => Ok(ChildFacts::default()),
        }
    }
}

impl Store {
    /// Decides an ask that is about no child and depends on the agreements alone. A permit writes no audit entry here;
    /// a refusal does, so only a refusal needs a transaction.
    pub async fn permits(&self, ask: Ask, cx: CallContext) -> Decided<()> {
        if ask.child.is_some() || ask.facts() != FactsAsked::None {
            return Err(StoreError::Corrupt("a decision without its facts"));
        }
        match judge(ask, &cx, &NO_FACTS) {
            Ok(_) => Ok(Ok(())),
            Err(refusal) => self.transaction(move |tx| tx.refuse(refusal.clone(), &cx)).await,
        }
    }
}

/// Decides with facts that were read behind the ask's gate.
pub(crate) fn judge(ask: Ask, cx: &CallContext, facts: &ChildFacts) -> Result<Permit, Refusal> {
    judge_at(cx.now, ask, cx, facts)
}

fn judge_at(at: DateTime<Utc>, ask: Ask, cx: &CallContext, facts: &ChildFacts) -> Result<Permit, Refusal> {
    decide(ask, Facts::at(at, &cx.partnership, facts))
}
