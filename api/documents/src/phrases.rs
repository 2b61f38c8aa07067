//! The partnership's words in plain English, for papers that people read.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    Agreement, DataClass, DecidedBy, OrganisationCode, OrganisationKind, Partnership, Pathway, PathwaySet, Purpose, RefusalReason,
};

/// "3 November 2026"
pub(crate) fn day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// "3 November 2026 at 14:05", in London time.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    domain::london_time(at).format("%-d %B %Y at %H:%M").to_string()
}

/// "a, b and c"
pub fn all_of<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => format!("{} and {}", most.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "), last.as_ref()),
    }
}

pub(crate) fn names(partnership: &Partnership, codes: &[OrganisationCode]) -> Vec<String> {
    codes.iter().map(|code| partnership.name_of(*code)).collect()
}

/// What an organisation is, for when its name would reveal too much.
pub(crate) const fn kind(kind: OrganisationKind) -> &'static str {
    match kind {
        OrganisationKind::Provider => "an NHS provider",
        OrganisationKind::IntegratedCareBoard => "an NHS board",
        OrganisationKind::LocalAuthority => "a council",
    }
}

pub(crate) const fn pathway(pathway: Pathway) -> &'static str {
    match pathway {
        Pathway::Autism => "autism",
        Pathway::Adhd => "ADHD",
        Pathway::SpeechAndLanguage => "speech and language therapy",
        Pathway::Audiology => "hearing",
        Pathway::MentalHealth => "mental health",
    }
}

/// "autism and ADHD"
pub(crate) fn pathways(set: PathwaySet) -> String {
    all_of(&set.iter().map(pathway).collect::<Vec<_>>())
}

/// The purpose of sharing, to follow "this was".
pub(crate) const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::EhcNeedsAssessment => "to find out what help a child needs for an education, health and care (EHC) plan",
        Purpose::CareCoordination => "so that those who help a child can work together",
        Purpose::JointCommissioning => "to plan services for all children",
    }
}

/// What a class of data says, to follow "saw".
pub(crate) const fn data(data: DataClass) -> &'static str {
    match data {
        DataClass::HealthAdvice => "the health advice for an EHC needs assessment",
        DataClass::AdviceRequest => "a request for health advice for an EHC needs assessment",
        DataClass::WaitingListStatus => "where a child is on a waiting list, and how long the wait has been",
        DataClass::EhcpStatus => "how far an EHC assessment or plan has got",
        DataClass::DashboardAggregate => "counts of children, in which no child can be found",
        DataClass::ChildMatching => "which identifiers are one child’s",
    }
}

pub(crate) const fn decided_by(by: DecidedBy) -> &'static str {
    match by {
        DecidedBy::Parent => "a parent",
        DecidedBy::YoungPerson => "the young person",
        DecidedBy::CompetentChild => "the child",
        DecidedBy::Guardian => "a guardian",
        DecidedBy::McaRepresentative => "the person who decides for the young person",
        DecidedBy::LocalAuthority => "the council that has parental responsibility",
    }
}

/// Why nothing was shown, to follow "because".
pub(crate) const fn refusal(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::NotHeld => "there was nothing of that kind to show",
        RefusalReason::NoAgreement => "no sharing agreement is about it",
        RefusalReason::AgreementNotStarted => "the sharing agreement had not started",
        RefusalReason::AgreementEnded => "the sharing agreement had ended",
        RefusalReason::LegalBasisNotInForce => "the law that it would rest on was not in force",
        RefusalReason::RecorderNotNamed => "this organisation may not record a family's decisions",
        RefusalReason::PathwayNotCovered => "the sharing agreement does not name that service",
        RefusalReason::NotItsOwn => "the record was not this organisation's own",
        RefusalReason::OlderAsOf => "what is held is of a later day",
        RefusalReason::OutsidePopulation => "the sharing agreement is about other children",
        RefusalReason::IdentityUnverified => "the NHS number had not been checked",
        RefusalReason::OptedOut => "there is a National Data Opt-out",
        RefusalReason::ConsentMissing => "nobody had said yes",
        RefusalReason::ConsentNotYetValid => "the yes that was given starts on a later day",
        RefusalReason::ConsentExpired => "the yes that was given had run out",
        RefusalReason::ConsentWithdrawn => "the yes that was given had been taken back",
        RefusalReason::ConsentOfRecipient => "a council cannot alone say yes to what a council would see",
        RefusalReason::DeciderNotEntitled => "the person who said yes may not decide this",
        RefusalReason::ConsentReviewDue => "the young person is now of an age to be asked, and had not been",
        RefusalReason::ConsentDenied => "somebody who may decide had said no",
        RefusalReason::Objection | RefusalReason::ObjectionUpheld => "somebody had objected",
        RefusalReason::Safeguarding => "somebody feared for the child",
        RefusalReason::CourtOrder => "a court forbids it",
        RefusalReason::Adopted => "the record is kept closed",
        RefusalReason::Disputed => "somebody says that the record is wrong, and it is being looked at",
        RefusalReason::LegalHold => "the record has to be kept as it is for now",
    }
}

/// The lawful basis of an agreement, as lawyers cite it.
pub(crate) fn legal_basis(agreement: &Agreement, partnership: &Partnership) -> String {
    let basis = &agreement.basis;
    let mut text = format!("UK GDPR articles {} and {}", basis.uk_gdpr_6, basis.uk_gdpr_9);
    let more = basis.dpa_sch1.iter().map(|paragraph| format!("Data Protection Act 2018, Schedule 1, {paragraph}"));
    let more = more.chain(basis.statute.clone()).chain(partnership.legal_bases(agreement).map(|law| law.citation.clone()));
    more.for_each(|part| text = format!("{text}; {part}"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_by_the_clocks_of_the_county() {
        assert_eq!(moment("2026-07-01T23:30:00Z".parse().unwrap()), "2 July 2026 at 00:30");
        assert_eq!(moment("2026-11-03T14:05:59Z".parse().unwrap()), "3 November 2026 at 14:05");
    }

    #[test]
    fn lists_read_as_english() {
        assert_eq!(all_of::<&str>(&[]), "");
        assert_eq!(pathways(Pathway::Adhd.into()), "ADHD");
        assert_eq!(pathways([Pathway::Autism, Pathway::Adhd, Pathway::Audiology].into_iter().collect()), "autism, ADHD and hearing");
    }
}
