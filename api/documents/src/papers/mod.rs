//! Papers for people: what they say, not how they are written. Texts are not escaped: HTML and Markdown
//! each escape them.

mod markdown;
mod pages;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) title: String,
    /// Printed above everything else, such as that the paper is a draft.
    pub(crate) notice: Option<String>,
    pub(crate) parts: Vec<Part>,
}

/// A part under a heading of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) title: String,
    /// Whether the part is for the person who prepares the paper, and is removed before the paper is given away.
    pub(crate) is_removable: bool,
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Heading(String),
    Text(String),
    Bullets(Vec<String>),
    Checklist(Vec<String>),
    /// Names, each with its value.
    Fields(Vec<(String, String)>),
    /// The first cell of each row names the row.
    Table {
        caption: String,
        head: Vec<String>,
        rows: Vec<Vec<String>>,
    },
}

impl Paper {
    /// A page that loads nothing and runs nothing.
    pub(crate) fn html(&self) -> String {
        pages::write(self)
    }

    pub(crate) fn markdown(&self) -> String {
        markdown::write(self)
    }
}

impl Part {
    pub(crate) fn new(title: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self { title: title.into(), is_removable: false, blocks }
    }
}

impl Block {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn heading(text: impl Into<String>) -> Self {
        Self::Heading(text.into())
    }

    pub(crate) fn bullets<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Bullets(items.into_iter().map(Into::into).collect())
    }

    pub(crate) fn checklist<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Checklist(items.into_iter().map(Into::into).collect())
    }

    pub(crate) fn fields<N: Into<String>, V: Into<String>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self::Fields(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    pub(crate) fn table(caption: impl Into<String>, head: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self::Table { caption: caption.into(), head: head.iter().map(|cell| (*cell).to_owned()).collect(), rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hostile() -> Paper {
        let text = "<script>alert(1)</script> & \"x\" | [a](javascript:b) `c` *d* e_f _g_".to_owned();
        let cells = vec![text.clone(), "line\nbreak".to_owned()];
        Paper {
            title: text.clone(),
            notice: Some(text.clone()),
            parts: vec![Part::new(
                text.clone(),
                vec![
                    Block::text("# no heading"),
                    Block::text("1. no list"),
                    Block::bullets([text.clone()]),
                    Block::checklist([text.clone()]),
                    Block::fields([(text.clone(), text.clone())]),
                    Block::Table { caption: text, head: cells.clone(), rows: vec![cells] },
                ],
            )],
        }
    }

    #[test]
    fn nothing_in_a_text_becomes_part_of_the_page() {
        let page = hostile().html();
        assert!(!page.contains("<script") && !page.contains("& \"") && page.contains("&lt;script&gt;"), "{page}");
        for loading in ["src=", "http:", "https:", "url(", "@import"] {
            assert!(!page.contains(loading), "{loading}");
        }
    }

    #[test]
    fn nothing_in_a_text_becomes_markdown() {
        let text = hostile().markdown();
        assert!(!text.contains("<script") && text.contains("&lt;script>"), "{text}");
        for escaped in ["\\[a\\]", "\\`c\\`", "\\*d\\*", "e_f", "\\_g\\_", "\n\\# no heading", "\n1\\. no list"] {
            assert!(text.contains(escaped), "{escaped}: {text}");
        }
        let row = text.lines().find(|line| line.contains("line break")).unwrap();
        assert_eq!(row.replace("\\|", "").matches('|').count(), 3, "two cells: {row}");
    }

    #[test]
    fn a_page_has_a_language_headings_and_captions() {
        let page = hostile().html();
        for needed in ["<html lang=\"en-GB\">", "<main>", "<h1>", "<h2 id=", "<caption>", "<th scope=\"col\">", "<th scope=\"row\">"] {
            assert!(page.contains(needed), "{needed}");
        }
    }
}
