//! A resource to be written, as JSON or as XML. Its elements are kept in order, since XML needs that.

use std::borrow::Cow;
use std::fmt::Write;

use serde::ser::{Serialize, SerializeMap, Serializer};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Text(Cow<'static, str>),
    Bool(bool),
    Number(u64),
    /// Elements by name; a resource begins with its `resourceType`.
    Object(Vec<(&'static str, Self)>),
    List(Vec<Self>),
}

impl Node {
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Text(text.into())
    }

    /// A resource, without elements that are `None`.
    pub fn resource(kind: &'static str, elements: impl IntoIterator<Item = (&'static str, Option<Self>)>) -> Self {
        let elements = elements.into_iter().filter_map(|(name, node)| node.map(|node| (name, node)));
        Self::Object(std::iter::once(("resourceType", Self::text(kind))).chain(elements).collect())
    }

    /// An object, without elements that are `None`.
    pub fn object(elements: impl IntoIterator<Item = (&'static str, Option<Self>)>) -> Self {
        Self::Object(elements.into_iter().filter_map(|(name, node)| node.map(|node| (name, node))).collect())
    }

    /// A list, unless it would be empty: FHIR has no empty ones.
    pub fn list(nodes: impl IntoIterator<Item = Self>) -> Option<Self> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        (!nodes.is_empty()).then_some(Self::List(nodes))
    }

    pub fn coding(system: &'static str, code: impl Into<Cow<'static, str>>) -> Self {
        Self::object([("system", Some(Self::text(system))), ("code", Some(Self::text(code)))])
    }

    /// A `CodeableConcept` of one coding.
    pub fn concept(system: &'static str, code: impl Into<Cow<'static, str>>) -> Self {
        Self::object([("coding", Self::list([Self::coding(system, code)]))])
    }

    pub fn identifier(system: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        Self::object([("system", Some(Self::text(system))), ("value", Some(Self::text(value)))])
    }

    /// A `Reference` by identifier.
    pub fn reference_to(system: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        Self::object([("identifier", Some(Self::identifier(system, value)))])
    }

    pub fn to_xml(&self) -> String {
        let mut out = String::from(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
        self.write_resource(&mut out, r#" xmlns="http://hl7.org/fhir""#);
        out
    }

    fn write_resource(&self, out: &mut String, attributes: &str) {
        let Self::Object(elements) = self else { return };
        let Some((_, Self::Text(kind))) = elements.first() else { return };
        let _ = write!(out, "<{kind}{attributes}>");
        elements.iter().skip(1).for_each(|(name, node)| node.write_element(name, out));
        let _ = write!(out, "</{kind}>");
    }

    fn write_element(&self, name: &str, out: &mut String) {
        let primitive = |out: &mut String, value: &str| {
            let _ = write!(out, "<{name} value=\"{}\"/>", escaped(value));
        };
        match self {
            Self::Text(text) => primitive(out, text),
            Self::Bool(value) => primitive(out, if *value { "true" } else { "false" }),
            Self::Number(number) => primitive(out, &number.to_string()),
            Self::List(nodes) => nodes.iter().for_each(|node| node.write_element(name, out)),
            Self::Object(elements) if elements.first().is_some_and(|(first, _)| *first == "resourceType") => {
                let _ = write!(out, "<{name}>");
                self.write_resource(out, "");
                let _ = write!(out, "</{name}>");
            }
            Self::Object(elements) => {
                let _ = write!(out, "<{name}");
                // In an extension, `url` is an attribute. No other element is one.
                let is_attribute =
                    |element: &&(&'static str, Self)| matches!(name, "extension" | "modifierExtension") && element.0 == "url";
                if let Some((_, Self::Text(url))) = elements.iter().find(is_attribute) {
                    let _ = write!(out, " url=\"{}\"", escaped(url));
                }
                out.push('>');
                elements.iter().filter(|element| !is_attribute(element)).for_each(|(name, node)| node.write_element(name, out));
                let _ = write!(out, "</{name}>");
            }
        }
    }
}

/// Text for an attribute. Line breaks are written as references, or a reader would turn them into spaces.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\n', '\r', '\t']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::List(nodes) => serializer.collect_seq(nodes),
            Self::Object(elements) => {
                let mut map = serializer.serialize_map(Some(elements.len()))?;
                for (name, node) in elements {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
        }
    }
}
