//! `GET /fhir/R4/metadata`: what the interface can do.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use exchange::fhir::Node;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::bodies::Query;
use crate::callers::ListedPeer;
use crate::fhir::{BASE, Representation};
use crate::problems::Problem;
use crate::state::State;

/// Nothing but the form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FormQuery {
    /// `json` or `xml`; holds over `Accept`.
    #[serde(rename = "_format")]
    #[expect(dead_code, reason = "read with the header that it holds over")]
    format: Option<String>,
}

/// A search parameter: its name, its type and what it means.
type Parameter = (&'static str, &'static str, &'static str);

const ACTOR: &str = "Every operation but this takes the header Sendbridge-Actor, which names the person behind the call.";

const RESOURCES: [(&str, &[&str], &[Parameter], &str); 3] = [
    (
        "ServiceRequest",
        &["read", "search-type"],
        &[
            ("patient", "token", "The caller's own id of the child (POST /v1/children/search, or subject.identifier of an answer)."),
            ("patient.identifier", "token", "The child's NHS number: in the body of POST _search only, with patient.birthdate."),
            ("patient.birthdate", "date", "The child's date of birth: in the body of POST _search only."),
            (
                "performer:identifier",
                "token",
                "The provider's ODS code; the caller's own organisation where neither it nor a child is named.",
            ),
            ("status", "token", "active, on-hold, completed or revoked. Pages may hold fewer than _count."),
        ],
        "Referrals on the waiting lists. They come in by a transaction or batch, with their Patient; one of no pathway is refused.",
    ),
    (
        "Task",
        &["read", "search-type"],
        &[
            ("status", "token", "requested, accepted or completed."),
            ("_lastUpdated", "date", "ge and an instant: what changed then or later."),
        ],
        "Requests for health advice in an EHC needs assessment; restriction.period.end is the day it is due.",
    ),
    (
        "Consent",
        &["read", "search-type", "create"],
        &[("patient", "token", "The caller's own id of the child.")],
        "Families' decisions that the caller's organisation recorded.",
    ),
];

fn resource((kind, interactions, parameters, text): (&'static str, &[&'static str], &[Parameter], &'static str)) -> Node {
    let interaction = |code: &&'static str| Node::object([("code", Some(Node::text(*code)))]);
    let parameter = |(name, kind, text): &Parameter| {
        Node::object([("name", Some(Node::text(*name))), ("type", Some(Node::text(*kind))), ("documentation", Some(Node::text(*text)))])
    };
    Node::object([
        ("type", Some(Node::text(kind))),
        ("documentation", Some(Node::text(text))),
        ("interaction", Node::list(interactions.iter().map(interaction))),
        ("versioning", Some(Node::text("no-version"))),
        ("conditionalCreate", Some(Node::Bool(false))),
        ("conditionalUpdate", Some(Node::Bool(false))),
        ("searchParam", Node::list(parameters.iter().map(parameter))),
    ])
}

fn statement(server: &str) -> Node {
    let software = [("name", Some(Node::text("Sendbridge"))), ("version", Some(Node::text(env!("CARGO_PKG_VERSION"))))];
    let implementation = [("description", Some(Node::text("Sendbridge"))), ("url", Some(Node::text(format!("{server}{BASE}"))))];
    let security = "Mutual TLS and an access token bound to the certificate (RFC 8705); who sees what is decided by agreement and consent.";
    let interaction = |code: &'static str| Node::object([("code", Some(Node::text(code)))]);
    let rest = Node::object([
        ("mode", Some(Node::text("server"))),
        ("documentation", Some(Node::text(ACTOR))),
        ("security", Some(Node::object([("description", Some(Node::text(security)))]))),
        ("resource", Node::list(RESOURCES.map(resource))),
        ("interaction", Node::list(["transaction", "batch"].map(interaction))),
    ]);
    Node::resource(
        "CapabilityStatement",
        [
            ("status", Some(Node::text("active"))),
            ("date", Some(Node::text("2026-11-22"))),
            ("kind", Some(Node::text("instance"))),
            ("software", Some(Node::object(software))),
            ("implementation", Some(Node::object(implementation))),
            ("fhirVersion", Some(Node::text("4.0.1"))),
            ("format", Node::list(["application/fhir+json", "application/fhir+xml"].map(Node::text))),
            ("rest", Node::list([rest])),
        ],
    )
}

#[utoipa::path(
    tag = "fhir",
    summary = "What the FHIR interface can do",
    description = "A CapabilityStatement. It needs a listed client's certificate and no token.",
    params(FormQuery),
    responses((status = 200, description = "The statement", content((serde_json::Value = "application/fhir+json"), (String = "application/fhir+xml"))))
)]
#[get("/fhir/R4/metadata")]
pub async fn fhir_capabilities(
    _peer: ListedPeer,
    _query: Query<FormQuery>,
    form: Representation,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    Ok(form.accepted()?.answer(StatusCode::OK, &statement(state.tokens.issuer())))
}
