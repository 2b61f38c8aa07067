//! The gateway's own keys, drawn from aws-lc's generator.

use std::path::Path;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};

use super::{LayOutError, files};

/// Each file is one line, `1:` (the key's id) and 32 random bytes in base64.
const SYMMETRIC: [&str; 5] = ["envelope.key", "look-up.key", "pairwise.key", "release.key", "checkpoint.key"];

/// Writes the keys of a gateway into a folder.
pub(super) fn write(folder: &Path) -> Result<(), LayOutError> {
    let signing = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    files::write(&folder.join("token-signing.pem"), signing.serialize_pem().as_bytes())?;
    for name in SYMMETRIC {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| LayOutError::Randomness)?;
        files::write(&folder.join(name), format!("1:{}\n", STANDARD.encode(key)).as_bytes())?;
    }
    Ok(())
}
