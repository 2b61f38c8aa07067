//! `GET /v1/docs/formats`: what may be sent and what may be wrong with it, as a page that loads nothing from
//! anywhere. It is made of what the adapters say of themselves.

use std::fmt::Write;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, get, web};
use adapters::{Format, REGISTRY, Sample, Starters};
use domain::issues::IssueCode;
use domain::referrals::closed_list_of;
use pulldown_cmark::{Event, Options, Parser, html};

use super::docs::{POLICY, escape, head};
use super::formats::code_lists;
use crate::callers::ListedPeer;
use crate::state::State;

#[utoipa::path(
    tag = "documentation",
    summary = "The formats, as a page",
    description = "Every format with its fields, codes and samples, and everything that can be wrong. It needs a listed client's certificate and no token.",
    security(("mutual_tls" = [])),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
#[get("/v1/docs/formats")]
pub(crate) async fn get_formats_page(_peer: ListedPeer, state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(state.documentation.formats.clone())
}

/// The page. A sample is linked to where `folder` says that a format's samples are.
pub fn render(folder: impl Fn(&str) -> String) -> String {
    let mut page = head("Sendbridge formats");
    // Writing to a string does not fail.
    let _ = write_page(&mut page, &folder);
    page
}

fn write_page(page: &mut String, folder: &dyn Fn(&str) -> String) -> std::fmt::Result {
    write!(
        page,
        "<h1>Formats</h1><p>What may be sent, by its name in <code>format=</code>; then <a href=\"#issues\">what may be wrong with it</a>.</p>"
    )?;
    write!(page, "<table><tr><th>Format<th>Dataset<th>Title<th>Sent as</tr>")?;
    for adapter in REGISTRY {
        let (format, media) = (adapter.format(), adapter.media_types().join("</code> or <code>"));
        write!(page, "<tr><td><a href=\"#{format}\"><code>{format}</code></a><td>{}<td>{}", adapter.dataset(), escape(adapter.title()))?;
        write!(page, "<td><code>{media}</code></tr>")?;
    }
    write!(page, "</table>")?;
    for adapter in REGISTRY {
        write_format(page, *adapter, &folder(adapter.format()))?;
    }
    write_issues(page)?;
    write!(page, "</main></body></html>")
}

fn write_format(page: &mut String, adapter: Format, folder: &str) -> std::fmt::Result {
    let format = adapter.format();
    write!(page, "<section id=\"{format}\"><h2>{} (<code>{format}</code>)</h2>", escape(adapter.title()))?;
    if !adapter.guide().is_empty() {
        write!(page, "<details><summary>How it is read, and its quirks</summary>")?;
        // What stands in a guide as HTML is left out.
        let kept = Parser::new_ext(adapter.guide(), Options::ENABLE_TABLES)
            .filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)));
        html::push_html(page, kept);
        write!(page, "</details>")?;
    }
    write!(page, "<table><tr><th>Field<th>Required<th>Holds<th>Codes</tr>")?;
    for field in adapter.fields() {
        let required = if field.required { "yes" } else { "" };
        write!(page, "<tr><td><code>{}</code><td>{required}<td>{}<td>", escape(field.name), escape(field.meaning))?;
        if let Some(values) = closed_list_of(field.name) {
            write!(page, "<code>{}</code>", values.join("</code> <code>"))?;
        } else if let Some(list) = adapter.code_list(field.name) {
            write!(page, "<a href=\"#{format}-{0}\">{1}</a>", list.name, escape(&list.origin().title))?;
        }
        write!(page, "</tr>")?;
    }
    write!(page, "</table>")?;
    for list in code_lists(adapter) {
        let origin = list.origin();
        let (title, released, source) = (escape(&origin.title), escape(&origin.released), escape(&origin.source));
        write!(page, "<details id=\"{format}-{}\"><summary>{title}, {released}</summary><p>Source: {source}</p>", list.name)?;
        write!(page, "<table><tr><th>Code<th>Meaning</tr>")?;
        for code in list.codes() {
            write!(page, "<tr><td><code>{}</code><td>{}</tr>", escape(&code.code), escape(&code.meaning))?;
        }
        write!(page, "</table></details>")?;
    }
    let Starters { template, examples } = adapter.starters();
    let starters: Vec<_> = template.into_iter().chain(examples).collect();
    if !starters.is_empty() {
        write_files(page, "To start from", folder, starters)?;
    }
    write_files(page, "Samples", folder, adapter.samples())?;
    write!(page, "</section>")
}

fn write_files<'a>(page: &mut String, title: &str, folder: &str, files: impl IntoIterator<Item = &'a Sample>) -> std::fmt::Result {
    write!(page, "<h3>{title}</h3><ul>")?;
    for file in files {
        let (folder, name) = (escape(folder), escape(file.name));
        write!(page, "<li><a href=\"{folder}/{name}\">{name}</a>, records: {}", file.records)?;
    }
    write!(page, "</ul>")
}

fn write_issues(page: &mut String) -> std::fmt::Result {
    write!(page, "<section id=\"issues\"><h2>Issues</h2><p>Errors reject the row, warnings keep it.</p>")?;
    write!(page, "<table><tr><th>Code<th>Severity<th>What is wrong, and why it matters<th>How to mend it</tr>")?;
    for code in IssueCode::ALL {
        let source = code.source().map(|source| format!("<br><small>{}</small>", escape(source)));
        write!(page, "<tr id=\"{code}\"><td><code>{code}</code><td>{}", code.severity())?;
        write!(page, "<td><strong>{}</strong> {}{}", escape(code.message()), escape(code.meaning()), source.unwrap_or_default())?;
        write!(page, "<td>{}</tr>", escape(code.fix()))?;
    }
    write!(page, "</table></section>")
}
