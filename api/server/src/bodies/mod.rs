//! Reads a request's JSON or query strictly. A fault names the field and never repeats the value, which may be about a
//! child.

mod digests;
mod encodings;
pub(crate) mod faults;
pub(crate) mod forms;
pub(crate) mod queries;
pub(crate) mod texts;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::BytesMut;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use trust::parse_json;
use utoipa::ToSchema;

use crate::problems::{Kind, Problem};
pub(crate) use digests::{digests, wanted};
pub(crate) use encodings::coding;
pub(crate) use forms::Form;
pub(crate) use queries::Query;

/// The longest body that is read whole, in bytes.
pub(crate) const LONGEST: usize = 64 * 1024;

/// How long a client may take to send such a body.
const PATIENCE: Duration = Duration::from_secs(30);

/// In the document: a body that is mere bytes.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it stands in the document alone")]
pub(crate) struct FileBody(Vec<u8>);

/// A JSON body. The type decides about unknown fields; duplicate keys are always refused.
#[derive(Debug)]
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_headers(request);
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            read(&collect(payload, LONGEST).await?).map(Json)
        })
    }
}

/// Reads a JSON document as a type.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = parse_json(bytes)
        .map_err(|error| Problem::new(Kind::Malformed).detail("The body is not the JSON it should be.").fault(faults::of_json(&error)))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let fault = faults::describe(&error.path().to_string(), &error.inner().to_string());
        Problem::new(Kind::Malformed).detail("The body does not have the documented shape.").fault(fault)
    })
}

fn check_headers(request: &HttpRequest) -> Result<(), Problem> {
    let is_json = request.mime_type().ok().flatten().is_some_and(|mime| {
        mime.type_() == "application" && (mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json"))
    });
    if !is_json {
        return Err(Problem::new(Kind::UnsupportedMediaType).detail("The body is sent as application/json."));
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > LONGEST as u64) { Err(too_large(LONGEST)) } else { Ok(()) }
}

// Reads all of a body, if it is short and comes in time.
pub(crate) async fn collect(payload: Payload, longest: usize) -> Result<BytesMut, Problem> {
    tokio::time::timeout(PATIENCE, gather(payload, longest)).await.map_err(|_| Problem::new(Kind::TooSlow).closing())?
}

async fn gather(mut payload: Payload, longest: usize) -> Result<BytesMut, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Kind::Malformed).detail("The body did not arrive whole.").cause(error))?;
        if body.len() + chunk.len() > longest {
            return Err(too_large(longest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn too_large(longest: usize) -> Problem {
    Problem::new(Kind::BodyTooLarge).detail(format!("The body is at most {} KiB.", longest / 1024))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Search {
        nhs_number: domain::NhsNumber,
        date_of_birth: chrono::NaiveDate,
    }

    fn fault(body: &str) -> (String, Cow<'static, str>, String) {
        let problem = read::<Search>(body.as_bytes()).unwrap_err();
        assert_eq!(problem.kind(), Kind::Malformed);
        let fault = problem.faults()[0].clone();
        (fault.field.unwrap_or_default(), fault.code, fault.message.into_owned())
    }

    #[test]
    fn a_good_body_is_read() {
        let read: Search = read(br#"{"nhs_number":"9990000018","date_of_birth":"2016-05-04"}"#).unwrap();
        assert_eq!((read.nhs_number.as_str(), read.date_of_birth.to_string().as_str()), ("9990000018", "2016-05-04"));
    }

    #[test]
    fn a_fault_names_its_field_and_no_value() {
        let both = r#""nhs_number":"9990000018","date_of_birth":"2016-05-04""#;
        assert_eq!(fault(&format!("{{{both},\"nhs_number\":\"9990000018\"}}")).1, "duplicate-key");
        assert_eq!(
            fault(r#"{"nhs_number":"9990000018"}"#),
            (String::new(), "missing-field".into(), "missing field `date_of_birth`".into())
        );
        let (field, code, message) = fault(r#"{"nhs_number":"9990000019","date_of_birth":"2016-05-04"}"#);
        assert_eq!((field.as_str(), code.as_ref()), ("nhs_number", "invalid-value"));
        assert!(!message.contains("999"), "{message}");
        let (field, code, message) = fault(r#"{"nhs_number":9990000018,"date_of_birth":"2016-05-04"}"#);
        assert_eq!((field.as_str(), code.as_ref()), ("nhs_number", "wrong-type"));
        assert!(!message.contains("999"), "{message}");
        let (field, code, message) = fault(&format!("{{{both},\"9990000018\":1}}"));
        assert_eq!((field.as_str(), code.as_ref()), ("", "unknown-field"));
        assert!(!message.contains("999"), "{message}");
        assert_eq!(fault(&format!("{{{both},\"colour\":1}}")).0, "colour");
        for broken in ["", "{", "nul", "[1]x", "\"\u{1}\"", &"[".repeat(5000)] {
            assert_eq!(fault(broken).1, "not-json", "{broken:.10}");
        }
    }
}
