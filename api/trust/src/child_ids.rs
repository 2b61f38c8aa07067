//! The ids by which partners name a child. Each organisation has its own id for a child, so that two of them cannot join
//! their records. An id is the encrypted NHS number and date of birth. Nothing is stored for it. Any well-formed pair has
//! one, known or not.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Datelike, NaiveDate};
use domain::{ChildReference, KeyBytes, KeyPurpose, NhsNumber, OrganisationCode, Ring};

use crate::keys::KeysError;

/// AES-GCM-SIV stays safe when a nonce repeats (RFC 8452). With one nonce it gives the same id each time; the
/// organisation, as associated data, gives each its own.
const NONCE: [u8; 12] = [0; 12];
const PLAIN: usize = 12;
const CHILD: &[u8] = b"child id\0";
const CURSOR: &[u8] = b"cursor\0";

/// The keys of the ids. An id names its key, so that ids under an older key can still be read.
pub struct ChildKeys(Ring<LessSafeKey>);

impl ChildKeys {
    pub(crate) fn new(keys: &Ring<KeyBytes>) -> Result<Self, KeysError> {
        let open = |bytes: &KeyBytes| Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, bytes.as_slice())?));
        keys.map(open).map(Self).map_err(|_: aws_lc_rs::error::Unspecified| KeysError::Unusable { purpose: KeyPurpose::Pairwise })
    }
}

/// Makes and reads ids and cursors.
pub struct ChildIds {
    keys: Box<dyn Fn() -> Arc<ChildKeys> + Send + Sync>,
}

impl std::fmt::Debug for ChildIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChildIds(…)")
    }
}

impl ChildIds {
    /// `keys` gives the keys in force each time an id is made or read.
    pub fn new(keys: impl Fn() -> Arc<ChildKeys> + Send + Sync + 'static) -> Self {
        Self { keys: Box::new(keys) }
    }

    /// An organisation's id for a child.
    pub fn id(&self, organisation: OrganisationCode, number: &NhsNumber, date_of_birth: NaiveDate) -> Option<String> {
        let mut plain = Vec::with_capacity(PLAIN + 16);
        plain.extend_from_slice(&number.as_str().parse::<u64>().ok()?.to_be_bytes());
        plain.extend_from_slice(&date_of_birth.num_days_from_ce().to_be_bytes());
        self.seal(CHILD, organisation, plain)
    }

    /// A page cursor that tells its organisation nothing about rows it skipped.
    pub fn cursor(&self, organisation: OrganisationCode, row: i64) -> Option<String> {
        self.seal(CURSOR, organisation, row.to_be_bytes().to_vec())
    }

    /// The row of a cursor; `None` for any other text.
    pub fn row(&self, organisation: OrganisationCode, cursor: &str) -> Option<i64> {
        self.open(CURSOR, organisation, cursor)?.try_into().ok().map(i64::from_be_bytes)
    }

    /// The child behind an organisation's id; `None` for any other text.
    pub fn child(&self, organisation: OrganisationCode, id: &str) -> Option<ChildReference> {
        let plain = self.open(CHILD, organisation, id)?;
        let (number, day) = plain.split_at_checked(8)?;
        let number = format!("{:010}", u64::from_be_bytes(number.try_into().ok()?));
        let day = NaiveDate::from_num_days_from_ce_opt(i32::from_be_bytes(day.try_into().ok()?))?;
        Some(ChildReference::by_nhs_number(number.parse().ok()?, day))
    }

    fn seal(&self, label: &[u8], organisation: OrganisationCode, mut plain: Vec<u8>) -> Option<String> {
        let keys = (self.keys)();
        let current = keys.0.primary_id();
        let key = keys.0.get(current)?;
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(NONCE), associated(label, organisation), &mut plain).ok()?;
        let mut id = current.to_be_bytes().to_vec();
        id.append(&mut plain);
        Some(URL_SAFE_NO_PAD.encode(id))
    }

    fn open(&self, label: &[u8], organisation: OrganisationCode, id: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
        let (key, sealed) = bytes.split_at_mut_checked(4)?;
        let keys = (self.keys)();
        let key = keys.0.get(u32::from_be_bytes((&*key).try_into().ok()?))?;
        let plain = key.open_in_place(Nonce::assume_unique_for_key(NONCE), associated(label, organisation), sealed).ok()?;
        Some(plain.to_vec())
    }
}

fn associated(label: &[u8], organisation: OrganisationCode) -> Aad<Vec<u8>> {
    Aad::from([label, organisation.as_str().as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn ids(keys: &[u32]) -> ChildIds {
        let current = *keys.last().unwrap();
        let keys = keys.iter().map(|id| (*id, Zeroizing::new([u8::try_from(*id).unwrap(); 32]))).collect();
        let keys = Arc::new(ChildKeys::new(&Ring::new(keys, current).unwrap()).unwrap());
        ChildIds::new(move || Arc::clone(&keys))
    }

    fn pair() -> (NhsNumber, NaiveDate) {
        ("9990000018".parse().unwrap(), NaiveDate::from_ymd_opt(2016, 5, 4).unwrap())
    }

    #[test]
    fn an_id_is_the_same_each_time_and_another_for_each_organisation() {
        let (ids, (number, born)) = (ids(&[1]), pair());
        let (council, trust) = ("E10000015".parse().unwrap(), "RY4".parse().unwrap());
        let id = ids.id(council, &number, born).unwrap();
        assert_eq!(ids.id(council, &number, born).unwrap(), id);
        assert_ne!(ids.id(trust, &number, born).unwrap(), id);
        assert_eq!(ids.child(council, &id), Some(ChildReference::by_nhs_number(number, born)));
        assert_eq!(ids.child(trust, &id), None);
        assert!(!id.contains("999000"));
    }

    #[test]
    fn no_changed_id_names_a_child() {
        let (ids, (number, born)) = (ids(&[1]), pair());
        let council = "E10000015".parse().unwrap();
        let id = ids.id(council, &number, born).unwrap();
        for at in 0..id.len() {
            let mut changed = id.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(changed == id || ids.child(council, &changed).is_none(), "{at}");
            assert_eq!(ids.child(council, &id[..at]), None);
        }
        assert_eq!(ids.child(council, "not an id"), None);
    }

    #[test]
    fn an_id_under_an_older_key_is_still_read() {
        let (number, born) = pair();
        let council = "E10000015".parse().unwrap();
        let old = ids(&[1]).id(council, &number, born).unwrap();
        assert!(ids(&[1, 2]).child(council, &old).is_some());
        assert!(ids(&[2]).child(council, &old).is_none());
    }
}
