//! Every store function that takes a permit, the permits that it takes, and what it leaves open in them.

use std::collections::BTreeSet;

use domain::{
    Act, Advice, AdviceRequestDraft, AdviceRequestId, Ask, ConsentDecision, ConsentId, Crosswalk, DataClass, Dataset, DisputeDraft,
    DisputeId, ErasureDraft, ErasureId, HoldId, LegalHoldDraft, MatchDecision, MatchDraft, MatchId, MatchSource, MatchStatus, OptOutList,
    OverrideId, Permit, Purpose, RectificationDraft, RectificationId, RestrictionId, RetentionClass, ReviewOutcome, Submission,
    SubmissionCounts, SubmissionId, SubmissionMode, SubmissionStatus,
};
use uuid::Uuid;

use super::Free::{self, Child, Class, Holder, Nobody};
use super::world::{
    CASE, CONSENT, CONSENTED, COUNCIL, DISPUTE, ERASURE, HOLD, MATCH, OBJECTION, OVERRIDE, RESTRICTION, TRUST, World, about_decision, code,
    consent, day, open_records, overriding, own, record, request_advice, restriction,
};
use crate::StoreError;
use crate::crosswalks::CrosswalkDelivery;
use crate::pages::PageAfter;
use crate::transactions::Tx;

/// The id of what a function creates.
const NEW: Uuid = Uuid::from_u128(100);

type Call = fn(&mut Tx<'_>, &World, &[Permit]) -> Result<(), StoreError>;

pub(super) struct Entry {
    pub name: &'static str,
    /// What the function takes permits for, one each.
    pub asks: Vec<Ask>,
    pub free: &'static [Free],
    pub call: Call,
}

impl Entry {
    fn of(name: &'static str, ask: Ask, free: &'static [Free], call: Call) -> Self {
        Self { name, asks: vec![ask], free, call }
    }
}

#[rustfmt::skip]
pub(super) fn entries(world: &World) -> Vec<Entry> {
    let (council, trust) = (code(COUNCIL), code(TRUST));
    let of = |act, item| own(act).about(item).of(world.child);
    let records = |organisation, data| Ask::own(Act::Disclose, organisation, data);
    let request = &world.request;
    let asked = request_advice().of(request.child).about(request.id.0);
    let answered = Ask::disclose(trust, council, Purpose::EhcNeedsAssessment, DataClass::HealthAdvice).of(request.child).about(request.id.0);
    let entry = Entry::of;
    vec![
        // ---- Records ----
        entry("own_referrals", Ask::waits(trust, trust), &[Holder], |tx, w, p| {
            tx.own_referrals(&p[0], None, 0, 10, &w.by).map(drop)
        }),
        entry("disclose_listed", Ask::waits(trust, council).of(world.child), &[Holder], |tx, w, p| {
            let sealed = tx.referrals_of(w.child, |_, _| false)?;
            tx.disclose_listed(&sealed, p, None, &w.by).map(drop)
        }),
        entry("reconcile", Ask::waits(trust, trust), &[Holder], |tx, w, p| tx.reconcile(&p[0], day("2026-06-01"), &w.by).map(drop)),
        entry("own_cases", records(council, DataClass::EhcpStatus), &[Holder], |tx, w, p| tx.own_cases(&p[0], 0, 10, &w.by).map(drop)),
        entry("own_case", records(council, DataClass::EhcpStatus).of(world.child).about(CASE.0), &[], |tx, w, p| {
            tx.own_case(&p[0], CASE, &w.by).map(drop)
        }),
        entry("child_log", Ask::read_disclosures(council, trust).of(world.child), &[Child, Nobody, Holder], |tx, w, p| {
            tx.child_log(&p[0], PageAfter { after: 0, limit: 10 }, w.needs(), &w.by).map(drop)
        }),
        entry("replace_opt_outs", Ask::load_opt_outs(trust), &[], |tx, w, p| {
            tx.replace_opt_outs(&p[0], &OptOutList { organisation: code(TRUST), as_of: day("2026-06-01"), numbers: 0 }, &[], &w.by).map(drop)
        }),
        // ---- Decisions ----
        Entry {
            name: "record_consent",
            asks: CONSENTED.map(|data| record(ConsentDecision::Permit).with(data).about(NEW).of(world.child)).into(),
            free: &[Class],
            call: |tx, w, p| tx.record_consent(p, &consent(ConsentId(NEW), ConsentDecision::Permit), &w.by).map(drop),
        },
        Entry {
            name: "withdraw_consent",
            asks: CONSENTED.map(|data| about_decision(Act::WithdrawConsent, CONSENT).with(data).of(world.child)).into(),
            free: &[],
            call: |tx, w, p| tx.withdraw_consent(p, CONSENT, "made up", &w.by).map(drop),
        },
        entry("review_objection", about_decision(Act::ReviewObjection, OBJECTION).of(world.child), &[], |tx, w, p| {
            tx.review_objection(&p[0], OBJECTION, ReviewOutcome::FlowStops, "made up", &w.by).map(drop)
        }),
        entry("standing_consents", own(Act::ReadConsents), &[Holder], |tx, w, p| {
            tx.standing_consents(&p[0], PageAfter { after: None, limit: 10 }, &w.by, |_, _| true).map(drop)
        }),
        entry("recorded_consents", own(Act::ReadConsents).of(world.child), &[Child, Holder], |tx, w, p| {
            tx.recorded_consents(&p[0], &w.by).map(drop)
        }),
        entry("restrict", Ask::restrict(Act::Restrict, council, Some(trust)).about(NEW).of(world.child), &[Child, Holder], |tx, w, p| {
            tx.restrict(&p[0], &restriction(RestrictionId(NEW)), &w.by).map(drop)
        }),
        entry("own_restrictions", own(Act::ReadConsents).of(world.child), &[Child, Holder], |tx, w, p| {
            tx.own_restrictions(&p[0], &w.by).map(drop)
        }),
        entry("lift_restriction", Ask::restrict(Act::LiftRestriction, council, None).about(RESTRICTION.0).of(world.child), &[], |tx, w, p| {
            tx.lift_restriction(&p[0], RESTRICTION, "made up", &w.by).map(drop)
        }),
        entry("make_override", open_records().about(NEW).of(world.child), &[Class, Child, Holder], |tx, w, p| {
            tx.make_override(&p[0], &overriding(OverrideId(NEW)), &w.by).map(drop)
        }),
        entry("end_override", Ask::end_override(trust).about(OVERRIDE.0).of(world.child), &[], |tx, w, p| {
            tx.end_override(&p[0], OVERRIDE, &w.by).map(drop)
        }),
        // ---- Rights ----
        entry("hold", of(Act::Hold, NEW), &[Child, Holder], |tx, w, p| {
            tx.hold(&p[0], &LegalHoldDraft { id: HoldId(NEW), ends: None, reason: "made up".into() }, &w.by).map(drop)
        }),
        entry("release_hold", of(Act::Hold, HOLD.0), &[], |tx, w, p| tx.release_hold(&p[0], HOLD, "made up", &w.by).map(drop)),
        entry("open_dispute", of(Act::Rectify, NEW), &[Child, Holder], |tx, w, p| {
            tx.open_dispute(&p[0], &DisputeDraft { id: DisputeId(NEW), referrals: None, reason: "made up".into() }, &[], &w.by).map(drop)
        }),
        entry("settle_dispute", of(Act::Rectify, DISPUTE.0), &[], |tx, w, p| tx.settle_dispute(&p[0], DISPUTE, "made up", &w.by).map(drop)),
        Entry {
            name: "rectify",
            asks: vec![of(Act::Rectify, NEW), of(Act::Rectify, NEW).of(world.other)],
            free: &[Child],
            call: |tx, w, p| {
                let to = w.references[1].clone();
                let draft = RectificationDraft { id: RectificationId(NEW), to, referrals: Vec::new(), reason: "made up".into() };
                tx.rectify((&p[0], &p[1]), &draft, &w.by).map(drop)
            },
        },
        Entry {
            name: "erase",
            asks: vec![of(Act::Erase, NEW), of(Act::Erase, NEW).with(DataClass::HealthAdvice)],
            free: &[Class],
            call: |tx, w, p| {
                let draft = ErasureDraft { id: ErasureId(NEW), data: vec![DataClass::WaitingListStatus, DataClass::HealthAdvice], reason: "made up".into(), future: false };
                tx.erase(p, &w.references[0], &draft, &w.by).map(drop)
            },
        },
        entry("lift_erasure", of(Act::Erase, ERASURE.0), &[], |tx, w, p| tx.lift_erasure(&p[0], ERASURE, "made up", &w.by).map(drop)),
        entry("expire", own(Act::Erase), &[Holder], |tx, w, p| {
            tx.expire(&p[0], RetentionClass::WaitingListStatus, (day("2026-01-01"), day("2026-06-01")), &w.by).map(drop)
        }),
        // ---- Matches ----
        entry("state_match", Ask::join(council).of(world.child).about(NEW), &[Child, Holder], |tx, w, p| {
            let draft = MatchDraft { id: MatchId(NEW), second: w.other, source: MatchSource::Crosswalk };
            tx.state_match(&p[0], draft, NEW, &w.by)
        }),
        entry("list_matches", Ask::join(council), &[Holder], |tx, w, p| {
            let now = super::world::instant("2026-06-01T09:00:00Z");
            let page = PageAfter { after: String::new(), limit: 10 };
            tx.list_matches(&p[0], &BTreeSet::new(), MatchStatus::ALL, &page, &w.waiting(now, now)).map(drop)
        }),
        entry("decide_match", Ask::join(trust).of(world.child).about(MATCH.0), &[Holder], |tx, w, p| {
            tx.decide_match(&p[0], MATCH, MatchDecision::Join, "made up", &w.by).map(drop)
        }),
        entry("replace_crosswalk", Ask::join(council), &[], |tx, w, p| tx.replace_crosswalk(&p[0], &crosswalk(), &w.by).map(drop)),
        // ---- Advice ----
        entry("create_advice_request", request_advice().about(NEW).of(world.child), &[Child, Holder], |tx, w, p| {
            let draft = AdviceRequestDraft {
                id: AdviceRequestId(NEW),
                role: "made up".into(),
                kinds: w.request.kinds.clone(),
                case_reference: "made up".into(),
                received_on: day("2026-06-01"),
                receipt_evidence: None,
            };
            tx.create_advice_request(&p[0], &draft, &w.by).map(drop)
        }),
        entry("disclose_advice_request", asked, &[], |tx, w, p| tx.disclose_advice_request(&p[0], &w.request, &w.by).map(drop)),
        entry("acknowledge_advice", asked, &[], |tx, w, p| tx.acknowledge_advice(&p[0], &w.request, &w.by)),
        entry("submit_advice", answered, &[], |tx, w, p| {
            let [needs, provision, outcomes, author_role] = ["made up"; 4].map(str::to_owned);
            tx.submit_advice(&p[0], &w.request, &Advice { needs, provision, outcomes, author_role }, &w.by)
        }),
        entry("disclose_advice", answered, &[], |tx, w, p| tx.disclose_advice(&p[0], &w.request, &w.by).map(drop)),
    ]
}

fn crosswalk() -> CrosswalkDelivery {
    let submission = Submission {
        id: SubmissionId(NEW),
        client: "council-herts".into(),
        dataset: Dataset::ChildIdentifiers,
        format: "crosswalk".into(),
        organisation: code(COUNCIL),
        list: "default".into(),
        mode: SubmissionMode::Snapshot,
        as_of: day("2026-06-01"),
        status: SubmissionStatus::Processing,
        counts: SubmissionCounts::default(),
        received_at: super::world::instant("2026-06-01T09:00:00Z"),
        issue_counts: Vec::new(),
    };
    CrosswalkDelivery { submission, crosswalk: Crosswalk::default(), rejected_percent: 20, shrink_percent: 20, confirm_shrink: false }
}
