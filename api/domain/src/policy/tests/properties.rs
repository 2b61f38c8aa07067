//! What is true for every decision, whatever is agreed and known.

use proptest::prelude::*;

use super::*;

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
        let partnership = Partnership::of(agreements.clone(), Vec::new());
        let known = child(&consents);
        let facts = Facts { partnership: &partnership, child: &known, now: "2026-06-01T12:00:00Z".parse().unwrap(), today };
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

    /// Whatever else is known about the child: nothing passes a court order or an adoption, and what needs the family's
    /// permission has it, or a guardian's override, in force at that instant.
    #[test]
    fn no_permit_in_spite_of_a_restriction_or_without_a_permission_or_override(
        rule in rules(),
        applies in any::<bool>(),
        consents in consents(),
        deciders in proptest::collection::vec(0_usize..DecidedBy::ALL.len(), 6),
        restrictions in proptest::collection::vec((0_usize..RestrictionKind::ALL.len(), any::<bool>(), 0_i64..100, 0_i64..100), 0..3),
        overridden in proptest::option::of((0_u8..32, 0_i64..100)),
        opted_out in any::<bool>(),
        years in 3_i64..22,
        today in 0_i64..500,
    ) {
        let mut agreed = agreement(rule);
        agreed.basis.opt_out = if applies { OptOutRule::Applies } else { OptOutRule::Exempt };
        let start = day("2026-04-01");
        let today = start + chrono::Duration::days(today);
        let born = start - chrono::Duration::days(years * 365);
        let known = ChildFacts {
            born: Some(born),
            consents: consents.into_iter().zip(&deciders).map(|(consent, decider)| Consent { decided_by: DecidedBy::ALL[*decider], ..consent }).collect(),
            restrictions: restrictions.into_iter().map(|(kind, against_us, from, length)| Restriction {
                kind: RestrictionKind::ALL[kind],
                against: (!against_us).then(|| code("RWR")),
                starts: start + chrono::Duration::days(from),
                ends: Some(start + chrono::Duration::days(from + length)),
                ..restriction(RestrictionKind::Safeguarding)
            }).collect(),
            overrides: overridden.map(|(pathways, from)| Override {
                pathways: PathwaySet::from_bits(i16::from(pathways)),
                starts: start + chrono::Duration::days(from),
                ends: start + chrono::Duration::days(from + 28),
                ..overriding()
            }).into_iter().collect(),
            opted_out,
            plan_with: Vec::new(),
            holds: Vec::new(),
        };
        let partnership = Partnership::of(vec![agreed.clone()], Vec::new());
        let facts = Facts { partnership: &partnership, child: &known, now: "2026-06-01T12:00:00Z".parse().unwrap(), today };
        let Ok(permit) = decide(ask(), facts) else { return Ok(()) };
        prop_assert!(agreed.starts <= today && today <= agreed.ends);
        let stops = |kind| known.restrictions.iter().any(|one| one.kind == kind && one.against.is_none()
            && one.starts <= today && today <= one.ends.unwrap());
        prop_assert!(!stops(RestrictionKind::CourtOrder) && !stops(RestrictionKind::Adopted));
        for pathway in permit.pathways().iter() {
            let guardian = known.overrides.iter().any(|one| one.pathways.contains(pathway) && one.starts <= today && today <= one.ends);
            let applies_today = |consent: &&Consent| consent.pathways.contains(pathway) && consent.recipient == code("E10000015")
                && consent.withdrawn_at.is_none() && consent.valid_from <= today && consent.valid_to.unwrap() >= today;
            let word = |decision| known.consents.iter().filter(move |consent| consent.decision == decision).filter(applies_today);
            let turned = crate::ages::review_days(born);
            let permitted = word(ConsentDecision::Permit).any(|consent| match consent.decided_by {
                DecidedBy::Parent | DecidedBy::Guardian => !turned.iter().any(|day_of| day("2026-04-20") < *day_of && *day_of <= today),
                DecidedBy::LocalAuthority => false,
                DecidedBy::YoungPerson | DecidedBy::McaRepresentative | DecidedBy::CompetentChild => true,
            });
            if guardian { continue }
            prop_assert!(!(stops(RestrictionKind::Safeguarding) && agreed.basis.confidentiality != Confidentiality::Statute));
            prop_assert!(!(applies && opted_out) || permitted);
            prop_assert!(rule != ConsentRule::Required || permitted);
            let adult = word(ConsentDecision::Permit).chain(word(ConsentDecision::Deny)).chain(word(ConsentDecision::Objection))
                .any(|consent| matches!(consent.decided_by, DecidedBy::YoungPerson | DecidedBy::McaRepresentative));
            let against = word(ConsentDecision::Deny).chain(word(ConsentDecision::Objection)).count();
            prop_assert!(rule == ConsentRule::NotRequired || against == 0 || adult);
        }
    }
}
