//! What the partner API shows, as FHIR resources: the same contents, and no more.

use domain::{AdviceRequest, AdviceStatus, ChildReference, ConsentDecision, ConsentStanding, advice_clock, london_day};
use exchange::ListedReferral;
use exchange::fhir::{Node, PATHWAY, REFERRAL_ID, reason, status_of};

use crate::fhir::{CHILD, EXTENSION, NHS_NUMBER, ODS};
use crate::routes::consents::ConsentView;

const PURPOSE: &str = "https://sendbridge.example/fhir/CodeSystem/purpose";
const DATA: &str = "https://sendbridge.example/fhir/CodeSystem/data-class";
const ADVICE_KIND: &str = "https://sendbridge.example/fhir/CodeSystem/advice-kind";

fn extension(name: &str, value: impl Into<std::borrow::Cow<'static, str>>) -> Node {
    Node::object([("url", Some(Node::text(format!("{EXTENSION}{name}")))), ("valueCode", Some(Node::text(value)))])
}

/// A child by its organisation's own id; if there is no id, a child that is not named.
fn subject(child_id: Option<String>) -> Node {
    match child_id {
        Some(id) => Node::object([("type", Some(Node::text("Patient"))), ("identifier", Some(Node::identifier(CHILD, id)))]),
        None => Node::object([("type", Some(Node::text("Patient"))), ("display", Some(Node::text("A child that is not named here")))]),
    }
}

/// A referral. The provider's own id is shown to the provider alone.
pub fn service_request(id: String, listed: &ListedReferral, own: bool, child_id: Option<String>) -> Node {
    let held = &listed.held;
    let referral = &held.referral;
    let extensions = [
        Some(extension("status", referral.status.as_str())),
        referral.details.stage.map(|stage| extension("stage", stage.as_str())),
        Some(extension("flow", held.flow.as_str())),
        own.then(|| extension("list", listed.list.clone())),
    ];
    let identifier = own.then(|| Node::identifier(REFERRAL_ID, referral.referral_id.clone()));
    Node::resource(
        "ServiceRequest",
        [
            ("id", Some(Node::text(id))),
            ("extension", Node::list(extensions.into_iter().flatten())),
            ("identifier", Node::list(identifier)),
            ("status", Some(Node::text(status_of(referral.status)))),
            ("intent", Some(Node::text("order"))),
            ("subject", Some(subject(child_id))),
            ("authoredOn", Some(Node::text(referral.referral_received_date.to_string()))),
            ("performer", Node::list([Node::reference_to(ODS, held.provider.to_string())])),
            ("reasonCode", Node::list(referral.pathways.iter().map(reason))),
        ],
    )
}

/// The task status for a request's status.
pub fn task_status(status: AdviceStatus) -> &'static str {
    match status {
        AdviceStatus::Requested => "requested",
        AdviceStatus::Acknowledged => "accepted",
        AdviceStatus::Submitted => "completed",
    }
}

/// A request for advice. For its two parties it has the child and the case, if read one at a time.
pub fn task(request: &AdviceRequest, disclosed: Option<(&ChildReference, String)>, today: chrono::NaiveDate) -> Node {
    let clock = advice_clock(request.received_on, request.submitted_at.map(london_day), today);
    let number = disclosed.as_ref().and_then(|(child, _)| child.nhs_number());
    let child = number.map(|number| {
        Node::object([
            ("type", Some(Node::text("Patient"))),
            ("identifier", Some(Node::identifier(NHS_NUMBER, number.as_str().to_owned()))),
        ])
    });
    let kind = |kind: &domain::AdviceKind| {
        Node::object([("type", Some(Node::concept(ADVICE_KIND, "kind"))), ("valueCode", Some(Node::text(kind.as_str())))])
    };
    let case = disclosed.map(|(_, case)| Node::object([("identifier", Some(Node::object([("value", Some(Node::text(case)))])))]));
    let period =
        Node::object([("start", Some(Node::text(request.received_on.to_string()))), ("end", Some(Node::text(clock.due_on.to_string())))]);
    Node::resource(
        "Task",
        [
            ("id", Some(Node::text(request.id.to_string()))),
            ("status", Some(Node::text(task_status(request.status)))),
            ("intent", Some(Node::text("order"))),
            ("code", Some(Node::concept(DATA, "advice-request"))),
            ("focus", case),
            ("for", child),
            ("authoredOn", Some(Node::text(request.created_at.to_rfc3339()))),
            ("lastModified", Some(Node::text(request.changed_at.to_rfc3339()))),
            ("requester", Some(Node::reference_to(ODS, request.requested_by.to_string()))),
            ("performerType", Node::list([Node::object([("text", Some(Node::text(request.role.clone())))])])),
            ("owner", Some(Node::reference_to(ODS, request.addressed_to.to_string()))),
            ("restriction", Some(Node::object([("period", Some(period))]))),
            ("input", Node::list(request.kinds.iter().map(kind))),
        ],
    )
}

/// A family's decision. It names no child, but FHIR wants a patient where privacy is concerned (invariant ppc-2).
pub fn consent(view: &ConsentView) -> Node {
    let status = match view.standing {
        ConsentStanding::InForce | ConsentStanding::NotYetValid => "active",
        ConsentStanding::ReviewDue | ConsentStanding::Expired | ConsentStanding::Withdrawn => "inactive",
    };
    let kind = if view.decision == ConsentDecision::Permit { "permit" } else { "deny" };
    let extensions = [
        extension("decision", view.decision.as_str()),
        extension("decided-by", view.decided_by.as_str()),
        extension("standing", view.standing.as_str()),
    ];
    let actor = Node::object([
        ("role", Some(Node::concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"))),
        ("reference", Some(Node::reference_to(ODS, view.recipient.to_string()))),
    ]);
    let period = [("start", Some(Node::text(view.valid_from.to_string()))), ("end", view.valid_to.map(|day| Node::text(day.to_string())))];
    let provision = Node::object([
        ("type", Some(Node::text(kind))),
        ("period", Some(Node::object(period))),
        ("actor", Node::list([actor])),
        ("purpose", Node::list([Node::coding(PURPOSE, view.purpose.as_str())])),
        ("class", Node::list(view.data.iter().map(|data| Node::coding(DATA, data.as_str())))),
        ("code", Node::list(view.pathways.iter().map(|pathway| Node::concept(PATHWAY, pathway.as_str())))),
    ]);
    Node::resource(
        "Consent",
        [
            ("id", Some(Node::text(view.id.to_string()))),
            ("extension", Node::list(extensions)),
            ("status", Some(Node::text(status))),
            ("scope", Some(Node::concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"))),
            ("category", Node::list([Node::concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "INFA")])),
            ("patient", Some(subject(None))),
            ("dateTime", Some(Node::text(view.recorded_at.to_rfc3339()))),
            ("organization", Node::list([Node::reference_to(ODS, view.recorded_by.to_string())])),
            ("policyRule", Some(Node::concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"))),
            ("provision", Some(provision)),
        ],
    )
}
