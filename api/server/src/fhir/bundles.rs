//! Bundles that answer a search or a batch.

use exchange::fhir::Node;

use super::{BASE, outcomes};
use crate::problems::Problem;

/// What was found. `this` and `next` are the paths of the search and of its next page.
pub(crate) fn searchset(server: &str, this: &str, next: Option<String>, found: Vec<(String, Node)>) -> Node {
    let link = |relation: &'static str, url: &str| {
        Node::object([("relation", Some(Node::text(relation))), ("url", Some(Node::text(format!("{server}{url}"))))])
    };
    let links = std::iter::once(link("self", this)).chain(next.map(|next| link("next", &next)));
    let entries = found.into_iter().map(|(path, resource)| {
        Node::object([
            ("fullUrl", Some(Node::text(format!("{server}{BASE}/{path}")))),
            ("resource", Some(resource)),
            ("search", Some(Node::object([("mode", Some(Node::text("match")))]))),
        ])
    });
    Node::resource("Bundle", [("type", Some(Node::text("searchset"))), ("link", Node::list(links)), ("entry", Node::list(entries))])
}

/// What became of one entry.
pub(crate) enum Done {
    /// Created or updated, and where it is now.
    Kept { created: bool, location: String },
    /// Found.
    Read(Node),
    /// An entry that was already answered.
    Answered(Node),
    /// Noted, but not kept by itself.
    Noted(&'static str),
}

/// The answer to one entry.
pub(crate) fn answered(done: Result<Done, Problem>) -> Node {
    let response = |status: &'static str, location: Option<String>, outcome: Option<Node>| {
        let response = [("status", Some(Node::text(status))), ("location", location.map(Node::text)), ("outcome", outcome)];
        ("response", Some(Node::object(response)))
    };
    match done {
        Ok(Done::Kept { created: true, location }) => Node::object([response("201 Created", Some(location), None)]),
        Ok(Done::Kept { created: false, location }) => Node::object([response("200 OK", Some(location), None)]),
        Ok(Done::Answered(entry)) => entry,
        Ok(Done::Read(resource)) => Node::object([("resource", Some(resource)), response("200 OK", None, None)]),
        Ok(Done::Noted(text)) => Node::object([response("200 OK", None, Some(outcomes::information(text)))]),
        Err(problem) => {
            problem.log();
            let status = problem.kind().status();
            let status = format!("{} {}", status.as_str(), status.canonical_reason().unwrap_or_default());
            let outcome = Some(outcomes::outcome(&problem, None));
            Node::object([("response", Some(Node::object([("status", Some(Node::text(status))), ("outcome", outcome)])))])
        }
    }
}

/// The answer to all entries, in their order.
pub(crate) fn answer(kind: &'static str, entries: Vec<Node>) -> Node {
    Node::resource("Bundle", [("type", Some(Node::text(kind))), ("entry", Node::list(entries))])
}
