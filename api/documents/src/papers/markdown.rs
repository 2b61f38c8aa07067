//! A paper in Markdown (CommonMark, with GitHub's tables).

use std::fmt::Write;

use super::{Block, Paper};

pub(super) fn write(paper: &Paper) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_all(&mut text, paper);
    text
}

fn write_all(text: &mut String, paper: &Paper) -> std::fmt::Result {
    writeln!(text, "# {}", escape(&paper.title))?;
    if let Some(notice) = &paper.notice {
        writeln!(text, "\n> **{}**", escape(notice))?;
    }
    for part in &paper.parts {
        writeln!(text, "\n## {}", escape(&part.title))?;
        part.blocks.iter().try_for_each(|block| write_block(text, block))?;
    }
    Ok(())
}

fn write_block(text: &mut String, block: &Block) -> std::fmt::Result {
    text.push('\n');
    match block {
        Block::Heading(heading) => writeln!(text, "### {}", escape(heading)),
        Block::Text(paragraph) => writeln!(text, "{}", escape_line(paragraph)),
        Block::Bullets(items) => items.iter().try_for_each(|item| writeln!(text, "- {}", escape_line(item))),
        Block::Checklist(items) => items.iter().try_for_each(|item| writeln!(text, "- [ ] {}", escape(item))),
        Block::Fields(fields) => fields.iter().try_for_each(|(name, value)| writeln!(text, "- **{}:** {}", escape(name), escape(value))),
        Block::Table { caption, head, rows } => {
            writeln!(text, "**{}**\n", escape(caption))?;
            write_row(text, head)?;
            writeln!(text, "|{}", "---|".repeat(head.len()))?;
            rows.iter().try_for_each(|row| write_row(text, row))
        }
    }
}

fn write_row(text: &mut String, cells: &[String]) -> std::fmt::Result {
    cells.iter().try_for_each(|cell| write!(text, "| {} ", escape(cell)))?;
    writeln!(text, "|")
}

/// Escapes a text that starts a line.
fn escape_line(text: &str) -> String {
    let escaped = escape(text);
    let number = escaped.bytes().take_while(u8::is_ascii_digit).count();
    let (start, rest) = escaped.split_at(number);
    let begins_a_block = if number == 0 { rest.starts_with(['#', '+', '-', '=', '~', '>']) } else { rest.starts_with(['.', ')']) };
    if begins_a_block { format!("{start}\\{rest}") } else { escaped }
}

/// Escapes a text and puts it on one line.
fn escape(text: &str) -> String {
    let characters: Vec<char> = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    let is_word = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mut escaped = String::with_capacity(text.len() + 8);
    for (at, c) in characters.iter().enumerate() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            // Between letters or digits an underscore is no markup.
            '_' if is_word(at.checked_sub(1)) && is_word(Some(at + 1)) => escaped.push('_'),
            '\\' | '`' | '*' | '[' | ']' | '|' | '_' => escaped.extend(['\\', *c]),
            c => escaped.push(*c),
        }
    }
    escaped
}
