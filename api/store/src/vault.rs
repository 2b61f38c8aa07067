//! Encryption at rest and the keyed index.
//!
//! A sealed value is `0x01 ‖ key id (4 bytes) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. Its
//! associated data names the column and the row, so that no value can be moved to another place.
//! Nonces are random: change the envelope key before it has sealed 2³² values (NIST SP 800-38D).

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::children::ChildReference;
use domain::identifiers::CaseId;
use domain::nhs_numbers::NhsNumber;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::StoreError;

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + NONCE_LEN;

/// Bytes of a secret key, cleared when dropped.
pub type KeyBytes = Zeroizing<[u8; 32]>;

/// Why a key file could not be read. It never repeats the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key file holds lines `ID:BASE64`, an id above 0 and 32 bytes each")]
pub struct KeyFileError;

/// The keys of one file by id; the highest is the current one.
pub fn parse_keys(text: &str) -> Result<BTreeMap<u32, KeyBytes>, KeyFileError> {
    let mut keys = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (id, encoded) = line.split_once(':').ok_or(KeyFileError)?;
        let id: u32 = id.parse().ok().filter(|id| *id > 0).ok_or(KeyFileError)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| KeyFileError)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyFileError)?;
        if keys.insert(id, Zeroizing::new(bytes)).is_some() {
            return Err(KeyFileError);
        }
    }
    if keys.is_empty() { Err(KeyFileError) } else { Ok(keys) }
}

/// A place in the database: which column a sealed value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    ChildReference,
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
    const fn label(self) -> &'static [u8] {
        match self {
            Self::ChildReference => b"child.sealed_reference",
            Self::Record => b"record.sealed_record",
            Self::ConsentEvidence => b"consent.sealed_evidence",
            Self::ConsentReason => b"consent.sealed_reason",
            Self::ConsentReview => b"consent.sealed_review",
            Self::RestrictionReason => b"restriction.sealed_reason",
            Self::RestrictionLifting => b"restriction.sealed_lifting",
            Self::OverrideReason => b"caldicott_override.sealed_reason",
            Self::OptOutNumber => b"opt_out.sealed_number",
            Self::AdviceRequest => b"advice_request.sealed_request",
            Self::Advice => b"advice_request.sealed_advice",
            Self::HoldReason => b"legal_hold.sealed_reason",
            Self::HoldRelease => b"legal_hold.sealed_release",
            Self::ErasureReason => b"erasure.sealed_reason",
            Self::ErasureLifting => b"erasure.sealed_lifting",
            Self::RectificationReason => b"rectification.sealed_reason",
            Self::DisputeReason => b"dispute.sealed_reason",
            Self::DisputeSettlement => b"dispute.sealed_settlement",
            Self::Tombstone => b"tombstone.sealed_mark",
        }
    }
}

/// The keys that the store needs.
pub struct Vault {
    envelope: BTreeMap<u32, RandomizedNonceKey>,
    current: u32,
    look_up: hmac::Key,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// A vault of envelope keys by id and one look-up key.
    pub fn new(envelope: &BTreeMap<u32, KeyBytes>, look_up: &KeyBytes) -> Result<Self, StoreError> {
        let current = *envelope.keys().next_back().ok_or(StoreError::Sealing)?;
        let open = |bytes: &KeyBytes| RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice()).map_err(|_| StoreError::Sealing);
        let envelope = envelope.iter().map(|(id, bytes)| Ok((*id, open(bytes)?))).collect::<Result<_, StoreError>>()?;
        Ok(Self { envelope, current, look_up: hmac::Key::new(hmac::HMAC_SHA256, look_up.as_slice()) })
    }

    pub(crate) fn seal(&self, column: Column, row: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let key = self.envelope.get(&self.current).ok_or(StoreError::Sealing)?;
        let mut sealed = Vec::with_capacity(HEADER + plain.len() + AES_256_GCM.tag_len());
        sealed.resize(HEADER, 0);
        sealed.extend_from_slice(plain);
        let mut place = [0; PLACE];
        let (nonce, tag) = key
            .seal_in_place_separate_tag(Aad::from(associated(column, row, &mut place)), &mut sealed[HEADER..])
            .map_err(|_| StoreError::Sealing)?;
        sealed[0] = VERSION;
        sealed[1..5].copy_from_slice(&self.current.to_be_bytes());
        sealed[5..HEADER].copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    pub(crate) fn open(&self, column: Column, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let (header, body) = sealed.split_at_checked(HEADER).ok_or(StoreError::Sealing)?;
        let id = header[1..5].try_into().map(u32::from_be_bytes).map_err(|_| StoreError::Sealing)?;
        let key = self.envelope.get(&id).filter(|_| header[0] == VERSION).ok_or(StoreError::Sealing)?;
        let nonce = Nonce::try_assume_unique_for_key(&header[5..]).map_err(|_| StoreError::Sealing)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let mut place = [0; PLACE];
        let length =
            key.open_in_place(nonce, Aad::from(associated(column, row, &mut place)), &mut plain).map_err(|_| StoreError::Sealing)?.len();
        plain.truncate(length);
        Ok(plain)
    }

    /// The keyed index of a child: equal where the identifier and the date of birth are.
    pub(crate) fn look_up(&self, child: &ChildReference) -> LookUp {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        child.canonical(&mut bytes);
        let mut key = [0; 16];
        key.copy_from_slice(&self.tag(b"child", &bytes)[..16]);
        key
    }

    /// The keyed index of an NHS number alone.
    pub(crate) fn number_look_up(&self, number: &NhsNumber) -> LookUp {
        let mut key = [0; 16];
        key.copy_from_slice(&self.tag(b"nhs-number", number.as_str().as_bytes())[..16]);
        key
    }

    /// The keyed index of what was erased or moved, within an organisation.
    pub(crate) fn tombstone_look_up(&self, organisation: &str, mark: &[u8]) -> LookUp {
        let mut key = [0; 16];
        key.copy_from_slice(&self.tag(b"tombstone", &[organisation.as_bytes(), b"\0", mark].concat())[..16]);
        key
    }

    /// A digest of a record, by which an unchanged one is known although each sealing differs.
    pub(crate) fn digest(&self, look_up: &LookUp, record: &[u8]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.look_up);
        context.update(b"record\0");
        context.update(look_up);
        context.update(record);
        let mut digest = [0; 16];
        digest.copy_from_slice(&context.sign().as_ref()[..16]);
        digest
    }

    /// The id of an EHC case: the same whenever the same council sends the same child's request.
    pub(crate) fn case_id(&self, look_up: &LookUp, received_on: chrono::NaiveDate) -> CaseId {
        let mut bytes = look_up.to_vec();
        bytes.extend_from_slice(&chrono::Datelike::num_days_from_ce(&received_on).to_be_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&self.tag(b"case", &bytes)[..16]);
        CaseId(uuid::Builder::from_custom_bytes(id).into_uuid())
    }

    fn tag(&self, label: &[u8], bytes: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.look_up);
        context.update(label);
        context.update(b"\0");
        context.update(bytes);
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}

/// A child's keyed index.
pub(crate) type LookUp = [u8; 16];

/// The row key of a sealed value that belongs to a UUID.
pub(crate) fn uuid_row(id: Uuid) -> [u8; 16] {
    id.into_bytes()
}

/// Long enough for the longest label and a row key of an organisation and a referral id.
const PLACE: usize = 128;

/// The place as associated data; a longer row key is never made, and would be cut alike by both.
fn associated<'a>(column: Column, row: &[u8], place: &'a mut [u8; PLACE]) -> &'a [u8] {
    let label = column.label();
    let length = row.len().min(PLACE - label.len() - 1);
    place[..label.len()].copy_from_slice(label);
    place[label.len()] = 0;
    place[label.len() + 1..][..length].copy_from_slice(&row[..length]);
    &place[..label.len() + 1 + length]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(ids: &[u32]) -> Vault {
        let keys = ids.iter().map(|id| (*id, Zeroizing::new([u8::try_from(*id).unwrap(); 32]))).collect();
        Vault::new(&keys, &Zeroizing::new([9; 32])).unwrap()
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
    fn no_flipped_byte_and_no_cut_opens() {
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
    fn two_sealings_of_one_value_differ_and_their_digests_agree() {
        let vault = vault(&[1]);
        assert_ne!(vault.seal(Column::Record, b"row", b"value").unwrap(), vault.seal(Column::Record, b"row", b"value").unwrap());
        assert_eq!(vault.digest(&[1; 16], b"value"), vault.digest(&[1; 16], b"value"));
        assert_ne!(vault.digest(&[1; 16], b"value"), vault.digest(&[2; 16], b"value"));
    }

    #[test]
    fn key_files_are_read_strictly() {
        let key = STANDARD.encode([7; 32]);
        assert_eq!(parse_keys(&format!("1:{key}\n2:{key}\n")).unwrap().len(), 2);
        for wrong in ["", "1", "0:AAAA", &format!("1:{key}\n1:{key}"), &format!("x:{key}"), "1:AAAA"] {
            assert_eq!(parse_keys(wrong).unwrap_err(), KeyFileError);
        }
    }
}
