//! Writes referrals as FHIR. A value without an element in FHIR becomes an extension of ours, so that whatever
//! is written is read back the same.

use std::io::{self, Write};

use domain::{ChildIdentifier, ChildReference, Pathway, Referral, ReferralStatus, SubmittedRecord};

use super::nodes::Node;
use super::terms;
use crate::columns::{Cell, Column, cell, referral_of};

/// Writes a bundle in JSON, to be posted as a transaction. Records of other kinds are left out.
pub fn write_fhir_json(records: &[SubmittedRecord], out: &mut dyn Write) -> io::Result<()> {
    Ok(serde_json::to_writer_pretty(out, &bundle("transaction", records))?)
}

/// Writes a bundle in XML, as a collection.
pub fn write_fhir_xml(records: &[SubmittedRecord], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(bundle("collection", records).to_xml().as_bytes())
}

/// A bundle with a patient and a request for each referral. `kind` is collection, transaction or message.
pub fn bundle(kind: &'static str, records: &[SubmittedRecord]) -> Node {
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

/// The same resources without a bundle, for one line each.
pub(crate) fn lines(records: &[SubmittedRecord]) -> impl Iterator<Item = Node> {
    let known = records.iter().filter_map(|record| Some((record, referral_of(record)?)));
    known.map(resources).enumerate().flat_map(|(number, (patient, request))| {
        let id = format!("p{}", number + 1);
        [patient(Some(id.clone())), request(format!("Patient/{id}"))]
    })
}

/// A temporary name, made only of the entry's place in the message.
fn urn(number: u64, kind: u8) -> String {
    format!("urn:uuid:00000000-0000-4000-800{kind}-{number:012x}")
}

type Resources<'a> = (Box<dyn FnOnce(Option<String>) -> Node + 'a>, Box<dyn FnOnce(String) -> Node + 'a>);

fn resources<'a>((record, referral): (&'a SubmittedRecord, &'a Referral)) -> Resources<'a> {
    (Box::new(|id| patient(&record.child, referral, id)), Box::new(|subject| service_request(&record.child, referral, &subject)))
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

fn service_request(child: &ChildReference, referral: &Referral, subject: &str) -> Node {
    let details = &referral.details;
    let priority = details.priority.as_deref().and_then(|code| theirs(terms::PRIORITIES, code));
    // The national code is written as it is: reading changes only codes in the SNOMED CT table.
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
            ("extension", Node::list(source.into_iter().chain(extensions(stated(child, referral, priority.is_some()))))),
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

/// The FHIR status for a status.
pub fn status_of(status: ReferralStatus) -> &'static str {
    match status {
        ReferralStatus::Waiting => "active",
        ReferralStatus::OnHold => "on-hold",
        ReferralStatus::Seen | ReferralStatus::Closed => "completed",
        ReferralStatus::Rejected => "revoked",
    }
}

/// A pathway as a reason: our code, and the SNOMED CT code where one means the same.
pub fn reason(pathway: Pathway) -> Node {
    let snomed = match pathway {
        Pathway::Autism => Some("401204006"),
        Pathway::Adhd => Some("406506008"),
        Pathway::SpeechAndLanguage | Pathway::Audiology | Pathway::MentalHealth => None,
    };
    let snomed = snomed.map(|code| Node::coding(terms::SNOMED, code));
    Node::object([("coding", Node::list(std::iter::once(Node::coding(terms::PATHWAY, pathway.as_str())).chain(snomed)))])
}

/// The columns of a referral that FHIR has no element for, or none that says the same exactly.
const STATED: [Column; 27] = [
    Column::Status,
    Column::Priority,
    Column::Stage,
    Column::StageStartDate,
    Column::OriginalReferralDate,
    Column::PathwayId,
    Column::PathwayIdIssuer,
    Column::OnwardTo,
    Column::OnwardDate,
    Column::OnwardReason,
    Column::Commissioner,
    Column::Team,
    Column::SubcontractedBy,
    Column::RightToChoose,
    Column::WaitingTimeMeasurementType,
    Column::RttStatus,
    Column::FirstContactDate,
    Column::LastContactDate,
    Column::NextAppointmentDate,
    Column::NotBroughtCount,
    Column::HoldFrom,
    Column::HoldTo,
    Column::HoldReason,
    Column::ClosedDate,
    Column::ClosureReason,
    Column::RejectedDate,
    Column::RejectionReason,
];

fn stated(child: &ChildReference, referral: &Referral, has_priority: bool) -> impl Iterator<Item = (Column, Option<String>)> {
    let is_stated = move |column: &Column| match column {
        Column::Status => matches!(referral.status, ReferralStatus::Seen | ReferralStatus::Rejected),
        Column::Priority => !has_priority,
        _ => true,
    };
    STATED.into_iter().filter(is_stated).map(|column| match cell(column, child, referral) {
        Cell::Flag(flag) => (column, Some(flag.to_string())),
        cell => (column, cell.text()),
    })
}

fn extensions(stated: impl IntoIterator<Item = (Column, Option<String>)>) -> impl Iterator<Item = Node> {
    stated.into_iter().filter_map(|(column, value)| {
        let url = format!("{}{}", terms::EXTENSION, column.name().replace('_', "-"));
        Some(Node::object([("url", Some(Node::text(url))), ("valueString", Some(Node::text(value?)))]))
    })
}

/// The FHIR code that is read back as this national code, where there is one.
fn theirs(table: &'static [(&'static str, &'static str)], code: &str) -> Option<&'static str> {
    table.iter().find(|(_, ours)| *ours == code).map(|(theirs, _)| *theirs)
}
