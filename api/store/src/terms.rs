//! What a store entry about a person asks of the permit that it is given: for which act, about which class of data, whose,
//! of which child, about which item.
//!
//! Every entry states its terms before it reads or writes anything, and a permit that does not meet them is a
//! [`StoreError::WrongPermit`]. A test offers every entry every wrong permit.

use diesel::result::OptionalExtension;
use domain::{Act, Ask, ChildId, DataClass, OrganisationCode, Permit};
use uuid::Uuid;

use crate::StoreError;

/// The permit that an entry takes. What of it is not said here is the permit's to say, but for the item: a permit about
/// one thing is not one about all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    act: Act,
    data: Option<DataClass>,
    holder: Option<OrganisationCode>,
    own: bool,
    item: Option<Uuid>,
}

impl Terms {
    /// An act on a class of data.
    pub(crate) const fn of(act: Act, data: DataClass) -> Self {
        Self { data: Some(data), ..Self::of_any_class(act) }
    }

    /// An act on whatever class the permit is for.
    pub(crate) const fn of_any_class(act: Act) -> Self {
        Self { act, data: None, holder: None, own: false, item: None }
    }

    /// Of the holder's own.
    pub(crate) const fn own(self) -> Self {
        Self { own: true, ..self }
    }

    /// Of what this organisation holds.
    pub(crate) const fn held_by(self, holder: OrganisationCode) -> Self {
        Self { holder: Some(holder), ..self }
    }

    /// About one thing and no other.
    pub(crate) const fn about(self, item: Uuid) -> Self {
        Self { item: Some(item), ..self }
    }

    /// Checks a permit of no child.
    pub(crate) fn of_nobody(self, permit: &Permit) -> Result<Ask, StoreError> {
        self.check(permit, |ask| ask.child.is_none().then_some(*ask))
    }

    /// Checks a permit of this child.
    pub(crate) fn of_child(self, child: ChildId, permit: &Permit) -> Result<Ask, StoreError> {
        self.check(permit, |ask| (ask.child == Some(child)).then_some(*ask))
    }

    /// Checks a permit of one child, and answers which.
    pub(crate) fn of_a_child(self, permit: &Permit) -> Result<(Ask, ChildId), StoreError> {
        self.check(permit, |ask| ask.child.map(|child| (*ask, child)))
    }

    /// Checks a permit of a child that may not be known.
    pub(crate) fn of_anybody(self, permit: &Permit) -> Result<(Ask, Option<ChildId>), StoreError> {
        self.check(permit, |ask| Some((*ask, ask.child)))
    }

    fn check<T>(self, permit: &Permit, whose: impl FnOnce(&Ask) -> Option<T>) -> Result<T, StoreError> {
        let ask = permit.ask();
        let is_met = ask.act == self.act
            && self.data.is_none_or(|data| ask.data == data)
            && self.holder.is_none_or(|holder| ask.holder == holder)
            && (!self.own || ask.holder == ask.recipient)
            && ask.item == self.item;
        if is_met { whose(ask).ok_or(StoreError::WrongPermit) } else { Err(StoreError::WrongPermit) }
    }
}

/// The first of several permits that are alike but for the class of data: what it meets, they all do.
pub(crate) fn alike(permits: &[Permit]) -> Result<&Permit, StoreError> {
    let first = permits.first().ok_or(StoreError::WrongPermit)?;
    let is_like = |permit: &Permit| Ask { data: first.ask().data, ..*permit.ask() } == *first.ask();
    if permits.iter().all(is_like) { Ok(first) } else { Err(StoreError::WrongPermit) }
}

/// The row that a permit is about, asked for by its id, its child and whose it is. Where there is none, the permit is for
/// something else: whoever made it found the row.
pub(crate) fn permitted_row<T>(found: diesel::QueryResult<T>) -> Result<T, StoreError> {
    found.optional()?.ok_or(StoreError::WrongPermit)
}

#[cfg(test)]
mod tests;
