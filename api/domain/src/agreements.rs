//! Data-sharing agreements: the only source of permission for a flow between organisations.

mod faults;

use chrono::NaiveDate;

use crate::dates::days_between;
use crate::organisations::OrganisationCode;
use crate::pathways::PathwaySet;
use crate::places::Places;

closed! {
    /// Why data flows.
    pub enum Purpose {
        EhcNeedsAssessment = "ehc-needs-assessment",
        CareCoordination = "care-coordination",
        JointCommissioning = "joint-commissioning",
    }
}

closed! {
    /// What flows.
    pub enum DataClass {
        HealthAdvice = "health-advice",
        AdviceRequest = "advice-request",
        WaitingListStatus = "waiting-list-status",
        EhcpStatus = "ehcp-status",
        DashboardAggregate = "dashboard-aggregate",
        /// Which identifiers are one child's.
        ChildMatching = "child-matching",
    }
}

impl DataClass {
    /// Whether the data travels from the agreement's recipients to its providers: a council asks,
    /// and what it asks tells the health body about the child.
    pub fn flows_to_provider(self) -> bool {
        self == Self::AdviceRequest
    }

    /// Whether the data cannot be split by pathway: advice about two pathways is one text.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::HealthAdvice | Self::AdviceRequest)
    }
}

closed! {
    /// Whether a family's decision is needed.
    pub enum ConsentRule {
        NotRequired = "not-required",
        Required = "required",
        UnlessObjected = "unless-objected",
    }
}

closed! {
    /// Which children the agreement is about.
    pub enum Population {
        PlanMaintained = "plan-maintained",
        Resident = "resident",
        GpRegistered = "gp-registered",
    }
}

closed! {
    /// What meets the common-law duty of confidence.
    pub enum Confidentiality {
        Statute = "statute",
        Consent = "consent",
        Section251 = "section-251",
        ProcessorAnonymised = "processor-anonymised",
    }
}

closed! {
    /// Whether the National Data Opt-out takes a child out of the flow.
    pub enum OptOutRule as "OptOut" {
        Applies = "applies",
        Exempt = "exempt",
    }
}

closed! {
    /// The state of an agreement on a day, by its dates.
    pub enum AgreementStanding {
        NotStarted = "not-started",
        InDate = "in-date",
        /// In date, and so near its end that somebody has to be told.
        Expiring = "expiring",
        Ended = "ended",
    }
}

closed! {
    /// Whose word joins two identifiers of one child.
    pub enum VerifiedBy {
        /// An organisation's that holds records of the other identifier.
        Holder = "holder",
        /// That, or the claimant's own, where it traced the number.
        Either = "either",
    }
}

/// The lawful basis in its parts. The citations are the partners' own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LawfulBasis {
    pub uk_gdpr_6: String,
    pub uk_gdpr_9: String,
    pub dpa_sch1: Option<String>,
    pub confidentiality: Confidentiality,
    pub statute: Option<String>,
    /// Ids of the [`LegalBasis`]es that it rests on: it holds only while each of them is in force.
    pub legal_bases: Vec<String>,
    pub opt_out: OptOutRule,
    pub opt_out_reason: Option<String>,
}

/// A provision of the law, and the days between which it is in force, as the partners have established them. Some
/// provisions are made but not yet commenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalBasis {
    pub id: String,
    pub citation: String,
    /// `None` until it is commenced.
    pub in_force_from: Option<NaiveDate>,
    /// Its last day, inclusive.
    pub in_force_to: Option<NaiveDate>,
}

impl LegalBasis {
    /// Whether it is law on a day.
    pub fn is_in_force(&self, today: NaiveDate) -> bool {
        self.in_force_from.is_some_and(|first| first <= today) && self.in_force_to.is_none_or(|last| today <= last)
    }
}

/// One agreement, checked: see [`Agreement::faults`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    pub id: String,
    pub purpose: Purpose,
    pub providers: Vec<OrganisationCode>,
    pub recipients: Vec<OrganisationCode>,
    pub data: Vec<DataClass>,
    pub pathways: PathwaySet,
    pub population: Population,
    pub consent: ConsentRule,
    pub consent_recorded_by: Vec<OrganisationCode>,
    /// Of what it says of child matching.
    pub verified_by: VerifiedBy,
    /// Both days inclusive, Europe/London.
    pub starts: NaiveDate,
    pub ends: NaiveDate,
    pub basis: LawfulBasis,
    /// Where the children of its population live or are registered; the partnership works it out.
    pub places: Places,
}

impl Agreement {
    /// Whether the agreement is in date.
    pub fn is_in_date(&self, today: NaiveDate) -> bool {
        self.starts <= today && today <= self.ends
    }

    /// Whether data of a class may go from one organisation to another, dates and pathways aside.
    pub fn joins(&self, holder: OrganisationCode, recipient: OrganisationCode, data: DataClass) -> bool {
        let (provider, recipient) = if data.flows_to_provider() { (recipient, holder) } else { (holder, recipient) };
        self.data.contains(&data) && self.providers.contains(&provider) && self.recipients.contains(&recipient)
    }

    /// Whether an organisation receives data of a class.
    pub fn receives(&self, organisation: OrganisationCode, data: DataClass) -> bool {
        let receivers = if data.flows_to_provider() { &self.providers } else { &self.recipients };
        receivers.contains(&organisation)
    }

    /// Whether an organisation provides or receives under it.
    pub fn is_party(&self, organisation: OrganisationCode) -> bool {
        self.providers.contains(&organisation) || self.recipients.contains(&organisation)
    }

    /// What in the agreement is inconsistent: the field at fault, and why.
    pub fn faults(&self) -> Vec<(&'static str, &'static str)> {
        faults::TABLE.iter().filter(|line| (line.is_so)(self)).map(|line| (line.field, line.why)).collect()
    }

    /// Days from a day to the agreement's last day: 0 on that day, negative after it.
    pub fn days_left(&self, today: NaiveDate) -> i64 {
        days_between(today, self.ends)
    }

    /// The state of the agreement by its dates. It is expiring from `warn_days` days before its last day.
    pub fn standing(&self, today: NaiveDate, warn_days: u16) -> AgreementStanding {
        if today < self.starts {
            AgreementStanding::NotStarted
        } else if self.ends < today {
            AgreementStanding::Ended
        } else if self.days_left(today) <= i64::from(warn_days) {
            AgreementStanding::Expiring
        } else {
            AgreementStanding::InDate
        }
    }
}

#[cfg(test)]
mod tests;
