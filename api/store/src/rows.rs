//! Reads stored values back into the types of the domain.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;

/// Reads a code, id or number that was written from its own type.
pub(crate) fn read<T: FromStr>(text: &str, what: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(what))
}

/// Several codes joined by commas, as [`join`] wrote them.
pub(crate) fn read_all<T: FromStr>(text: &str, what: &'static str) -> Result<Vec<T>, StoreError> {
    text.split(',').filter(|part| !part.is_empty()).map(|part| read(part, what)).collect()
}

pub(crate) fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// An instant as either database keeps it, to the microsecond: what is answered now is what is read back later.
pub(crate) fn stored(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

pub(crate) fn utc(at: NaiveDateTime) -> DateTime<Utc> {
    at.and_utc()
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Corrupt("a value that JSON cannot hold"))
}

pub(crate) fn to_json_bytes<T: Serialize>(value: &T) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
    serde_json::to_vec(value).map(zeroize::Zeroizing::new).map_err(|_| StoreError::Corrupt("a value that JSON cannot hold"))
}

pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| StoreError::Corrupt(what))
}
