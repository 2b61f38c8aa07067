//! Data-sharing agreements: the only source of permission for a flow between organisations.

use chrono::NaiveDate;

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
    }
}

impl DataClass {
    /// Whether the data travels from the agreement's recipients to its providers: a council asks,
    /// and what it asks tells the health body about the child.
    pub fn flows_to_provider(self) -> bool {
        self == Self::AdviceRequest
    }

    /// Whether the data cannot be cut by pathway: advice about two pathways is one text.
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
    pub enum OptOut {
        Applies = "applies",
        Exempt = "exempt",
    }
}

/// The lawful basis in its parts. The citations are the partners' own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    pub uk_gdpr_6: String,
    pub uk_gdpr_9: String,
    pub dpa_sch1: Option<String>,
    pub confidentiality: Confidentiality,
    pub statute: Option<String>,
    /// Ids of the [`LegalBasis`]es that it rests on: it holds only while each of them is in force.
    pub legal_bases: Vec<String>,
    pub opt_out: OptOut,
    pub opt_out_reason: Option<String>,
}

/// A provision of the law that is in force between days, as the partners have established them: some that
/// are made have not been commenced.
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
    /// Both days inclusive, Europe/London.
    pub starts: NaiveDate,
    pub ends: NaiveDate,
    pub basis: Basis,
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

    /// What in the agreement does not make sense together: the field at fault, and why.
    pub fn faults(&self) -> Vec<(&'static str, &'static str)> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, field, why| {
            if wrong {
                faults.push((field, why));
            }
        };
        let planning = self.purpose == Purpose::JointCommissioning;
        let identifiable = self.data.iter().any(|data| *data != DataClass::DashboardAggregate);
        let confidentiality = self.basis.confidentiality;
        fault(self.id.trim().is_empty(), "id", "an agreement needs an id");
        fault(self.providers.is_empty(), "providers", "an agreement names who provides");
        fault(self.recipients.is_empty(), "recipients", "an agreement names who receives");
        fault(self.data.is_empty(), "data", "an agreement names its data");
        fault(self.pathways.is_empty(), "pathways", "an agreement names its pathways");
        fault(self.ends < self.starts, "ends", "an agreement cannot end before it starts");
        fault(
            self.consent == ConsentRule::Required && confidentiality != Confidentiality::Consent,
            "consent",
            "consent is required, and confidentiality does not rest on consent",
        );
        fault(
            self.consent != ConsentRule::Required && confidentiality == Confidentiality::Consent,
            "consent",
            "confidentiality rests on consent, and consent is not required",
        );
        fault(
            self.consent == ConsentRule::Required && self.consent_recorded_by.is_empty(),
            "consent_recorded_by",
            "consent is required, and nobody may record it",
        );
        fault(
            confidentiality == Confidentiality::Statute && self.basis.statute.is_none(),
            "basis",
            "confidentiality rests on statute, and none is named",
        );
        fault(
            confidentiality == Confidentiality::ProcessorAnonymised && identifiable,
            "data",
            "only dashboard-aggregate can rest on anonymisation by the processor",
        );
        fault(
            self.data.contains(&DataClass::DashboardAggregate) && !planning,
            "purpose",
            "dashboard-aggregate is for joint-commissioning alone",
        );
        fault(
            planning && identifiable && self.consent == ConsentRule::UnlessObjected && confidentiality != Confidentiality::Section251,
            "consent",
            "identifiable planning data cannot rest on an opt-out alone",
        );
        fault(
            self.basis.opt_out == OptOut::Exempt && self.basis.opt_out_reason.is_none(),
            "basis",
            "an exemption from the National Data Opt-out needs its reason",
        );
        faults
    }
}
