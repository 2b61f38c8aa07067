//! The operations of the committed contract, each with a request that is right in every way.

use std::collections::BTreeSet;

use integration_tests::records::{BORN, advice_request, child, crosswalk, list, number, permission, row, upn};
use integration_tests::{ACTOR, Answer, Call, GUARDIAN, Persona, today};
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) const CONTRACT: &str = include_str!("../../../openapi/sendbridge.v1.json");

/// The operations that need a certificate and no token. All others need both.
pub(crate) const PUBLIC: [&str; 7] =
    ["issue_token", "describe_authorization_server", "list_keys", "get_document", "get_formats_page", "get_page", "fhir_capabilities"];

/// The operations that do not name the person behind the call, because they are not about one child.
pub(crate) const IMPERSONAL: [&str; 26] = [
    "cancel_submission",
    "get_checkpoint",
    "get_format",
    "get_issue_catalogue",
    "get_proof",
    "get_release",
    "get_sample",
    "get_submission",
    "get_table",
    "list_advice_requests",
    "list_agreements",
    "list_audit_events",
    "list_cases",
    "list_entries",
    "list_formats",
    "list_issues",
    "list_matches",
    "list_opt_outs",
    "list_releases",
    "list_submissions",
    "load_opt_outs",
    "put_identifiers",
    "reconcile",
    "submit_ehcp",
    "submit_waiting_list",
    "issue_token",
];

/// An operation, and a request that is right in every way.
#[derive(Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) template: String,
    pub(crate) path: String,
    /// A client that may call the operation. One of the scopes is enough; if there are none, any token is.
    pub(crate) client: &'static str,
    pub(crate) scopes: Vec<String>,
    pub(crate) takes_query: bool,
    pub(crate) actor: Option<String>,
    pub(crate) media: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Operation {
    pub(crate) fn read(template: &str, method: &str, described: &Value) -> Self {
        let id = described["operationId"].as_str().unwrap().to_owned();
        let parameters: Vec<_> = described["parameters"].as_array().into_iter().flatten().collect();
        let place = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
        let names_actor = parameters.iter().any(|parameter| parameter["name"] == "Sendbridge-Actor" && parameter["required"] == true);
        let is_public = PUBLIC.contains(&id.as_str());
        assert_ne!(names_actor, IMPERSONAL.contains(&id.as_str()) || is_public, "{id}: does it name the person behind the call?");
        let security = described["security"].as_array().unwrap();
        assert!(security.iter().all(|need| need["mutual_tls"].is_array()), "{id}: every operation takes a certificate");
        let takes_token = security.iter().all(|need| need["oauth2"].is_array());
        assert_ne!(takes_token, is_public, "{id}: neither public nor behind a token");
        let scopes: Vec<_> = security.iter().flat_map(|need| need["oauth2"].as_array().into_iter().flatten()).collect();
        let media = described["requestBody"]["content"].as_object().map(|content| content.keys().next().unwrap().clone());
        let scopes: Vec<_> = scopes.into_iter().map(|scope| scope.as_str().unwrap().to_owned()).collect();
        Self {
            method: method.to_uppercase().parse().unwrap(),
            template: template.to_owned(),
            path: template
                .replace("{id}", "0197f000-0000-7000-8000-000000000000")
                .replace("{child_id}", "nobody")
                .replace("{table}", "waits")
                .replace("{format}", "csv")
                .replace("{name}", "every-column.csv")
                + match id.as_str() {
                    "list_consents" => "?child_id=nobody",
                    "fhir_search_consents" => "?patient=nobody",
                    "load_opt_outs" | "put_identifiers" => "?as_of=2026-11-01",
                    "get_proof" => "?from=0",
                    _ => "",
                },
            client: holder(scopes.first().map(String::as_str)),
            takes_query: place("query"),
            actor: names_actor.then(|| if id == "make_override" { GUARDIAN } else { ACTOR }.to_owned()),
            body: if media.is_some() { body(&id) } else { Vec::new() },
            scopes,
            media,
            id,
        }
    }

    pub(crate) fn all() -> Vec<Self> {
        let document: Value = serde_json::from_str(CONTRACT).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let each = |(path, item): (&String, &Value)| -> Vec<Self> {
            item.as_object().unwrap().iter().map(|(method, described)| Self::read(path, method, described)).collect()
        };
        let all: Vec<_> = paths.iter().flat_map(each).collect();
        let ids: BTreeSet<_> = all.iter().map(|operation| operation.id.as_str()).collect();
        assert!(PUBLIC.iter().chain(&IMPERSONAL).all(|id| ids.contains(id)), "a list names an operation that is not there");
        all
    }

    pub(crate) fn behind_a_token() -> Vec<Self> {
        Self::all().into_iter().filter(|operation| !PUBLIC.contains(&operation.id.as_str())).collect()
    }

    pub(crate) fn with_json() -> Vec<Self> {
        Self::all().into_iter().filter(|operation| operation.media.as_deref() == Some("application/json")).collect()
    }

    pub(crate) fn call(&self, persona: &Persona) -> Call {
        let mut call = persona.call(self.method.clone(), &self.path);
        if let Some(actor) = &self.actor {
            call = call.actor(actor);
        }
        if let Some(media) = &self.media {
            call = call.header("content-type", media).body(self.body.clone());
        }
        call
    }

    pub(crate) async fn send(&self, persona: &Persona) -> Answer {
        self.call(persona).send().await
    }

    pub(crate) fn with_body(&self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }
}

/// A client of the demonstration that holds a scope.
pub(crate) fn holder(scope: Option<&str>) -> &'static str {
    match scope {
        None => "stranger",
        Some("waiting-list:write" | "advice:respond") => "provider-hct",
        Some("dashboard:read") => "dashboard-herts",
        Some("audit:read") => "auditor-herts",
        Some("restriction:write" | "override:write" | "rights:write" | "opt-out:write") => "guardian-hct",
        Some(_) => "council-herts",
    }
}

/// A right body for each operation that takes one. A new operation with a body needs a line here.
pub(crate) fn body(id: &str) -> Vec<u8> {
    let json = match id {
        "issue_token" => return b"grant_type=client_credentials&client_id=stranger".into(),
        "submit_waiting_list" => return list([row("A-1", &number(0), "01", "autism")]).into(),
        "submit_ehcp" => return include_bytes!("../../../adapters/src/formats/sen2_xml/samples/every-element.xml").into(),
        "fhir_find_service_requests" => {
            return format!("patient.identifier=https://fhir.nhs.uk/Id/nhs-number%7C{}&patient.birthdate={BORN}", number(0)).into();
        }
        "fhir_find_tasks" => return b"status=requested".into(),
        "fhir_find_consents" => return b"patient=nobody".into(),
        "fhir_transact" => crate::fhir::transaction(&[crate::fhir::referral("FHIR-1", &number(0), "autism")]),
        "fhir_record_consent" => crate::fhir::consent(&number(0)),
        "search_child" => child(&number(0)),
        "record_consent" => permission(&number(0), &["autism"]),
        "load_opt_outs" => return format!("nhs_number\n{}\n", number(0)).into(),
        "put_identifiers" => return crosswalk([(upn("919200116009"), number(0))]).into(),
        "decide_match" => json!({ "decision": "join", "reason": "the family gave both numbers" }),
        "lift_restriction" => json!({ "reason": "the danger is past" }),
        "make_override" => json!({
            "data": "waiting-list-status", "ends": today(), "pathways": ["autism"], "purpose": "care-coordination",
            "reason": "a child at risk", "recipient": "E10000015",
        }),
        "restrict_child" => json!({ "kind": "address-hidden", "reason": "told by the family" }),
        "review_objection" => json!({ "outcome": "flow-continues", "reason": "the duty outweighs it" }),
        "withdraw_consent" => json!({ "reason": "changed her mind" }),
        "create_advice_request" => advice_request(&number(0), "RY4"),
        "submit_advice" => json!({ "needs": "n", "provision": "p", "outcomes": "o", "author_role": "therapist" }),
        "erase" => json!({ "reason": "asked for", "decided_by": "data-protection-officer" }),
        "rectify" => json!({ "to": child(&number(1)), "referrals": ["A-1"], "reason": "mistyped", "decided_by": "records-manager" }),
        "open_dispute" | "set_hold" | "lift_erasure" | "settle_dispute" | "release_hold" => json!({ "reason": "a court asked" }),
        _ => panic!("{id} takes a body: say here what a right one is"),
    };
    json.to_string().into()
}
