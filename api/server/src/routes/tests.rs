use std::collections::BTreeSet;

use domain::operations::Access;
use domain::operations::Operation;
use serde_json::Value;

use actix_web::http::Method;

use super::*;
use crate::documentation::Documentation;

/// The operations that take a certificate and no token. Any other operation takes both.
const PUBLIC: [&str; 7] = [
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/fhir/R4/metadata",
    "/oauth2/token",
    "/v1/docs",
    "/v1/docs/formats",
    "/v1/openapi.json",
];

fn operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, item): (&String, &Value)| {
        item.as_object().unwrap().values().map(|operation| (path.clone(), operation.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

#[test]
fn the_document_is_openapi_3_1_and_every_operation_is_described() {
    let document = serde_json::to_value(document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let operations = operations(&document);
    assert!(operations.len() >= PUBLIC.len());
    let mut ids = BTreeSet::new();
    for (path, operation) in &operations {
        assert!(operation["summary"].is_string() && operation["description"].is_string(), "{path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{path}: the id stands twice");
        for status in ["401", "429", "500", "503", "default"] {
            assert!(operation["responses"][status].is_object(), "{path}: {status}");
        }
        let takes_a_token = operation["security"].as_array().is_none_or(|needs| needs.iter().all(|need| need.get("oauth2").is_some()));
        let takes_a_certificate =
            operation["security"].as_array().is_some_and(|needs| needs.iter().all(|need| need.get("mutual_tls").is_some()));
        assert!(takes_a_certificate, "{path} does not declare its security");
        assert_eq!(takes_a_token, !PUBLIC.contains(&path.as_str()), "{path}");
    }
}

#[test]
fn every_reference_of_the_document_resolves() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = serde_json::to_value(document()).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn the_page_lists_every_operation_and_every_problem_and_loads_nothing() {
    let documentation = Documentation::new(&document()).unwrap();
    for (_, operation) in operations(&serde_json::from_str(&documentation.json).unwrap()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(documentation.page.contains(&format!("<section id=\"{id}\">")));
    }
    for kind in crate::problems::Kind::ALL {
        assert!(documentation.page.contains(&format!("/problems/{}<", kind.code())));
    }
    for loading in ["<script", "src=", "http:", "https:", "@import", "url("] {
        assert!(!documentation.page.contains(loading), "{loading}");
    }
}

#[test]
fn the_methods_of_a_path_come_from_the_table() {
    let documentation = Documentation::new(&document()).unwrap();
    assert_eq!(documentation.methods("/oauth2/token"), [Method::POST]);
    assert_eq!(documentation.methods("/v1/docs"), [Method::GET, Method::HEAD]);
    assert!(documentation.methods("/v1/docs/").is_empty());
    assert!(documentation.methods("/").is_empty());
}

#[test]
fn every_operation_of_the_document_has_its_line_in_the_table_and_every_line_an_operation() {
    let document = serde_json::to_value(super::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let documented: BTreeSet<Operation> = paths
        .flat_map(|path| path.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .map(|id| id.parse().unwrap_or_else(|_| panic!("{id}: a line in api/domain/src/operations.rs")))
        .collect();
    let listed = Operation::ALL.iter().copied().filter(|operation| operation.access() != Access::Inside);
    assert_eq!(listed.collect::<BTreeSet<_>>(), documented);
}
