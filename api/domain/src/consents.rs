//! What a family decided about sharing. This is consent in the sense of the duty of confidence: it adds to the
//! statutory basis of the processing, and never replaces it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::ages;
use crate::agreements::{Agreement, ConsentRule, DataClass, Purpose};
use crate::dates::days_between;
use crate::identifiers::ConsentId;
use crate::organisations::OrganisationCode;
use crate::pathways::{Pathway, PathwaySet};

closed! {
    /// What was decided.
    pub enum ConsentDecision {
        Permit = "permit",
        Deny = "deny",
        Objection = "objection",
    }
}

closed! {
    /// Who decided, by the capacity in which they did.
    pub enum DecidedBy {
        /// Somebody with parental responsibility.
        Parent = "parent",
        /// The person the records are about, from 16 (Mental Capacity Act 2005, s.2(5)).
        YoungPerson = "young-person",
        /// A child under 16 who understands what is decided (Gillick [1986] AC 112).
        CompetentChild = "competent-child",
        Guardian = "guardian",
        /// Somebody who decides for a person of 16 or over who lacks capacity (SEND Regulations 2014, reg 64).
        McaRepresentative = "mca-representative",
        /// A council with parental responsibility under a care order. It may not alone permit what a council
        /// would receive.
        LocalAuthority = "local-authority",
    }
}

impl DecidedBy {
    /// Whether somebody can decide in this capacity on a day, about a child born on `born`.
    pub fn can_decide(self, born: NaiveDate, on: NaiveDate) -> bool {
        match self {
            Self::Parent | Self::Guardian | Self::LocalAuthority => !ages::has_reached_age(born, 18, on),
            Self::CompetentChild => !ages::has_reached_age(born, 16, on),
            Self::YoungPerson | Self::McaRepresentative => ages::has_reached_age(born, 16, on),
        }
    }

    /// Whether somebody else decided, because the person was a child.
    fn is_for_a_child(self) -> bool {
        matches!(self, Self::Parent | Self::Guardian | Self::LocalAuthority)
    }
}

closed! {
    /// What a person found who looked at an objection to a flow that needs no consent.
    pub enum ReviewOutcome {
        /// The duty outweighs the objection.
        FlowContinues = "flow-continues",
        /// The objection is upheld: the flow stops for this child.
        FlowStops = "flow-stops",
    }
}

/// A decision about certain data on certain pathways, for one recipient and one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub id: ConsentId,
    pub decision: ConsentDecision,
    pub purpose: Purpose,
    pub data: Vec<DataClass>,
    pub pathways: PathwaySet,
    pub recipient: OrganisationCode,
    pub decided_by: DecidedBy,
    pub valid_from: NaiveDate,
    /// Its last day, inclusive.
    pub valid_to: Option<NaiveDate>,
    pub recorded_by: OrganisationCode,
    pub recorded_at: DateTime<Utc>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// For an objection to a flow that needs no consent: the finding, once a person looked at it.
    pub review: Option<ReviewOutcome>,
}

/// A decision to be recorded. The permits say whose it is, for what and for which recipient.
#[derive(Debug, Clone)]
pub struct ConsentDraft {
    pub id: ConsentId,
    pub decision: ConsentDecision,
    pub decided_by: DecidedBy,
    pub valid_from: NaiveDate,
    pub valid_to: Option<NaiveDate>,
    /// How the decision is known, in the recorder's words. Sealed.
    pub evidence: String,
}

/// How many days before its last day a decision is listed as about to end.
pub(crate) const NOTICE_DAYS: i64 = 30;

/// Why a decision waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Because))]
pub enum ReviewCause {
    /// It was made for a child who has come of age for it.
    ReviewDue,
    /// It objects to a flow that needs no consent, and nobody has looked at it.
    ObjectionToADuty,
    /// It ends within thirty days.
    Expiring,
}

/// Only an objection is reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnObjection;

closed! {
    /// The state of a decision on a day.
    pub enum ConsentStanding as "Standing" {
        InForce = "in-force",
        NotYetValid = "not-yet-valid",
        /// The child has reached an age at which somebody else decides: it permits nothing until there is a new
        /// decision.
        ReviewDue = "review-due",
        Expired = "expired",
        Withdrawn = "withdrawn",
    }
}

impl Consent {
    /// Marks it as withdrawn. If it was withdrawn before, the first time is kept.
    pub fn withdraw(self, at: DateTime<Utc>) -> Self {
        Self { withdrawn_at: self.withdrawn_at.or(Some(at)), ..self }
    }

    /// Records what a person found. A later finding replaces an earlier one.
    pub fn review(self, outcome: ReviewOutcome) -> Result<Self, NotAnObjection> {
        match self.decision {
            ConsentDecision::Objection => Ok(Self { review: Some(outcome), ..self }),
            ConsentDecision::Permit | ConsentDecision::Deny => Err(NotAnObjection),
        }
    }

    /// The state of the decision on a day, for a child born on `born`. A recorded withdrawal ends it at once.
    pub fn standing(&self, born: Option<NaiveDate>, today: NaiveDate) -> ConsentStanding {
        if self.withdrawn_at.is_some() {
            ConsentStanding::Withdrawn
        } else if today < self.valid_from {
            ConsentStanding::NotYetValid
        } else if self.valid_to.is_some_and(|last| last < today) {
            ConsentStanding::Expired
        } else if born.is_some_and(|born| self.review_due_since(born, today).is_some()) {
            ConsentStanding::ReviewDue
        } else {
            ConsentStanding::InForce
        }
    }

    /// The last day on which somebody else became the one to decide, if this was decided for the child before that day.
    pub fn review_due_since(&self, born: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
        let recorded = crate::dates::london_day(self.recorded_at);
        let passed = |day: &NaiveDate| recorded < *day && *day <= today;
        ages::review_days(born).into_iter().filter(passed).max().filter(|_| self.decided_by.is_for_a_child())
    }

    /// Why the decision, about a child born on `born`, waits for a person, if it does.
    pub fn waits_because(&self, born: NaiveDate, agreements: &[Agreement], today: NaiveDate) -> Option<ReviewCause> {
        match self.standing(Some(born), today) {
            ConsentStanding::ReviewDue => Some(ReviewCause::ReviewDue),
            ConsentStanding::InForce if self.decision == ConsentDecision::Objection && self.review.is_none() => {
                agreements.iter().any(|agreement| self.is_about_duty(agreement)).then_some(ReviewCause::ObjectionToADuty)
            }
            ConsentStanding::InForce if self.valid_to.is_some_and(|last| days_between(today, last) <= NOTICE_DAYS) => {
                Some(ReviewCause::Expiring)
            }
            _ => None,
        }
    }

    /// Whether it is about a flow that needs no consent under the agreement.
    fn is_about_duty(&self, agreement: &Agreement) -> bool {
        agreement.consent == ConsentRule::NotRequired
            && agreement.purpose == self.purpose
            && self.data.iter().any(|data| agreement.data.contains(data) && agreement.receives(self.recipient, *data))
    }

    /// Whether the decision is about this flow at all.
    pub fn is_about(&self, purpose: Purpose, data: DataClass, pathway: Pathway, recipient: OrganisationCode) -> bool {
        self.is_about_any(purpose, data, recipient) && self.pathways.contains(pathway)
    }

    /// The same on any pathway.
    pub fn is_about_any(&self, purpose: Purpose, data: DataClass, recipient: OrganisationCode) -> bool {
        self.purpose == purpose && self.recipient == recipient && self.data.contains(&data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreements::{Confidentiality, LawfulBasis, OptOutRule, Population};
    use crate::places::Places;

    fn consent(decision: ConsentDecision) -> Consent {
        Consent {
            id: ConsentId(uuid::Uuid::from_u128(1)),
            decision,
            purpose: Purpose::CareCoordination,
            data: vec![DataClass::WaitingListStatus],
            pathways: PathwaySet::EMPTY,
            recipient: "E10000015".parse().unwrap(),
            decided_by: DecidedBy::Parent,
            valid_from: "1970-01-01".parse().unwrap(),
            valid_to: None,
            recorded_by: "RY4".parse().unwrap(),
            recorded_at: DateTime::UNIX_EPOCH,
            withdrawn_at: None,
            review: None,
        }
    }

    #[test]
    fn a_decision_is_withdrawn_once_and_does_not_come_back() {
        let [first, second] = [1, 2].map(|day| DateTime::UNIX_EPOCH + chrono::Duration::days(day));
        let withdrawn = consent(ConsentDecision::Permit).withdraw(first);
        assert_eq!(withdrawn.standing(None, first.date_naive()), ConsentStanding::Withdrawn);
        assert_eq!(withdrawn.withdrawn_at, Some(first));
        assert_eq!(withdrawn.clone().withdraw(second), withdrawn);
    }

    #[test]
    fn only_an_objection_is_reviewed_and_the_later_finding_replaces_the_earlier() {
        for decision in [ConsentDecision::Permit, ConsentDecision::Deny] {
            assert_eq!(consent(decision).review(ReviewOutcome::FlowStops), Err(NotAnObjection));
        }
        let reviewed = consent(ConsentDecision::Objection).review(ReviewOutcome::FlowStops);
        let reviewed = reviewed.and_then(|consent| consent.review(ReviewOutcome::FlowContinues)).unwrap();
        assert_eq!(reviewed.review, Some(ReviewOutcome::FlowContinues));
    }
    /// An agreement about the same data as [`consent`], with this rule on consent.
    fn agreement(rule: ConsentRule) -> Agreement {
        Agreement {
            id: "status".into(),
            purpose: Purpose::CareCoordination,
            providers: vec!["RY4".parse().unwrap()],
            recipients: vec!["E10000015".parse().unwrap()],
            data: vec![DataClass::WaitingListStatus],
            pathways: Pathway::Autism.into(),
            population: Population::Resident,
            consent: rule,
            consent_recorded_by: Vec::new(),
            verified_by: crate::agreements::VerifiedBy::Holder,
            starts: "2026-04-01".parse().unwrap(),
            ends: "2027-03-31".parse().unwrap(),
            basis: LawfulBasis {
                uk_gdpr_6: "6(1)(e)".into(),
                uk_gdpr_9: "9(2)(h)".into(),
                dpa_sch1: None,
                confidentiality: Confidentiality::Statute,
                statute: None,
                legal_bases: Vec::new(),
                opt_out: OptOutRule::Exempt,
                opt_out_reason: None,
            },
            places: Places::Anywhere,
        }
    }

    #[test]
    fn a_decision_that_was_made_for_a_child_waits_once_the_child_comes_of_age() {
        let [born, before, sixteen] = ["2010-06-01", "2026-05-31", "2026-06-01"].map(|day| day.parse().unwrap());
        let permitted = Consent { recorded_at: "2026-04-01T09:00:00Z".parse().unwrap(), ..consent(ConsentDecision::Permit) };
        assert_eq!(permitted.waits_because(born, &[], before), None);
        assert_eq!(permitted.waits_because(born, &[], sixteen), Some(ReviewCause::ReviewDue));
        let own = Consent { decided_by: DecidedBy::CompetentChild, ..permitted };
        assert_eq!(own.waits_because(born, &[], sixteen), None);
    }

    #[test]
    fn an_objection_waits_where_the_flow_needs_no_consent_until_somebody_has_looked_at_it() {
        let [born, today] = ["2016-05-04", "2026-06-01"].map(|day| day.parse().unwrap());
        let duty = [agreement(ConsentRule::NotRequired)];
        let recorded_at = "2026-04-01T09:00:00Z".parse().unwrap();
        let objection = Consent { recorded_at, ..consent(ConsentDecision::Objection) };
        assert_eq!(objection.waits_because(born, &duty, today), Some(ReviewCause::ObjectionToADuty));
        for rule in [ConsentRule::Required, ConsentRule::UnlessObjected] {
            assert_eq!(objection.waits_because(born, &[agreement(rule)], today), None, "{rule}");
        }
        for other in [
            Consent { review: Some(ReviewOutcome::FlowContinues), ..objection.clone() },
            Consent { decision: ConsentDecision::Deny, ..objection.clone() },
            Consent { purpose: Purpose::JointCommissioning, ..objection.clone() },
            Consent { data: vec![DataClass::HealthAdvice], ..objection.clone() },
            Consent { recipient: "RY4".parse().unwrap(), ..objection.clone() },
            Consent { withdrawn_at: Some(recorded_at), ..objection },
        ] {
            assert_eq!(other.waits_because(born, &duty, today), None, "{other:?}");
        }
    }

    #[test]
    fn a_decision_waits_from_thirty_days_before_its_last_to_its_last() {
        let [born, last] = ["2016-05-04", "2026-06-30"].map(|day| day.parse().unwrap());
        let recorded_at = "2026-04-01T09:00:00Z".parse().unwrap();
        let ending = Consent { recorded_at, valid_to: Some(last), ..consent(ConsentDecision::Permit) };
        for (days_left, because) in [(31, None), (30, Some(ReviewCause::Expiring)), (0, Some(ReviewCause::Expiring)), (-1, None)] {
            let today = last - chrono::Duration::days(days_left);
            assert_eq!(ending.waits_because(born, &[], today), because, "{days_left}");
        }
    }
}
