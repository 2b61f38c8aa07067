//! Encryption at rest and the keyed index.
//!
//! A sealed value is `0x01 ‖ key id (4 bytes) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. Its
//! associated data names the column and the row, so that no value can be moved to another place.
//! Nonces are random: change the envelope key before it has sealed 2³² values (NIST SP 800-38D).
//!
//! What is made with a look-up key is `key id (4 bytes) ‖ the first 16 bytes of HMAC-SHA-256`. While two look-up keys
//! are known, every such value is made under both, so that what was stored under either is found.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use domain::{CaseId, ChildIdentifier, ChildReference, KeyBytes, KeyPurpose, NhsNumber, Ring};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::StoreError;

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const HEADER: usize = 1 + KEY_ID + NONCE_LEN;

/// Asks for the keys again, when a value names one that is not known. It blocks.
pub type Reread = Arc<dyn Fn() -> Option<Arc<Vault>> + Send + Sync>;

/// The column that a sealed value is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    ChildReference,
    MatchReason,
    Record,
    ConsentEvidence,
    ConsentReason,
    ConsentReview,
    RestrictionReason,
    RestrictionLifting,
    OverrideReason,
    OptOutNumber,
    AdviceRequest,
    Advice,
    HoldReason,
    HoldRelease,
    ErasureReason,
    ErasureLifting,
    RectificationReason,
    DisputeReason,
    DisputeSettlement,
    Tombstone,
}

impl Column {
    /// Its table and its name there.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::ChildReference => "child_identifier.sealed_reference",
            Self::MatchReason => "child_match.sealed_reason",
            Self::Record => "record.sealed_record",
            Self::ConsentEvidence => "consent.sealed_evidence",
            Self::ConsentReason => "consent.sealed_reason",
            Self::ConsentReview => "consent.sealed_review",
            Self::RestrictionReason => "restriction.sealed_reason",
            Self::RestrictionLifting => "restriction.sealed_lifting",
            Self::OverrideReason => "caldicott_override.sealed_reason",
            Self::OptOutNumber => "opt_out.sealed_number",
            Self::AdviceRequest => "advice_request.sealed_request",
            Self::Advice => "advice_request.sealed_advice",
            Self::HoldReason => "legal_hold.sealed_reason",
            Self::HoldRelease => "legal_hold.sealed_release",
            Self::ErasureReason => "erasure.sealed_reason",
            Self::ErasureLifting => "erasure.sealed_lifting",
            Self::RectificationReason => "rectification.sealed_reason",
            Self::DisputeReason => "dispute.sealed_reason",
            Self::DisputeSettlement => "dispute.sealed_settlement",
            Self::Tombstone => "tombstone.sealed_mark",
        }
    }
}

/// The keys that the store needs.
pub struct Vault {
    envelope: Ring<RandomizedNonceKey>,
    look_up: Ring<hmac::Key>,
    reread: Option<Reread>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// A vault of envelope keys and of one look-up key or, during a rotation, two.
    pub fn new(envelope: &Ring<KeyBytes>, look_up: &Ring<KeyBytes>) -> Result<Self, StoreError> {
        if look_up.iter().count() > 2 {
            return Err(StoreError::Sealing);
        }
        let open = |bytes: &KeyBytes| RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| StoreError::Sealing);
        let index = |bytes: &KeyBytes| Ok::<_, StoreError>(hmac::Key::new(hmac::HMAC_SHA256, bytes.as_slice()));
        Ok(Self { envelope: envelope.map(open)?, look_up: look_up.map(index)?, reread: None })
    }

    /// The same vault, which asks for the keys again, once, before it fails for one that it does not know.
    #[must_use]
    pub fn with_reread(self, reread: Reread) -> Self {
        Self { reread: Some(reread), ..self }
    }

    pub(crate) fn reread(&self) -> Option<Arc<Self>> {
        self.reread.as_ref().and_then(|reread| reread())
    }

    /// The id of the envelope key that seals.
    pub(crate) fn seals_under(&self) -> u32 {
        self.envelope.primary_id()
    }

    /// The id of the look-up key that new indexes are made under.
    pub(crate) fn indexes_under(&self) -> u32 {
        self.look_up.primary_id()
    }

    /// Whether old values have to be re-sealed under newer keys.
    pub fn is_rotating(&self) -> bool {
        self.envelope.is_rotating() || self.look_up.is_rotating()
    }

    /// The ids of the keys that new values are made under.
    pub fn in_force(&self) -> (u32, u32) {
        (self.seals_under(), self.indexes_under())
    }

    /// The keys that are not in force any more.
    pub(crate) fn older_keys(&self) -> Vec<(KeyPurpose, u32)> {
        let envelope = self.envelope.iter().map(|(id, _)| (KeyPurpose::Envelope, id)).filter(|(_, id)| *id < self.seals_under());
        let look_up = self.look_up.iter().map(|(id, _)| (KeyPurpose::LookUp, id)).filter(|(_, id)| *id < self.indexes_under());
        envelope.chain(look_up).collect()
    }

    /// Whether an index in the database may be under either of two keys.
    pub(crate) fn has_two_indexes(&self) -> bool {
        self.look_up.iter().count() > 1
    }

    /// Whether another vault makes and reads exactly what this one does.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let ids = |vault: &Self| {
            let envelope: Vec<u32> = vault.envelope.iter().map(|(id, _)| id).collect();
            let look_up: Vec<u32> = vault.look_up.iter().map(|(id, _)| id).collect();
            (envelope, look_up, vault.seals_under(), vault.indexes_under())
        };
        ids(self) == ids(other)
    }

    /// Refuses an index under a look-up key that is not known: searches would miss what it names.
    pub(crate) fn check_known(&self, index: &[u8]) -> Result<(), StoreError> {
        let id = key_id(index).ok_or(StoreError::Sealing)?;
        if self.look_up.get(id).is_some() { Ok(()) } else { Err(StoreError::UnknownKey(id)) }
    }

    pub(crate) fn seal(&self, column: Column, row: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let id = self.seals_under();
        let key = self.envelope.get(id).ok_or(StoreError::UnknownKey(id))?;
        let mut sealed = Vec::with_capacity(HEADER + plain.len() + AES_256_GCM.tag_len());
        sealed.resize(HEADER, 0);
        sealed.extend_from_slice(plain);
        let mut place = [0; PLACE];
        let (nonce, tag) = key
            .seal_in_place_separate_tag(Aad::from(associated(column, row, &mut place)), &mut sealed[HEADER..])
            .map_err(|_| StoreError::Sealing)?;
        sealed[0] = VERSION;
        sealed[1..=KEY_ID].copy_from_slice(&id.to_be_bytes());
        sealed[1 + KEY_ID..HEADER].copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    pub(crate) fn open(&self, column: Column, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        match self.open_with_own(column, row, sealed) {
            Err(StoreError::UnknownKey(id)) => match self.reread() {
                Some(newer) => newer.open_with_own(column, row, sealed),
                None => Err(StoreError::UnknownKey(id)),
            },
            opened => opened,
        }
    }

    fn open_with_own(&self, column: Column, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (header, body) = sealed.split_at_checked(HEADER).ok_or(StoreError::Sealing)?;
        let id = key_id(&header[1..]).filter(|_| header[0] == VERSION).ok_or(StoreError::Sealing)?;
        let key = self.envelope.get(id).ok_or(StoreError::UnknownKey(id))?;
        let nonce = Nonce::try_assume_unique_for_key(&header[1 + KEY_ID..]).map_err(|_| StoreError::Sealing)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let mut place = [0; PLACE];
        let length =
            key.open_in_place(nonce, Aad::from(associated(column, row, &mut place)), &mut plain).map_err(|_| StoreError::Sealing)?.len();
        plain.truncate(length);
        Ok(plain)
    }

    /// The keyed index of a child: equal if the identifier and the date of birth are equal.
    pub(crate) fn look_up(&self, child: &ChildReference) -> LookUp {
        self.look_ups(child)[0]
    }

    /// The same under each known key, the one in force first. With one key, both are the same. Searches use both.
    pub(crate) fn look_ups(&self, child: &ChildReference) -> [LookUp; 2] {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        child.canonical(&mut bytes);
        self.under_each(|id, key| index(id, key, b"child\0", &[&bytes]))
    }

    /// The keyed index of an NHS number alone, as [`Vault::look_ups`] gives a child's.
    pub(crate) fn number_look_ups(&self, number: &NhsNumber) -> [LookUp; 2] {
        self.under_each(|id, key| index(id, key, b"nhs-number\0", &[number.as_str().as_bytes()]))
    }

    /// The keyed index of an identifier without a date of birth, as [`Vault::look_ups`] gives it with one.
    pub(crate) fn value_look_ups(&self, identifier: &ChildIdentifier) -> [LookUp; 2] {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        identifier.canonical(&mut bytes);
        self.under_each(|id, key| index(id, key, b"identifier\0", &[&bytes]))
    }

    fn under_each(&self, make: impl Fn(u32, &hmac::Key) -> LookUp) -> [LookUp; 2] {
        let mut made = [[0; INDEX]; 2];
        for (id, key) in self.look_up.iter() {
            let at = usize::from(id != self.indexes_under());
            made[at] = make(id, key);
            if !self.has_two_indexes() {
                made[1] = made[0];
            }
        }
        made
    }

    /// A digest of a record. It shows whether a record is unchanged, although each sealing differs. It is made under
    /// the key of the child's index.
    pub(crate) fn digest(&self, look_up: &LookUp, record: &[u8]) -> Result<LookUp, StoreError> {
        let (id, key) = self.key_of(look_up)?;
        Ok(index(id, key, b"record\0", &[look_up, record]))
    }

    /// The keyed index of an EHC case: the same whenever the same council sends the same child's
    /// request. It is made under the key of the child's index.
    pub(crate) fn case_index(&self, look_up: &LookUp, received_on: chrono::NaiveDate) -> Result<LookUp, StoreError> {
        let (id, key) = self.key_of(look_up)?;
        Ok(index(id, key, b"case\0", &[look_up, &chrono::Datelike::num_days_from_ce(&received_on).to_be_bytes()]))
    }

    /// An id that follows from what it is of, and tells nothing of it.
    pub(crate) fn derived_id(&self, label: &[u8], parts: &[&[u8]]) -> Result<Uuid, StoreError> {
        let id = self.indexes_under();
        let key = self.look_up.get(id).ok_or(StoreError::UnknownKey(id))?;
        Ok(uuid_of(&index(id, key, label, parts)))
    }

    fn key_of(&self, index: &LookUp) -> Result<(u32, &hmac::Key), StoreError> {
        let id = key_id(index).ok_or(StoreError::Sealing)?;
        self.look_up.get(id).map(|key| (id, key)).ok_or(StoreError::UnknownKey(id))
    }
}

/// Bytes of a value made with a look-up key: the key's id, then the tag.
const INDEX: usize = KEY_ID + 16;

/// A value made with a look-up key, such as a child's keyed index.
pub(crate) type LookUp = [u8; INDEX];

/// The id that a case keeps from the first time it is sent. It outlives the key that it was made under.
pub(crate) fn case_id(index: &LookUp) -> CaseId {
    CaseId(uuid_of(index))
}

fn uuid_of(index: &LookUp) -> Uuid {
    let mut id = [0; 16];
    id.copy_from_slice(&index[KEY_ID..]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

/// The id of the key at the start of an index, or after the version of a sealed value.
pub(crate) fn key_id(bytes: &[u8]) -> Option<u32> {
    bytes.get(..KEY_ID)?.try_into().ok().map(u32::from_be_bytes)
}

/// The id of the key that a value is sealed under.
pub(crate) fn sealed_under(sealed: &[u8]) -> Option<u32> {
    sealed.split_first().filter(|(version, _)| **version == VERSION).and_then(|(_, rest)| key_id(rest))
}

fn index(id: u32, key: &hmac::Key, label: &[u8], parts: &[&[u8]]) -> LookUp {
    let mut context = hmac::Context::with_key(key);
    context.update(label);
    for part in parts {
        context.update(part);
    }
    let mut index = [0; INDEX];
    index[..KEY_ID].copy_from_slice(&id.to_be_bytes());
    index[KEY_ID..].copy_from_slice(&context.sign().as_ref()[..INDEX - KEY_ID]);
    index
}

/// The row key of a sealed value that belongs to a UUID.
pub(crate) fn uuid_row(id: Uuid) -> [u8; 16] {
    id.into_bytes()
}

/// Long enough for the longest label and a row key of an organisation and a referral id.
const PLACE: usize = 128;

/// The column and row as associated data. A longer row key is never made; it would be cut the same way when sealing and
/// opening.
fn associated<'a>(column: Column, row: &[u8], place: &'a mut [u8; PLACE]) -> &'a [u8] {
    let label = column.label().as_bytes();
    let length = row.len().min(PLACE - label.len() - 1);
    place[..label.len()].copy_from_slice(label);
    place[label.len()] = 0;
    place[label.len() + 1..][..length].copy_from_slice(&row[..length]);
    &place[..label.len() + 1 + length]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys with these ids, the last in force.
    fn ring(ids: &[u32]) -> Ring<KeyBytes> {
        let keys = ids.iter().map(|id| (*id, Zeroizing::new([u8::try_from(*id).unwrap(); 32]))).collect();
        Ring::new(keys, *ids.last().unwrap()).unwrap()
    }

    fn vault(ids: &[u32]) -> Vault {
        Vault::new(&ring(ids), &ring(ids)).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_in_its_own_place_only() {
        let vault = vault(&[1]);
        let sealed = vault.seal(Column::Advice, b"row", b"needs").unwrap();
        assert_eq!(vault.open(Column::Advice, b"row", &sealed).unwrap().as_slice(), b"needs");
        assert!(vault.open(Column::Advice, b"other", &sealed).is_err());
        assert!(vault.open(Column::Record, b"row", &sealed).is_err());
    }

    #[test]
    fn a_value_with_a_changed_byte_or_cut_short_does_not_open() {
        let vault = vault(&[1]);
        let sealed = vault.seal(Column::Record, b"row", b"value").unwrap();
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(vault.open(Column::Record, b"row", &broken).is_err(), "byte {at}");
            assert!(vault.open(Column::Record, b"row", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_value_under_an_older_key_still_opens_after_a_newer_one_came() {
        let sealed = vault(&[1]).seal(Column::Record, b"row", b"value").unwrap();
        assert!(vault(&[1, 2]).open(Column::Record, b"row", &sealed).is_ok());
        assert!(vault(&[2]).open(Column::Record, b"row", &sealed).is_err());
        assert_eq!(vault(&[1, 2]).seal(Column::Record, b"row", b"value").unwrap()[4], 2);
    }

    #[test]
    fn an_unknown_key_is_asked_for_once_more() {
        let sealed = vault(&[1, 2]).seal(Column::Record, b"row", b"value").unwrap();
        assert!(matches!(vault(&[1]).open(Column::Record, b"row", &sealed), Err(StoreError::UnknownKey(2))));
        let told = vault(&[1]).with_reread(Arc::new(|| Some(Arc::new(vault(&[1, 2])))));
        assert_eq!(told.open(Column::Record, b"row", &sealed).unwrap().as_slice(), b"value");
        let in_vain = vault(&[1]).with_reread(Arc::new(|| Some(Arc::new(vault(&[1])))));
        assert!(matches!(in_vain.open(Column::Record, b"row", &sealed), Err(StoreError::UnknownKey(2))));
    }

    #[test]
    fn two_sealings_of_one_value_differ_and_their_digests_agree() {
        let vault = vault(&[1]);
        assert_ne!(vault.seal(Column::Record, b"row", b"value").unwrap(), vault.seal(Column::Record, b"row", b"value").unwrap());
        let (ada, bea) = (vault.look_up(&child(1)), vault.look_up(&child(2)));
        assert_eq!(vault.digest(&ada, b"value").unwrap(), vault.digest(&ada, b"value").unwrap());
        assert_ne!(vault.digest(&ada, b"value").unwrap(), vault.digest(&bea, b"value").unwrap());
    }

    fn child(nth: usize) -> ChildReference {
        let number = (999_000_001..).filter_map(domain::NhsNumber::from_first_nine).nth(nth).unwrap();
        ChildReference::by_nhs_number(number, chrono::NaiveDate::from_ymd_opt(2016, 5, 4).unwrap())
    }

    #[test]
    fn what_is_derived_names_its_key_and_either_of_two_keys_finds_it() {
        let (before, during, after) = (vault(&[1]), vault(&[1, 2]), vault(&[2]));
        let [now, other] = during.look_ups(&child(1));
        assert_eq!((key_id(&now), key_id(&other)), (Some(2), Some(1)));
        assert_eq!((other, now), (before.look_up(&child(1)), after.look_up(&child(1))));
        let number = child(1).nhs_number().copied().unwrap();
        assert_eq!(during.number_look_ups(&number), [after.number_look_ups(&number)[0], before.number_look_ups(&number)[0]]);
        assert_eq!(before.look_ups(&child(1))[0], before.look_ups(&child(1))[1]);
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        for (index, whole) in [(now, &after), (other, &before)] {
            assert_eq!(during.digest(&index, b"value").unwrap(), whole.digest(&index, b"value").unwrap());
            assert_eq!(during.case_index(&index, day).unwrap(), whole.case_index(&index, day).unwrap());
        }
        assert!(matches!(after.digest(&other, b"value"), Err(StoreError::UnknownKey(1))));
        assert!(after.check_known(&now).is_ok() && matches!(after.check_known(&other), Err(StoreError::UnknownKey(1))));
    }

    #[test]
    fn there_are_never_three_look_up_keys() {
        assert!(Vault::new(&ring(&[1, 2, 3]), &ring(&[1, 2])).is_ok());
        assert!(Vault::new(&ring(&[1]), &ring(&[1, 2, 3])).is_err());
    }
}
