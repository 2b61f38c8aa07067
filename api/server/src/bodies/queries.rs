//! A request's query, read strictly.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::faults;
use crate::problems::{Kind, Problem};

/// The query. A repeated parameter is refused, and so is one that the type does not know.
#[derive(Debug)]
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Query))
    }
}

/// Reads a query string as a type.
pub(crate) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    pairs(query.as_bytes(), "The query is not as documented.")
}

pub(super) fn pairs<T: DeserializeOwned>(encoded: &[u8], otherwise: &'static str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(encoded));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let fault = faults::describe(&error.path().to_string(), &error.inner().to_string());
        Problem::new(Kind::Malformed).detail(otherwise).fault(fault)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        limit: Option<u32>,
    }

    #[test]
    fn a_query_is_read_or_its_parameter_named() {
        assert_eq!(read::<Page>("limit=5").unwrap().limit, Some(5));
        assert_eq!(read::<Page>("").unwrap().limit, None);
        for (query, code) in [("limit=5&limit=6", "duplicate-key"), ("colour=red", "unknown-field"), ("limit=many", "invalid-value")] {
            let problem = read::<Page>(query).unwrap_err();
            assert_eq!(problem.faults()[0].code, code, "{:?}", problem.faults());
            assert!(!format!("{:?}", problem.faults()).contains("many"));
        }
    }
}
