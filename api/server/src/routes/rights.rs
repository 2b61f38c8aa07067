//! What the operations on an organisation's own records share: what is asked for, and how something that it
//! began is ended.

use std::sync::Arc;

use domain::agreements::{DataClass, Purpose};
use domain::audit::Attribution;
use domain::identifiers::ChildId;
use domain::organisations::OrganisationCode;
use domain::pathways::PathwaySet;
use domain::policy::{Act, Ask, Facts, NOBODY, Permit, Refusal, decide};
use store::{StoreError, Tx};
use uuid::Uuid;

use super::withdrawals::checked;
use crate::bodies::faults::Fault;
use crate::callers::Caller;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// What is asked for of an organisation's own.
pub(super) fn own(act: Act, organisation: OrganisationCode, data: DataClass, child: Option<ChildId>, item: Uuid) -> Ask {
    Ask {
        act,
        holder: organisation,
        recipient: organisation,
        purpose: Purpose::CareCoordination,
        data,
        pathways: PathwaySet::EMPTY,
        child,
        item: Some(item),
        loses_nothing: false,
    }
}

/// Writes the new marks into the journal: an erasure is not acknowledged before a restore would respect it.
pub(super) async fn settle(state: &State) -> Result<(), Problem> {
    Ok(state.store.journal_tombstones(&state.journal).await?)
}

/// The reason and who decided, as they are sealed together.
pub(super) fn with_decider(reason: String, decided_by: String) -> Result<String, Problem> {
    let (reason, decided_by) = (checked(reason, "reason")?, checked(decided_by, "decided_by")?);
    Ok(format!("{decided_by}: {reason}"))
}

/// Ends what the caller's organisation began about a child. `find` says whose child, and nothing where the
/// organisation began no such thing; `finish` answers how it stands then.
pub(super) async fn end<T: Send + 'static>(
    state: &State,
    caller: &Caller,
    by: Attribution,
    (act, item): (Act, Uuid),
    find: impl Fn(&mut Tx<'_>) -> Result<Option<Option<ChildId>>, StoreError> + Send + 'static,
    finish: impl Fn(&mut Tx<'_>, &Permit, &Attribution) -> Result<Option<T>, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let (now, partnership) = (state.clock.now(), Arc::clone(caller.partnership()));
    let ended = state.store.transaction(move |tx| {
        let ask = |child| own(act, by.organisation, DataClass::WaitingListStatus, child, item);
        // Of the whole, and of no class alone; no hold stands against it.
        let decided = match find(tx)? {
            Some(child) => decide(ask(child), Facts::at(now, &partnership, &NOBODY)),
            None => Err(Refusal::not_held(ask(None))),
        };
        match decided {
            Ok(permit) => finish(tx, &permit, &by),
            Err(refusal) => tx.leave_refused(&refusal, &by, now).map(|()| None),
        }
    });
    ended.await?.ok_or(Problem::new(Kind::NotFound))
}

/// Refuses referrals that the organisation does not hold for the child; answers those that were named, or all.
pub(super) fn own_referrals(
    tx: &mut Tx<'_>,
    organisation: OrganisationCode,
    child: Option<ChildId>,
    named: Option<&[String]>,
) -> Result<Result<(ChildId, Vec<String>), Problem>, StoreError> {
    let held = child.map_or(Ok(Vec::new()), |child| tx.held_referrals(organisation, child))?;
    let named = named.map_or_else(|| held.clone(), <[String]>::to_vec);
    let faults: Vec<_> = (0..named.len())
        .filter(|at| !held.contains(&named[*at]) || named[..*at].contains(&named[*at]))
        .map(|at| {
            Fault::new("invalid-value", "no referral of the organisation's for this child, or named twice")
                .field(format!("referrals[{at}]"))
        })
        .collect();
    Ok(match child {
        Some(child) if faults.is_empty() && !named.is_empty() => Ok((child, named)),
        _ if faults.is_empty() => {
            Err(Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "no referral is named").field("referrals")))
        }
        _ => Err(Problem::new(Kind::InvalidValue).with_faults(faults)),
    })
}
