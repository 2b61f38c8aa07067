//! The contract as a page that loads nothing from the network.

use serde_json::Value;

use crate::html::{Html, write_html};

/// A type of problem (RFC 9457), as the page lists it.
#[derive(Debug, Clone, Copy)]
pub struct ProblemType {
    /// The last part of the problem's `type`.
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
}

const HEAD: &str = "<!doctype html><html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
content=\"width=device-width, initial-scale=1\"><title>{}</title><style>\
body{font:1rem/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}\
code,pre{font-family:ui-monospace,monospace;font-size:.9rem}pre{background:#f3f4f6;padding:.75rem;overflow:auto}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc}\
summary{cursor:pointer}section{border-top:2px solid #111;margin-top:2rem}</style></head><body><main>";

/// The start of every page of documentation.
pub(crate) fn begin(title: &str) -> Html {
    let mut page = Html::default();
    page.fill(HEAD, &[&title]);
    page
}

/// The page of an OpenAPI document, with the types of problem that answers can name.
pub fn contract_page(document: &Value, problems: impl IntoIterator<Item = ProblemType>) -> String {
    let mut page = begin("Sendbridge partner API");
    write_html!(page, "<h1>{}</h1><p>{}</p>", text(&document["info"]["title"]), text(&document["info"]["description"]));
    write_html!(
        page,
        "<p>The same in OpenAPI: <a href=\"/v1/openapi.json\">openapi.json</a>; what may be sent: <a href=\"/v1/docs/formats\">formats</a></p>"
    );
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item).filter(|(_, operation)| operation.is_object()) {
            write_operation(&mut page, path, method, operation);
        }
    }
    write_html!(page, "<section><h2>Schemas</h2>");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let json = serde_json::to_string_pretty(schema).unwrap_or_default();
        write_html!(page, "<details id=\"schema-{}\"><summary><code>{}</code></summary><pre>{}</pre></details>", name, name, json);
    }
    write_html!(page, "</section><section><h2>Problems</h2><table><tr><th>Type<th>Status<th>Title</tr>");
    for ProblemType { code, status, title } in problems {
        write_html!(page, "<tr id=\"{}\"><td><code>/problems/{}</code><td>{}<td>{}</tr>", code, code, status, title);
    }
    write_html!(page, "</table></section></main></body></html>");
    page.finish()
}

fn write_operation(page: &mut Html, path: &str, method: &str, operation: &Value) {
    write_html!(page, "<section id=\"{}\"><h2><code>{} {}</code></h2>", text(&operation["operationId"]), method.to_uppercase(), path);
    write_html!(page, "<p><strong>{}</strong></p><p>{}</p>", text(&operation["summary"]), text(&operation["description"]));
    let scopes: Vec<_> = items(&operation["security"]).flat_map(|need| items(&need["oauth2"])).map(text).collect();
    if scopes.is_empty() {
        write_html!(page, "<p>Takes a certificate; no scope.</p>");
    } else {
        write_html!(page, "<p>Scope: ");
        page.codes(scopes, " or ");
        write_html!(page, "</p>");
    }
    if items(&operation["parameters"]).next().is_some() {
        write_html!(page, "<table><tr><th>Parameter<th>In<th>Meaning</tr>");
        for parameter in items(&operation["parameters"]) {
            let needed = if parameter["required"] == true { ", required" } else { "" };
            let (name, place, meaning) = (text(&parameter["name"]), text(&parameter["in"]), text(&parameter["description"]));
            write_html!(page, "<tr><td><code>{}</code><td>{}{}<td>{}</tr>", name, place, needed, meaning);
        }
        write_html!(page, "</table>");
    }
    for (media, content) in entries(&operation["requestBody"]["content"]) {
        write_html!(page, "<p>Body: ");
        write_body(page, media, content);
        write_html!(page, "</p>");
    }
    write_html!(page, "<table><tr><th>Answer<th>Meaning<th>Body</tr>");
    for (status, answer) in entries(&operation["responses"]) {
        write_html!(page, "<tr><td>{}<td>{}<td>", status, text(&answer["description"]));
        for (at, (media, content)) in entries(&answer["content"]).enumerate() {
            if at > 0 {
                write_html!(page, "<br>");
            }
            write_body(page, media, content);
        }
        write_html!(page, "</tr>");
    }
    write_html!(page, "</table></section>");
}

/// A media type, and the schema of its body if that has a name.
fn write_body(page: &mut Html, media: &str, content: &Value) {
    write_html!(page, "<code>{}</code> ", media);
    let reference = content["schema"]["$ref"].as_str().or_else(|| content["schema"]["items"]["$ref"].as_str());
    if let Some(name) = reference.and_then(|reference| reference.rsplit('/').next()) {
        write_html!(page, "<a href=\"#schema-{}\">{}</a>", name, name);
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
