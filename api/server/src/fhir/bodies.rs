//! A resource sent as a body: JSON or XML, read strictly.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use bytes::Bytes;
use exchange::fhir::from_xml;
use exchange::refuse_unreadable;
use serde_json::Value;
use trust::parse_json;

use crate::bodies::collect;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The longest body, in bytes, unless the gateway's own limit is lower.
const LONGEST: u64 = 4 * 1024 * 1024;
/// The longest, in bytes, that is read without another thread.
const SHORT: usize = 64 * 1024;

/// A resource, as its bytes and as its value: JSON without repeated members, or XML as [`from_xml`] reads it.
#[derive(Debug)]
pub(crate) struct Resource {
    pub bytes: Bytes,
    pub value: Value,
}

impl FromRequest for Resource {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = match request.content_type().to_ascii_lowercase().as_str() {
            "application/fhir+json" | "application/json" => Some(json as fn(&[u8]) -> Result<Value, Problem>),
            "application/fhir+xml" | "application/xml" => Some(xml as _),
            _ => None,
        };
        let most = request.app_data::<web::Data<State>>().map_or(LONGEST, |state| state.configuration.api.maximum_body_bytes.min(LONGEST));
        let payload = payload.take();
        Box::pin(async move {
            let Some(read) = read else {
                let said = "A resource is sent as application/fhir+json or application/fhir+xml.";
                return Err(Problem::new(Kind::UnsupportedMediaType).detail(said));
            };
            let bytes = collect(payload, usize::try_from(most).unwrap_or(usize::MAX)).await?.freeze();
            let value = if bytes.len() <= SHORT {
                read(&bytes)?
            } else {
                let bytes = bytes.clone();
                web::block(move || read(&bytes)).await.map_err(|_| Problem::new(Kind::Busy).retry_after(5))??
            };
            match value["resourceType"].is_string() {
                true => Ok(Self { bytes, value }),
                false => Err(Problem::new(Kind::Malformed).detail("The body is no FHIR resource.")),
            }
        })
    }
}

fn json(bytes: &[u8]) -> Result<Value, Problem> {
    parse_json(bytes).map_err(|error| {
        Problem::new(Kind::Malformed).detail("The body is not the JSON it should be.").fault(crate::bodies::faults::of_json(&error))
    })
}

fn xml(bytes: &[u8]) -> Result<Value, Problem> {
    from_xml(bytes).map_err(|unreadable| refuse_unreadable(&unreadable).into())
}
