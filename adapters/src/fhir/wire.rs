//! The resources as they stand: only what is read of them, in the shapes of FHIR R4. Everything else is
//! passed over, as FHIR asks of a reader; what may not be passed over stands in [`HeadWire`].

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// One entry of a bundle.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryWire {
    pub(crate) full_url: Option<String>,
    pub(crate) resource: Option<Box<RawValue>>,
    pub(crate) request: Option<RequestWire>,
}

/// What a transaction asks to be done with an entry.
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

/// What is asked of a resource before anything else: its kind, wherever among its members that is said,
/// and what changes the meaning of all the rest, so that a reader who does not know it must not go on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeadWire {
    pub(crate) resource_type: Option<String>,
    modifier_extension: Option<IgnoredAny>,
    implicit_rules: Option<IgnoredAny>,
}

impl HeadWire {
    pub(crate) fn is_modified(&self) -> bool {
        self.modifier_extension.is_some() || self.implicit_rules.is_some()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PatientWire {
    pub(crate) id: Option<String>,
    pub(crate) active: Option<Scalar>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) extension: Vec<ExtensionWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) identifier: Vec<IdentifierWire>,
    pub(crate) gender: Option<String>,
    pub(crate) birth_date: Option<String>,
    pub(crate) deceased_date_time: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) general_practitioner: Vec<ReferenceWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) link: Vec<LinkWire>,
}

#[derive(Deserialize)]
pub(crate) struct LinkWire {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceRequestWire {
    pub(crate) id: Option<String>,
    #[serde(default)]
    pub(crate) contained: Vec<Box<RawValue>>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) extension: Vec<ExtensionWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) identifier: Vec<IdentifierWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) based_on: Vec<ReferenceWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) replaces: Vec<ReferenceWire>,
    pub(crate) status: Option<String>,
    pub(crate) intent: Option<String>,
    pub(crate) do_not_perform: Option<Scalar>,
    pub(crate) priority: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) category: Vec<ConceptWire>,
    pub(crate) code: Option<ConceptWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) reason_code: Vec<ConceptWire>,
    pub(crate) subject: Option<ReferenceWire>,
    pub(crate) authored_on: Option<String>,
    pub(crate) requester: Option<ReferenceWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EncounterWire {
    pub(crate) status: Option<String>,
    pub(crate) subject: Option<ReferenceWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) based_on: Vec<ReferenceWire>,
    pub(crate) period: Option<PeriodWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppointmentWire {
    pub(crate) status: Option<String>,
    pub(crate) start: Option<String>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) based_on: Vec<ReferenceWire>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) participant: Vec<ParticipantWire>,
}

#[derive(Deserialize)]
pub(crate) struct ParticipantWire {
    pub(crate) actor: Option<ReferenceWire>,
}

#[derive(Deserialize)]
pub(crate) struct PeriodWire {
    pub(crate) start: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct IdentifierWire {
    #[serde(default, deserialize_with = "list")]
    pub(crate) extension: Vec<ExtensionWire>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<ConceptWire>,
    pub(crate) system: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) assigner: Option<Box<AssignerWire>>,
}

#[derive(Deserialize)]
pub(crate) struct AssignerWire {
    pub(crate) identifier: Option<ValueWire>,
}

#[derive(Deserialize)]
pub(crate) struct ValueWire {
    pub(crate) system: Option<String>,
    pub(crate) value: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ReferenceWire {
    pub(crate) reference: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) identifier: Option<IdentifierWire>,
}

#[derive(Deserialize)]
pub(crate) struct ConceptWire {
    #[serde(default, deserialize_with = "list")]
    pub(crate) coding: Vec<CodingWire>,
}

#[derive(Deserialize)]
pub(crate) struct CodingWire {
    pub(crate) system: Option<String>,
    pub(crate) code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExtensionWire {
    pub(crate) url: String,
    #[serde(alias = "valueCode", alias = "valueDate", alias = "valueBoolean", alias = "valueInteger", alias = "valueUnsignedInt")]
    pub(crate) value_string: Option<Scalar>,
    pub(crate) value_codeable_concept: Option<ConceptWire>,
}

/// A primitive, as text: XML has nothing else.
pub(crate) struct Scalar(pub(crate) String);

impl Scalar {
    pub(crate) fn is_true(&self) -> bool {
        self.0 == "true"
    }

    pub(crate) fn is_false(&self) -> bool {
        self.0 == "false"
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a primitive")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// What may stand several times: a list in JSON; in XML one alone cannot be told from what stands once.
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
