//! A demonstration partnership in a folder: everything a gateway and its clients need, made up and
//! signed on the spot.

mod authorities;
mod secrets;
pub(crate) mod story;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::{Months, NaiveDate};
use trust::{FileError, create_secret_folder, write_secret_file};

use authorities::{Authority, Identity};

pub use authorities::revoke;

const GATEWAY: &str = include_str!("demonstration/gateway.toml");
const PARTNERSHIP: &str = include_str!("demonstration/partnership.toml");
const CLIENT: &str = include_str!("demonstration/client.toml");

/// The clients of the demonstration, as its partnership file lists them.
pub const CLIENTS: [&str; 7] =
    ["provider-hct", "icb-central-east", "council-herts", "dashboard-herts", "auditor-herts", "guardian-hct", "stranger"];

/// The client that signs assertions in the story. Every client has a key to do so.
const SIGNS: &str = "provider-hct";

/// What the files should say.
#[derive(Debug, Clone)]
pub struct LayOut {
    pub api_listen: SocketAddr,
    pub operations_listen: SocketAddr,
    /// A path relative to the folder, or `postgres://…`.
    pub database_url: String,
    /// Certificates and agreements run to a year from this day.
    pub today: NaiveDate,
}

impl LayOut {
    /// The default addresses, and the embedded database.
    pub fn new(today: NaiveDate) -> Self {
        Self {
            api_listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            operations_listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            database_url: "data/sendbridge.db".into(),
            today,
        }
    }
}

/// Why there is no demonstration.
#[derive(Debug, thiserror::Error)]
pub enum LayOutError {
    #[error("{} holds files that are no demonstration; give an empty or a new folder", .0.display())]
    Foreign(PathBuf),
    #[error("a file of the demonstration cannot be read or written: {0}")]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Unwritable(#[from] FileError),
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("a certificate or a revocation list is no PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("a certificate or a revocation list cannot be read: {0}")]
    Der(#[from] x509_parser::asn1_rs::Err<x509_parser::error::X509Error>),
    #[error("the system gives no random numbers")]
    Randomness,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demonstration {
    dir: PathBuf,
    /// Whether it was there before.
    pub reused: bool,
}

impl Demonstration {
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn gateway(&self) -> PathBuf {
        self.dir.join("gateway.toml")
    }

    pub fn client(&self, id: &str) -> PathBuf {
        self.dir.join("clients").join(id)
    }

    pub fn authority(&self) -> PathBuf {
        self.dir.join("pki").join("ca.pem")
    }
}

/// Lays a demonstration out in a folder, or uses the one that is there. A folder that holds
/// anything else is refused.
pub fn lay_out(dir: &Path, options: &LayOut) -> Result<Demonstration, LayOutError> {
    let found = |reused| Demonstration { dir: dir.to_path_buf(), reused };
    if is_demonstration(dir) {
        return Ok(found(true));
    }
    if dir.exists() && dir.read_dir()?.next().is_some() {
        return Err(LayOutError::Foreign(dir.to_path_buf()));
    }
    let [pki, keys, clients] = ["pki", "keys", "clients"].map(|name| dir.join(name));
    for folder in [&pki, &keys, &clients, &dir.join("data")] {
        create_secret_folder(folder)?;
    }

    let authority = Authority::create(&pki, options.today)?;
    authority.write_crl(&pki, 1, Vec::new(), options.today)?;
    write_identity(&authority.issue_server(options.today)?, &pki.join("server.pem"), &pki.join("server-key.pem"))?;
    secrets::write(&keys)?;
    let mut partnership = partnership_file(options.today);
    for id in CLIENTS {
        let folder = clients.join(id);
        create_secret_folder(&folder)?;
        write_identity(&authority.issue_client(id, options.today)?, &folder.join("cert.pem"), &folder.join("key.pem"))?;
        let public = secrets::write_signing_key(&folder.join("signing-key.pem"))?;
        partnership = partnership.replace(&format!("\"@{id}@\""), &public);
        let client = CLIENT
            .replace("@api_listen@", &options.api_listen.to_string())
            .replace("@client_id@", id)
            .replace("@signs@", if id == SIGNS { "" } else { "# " });
        write_secret_file(&folder.join("client.toml"), client.as_bytes())?;
    }
    write_secret_file(&dir.join("partnership.toml"), partnership.as_bytes())?;
    // Written last, because a folder that has this file counts as complete.
    let gateway = GATEWAY
        .replace("@api_listen@", &options.api_listen.to_string())
        .replace("@operations_listen@", &options.operations_listen.to_string())
        .replace("@database_url@", &options.database_url);
    write_secret_file(&dir.join("gateway.toml"), gateway.as_bytes())?;
    Ok(found(false))
}

/// The partnership file of a demonstration made on a given day.
pub fn partnership_file(today: NaiveDate) -> String {
    let ends = today.checked_add_months(Months::new(12)).unwrap_or(today);
    PARTNERSHIP.replace("@ends@", &ends.to_string())
}

/// The assurance documents of the demonstration, which are the same every day.
pub fn assurance_documents() -> Result<Vec<(&'static str, String)>, String> {
    let made = NaiveDate::from_ymd_opt(2026, 4, 1).ok_or("no such day")?;
    // The clients' keys differ from one demonstration to the next, and no document mentions them.
    let file: String = partnership_file(made).lines().filter(|line| !line.starts_with("keys = ")).flat_map(|line| [line, "\n"]).collect();
    let partnership = trust::parse_partnership(&file, &["demonstration".to_owned()])
        .map_err(|faults| format!("the demonstration's partnership: {faults:?}"))?;
    Ok(server::assurance_papers(&partnership))
}

fn write_identity(identity: &Identity, certificate: &Path, key: &Path) -> Result<(), LayOutError> {
    write_secret_file(certificate, identity.certificate.as_bytes())?;
    Ok(write_secret_file(key, identity.key.as_bytes())?)
}

fn is_demonstration(dir: &Path) -> bool {
    let text = std::fs::read_to_string(dir.join("gateway.toml")).unwrap_or_default();
    let file: toml::Table = text.parse().unwrap_or_default();
    file.get("demonstration").and_then(toml::Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests;
