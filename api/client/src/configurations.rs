//! `client.toml`: where the gateway is, and by what a client makes itself known.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::ClientError;

/// A client's configuration. Paths are absolute, or relative to the folder of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// `https://host:port` of the partner API, without a path.
    pub gateway: String,
    pub client_id: String,
    /// The client's certificate and what issued it, leaf first, PEM.
    pub certificate: PathBuf,
    /// Its private key, PKCS#8 PEM.
    pub key: PathBuf,
    /// The only authority whose certificates the client accepts from a gateway, PEM.
    pub authority: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigurationWire {
    gateway: String,
    client_id: String,
    certificate: PathBuf,
    key: PathBuf,
    authority: PathBuf,
}

impl Configuration {
    /// Reads a `client.toml`.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let fault = |reason: String| ClientError::Configuration { path: path.to_path_buf(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let wire: ConfigurationWire = toml::from_str(&text).map_err(|error| fault(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            gateway: wire.gateway,
            client_id: wire.client_id,
            certificate: folder.join(wire.certificate),
            key: folder.join(wire.key),
            authority: folder.join(wire.authority),
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
    fn a_misspelt_name_is_refused_and_not_ignored() {
        assert!(matches!(read(&FILE.replace("client_id", "clientid")), Err(ClientError::Configuration { .. })));
    }
}
