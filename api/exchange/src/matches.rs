//! Which identifiers are one child's: what a council's list says, and what is decided about it.

use chrono::NaiveDate;
use domain::{
    Ask, CallContext, DEFAULT_LIST, Dataset, Match, MatchDecision, MatchId, MatchState, MatchStatus, NotDecidable, Submission,
    SubmissionCounts, SubmissionId, SubmissionMode, SubmissionStatus,
};
use store::{CrosswalkDelivery, DecidedMatch, ListedMatch, PageAfter, Published, Store};
use zeroize::Zeroizing;

use crate::intake::{Submissions, blocking, refusals};
use crate::troubles::{Kind, Trouble};

/// What a council's crosswalk is called among its submissions.
const FORMAT: &str = "crosswalk";

/// A crosswalk as it came, in CSV.
#[derive(Debug)]
pub struct NewCrosswalk {
    pub id: SubmissionId,
    pub as_of: NaiveDate,
    /// Let it end much of what the last list stated.
    pub confirm_shrink: bool,
    pub text: Zeroizing<String>,
}

/// Replaces what the caller's organisation states about its children's identifiers.
pub async fn put_identifiers(store: &Store, cx: CallContext, new: NewCrosswalk, shares: &Submissions) -> Result<Submission, Trouble> {
    let NewCrosswalk { id, as_of, confirm_shrink, text } = new;
    let (council, today) = (cx.organisation(), cx.today());
    let read = move || {
        let read = adapters::read_crosswalk(text.as_bytes(), council, today);
        read.map(domain::Crosswalk::without_contradictions).map_err(|unreadable| refusals::refuse_unreadable(&unreadable))
    };
    let crosswalk = blocking(read).await?;
    let submission = Submission {
        id,
        client: cx.by.client.clone(),
        dataset: Dataset::ChildIdentifiers,
        format: FORMAT.to_owned(),
        organisation: council,
        list: DEFAULT_LIST.to_owned(),
        mode: SubmissionMode::Snapshot,
        as_of,
        status: SubmissionStatus::Processing,
        counts: SubmissionCounts::default(),
        received_at: cx.now,
        issue_counts: Vec::new(),
    };
    let (shrink_percent, rejected_percent) = (shares.shrink_percent, shares.rejected_percent);
    let delivery = CrosswalkDelivery { submission, crosswalk, rejected_percent, shrink_percent, confirm_shrink };
    let cx = cx.about(id.0);
    let published =
        store.transaction(move |tx| tx.permitted(Ask::join(council), &cx, |tx, permit| tx.replace_crosswalk(permit, &delivery, &cx.by)));
    match published.await?? {
        Published::Done(submission) => Ok(submission),
        Published::NotKept(submission, issues) => Err(refusals::too_many_rejected(&submission, rejected_percent, true, issues)),
        Published::OlderAsOf { last } => Err(refusals::older(last, as_of)),
        Published::Shrinks { open, dropped } => Err(refusals::shrinks(open, dropped, shrink_percent)),
    }
}

/// A match with how it stands for the caller's organisation.
#[derive(Debug)]
pub struct StandingMatch {
    pub listed: ListedMatch,
    pub state: MatchState,
}

/// A page of the matches that the caller's organisation claims, or that another claims of a child whose records it holds; and
/// the id after which the next page goes on. Where no state is asked for, all but those that were undone.
pub async fn list_matches(
    store: &Store,
    cx: CallContext,
    state: Option<MatchState>,
    page: PageAfter<String>,
) -> Result<(Vec<StandingMatch>, Option<MatchId>), Trouble> {
    let partners = cx.partnership.matching_partners(cx.organisation(), cx.today());
    let states = MatchState::ALL.iter().filter(|one| state.map_or(**one != MatchState::Undone, |state| **one == state));
    let statuses: Vec<MatchStatus> = states.flat_map(|state| state.statuses().iter().copied()).collect();
    let call = cx.clone();
    let listed = store.transaction(move |tx| {
        tx.permitted(Ask::join(cx.organisation()), &cx, |tx, permit| tx.list_matches(permit, &partners, &statuses, &page, &cx))
    });
    let (listed, next) = listed.await??;
    let standing = listed.into_iter().map(|listed| StandingMatch { state: standing(&listed.of, &call), listed });
    Ok((standing.filter(|one| state.is_none_or(|state| one.state == state)).collect(), next))
}

/// How a match stands for the caller: whether a claimant's own word is enough follows from the agreements alone.
fn standing(of: &Match, cx: &CallContext) -> MatchState {
    let caller = cx.organisation();
    let is_trusted = if of.claimed_by == caller {
        cx.partnership.matching_partners(caller, cx.today()).into_iter().any(|partner| cx.trusts(partner, caller))
    } else {
        cx.trusts(caller, of.claimed_by)
    };
    of.state(is_trusted)
}

/// Decides about a match of the caller's organisation.
pub async fn decide_match(
    store: &Store,
    cx: CallContext,
    id: MatchId,
    decision: MatchDecision,
    reason: String,
) -> Result<(DecidedMatch, MatchState), Trouble> {
    let call = cx.clone();
    let organisation = cx.organisation();
    let ask = if decision == MatchDecision::Join { Ask::join(organisation) } else { Ask::part(organisation) };
    let (ask, cx) = (ask.about(id.0), cx.about(id.0));
    let partners = cx.partnership.matching_partners(organisation, cx.today());
    let decided = store.transaction(move |tx| match tx.match_held_for(id, organisation, &partners)? {
        None => tx.refuse_unknown(ask, &cx),
        // The claimant's own word joins nothing, whatever is known about the child: a refusal would tell of a restriction.
        Some((found, _)) if found.claimed_by == organisation && decision == MatchDecision::Join => {
            Ok(Ok(Err(found.decide(decision, organisation, cx.now).err().unwrap_or(NotDecidable::NotTheHolder))))
        }
        Some((_, child)) => tx.permitted(ask.of(child), &cx, |tx, permit| tx.decide_match(permit, id, decision, &reason, &cx.by)),
    });
    let decided = decided.await??.map_err(not_decidable)?;
    let state = standing(&decided.of, &call);
    Ok((decided, state))
}

fn not_decidable(fault: NotDecidable) -> Trouble {
    Trouble::new(Kind::WrongStatus).detail(match fault {
        NotDecidable::NotTheHolder => "Only an organisation that holds records of the other identifier can say that it is one child's.",
        NotDecidable::Ended => "It has ended, and has to be stated anew.",
        NotDecidable::Sensitive => "The record is sensitive: it is joined with nothing.",
    })
}
