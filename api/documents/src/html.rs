//! The one writer of HTML. Markup is a literal in the program; everything else in a page is escaped.

use std::fmt::{self, Display, Write};

use pulldown_cmark::{Event, Options, Parser};

/// Writes markup to an [`Html`], with a value in the place of each `{}`. Values are escaped for elements and for
/// attributes in double quotes.
macro_rules! write_html {
    ($page:expr, $markup:literal $(, $value:expr)* $(,)?) => {{
        const { assert!($crate::html::places($markup) == <[&str]>::len(&[$(stringify!($value)),*]), "a value for each {{}}") };
        $page.fill($markup, &[$(&$value),*]);
    }};
}
pub(crate) use write_html;

#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Use [`write_html`] instead, except where the markup is a constant because it is too long to write inline.
    pub(crate) fn fill(&mut self, markup: &'static str, values: &[&dyn Display]) {
        let mut values = values.iter();
        for (at, piece) in markup.split("{}").enumerate() {
            if let Some(value) = (at > 0).then(|| values.next()).flatten() {
                // Writing to a string does not fail.
                let _ = write!(Escaping(&mut self.0), "{value}");
            }
            self.0.push_str(piece);
        }
    }

    /// Several `<code>` elements, with markup between them.
    pub(crate) fn codes<T: Display>(&mut self, codes: impl IntoIterator<Item = T>, between: &'static str) {
        for (at, code) in codes.into_iter().enumerate() {
            if at > 0 {
                self.0.push_str(between);
            }
            write_html!(self, "<code>{}</code>", code);
        }
    }

    /// A text in Markdown (CommonMark, with tables). HTML in the text is left out.
    pub(crate) fn markdown(&mut self, text: &'static str) {
        let kept = Parser::new_ext(text, Options::ENABLE_TABLES).filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)));
        pulldown_cmark::html::push_html(&mut self.0, kept);
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// How many values a piece of markup takes.
pub(crate) const fn places(markup: &str) -> usize {
    let (bytes, mut at, mut places) = (markup.as_bytes(), 1, 0);
    while at < bytes.len() {
        if bytes[at - 1] == b'{' && bytes[at] == b'}' {
            places += 1;
        }
        at += 1;
    }
    places
}

/// Escapes whatever is written to it.
struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_escaped_in_elements_and_in_attributes() {
        let mut page = Html::default();
        write_html!(page, "<p title=\"{}\">{}</p>{}", "\"><b>", "a & 'b' {}", 5);
        assert_eq!(page.finish(), "<p title=\"&quot;&gt;&lt;b&gt;\">a &amp; &#39;b&#39; {}</p>5");
    }

    #[test]
    fn codes_have_the_markup_between_them_and_no_more() {
        let written = |codes: &[&str]| {
            let mut page = Html::default();
            page.codes(codes, " or ");
            page.finish()
        };
        assert_eq!(written(&[]), "");
        assert_eq!(written(&["a", "<b>"]), "<code>a</code> or <code>&lt;b&gt;</code>");
    }

    #[test]
    fn html_in_markdown_is_left_out() {
        let mut page = Html::default();
        page.markdown("a <b>*c*</b>\n\n<script>x</script>\n");
        assert_eq!(page.finish(), "<p>a <em>c</em></p>\n");
    }
}
