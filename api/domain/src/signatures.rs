//! Who signs: the public keys of clients, and of outside issuers whose tokens count for some clients.

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
    /// For P-256 the uncompressed point (65 bytes), for Ed25519 the encoded one (32).
    Point(Vec<u8>),
    /// Both big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

/// An outside authorization server, whose access tokens count for the clients it is named with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIssuer {
    /// The `iss` of its tokens.
    pub url: String,
    /// The `aud` that means this gateway.
    pub audience: String,
    /// The ids of the clients it may speak for.
    pub clients: Vec<String>,
    pub keys: Vec<PublicKey>,
}

impl TokenIssuer {
    pub fn speaks_for(&self, client: &str) -> bool {
        self.clients.iter().any(|listed| listed == client)
    }
}
