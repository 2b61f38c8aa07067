//! The resources as they are sent: only what is read of them, in the shapes of FHIR R4. Everything else is
//! ignored, as FHIR asks of a reader. What must not be ignored is in [`HeadWire`].

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryWire {
    pub(crate) full_url: Option<String>,
    pub(crate) resource: Option<Box<RawValue>>,
    pub(crate) request: Option<RequestWire>,
}

/// What a transaction asks the server to do with an entry.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestWire {
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) if_match: Option<IgnoredAny>,
    pub(crate) if_none_match: Option<IgnoredAny>,
    pub(crate) if_modified_since: Option<IgnoredAny>,
    pub(crate) if_none_exist: Option<IgnoredAny>,
}

/// What is read of a resource first: its kind, and the members that change the meaning of all the others. A
/// reader that does not know those must not go on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct HeadWire<'a> {
    pub(crate) resource_type: Option<Text<'a>>,
    modifier_extension: Option<IgnoredAny>,
    implicit_rules: Option<IgnoredAny>,
}

impl HeadWire<'_> {
    pub(crate) fn is_modified(&self) -> bool {
        self.modifier_extension.is_some() || self.implicit_rules.is_some()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct PatientWire<'a> {
    pub(crate) id: Option<Text<'a>>,
    pub(crate) active: Option<Scalar<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) extension: Vec<ExtensionWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) identifier: Vec<IdentifierWire<'a>>,
    pub(crate) gender: Option<Text<'a>>,
    pub(crate) birth_date: Option<Text<'a>>,
    pub(crate) deceased_date_time: Option<Text<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) general_practitioner: Vec<ReferenceWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) link: Vec<LinkWire<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct LinkWire<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct ServiceRequestWire<'a> {
    pub(crate) id: Option<Text<'a>>,
    #[serde(default)]
    pub(crate) contained: Vec<&'a RawValue>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) extension: Vec<ExtensionWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) identifier: Vec<IdentifierWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) based_on: Vec<ReferenceWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) replaces: Vec<ReferenceWire<'a>>,
    pub(crate) status: Option<Text<'a>>,
    pub(crate) intent: Option<Text<'a>>,
    pub(crate) do_not_perform: Option<Scalar<'a>>,
    pub(crate) priority: Option<Text<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) category: Vec<ConceptWire<'a>>,
    pub(crate) code: Option<ConceptWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) reason_code: Vec<ConceptWire<'a>>,
    pub(crate) subject: Option<ReferenceWire<'a>>,
    pub(crate) authored_on: Option<Text<'a>>,
    pub(crate) requester: Option<ReferenceWire<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct EncounterWire<'a> {
    pub(crate) status: Option<Text<'a>>,
    pub(crate) subject: Option<ReferenceWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) based_on: Vec<ReferenceWire<'a>>,
    pub(crate) period: Option<PeriodWire<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct AppointmentWire<'a> {
    pub(crate) status: Option<Text<'a>>,
    pub(crate) start: Option<Text<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) based_on: Vec<ReferenceWire<'a>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) participant: Vec<ParticipantWire<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct ParticipantWire<'a> {
    pub(crate) actor: Option<ReferenceWire<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct PeriodWire<'a> {
    pub(crate) start: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct IdentifierWire<'a> {
    #[serde(default, deserialize_with = "list")]
    pub(crate) extension: Vec<ExtensionWire<'a>>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<ConceptWire<'a>>,
    pub(crate) system: Option<Text<'a>>,
    pub(crate) value: Option<Text<'a>>,
    pub(crate) assigner: Option<Box<AssignerWire<'a>>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct AssignerWire<'a> {
    pub(crate) identifier: Option<ValueWire<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct ValueWire<'a> {
    pub(crate) system: Option<Text<'a>>,
    pub(crate) value: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct ReferenceWire<'a> {
    pub(crate) reference: Option<Text<'a>>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Text<'a>>,
    pub(crate) identifier: Option<IdentifierWire<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct ConceptWire<'a> {
    #[serde(default, deserialize_with = "list")]
    pub(crate) coding: Vec<CodingWire<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(crate) struct CodingWire<'a> {
    pub(crate) system: Option<Text<'a>>,
    pub(crate) code: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct ExtensionWire<'a> {
    pub(crate) url: Text<'a>,
    #[serde(alias = "valueCode", alias = "valueDate", alias = "valueBoolean", alias = "valueInteger", alias = "valueUnsignedInt")]
    pub(crate) value_string: Option<Scalar<'a>>,
    pub(crate) value_codeable_concept: Option<ConceptWire<'a>>,
}

/// Text of the body, borrowed unless it had to be unescaped.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A primitive as text, since XML gives only text.
pub(crate) struct Scalar<'a>(Text<'a>);

impl Deref for Scalar<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<'a>(PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Any<'a> {
            type Value = Cow<'a, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a primitive")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(if value { "true" } else { "false" }))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(value.to_string()))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(value.to_string()))
            }
        }
        deserializer.deserialize_any(Any(PhantomData)).map(|text| Self(Text(text)))
    }
}

/// Reads a list. From XML a list of one may come as that element alone.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct OneOrMore<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMore<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("elements")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(element) = elements.next_element()? {
                all.push(element);
            }
            Ok(all)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
    }
    deserializer.deserialize_any(OneOrMore(PhantomData))
}
