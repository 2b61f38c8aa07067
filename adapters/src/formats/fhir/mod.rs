//! FHIR R4 UK Core bundles, in JSON and XML. `README.md` says what is read, and describes the quirks.

mod joining;
mod json;
mod map;
mod nodes;
mod parts;
pub(crate) mod reading;
mod terms;
#[cfg(test)]
mod tests;
pub(crate) mod wire;
mod write;
mod xml;

use std::io::Read;

use domain::Dataset;

use crate::bytes::sources::Looks;
use crate::contract::{About, Adapter, Context, Field, Rows, Scratch, Starters, Unreadable, bad_samples, samples, starter};
pub use nodes::Node;
use reading::Reading;
pub use terms::{PATHWAY, REFERRAL_ID};
pub(crate) use write::lines;
pub use write::{bundle, reason, status_of, write_fhir_json, write_fhir_xml};

/// Reads a resource in XML into the JSON for the same resource, with two differences: every primitive is text, and
/// a list of one may be that element alone.
pub fn from_xml(mut bytes: &[u8]) -> Result<serde_json::Value, Unreadable> {
    let most = bytes.len();
    match crate::bytes::sources::open(&mut bytes)? {
        (Looks::Xml, source) => xml::resource(source, most + 1),
        (Looks::Text, _) => Err(Unreadable::NotThisFormat("text that is no XML")),
        (Looks::Other(name), _) => Err(Unreadable::NotThisFormat(name)),
    }
}

/// The most bytes of one entry. Real entries with a document in them reach half a million characters.
pub(crate) const ENTRY_BYTES: usize = 1024 * 1024;

pub(crate) struct Fhir;

impl Adapter for Fhir {
    fn about(&self) -> &'static About {
        &About {
            format: "fhir",
            dataset: Dataset::WaitingList,
            title: "FHIR R4 UK Core bundle, JSON or XML",
            media_types: &["application/fhir+json", "application/fhir+xml"],
            fields: FIELDS,
            guide: include_str!("README.md"),
            samples: samples!["every-field.json" = 2, "message.xml" = 2, "transaction.json" = 2],
            bad_samples: bad_samples![
                "empty.json" = "empty",
                "service-request.json" = "not-this-format",
                "history.json" = "not-this-format",
                "no-type.json" = "not-this-format",
                "twice.json" = "malformed",
                "cut-short.json" = "truncated",
                "entities.xml" = "doctype",
                "entry-cut-short.xml" = "truncated",
                "deep.xml" = "too-large",
                "duplicate-member.json" = "resource-shape",
                "delete.json" = "entry-request",
                "conditional.json" = "entry-request",
                "nobody.json" = "subject-unresolved",
                "two-of-one-name.json" = "subject-unresolved",
                "another-child.json" = "subject-unresolved",
                "merged.json" = "subject-retired",
                "modifier.json" = "modifier-unknown",
                "dangling-based-on.json" = "reference-unresolved",
                "half-a-date.json" = "date-format",
                "unknown-status.json" = "value-not-in-list",
                "check-digit.xml" = "nhs-number-check-digit",
                "unknown-extension.json" = "column-unknown",
            ],
        }
    }

    fn parse(&self, source: &mut dyn Read, scratch: &dyn Scratch, context: &Context<'_>, rows: &mut Rows<'_>) -> Result<(), Unreadable> {
        let (looks, source) = crate::bytes::sources::open(source)?;
        let mut reading = Reading::new(context, scratch, rows, false);
        match looks {
            Looks::Xml => xml::read(source, &mut reading)?,
            Looks::Other("JSON") => json::read(source, &mut reading)?,
            Looks::Text => return Err(Unreadable::NotThisFormat("text that is neither JSON nor XML")),
            Looks::Other(name) => return Err(Unreadable::NotThisFormat(name)),
        }
        reading.finish()
    }

    fn starters(&self) -> Starters {
        Starters { template: None, examples: starter!("fhir-examples.json" = 10) }
    }
}

macro_rules! fields {
    ($($name:literal, $required:literal, $meaning:literal;)+) => {
        /// The elements that are read, and our extensions.
        pub(crate) const FIELDS: &[Field] = &[$(Field { name: $name, required: $required, meaning: $meaning }),+];
    };
}

fields! {
    "identifier", true, "ServiceRequest: the provider's referral id, and the UBRN; Patient: the NHS number with its verification status, the provider's own id";
    "status", true, "ServiceRequest: active waits, on-hold is on hold, completed, revoked and entered-in-error are closed; draft is none";
    "intent", true, "ServiceRequest: a proposal, an option or a directive is no referral";
    "subject", true, "ServiceRequest: the Patient by reference, contained or by NHS number";
    "authoredOn", true, "ServiceRequest: the day the referral was received, in Europe/London";
    "code", false, "ServiceRequest: what is asked for; with reasonCode and category it says the pathway";
    "reasonCode", false, "ServiceRequest: SNOMED CT, or the pathway itself under https://sendbridge.example/fhir/CodeSystem/pathway";
    "category", false, "ServiceRequest";
    "priority", false, "ServiceRequest: routine, urgent, asap, stat";
    "basedOn", false, "ServiceRequest: the referral that it continues (replaces is read too), its provider as the identifier's assigner";
    "requester", false, "ServiceRequest: who referred, by ODS code as identifier";
    "Extension-UKCore-SourceOfServiceRequest", false, "ServiceRequest";
    "birthDate", true, "Patient: CCYY-MM-DD";
    "gender", false, "Patient";
    "Extension-UKCore-EthnicCategory", false, "Patient";
    "Extension-UKCore-NHSNumberVerificationStatus", false, "Patient: on the NHS number";
    "generalPractitioner", false, "Patient: the practice, by ODS code as identifier";
    "deceasedDateTime", false, "Patient";
    "Encounter", false, "with period and basedOn: first and last contact";
    "Appointment", false, "with start and basedOn: booked, attended and missed";
    "StructureDefinition/status", false, "extension of ours on ServiceRequest or Patient, as is every column of the native format with - for _: seen or rejected here";
    "StructureDefinition/stage", false, "extension: referral, triage, first-appointment, assessment or treatment";
    "StructureDefinition/district", false, "extension: the district of residence; no address is read";
    "StructureDefinition/hold-from", false, "extension: CCYY-MM-DD";
}
