//! A paper as a page that has no script, loads nothing, and can be printed.

use super::{Block, Paper, Part};
use crate::html::{Html, write_html};

const STYLE: &str = "\
body{font:1.05rem/1.55 system-ui,-apple-system,'Segoe UI',sans-serif;max-width:46rem;margin:2rem auto;padding:0 1.25rem;color:#14171a;background:#fff}\
h1{font-size:1.9rem;line-height:1.2;margin:0 0 1rem}h2{font-size:1.4rem;margin:2rem 0 .75rem;padding-top:1rem;border-top:3px solid #14171a}\
h3{font-size:1.1rem;margin:1.75rem 0 .25rem}p{margin:.5rem 0}\
.draft{border:4px solid #a3140b;background:#fdecea;color:#5c0b06;padding:1rem 1.25rem;font-weight:700;font-size:1.15rem}\
.remove{border:3px dashed #8a5a00;background:#fff8e8;padding:0 1.25rem 1.25rem;margin:2rem 0}.remove h2{border-top:0}\
ul{padding-left:1.4rem}.boxes{list-style:none;padding-left:0}.boxes li{padding-left:2rem;position:relative;margin:.5rem 0}\
.boxes li::before{content:'';position:absolute;left:0;top:.2em;width:1em;height:1em;border:2px solid #14171a;background:#fff}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0;font-size:.95rem}dt{font-weight:600}dd{margin:0}\
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:.92rem}caption{text-align:left;font-weight:700;padding:.4rem 0}\
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border:1px solid #8b9199}thead th{background:#eef1f4}tbody th{font-weight:600}\
@media(max-width:34rem){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}\
@page{margin:18mm}@media print{body{max-width:none;margin:0;padding:0;font-size:11pt}.remove{break-after:page}h2,h3,caption{break-after:avoid}tr,dl{break-inside:avoid}}";

const HEAD: &str = "<!doctype html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>{}</title><style>";

pub(super) fn write(paper: &Paper) -> String {
    let mut page = Html::default();
    page.fill(HEAD, &[&paper.title]);
    page.fill(STYLE, &[]);
    write_html!(page, "</style></head>\n<body><main>\n<h1>{}</h1>\n", paper.title);
    if let Some(notice) = &paper.notice {
        write_html!(page, "<p class=\"draft\" role=\"note\">{}</p>\n", notice);
    }
    for (at, part) in paper.parts.iter().enumerate() {
        write_part(&mut page, at + 1, part);
    }
    write_html!(page, "</main></body></html>\n");
    page.finish()
}

fn write_part(page: &mut Html, number: usize, part: &Part) {
    if part.is_removable {
        write_html!(page, "<section class=\"remove\" aria-labelledby=\"part-{}\">\n", number);
    } else {
        write_html!(page, "<section aria-labelledby=\"part-{}\">\n", number);
    }
    write_html!(page, "<h2 id=\"part-{}\">{}</h2>\n", number, part.title);
    part.blocks.iter().for_each(|block| write_block(page, block));
    write_html!(page, "</section>\n");
}

fn write_block(page: &mut Html, block: &Block) {
    match block {
        Block::Heading(text) => write_html!(page, "<h3>{}</h3>\n", text),
        Block::Text(text) => write_html!(page, "<p>{}</p>\n", text),
        Block::Bullets(items) => {
            write_html!(page, "<ul>");
            write_items(page, items);
        }
        Block::Checklist(items) => {
            write_html!(page, "<ul class=\"boxes\">");
            write_items(page, items);
        }
        Block::Fields(fields) => {
            write_html!(page, "<dl>");
            for (name, value) in fields {
                write_html!(page, "<dt>{}</dt><dd>{}</dd>", name, value);
            }
            write_html!(page, "</dl>\n");
        }
        Block::Table { caption, head, rows } => {
            write_html!(page, "<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\">", caption);
            write_html!(page, "<table><caption>{}</caption><thead><tr>", caption);
            head.iter().for_each(|cell| write_html!(page, "<th scope=\"col\">{}</th>", cell));
            write_html!(page, "</tr></thead><tbody>");
            rows.iter().for_each(|row| write_row(page, row));
            write_html!(page, "</tbody></table></div>\n");
        }
    }
}

fn write_row(page: &mut Html, row: &[String]) {
    write_html!(page, "<tr>");
    for (at, cell) in row.iter().enumerate() {
        if at == 0 {
            write_html!(page, "<th scope=\"row\">{}</th>", cell);
        } else {
            write_html!(page, "<td>{}</td>", cell);
        }
    }
    write_html!(page, "</tr>");
}

/// The items of a list, and its closing tag.
fn write_items(page: &mut Html, items: &[String]) {
    for item in items {
        write_html!(page, "<li>{}</li>", item);
    }
    write_html!(page, "</ul>\n");
}
