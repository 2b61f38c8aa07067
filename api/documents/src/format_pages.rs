//! What may be sent and what may be wrong with it, as a page that loads nothing from the network. The adapters
//! describe themselves.

use adapters::{Format, REGISTRY, Sample, Starters};
use domain::{IssueCode, closed_values};

use crate::contract_pages::begin;
use crate::html::{Html, write_html};

/// The page of the formats. `folder` answers where a format's samples are, for the links to them.
pub fn formats_page(folder: impl Fn(&str) -> String) -> String {
    let mut page = begin("Sendbridge formats");
    write_html!(
        page,
        "<h1>Formats</h1><p>What may be sent, by its name in <code>format=</code>; then <a href=\"#issues\">what may be wrong with it</a>.</p>"
    );
    write_html!(page, "<table><tr><th>Format<th>Dataset<th>Title<th>Sent as</tr>");
    for adapter in REGISTRY {
        let format = adapter.format();
        write_html!(
            page,
            "<tr><td><a href=\"#{}\"><code>{}</code></a><td>{}<td>{}<td>",
            format,
            format,
            adapter.dataset(),
            adapter.title()
        );
        page.codes(adapter.media_types(), " or ");
        write_html!(page, "</tr>");
    }
    write_html!(page, "</table>");
    for adapter in REGISTRY {
        write_format(&mut page, *adapter, &folder(adapter.format()));
    }
    write_issues(&mut page);
    write_html!(page, "</main></body></html>");
    page.finish()
}

fn write_format(page: &mut Html, adapter: Format, folder: &str) {
    let format = adapter.format();
    write_html!(page, "<section id=\"{}\"><h2>{} (<code>{}</code>)</h2>", format, adapter.title(), format);
    if !adapter.guide().is_empty() {
        write_html!(page, "<details><summary>How it is read, and its quirks</summary>");
        page.markdown(adapter.guide());
        write_html!(page, "</details>");
    }
    write_html!(page, "<table><tr><th>Field<th>Required<th>Holds<th>Codes</tr>");
    for field in adapter.fields() {
        let required = if field.required { "yes" } else { "" };
        write_html!(page, "<tr><td><code>{}</code><td>{}<td>{}<td>", field.name, required, field.meaning);
        if let Some(values) = closed_values(field.name) {
            page.codes(values, " ");
        } else if let Some(list) = adapter.code_list(field.name) {
            write_html!(page, "<a href=\"#{}-{}\">{}</a>", format, list.name, list.origin().title);
        }
        write_html!(page, "</tr>");
    }
    write_html!(page, "</table>");
    for list in adapter.code_lists() {
        let origin = list.origin();
        write_html!(page, "<details id=\"{}-{}\"><summary>{}, {}</summary>", format, list.name, origin.title, origin.released);
        write_html!(page, "<p>Source: {}</p><table><tr><th>Code<th>Meaning</tr>", origin.source);
        for code in list.codes() {
            write_html!(page, "<tr><td><code>{}</code><td>{}</tr>", code.code, code.meaning);
        }
        write_html!(page, "</table></details>");
    }
    let Starters { template, examples } = adapter.starters();
    let starters: Vec<_> = template.into_iter().chain(examples).collect();
    if !starters.is_empty() {
        write_files(page, "To start from", folder, starters);
    }
    write_files(page, "Samples", folder, adapter.samples());
    write_html!(page, "</section>");
}

fn write_files<'a>(page: &mut Html, title: &str, folder: &str, files: impl IntoIterator<Item = &'a Sample>) {
    write_html!(page, "<h3>{}</h3><ul>", title);
    for file in files {
        write_html!(page, "<li><a href=\"{}/{}\">{}</a>, records: {}", folder, file.name, file.name, file.records);
    }
    write_html!(page, "</ul>");
}

fn write_issues(page: &mut Html) {
    write_html!(page, "<section id=\"issues\"><h2>Issues</h2><p>Errors reject the row, warnings keep it.</p>");
    write_html!(page, "<table><tr><th>Code<th>Severity<th>What is wrong, and why it matters<th>How to mend it</tr>");
    for code in IssueCode::ALL {
        write_html!(page, "<tr id=\"{}\"><td><code>{}</code><td>{}<td>", code, code, code.severity());
        write_html!(page, "<strong>{}</strong> {}", code.message(), code.meaning());
        if let Some(source) = code.source() {
            write_html!(page, "<br><small>{}</small>", source);
        }
        write_html!(page, "<td>{}</tr>", code.fix());
    }
    write_html!(page, "</table></section>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_formats_has_every_field_and_every_issue_and_loads_nothing() {
        let page = formats_page(|format| format!("/v1/formats/{format}/samples"));
        for adapter in REGISTRY {
            assert!(page.contains(&format!("<section id=\"{}\">", adapter.format())));
            for field in adapter.fields() {
                let name = field.name.replace('<', "&lt;");
                assert!(page.contains(&format!("<tr><td><code>{name}</code>")), "{name}");
            }
            for sample in adapter.files() {
                assert!(page.contains(&format!("\"/v1/formats/{}/samples/{}\"", adapter.format(), sample.name)));
            }
        }
        for code in IssueCode::ALL {
            assert!(page.contains(&format!("<tr id=\"{code}\">")), "{code}");
        }
        // Plain addresses are allowed in the text: FHIR names its systems by them.
        for loading in ["<script", "<link", "src=", "href=\"http", "@import", "url("] {
            assert!(!page.contains(loading), "{loading}");
        }
    }
}
