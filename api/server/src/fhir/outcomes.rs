//! Problems as OperationOutcomes, with the codes of the NHS's own interfaces. In XML if the request asks for that, else
//! in JSON.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse};
use exchange::fhir::Node;
use uuid::Uuid;

use super::Form;
use crate::problems::{Kind, Problem};

const NHS: &str = "https://fhir.nhs.uk/Codesystem/http-error-codes";
/// The system of the problem codes that the contract lists.
const OWN: &str = "https://sendbridge.example/fhir/CodeSystem/problem";

/// The FHIR issue type and the NHS code for a kind of problem.
fn codes(kind: Kind) -> (&'static str, &'static str) {
    match kind.status().as_u16() {
        401 => ("login", "REC_UNAUTHORIZED"),
        403 => ("forbidden", "REC_FORBIDDEN"),
        404 => ("not-found", "REC_NOT_FOUND"),
        405 => ("not-supported", "REC_METHOD_NOT_ALLOWED"),
        406 => ("not-supported", "REC_NOT_ACCEPTABLE"),
        408 => ("timeout", "REC_TIMEOUT"),
        409 => ("conflict", "REC_CONFLICT"),
        410 => ("deleted", "REC_GONE"),
        413 => ("too-long", "REC_PAYLOAD_TOO_LARGE"),
        415 => ("not-supported", "REC_UNSUPPORTED_MEDIA_TYPE"),
        422 => ("processing", "REC_UNPROCESSABLE_ENTITY"),
        429 => ("throttled", "REC_TOO_MANY_REQUESTS"),
        503 => ("transient", "REC_UNAVAILABLE"),
        500.. => ("exception", "REC_SERVER_ERROR"),
        _ => ("invalid", "REC_BAD_REQUEST"),
    }
}

/// The outcome of a problem: an issue for each fault, and one for its detail, or for itself.
pub(crate) fn outcome(problem: &Problem, request_id: Option<Uuid>) -> Node {
    let kind = problem.kind();
    let (issue_type, nhs) = codes(kind);
    let severity = if kind.status().is_server_error() { "fatal" } else { "error" };
    let issue = |own: Cow<'static, str>, text: String, place: Option<String>| {
        let codings = [Node::coding(NHS, nhs), Node::coding(OWN, kind.code())]
            .into_iter()
            .chain((own != kind.code()).then(|| Node::coding(OWN, own)));
        Node::object([
            ("severity", Some(Node::text(severity))),
            ("code", Some(Node::text(issue_type))),
            ("details", Some(Node::object([("coding", Node::list(codings))]))),
            ("diagnostics", Some(Node::text(text))),
            ("expression", place.and_then(|place| Node::list([Node::text(place)]))),
        ])
    };
    let said = problem.said().unwrap_or(kind.title());
    let faults = problem.faults().iter().map(|fault| {
        let fix = fault.fix.as_deref().map(|fix| format!(" {fix}")).unwrap_or_default();
        let entry = fault.row.filter(|row| *row > 0).map(|row| format!("Bundle.entry[{}]", row - 1));
        let place = match (entry, &fault.field) {
            (Some(entry), Some(field)) => Some(format!("{entry}.resource.{field}")),
            (entry, field) => entry.or_else(|| field.clone()),
        };
        issue(fault.code.clone(), format!("{}{fix}", fault.message), place)
    });
    let mut issues: Vec<_> = faults.collect();
    if issues.is_empty() || problem.said().is_some() {
        issues.insert(0, issue(kind.code().into(), said.to_owned(), None));
    }
    Node::resource("OperationOutcome", [("id", request_id.map(|id| Node::text(id.to_string()))), ("issue", Node::list(issues))])
}

/// An outcome that says what went well.
pub(crate) fn information(text: &'static str) -> Node {
    let issue = [
        ("severity", Some(Node::text("information"))),
        ("code", Some(Node::text("informational"))),
        ("diagnostics", Some(Node::text(text))),
    ];
    Node::resource("OperationOutcome", [("issue", Node::list([Node::object(issue)]))])
}

/// The answer to a failed request.
pub(crate) fn render(problem: &Problem, request: &HttpRequest, request_id: Option<Uuid>) -> HttpResponse {
    let form = Form::of(request).unwrap_or(Form::Json);
    problem.answer(form.media_type(), form.written(&outcome(problem, request_id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::faults::Fault;

    #[test]
    fn a_problem_says_the_same_as_an_outcome() {
        for kind in Kind::ALL {
            let body = serde_json::to_value(outcome(&Problem::new(*kind), None)).unwrap();
            assert_eq!(body["issue"][0]["details"]["coding"][1]["code"], kind.code());
            assert!(body["issue"][0]["details"]["coding"][0]["code"].as_str().unwrap().starts_with("REC_"));
        }
        let mut fault = Fault::new("check", "It is wrong.").field("identifier");
        fault.row = Some(3);
        let body = serde_json::to_value(outcome(&Problem::new(Kind::InvalidValue).fault(fault), Some(Uuid::nil()))).unwrap();
        assert_eq!(body["issue"][0]["expression"][0], "Bundle.entry[2].resource.identifier");
        assert_eq!(body["id"], Uuid::nil().to_string());
    }
}
