//! Makes tokens that are right in every way, or wrong in exactly one.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData};
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

/// Sets a member to JSON null. In a change, null itself removes the member.
pub(super) const NULL: &str = "\0null";

/// A key that signs.
pub(super) struct Key {
    pub(super) pem: String,
    pub(super) public_pem: String,
    pub(super) public_der: Vec<u8>,
    pub(super) algorithm: Algorithm,
    pub(super) encoding: EncodingKey,
    /// The key's thumbprint, which is its name if it has no other.
    pub(super) id: String,
    pub(super) jwk: Value,
}

impl Key {
    pub(super) fn read(pem: &str, algorithm: Algorithm) -> Self {
        let bytes = pem.as_bytes();
        let encoding = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(bytes),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(bytes),
            _ => EncodingKey::from_rsa_pem(bytes),
        };
        let encoding = encoding.unwrap();
        let pair = KeyPair::from_pem(pem).unwrap();
        let jwk = match algorithm {
            Algorithm::EdDSA => Jwk::from_decoding_key(&DecodingKey::from_ed_der(pair.public_key_raw()), Some(algorithm)).unwrap(),
            _ => Jwk::from_encoding_key(&encoding, algorithm).unwrap(),
        };
        Self {
            pem: pem.to_owned(),
            public_pem: pair.public_key_pem(),
            public_der: pair.subject_public_key_info(),
            algorithm,
            encoding,
            id: jwk.thumbprint(ThumbprintHash::SHA256).unwrap(),
            jwk: serde_json::to_value(jwk).unwrap(),
        }
    }

    pub(super) fn generate(algorithm: Algorithm) -> Self {
        let kind = match algorithm {
            Algorithm::ES256 => &PKCS_ECDSA_P256_SHA256,
            Algorithm::ES384 => &PKCS_ECDSA_P384_SHA384,
            Algorithm::EdDSA => &PKCS_ED25519,
            _ => &PKCS_RSA_SHA256,
        };
        Self::read(&KeyPair::generate_for(kind).unwrap().serialize_pem(), algorithm)
    }

    /// The key as the partnership file writes it.
    pub(super) fn in_toml(&self, id: &str) -> String {
        let members = self.jwk.as_object().unwrap().iter().filter(|(name, _)| *name != "kid");
        let members: Vec<_> = members.map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{{ kid = \"{id}\", {} }}", members.join(", "))
    }

    pub(super) fn sign(&self, message: &str) -> String {
        crypto::sign(message.as_bytes(), &self.encoding, self.algorithm).unwrap()
    }
}

/// Keys that the gateway does not know, one of each kind.
pub(super) static STRANGE: LazyLock<Vec<Key>> = LazyLock::new(|| {
    [Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::RS256, Algorithm::RS512, Algorithm::PS256].map(Key::generate).into()
});

pub(super) fn strange(algorithm: Algorithm) -> &'static Key {
    STRANGE.iter().find(|key| key.algorithm == algorithm).unwrap()
}

/// Makes tokens of one signer. Each token has its own id.
pub(super) struct Forge {
    pub(super) key: Key,
    pub(super) header: Value,
    /// Times are seconds from now.
    pub(super) claims: Value,
}

static IDS: AtomicU64 = AtomicU64::new(0);

pub(super) fn now() -> i64 {
    trust::Clock::system().now().timestamp()
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The object with members replaced; null removes a member.
pub(super) fn changed(object: &Value, change: &Value) -> Value {
    let mut object = object.clone();
    for (name, to) in change.as_object().unwrap() {
        match to {
            Value::Null => object.as_object_mut().unwrap().remove(name),
            to if *to == json!(NULL) => object.as_object_mut().unwrap().insert(name.clone(), Value::Null),
            to => object.as_object_mut().unwrap().insert(name.clone(), to.clone()),
        };
    }
    object
}

impl Forge {
    /// The claims of a new token.
    pub(super) fn claims(&self) -> Value {
        let mut claims = self.claims.clone();
        for time in ["iat", "nbf", "exp"] {
            if let Some(seconds) = claims.get(time).and_then(Value::as_i64) {
                claims[time] = json!(now() + seconds);
            }
        }
        claims["jti"] = json!(format!("jti-{}-{}", now(), IDS.fetch_add(1, Ordering::SeqCst)));
        claims
    }

    pub(super) fn right(&self) -> String {
        self.with(&json!({}), &json!({}))
    }

    /// A changed token, signed with the signer's own key.
    pub(super) fn with(&self, header: &Value, claims: &Value) -> String {
        self.of(changed(&self.header, header).to_string(), changed(&self.claims(), claims).to_string())
    }

    pub(super) fn of(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        self.signed(&format!("{}.{}", encode(header), encode(claims)))
    }

    pub(super) fn signed(&self, message: &str) -> String {
        format!("{message}.{}", self.key.sign(message))
    }

    /// A token with other times, in seconds from now.
    pub(super) fn at(&self, times: &[(&str, i64)]) -> String {
        let times: Value =
            times.iter().map(|(name, seconds)| ((*name).to_owned(), json!(now() + seconds))).collect::<serde_json::Map<_, _>>().into();
        self.with(&json!({}), &times)
    }

    /// A right token with another key's algorithm and signature, under the right key's name.
    pub(super) fn by(&self, key: &Key, algorithm: &str) -> String {
        let header = changed(&self.header, &json!({ "alg": algorithm }));
        let message = format!("{}.{}", encode(header.to_string()), encode(self.claims().to_string()));
        format!("{message}.{}", key.sign(&message))
    }

    /// A right token with an HMAC in place of its signature.
    pub(super) fn hmac(&self, algorithm: Algorithm, secret: &[u8]) -> String {
        let header = changed(&self.header, &json!({ "alg": format!("{algorithm:?}") }));
        let message = format!("{}.{}", encode(header.to_string()), encode(self.claims().to_string()));
        format!("{message}.{}", crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), algorithm).unwrap())
    }

    /// A right token with another signature, which `make` makes from its message and signature.
    pub(super) fn resigned(&self, make: impl Fn(&str, &str) -> String) -> String {
        let token = self.right();
        let (message, signature) = token.rsplit_once('.').unwrap();
        format!("{message}.{}", make(message, signature))
    }

    /// The signature in OpenSSL's format, not in JWS's.
    pub(super) fn asn1(&self, message: &str) -> String {
        let der = rustls::pki_types::PrivateKeyDer::from_pem_slice(self.key.pem.as_bytes()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.secret_der()).unwrap();
        encode(pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap())
    }

    /// A right token signed with a secp256k1 key.
    pub(super) fn es256k(&self) -> String {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256K1_SHA256_FIXED_SIGNING).unwrap();
        let header = changed(&self.header, &json!({ "alg": "ES256K" }));
        let message = format!("{}.{}", encode(header.to_string()), encode(self.claims().to_string()));
        format!("{message}.{}", encode(pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap()))
    }
}

/// The change that is made to a right token.
pub(super) enum Edit {
    Header(Value),
    Claims(Value),
    Times(Vec<(&'static str, i64)>),
    Make(Box<dyn Fn(&Forge) -> String + Send + Sync>),
}

/// One named case.
pub(super) struct Row {
    pub(super) name: String,
    edit: Edit,
}

impl Row {
    pub(super) fn make(&self, forge: &Forge) -> String {
        match &self.edit {
            Edit::Header(change) => forge.with(change, &json!({})),
            Edit::Claims(change) => forge.with(&json!({}), change),
            Edit::Times(times) => forge.at(times),
            Edit::Make(make) => make(forge),
        }
    }
}

pub(super) fn header(change: Value) -> Row {
    Row { name: format!("header {change}"), edit: Edit::Header(change) }
}

pub(super) fn claims(change: Value) -> Row {
    Row { name: format!("claims {change}"), edit: Edit::Claims(change) }
}

pub(super) fn times(times: &[(&'static str, i64)]) -> Row {
    Row { name: format!("times from now {times:?}"), edit: Edit::Times(times.to_vec()) }
}

pub(super) fn made(name: &str, make: impl Fn(&Forge) -> String + Send + Sync + 'static) -> Row {
    Row { name: name.to_owned(), edit: Edit::Make(Box::new(make)) }
}
