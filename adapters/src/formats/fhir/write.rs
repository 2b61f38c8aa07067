//! Referrals as FHIR: what FHIR has an element for, as that; the rest as extensions of ours, so that what is
//! written here is read back the same.

use domain::children::{ChildIdentifier, ChildReference};
use domain::pathways::Pathway;
use domain::referrals::{Referral, Status};
use domain::submissions::{Entry, Record};

use super::nodes::Node;
use super::terms;
use crate::columns::Column;

/// What is not carried, by the name of the record's member: a writer of FHIR states the pathway, as one of
/// CSV does, so what decided it at first does not come back.
pub const LOSSES: &[&str] = &["recognised"];

/// A bundle of one child's entry after another. `kind` is collection, transaction or message.
pub fn bundle(kind: &'static str, records: &[Record]) -> Node {
    let mut entries = Vec::new();
    for (number, (patient, request)) in records.iter().filter_map(|record| Some((record, referral_of(record)?))).map(resources).enumerate()
    {
        let number = number as u64 + 1;
        let posted = |to: &'static str| {
            let request = Node::object([("method", Some(Node::text("POST"))), ("url", Some(Node::text(to)))]);
            (kind == "transaction").then_some(request)
        };
        let entry = |url: String, resource: Node, to: &'static str| {
            Node::object([("fullUrl", Some(Node::text(url))), ("resource", Some(resource)), ("request", posted(to))])
        };
        let patient_url = urn(number, 0);
        entries.push(entry(patient_url.clone(), patient(None), "Patient"));
        entries.push(entry(urn(number, 1), request(patient_url), "ServiceRequest"));
    }
    let header = Node::resource("MessageHeader", [("eventUri", Some(Node::text(terms::PATHWAY)))]);
    let header = (kind == "message").then(|| Node::object([("fullUrl", Some(Node::text(urn(0, 0)))), ("resource", Some(header))]));
    let entries = header.into_iter().chain(entries);
    Node::resource("Bundle", [("type", Some(Node::text(kind))), ("entry", Node::list(entries))])
}

/// The same, one resource after another, for a line each.
pub fn ndjson(records: &[Record]) -> impl Iterator<Item = Node> {
    let known = records.iter().filter_map(|record| Some((record, referral_of(record)?)));
    known.map(resources).enumerate().flat_map(|(number, (patient, request))| {
        let id = format!("p{}", number + 1);
        [patient(Some(id.clone())), request(format!("Patient/{id}"))]
    })
}

/// A name for the time of one message, and made of nothing but its place in it.
fn urn(number: u64, kind: u8) -> String {
    format!("urn:uuid:00000000-0000-4000-800{kind}-{number:012x}")
}

fn referral_of(record: &Record) -> Option<&Referral> {
    match &record.entry {
        Entry::Referral(referral) => Some(referral),
        Entry::Case(_) | Entry::Merge(_) => None,
    }
}

type Resources<'a> = (Box<dyn FnOnce(Option<String>) -> Node + 'a>, Box<dyn FnOnce(String) -> Node + 'a>);

fn resources<'a>((record, referral): (&'a Record, &'a Referral)) -> Resources<'a> {
    (Box::new(|id| patient(&record.child, referral, id)), Box::new(|subject| service_request(referral, &subject)))
}

fn patient(child: &ChildReference, referral: &Referral, id: Option<String>) -> Node {
    let details = &referral.details;
    let status = details.nhs_number_status.clone();
    let verification = status.as_ref().map(|code| {
        let concept = Node::concept(terms::VERIFICATION_CODES, code.clone());
        Node::object([("url", Some(Node::text(terms::VERIFICATION))), ("valueCodeableConcept", Some(concept))])
    });
    let nhs_number = child.nhs_number().map(|number| {
        Node::object([
            ("extension", Node::list(verification)),
            ("system", Some(Node::text(terms::NHS_NUMBER))),
            ("value", Some(Node::text(number.as_str().to_owned()))),
        ])
    });
    let local = details.local_patient_id.clone().or_else(|| match &child.identifier {
        ChildIdentifier::LocalPatient { id, .. } => Some(id.clone()),
        _ => None,
    });
    let local = local.map(|id| Node::identifier(terms::LOCAL_PATIENT, id));
    let gender = details.sex.as_deref().and_then(|sex| theirs(terms::GENDERS, sex));
    let ethnic = details.ethnic_category.clone().map(|code| {
        let concept = Node::concept(terms::ETHNIC_CODES, code);
        Node::object([("url", Some(Node::text(terms::ETHNIC))), ("valueCodeableConcept", Some(concept))])
    });
    let status = status.filter(|_| nhs_number.is_none());
    let stated = [
        (Column::NhsNumberStatus, status),
        (Column::Sex, details.sex.clone().filter(|_| gender.is_none())),
        (Column::Lsoa, details.lsoa.clone()),
        (Column::District, details.district.clone()),
        (Column::ResponsibleLa, details.responsible_la.clone()),
        (Column::SchoolUrn, details.school_urn.clone()),
    ];
    Node::resource(
        "Patient",
        [
            ("id", id.map(Node::text)),
            ("extension", Node::list(ethnic.into_iter().chain(extensions(stated)))),
            ("identifier", Node::list(nhs_number.into_iter().chain(local))),
            ("gender", gender.map(Node::text)),
            ("birthDate", Some(Node::text(child.date_of_birth.to_string()))),
            ("deceasedDateTime", details.date_of_death.map(|day| Node::text(day.to_string()))),
            ("generalPractitioner", Node::list(details.gp_practice.clone().map(|code| Node::reference_to(terms::ODS, code)))),
        ],
    )
}

fn service_request(referral: &Referral, subject: &str) -> Node {
    let details = &referral.details;
    let priority = details.priority.as_deref().and_then(|code| theirs(terms::PRIORITIES, code));
    // The same table is read as SNOMED CT, so a code of theirs has to be stated as it is.
    let source = details.source_of_referral.clone().map(|code| {
        let concept = Node::concept(terms::SOURCE_CODES, code);
        Node::object([("url", Some(Node::text(terms::SOURCE))), ("valueCodeableConcept", Some(concept))])
    });
    let previous = details.previous.as_ref().map(|previous| {
        let assigner = previous.provider.map(|provider| Node::reference_to(terms::ODS, provider.to_string()));
        let identifier = Node::object([
            ("system", Some(Node::text(terms::REFERRAL_ID))),
            ("value", Some(Node::text(previous.referral_id.clone()))),
            ("assigner", assigner),
        ]);
        Node::object([("type", Some(Node::text("ServiceRequest"))), ("identifier", Some(identifier))])
    });
    let identifiers = std::iter::once(Node::identifier(terms::REFERRAL_ID, referral.referral_id.clone()))
        .chain(details.ubrn.clone().map(|ubrn| Node::identifier(terms::UBRN, ubrn)));
    Node::resource(
        "ServiceRequest",
        [
            ("extension", Node::list(source.into_iter().chain(extensions(stated(referral, priority.is_some()))))),
            ("identifier", Node::list(identifiers)),
            ("basedOn", Node::list(previous)),
            ("status", Some(Node::text(status_of(referral.status)))),
            ("intent", Some(Node::text("order"))),
            ("priority", priority.map(Node::text)),
            ("subject", Some(Node::object([("reference", Some(Node::text(subject.to_owned())))]))),
            ("authoredOn", Some(Node::text(referral.referral_received_date.to_string()))),
            ("requester", details.referred_by.clone().map(|code| Node::reference_to(terms::ODS, code))),
            ("reasonCode", Node::list(referral.pathways.iter().map(reason))),
        ],
    )
}

/// A status as FHIR's own.
pub fn status_of(status: Status) -> &'static str {
    match status {
        Status::Waiting => "active",
        Status::OnHold => "on-hold",
        Status::Seen | Status::Closed => "completed",
        Status::Rejected => "revoked",
    }
}

/// A pathway as a reason: our name for it, and SNOMED CT where that says the same.
pub fn reason(pathway: Pathway) -> Node {
    let snomed = match pathway {
        Pathway::Autism => Some("401204006"),
        Pathway::Adhd => Some("406506008"),
        Pathway::SpeechAndLanguage | Pathway::Audiology | Pathway::MentalHealth => None,
    };
    let snomed = snomed.map(|code| Node::coding(terms::SNOMED, code));
    Node::object([("coding", Node::list(std::iter::once(Node::coding(terms::PATHWAY, pathway.as_str())).chain(snomed)))])
}

/// What FHIR has no element for.
fn stated(referral: &Referral, has_priority: bool) -> Vec<(Column, Option<String>)> {
    let details = &referral.details;
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string());
    let (hold, onward) = (details.hold.as_ref(), details.onward.as_ref());
    let inexact = matches!(referral.status, Status::Seen | Status::Rejected);
    vec![
        (Column::Status, inexact.then(|| referral.status.to_string())),
        (Column::Priority, details.priority.clone().filter(|_| !has_priority)),
        (Column::Stage, details.stage.map(|stage| stage.to_string())),
        (Column::StageStartDate, day(details.stage_start_date)),
        (Column::OriginalReferralDate, day(details.original_referral_date)),
        (Column::PathwayId, details.pathway_id.clone()),
        (Column::PathwayIdIssuer, details.pathway_id_issuer.clone()),
        (Column::OnwardTo, onward.and_then(|onward| onward.to.clone())),
        (Column::OnwardDate, day(onward.map(|onward| onward.on))),
        (Column::OnwardReason, onward.and_then(|onward| onward.reason.clone())),
        (Column::Commissioner, details.commissioner.clone()),
        (Column::Team, details.team.clone()),
        (Column::SubcontractedBy, details.subcontracted_by.clone()),
        (Column::RightToChoose, details.right_to_choose.map(|yes| yes.to_string())),
        (Column::WaitingTimeMeasurementType, details.waiting_time_measurement_type.clone()),
        (Column::RttStatus, details.rtt_status.clone()),
        (Column::FirstContactDate, day(details.first_contact_date)),
        (Column::LastContactDate, day(details.last_contact_date)),
        (Column::NextAppointmentDate, day(details.next_appointment_date)),
        (Column::NotBroughtCount, details.not_brought_count.map(|count| count.to_string())),
        (Column::HoldFrom, day(hold.map(|hold| hold.from))),
        (Column::HoldTo, day(hold.and_then(|hold| hold.to))),
        (Column::HoldReason, hold.and_then(|hold| hold.reason.clone())),
        (Column::ClosedDate, day(details.closed_date)),
        (Column::ClosureReason, details.closure_reason.clone()),
        (Column::RejectedDate, day(details.rejected_date)),
        (Column::RejectionReason, details.rejection_reason.clone()),
    ]
}

fn extensions(stated: impl IntoIterator<Item = (Column, Option<String>)>) -> impl Iterator<Item = Node> {
    stated.into_iter().filter_map(|(column, value)| {
        let url = format!("{}{}", terms::EXTENSION, column.name().replace('_', "-"));
        Some(Node::object([("url", Some(Node::text(url))), ("valueString", Some(Node::text(value?)))]))
    })
}

/// The FHIR code of a national one, where reading it would give that again.
fn theirs(table: &'static [(&'static str, &'static str)], code: &str) -> Option<&'static str> {
    table.iter().find(|(_, ours)| *ours == code).map(|(theirs, _)| *theirs)
}
