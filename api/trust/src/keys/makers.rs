//! Makes new keys with aws-lc's generator.

use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Form, KeysError};

/// Makes a new key in its written form.
pub(super) fn make(form: Form) -> Result<Zeroizing<String>, KeysError> {
    match form {
        Form::Secret => {
            let mut key = Zeroizing::new([0; 32]);
            rand::fill(key.as_mut_slice()).map_err(|_| KeysError::Randomness)?;
            Ok(Zeroizing::new(STANDARD.encode(key.as_slice())))
        }
        Form::P256 => {
            let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
            Ok(pem(pair.map_err(|_| KeysError::Randomness)?.as_ref()))
        }
    }
}

fn pem(der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    let mut pem = Zeroizing::new(String::with_capacity(encoded.len() * 2 + 64));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    for line in encoded.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
