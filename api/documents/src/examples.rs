//! A small partnership for the tests.

use chrono::NaiveDate;
use domain::{
    Agreement, Authentication, Client, Confidentiality, ConsentRule, DataClass, LawfulBasis, OptOutRule, Organisation, OrganisationCode,
    OrganisationKind, Partnership, PartnershipParts, Pathway, Places, Population, Purpose, Scope,
};

const COUNCIL: &str = "E10000015";
const TRUST: &str = "RWG";

/// A council, a trust, and one agreement that lets the council see the trust's waits.
pub(crate) fn partnership() -> Partnership {
    partnership_with_provider("West Hertfordshire Teaching Hospitals NHS Trust")
}

/// The same partnership, with a trust of the given name.
pub(crate) fn partnership_with_provider(name: &str) -> Partnership {
    Partnership::new(PartnershipParts {
        host: code(COUNCIL),
        controllers: vec![code(COUNCIL)],
        organisations: vec![
            organisation(COUNCIL, "Hertfordshire County Council", OrganisationKind::LocalAuthority, &["E07000242"]),
            organisation(TRUST, name, OrganisationKind::Provider, &[]),
        ],
        clients: vec![Client {
            id: "auditor-herts".into(),
            organisation: code(COUNCIL),
            may_submit_for: vec![],
            authority: "demonstration".into(),
            certificate_name: "auditor".into(),
            scopes: [Scope::AuditRead].into(),
            keys: vec![],
            authentication: Authentication::Tls,
        }],
        legal_bases: vec![],
        issuers: vec![],
        agreements: vec![Agreement {
            id: "west-herts-waits".into(),
            purpose: Purpose::CareCoordination,
            providers: vec![code(TRUST)],
            recipients: vec![code(COUNCIL)],
            data: vec![DataClass::WaitingListStatus],
            pathways: [Pathway::Autism, Pathway::Adhd].into_iter().collect(),
            population: Population::Resident,
            consent: ConsentRule::Required,
            consent_recorded_by: vec![code(COUNCIL)],
            verified_by: domain::VerifiedBy::Holder,
            starts: day("2026-04-01"),
            ends: day("2027-03-31"),
            basis: LawfulBasis {
                uk_gdpr_6: "6(1)(e)".into(),
                uk_gdpr_9: "9(2)(h)".into(),
                dpa_sch1: Some("paragraph 2".into()),
                confidentiality: Confidentiality::Consent,
                statute: None,
                legal_bases: vec![],
                opt_out: OptOutRule::Exempt,
                opt_out_reason: Some("the child's own care".into()),
            },
            places: Places::default(),
        }],
        authorities: vec!["demonstration".into()],
    })
    .unwrap()
}

fn organisation(of: &str, name: &str, kind: OrganisationKind, areas: &[&str]) -> Organisation {
    Organisation {
        code: code(of),
        name: name.into(),
        kind,
        valid_from: day("2022-07-01"),
        valid_to: None,
        successors: vec![],
        areas: areas.iter().map(|area| (*area).into()).collect(),
        practices: vec![],
        lists: vec![],
    }
}

fn code(text: &str) -> OrganisationCode {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}
