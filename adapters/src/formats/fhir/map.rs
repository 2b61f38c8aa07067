//! Reads resources as the values of a referral.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{IssueCode, RecognitionRules, ReferralStatus, SeenCode, london_day, parse_day};

use super::parts::{Cells, Contact, ContactPart, Key, PatientFault, PatientPart, ReferralPart, Subject};
use super::terms;
use super::wire::{
    AppointmentWire, ConceptWire, EncounterWire, ExtensionWire, IdentifierWire, PatientWire, ReferenceWire, ServiceRequestWire,
};
use crate::columns::Column;

/// What the mapping needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Mapping<'a> {
    pub(crate) rules: &'a RecognitionRules,
    pub(crate) today: NaiveDate,
    /// All resources of the body are from one server, so the last two parts of an address are enough.
    pub(crate) one_source: bool,
}

/// There was an extension of ours with an unknown name.
pub(crate) struct UnknownExtension;

impl Mapping<'_> {
    pub(crate) fn patient(
        self,
        patient: &PatientWire<'_>,
        full_url: Option<&str>,
        modified: bool,
    ) -> (PatientPart, Option<UnknownExtension>) {
        let mut keys: Vec<Key> = full_url.map(|url| self.key(url)).into_iter().collect();
        keys.extend(patient.id.as_ref().map(|id| format!("Patient/{}", &**id)));
        let mut cells = Cells::default();
        for identifier in &patient.identifier {
            keys.extend(identifier_key(identifier));
            if is(identifier, terms::NHS_NUMBER) {
                cells.put(Column::NhsNumber, identifier.value.as_deref());
                cells.put(Column::NhsNumberStatus, coded(&identifier.extension, terms::VERIFICATION, terms::VERIFICATION_CODES));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        let local = |wanted: fn(&IdentifierWire<'_>) -> bool| patient.identifier.iter().find(|it| !is(it, terms::NHS_NUMBER) && wanted(it));
        let local = local(|it| is(it, terms::LOCAL_PATIENT)).or_else(|| local(is_record_number)).or_else(|| local(|it| it.value.is_some()));
        cells.put(Column::LocalPatientId, local.and_then(|identifier| identifier.value.as_deref()));
        cells.put(Column::DateOfBirth, patient.birth_date.as_deref());
        cells.put(Column::Sex, patient.gender.as_deref().map(|gender| translated(terms::GENDERS, gender)));
        cells.put(Column::EthnicCategory, coded(&patient.extension, terms::ETHNIC, terms::ETHNIC_CODES));
        cells.put(Column::GpPractice, patient.general_practitioner.iter().find_map(organisation));
        put_day(&mut cells, Column::DateOfDeath, patient.deceased_date_time.as_deref());
        let unknown = put_extensions(&mut cells, &patient.extension);
        let retired =
            patient.active.as_deref() == Some("false") || patient.link.iter().any(|link| link.kind.as_deref() == Some("replaced-by"));
        let fault = if modified { Some(PatientFault::Modified) } else { retired.then_some(PatientFault::Retired) };
        (PatientPart { keys, cells, fault }, unknown)
    }

    /// `None` where the request is no referral, or is on none of the pathways.
    pub(crate) fn referral(
        self,
        row: u64,
        request: &ServiceRequestWire<'_>,
        full_url: Option<&str>,
        modified: bool,
        contained: impl FnOnce(&str) -> Option<PatientPart>,
    ) -> (Option<ReferralPart>, Option<UnknownExtension>) {
        let not_a_referral = matches!(request.intent.as_deref(), Some("proposal" | "option" | "directive"))
            || request.status.as_deref() == Some("draft")
            || request.do_not_perform.as_deref() == Some("true")
            || request.subject.as_ref().is_some_and(is_no_patient);
        let mut cells = Cells::default();
        put_day(&mut cells, Column::ReferralReceivedDate, request.authored_on.as_deref());
        let stated: Vec<_> = concepts(request).flat_map(|(_, concept)| codes_of(concept, terms::PATHWAY)).collect();
        cells.put(Column::Pathway, (!stated.is_empty()).then(|| stated.join("|")).as_deref());
        let codes: Vec<(&str, String)> = concepts(request)
            .flat_map(|(field, concept)| concept.coding.iter().map(move |coding| (field, coding)))
            .filter_map(|(field, coding)| Some((field, format!("{}|{}", coding.system.as_deref()?, coding.code.as_deref()?))))
            .collect();
        put_status(&mut cells, request.status.as_deref());
        let mut keys: Vec<Key> = full_url.map(|url| self.key(url)).into_iter().collect();
        keys.extend(request.id.as_ref().map(|id| format!("ServiceRequest/{}", &**id)));
        keys.extend(request.identifier.iter().filter_map(identifier_key));
        cells.put(Column::Ubrn, request.identifier.iter().find(|it| is(it, terms::UBRN)).and_then(|it| it.value.as_deref()));
        cells.put(Column::ReferralId, referral_id(request));
        cells.put(Column::Priority, request.priority.as_deref().map(|priority| translated(terms::PRIORITIES, priority)));
        let source = concept(&request.extension, terms::SOURCE);
        let source = source.and_then(|source| source.coding.iter().find_map(|coding| coding.code.as_deref()));
        cells.put(Column::SourceOfReferral, source.map(|code| translated(terms::SOURCES, code)));
        cells.put(Column::ReferredBy, request.requester.as_ref().and_then(organisation));
        let previous = self.put_previous(&mut cells, request.based_on.iter().chain(&request.replaces));
        let unknown = put_extensions(&mut cells, &request.extension);

        let seen: Vec<_> = codes.iter().map(|(field, code)| SeenCode { field, code }).collect();
        let received = cells.get(Column::ReferralReceivedDate).and_then(parse_day).unwrap_or(self.today);
        let is_stated = cells.iter().any(|(column, _)| column == Column::Pathway);
        let recognised = if is_stated { Vec::new() } else { self.rules.recognise(received, &seen) };
        if not_a_referral || (!is_stated && recognised.is_empty()) {
            return (None, unknown);
        }
        let subject = request.subject.as_ref().and_then(|subject| self.subject(subject, contained));
        (Some(ReferralPart { row, keys, cells, recognised, subject, previous, modified }), unknown)
    }

    fn subject(self, subject: &ReferenceWire<'_>, contained: impl FnOnce(&str) -> Option<PatientPart>) -> Option<Subject> {
        if let Some(id) = subject.reference.as_deref().and_then(|reference| reference.strip_prefix('#')) {
            let contained = contained(id)?;
            return Some(Subject { key: String::new(), reference: None, nhs_number: None, contained: Some(contained) });
        }
        let identifier = subject.identifier.as_ref();
        let by_identifier = identifier.and_then(identifier_key);
        let reference = subject.reference.as_deref().map(|reference| self.key(reference));
        let nhs_number = identifier.filter(|it| is(it, terms::NHS_NUMBER)).and_then(|it| it.value.as_deref()).map(str::to_owned);
        match (by_identifier, reference) {
            (Some(key), reference) => Some(Subject { key, reference, nhs_number, contained: None }),
            (None, Some(key)) => Some(Subject { key, reference: None, nhs_number, contained: None }),
            (None, None) => None,
        }
    }

    /// The first reference to a referral: puts its id, or else returns the key to look for.
    fn put_previous<'w>(self, cells: &mut Cells, references: impl Iterator<Item = &'w ReferenceWire<'w>>) -> Option<Key> {
        for reference in references {
            let named = reference.reference.as_deref();
            let kind = reference.kind.as_deref();
            let is_referral = match (kind, named) {
                (Some(kind), _) => kind == "ServiceRequest",
                (None, Some(named)) => named.starts_with("urn:") || named.rsplit('/').nth(1) == Some("ServiceRequest"),
                (None, None) => true,
            };
            if !is_referral {
                continue;
            }
            if let Some(identifier) = reference.identifier.as_ref().filter(|it| it.value.is_some()) {
                cells.put(Column::PreviousReferralId, identifier.value.as_deref());
                let assigner = identifier.assigner.as_ref().and_then(|assigner| assigner.identifier.as_ref());
                let is_ods = |it: &&super::wire::ValueWire<'_>| it.system.as_deref().is_none_or(|system| system == terms::ODS);
                cells.put(Column::PreviousProvider, assigner.filter(is_ods).and_then(|it| it.value.as_deref()));
                return None;
            }
            if let Some(named) = named {
                return Some(self.key(named));
            }
        }
        None
    }

    pub(crate) fn encounter(self, encounter: &EncounterWire<'_>) -> Option<ContactPart> {
        let attended = matches!(encounter.status.as_deref()?, "arrived" | "triaged" | "in-progress" | "onleave" | "finished");
        let day = day_of(encounter.period.as_ref()?.start.as_deref()?).ok()?;
        self.contact(encounter.subject.as_ref(), &encounter.based_on, attended.then_some(Contact::Attended)?, day)
    }

    pub(crate) fn appointment(self, appointment: &AppointmentWire<'_>) -> Option<ContactPart> {
        let kind = match appointment.status.as_deref()? {
            "fulfilled" | "arrived" | "checked-in" => Contact::Attended,
            "booked" => Contact::Booked,
            "noshow" => Contact::NotBrought,
            _ => return None,
        };
        let day = day_of(appointment.start.as_deref()?).ok()?;
        let actors = || appointment.participant.iter().filter_map(|participant| participant.actor.as_ref());
        let patient = actors().find(|actor| {
            let named = actor.reference.as_deref().is_some_and(|it| it.rsplit('/').nth(1) == Some("Patient"));
            named || actor.kind.as_deref() == Some("Patient") || actor.identifier.as_ref().is_some_and(|it| is(it, terms::NHS_NUMBER))
        });
        // A temporary address does not say what it names.
        let patient = patient.or_else(|| actors().find(|actor| actor.reference.as_deref().is_some_and(|it| it.starts_with("urn:"))));
        self.contact(patient, &appointment.based_on, kind, day)
    }

    fn contact(
        self,
        subject: Option<&ReferenceWire<'_>>,
        based_on: &[ReferenceWire<'_>],
        kind: Contact,
        day: NaiveDate,
    ) -> Option<ContactPart> {
        let named = |reference: &ReferenceWire<'_>| {
            let identifier = reference.identifier.as_ref().and_then(identifier_key);
            identifier.or_else(|| reference.reference.as_deref().map(|it| self.key(it)))
        };
        Some(ContactPart { subject: named(subject?)?, referral: based_on.iter().find_map(named)?, kind, day: day.to_string() })
    }

    /// The key for a reference: without its version, and without its server where all are from one.
    fn key(self, reference: &str) -> Key {
        let reference = reference.split_once("/_history/").map_or(reference, |(before, _)| before);
        if reference.starts_with("urn:") {
            return reference.to_ascii_lowercase();
        }
        let is_address = reference.starts_with("http://") || reference.starts_with("https://");
        match reference.rsplit('/').collect::<Vec<_>>()[..] {
            [id, kind, ..] if is_address && self.one_source => format!("{kind}/{id}"),
            _ => reference.to_owned(),
        }
    }
}

/// The day of a `date`, `dateTime` or `instant` in Europe/London.
pub(crate) fn day_of(text: &str) -> Result<NaiveDate, IssueCode> {
    if let Some(day) = parse_day(text) {
        return Ok(day);
    }
    let at: DateTime<Utc> = DateTime::parse_from_rfc3339(text).map_err(|_| IssueCode::DateFormat)?.into();
    Ok(london_day(at))
}

fn put_day(cells: &mut Cells, column: Column, text: Option<&str>) {
    match text.map(day_of) {
        None => {}
        Some(Ok(day)) => cells.put(column, Some(&day.to_string())),
        Some(Err(code)) => cells.fault(column, code),
    }
}

/// A request entered in error was never a wait, so it counts as closed.
fn put_status(cells: &mut Cells, status: Option<&str>) {
    let status = match status {
        None => return,
        Some("active") => ReferralStatus::Waiting,
        Some("on-hold") => ReferralStatus::OnHold,
        Some("completed" | "revoked" | "entered-in-error") => ReferralStatus::Closed,
        Some(_) => return cells.fault(Column::Status, IssueCode::ValueNotClosedList),
    };
    cells.put(Column::Status, Some(status.as_str()));
}

/// Puts what our extensions state. That replaces what a FHIR element says less exactly.
fn put_extensions(cells: &mut Cells, extensions: &[ExtensionWire<'_>]) -> Option<UnknownExtension> {
    let mut unknown = None;
    for extension in extensions {
        match terms::column(&extension.url) {
            Some(Ok(column)) => cells.put(column, extension.value_string.as_deref()),
            Some(Err(())) => unknown = Some(UnknownExtension),
            None => {}
        }
    }
    unknown
}

fn concepts<'w>(request: &'w ServiceRequestWire<'w>) -> impl Iterator<Item = (&'static str, &'w ConceptWire<'w>)> {
    let code = request.code.iter().map(|concept| ("ServiceRequest.code", concept));
    let reasons = request.reason_code.iter().map(|concept| ("ServiceRequest.reasonCode", concept));
    code.chain(reasons).chain(request.category.iter().map(|concept| ("ServiceRequest.category", concept)))
}

fn codes_of<'w>(concept: &'w ConceptWire<'_>, system: &'static str) -> impl Iterator<Item = &'w str> {
    concept.coding.iter().filter(move |coding| coding.system.as_deref() == Some(system)).filter_map(|coding| coding.code.as_deref())
}

/// The provider's own id: the one under our address, else the first that is no booking reference, else
/// the resource's, else the booking reference.
fn referral_id<'w>(request: &'w ServiceRequestWire<'_>) -> Option<&'w str> {
    let value = |wanted: &dyn Fn(&IdentifierWire<'_>) -> bool| {
        request.identifier.iter().filter(|it| it.value.is_some()).find(|it| wanted(it)).and_then(|it| it.value.as_deref())
    };
    value(&|it| is(it, terms::REFERRAL_ID))
        .or_else(|| value(&|it| !is(it, terms::UBRN)))
        .or(request.id.as_deref())
        .or_else(|| value(&|_| true))
}

fn is_no_patient(subject: &ReferenceWire<'_>) -> bool {
    let kind = subject.kind.as_deref().or_else(|| subject.reference.as_deref().and_then(|reference| reference.rsplit('/').nth(1)));
    matches!(kind, Some("Group" | "Location" | "Device"))
}

fn is(identifier: &IdentifierWire<'_>, system: &str) -> bool {
    identifier.system.as_deref() == Some(system)
}

fn is_record_number(identifier: &IdentifierWire<'_>) -> bool {
    identifier.kind.as_ref().is_some_and(|kind| codes_of(kind, terms::IDENTIFIER_TYPES).any(|code| code == "MR"))
}

fn identifier_key(identifier: &IdentifierWire<'_>) -> Option<Key> {
    let value: String = identifier.value.as_deref()?.chars().filter(|character| !character.is_whitespace()).collect();
    Some(format!("{}|{value}", identifier.system.as_deref()?))
}

fn organisation<'w>(reference: &'w ReferenceWire<'_>) -> Option<&'w str> {
    reference.identifier.as_ref().filter(|it| is(it, terms::ODS)).and_then(|it| it.value.as_deref())
}

fn concept<'w>(extensions: &'w [ExtensionWire<'w>], url: &str) -> Option<&'w ConceptWire<'w>> {
    extensions.iter().find(|extension| &*extension.url == url)?.value_codeable_concept.as_ref()
}

fn coded<'w>(extensions: &'w [ExtensionWire<'w>], url: &str, system: &'static str) -> Option<&'w str> {
    concept(extensions, url).and_then(|concept| codes_of(concept, system).next())
}

/// The national code for a FHIR code. One that is not in the table stays as it is, and gives a warning.
fn translated<'w>(table: &[(&str, &'static str)], code: &'w str) -> &'w str {
    table.iter().find(|(theirs, _)| *theirs == code).map_or(code, |(_, ours)| ours)
}
