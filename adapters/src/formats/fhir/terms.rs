//! The addresses and codes of FHIR R4 UK Core (reference, section 7) that are read and written, and our own.

use crate::columns::Column;

pub(crate) const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
pub(crate) const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
pub(crate) const UBRN: &str = "https://fhir.nhs.uk/Id/UBRN";
pub(crate) const VERIFICATION: &str = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus";
pub(crate) const VERIFICATION_CODES: &str = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland";
pub(crate) const ETHNIC: &str = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory";
pub(crate) const ETHNIC_CODES: &str = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland";
pub(crate) const SOURCE: &str = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-SourceOfServiceRequest";
pub(crate) const SNOMED: &str = "http://snomed.info/sct";
pub(crate) const IDENTIFIER_TYPES: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";

/// Our extensions, for columns that FHIR has no element for: the column's name, with `-` for `_`.
pub(crate) const EXTENSION: &str = "https://sendbridge.example/fhir/StructureDefinition/";
/// Pathways, by their native names.
pub const PATHWAY: &str = "https://sendbridge.example/fhir/CodeSystem/pathway";
/// The NHS Data Dictionary's sources of referral, which have no published address.
pub(crate) const SOURCE_CODES: &str = "https://sendbridge.example/fhir/CodeSystem/source-of-referral";
/// A provider's referral id.
pub const REFERRAL_ID: &str = "https://sendbridge.example/fhir/Id/referral";
/// A provider's patient id.
pub(crate) const LOCAL_PATIENT: &str = "https://sendbridge.example/fhir/Id/local-patient";

/// `Patient.gender`, and the person stated gender code for it.
pub(crate) const GENDERS: &[(&str, &str)] = &[("male", "1"), ("female", "2"), ("other", "9"), ("unknown", "X")];

/// `ServiceRequest.priority`, and the priority type for it. Where several mean one type, the first is written.
pub(crate) const PRIORITIES: &[(&str, &str)] = &[("routine", "1"), ("urgent", "2"), ("asap", "2"), ("stat", "2")];

/// Sources of referral in SNOMED CT, as in the UK Core examples, and the national code for each.
pub(crate) const SOURCES: &[(&str, &str)] = &[("108161000000109", "01")];

/// What FHIR calls a column, so that issues can name it.
pub(crate) fn element(column: Column) -> Option<&'static str> {
    Some(match column {
        Column::ReferralId | Column::NhsNumber | Column::LocalPatientId | Column::Ubrn => "identifier",
        Column::DateOfBirth => "birthDate",
        Column::Pathway => "code",
        Column::ReferralReceivedDate => "authoredOn",
        Column::Sex => "gender",
        Column::GpPractice => "generalPractitioner",
        Column::PreviousReferralId | Column::PreviousProvider => "basedOn",
        Column::ReferredBy => "requester",
        Column::DateOfDeath => "deceasedDateTime",
        Column::NhsNumberStatus => "Extension-UKCore-NHSNumberVerificationStatus",
        Column::EthnicCategory => "Extension-UKCore-EthnicCategory",
        Column::SourceOfReferral => "Extension-UKCore-SourceOfServiceRequest",
        Column::FirstContactDate | Column::LastContactDate => "Encounter",
        Column::NextAppointmentDate | Column::NotBroughtCount => "Appointment",
        // An extension of ours.
        other => other.name(),
    })
}

/// The column that an extension of ours states. `Err` where the address is ours but names no column.
pub(crate) fn column(url: &str) -> Option<Result<Column, ()>> {
    let name = url.strip_prefix(EXTENSION)?;
    let is = |column: &&Column| column.name().bytes().map(|byte| if byte == b'_' { b'-' } else { byte }).eq(name.bytes());
    Some(Column::ALL.iter().find(is).copied().ok_or(()))
}
