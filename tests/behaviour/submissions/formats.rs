//! A list is the same list in every format.

use domain::SubmittedRecord;
use integration_tests::{on_both, today};
use reqwest::Method;

use super::*;

type Writer = fn(&[SubmittedRecord], &mut dyn std::io::Write) -> std::io::Result<()>;

const WHOLE: [(&str, &str, Writer); 5] = [
    ("csv", "text/csv", adapters::write_csv),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", adapters::write_xlsx),
    ("ndjson", "application/x-ndjson", adapters::write_ndjson),
    ("fhir", "application/fhir+json", adapters::write_fhir_json),
    ("fhir-ndjson", "application/fhir+ndjson", adapters::write_fhir_ndjson),
];

on_both! {
    async fn what_came_as_a_table_is_unchanged_as_a_workbook_as_json_and_as_fhir(world: World) {
        let trust = trust(&world).await;
        let records = synthetic::onboarding_examples("RY4".parse().unwrap(), today());
        for (format, media_type, write) in WHOLE {
            let mut body = Vec::new();
            write(&records, &mut body).unwrap();
            let path = format!("/v1/waiting-list/submissions?list=examples&format={format}");
            let report = trust.call(Method::POST, &path).header("content-type", media_type).body(body).send().await.expect(201);
            let [received, accepted, rejected, unchanged, ..] = counts(&report);
            assert_eq!((received, accepted, rejected), (10, 10, 0), "{format}: {report}");
            assert_eq!(unchanged, if format == "csv" { 0 } else { 10 }, "{format}: {report}");
        }
        assert_eq!(entries(&trust, "").await.len(), 10);
    }
}
