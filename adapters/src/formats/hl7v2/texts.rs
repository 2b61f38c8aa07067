//! The text of one message: character set, delimiters and escapes.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    /// No character set was named, and it was not UTF-8.
    pub(super) guessed: bool,
}

/// Reads the bytes by the character set in MSH-18; `None` where they do not fit it, or it is not known.
pub(super) fn decode(bytes: &[u8]) -> Option<Decoded<'_>> {
    let header = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let separator = header.get(3)?;
    let named = header.split(|byte| byte == separator).nth(17).unwrap_or_default();
    let repetition = header.get(5).copied().unwrap_or(b'~');
    let named = named.split(|byte| *byte == repetition).next().unwrap_or_default();
    let named = std::str::from_utf8(named).ok()?.trim().to_ascii_uppercase();
    let with = |encoding: &'static Encoding| {
        let (text, _, wrong) = encoding.decode(bytes);
        (!wrong).then_some(Decoded { text, guessed: false })
    };
    match named.as_str() {
        "" => std::str::from_utf8(bytes)
            .map(|text| Decoded { text: Cow::Borrowed(text), guessed: false })
            .ok()
            .or_else(|| with(WINDOWS_1252).map(|decoded| Decoded { guessed: true, ..decoded })),
        "ASCII" | "UTF-8" | "UNICODE UTF-8" => with(UTF_8),
        named => {
            let part = named.strip_prefix("8859/").filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
            with(Encoding::for_label(format!("iso-8859-{part}").as_bytes())?)
        }
    }
}

/// The characters that separate the parts of a message (MSH-1 and MSH-2).
#[derive(Debug, Clone, Copy)]
struct Delimiters {
    field: char,
    component: char,
    repetition: char,
    escape: Option<char>,
    subcomponent: Option<char>,
}

impl Delimiters {
    fn of(message: &str) -> Option<Self> {
        let mut header = message.strip_prefix("MSH")?.chars();
        let field = header.next()?;
        let mut others = header.take_while(|character| *character != field && *character != '\r');
        let found =
            Self { field, component: others.next()?, repetition: others.next()?, escape: others.next(), subcomponent: others.next() };
        let all = [Some(field), Some(found.component), Some(found.repetition), found.escape, found.subcomponent];
        let each = all.iter().flatten();
        let distinct = each.clone().enumerate().all(|(at, one)| each.clone().skip(at + 1).all(|other| other != one));
        let plain = each.clone().all(char::is_ascii_punctuation);
        (distinct && plain).then_some(found)
    }
}

/// A message that can be split into segments.
pub(super) struct Message<'a> {
    delimiters: Delimiters,
    text: &'a str,
}

impl<'a> Message<'a> {
    /// `None` where the header does not say how to split it.
    pub(super) fn new(text: &'a str) -> Option<Self> {
        Some(Self { delimiters: Delimiters::of(text)?, text })
    }

    pub(super) fn segments(&self, name: &str) -> impl Iterator<Item = Segment<'a>> {
        let delimiters = self.delimiters;
        self.text.split('\r').filter(move |line| line.starts_with(name)).map(move |text| Segment { delimiters, text })
    }

    pub(super) fn segment(&self, name: &str) -> Option<Segment<'a>> {
        self.segments(name).next()
    }

    /// The first repetition of a field, in the first segment with this name.
    pub(super) fn field(&self, name: &str, number: usize) -> Option<Part<'a>> {
        self.segment(name)?.repetitions(number).next()
    }
}

#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    delimiters: Delimiters,
    text: &'a str,
}

impl<'a> Segment<'a> {
    /// The repetitions of a field, without blank ones. Fields are numbered as in the standard.
    pub(super) fn repetitions(self, number: usize) -> impl Iterator<Item = Part<'a>> {
        // In MSH the separator itself counts as the first field.
        let at = if self.text.starts_with("MSH") { number.saturating_sub(1) } else { number };
        let delimiters = self.delimiters;
        let field = self.text.split(delimiters.field).nth(at).unwrap_or_default();
        field.split(delimiters.repetition).map(move |text| Part { delimiters, text }).filter(|part| !part.is_blank())
    }

    /// The first repetition of a field.
    pub(super) fn field(self, number: usize) -> Option<Part<'a>> {
        self.repetitions(number).next()
    }
}

/// One repetition of a field.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    delimiters: Delimiters,
    text: &'a str,
}

impl<'a> Part<'a> {
    fn is_blank(self) -> bool {
        // Two quotation marks mean that the value was deleted.
        self.text.split(self.delimiters.component).all(|component| matches!(component.trim(), "" | "\"\""))
    }

    /// A component, counted from 1, with its escapes resolved; blank where there is none.
    pub(super) fn component(self, number: usize) -> Cow<'a, str> {
        let text = self.text.split(self.delimiters.component).nth(number.saturating_sub(1)).unwrap_or_default().trim();
        if text == "\"\"" { Cow::Borrowed("") } else { self.resolve(text) }
    }

    /// The first component: the whole text, where there are no others.
    pub(super) fn first(self) -> Cow<'a, str> {
        self.component(1)
    }

    /// The subcomponents of a component: an organisation by name, id and scheme.
    pub(super) fn subcomponents(self, number: usize) -> impl Iterator<Item = Cow<'a, str>> {
        let text = self.text.split(self.delimiters.component).nth(number.saturating_sub(1)).unwrap_or_default();
        let at = self.delimiters.subcomponent;
        text.split(move |character| Some(character) == at).map(move |text| self.resolve(text.trim()))
    }

    fn resolve(self, text: &'a str) -> Cow<'a, str> {
        match self.delimiters.escape {
            Some(escape) if text.contains(escape) => Cow::Owned(resolve(text, escape, self.delimiters)),
            _ => Cow::Borrowed(text),
        }
    }
}

fn resolve(text: &str, escape: char, delimiters: Delimiters) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(escape) {
        out.push_str(before);
        let Some((sequence, after)) = after.split_once(escape) else {
            // A lone escape character is kept.
            out.push(escape);
            rest = after;
            continue;
        };
        match sequence {
            "F" => out.push(delimiters.field),
            "S" => out.push(delimiters.component),
            "R" => out.push(delimiters.repetition),
            "E" => out.push(escape),
            "T" => out.extend(delimiters.subcomponent),
            "P" => out.push('#'),
            _ if sequence.starts_with('X') => out.push_str(&hexadecimal(&sequence[1..])),
            // Line breaks and layout become a space.
            _ if sequence.starts_with('.') => out.push(' '),
            // Highlighting and changes of character set add no text.
            _ => {}
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The text of bytes that are written as hexadecimal digits: UTF-8, or else Windows-1252.
fn hexadecimal(digits: &str) -> String {
    let pairs = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16));
    let Ok(bytes) = pairs.collect::<Result<Vec<_>, _>>() else { return String::new() };
    String::from_utf8(bytes).unwrap_or_else(|error| WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned())
}
