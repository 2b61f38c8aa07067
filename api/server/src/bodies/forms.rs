//! A form (`application/x-www-form-urlencoded`).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::BytesMut;
use serde::de::DeserializeOwned;

use super::{collect, queries};
use crate::problems::{Kind, Problem};

/// The form as it was sent.
#[derive(Debug)]
pub(crate) struct Form(BytesMut);

impl Form {
    /// Names and values, in the order in which they were sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(&self.0).into_owned()
    }

    /// Reads it into a type, as strictly as a query.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        queries::pairs(&self.0, "The form is not as documented.")
    }
}

impl FromRequest for Form {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let payload = payload.take();
        Box::pin(async move {
            if !is_form {
                return Err(Problem::new(Kind::UnsupportedMediaType).detail("The body is sent as application/x-www-form-urlencoded."));
            }
            collect(payload, super::LONGEST).await.map(Self)
        })
    }
}
