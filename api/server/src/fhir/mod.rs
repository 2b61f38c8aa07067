//! FHIR R4 at `/fhir/R4`: another form of what the partner API gives. Who may see what is decided where it is for that
//! API. This code only reads requests and writes answers.

pub(crate) mod bodies;
pub(crate) mod bundles;
pub(crate) mod outcomes;

use std::future::{Ready, ready};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{ACCEPT, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::OrganisationCode;
use exchange::fhir::Node;
use trust::ChildIds;

use crate::negotiation::choose;
use crate::problems::Problem;

/// The path of everything FHIR.
pub(crate) const BASE: &str = "/fhir/R4";
pub(crate) const JSON: &str = "application/fhir+json";
pub(crate) const XML: &str = "application/fhir+xml";
/// The system of the id that the asking organisation has for a child.
pub(crate) const CHILD: &str = "https://sendbridge.example/fhir/Id/child";
pub(crate) const ODS: &str = "https://fhir.nhs.uk/Id/ods-organization-code";
pub(crate) const NHS_NUMBER: &str = "https://fhir.nhs.uk/Id/nhs-number";
/// The start of the URL of each of our extensions.
pub(crate) const EXTENSION: &str = "https://sendbridge.example/fhir/StructureDefinition/";

/// Whether a path belongs to FHIR, whose errors are OperationOutcomes.
pub(crate) fn is_path(path: &str) -> bool {
    path == BASE || path.strip_prefix(BASE).is_some_and(|rest| rest.starts_with('/'))
}

/// Removes the slash after the base, where published clients send their bundles.
pub(crate) fn trim_base(request: &mut ServiceRequest) {
    if request.method() != Method::POST || request.path().strip_suffix('/') != Some(BASE) {
        return;
    }
    let mut parts = request.uri().clone().into_parts();
    let path = request.uri().query().map_or_else(|| BASE.to_owned(), |query| format!("{BASE}?{query}"));
    parts.path_and_query = path.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// The form that a request asks for. `_format` overrides `Accept`.
#[derive(Debug)]
pub(crate) struct Representation(Result<Form, Problem>);

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Xml,
}

const OFFERS: [(&str, Form); 5] =
    [(JSON, Form::Json), (XML, Form::Xml), ("application/json", Form::Json), ("application/xml", Form::Xml), ("text/xml", Form::Xml)];

impl Form {
    pub(crate) fn answer(self, status: StatusCode, resource: &Node) -> HttpResponse {
        HttpResponse::build(status).content_type(self.media_type()).body(self.written(resource))
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Xml => XML,
        }
    }

    fn written(self, resource: &Node) -> Vec<u8> {
        match self {
            Self::Json => serde_json::to_vec(resource).unwrap_or_default(),
            Self::Xml => resource.to_xml().into_bytes(),
        }
    }

    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let asked = form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == "_format");
        asked.map_or_else(|| choose(request.headers().get(ACCEPT), &OFFERS), |(_, name)| Self::named(&name))
    }

    /// The form that a `_format` names.
    fn named(name: &str) -> Result<Self, Problem> {
        // In a query an unescaped plus is read as a space.
        match name.replace(' ', "+").as_str() {
            "json" => Ok(Self::Json),
            "xml" => Ok(Self::Xml),
            media => choose(Some(&HeaderValue::from_str(media).unwrap_or(HeaderValue::from_static("-"))), &OFFERS),
        }
    }
}

impl Representation {
    /// The form, if it exists. Call this only once the caller is known to be allowed to ask.
    pub(crate) fn accepted(self) -> Result<Form, Problem> {
        self.0
    }

    /// The same, if the body of a search may name the form too.
    pub(crate) fn accepted_or(self, named: Option<&str>) -> Result<Form, Problem> {
        named.map_or(self.0, Form::named)
    }
}

impl FromRequest for Representation {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(Form::of(request))))
    }
}

/// An organisation's id for the referral at a place. FHIR ids have no underscore.
pub(crate) fn referral_id(ids: &ChildIds, organisation: OrganisationCode, place: i64) -> Option<String> {
    let cursor = URL_SAFE_NO_PAD.decode(ids.cursor(organisation, place)?).ok()?;
    Some(cursor.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The place that an organisation's id of a referral names; `None` for any other text.
pub(crate) fn place_of(ids: &ChildIds, organisation: OrganisationCode, id: &str) -> Option<i64> {
    let digits = id.as_bytes().chunks(2).map(|pair| match pair {
        [_, _] => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
        _ => None,
    });
    let bytes: Vec<u8> = digits.collect::<Option<_>>()?;
    ids.row(organisation, &URL_SAFE_NO_PAD.encode(bytes))
}
