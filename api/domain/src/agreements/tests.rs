use super::faults::TABLE;
use super::*;
use chrono::Days;
use proptest::prelude::*;

use crate::pathways::Pathway;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A duty, a permission and a count, as sensible partners write them.
fn sensible() -> [Agreement; 3] {
    let advice = Agreement {
        id: "advice".into(),
        purpose: Purpose::EhcNeedsAssessment,
        providers: vec!["RY4".parse().unwrap()],
        recipients: vec!["E10000015".parse().unwrap()],
        data: vec![DataClass::HealthAdvice, DataClass::AdviceRequest],
        pathways: Pathway::Autism.into(),
        population: Population::PlanMaintained,
        consent: ConsentRule::NotRequired,
        consent_recorded_by: Vec::new(),
        verified_by: VerifiedBy::Holder,
        starts: day("2026-04-01"),
        ends: day("2027-03-31"),
        basis: LawfulBasis {
            uk_gdpr_6: "6(1)(c)".into(),
            uk_gdpr_9: "9(2)(g)".into(),
            dpa_sch1: Some("paragraph 6".into()),
            confidentiality: Confidentiality::Statute,
            statute: Some("SEND Regulations 2014 regs 6(1)(c), 8".into()),
            legal_bases: Vec::new(),
            opt_out: OptOutRule::Exempt,
            opt_out_reason: Some("required by law".into()),
        },
        places: Places::Anywhere,
    };
    let mut status = advice.clone();
    status.purpose = Purpose::CareCoordination;
    status.data = vec![DataClass::WaitingListStatus];
    status.population = Population::Resident;
    status.consent = ConsentRule::Required;
    status.consent_recorded_by = status.recipients.clone();
    status.basis = LawfulBasis {
        uk_gdpr_6: "6(1)(e)".into(),
        uk_gdpr_9: "9(2)(h)".into(),
        dpa_sch1: Some("paragraph 2".into()),
        confidentiality: Confidentiality::Consent,
        statute: None,
        legal_bases: Vec::new(),
        opt_out: OptOutRule::Exempt,
        opt_out_reason: Some("the child's own care".into()),
    };
    let mut count = status.clone();
    count.purpose = Purpose::JointCommissioning;
    count.data = vec![DataClass::DashboardAggregate];
    count.consent = ConsentRule::UnlessObjected;
    count.basis.confidentiality = Confidentiality::ProcessorAnonymised;
    count.basis.opt_out = OptOutRule::Applies;
    count.basis.opt_out_reason = None;
    [advice, status, count]
}

/// For each line of the table a sensible agreement with one thing changed.
fn spoilt() -> Vec<(&'static str, Agreement)> {
    let [advice, status, count] = sensible();
    let with = |agreement: &Agreement, change: fn(&mut Agreement)| {
        let mut agreement = agreement.clone();
        change(&mut agreement);
        agreement
    };
    vec![
        ("needs an id", with(&advice, |a| a.id = " ".into())),
        ("who provides", with(&advice, |a| a.providers.clear())),
        ("who receives", with(&advice, |a| a.recipients.clear())),
        ("names its data", with(&advice, |a| a.data.clear())),
        ("names its pathways", with(&advice, |a| a.pathways = PathwaySet::EMPTY)),
        ("before it starts", with(&advice, |a| a.ends = day("2026-03-31"))),
        ("does not rest on consent", with(&status, |a| a.basis.confidentiality = Confidentiality::ProcessorAnonymised)),
        ("rests on consent, and consent is not", with(&status, |a| a.consent = ConsentRule::UnlessObjected)),
        ("give way to an objection", with(&advice, |a| a.consent = ConsentRule::UnlessObjected)),
        ("on an opt-out alone", with(&count, |a| a.data.push(DataClass::WaitingListStatus))),
        ("nobody may record it", with(&status, |a| a.consent_recorded_by.clear())),
        ("record an objection", with(&count, |a| a.consent_recorded_by.clear())),
        ("would be asked for it", with(&advice, |a| a.consent_recorded_by = a.recipients.clone())),
        ("neither a provider nor a recipient", with(&status, |a| a.consent_recorded_by.push("R1L".parse().unwrap()))),
        ("anonymisation by the processor", with(&count, |a| a.data = vec![DataClass::EhcpStatus])),
        ("not for planning", with(&advice, |a| a.purpose = Purpose::JointCommissioning)),
        ("joint-commissioning alone", with(&count, |a| a.purpose = Purpose::CareCoordination)),
        ("not only children with a plan", with(&count, |a| a.population = Population::PlanMaintained)),
        ("its data is not child-matching", with(&status, |a| a.verified_by = VerifiedBy::Either)),
        ("not a basis of UK GDPR", with(&status, |a| a.basis.uk_gdpr_6 = "6(1)(z)".into())),
        ("6(1)(a) is consent", with(&count, |a| a.basis.uk_gdpr_6 = "6(1)(a)".into())),
        ("public authorities", with(&status, |a| a.basis.uk_gdpr_6 = "6(1)(f)".into())),
        ("neither statute nor legal_bases", with(&status, |a| a.basis.uk_gdpr_6 = "6(1)(c)".into())),
        ("not a condition of UK GDPR", with(&status, |a| a.basis.uk_gdpr_9 = "9(1)".into())),
        ("explicit consent", with(&count, |a| a.basis.uk_gdpr_9 = "9(2)(a)".into())),
        ("takes a paragraph", with(&advice, |a| a.basis.dpa_sch1 = None)),
        ("does not go with", with(&advice, |a| a.basis.dpa_sch1 = Some("paragraph 2".into()))),
        ("rests on statute, and none", with(&advice, |a| a.basis.statute = None)),
        ("by its reference", with(&count, |a| a.basis.confidentiality = Confidentiality::Section251)),
        ("own care or assessment", with(&advice, |a| a.basis.confidentiality = Confidentiality::Section251)),
        ("needs its reason", with(&status, |a| a.basis.opt_out_reason = None)),
        ("to what the law requires", with(&advice, |a| a.basis.opt_out = OptOutRule::Applies)),
        ("planning is exempt", with(&count, |a| (a.basis.opt_out, a.basis.opt_out_reason) = (OptOutRule::Exempt, Some("r".into())))),
    ]
}

#[test]
fn what_makes_sense_together_is_accepted() {
    for agreement in sensible() {
        assert_eq!(agreement.faults(), [], "{}", agreement.id);
    }
}

#[test]
fn every_line_of_the_table_refuses_what_it_says() {
    let spoilt = spoilt();
    for (why, agreement) in &spoilt {
        assert!(agreement.faults().iter().any(|(_, said)| said.contains(why)), "{why}: {:?}", agreement.faults());
    }
    for line in TABLE {
        assert_eq!(spoilt.iter().filter(|(why, _)| line.why.contains(why)).count(), 1, "no case, or several, for: {}", line.why);
    }
}

#[test]
fn consent_as_the_basis_of_article_six_is_refused_where_none_is_asked_for() {
    let [mut advice, mut status, _] = sensible();
    advice.basis.uk_gdpr_6 = "6(1)(a)".into();
    assert!(advice.faults().iter().any(|(field, _)| *field == "basis.uk_gdpr_6"));
    status.basis.uk_gdpr_6 = "6(1)(a)".into();
    assert_eq!(status.faults(), []);
}

#[test]
fn a_power_may_let_the_opt_out_apply_and_a_duty_may_not() {
    let [mut advice, ..] = sensible();
    advice.basis.opt_out = OptOutRule::Applies;
    assert_eq!(advice.faults().len(), 1);
    advice.basis.uk_gdpr_6 = "6(1)(e)".into();
    assert_eq!(advice.faults(), []);
}

#[test]
fn an_agreement_is_expiring_from_sixty_days_before_its_last_day() {
    let [advice, ..] = sensible();
    let standing = |today| advice.standing(day(today), 60);
    for (today, expected, left) in [
        ("2026-03-31", AgreementStanding::NotStarted, 365),
        ("2026-04-01", AgreementStanding::InDate, 364),
        ("2027-01-29", AgreementStanding::InDate, 61),
        ("2027-01-30", AgreementStanding::Expiring, 60),
        ("2027-03-31", AgreementStanding::Expiring, 0),
        ("2027-04-01", AgreementStanding::Ended, -1),
    ] {
        assert_eq!((standing(today), advice.days_left(day(today))), (expected, left), "{today}");
    }
}

proptest! {
    #[test]
    fn it_permits_exactly_while_it_is_in_date_or_expiring(before in 0_u64..900, warn_days in 0_u16..500) {
        let [advice, ..] = sensible();
        let today = day("2027-12-31") - Days::new(before);
        let standing = advice.standing(today, warn_days);
        let permits = matches!(standing, AgreementStanding::InDate | AgreementStanding::Expiring);
        prop_assert_eq!(permits, advice.is_in_date(today));
        let near = (0..=i64::from(warn_days)).contains(&advice.days_left(today)) && today >= advice.starts;
        prop_assert_eq!(standing == AgreementStanding::Expiring, near);
    }
}
