use std::collections::BTreeSet;

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

/// Operations that leave no entry in the audit log: they show nothing of anybody's record.
const UNRECORDED: [&str; 27] = [
    "cancel_submission",
    "describe_authorization_server",
    "fhir_capabilities",
    "fhir_find_tasks",
    "fhir_search_tasks",
    "fhir_transact",
    "get_checkpoint",
    "get_document",
    "get_format",
    "get_formats_page",
    "get_issue_catalogue",
    "get_page",
    "get_proof",
    "get_sample",
    "get_submission",
    "issue_token",
    "list_advice_requests",
    "list_agreements",
    "list_audit_events",
    "list_formats",
    "list_issues",
    "list_keys",
    "list_opt_outs",
    "list_submissions",
    "search_child",
    "submit_ehcp",
    "submit_waiting_list",
];

/// What an operator's command, the gateway's upkeep or a message within a submission does.
const OPERATORS: [&str; 4] = ["build_release", "run_retention", "replay_tombstones", "merge_children"];

#[test]
fn every_operation_is_in_the_catalogue_of_events_or_listed_as_leaving_none() {
    let document = serde_json::to_value(super::document()).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations: Vec<_> =
        paths.flat_map(|path| path.as_object().unwrap().values()).map(|operation| operation["operationId"].as_str().unwrap()).collect();
    for operation in &operations {
        let is_listed = domain::audit::Event::of(operation).is_some();
        assert_ne!(is_listed, UNRECORDED.contains(operation), "{operation}: a line in domain/src/audit/events.rs, or here");
    }
    for event in domain::audit::Event::ALL {
        assert!(OPERATORS.contains(&event.operation()) || operations.contains(&event.operation()), "{event} is left by nothing");
    }
}
