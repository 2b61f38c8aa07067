//! A form (`application/x-www-form-urlencoded`), as its pairs.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::collect;
use crate::problems::{Kind, Problem};

/// Names and values, in the order they were sent.
#[derive(Debug)]
pub struct Form(pub Vec<(String, String)>);

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
            let body = collect(payload, super::LONGEST).await?;
            Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
        })
    }
}
