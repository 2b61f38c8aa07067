//! Tests of whole decisions. The lines of the tables are tested one by one in [`rows`].

mod properties;
mod rows;

use super::*;
use crate::agreements::{Confidentiality, ConsentRule, LawfulBasis, LegalBasis, OptOutRule, Population};
use crate::agreements::{DataClass, Purpose};
use crate::consents::{ConsentDecision, DecidedBy, ReviewOutcome};
use crate::identifiers::ChildId;
use crate::identifiers::{OverrideId, RestrictionId};
use crate::pathways::Pathway;
use crate::places::Places;
use crate::referrals::{Referral, ReferralDetails, ReferralStatus};
use crate::restrictions::RestrictionKind;

fn code(text: &str) -> OrganisationCode {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn agreement(rule: ConsentRule) -> Agreement {
    Agreement {
        id: "status".into(),
        purpose: Purpose::CareCoordination,
        providers: vec![code("RY4"), code("RWR")],
        recipients: vec![code("E10000015")],
        data: vec![DataClass::WaitingListStatus],
        pathways: [Pathway::Autism, Pathway::Adhd].into_iter().collect(),
        population: Population::Resident,
        consent: rule,
        consent_recorded_by: vec![code("E10000015")],
        verified_by: crate::agreements::VerifiedBy::Holder,
        starts: day("2026-04-01"),
        ends: day("2027-03-31"),
        basis: LawfulBasis {
            uk_gdpr_6: "6(1)(e)".into(),
            uk_gdpr_9: "9(2)(h)".into(),
            dpa_sch1: None,
            confidentiality: Confidentiality::Consent,
            statute: None,
            legal_bases: Vec::new(),
            opt_out: OptOutRule::Exempt,
            opt_out_reason: None,
        },
        places: Places::Anywhere,
    }
}

fn consent(decision: ConsentDecision, id: u128) -> Consent {
    Consent {
        id: ConsentId(uuid::Uuid::from_u128(id)),
        decision,
        purpose: Purpose::CareCoordination,
        data: vec![DataClass::WaitingListStatus],
        pathways: Pathway::Autism.into(),
        recipient: code("E10000015"),
        decided_by: DecidedBy::Parent,
        valid_from: day("2026-05-01"),
        valid_to: Some(day("2026-12-31")),
        recorded_by: code("E10000015"),
        recorded_at: "2026-04-20T10:00:00Z".parse().unwrap(),
        withdrawn_at: None,
        review: None,
    }
}

fn ask() -> Ask {
    Ask {
        act: Act::Disclose,
        holder: code("RY4"),
        recipient: code("E10000015"),
        purpose: Purpose::CareCoordination,
        data: DataClass::WaitingListStatus,
        pathways: PathwaySet::all(),
        child: Some(ChildId(1)),
        item: None,
        loses_nothing: false,
    }
}

/// A child of nine, with these decisions.
fn child(consents: &[Consent]) -> ChildFacts {
    ChildFacts { born: Some(day("2017-03-09")), consents: consents.to_vec(), ..ChildFacts::default() }
}

fn restriction(kind: RestrictionKind) -> Restriction {
    Restriction {
        id: RestrictionId(uuid::Uuid::from_u128(5)),
        kind,
        against: None,
        starts: day("2026-05-01"),
        ends: Some(day("2026-07-31")),
        set_by: code("E10000015"),
        lifted_at: None,
    }
}

fn overriding() -> Override {
    Override {
        id: OverrideId(uuid::Uuid::from_u128(6)),
        holder: code("RY4"),
        recipient: code("E10000015"),
        purpose: Purpose::CareCoordination,
        data: DataClass::WaitingListStatus,
        pathways: Pathway::Autism.into(),
        starts: day("2026-05-20"),
        ends: day("2026-06-03"),
        ended_at: None,
    }
}

fn decide_about(today: &str, ask: Ask, agreement: Agreement, child: &ChildFacts) -> Result<Permit, RefusalReason> {
    let partnership = Partnership::of(vec![agreement], Vec::new());
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    decide(ask, Facts { partnership: &partnership, child, now, today: day(today) }).map_err(|refusal| refusal.reason)
}

fn decide_on(today: &str, ask: Ask, agreements: &[Agreement], consents: &[Consent]) -> Result<Permit, RefusalReason> {
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let partnership = Partnership::of(agreements.to_vec(), Vec::new());
    decide(ask, Facts { partnership: &partnership, child: &child(consents), now, today: day(today) }).map_err(|refusal| refusal.reason)
}

#[test]
fn nothing_flows_without_an_agreement() {
    assert_eq!(decide_on("2026-06-01", ask(), &[], &[consent(ConsentDecision::Permit, 1)]), Err(RefusalReason::NoAgreement));
    let stranger = Ask { recipient: code("R1L"), ..ask() };
    assert_eq!(decide_on("2026-06-01", stranger, &[agreement(ConsentRule::NotRequired)], &[]), Err(RefusalReason::NoAgreement));
    let other_purpose = Ask { purpose: Purpose::JointCommissioning, ..ask() };
    assert_eq!(decide_on("2026-06-01", other_purpose, &[agreement(ConsentRule::NotRequired)], &[]), Err(RefusalReason::NoAgreement));
}

#[test]
fn an_agreement_holds_from_its_first_day_to_its_last() {
    let agreements = [agreement(ConsentRule::NotRequired)];
    assert_eq!(decide_on("2026-03-31", ask(), &agreements, &[]), Err(RefusalReason::AgreementNotStarted));
    assert!(decide_on("2026-04-01", ask(), &agreements, &[]).is_ok());
    assert!(decide_on("2027-03-31", ask(), &agreements, &[]).is_ok());
    assert_eq!(decide_on("2027-04-01", ask(), &agreements, &[]), Err(RefusalReason::AgreementEnded));
}

#[test]
fn a_pathway_that_is_not_named_is_not_seen() {
    let agreements = [agreement(ConsentRule::NotRequired)];
    let permit = decide_on("2026-06-01", ask(), &agreements, &[]).unwrap();
    assert_eq!(permit.pathways().to_string(), "autism|adhd");
    let mental_health = Ask { pathways: Pathway::MentalHealth.into(), ..ask() };
    assert_eq!(decide_on("2026-06-01", mental_health, &agreements, &[]), Err(RefusalReason::PathwayNotCovered));
}

#[test]
fn required_consent_permits_only_the_pathways_it_names() {
    let permit = decide_on("2026-06-01", ask(), &[agreement(ConsentRule::Required)], &[consent(ConsentDecision::Permit, 1)]).unwrap();
    assert_eq!(permit.pathways().to_string(), "autism");
    assert_eq!(permit.grants()[0].consents(), [ConsentId(uuid::Uuid::from_u128(1))]);
}

#[test]
fn each_way_a_consent_can_fail_has_its_reason() {
    let agreements = [agreement(ConsentRule::Required)];
    let permit = || consent(ConsentDecision::Permit, 1);
    assert_eq!(decide_on("2026-06-01", ask(), &agreements, &[]), Err(RefusalReason::ConsentMissing));
    assert_eq!(decide_on("2026-04-30", ask(), &agreements, &[permit()]), Err(RefusalReason::ConsentNotYetValid));
    assert_eq!(decide_on("2027-01-01", ask(), &agreements, &[permit()]), Err(RefusalReason::ConsentExpired));
    let withdrawn = Consent { withdrawn_at: Some("2026-05-30T10:00:00Z".parse().unwrap()), ..permit() };
    assert_eq!(decide_on("2026-06-01", ask(), &agreements, &[withdrawn]), Err(RefusalReason::ConsentWithdrawn));
    let other = Consent { recipient: code("RWR"), ..permit() };
    assert_eq!(decide_on("2026-06-01", ask(), &agreements, &[other]), Err(RefusalReason::ConsentMissing));
}

#[test]
fn the_most_protective_decision_wins() {
    let both = [consent(ConsentDecision::Permit, 1), consent(ConsentDecision::Deny, 2)];
    assert_eq!(decide_on("2026-06-01", ask(), &[agreement(ConsentRule::Required)], &both), Err(RefusalReason::ConsentDenied));
    let objected = [consent(ConsentDecision::Permit, 1), consent(ConsentDecision::Objection, 2)];
    assert_eq!(decide_on("2026-06-01", ask(), &[agreement(ConsentRule::Required)], &objected), Err(RefusalReason::Objection));
}

#[test]
fn an_objection_stops_what_it_may_stop_and_not_a_duty() {
    let objection = [consent(ConsentDecision::Objection, 1)];
    let unless_objected = decide_on("2026-06-01", ask(), &[agreement(ConsentRule::UnlessObjected)], &objection).unwrap();
    assert_eq!(unless_objected.pathways().to_string(), "adhd");
    let duty = decide_on("2026-06-01", ask(), &[agreement(ConsentRule::NotRequired)], &objection).unwrap();
    assert_eq!(duty.pathways().to_string(), "autism|adhd");
}

#[test]
fn only_a_named_organisation_records_consent_and_only_within_the_agreement() {
    let agreements = [agreement(ConsentRule::Required)];
    let record = Ask { act: Act::RecordConsent, holder: code("E10000015"), pathways: Pathway::Autism.into(), ..ask() };
    assert!(decide_on("2026-06-01", record, &agreements, &[]).is_ok());
    assert_eq!(decide_on("2026-06-01", Ask { holder: code("RY4"), ..record }, &agreements, &[]), Err(RefusalReason::RecorderNotNamed));
    let wider = Ask { pathways: PathwaySet::all(), ..record };
    assert_eq!(decide_on("2026-06-01", wider, &agreements, &[]), Err(RefusalReason::PathwayNotCovered));
}

#[test]
fn a_party_may_record_an_objection_to_what_needs_no_consent() {
    let duty = [agreement(ConsentRule::NotRequired)];
    let object = Ask { act: Act::RecordObjection, holder: code("RY4"), pathways: Pathway::Autism.into(), ..ask() };
    assert!(decide_on("2026-06-01", object, &duty, &[]).is_ok());
    assert_eq!(decide_on("2026-06-01", Ask { holder: code("R1L"), ..object }, &duty, &[]), Err(RefusalReason::RecorderNotNamed));
    assert_eq!(decide_on("2026-06-01", object, &[agreement(ConsentRule::UnlessObjected)], &[]), Err(RefusalReason::RecorderNotNamed));
}

#[test]
fn what_a_parent_permitted_counts_only_until_the_sixteenth_birthday() {
    let permission = [Consent { valid_to: None, ..consent(ConsentDecision::Permit, 1) }];
    let of = |born, today| {
        let known = ChildFacts { born: Some(day(born)), ..child(&permission) };
        decide_about(today, Ask { pathways: Pathway::Autism.into(), ..ask() }, agreement(ConsentRule::Required), &known)
    };
    assert!(of("2010-06-02", "2026-06-01").is_ok());
    assert_eq!(of("2010-06-02", "2026-06-02"), Err(RefusalReason::ConsentReviewDue));
    // Recorded after the birthday, it counts until the end of compulsory school age: the last Friday of June.
    assert!(of("2010-04-02", "2026-06-26").is_ok());
    assert_eq!(of("2010-04-02", "2026-06-27"), Err(RefusalReason::ConsentReviewDue));
}

#[test]
fn what_a_young_person_decided_goes_on_counting() {
    let own = Consent { decided_by: DecidedBy::YoungPerson, valid_to: None, ..consent(ConsentDecision::Permit, 1) };
    let known = ChildFacts { born: Some(day("2010-04-02")), ..child(&[own]) };
    assert!(decide_about("2026-12-01", ask(), agreement(ConsentRule::Required), &known).is_ok());
}

#[test]
fn a_parents_denial_protects_until_the_young_person_decides() {
    let denial = Consent { valid_to: None, ..consent(ConsentDecision::Deny, 1) };
    let own = Consent {
        decided_by: DecidedBy::YoungPerson,
        valid_from: day("2026-06-10"),
        valid_to: None,
        recorded_at: "2026-06-10T10:00:00Z".parse().unwrap(),
        ..consent(ConsentDecision::Permit, 2)
    };
    let known = ChildFacts { born: Some(day("2010-06-02")), ..child(&[denial, own]) };
    let on = |today| decide_about(today, ask(), agreement(ConsentRule::Required), &known);
    assert_eq!(on("2026-06-05"), Err(RefusalReason::ConsentDenied));
    assert!(on("2026-06-10").is_ok());
}

#[test]
fn an_override_replaces_the_familys_decision_but_no_agreement_and_no_court_order() {
    let mut known = ChildFacts { overrides: vec![overriding()], ..child(&[consent(ConsentDecision::Deny, 1)]) };
    known.restrictions.push(restriction(RestrictionKind::Safeguarding));
    let permit = decide_about("2026-06-01", ask(), agreement(ConsentRule::Required), &known).unwrap();
    assert_eq!((permit.pathways().to_string().as_str(), permit.grounds()), ("autism", vec![Ground::Override]));
    assert_eq!(permit.grants()[0].overrides(), [OverrideId(uuid::Uuid::from_u128(6))]);
    assert_eq!(decide_about("2026-06-04", ask(), agreement(ConsentRule::Required), &known), Err(RefusalReason::Safeguarding));
    let other_holder = Ask { holder: code("RWR"), ..ask() };
    assert_eq!(decide_about("2026-06-01", other_holder, agreement(ConsentRule::Required), &known), Err(RefusalReason::Safeguarding));
    let ended = Agreement { ends: day("2026-05-31"), ..agreement(ConsentRule::Required) };
    assert_eq!(decide_about("2026-06-01", ask(), ended, &known), Err(RefusalReason::AgreementEnded));
    known.restrictions.push(restriction(RestrictionKind::CourtOrder));
    assert_eq!(decide_about("2026-06-01", ask(), agreement(ConsentRule::Required), &known), Err(RefusalReason::CourtOrder));
}

#[test]
fn a_restriction_against_one_recipient_leaves_the_others_alone() {
    let order = Restriction { against: Some(code("RWR")), ..restriction(RestrictionKind::CourtOrder) };
    let known = ChildFacts { restrictions: vec![order], ..child(&[]) };
    assert!(decide_about("2026-06-01", ask(), agreement(ConsentRule::NotRequired), &known).is_ok());
}

#[test]
fn a_restriction_stops_from_its_first_day_to_its_last_but_safeguarding_stops_no_statutory_duty() {
    let known =
        ChildFacts { restrictions: vec![restriction(RestrictionKind::Safeguarding)], ..child(&[consent(ConsentDecision::Permit, 1)]) };
    let on = |today, agreement: &Agreement| decide_about(today, ask(), agreement.clone(), &known).map(|_| ());
    let mut agreed = agreement(ConsentRule::Required);
    for (today, expected) in
        [("2026-05-01", Err(RefusalReason::Safeguarding)), ("2026-07-31", Err(RefusalReason::Safeguarding)), ("2026-08-01", Ok(()))]
    {
        assert_eq!(on(today, &agreed), expected, "{today}");
    }
    agreed.consent = ConsentRule::NotRequired;
    assert_eq!(on("2026-06-01", &agreed), Err(RefusalReason::Safeguarding));
    agreed.basis.confidentiality = Confidentiality::Statute;
    assert_eq!(on("2026-06-01", &agreed), Ok(()));
}

#[test]
fn an_opt_out_yields_to_the_familys_permission() {
    let mut agreed = agreement(ConsentRule::UnlessObjected);
    agreed.basis.opt_out = OptOutRule::Applies;
    let opted_out = |consents: &[Consent]| ChildFacts { opted_out: true, ..child(consents) };
    assert_eq!(decide_about("2026-06-01", ask(), agreed.clone(), &opted_out(&[])), Err(RefusalReason::OptedOut));
    let permit = decide_about("2026-06-01", ask(), agreed.clone(), &opted_out(&[consent(ConsentDecision::Permit, 1)])).unwrap();
    assert_eq!(permit.pathways().to_string(), "autism");
    agreed.basis.opt_out = OptOutRule::Exempt;
    assert!(decide_about("2026-06-01", ask(), agreed, &opted_out(&[])).is_ok());
}

fn referral(details: ReferralDetails) -> Referral {
    Referral {
        referral_id: "R-1".into(),
        pathways: PathwaySet::all(),
        status: ReferralStatus::Waiting,
        referral_received_date: day("2026-01-01"),
        recognised: Vec::new(),
        details,
    }
}

#[test]
fn a_record_is_cut_to_its_pathways_its_population_and_its_fields() {
    let details = |district: &str| ReferralDetails {
        district: Some(district.into()),
        school_urn: Some("117000".into()),
        sex: Some("1".into()),
        ..ReferralDetails::default()
    };
    let permit = decide_about("2026-06-01", ask(), agreement(ConsentRule::NotRequired), &child(&[])).unwrap();
    let cut = permit.cut(referral(details("E07000242"))).unwrap();
    assert_eq!((cut.pathways.to_string().as_str(), cut.details), ("autism|adhd", ReferralDetails::default()));
    assert_eq!(permit.cut(referral(details("E07000072"))), Err(RefusalReason::OutsidePopulation));
    let unverified = ReferralDetails { nhs_number_status: Some("02".into()), ..details("E07000242") };
    assert_eq!(permit.cut(referral(unverified)), Err(RefusalReason::IdentityUnverified));
}

#[test]
fn a_hidden_address_is_counted_without_its_district() {
    let mut counting = agreement(ConsentRule::UnlessObjected);
    (counting.data, counting.purpose) = (vec![DataClass::DashboardAggregate], Purpose::JointCommissioning);
    let ask = Ask { data: DataClass::DashboardAggregate, purpose: Purpose::JointCommissioning, ..ask() };
    let details = ReferralDetails { district: Some("E07000242".into()), ..ReferralDetails::default() };
    let district = |known: &ChildFacts| {
        let permit = decide_about("2026-06-01", ask, counting.clone(), known).unwrap();
        permit.cut(referral(details.clone())).unwrap().details.district
    };
    assert_eq!(district(&child(&[])), Some("E07000242".into()));
    assert_eq!(district(&ChildFacts { restrictions: vec![restriction(RestrictionKind::AddressHidden)], ..child(&[]) }), None);
}

#[test]
fn who_recorded_a_decision_may_withdraw_it_whatever_became_of_the_agreement() {
    let withdraw = Ask { act: Act::WithdrawConsent, holder: code("E10000015"), item: Some(uuid::Uuid::from_u128(1)), ..ask() };
    assert!(decide_on("2030-01-01", withdraw, &[], &[consent(ConsentDecision::Permit, 1)]).is_ok());
    let other = Ask { holder: code("RY4"), ..withdraw };
    assert_eq!(decide_on("2030-01-01", other, &[], &[consent(ConsentDecision::Permit, 1)]), Err(RefusalReason::NotItsOwn));
    assert_eq!(decide_on("2030-01-01", withdraw, &[], &[consent(ConsentDecision::Permit, 2)]), Err(RefusalReason::NotItsOwn));
}

#[test]
fn advice_that_cannot_be_cut_is_permitted_whole_or_not_at_all() {
    let mut agreement = agreement(ConsentRule::NotRequired);
    agreement.data = vec![DataClass::HealthAdvice];
    let advice = Ask { data: DataClass::HealthAdvice, pathways: Pathway::Autism.into(), ..ask() };
    assert!(decide_on("2026-06-01", advice, &[agreement.clone()], &[]).is_ok());
    let wider = Ask { pathways: advice.pathways.with(Pathway::MentalHealth), ..advice };
    assert_eq!(decide_on("2026-06-01", wider, &[agreement.clone()], &[]), Err(RefusalReason::PathwayNotCovered));
    agreement.consent = ConsentRule::UnlessObjected;
    let objection = Consent { data: vec![DataClass::HealthAdvice], ..consent(ConsentDecision::Objection, 1) };
    let both = Ask { pathways: advice.pathways.with(Pathway::Adhd), ..advice };
    assert_eq!(decide_on("2026-06-01", both, &[agreement], &[objection]), Err(RefusalReason::Objection));
}

#[test]
fn an_advice_request_flows_from_the_council_to_the_health_body() {
    let mut agreement = agreement(ConsentRule::NotRequired);
    agreement.data = vec![DataClass::AdviceRequest];
    let request = Ask {
        holder: code("E10000015"),
        recipient: code("RY4"),
        data: DataClass::AdviceRequest,
        pathways: Pathway::Autism.into(),
        ..ask()
    };
    assert!(decide_on("2026-06-01", request, &[agreement.clone()], &[]).is_ok());
    let backwards = Ask { holder: code("RY4"), recipient: code("E10000015"), ..request };
    assert_eq!(decide_on("2026-06-01", backwards, &[agreement], &[]), Err(RefusalReason::NoAgreement));
}
