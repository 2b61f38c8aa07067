//! `client.toml`: where the gateway is, and how a client proves who it is.

use std::path::{Path, PathBuf};

use domain::SignatureAlgorithm;
use serde::Deserialize;

use crate::ClientError;

/// A client's configuration. Paths are absolute, or relative to the file's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// `https://host:port` of the partner API, without a path.
    pub gateway: String,
    /// The gateway's name as the issuer of tokens. If it is left out, the gateway's metadata says it.
    pub issuer: Option<String>,
    pub client_id: String,
    /// The client's certificate, then its issuers' certificates, PEM.
    pub certificate: PathBuf,
    /// The certificate's private key, PKCS#8 PEM.
    pub key: PathBuf,
    /// The only authority whose certificates the client accepts from a gateway, PEM.
    pub authority: PathBuf,
    /// The key that signs assertions. Without one, the certificate alone proves who the client is.
    pub signing: Option<Signing>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// A private key, PKCS#8 PEM.
    pub key: PathBuf,
    /// The key's name in the partnership file; by default its thumbprint (RFC 7638).
    pub key_id: Option<String>,
    /// For an RSA key, RS512 or PS256 (the default). Other kinds of key have one algorithm each.
    pub algorithm: Option<SignatureAlgorithm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigurationWire {
    gateway: String,
    issuer: Option<String>,
    client_id: String,
    certificate: PathBuf,
    key: PathBuf,
    authority: PathBuf,
    signing_key: Option<PathBuf>,
    signing_key_id: Option<String>,
    signing_algorithm: Option<SignatureAlgorithm>,
}

impl Configuration {
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let fault = |reason: String| ClientError::Configuration { path: path.to_path_buf(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let wire: ConfigurationWire = toml::from_str(&text).map_err(|error| fault(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let signing = match wire.signing_key {
            Some(key) => Some(Signing { key: folder.join(key), key_id: wire.signing_key_id, algorithm: wire.signing_algorithm }),
            None if wire.signing_key_id.is_some() || wire.signing_algorithm.is_some() => {
                return Err(fault("there is no signing_key for signing_key_id or signing_algorithm".into()));
            }
            None => None,
        };
        Ok(Self {
            gateway: wire.gateway,
            issuer: wire.issuer,
            client_id: wire.client_id,
            certificate: folder.join(wire.certificate),
            key: folder.join(wire.key),
            authority: folder.join(wire.authority),
            signing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
gateway = "https://127.0.0.1:8443"
client_id = "provider-hct"
certificate = "cert.pem"
key = "key.pem"
authority = "../../pki/ca.pem"
"#;

    fn read(text: &str) -> Result<Configuration, ClientError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.toml");
        std::fs::write(&path, text).unwrap();
        Configuration::read(&path).map(|mut read| {
            read.key = read.key.strip_prefix(folder.path()).unwrap().to_path_buf();
            read
        })
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let read = read(FILE).unwrap();
        assert_eq!((read.client_id.as_str(), read.key.as_path()), ("provider-hct", Path::new("key.pem")));
        assert!(read.authority.ends_with("../../pki/ca.pem") && read.authority.is_absolute());
    }

    #[test]
    fn a_signing_key_may_be_named_with_its_id_and_algorithm() {
        assert_eq!((read(FILE).unwrap().signing, read(FILE).unwrap().issuer), (None, None));
        let signing = read(&format!("{FILE}signing_key = \"s.pem\"\nsigning_key_id = \"k\"\nsigning_algorithm = \"RS512\""));
        let signing = signing.unwrap().signing.unwrap();
        assert!(signing.key.is_absolute() && signing.key.ends_with("s.pem"));
        assert_eq!((signing.key_id.as_deref(), signing.algorithm), (Some("k"), Some(SignatureAlgorithm::Rs512)));
        assert!(read(&format!("{FILE}signing_key_id = \"k\"")).is_err(), "an id of no key");
        assert!(read(&format!("{FILE}signing_key = \"s.pem\"\nsigning_algorithm = \"HS256\"")).is_err());
    }

    #[test]
    fn a_misspelt_name_is_refused_and_not_ignored() {
        assert!(matches!(read(&FILE.replace("client_id", "clientid")), Err(ClientError::Configuration { .. })));
    }
}
