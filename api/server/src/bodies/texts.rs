//! A short text that is read whole.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use zeroize::Zeroizing;

use super::collect;
use crate::problems::{Kind, Problem};

/// The longest text, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// A body of text: `text/csv` or `text/plain`, or plain bytes, which generated clients send.
pub(crate) struct Text(pub Zeroizing<String>);

impl FromRequest for Text {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_text = matches!(request.content_type(), "text/csv" | "text/plain" | "application/octet-stream");
        let payload = payload.take();
        Box::pin(async move {
            if !is_text {
                return Err(Problem::new(Kind::UnsupportedMediaType).detail("The body is sent as text/csv or text/plain."));
            }
            let bytes = collect(payload, LONGEST).await?;
            let text = String::from_utf8(bytes.into()).map_err(|_| Problem::new(Kind::Malformed).detail("The body is not UTF-8."))?;
            Ok(Self(Zeroizing::new(text)))
        })
    }
}
