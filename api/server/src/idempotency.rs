//! `Idempotency-Key` on operations that create: the same key with the same request gets the same answer, and nothing is
//! made twice.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use exchange::{Key, Once};
use serde::Serialize;

use crate::problems::{Kind, Problem};

const HEADER: &str = "idempotency-key";

/// The key of a request, if it came with one: 1 to 128 printable ASCII characters.
#[derive(Debug, Clone)]
pub(crate) struct IdempotencyKey(pub Option<String>);

impl IdempotencyKey {
    /// The key of this request: its operation with the names in its path, and its body.
    pub(crate) fn of(self, operation: &str, body: &impl Serialize) -> Result<Key, Problem> {
        Ok(Key { key: self.0, fingerprint: exchange::fingerprint(operation, body)? })
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let mut lines = request.headers().get_all(HEADER);
        let key = lines.next().map(|line| line.to_str().map(str::to_owned));
        let well_formed = |key: &String| (1..=128).contains(&key.len()) && key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        ready(match (key, lines.next()) {
            (None, _) => Ok(Self(None)),
            (Some(Ok(key)), None) if well_formed(&key) => Ok(Self(Some(key))),
            _ => Err(Problem::new(Kind::Malformed).detail("Idempotency-Key is one line of 1 to 128 printable ASCII characters.")),
        })
    }
}

/// 201 for what was made now, 200 for what was made before.
pub(crate) fn respond<T: Serialize>(once: Once<T>) -> HttpResponse {
    match once {
        Once::Made(view) => HttpResponse::Created().json(view),
        Once::Before(json) => HttpResponse::Ok().content_type("application/json").body(json),
    }
}
