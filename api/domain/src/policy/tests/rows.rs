//! One situation for each line of each table.

use super::*;
use crate::policy::rules::{Verdict, decided, rules};
use crate::policy::situations::Situation;

/// What a line needs to be the first that holds.
struct Case {
    ask: Ask,
    agreement: Option<Agreement>,
    child: ChildFacts,
    legal_bases: Vec<LegalBasis>,
}

/// A council asks a trust for one child's waits, under an agreement that needs consent, and nobody has decided.
fn case() -> Case {
    Case {
        ask: Ask { pathways: Pathway::Autism.into(), ..ask() },
        agreement: Some(agreement(ConsentRule::Required)),
        child: child(&[]),
        legal_bases: Vec::new(),
    }
}

fn with(change: impl FnOnce(&mut Case)) -> Case {
    let mut case = case();
    change(&mut case);
    case
}

fn under(rule: ConsentRule, change: impl FnOnce(&mut Case)) -> Case {
    with(|case| {
        case.agreement = Some(agreement(rule));
        change(case);
    })
}

fn agreed(change: impl FnOnce(&mut Agreement)) -> Case {
    with(|case| change(case.agreement.as_mut().unwrap()))
}

fn decided_by(consents: &[Consent]) -> Case {
    with(|case| case.child = child(consents))
}

fn restricted(kind: RestrictionKind) -> Case {
    with(|case| case.child.restrictions.push(restriction(kind)))
}

fn permission() -> Consent {
    consent(ConsentDecision::Permit, 1)
}

fn own() -> Case {
    with(|case| (case.ask.recipient, case.agreement) = (case.ask.holder, None))
}

fn not_law() -> Case {
    with(|case| {
        case.agreement.as_mut().unwrap().basis.legal_bases.push("s16LA".into());
        let basis = LegalBasis { id: "s16LA".into(), citation: "Children Act 2004, s.16LA".into(), in_force_from: None, in_force_to: None };
        case.legal_bases.push(basis);
    })
}

/// Cases for the lines that every act under an agreement begins with.
fn agreement_cases() -> Vec<Case> {
    vec![
        with(|case| case.agreement = None),
        agreed(|agreement| agreement.starts = day("2026-06-02")),
        agreed(|agreement| agreement.ends = day("2026-05-31")),
        not_law(),
    ]
}

fn disclose() -> Vec<Case> {
    let objection = consent(ConsentDecision::Objection, 1);
    let mut cases = vec![own()];
    cases.extend(agreement_cases());
    cases.extend([
        with(|case| case.ask.pathways = Pathway::MentalHealth.into()),
        restricted(RestrictionKind::Adopted),
        restricted(RestrictionKind::CourtOrder),
        agreed(|agreement| agreement.population = Population::PlanMaintained),
        with(|case| case.child.overrides.push(overriding())),
        restricted(RestrictionKind::Safeguarding),
        under(ConsentRule::NotRequired, |case| {
            case.child.consents.push(Consent { review: Some(ReviewOutcome::FlowStops), ..objection.clone() });
        }),
        with(|case| {
            case.agreement.as_mut().unwrap().basis.opt_out = OptOutRule::Applies;
            case.child.opted_out = true;
        }),
        under(ConsentRule::NotRequired, |case| case.child.consents.push(objection.clone())),
        decided_by(&[permission(), consent(ConsentDecision::Deny, 2)]),
        decided_by(&[permission(), objection]),
        under(ConsentRule::UnlessObjected, |_| {}),
        decided_by(&[permission()]),
        with(|case| (case.child.born, case.child.consents) = (Some(day("2010-05-30")), vec![permission()])),
        decided_by(&[Consent { decided_by: DecidedBy::YoungPerson, ..permission() }]),
        decided_by(&[Consent { decided_by: DecidedBy::LocalAuthority, ..permission() }]),
        decided_by(&[Consent { withdrawn_at: Some("2026-05-30T10:00:00Z".parse().unwrap()), ..permission() }]),
        decided_by(&[Consent { valid_to: Some(day("2026-05-31")), ..permission() }]),
        decided_by(&[Consent { valid_from: day("2026-06-02"), ..permission() }]),
        case(),
    ]);
    cases
}

fn record(act: Act) -> Vec<Case> {
    let recording = |mut case: Case| {
        (case.ask.act, case.ask.holder) = (act, code("E10000015"));
        case
    };
    let mut cases = agreement_cases();
    cases.extend([
        agreed(|agreement| agreement.consent_recorded_by.clear()),
        with(|case| case.ask.pathways = Pathway::MentalHealth.into()),
        case(),
    ]);
    cases.into_iter().map(recording).collect()
}

fn overriding_acts() -> Vec<Case> {
    let mut cases = vec![own()];
    cases.extend(agreement_cases());
    cases.extend([with(|case| case.ask.pathways = Pathway::MentalHealth.into()), case()]);
    cases.into_iter().map(|case| Case { ask: Ask { act: Act::Override, ..case.ask }, ..case }).collect()
}

/// An act about one item: by the trust that recorded, set or made it, and by one that did not.
fn items(act: Act, item: u128) -> Vec<Case> {
    let about = |holder: &str| {
        with(|case| {
            case.ask = Ask { act, holder: code(holder), item: Some(uuid::Uuid::from_u128(item)), ..case.ask };
            case.child.consents.push(Consent { recorded_by: code("RY4"), ..permission() });
            case.child.restrictions.push(Restriction { set_by: code("RY4"), ..restriction(RestrictionKind::Safeguarding) });
            case.child.overrides.push(overriding());
            case.agreement = None;
        })
    };
    vec![about("RY4"), about("RWR")]
}

fn held() -> crate::holds::LegalHold {
    crate::holds::LegalHold {
        id: crate::identifiers::HoldId(uuid::Uuid::from_u128(7)),
        organisation: code("RY4"),
        ends: Some(day("2026-06-01")),
        set_at: "2026-05-01T10:00:00Z".parse().unwrap(),
        released_at: None,
    }
}

fn cases(act: Act) -> Vec<Case> {
    let plain = |change: fn(&mut Case)| {
        with(|case| {
            case.ask.act = act;
            change(case);
        })
    };
    match act {
        Act::Disclose => disclose(),
        Act::Count => disclose().into_iter().skip(1).map(|case| Case { ask: Ask { act, ..case.ask }, ..case }).collect(),
        Act::RecordConsent | Act::RecordObjection => record(act),
        Act::WithdrawConsent | Act::ReviewObjection => items(act, 1),
        Act::LiftRestriction => items(act, 5),
        Act::EndOverride => items(act, 6),
        Act::Override => overriding_acts(),
        Act::Restrict | Act::LoadOptOuts => vec![plain(|_| {}), plain(|case| case.ask.holder = code("R1L"))],
        Act::ReadDisclosures => vec![plain(|_| {}), plain(|case| case.ask.recipient = code("RY4"))],
        Act::ReadRelease => {
            let cases = agreement_cases().into_iter().chain([case()]);
            cases.map(|case| Case { ask: Ask { act, ..case.ask }, ..case }).collect()
        }
        Act::Join => {
            let matching = |case: &Case| {
                let mut agreement = case.agreement.clone();
                agreement.iter_mut().for_each(|agreement| agreement.data.push(DataClass::ChildMatching));
                Case {
                    ask: Ask { act, data: DataClass::ChildMatching, ..case.ask },
                    agreement,
                    child: case.child.clone(),
                    legal_bases: case.legal_bases.clone(),
                }
            };
            agreement_cases().iter().chain([&restricted(RestrictionKind::Adopted), &case()]).map(matching).collect()
        }
        Act::JoinOwn => vec![
            plain(|case| case.child.restrictions.push(restriction(RestrictionKind::Adopted))),
            plain(|case| case.ask.recipient = case.ask.holder),
            plain(|_| {}),
        ],
        Act::Erase | Act::Rectify => vec![
            plain(|case| {
                case.ask.recipient = case.ask.holder;
                case.child.holds.push(held());
            }),
            plain(|case| case.ask.recipient = case.ask.holder),
            plain(|_| {}),
        ],
        Act::ReadConsents | Act::Hold | Act::Part => vec![plain(|case| case.ask.recipient = case.ask.holder), plain(|_| {})],
    }
}

#[test]
fn every_line_of_every_table_decides_where_it_should() {
    for act in Act::ALL {
        let table = rules(*act);
        let cases = cases(*act);
        assert_eq!(cases.len(), table.len(), "{act}: one case a line");
        for (line, case) in cases.into_iter().enumerate() {
            let partnership = Partnership::of(case.agreement.clone().into_iter().collect(), case.legal_bases);
            let now = "2026-06-01T12:00:00Z".parse().unwrap();
            let facts = Facts::at(now, &partnership, &case.child);
            let pathway = case.ask.pathways.iter().next();
            // Acts that need no agreement are decided without one.
            let agreement = partnership.agreements().first().filter(|agreement| crate::policy::situations::is_about(agreement, &case.ask));
            let situation = Situation { ask: &case.ask, facts: &facts, agreement, pathway };
            let (found, verdict) = decided(&situation);
            assert_eq!(found, line, "{act}, line {}: {}", line + 1, table[line].when);
            match (verdict, decide(case.ask, facts)) {
                (Verdict::Permit(ground), Ok(permit)) => assert_eq!(permit.grounds(), [ground], "{act}, line {}", line + 1),
                (Verdict::Refuse(reason), Err(refusal)) => assert_eq!(refusal.reason, reason, "{act}, line {}", line + 1),
                (_, decided) => panic!("{act}, line {}: {decided:?}", line + 1),
            }
        }
    }
}

#[test]
fn no_table_can_be_left_without_a_decision() {
    for act in Act::ALL {
        let last = rules(*act).last().unwrap();
        let nothing = Partnership::of(Vec::new(), Vec::new());
        let anybody = Ask { act: *act, holder: code("R1L"), recipient: code("RYX"), ..ask() };
        let facts = Facts::at("2026-06-01T12:00:00Z".parse().unwrap(), &nothing, &NO_FACTS);
        assert!(decide(anybody, facts).is_err(), "{act}: strangers without an agreement: {}", last.when);
    }
}

#[test]
fn every_reason_is_given_by_a_line_or_by_a_record_itself() {
    let given: Vec<_> = Act::ALL.iter().flat_map(|act| rules(*act)).map(|rule| rule.then).collect();
    for reason in RefusalReason::ALL {
        let of_record = matches!(
            reason,
            RefusalReason::NotHeld | RefusalReason::IdentityUnverified | RefusalReason::Disputed | RefusalReason::OlderAsOf
        );
        assert!(of_record || given.contains(&Verdict::Refuse(*reason)), "{reason}");
    }
}
