//! The contract as a page that loads nothing from anywhere.

use std::fmt::Write;

use serde_json::Value;

/// A type of problem (RFC 9457), as the page lists it.
#[derive(Debug, Clone, Copy)]
pub struct ProblemType {
    /// The last part of its `type`.
    pub code: &'static str,
    /// The HTTP status that it comes with.
    pub status: u16,
    pub title: &'static str,
}

const HEAD: &str = "<!doctype html><html lang=\"en-GB\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
content=\"width=device-width, initial-scale=1\"><title>TITLE</title><style>\
body{font:1rem/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}\
code,pre{font-family:ui-monospace,monospace;font-size:.9rem}pre{background:#f3f4f6;padding:.75rem;overflow:auto}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc}\
summary{cursor:pointer}section{border-top:2px solid #111;margin-top:2rem}</style></head><body><main>";

/// How a page of documentation begins.
pub(crate) fn head(title: &str) -> String {
    HEAD.replacen("TITLE", title, 1)
}

/// The page of an OpenAPI document, with the types of problem that answers name.
pub fn contract_page(document: &Value, problems: impl IntoIterator<Item = ProblemType>) -> String {
    let mut page = head("Sendbridge partner API");
    // Writing to a string does not fail.
    let _ = write_page(&mut page, document, problems);
    page
}

fn write_page(page: &mut String, document: &Value, problems: impl IntoIterator<Item = ProblemType>) -> std::fmt::Result {
    write!(page, "<h1>{}</h1><p>{}</p>", text(&document["info"]["title"]), text(&document["info"]["description"]))?;
    write!(
        page,
        "<p>The same in OpenAPI: <a href=\"/v1/openapi.json\">openapi.json</a>; what may be sent: <a href=\"/v1/docs/formats\">formats</a></p>"
    )?;
    for (path, item) in entries(&document["paths"]) {
        for (method, operation) in entries(item).filter(|(_, operation)| operation.is_object()) {
            write_operation(page, path, method, operation)?;
        }
    }
    write!(page, "<section><h2>Schemas</h2>")?;
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let json = serde_json::to_string_pretty(schema).unwrap_or_default();
        let name = escape(name);
        write!(page, "<details id=\"schema-{name}\"><summary><code>{name}</code></summary><pre>{}</pre></details>", escape(&json))?;
    }
    write!(page, "</section><section><h2>Problems</h2><table><tr><th>Type<th>Status<th>Title</tr>")?;
    for ProblemType { code, status, title } in problems {
        write!(page, "<tr id=\"{code}\"><td><code>/problems/{code}</code><td>{status}<td>{}</tr>", escape(title))?;
    }
    write!(page, "</table></section></main></body></html>")
}

fn write_operation(page: &mut String, path: &str, method: &str, operation: &Value) -> std::fmt::Result {
    let id = text(&operation["operationId"]);
    write!(page, "<section id=\"{id}\"><h2><code>{} {}</code></h2>", escape(&method.to_uppercase()), escape(path))?;
    write!(page, "<p><strong>{}</strong></p><p>{}</p>", text(&operation["summary"]), text(&operation["description"]))?;
    let scopes: Vec<_> = items(&operation["security"]).flat_map(|need| items(&need["oauth2"])).map(text).collect();
    if scopes.is_empty() {
        write!(page, "<p>Takes a certificate; no scope.</p>")?;
    } else {
        write!(page, "<p>Scope: <code>{}</code></p>", scopes.join("</code> or <code>"))?;
    }
    if items(&operation["parameters"]).next().is_some() {
        write!(page, "<table><tr><th>Parameter<th>In<th>Meaning</tr>")?;
        for parameter in items(&operation["parameters"]) {
            let needed = if parameter["required"] == true { ", required" } else { "" };
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            write!(page, "<tr><td><code>{name}</code><td>{place}{needed}<td>{}</tr>", text(&parameter["description"]))?;
        }
        write!(page, "</table>")?;
    }
    for (media, content) in entries(&operation["requestBody"]["content"]) {
        write!(page, "<p>Body: <code>{}</code> {}</p>", escape(media), schema(content))?;
    }
    write!(page, "<table><tr><th>Answer<th>Meaning<th>Body</tr>")?;
    for (status, answer) in entries(&operation["responses"]) {
        let bodies: Vec<_> =
            entries(&answer["content"]).map(|(media, body)| format!("<code>{}</code> {}", escape(media), schema(body))).collect();
        write!(page, "<tr><td>{}<td>{}<td>{}</tr>", escape(status), text(&answer["description"]), bodies.join("<br>"))?;
    }
    write!(page, "</table></section>")
}

fn schema(content: &Value) -> String {
    let reference = content["schema"]["$ref"].as_str().or_else(|| content["schema"]["items"]["$ref"].as_str());
    reference.and_then(|reference| reference.rsplit('/').next()).map_or_else(String::new, |name| {
        let name = escape(name);
        format!("<a href=\"#schema-{name}\">{name}</a>")
    })
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
