//! The gateway's own keys and its clients' signing keys, made with aws-lc's random generator.

use std::path::Path;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use trust::write_secret_file;

use super::LayOutError;

/// Each file is one line, `1:` (the key's id) and 32 random bytes in base64.
const SYMMETRIC: [&str; 5] = ["envelope.key", "look-up.key", "pairwise.key", "release.key", "checkpoint.key"];

/// Writes the keys of a gateway into a folder.
pub(super) fn write(folder: &Path) -> Result<(), LayOutError> {
    let signing = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    write_secret_file(&folder.join("token-signing.pem"), signing.serialize_pem().as_bytes())?;
    for name in SYMMETRIC {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| LayOutError::Randomness)?;
        write_secret_file(&folder.join(name), format!("1:{}\n", STANDARD.encode(key)).as_bytes())?;
    }
    Ok(())
}

/// Writes the key that a client signs assertions with; answers its public half, a JWK written in TOML.
pub(super) fn write_signing_key(path: &Path) -> Result<String, LayOutError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    write_secret_file(path, key.serialize_pem().as_bytes())?;
    // 0x04, then both coordinates.
    let (x, y) = key.public_key_raw().split_at_checked(33).ok_or(rcgen::Error::CouldNotParseKeyPair)?;
    let [x, y] = [&x[1..], y].map(|part| URL_SAFE_NO_PAD.encode(part));
    Ok(format!(r#"{{ kty = "EC", crv = "P-256", alg = "ES256", x = "{x}", y = "{y}" }}"#))
}
