//! What a reviewer has to think of before a report is released.

use chrono::NaiveDate;
use domain::{
    Act, ChildFacts, Consent, ConsentDecision, ConsentId, DecidedBy, RefusalReason, Restriction, RestrictionKind, ToldLeaf,
    has_reached_age, london_day,
};
use serde::Serialize;

/// Why an entry needs thought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// It is about health or education: the serious harm test (Data Protection Act 2018, Schedule 3).
    SeriousHarm,
    /// It tells, or could tell, of a restriction, an override, or a fear for the child.
    ChildProtection,
    /// The child or the young person decided: a parent is not shown it without thought.
    OwnDecision,
    /// It may tell of somebody else: another parent, a professional, whoever a reason names.
    ThirdParty,
    /// The family's whereabouts are hidden: names of places and services could tell them.
    HiddenAddress,
    /// It is of a kind that this version does not know.
    UnknownKind,
}

impl Flag {
    /// What the reviewer asks.
    pub const fn question(self) -> &'static str {
        match self {
            Self::SeriousHarm => "serious harm?",
            Self::ChildProtection => "child protection?",
            Self::OwnDecision => "the child's own decision",
            Self::ThirdParty => "somebody else named?",
            Self::HiddenAddress => "could it tell where they live?",
            Self::UnknownKind => "unknown kind: read the log",
        }
    }
}

/// What a reviewer has to know of the child as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    AddressHidden,
    Safeguarding,
    Adopted,
    CourtOrder,
    /// A Caldicott guardian has overridden a decision or a restriction.
    Overridden,
    /// Somebody objected or said no: whoever asks may not be who decided.
    Disagreement,
    /// The child is twelve or older, and may be able to decide alone.
    MayBeCompetent,
    /// The person is sixteen or older: the report is theirs to ask for.
    OfAge,
}

impl Notice {
    /// What it means for the release.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::AddressHidden => {
                "The family's address is hidden. Organisations other than the council are told by kind, and free text is left out. \
                 Ask who wants this report, and whether even a kind of service would tell them where the child is."
            }
            Self::Safeguarding => {
                "There is a safeguarding restriction. Ask the named professional for child protection before anything is released."
            }
            Self::Adopted => {
                "There is a restriction because of an adoption. Release nothing to anybody from before it without legal advice: a report \
                 can join the child's two identities."
            }
            Self::CourtOrder => "There is a court order on what may be shared. Read the order, and take legal advice.",
            Self::Overridden => "A Caldicott guardian has overridden a decision. Ask the guardian whether telling would defeat the reason.",
            Self::Disagreement => "Somebody said no or objected. Whoever asks may not be who decided: do not tell one parent of the other.",
            Self::MayBeCompetent => {
                "The child is twelve or older. Ask whether the child understands what this is; if so, the child's own wishes come before a parent's request."
            }
            Self::OfAge => {
                "The person is sixteen or older. The report is theirs: a parent needs their agreement, or authority to act for them."
            }
        }
    }
}

/// Words in a reason or a role that speak of child protection.
const WORDS: [&str; 12] =
    ["safeguard", "child protection", "police", "abuse", "section 47", "s.47", "s47", "mash", "refuge", "court", "domestic", "risk"];

/// The known decisions that an audit entry names.
pub(super) fn decisions<'a>(leaf: &ToldLeaf, known: &'a [Consent]) -> Vec<&'a Consent> {
    let named = leaf.consents.iter().copied().chain(leaf.resource.map(ConsentId));
    named.filter_map(|id| known.iter().find(|consent| consent.id == id)).collect()
}

/// Whether a restriction hides where the family is, today or on a later day.
pub(super) fn hides_places(restrictions: &[Restriction], today: NaiveDate) -> bool {
    let hides = |one: &Restriction| {
        one.kind == RestrictionKind::AddressHidden && one.lifted_at.is_none() && one.ends.is_none_or(|last| today <= last)
    };
    restrictions.iter().any(hides)
}

pub(super) fn of(leaf: &ToldLeaf, decisions: &[&Consent], restrictions: &[Restriction], hides_places: bool) -> Vec<Flag> {
    let about_restricting = act(leaf).is_none_or(|act| !is_tellable(act));
    let decided_by = |who: &[DecidedBy]| decisions.iter().any(|consent| who.contains(&consent.decided_by));
    let against = |consent: &&&Consent| consent.decision != ConsentDecision::Permit;
    let all = [
        (is_about_records(leaf), Flag::SeriousHarm),
        (
            about_restricting
                || is_protective(leaf)
                || !leaf.overrides.is_empty()
                || leaf.grounds.iter().any(|ground| ground == "override")
                || decided_by(&[DecidedBy::LocalAuthority])
                || speaks_of_protection(leaf)
                || was_restricted(leaf, restrictions),
            Flag::ChildProtection,
        ),
        (
            decided_by(&[DecidedBy::CompetentChild, DecidedBy::YoungPerson]) || is(leaf, RefusalReason::DeciderNotEntitled),
            Flag::OwnDecision,
        ),
        (leaf.actor.is_some() || decisions.iter().any(|consent| against(&consent)) || speaks_of_a_no(leaf), Flag::ThirdParty),
        (hides_places, Flag::HiddenAddress),
        (act(leaf).is_none(), Flag::UnknownKind),
    ];
    all.into_iter().filter_map(|(holds, flag)| holds.then_some(flag)).collect()
}

/// Whether an audit entry is kept out of the family's part until the reviewer decides otherwise: it would reveal a
/// restriction, an override, or what a child decided alone.
pub(super) fn keep_out(leaf: &ToldLeaf, flags: &[Flag]) -> bool {
    let betrays = is_protective(leaf)
        || is(leaf, RefusalReason::ConsentOfRecipient)
        || !leaf.overrides.is_empty()
        || leaf.grounds.iter().any(|ground| ground == "override")
        || act(leaf).is_none_or(|act| !is_tellable(act));
    betrays || flags.contains(&Flag::OwnDecision)
}

pub(super) fn notices(facts: &ChildFacts, born: NaiveDate, today: NaiveDate) -> Vec<Notice> {
    let restricted = |kind| facts.restrictions.iter().any(|one| one.kind == kind);
    let all = [
        (restricted(RestrictionKind::AddressHidden), Notice::AddressHidden),
        (restricted(RestrictionKind::Safeguarding), Notice::Safeguarding),
        (restricted(RestrictionKind::Adopted), Notice::Adopted),
        (restricted(RestrictionKind::CourtOrder), Notice::CourtOrder),
        (!facts.overrides.is_empty(), Notice::Overridden),
        (facts.consents.iter().any(|consent| consent.decision != ConsentDecision::Permit), Notice::Disagreement),
        (has_reached_age(born, 12, today) && !has_reached_age(born, 16, today), Notice::MayBeCompetent),
        (has_reached_age(born, 16, today), Notice::OfAge),
    ];
    all.into_iter().filter_map(|(holds, notice)| holds.then_some(notice)).collect()
}

pub(super) fn act(leaf: &ToldLeaf) -> Option<Act> {
    leaf.act.parse().ok()
}

/// Acts that a family may be told about: these, and no others.
fn is_tellable(act: Act) -> bool {
    matches!(
        act,
        Act::Disclose
            | Act::RecordConsent
            | Act::RecordObjection
            | Act::WithdrawConsent
            | Act::ReadConsents
            | Act::ReviewObjection
            | Act::Erase
            | Act::Rectify
            | Act::Join
            | Act::Part
            | Act::JoinOwn
    )
}

fn is(leaf: &ToldLeaf, reason: RefusalReason) -> bool {
    leaf.reason.as_deref() == Some(reason.as_str())
}

fn is_protective(leaf: &ToldLeaf) -> bool {
    [RefusalReason::Safeguarding, RefusalReason::CourtOrder, RefusalReason::Adopted].iter().any(|reason| is(leaf, *reason))
}

fn speaks_of_a_no(leaf: &ToldLeaf) -> bool {
    [RefusalReason::ConsentDenied, RefusalReason::Objection, RefusalReason::ObjectionUpheld].iter().any(|reason| is(leaf, *reason))
}

fn is_about_records(leaf: &ToldLeaf) -> bool {
    matches!(act(leaf), Some(Act::Disclose | Act::Erase | Act::Rectify))
}

pub(super) fn speaks_of_protection(leaf: &ToldLeaf) -> bool {
    let Some(actor) = &leaf.actor else { return false };
    let said = format!("{} {}", actor.role, actor.reason).to_lowercase();
    WORDS.iter().any(|word| said.contains(word))
}

fn was_restricted(leaf: &ToldLeaf, restrictions: &[Restriction]) -> bool {
    let day = london_day(leaf.at);
    restrictions.iter().any(|one| {
        let stood = one.starts <= day && one.ends.is_none_or(|last| day <= last) && one.lifted_at.is_none_or(|lifted| leaf.at < lifted);
        stood && one.kind != RestrictionKind::AddressHidden
    })
}
