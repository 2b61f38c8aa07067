//! The decision table. The first of an act's rules that holds decides. A test requires a situation for each of them.

use super::situations::Situation;
use super::{Act, Ground, RefusalReason};

/// What a rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Permit(Ground),
    Refuse(RefusalReason),
}

/// One line of a table.
pub(super) struct Rule {
    /// What has to be so, in words that follow "if".
    pub when: &'static str,
    pub then: Verdict,
    holds: fn(&Situation<'_>) -> bool,
}

const fn permit(when: &'static str, ground: Ground, holds: fn(&Situation<'_>) -> bool) -> Rule {
    Rule { when, then: Verdict::Permit(ground), holds }
}

const fn refuse(when: &'static str, reason: RefusalReason, holds: fn(&Situation<'_>) -> bool) -> Rule {
    Rule { when, then: Verdict::Refuse(reason), holds }
}

const NO_AGREEMENT: Rule =
    refuse("no agreement is about it: who, to whom, what, for what purpose", RefusalReason::NoAgreement, |s| s.agreement.is_none());
const NOT_STARTED: Rule = refuse("the agreement starts on a later day", RefusalReason::AgreementNotStarted, |s| s.has_not_started());
const ENDED: Rule = refuse("the agreement ended on an earlier day", RefusalReason::AgreementEnded, |s| s.has_ended());
const NOT_LAW: Rule =
    refuse("the agreement rests on a provision that is not in force today", RefusalReason::LegalBasisNotInForce, |s| !s.is_law());
const NOT_COVERED: Rule = refuse("the agreement does not name the pathway", RefusalReason::PathwayNotCovered, |s| !s.is_covered());
const ADOPTED: Rule =
    refuse("a restriction says that the child was adopted and has a new NHS number", RefusalReason::Adopted, |s| s.is_adopted());
const OWN: Rule = permit("it is the organisation's own", Ground::Own, |s| s.is_own());
const NOT_OWN: Rule = refuse("it is another's", RefusalReason::NotItsOwn, |_| true);

const DISCLOSE: &[Rule] = &[
    permit("the organisation asks for what it sent itself", Ground::Own, |s| s.is_own()),
    NO_AGREEMENT,
    NOT_STARTED,
    ENDED,
    NOT_LAW,
    NOT_COVERED,
    ADOPTED,
    refuse("a court order forbids it to this recipient", RefusalReason::CourtOrder, |s| s.is_forbidden_by_court()),
    refuse(
        "the agreement is about children with a plan or in assessment, and the recipient neither assesses the child nor maintains its plan",
        RefusalReason::OutsidePopulation,
        |s| s.is_outside_population(),
    ),
    permit("a Caldicott guardian of the holder has overridden it, today", Ground::Override, |s| s.is_overridden()),
    refuse(
        "a restriction says that somebody fears for the child, and no statute is the agreement's basis",
        RefusalReason::Safeguarding,
        |s| s.is_safeguarded(),
    ),
    refuse(
        "no consent is needed, somebody objected, and the person who looked at the objection upheld it",
        RefusalReason::ObjectionUpheld,
        |s| s.is_objection_upheld(),
    ),
    refuse("the National Data Opt-out applies, the child is opted out, and no permission carries it", RefusalReason::OptedOut, |s| {
        s.is_opted_out()
    }),
    permit("no consent is needed: an objection that nobody has upheld does not stop a duty", Ground::Agreement, |s| s.needs_no_consent()),
    refuse("somebody denied it", RefusalReason::ConsentDenied, |s| s.denial().is_some()),
    refuse("somebody objected", RefusalReason::Objection, |s| s.objection().is_some()),
    permit("it may flow unless somebody objects", Ground::NotObjected, |s| s.flows_unless_objected()),
    permit("the family's permission is in force and carries it", Ground::Consent, |s| s.permission().is_some()),
    refuse("the permission was given for a child, and the child has since come of age for it", RefusalReason::ConsentReviewDue, |s| {
        s.has_permission_that_is(RefusalReason::ConsentReviewDue)
    }),
    refuse("who permitted it cannot decide in that capacity at that age", RefusalReason::DeciderNotEntitled, |s| {
        s.has_permission_that_is(RefusalReason::DeciderNotEntitled)
    }),
    refuse(
        "only a council with parental responsibility permitted it, and a council would receive it",
        RefusalReason::ConsentOfRecipient,
        |s| s.has_permission_that_is(RefusalReason::ConsentOfRecipient),
    ),
    refuse("the permission was withdrawn", RefusalReason::ConsentWithdrawn, |s| s.has_permission_that_is(RefusalReason::ConsentWithdrawn)),
    refuse("the permission's last day is past", RefusalReason::ConsentExpired, |s| s.has_permission_that_is(RefusalReason::ConsentExpired)),
    refuse("the permission's first day is yet to come", RefusalReason::ConsentNotYetValid, |s| {
        s.has_permission_that_is(RefusalReason::ConsentNotYetValid)
    }),
    refuse("nobody has decided", RefusalReason::ConsentMissing, |_| true),
];

/// For a count, no records pass as the organisation's own: what is released leaves the organisation.
const COUNT: &[Rule] = DISCLOSE.split_at(1).1;

const RECORD_CONSENT: &[Rule] = &[
    NO_AGREEMENT,
    NOT_STARTED,
    ENDED,
    NOT_LAW,
    refuse("the agreement does not name the organisation among those who record consent", RefusalReason::RecorderNotNamed, |s| {
        !s.is_recorder()
    }),
    NOT_COVERED,
    permit("the agreement names the organisation among those who record consent", Ground::Agreement, |_| true),
];

const RECORD_OBJECTION: &[Rule] = &[
    NO_AGREEMENT,
    NOT_STARTED,
    ENDED,
    NOT_LAW,
    refuse(
        "the organisation may not record consent under the agreement, nor is it a party to one that needs none",
        RefusalReason::RecorderNotNamed,
        |s| !s.may_record_objection(),
    ),
    NOT_COVERED,
    permit("the organisation may record it", Ground::Agreement, |_| true),
];

const OVERRIDE: &[Rule] = &[
    refuse("an organisation would override for itself", RefusalReason::NotItsOwn, |s| s.is_own()),
    NO_AGREEMENT,
    NOT_STARTED,
    ENDED,
    NOT_LAW,
    NOT_COVERED,
    permit("the agreement is about it, consent apart", Ground::Agreement, |_| true),
];

const RECORDED: &[Rule] = &[permit("the organisation recorded it", Ground::Own, |s| s.recorded_it()), NOT_OWN];
const SET: &[Rule] = &[permit("the organisation set it", Ground::Own, |s| s.set_it()), NOT_OWN];
const MADE: &[Rule] = &[permit("the organisation made it", Ground::Own, |s| s.made_it()), NOT_OWN];
const OWN_RECORDS: &[Rule] = &[OWN, NOT_OWN];
const UNLESS_HELD: &[Rule] =
    &[refuse("the organisation holds it for a court or an inquiry", RefusalReason::LegalHold, |s| s.is_held()), OWN, NOT_OWN];
const PARTY: &[Rule] = &[
    permit("the organisation is a party to an agreement that is in date", Ground::Task, |s| s.is_party()),
    refuse("the organisation is in no agreement that is in date", RefusalReason::NoAgreement, |_| true),
];
const READ_DISCLOSURES: &[Rule] = &[
    permit("the organisation is a controller of what the gateway holds", Ground::Task, |s| s.is_controller()),
    refuse("the organisation is no controller of what the gateway holds", RefusalReason::NotItsOwn, |_| true),
];

const READ_RELEASE: &[Rule] = &[
    NO_AGREEMENT,
    NOT_STARTED,
    ENDED,
    NOT_LAW,
    permit("an agreement names the organisation among those who receive released tables", Ground::Agreement, |_| true),
];

const JOIN: &[Rule] = &[
    NO_AGREEMENT,
    NOT_STARTED,
    ENDED,
    NOT_LAW,
    ADOPTED,
    permit("an agreement about child matching names the organisation", Ground::Agreement, |_| true),
];
const JOIN_OWN: &[Rule] = &[ADOPTED, OWN, NOT_OWN];

/// The rules of an act.
pub(super) const fn rules(act: Act) -> &'static [Rule] {
    match act {
        Act::Disclose => DISCLOSE,
        Act::Count => COUNT,
        Act::RecordConsent => RECORD_CONSENT,
        Act::RecordObjection => RECORD_OBJECTION,
        Act::WithdrawConsent | Act::ReviewObjection => RECORDED,
        Act::LiftRestriction => SET,
        Act::EndOverride => MADE,
        Act::Override => OVERRIDE,
        Act::Restrict | Act::LoadOptOuts => PARTY,
        Act::ReadDisclosures => READ_DISCLOSURES,
        Act::ReadRelease => READ_RELEASE,
        Act::Join => JOIN,
        Act::JoinOwn => JOIN_OWN,
        Act::Erase | Act::Rectify => UNLESS_HELD,
        Act::ReadConsents | Act::Hold | Act::Part => OWN_RECORDS,
    }
}

/// What the first rule that holds decides, and its place in the table.
pub(super) fn decided(situation: &Situation<'_>) -> (usize, Verdict) {
    let mut table = rules(situation.ask.act).iter().enumerate();
    let found = table.find(|(_, rule)| (rule.holds)(situation)).map(|(at, rule)| (at, rule.then));
    found.unwrap_or((usize::MAX, Verdict::Refuse(RefusalReason::NoAgreement)))
}

/// What the first rule that holds decides.
pub(super) fn verdict(situation: &Situation<'_>) -> Verdict {
    decided(situation).1
}
