//! A document as a page of its own: no script, nothing loaded, fit to print.

use std::fmt::Write;

use super::{Block, Document, Part};

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

pub(super) fn write(document: &Document) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut page, document);
    page
}

fn write_page(page: &mut String, document: &Document) -> std::fmt::Result {
    let title = escape(&document.title);
    write!(page, "<!doctype html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\">")?;
    write!(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">")?;
    write!(page, "<title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n<h1>{title}</h1>\n")?;
    if let Some(notice) = &document.notice {
        writeln!(page, "<p class=\"draft\" role=\"note\">{}</p>", escape(notice))?;
    }
    for (at, part) in document.parts.iter().enumerate() {
        write_part(page, at + 1, part)?;
    }
    writeln!(page, "</main></body></html>")
}

fn write_part(page: &mut String, number: usize, part: &Part) -> std::fmt::Result {
    let class = if part.is_removable { " class=\"remove\"" } else { "" };
    writeln!(page, "<section{class} aria-labelledby=\"part-{number}\">\n<h2 id=\"part-{number}\">{}</h2>", escape(&part.title))?;
    part.blocks.iter().try_for_each(|block| write_block(page, block))?;
    writeln!(page, "</section>")
}

fn write_block(page: &mut String, block: &Block) -> std::fmt::Result {
    match block {
        Block::Heading(text) => writeln!(page, "<h3>{}</h3>", escape(text)),
        Block::Text(text) => writeln!(page, "<p>{}</p>", escape(text)),
        Block::Bullets(items) => write_list(page, "", items),
        Block::Checklist(items) => write_list(page, " class=\"boxes\"", items),
        Block::Fields(fields) => {
            write!(page, "<dl>")?;
            fields.iter().try_for_each(|(name, value)| write!(page, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)))?;
            writeln!(page, "</dl>")
        }
        Block::Table { caption, head, rows } => {
            write!(
                page,
                "<div class=\"scroll\" role=\"region\" aria-label=\"{0}\" tabindex=\"0\"><table><caption>{0}</caption>",
                escape(caption)
            )?;
            write!(page, "<thead><tr>")?;
            head.iter().try_for_each(|cell| write!(page, "<th scope=\"col\">{}</th>", escape(cell)))?;
            write!(page, "</tr></thead><tbody>")?;
            for row in rows {
                write!(page, "<tr>")?;
                for (at, cell) in row.iter().enumerate() {
                    let (open, close) = if at == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
                    write!(page, "<{open}>{}</{close}>", escape(cell))?;
                }
                write!(page, "</tr>")?;
            }
            writeln!(page, "</tbody></table></div>")
        }
    }
}

fn write_list(page: &mut String, class: &str, items: &[String]) -> std::fmt::Result {
    write!(page, "<ul{class}>")?;
    items.iter().try_for_each(|item| write!(page, "<li>{}</li>", escape(item)))?;
    writeln!(page, "</ul>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
