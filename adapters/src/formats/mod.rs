//! The formats: one folder each, with the same file names in it, and one line in [`REGISTRY`].

mod chs_sitrep;
mod csds;
mod csv;
mod dm01;
pub mod fhir;
mod fhir_ndjson;
mod hl7v2;
mod mhsds;
mod ndjson;
mod sen2_xml;
mod xlsx;

use domain::submissions::Dataset;

use crate::contract::Adapter;

/// Every format there is.
pub static REGISTRY: &[&dyn Adapter] = &[
    &csv::Csv,
    &xlsx::Xlsx,
    &ndjson::Ndjson,
    &csds::Csds,
    &mhsds::Mhsds,
    &fhir::Fhir,
    &fhir_ndjson::FhirNdjson,
    &hl7v2::Hl7V2,
    &dm01::Dm01,
    &chs_sitrep::ChsSitrep,
    &sen2_xml::Sen2Xml,
];

/// The adapter of a format, where the dataset comes in it.
pub fn find(dataset: Dataset, format: &str) -> Option<&'static dyn Adapter> {
    REGISTRY.iter().copied().find(|adapter| adapter.dataset() == dataset && adapter.format() == format)
}
