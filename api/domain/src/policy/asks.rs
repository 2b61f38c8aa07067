//! What can be asked: one constructor for each kind of act.

use uuid::Uuid;

use super::Act;
use crate::advice::{AdviceKind, AdviceRequest};
use crate::agreements::{DataClass, Purpose};
use crate::consents::{Consent, ConsentDecision};
use crate::identifiers::ChildId;
use crate::organisations::OrganisationCode;
use crate::pathways::PathwaySet;

/// A request to let data flow, or to act on what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    pub act: Act,
    pub holder: OrganisationCode,
    pub recipient: OrganisationCode,
    pub purpose: Purpose,
    pub data: DataClass,
    /// Empty where the data belongs to no pathway.
    pub pathways: PathwaySet,
    pub child: Option<ChildId>,
    /// The one decision, restriction, override or the like that the act is about.
    pub item: Option<Uuid>,
    /// Whether the act erases or moves nothing that a court may want.
    pub loses_nothing: bool,
}

/// Which facts about a child a decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactsAsked {
    /// None: it depends on who asks and on the agreements alone.
    None,
    /// What the family decided, restrictions, overrides, opt-outs and plans.
    Child,
    /// The holder's legal holds on the child.
    Holds,
}

impl Ask {
    const fn new(act: Act, holder: OrganisationCode, recipient: OrganisationCode, purpose: Purpose, data: DataClass) -> Self {
        Self { act, holder, recipient, purpose, data, pathways: PathwaySet::EMPTY, child: None, item: None, loses_nothing: false }
    }

    /// To give the holder's data to the recipient, which may be the holder itself.
    pub const fn disclose(holder: OrganisationCode, recipient: OrganisationCode, purpose: Purpose, data: DataClass) -> Self {
        Self::new(Act::Disclose, holder, recipient, purpose, data)
    }

    /// To see the holder's waiting list, or a child's waits in it, on every pathway, for the care of the child.
    pub fn waits(holder: OrganisationCode, recipient: OrganisationCode) -> Self {
        Self::disclose(holder, recipient, Purpose::CareCoordination, DataClass::WaitingListStatus).on(PathwaySet::all())
    }

    /// To send a council's request for advice, which tells the health body that the child is being assessed.
    pub fn request_advice(council: OrganisationCode, body: OrganisationCode, kinds: &[AdviceKind]) -> Self {
        Self::disclose(council, body, Purpose::EhcNeedsAssessment, DataClass::AdviceRequest).on(AdviceKind::pathways(kinds))
    }

    /// To show one of the two parties what the council asked, or let it change that. The council reads its own words;
    /// the health body may because of the agreement that let it be asked.
    pub fn advice_request(request: &AdviceRequest, party: OrganisationCode) -> Self {
        Self::request_advice(request.requested_by, party, &request.kinds).of(request.child).about(request.id.0)
    }

    /// To give the health body's advice to the council that asked.
    pub fn advice(request: &AdviceRequest) -> Self {
        let ask = Self::disclose(request.addressed_to, request.requested_by, Purpose::EhcNeedsAssessment, DataClass::HealthAdvice);
        ask.on(AdviceKind::pathways(&request.kinds)).of(request.child).about(request.id.0)
    }

    /// To count the holder's records in what is released to the host's partnership.
    pub const fn count(holder: OrganisationCode, host: OrganisationCode) -> Self {
        Self::new(Act::Count, holder, host, Purpose::JointCommissioning, DataClass::DashboardAggregate)
    }

    /// To read released tables, which are no one person's record, under an agreement about them.
    pub const fn read_release(host: OrganisationCode, recipient: OrganisationCode) -> Self {
        Self::new(Act::ReadRelease, host, recipient, Purpose::JointCommissioning, DataClass::DashboardAggregate)
    }

    /// To record a family's decision about data for the recipient.
    pub const fn record(
        decision: ConsentDecision,
        recorder: OrganisationCode,
        recipient: OrganisationCode,
        purpose: Purpose,
        data: DataClass,
    ) -> Self {
        let act = if matches!(decision, ConsentDecision::Objection) { Act::RecordObjection } else { Act::RecordConsent };
        Self::new(act, recorder, recipient, purpose, data)
    }

    /// To withdraw or review a recorded decision, for one class of its data.
    pub const fn about_decision(act: Act, recorder: OrganisationCode, consent: &Consent, data: DataClass) -> Self {
        let ask = Self::new(act, recorder, consent.recipient, consent.purpose, data);
        Self { pathways: consent.pathways, item: Some(consent.id.0), ..ask }
    }

    /// To act on what is the organisation's own: its records, or the decisions that it recorded.
    pub const fn own(act: Act, organisation: OrganisationCode, data: DataClass) -> Self {
        Self::new(act, organisation, organisation, Purpose::CareCoordination, data)
    }

    /// To set, read back or lift a restriction on what flows about a child. `against` is the only recipient it is
    /// about, if it is about one alone.
    pub fn restrict(act: Act, organisation: OrganisationCode, against: Option<OrganisationCode>) -> Self {
        let recipient = against.unwrap_or(organisation);
        Self::new(act, organisation, recipient, Purpose::CareCoordination, DataClass::WaitingListStatus).on(PathwaySet::all())
    }

    /// To open the holder's records to a recipient by a Caldicott guardian's override.
    pub const fn open_records(holder: OrganisationCode, recipient: OrganisationCode, purpose: Purpose, data: DataClass) -> Self {
        Self::new(Act::Override, holder, recipient, purpose, data)
    }

    /// To end an override that the organisation made.
    pub fn end_override(organisation: OrganisationCode) -> Self {
        Self::own(Act::EndOverride, organisation, DataClass::WaitingListStatus).on(PathwaySet::all())
    }

    /// To load a list of National Data Opt-outs, as the organisation's system fetched it.
    pub fn load_opt_outs(organisation: OrganisationCode) -> Self {
        Self::new(Act::LoadOptOuts, organisation, organisation, Purpose::JointCommissioning, DataClass::DashboardAggregate)
            .on(PathwaySet::all())
    }

    /// To read who saw what about a child, as a controller of what the gateway of `host` holds.
    pub const fn read_disclosures(host: OrganisationCode, reader: OrganisationCode) -> Self {
        Self::new(Act::ReadDisclosures, host, reader, Purpose::CareCoordination, DataClass::WaitingListStatus)
    }

    /// To say that two identifiers are one child's.
    pub fn join(organisation: OrganisationCode) -> Self {
        Self::own(Act::Join, organisation, DataClass::ChildMatching)
    }

    /// To say that two identifiers are not one child's, which needs no agreement: it can only protect.
    pub fn part(organisation: OrganisationCode) -> Self {
        Self::own(Act::Part, organisation, DataClass::ChildMatching)
    }

    /// That a file of an organisation names one of its own children by two identifiers.
    pub fn join_own(organisation: OrganisationCode) -> Self {
        Self::own(Act::JoinOwn, organisation, DataClass::ChildMatching)
    }

    #[must_use]
    pub const fn on(self, pathways: PathwaySet) -> Self {
        Self { pathways, ..self }
    }

    #[must_use]
    pub const fn of(self, child: ChildId) -> Self {
        Self { child: Some(child), ..self }
    }

    #[must_use]
    pub const fn about(self, item: Uuid) -> Self {
        Self { item: Some(item), ..self }
    }

    #[must_use]
    pub const fn with(self, data: DataClass) -> Self {
        Self { data, ..self }
    }

    /// Says that the act erases or moves nothing, so that no legal hold forbids it.
    #[must_use]
    pub const fn losing_nothing(self) -> Self {
        Self { loses_nothing: true, ..self }
    }

    /// Which facts about its child the rules of its act look at.
    pub const fn facts(&self) -> FactsAsked {
        match self.act {
            Act::Disclose
            | Act::Count
            | Act::WithdrawConsent
            | Act::ReviewObjection
            | Act::LiftRestriction
            | Act::EndOverride
            | Act::Join
            | Act::JoinOwn => FactsAsked::Child,
            Act::Erase | Act::Rectify if !self.loses_nothing => FactsAsked::Holds,
            Act::RecordConsent
            | Act::RecordObjection
            | Act::ReadConsents
            | Act::Restrict
            | Act::Override
            | Act::LoadOptOuts
            | Act::Erase
            | Act::Rectify
            | Act::Hold
            | Act::Part
            | Act::ReadDisclosures
            | Act::ReadRelease => FactsAsked::None,
        }
    }

    /// Whether it changes what is decided or held about a child, so that no disclosure about the child may be under way.
    pub const fn changes_something(&self) -> bool {
        !matches!(self.act, Act::Disclose | Act::Count | Act::ReadConsents | Act::ReadDisclosures | Act::ReadRelease)
    }

    /// Whether it is permitted for all its pathways or for none.
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self.act, Act::Disclose | Act::Count) || self.data.is_whole()
    }
}
