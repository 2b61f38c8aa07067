//! Who signs: the public keys of clients, and of outside issuers whose tokens count for some clients.

use crate::partnerships::{Client, Fault, Section};

closed! {
    /// What a signature may be made with (RFC 7518, RFC 8037). RS512 is for NHS clients that know no other.
    pub enum SignatureAlgorithm {
        Es256 = "ES256",
        EdDsa = "EdDSA",
        Ps256 = "PS256",
        Rs512 = "RS512",
    }
}

closed! {
    /// How a client may prove itself when it asks for a token.
    pub enum Authentication {
        /// By its certificate alone (`tls_client_auth`, RFC 8705).
        Tls = "tls",
        /// By a signed assertion over a connection with its certificate (`private_key_jwt`, RFC 7523).
        PrivateKeyJwt = "private-key-jwt",
        Either = "either",
    }
}

/// A public key, and the one algorithm whose signatures it verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What a token's header calls it (`kid`).
    pub id: String,
    pub algorithm: SignatureAlgorithm,
    pub material: KeyMaterial,
}

/// The bytes of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyMaterial {
    /// Of P-256 the uncompressed point (65 bytes), of Ed25519 the encoded one (32).
    Point(Vec<u8>),
    /// Both big-endian, without leading noughts.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

/// An authorization server outside, whose access tokens count for the clients it is named with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The `iss` of its tokens.
    pub url: String,
    /// The `aud` by which it means this gateway.
    pub audience: String,
    /// The ids of the clients it may speak for.
    pub clients: Vec<String>,
    pub keys: Vec<PublicKey>,
}

impl Issuer {
    pub fn speaks_for(&self, client: &str) -> bool {
        self.clients.iter().any(|listed| listed == client)
    }
}

/// What does not make sense about the keys of clients and about issuers.
pub(crate) fn faults(clients: &[Client], issuers: &[Issuer]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |section, index, field, message: String| faults.push(Fault { section, index, field, message });
    let mut earlier: Vec<&PublicKey> = Vec::new();
    let of_clients = clients.iter().enumerate().map(|(index, client)| (Section::Client, index, &client.keys));
    let of_issuers = issuers.iter().enumerate().map(|(index, issuer)| (Section::Issuer, index, &issuer.keys));
    for (section, index, keys) in of_clients.chain(of_issuers) {
        for (position, key) in keys.iter().enumerate() {
            if keys[..position].iter().any(|other| other.id == key.id) {
                fault(section, index, "keys", format!("two keys of one signer are called {}", key.id));
            }
            // Whoever holds it could sign as the other, or with an algorithm that was not meant.
            if earlier.iter().any(|other| other.material == key.material) {
                fault(section, index, "keys", format!("the key {} stands in this file twice", key.id));
            }
            earlier.push(key);
        }
    }
    for (index, client) in clients.iter().enumerate() {
        if client.authentication != Authentication::Tls && client.keys.is_empty() {
            fault(Section::Client, index, "authentication", "the client has no keys to sign with".into());
        }
    }
    for (index, issuer) in issuers.iter().enumerate() {
        if issuers[..index].iter().any(|other| other.url == issuer.url) {
            fault(Section::Issuer, index, "url", format!("{} stands here twice", issuer.url));
        }
        if !issuer.url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#'])) {
            fault(Section::Issuer, index, "url", "an issuer is https:// without a query or a fragment (RFC 8414, 2)".into());
        }
        if issuer.audience.is_empty() {
            fault(Section::Issuer, index, "audience", "an issuer's tokens name this gateway".into());
        }
        if issuer.keys.is_empty() {
            fault(Section::Issuer, index, "keys", "an issuer has keys".into());
        }
        if issuer.clients.is_empty() {
            fault(Section::Issuer, index, "clients", "an issuer speaks for named clients".into());
        }
        for id in issuer.clients.iter().filter(|id| !clients.iter().any(|client| client.id == **id)) {
            fault(Section::Issuer, index, "clients", format!("{id} is not a client of this file"));
        }
    }
    faults
}
