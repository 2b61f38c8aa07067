//! What organisations say about matches: one states it, and who holds records of the other identifier decides.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::dsl::{And, Eq, EqAny, Filter};
use diesel::prelude::*;
use domain::{
    Act, Ask, Attribution, CallContext, ChildFacts, ChildId, ChildIdentifier, ChildReference, DataClass, Dataset, IssueCode, Match,
    MatchDecision, MatchDraft, MatchId, MatchSource, MatchStatus, NotDecidable, OrganisationCode, Permit, london_day,
};
use uuid::Uuid;

use crate::StoreError;
use crate::children::{Among, BATCH};
use crate::matches::MatchRow;
use crate::pages::PageAfter;
use crate::permitted::judge;
use crate::recipients::Told;
use crate::rows::{from_json, read, utc};
use crate::schema::{advice_request, audit_leaf, child_identifier, child_match, record};
use crate::terms::{Terms, permitted_row};
use crate::transactions::{Tx, held, on};
use crate::vault::{Column, uuid_row};

/// Audit entries read at a time.
const LEAVES: i64 = 1_000;
/// The most disclosures that an answer lists. All of them are counted.
const LISTED: usize = 100;

/// A match as one of its parties may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMatch {
    pub of: Match,
    /// The identifier by which the party keeps the child.
    pub own: ChildReference,
    /// The health body that was asked for advice, where the request states the match.
    pub asked: Option<OrganisationCode>,
}

/// A disclosure that was made while two identifiers were taken for one child's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosedUnderMatch {
    pub at: DateTime<Utc>,
    pub holder: OrganisationCode,
    pub recipient: OrganisationCode,
    pub data: DataClass,
}

/// What became of a match by a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedMatch {
    pub of: Match,
    /// If the decision ended a join: how many disclosures of or to the organisation were made under it, and the first of them.
    pub disclosures: u64,
    pub listed: Vec<DisclosedUnderMatch>,
}

/// Whether two identifiers are of one kind, and differ.
fn is_another(one: &ChildIdentifier, other: &ChildIdentifier) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other) && one != other
}

/// Where the matches come from about which a holder of records decides.
const DECIDABLE: [MatchSource; 2] = [MatchSource::Crosswalk, MatchSource::AdviceRequest];

impl Tx<'_> {
    /// States that the permit's child is also the one of another identifier, which is held too, with an audit entry. What the
    /// claimant already states of the two is left as it is.
    pub fn state_match(&mut self, permit: &Permit, draft: MatchDraft, cause: Uuid, by: &Attribution) -> Result<(), StoreError> {
        let (ask, child) = Terms::of(Act::Join, DataClass::ChildMatching).own().about(draft.id.0).of_a_child(permit)?;
        self.hold_joined(BTreeSet::from([child, draft.second]))?;
        let stated = Match {
            id: draft.id,
            first: child,
            second: draft.second,
            claimed_by: ask.holder,
            source: draft.source,
            status: MatchStatus::Stated,
            valid_from: london_day(permit.at()),
            valid_to: None,
            verified: None,
        };
        let between = child_match::table.filter(child_match::first_id.eq(child.0).and(child_match::second_id.eq(draft.second.0)));
        let rows: Vec<MatchRow> = on!(self, c => between.select(MatchRow::as_select()).load(*c))?;
        let before: Vec<Match> = rows.into_iter().map(Match::try_from).collect::<Result<_, _>>()?;
        if !before.iter().any(|one| one.is_restated_by(&stated)) {
            self.save_matches(&[MatchRow::of(&stated, Some(cause), permit.at())])?;
        }
        self.log_permitted(permit, by)
    }

    /// What is contrary between two identifiers that a claimant is about to state to be one child's and what it states
    /// already. It looks at nothing that others say or hold.
    pub fn contrary_to_own(
        &mut self,
        claimant: OrganisationCode,
        first: &ChildReference,
        second: &ChildReference,
    ) -> Result<Option<IssueCode>, StoreError> {
        let stated = self.stated_of_value(claimant, first)?;
        if stated.iter().any(|(one, _)| one.date_of_birth != first.date_of_birth) {
            return Ok(Some(IssueCode::UpnTwoChildren));
        }
        if stated.iter().any(|(_, other)| is_another(&other.identifier, &second.identifier)) {
            return Ok(Some(IssueCode::ChildTwoNhsNumbers));
        }
        let stated = self.stated_of_value(claimant, second)?;
        let is_contrary = |(one, other): &(ChildReference, ChildReference)| {
            one.date_of_birth != second.date_of_birth || is_another(&other.identifier, &first.identifier)
        };
        Ok(stated.iter().any(is_contrary).then_some(IssueCode::TwinsInDoubt))
    }

    /// The matches in force that a claimant states of an identifier, whatever date of birth stands beside it: first that
    /// identifier, then the other.
    fn stated_of_value(
        &mut self,
        claimant: OrganisationCode,
        of: &ChildReference,
    ) -> Result<Vec<(ChildReference, ChildReference)>, StoreError> {
        let values = self.vault.value_look_ups(&of.identifier).map(|value| value.to_vec());
        let same = child_identifier::table.filter(child_identifier::value_look_up.eq_any(values)).select(child_identifier::id);
        let same: Vec<i64> = on!(self, c => same.load(*c))?;
        let forbidding: Vec<&str> = MatchStatus::ALL.iter().filter(|status| status.forbids()).map(|status| status.as_str()).collect();
        let stated = child_match::table
            .filter(child_match::first_id.eq_any(&same).or(child_match::second_id.eq_any(&same)))
            .filter(child_match::claimed_by.eq(claimant.as_str()).and(child_match::status.eq_any(forbidding)))
            .filter(child_match::source.eq_any(DECIDABLE.map(|source| source.as_str())))
            .select((child_match::first_id, child_match::second_id));
        let stated: Vec<(i64, i64)> = on!(self, c => stated.load(*c))?;
        let mut found = Vec::with_capacity(stated.len());
        for (first, second) in stated {
            let (one, other) = if same.contains(&first) { (first, second) } else { (second, first) };
            found.push((self.child_reference(ChildId(one))?, self.child_reference(ChildId(other))?));
        }
        Ok(found)
    }

    /// The matches that a request or a submission stated, and the child that each keeps: facts for `decide`.
    pub fn matches_stated_by(&mut self, cause: Uuid) -> Result<Vec<Match>, StoreError> {
        let stated = child_match::table.filter(child_match::cause.eq(cause.to_string())).order(child_match::id);
        let rows: Vec<MatchRow> = on!(self, c => stated.select(MatchRow::as_select()).load(*c))?;
        rows.into_iter().map(Match::try_from).collect()
    }

    /// A match that an organisation claims, or that somebody of `partners` claims of a child whose records it holds, and the
    /// child by the identifier that the organisation keeps: facts for `decide`. Both its children are held, in order.
    pub fn match_held_for(
        &mut self,
        id: MatchId,
        organisation: OrganisationCode,
        partners: &BTreeSet<OrganisationCode>,
    ) -> Result<Option<(Match, ChildId)>, StoreError> {
        let query = || child_match::table.find(id.to_string());
        let Some(row) = on!(self, c => query().select(MatchRow::as_select()).first(*c).optional())? else { return Ok(None) };
        self.hold_joined(BTreeSet::from([ChildId(row.first_id), ChildId(row.second_id)]))?;
        // It may have changed while this waited.
        let Some(row) = on!(self, c => query().select(MatchRow::as_select()).first(*c).optional())? else { return Ok(None) };
        let found = Match::try_from(row)?;
        if found.claimed_by == organisation {
            let child = found.first;
            return Ok((found.source != MatchSource::Merge).then_some((found, child)));
        }
        if !partners.contains(&found.claimed_by) || !DECIDABLE.contains(&found.source) || found.status == MatchStatus::Undone {
            return Ok(None);
        }
        let held = self.held_among(organisation, &[found.first.0, found.second.0])?;
        let own = [found.second, found.first].into_iter().find(|child| held.contains(&child.0));
        Ok(own.map(|own| (found, own)))
    }

    /// A page of the matches of some statuses that the permit's organisation claims, or that somebody of `partners` claims of
    /// a child whose records it holds; and the id after which the next page goes on. One audit entry. Another's match that the
    /// organisation may not join is left out.
    pub fn list_matches(
        &mut self,
        permit: &Permit,
        partners: &BTreeSet<OrganisationCode>,
        statuses: &[MatchStatus],
        page: &PageAfter<String>,
        cx: &CallContext,
    ) -> Result<(Vec<ListedMatch>, Option<MatchId>), StoreError> {
        let organisation = Terms::of(Act::Join, DataClass::ChildMatching).own().of_nobody(permit)?.holder;
        let PageAfter { after, limit } = page;
        let partners: Vec<&str> = partners.iter().map(OrganisationCode::as_str).collect();
        let statuses: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
        let decidable: Vec<&str> = DECIDABLE.iter().map(|source| source.as_str()).collect();
        let most = i64::try_from(*limit).unwrap_or(i64::MAX).saturating_add(1);
        let sent = || records_of(&organisation).select(record::child_id);
        let asked = || requests_to(&organisation).select(advice_request::child_id);
        let is_held = child_match::second_id.eq_any(sent()).or(child_match::second_id.eq_any(asked()));
        let is_held = is_held.or(child_match::first_id.eq_any(sent())).or(child_match::first_id.eq_any(asked()));
        let claimed = child_match::claimed_by.eq(organisation.as_str()).and(child_match::source.ne(MatchSource::Merge.as_str()));
        let told = child_match::claimed_by.eq_any(partners).and(child_match::source.eq_any(decidable)).and(is_held);
        let rows = child_match::table
            .filter(child_match::id.gt(after).and(child_match::status.eq_any(statuses)))
            .filter(claimed.or(told))
            .order(child_match::id)
            .limit(most);
        let rows: Vec<MatchRow> = on!(self, c => rows.select(MatchRow::as_select()).load(*c))?;
        let has_more = rows.len() > *limit;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows.into_iter().take(*limit) {
            let cause = row.cause.clone();
            shown.push((Match::try_from(row)?, cause));
        }
        let next = shown.last().filter(|_| has_more).map(|(one, _)| one.id);
        let listed = self.listed(organisation, shown, cx)?;
        self.log_permitted(permit, &cx.by)?;
        Ok((listed, next))
    }

    fn listed(
        &mut self,
        organisation: OrganisationCode,
        shown: Vec<(Match, Option<String>)>,
        cx: &CallContext,
    ) -> Result<Vec<ListedMatch>, StoreError> {
        let ids: Vec<i64> = shown.iter().flat_map(|(one, _)| [one.first.0, one.second.0]).collect();
        let mut facts: BTreeMap<ChildId, ChildFacts> = BTreeMap::new();
        let mut known = BTreeMap::new();
        let mut held = BTreeSet::new();
        for ids in ids.chunks(BATCH) {
            for (child, restriction) in self.restrictions_among(Among::Ids(ids))? {
                facts.entry(child).or_default().restrictions.push(restriction);
            }
            let rows = child_identifier::table.filter(child_identifier::id.eq_any(ids));
            let found = self.known_where(|tx| Ok(on!(tx, c => rows.select(crate::children::KnownRow::as_select()).load(*c))?))?;
            known.extend(found.into_iter().map(|known| (known.id, known.reference)));
            held.extend(self.held_among(organisation, ids)?);
        }
        let requests: Vec<&str> = shown.iter().filter_map(|(_, cause)| cause.as_deref()).collect();
        let requests = advice_request::table.filter(advice_request::id.eq_any(requests));
        let asked: Vec<(String, String)> = on!(self, c => requests.select((advice_request::id, advice_request::addressed_to)).load(*c))?;
        let asked: BTreeMap<String, String> = asked.into_iter().collect();
        let mut listed = Vec::with_capacity(shown.len());
        for (of, cause) in shown {
            let sides = [of.second, of.first];
            let own = if of.claimed_by == organisation { Some(of.first) } else { sides.into_iter().find(|child| held.contains(&child.0)) };
            let Some(own) = own else { continue };
            let theirs = sides.iter().filter_map(|child| facts.get(child)).flat_map(|facts| facts.restrictions.iter().cloned());
            let about = ChildFacts { restrictions: theirs.collect(), ..ChildFacts::default() };
            // What it states itself is always listed: that it is missing would tell of a restriction that another set.
            let is_own = of.claimed_by == organisation;
            if !is_own && judge(Ask::join(organisation).of(own).about(of.id.0), cx, &about).is_err() {
                continue;
            }
            let own = known.get(&own).cloned().ok_or(StoreError::Corrupt("a match of an identifier that is gone"))?;
            let asked = cause.and_then(|cause| asked.get(&cause));
            let asked = asked.map(|asked| read(asked, "who was asked")).transpose()?;
            listed.push(ListedMatch { of, own, asked });
        }
        Ok(listed)
    }

    /// Takes a decision about a match of the permit's child, with an audit entry.
    pub fn decide_match(
        &mut self,
        permit: &Permit,
        id: MatchId,
        decision: MatchDecision,
        reason: &str,
        by: &Attribution,
    ) -> Result<Result<DecidedMatch, NotDecidable>, StoreError> {
        let act = if decision == MatchDecision::Join { Act::Join } else { Act::Part };
        let (ask, child) = Terms::of(act, DataClass::ChildMatching).own().about(id.0).of_a_child(permit)?;
        let theirs = child_match::first_id.eq(child.0).or(child_match::second_id.eq(child.0));
        let row: MatchRow = permitted_row(held!(self, child_match::table.find(id.to_string()).filter(theirs) => MatchRow))?;
        let cause = row.cause.as_deref().map(|cause| read(cause, "a match's cause")).transpose()?;
        let before = Match::try_from(row)?;
        self.hold_joined(BTreeSet::from([before.first, before.second]))?;
        let joined_since = before.verified.filter(|_| before.status == MatchStatus::Verified).map(|verified| verified.at);
        let of = match before.decide(decision, ask.holder, permit.at()) {
            Ok(of) => of,
            Err(fault) => return Ok(Err(fault)),
        };
        let ended_since = joined_since.filter(|_| of.status != MatchStatus::Verified);
        let (disclosures, listed) = match ended_since {
            Some(since) => self.disclosed_since(since, ask.holder, [of.first, of.second])?,
            None => (0, Vec::new()),
        };
        self.save_matches(&[MatchRow::of(&of, cause, permit.at())])?;
        let sealed = self.vault.seal(Column::MatchReason, &uuid_row(id.0), reason.as_bytes())?;
        let row = child_match::table.find(id.to_string());
        on!(self, c => diesel::update(row).set(child_match::sealed_reason.eq(&sealed)).execute(*c))?;
        self.log_permitted(permit, by)?;
        Ok(Ok(DecidedMatch { of, disclosures, listed }))
    }

    /// Those of some identifiers under which an organisation sent records, or was asked for advice.
    fn held_among(&mut self, organisation: OrganisationCode, ids: &[i64]) -> Result<BTreeSet<i64>, StoreError> {
        let sent = records_of(&organisation).filter(record::child_id.eq_any(ids)).select(record::child_id);
        let asked = requests_to(&organisation).filter(advice_request::child_id.eq_any(ids)).select(advice_request::child_id);
        Ok(on!(self, c => sent.union(asked).load::<i64>(*c))?.into_iter().collect())
    }

    /// The disclosures of a child, from an instant on, that an organisation made or was given.
    fn disclosed_since(
        &mut self,
        since: DateTime<Utc>,
        party: OrganisationCode,
        children: [ChildId; 2],
    ) -> Result<(u64, Vec<DisclosedUnderMatch>), StoreError> {
        let children = children.map(|child| child.0);
        let (mut count, mut listed, mut after) = (0, Vec::new(), 0);
        loop {
            let leaves = audit_leaf::table
                .filter(audit_leaf::child_id.eq_any(children).and(audit_leaf::id.gt(after)))
                .filter(audit_leaf::at.ge(since.naive_utc()))
                .order(audit_leaf::id)
                .limit(LEAVES)
                .select((audit_leaf::id, audit_leaf::at, audit_leaf::body));
            let leaves: Vec<(i64, NaiveDateTime, Option<String>)> = on!(self, c => leaves.load(*c))?;
            let Some((last, ..)) = leaves.last() else { return Ok((count, listed)) };
            after = *last;
            for (_, at, body) in leaves {
                let Some(body) = body else { continue };
                let told: Told = from_json(body.as_bytes(), "a leaf of the log")?;
                if told.is_disclosure() && [told.holder, told.recipient].contains(&party) {
                    count += 1;
                    if listed.len() < LISTED {
                        let Told { holder, recipient, data, .. } = told;
                        listed.push(DisclosedUnderMatch { at: utc(at), holder, recipient, data });
                    }
                }
            }
        }
    }
}

type RecordsOf<'a> = Filter<record::table, And<EqAny<record::dataset, [&'static str; 2]>, Eq<record::organisation, &'a str>>>;

/// What an organisation sent. The data set is named, since the index by child begins with it.
fn records_of(organisation: &OrganisationCode) -> RecordsOf<'_> {
    let datasets = [Dataset::WaitingList, Dataset::Ehcp].map(|dataset| dataset.as_str());
    record::table.filter(record::dataset.eq_any(datasets).and(record::organisation.eq(organisation.as_str())))
}

type RequestsTo<'a> = Filter<advice_request::table, Eq<advice_request::addressed_to, &'a str>>;

/// The requests for advice that an organisation was sent.
fn requests_to(organisation: &OrganisationCode) -> RequestsTo<'_> {
    advice_request::table.filter(advice_request::addressed_to.eq(organisation.as_str()))
}
