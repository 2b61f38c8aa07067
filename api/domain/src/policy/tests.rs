use super::*;
use crate::agreements::{Basis, Confidentiality, OptOut, Population};
use crate::consents::DecidedBy;
use proptest::prelude::*;

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
        starts: day("2026-04-01"),
        ends: day("2027-03-31"),
        basis: Basis {
            uk_gdpr_6: "6(1)(e)".into(),
            uk_gdpr_9: "9(2)(h)".into(),
            dpa_sch1: None,
            confidentiality: Confidentiality::Consent,
            statute: None,
            opt_out: OptOut::Applies,
            opt_out_reason: None,
        },
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
        withdrawn_at: None,
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
    }
}

fn decide_on(today: &str, ask: Ask, agreements: &[Agreement], consents: &[Consent]) -> Result<Permit, Reason> {
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    decide(ask, Facts { agreements, consents, now, today: day(today) }).map_err(|refusal| refusal.reason)
}

#[test]
fn nothing_flows_without_an_agreement() {
    assert_eq!(decide_on("2026-06-01", ask(), &[], &[consent(ConsentDecision::Permit, 1)]), Err(Reason::NoAgreement));
    let stranger = Ask { recipient: code("R1L"), ..ask() };
    assert_eq!(decide_on("2026-06-01", stranger, &[agreement(ConsentRule::NotRequired)], &[]), Err(Reason::NoAgreement));
    let other_purpose = Ask { purpose: Purpose::JointCommissioning, ..ask() };
    assert_eq!(decide_on("2026-06-01", other_purpose, &[agreement(ConsentRule::NotRequired)], &[]), Err(Reason::NoAgreement));
}

#[test]
fn an_agreement_holds_from_its_first_day_to_its_last() {
    let agreements = [agreement(ConsentRule::NotRequired)];
    assert_eq!(decide_on("2026-03-31", ask(), &agreements, &[]), Err(Reason::AgreementNotStarted));
    assert!(decide_on("2026-04-01", ask(), &agreements, &[]).is_ok());
    assert!(decide_on("2027-03-31", ask(), &agreements, &[]).is_ok());
    assert_eq!(decide_on("2027-04-01", ask(), &agreements, &[]), Err(Reason::AgreementEnded));
}

#[test]
fn a_pathway_that_is_not_named_is_not_seen() {
    let agreements = [agreement(ConsentRule::NotRequired)];
    let permit = decide_on("2026-06-01", ask(), &agreements, &[]).unwrap();
    assert_eq!(permit.pathways().to_string(), "autism|adhd");
    let mental_health = Ask { pathways: Pathway::MentalHealth.into(), ..ask() };
    assert_eq!(decide_on("2026-06-01", mental_health, &agreements, &[]), Err(Reason::PathwayNotCovered));
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
    assert_eq!(decide_on("2026-06-01", ask(), &agreements, &[]), Err(Reason::ConsentMissing));
    assert_eq!(decide_on("2026-04-30", ask(), &agreements, &[permit()]), Err(Reason::ConsentNotYetValid));
    assert_eq!(decide_on("2027-01-01", ask(), &agreements, &[permit()]), Err(Reason::ConsentExpired));
    let withdrawn = Consent { withdrawn_at: Some("2026-05-30T10:00:00Z".parse().unwrap()), ..permit() };
    assert_eq!(decide_on("2026-06-01", ask(), &agreements, &[withdrawn]), Err(Reason::ConsentWithdrawn));
    let other = Consent { recipient: code("RWR"), ..permit() };
    assert_eq!(decide_on("2026-06-01", ask(), &agreements, &[other]), Err(Reason::ConsentMissing));
}

#[test]
fn the_most_protective_decision_wins() {
    let both = [consent(ConsentDecision::Permit, 1), consent(ConsentDecision::Deny, 2)];
    assert_eq!(decide_on("2026-06-01", ask(), &[agreement(ConsentRule::Required)], &both), Err(Reason::ConsentDenied));
    let objected = [consent(ConsentDecision::Permit, 1), consent(ConsentDecision::Objection, 2)];
    assert_eq!(decide_on("2026-06-01", ask(), &[agreement(ConsentRule::Required)], &objected), Err(Reason::Objection));
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
    assert_eq!(decide_on("2026-06-01", Ask { holder: code("RY4"), ..record }, &agreements, &[]), Err(Reason::RecorderNotNamed));
    let wider = Ask { pathways: PathwaySet::all(), ..record };
    assert_eq!(decide_on("2026-06-01", wider, &agreements, &[]), Err(Reason::PathwayNotCovered));
}

#[test]
fn who_recorded_a_decision_may_withdraw_it_whatever_became_of_the_agreement() {
    let withdraw = Ask { act: Act::WithdrawConsent, holder: code("E10000015"), ..ask() };
    assert!(decide_on("2030-01-01", withdraw, &[], &[consent(ConsentDecision::Permit, 1)]).is_ok());
    let other = Ask { holder: code("RY4"), ..withdraw };
    assert_eq!(decide_on("2030-01-01", other, &[], &[consent(ConsentDecision::Permit, 1)]), Err(Reason::NoAgreement));
}

#[test]
fn advice_that_cannot_be_cut_is_permitted_whole_or_not_at_all() {
    let mut agreement = agreement(ConsentRule::NotRequired);
    agreement.data = vec![DataClass::HealthAdvice];
    let advice = Ask { data: DataClass::HealthAdvice, pathways: Pathway::Autism.into(), ..ask() };
    assert!(decide_on("2026-06-01", advice, &[agreement.clone()], &[]).is_ok());
    let wider = Ask { pathways: advice.pathways.with(Pathway::MentalHealth), ..advice };
    assert_eq!(decide_on("2026-06-01", wider, &[agreement.clone()], &[]), Err(Reason::PathwayNotCovered));
    agreement.consent = ConsentRule::UnlessObjected;
    let objection = Consent { data: vec![DataClass::HealthAdvice], ..consent(ConsentDecision::Objection, 1) };
    let both = Ask { pathways: advice.pathways.with(Pathway::Adhd), ..advice };
    assert_eq!(decide_on("2026-06-01", both, &[agreement], &[objection]), Err(Reason::Objection));
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
    assert_eq!(decide_on("2026-06-01", backwards, &[agreement], &[]), Err(Reason::NoAgreement));
}

fn rules() -> impl Strategy<Value = ConsentRule> {
    prop_oneof![Just(ConsentRule::NotRequired), Just(ConsentRule::Required), Just(ConsentRule::UnlessObjected)]
}

fn decisions() -> impl Strategy<Value = ConsentDecision> {
    prop_oneof![Just(ConsentDecision::Permit), Just(ConsentDecision::Deny), Just(ConsentDecision::Objection)]
}

fn consents() -> impl Strategy<Value = Vec<Consent>> {
    let one = (decisions(), 0_u8..32, any::<bool>(), 0_i64..400, 0_i64..400, any::<bool>(), any::<u128>());
    proptest::collection::vec(one, 0..6).prop_map(|drawn| {
        drawn
            .into_iter()
            .map(|(decision, pathways, withdrawn, from, length, ours, id)| Consent {
                pathways: PathwaySet::from_bits(i16::from(pathways)),
                valid_from: day("2026-01-01") + chrono::Duration::days(from),
                valid_to: Some(day("2026-01-01") + chrono::Duration::days(from + length)),
                recipient: if ours { code("E10000015") } else { code("RWR") },
                withdrawn_at: withdrawn.then(|| "2026-05-30T10:00:00Z".parse().unwrap()),
                ..consent(decision, id)
            })
            .collect()
    })
}

proptest! {
    /// No permit exists without an in-date agreement that covers it and, where required, a decision
    /// in force and none against it.
    #[test]
    fn no_permit_without_an_agreement_and_the_familys_decision(
        drawn in proptest::collection::vec((rules(), 0_i64..400, 0_i64..400, 0_u8..32, any::<bool>()), 0..4),
        consents in consents(),
        today in 0_i64..500,
        holder in prop_oneof![Just("RY4"), Just("RWR"), Just("R1L")],
    ) {
        let agreements: Vec<_> = drawn.iter().enumerate().map(|(at, (rule, from, length, pathways, ours))| Agreement {
            id: at.to_string(),
            starts: day("2026-01-01") + chrono::Duration::days(*from),
            ends: day("2026-01-01") + chrono::Duration::days(from + length),
            pathways: PathwaySet::from_bits(i16::from(*pathways)),
            recipients: vec![if *ours { code("E10000015") } else { code("RWR") }],
            ..agreement(*rule)
        }).collect();
        let today = day("2026-01-01") + chrono::Duration::days(today);
        let ask = Ask { holder: code(holder), ..ask() };
        let facts = Facts { agreements: &agreements, consents: &consents, now: "2026-06-01T12:00:00Z".parse().unwrap(), today };
        let in_force = |decision, pathway| consents.iter().any(|consent| consent.decision == decision
            && consent.pathways.contains(pathway) && consent.recipient == ask.recipient
            && consent.withdrawn_at.is_none() && consent.valid_from <= today && consent.valid_to.unwrap() >= today);
        let may = |pathway| agreements.iter().any(|agreement| agreement.starts <= today && today <= agreement.ends
            && agreement.pathways.contains(pathway) && agreement.recipients.contains(&ask.recipient)
            && agreement.providers.contains(&ask.holder)
            && match agreement.consent {
                ConsentRule::NotRequired => true,
                rule => !in_force(ConsentDecision::Deny, pathway) && !in_force(ConsentDecision::Objection, pathway)
                    && (rule == ConsentRule::UnlessObjected || in_force(ConsentDecision::Permit, pathway)),
            });
        let expected: PathwaySet = Pathway::ALL.iter().copied().filter(|pathway| may(*pathway)).collect();
        match decide(ask, facts) {
            Ok(permit) => {
                prop_assert_eq!(permit.pathways(), expected);
                prop_assert!(!expected.is_empty());
                prop_assert!(permit.grants().iter().all(|grant| agreements.iter().any(|agreement| agreement.id == grant.agreement())));
            }
            Err(refusal) => {
                prop_assert!(expected.is_empty(), "refused for {} what {expected:?} allows", refusal.reason);
            }
        }
    }
}
