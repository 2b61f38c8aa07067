//! The formats. Each has one folder, with the same file names as the others, and one line in [`REGISTRY`].

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

use domain::Dataset;

use crate::contract::Format;
pub use csds::write_csds;
pub use csv::{write_csv, write_csv_template};
pub use fhir::{write_fhir_json, write_fhir_xml};
pub use fhir_ndjson::write_fhir_ndjson;
pub use hl7v2::write_hl7v2;
pub use mhsds::write_mhsds;
pub use ndjson::write_ndjson;
pub use sen2_xml::write_sen2_xml;
pub use xlsx::{write_xlsx, write_xlsx_template};

/// Every format there is.
pub static REGISTRY: &[Format] = &[
    Format::Records(&csv::Csv),
    Format::Records(&xlsx::Xlsx),
    Format::Records(&ndjson::Ndjson),
    Format::Records(&csds::Csds),
    Format::Records(&mhsds::Mhsds),
    Format::Records(&fhir::Fhir),
    Format::Records(&fhir_ndjson::FhirNdjson),
    Format::Records(&hl7v2::Hl7V2),
    Format::Published(&dm01::Dm01),
    Format::Published(&chs_sitrep::ChsSitrep),
    Format::Records(&sen2_xml::Sen2Xml),
];

/// The format with this name, where the dataset can be sent in it.
pub fn find(dataset: Dataset, format: &str) -> Option<Format> {
    REGISTRY.iter().copied().find(|known| known.dataset() == dataset && known.format() == format)
}
