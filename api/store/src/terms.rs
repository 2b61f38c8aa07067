//! What a store function about a person requires of its permit: the act, the class of data, the holder, the child and
//! the item.
//!
//! Every such function checks its terms before it reads or writes anything. A permit that does not meet them is a
//! [`StoreError::WrongPermit`]. A test offers every function every wrong permit.

use diesel::result::OptionalExtension;
use domain::{Act, Ask, ChildId, DataClass, OrganisationCode, Permit};
use uuid::Uuid;

use crate::StoreError;

/// The permit that a function takes. `None` allows anything, except for the item: there it means that the permit must
/// be about no item.
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

    /// Requires the holder to be the recipient too.
    pub(crate) const fn own(self) -> Self {
        Self { own: true, ..self }
    }

    /// Requires this organisation as the holder.
    pub(crate) const fn held_by(self, holder: OrganisationCode) -> Self {
        Self { holder: Some(holder), ..self }
    }

    /// Requires this item.
    pub(crate) const fn about(self, item: Uuid) -> Self {
        Self { item: Some(item), ..self }
    }

    /// Checks a permit about no child.
    pub(crate) fn of_nobody(self, permit: &Permit) -> Result<Ask, StoreError> {
        self.check(permit, |ask| ask.child.is_none().then_some(*ask))
    }

    /// Checks a permit about this child.
    pub(crate) fn of_child(self, child: ChildId, permit: &Permit) -> Result<Ask, StoreError> {
        self.check(permit, |ask| (ask.child == Some(child)).then_some(*ask))
    }

    /// Checks a permit about one child, and answers which.
    pub(crate) fn of_a_child(self, permit: &Permit) -> Result<(Ask, ChildId), StoreError> {
        self.check(permit, |ask| ask.child.map(|child| (*ask, child)))
    }

    /// Checks a permit about one child or none, and answers which.
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

/// The first of several permits that differ only in the class of data: the terms that it meets, they all meet.
pub(crate) fn alike(permits: &[Permit]) -> Result<&Permit, StoreError> {
    let first = permits.first().ok_or(StoreError::WrongPermit)?;
    let is_like = |permit: &Permit| Ask { data: first.ask().data, ..*permit.ask() } == *first.ask();
    if permits.iter().all(is_like) { Ok(first) } else { Err(StoreError::WrongPermit) }
}

/// The row that a permit is about, searched by its id, its child and its owner. Without such a row the permit must be
/// for something else: whoever made the permit found the row.
pub(crate) fn permitted_row<T>(found: diesel::QueryResult<T>) -> Result<T, StoreError> {
    found.optional()?.ok_or(StoreError::WrongPermit)
}

#[cfg(test)]
mod tests;
