//! The ids by which partners name a child. Each organisation has its own id for a child, so that two of them cannot join
//! their records. An id is the encrypted NHS number or UPN with the date of birth. Nothing is stored for it. Any well-formed
//! pair has one, known or not. A child who is held under a name or a local number alone has an id of its row. An id names what
//! its caller named, never another identifier of the child, and all of them are of one length.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Datelike, NaiveDate};
use domain::{ChildId, ChildIdentifier, ChildReference, KeyBytes, KeyPurpose, NamedChild, OrganisationCode, Ring};

use crate::keys::KeysError;

/// AES-GCM-SIV stays safe when a nonce repeats (RFC 8452). With one nonce it gives the same id each time; the
/// organisation, as associated data, gives each its own.
const NONCE: [u8; 12] = [0; 12];
/// What an id encrypts: its kind, a value padded with zeros to the longest, a UPN, and the date of birth in days.
const VALUE: usize = 13;
const PLAIN: usize = 1 + VALUE + 4;
/// Earlier ids are an NHS number and a date of birth, without a kind. They are still read.
const EARLIER_PLAIN: usize = 8 + 4;
const NHS_NUMBER: u8 = 1;
const UPN: u8 = 2;
const HELD: u8 = 3;
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

    /// An organisation's id for a child. A name or a local number has none of its own: such a child is named as held.
    pub fn id(&self, organisation: OrganisationCode, named: &NamedChild) -> Option<String> {
        let mut plain = Vec::with_capacity(PLAIN + 16);
        let mut value = |kind: u8, value: &[u8]| {
            plain.push(kind);
            plain.extend_from_slice(value);
        };
        match named {
            NamedChild::Reference(child) => match &child.identifier {
                ChildIdentifier::NhsNumber(number) => value(NHS_NUMBER, &number.as_str().parse::<u64>().ok()?.to_be_bytes()),
                ChildIdentifier::Upn(upn) => value(UPN, upn.as_str().as_bytes()),
                ChildIdentifier::LocalPatient { .. } | ChildIdentifier::Named { .. } => return None,
            },
            NamedChild::Held { id, .. } => value(HELD, &id.0.to_be_bytes()),
        }
        plain.resize(1 + VALUE, 0);
        plain.extend_from_slice(&named.date_of_birth().num_days_from_ce().to_be_bytes());
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

    /// Whom an organisation's id names; `None` for any other text.
    pub fn child(&self, organisation: OrganisationCode, id: &str) -> Option<NamedChild> {
        let plain = self.open(CHILD, organisation, id)?;
        let (kind, pair) = match plain.len() {
            EARLIER_PLAIN => (NHS_NUMBER, plain.as_slice()),
            _ => plain.split_first().map(|(kind, pair)| (*kind, pair))?,
        };
        let (value, day) = pair.split_last_chunk()?;
        let date_of_birth = NaiveDate::from_num_days_from_ce_opt(i32::from_be_bytes(*day))?;
        let identifier = match kind {
            NHS_NUMBER => {
                let number = format!("{:010}", u64::from_be_bytes(*value.first_chunk()?));
                ChildIdentifier::NhsNumber(number.parse().ok()?)
            }
            UPN => ChildIdentifier::Upn(std::str::from_utf8(value).ok()?.parse().ok()?),
            HELD => return Some(NamedChild::Held { id: ChildId(i64::from_be_bytes(*value.first_chunk()?)), date_of_birth }),
            _ => return None,
        };
        Some(NamedChild::Reference(ChildReference { identifier, date_of_birth }))
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
    use std::collections::BTreeSet;

    use super::*;
    use domain::Upn;
    use proptest::prelude::*;
    use zeroize::Zeroizing;

    fn ids(keys: &[u32]) -> ChildIds {
        let current = *keys.last().unwrap();
        let keys = keys.iter().map(|id| (*id, Zeroizing::new([u8::try_from(*id).unwrap(); 32]))).collect();
        let keys = Arc::new(ChildKeys::new(&Ring::new(keys, current).unwrap()).unwrap());
        ChildIds::new(move || Arc::clone(&keys))
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2016, 5, 4).unwrap()
    }

    fn by_number(number: &str) -> NamedChild {
        NamedChild::Reference(ChildReference::by_nhs_number(number.parse().unwrap(), day()))
    }

    fn by_upn(upn: Upn) -> NamedChild {
        NamedChild::Reference(ChildReference { identifier: ChildIdentifier::Upn(upn), date_of_birth: day() })
    }

    /// A child of each kind.
    fn named() -> [NamedChild; 3] {
        let upn = Upn::from_parts(919, 2000, 17, 1).unwrap();
        [by_number("9990000018"), by_upn(upn), NamedChild::Held { id: ChildId(9_990_000_018), date_of_birth: day() }]
    }

    #[test]
    fn an_id_is_the_same_each_time_and_another_for_each_organisation() {
        let ids = ids(&[1]);
        let (council, trust) = ("E10000015".parse().unwrap(), "RY4".parse().unwrap());
        for named in named() {
            let id = ids.id(council, &named).unwrap();
            assert_eq!(ids.id(council, &named).unwrap(), id);
            assert_ne!(ids.id(trust, &named).unwrap(), id);
            assert_eq!(ids.child(council, &id), Some(named));
            assert_eq!(ids.child(trust, &id), None);
            assert!(!id.contains("999000"));
        }
    }

    #[test]
    fn ids_of_all_kinds_are_of_one_length_and_none_is_anothers() {
        let ids = ids(&[1]);
        let council = "E10000015".parse().unwrap();
        let made: BTreeSet<_> = named().iter().map(|named| ids.id(council, named).unwrap()).collect();
        let lengths: BTreeSet<_> = made.iter().map(String::len).collect();
        assert_eq!((made.len(), lengths.len()), (3, 1));
    }

    #[test]
    fn a_name_and_a_local_number_have_no_id_of_their_own() {
        let council = "E10000015".parse().unwrap();
        let identifiers = [
            ChildIdentifier::LocalPatient { provider: "RY4".parse().unwrap(), id: "P-1".to_owned() },
            ChildIdentifier::Named { authority: council, surname: "Example".to_owned(), forename: "Ada".to_owned() },
        ];
        for identifier in identifiers {
            let reference = ChildReference { identifier, date_of_birth: day() };
            let held = NamedChild::of(ChildId(7), reference.clone());
            assert_eq!(held, NamedChild::Held { id: ChildId(7), date_of_birth: day() });
            assert_eq!(ids(&[1]).id(council, &NamedChild::Reference(reference)), None);
        }
    }

    #[test]
    fn no_changed_id_names_a_child() {
        let ids = ids(&[1]);
        let council = "E10000015".parse().unwrap();
        for named in named() {
            let id = ids.id(council, &named).unwrap();
            for at in 0..id.len() {
                let mut changed = id.clone().into_bytes();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(changed).unwrap();
                assert!(changed == id || ids.child(council, &changed).is_none(), "{at}");
                assert_eq!(ids.child(council, &id[..at]), None);
            }
        }
        assert_eq!(ids.child(council, "not an id"), None);
        assert_eq!(ids.child(council, &ids.cursor(council, 1).unwrap()), None);
    }

    /// An id as it was made before there were kinds.
    fn earlier_id(ids: &ChildIds, organisation: OrganisationCode, number: u64) -> String {
        let plain = [&number.to_be_bytes()[..], &day().num_days_from_ce().to_be_bytes()].concat();
        ids.seal(CHILD, organisation, plain).unwrap()
    }

    #[test]
    fn an_earlier_id_is_still_read() {
        let ids = ids(&[1]);
        let council = "E10000015".parse().unwrap();
        let earlier = earlier_id(&ids, council, 9_990_000_018);
        assert_eq!(ids.child(council, &earlier), Some(by_number("9990000018")));
        assert_ne!(ids.id(council, &by_number("9990000018")), Some(earlier));
        // No such number: its check digit is wrong.
        assert_eq!(ids.child(council, &earlier_id(&ids, council, 9_990_000_019)), None);
    }

    #[test]
    fn an_id_under_an_older_key_is_still_read() {
        let council = "E10000015".parse().unwrap();
        for named in named() {
            let old = ids(&[1]).id(council, &named).unwrap();
            assert_eq!(ids(&[1, 2]).child(council, &old), Some(named));
            assert!(ids(&[2]).child(council, &old).is_none());
        }
    }

    proptest! {
        #[test]
        fn an_id_reads_back_as_whom_it_names(row in any::<i64>(), authority in 0_u16..1000, serial in 0_u16..1000, days in 700_000_i32..760_000) {
            let ids = ids(&[1]);
            let council = "E10000015".parse().unwrap();
            let date_of_birth = NaiveDate::from_num_days_from_ce_opt(days).unwrap();
            let identifier = ChildIdentifier::Upn(Upn::from_parts(authority, 2000, 17, serial).unwrap());
            let named = [NamedChild::Reference(ChildReference { identifier, date_of_birth }), NamedChild::Held { id: ChildId(row), date_of_birth }];
            for named in named {
                let id = ids.id(council, &named).unwrap();
                prop_assert_eq!(ids.child(council, &id), Some(named));
            }
        }

        #[test]
        fn anything_at_all_is_read_or_refused(plain in prop::collection::vec(any::<u8>(), 0..24)) {
            let ids = ids(&[1]);
            let council = "E10000015".parse().unwrap();
            let id = ids.seal(CHILD, council, plain).unwrap();
            let _ = ids.child(council, &id);
        }
    }
}
