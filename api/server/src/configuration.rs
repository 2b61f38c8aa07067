//! `gateway.toml`: where the gateway listens and what it stands on. Who may do what is the
//! partnership file's matter.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::recognition::{Rules, RulesError};
use domain::retention::Periods;
use secrecy::SecretString;
use serde::Deserialize;

use crate::files::{self, FileError};
use crate::keys::Purpose;
use crate::keys::sources::Source;

/// What `gateway.toml` says. Paths are relative to its folder in the file, and resolved here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Whether made-up data and the demonstration's authority are welcome: on loopback alone.
    #[serde(default)]
    pub demonstration: bool,
    pub partnership: PathBuf,
    pub api: Api,
    #[serde(default)]
    pub authority: Vec<AuthorityFiles>,
    #[serde(default)]
    pub operations: Operations,
    pub database: Database,
    pub keys: Keys,
    #[serde(default)]
    pub submissions: Submissions,
    /// Days that what is over is kept, by class, where they differ from the usual.
    #[serde(default)]
    pub retention: Periods,
    #[serde(default)]
    pub telemetry: Telemetry,
    #[serde(default)]
    pub audit: Audit,
}

/// The partner API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    #[serde(default = "api_address")]
    pub listen: SocketAddr,
    /// The issuer and audience of access tokens; by default `https://` and the address.
    pub issuer: Option<String>,
    /// The server's certificate, and those between it and its authority.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Whether TLS 1.2 is spoken too, with AEAD suites.
    #[serde(default)]
    pub tls12: bool,
    /// The largest body of a submission, in bytes. Every other body is at most 64 KiB.
    #[serde(default = "maximum_body_bytes")]
    pub maximum_body_bytes: u64,
    /// The least of a submission's body that has to come, in bytes a second over any 30 seconds: a client
    /// that sends less loses its place.
    #[serde(default = "minimum_body_rate")]
    pub minimum_body_rate: u64,
}

/// An authority whose client certificates are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityFiles {
    pub name: String,
    /// PEM: its root certificates.
    pub certificates: PathBuf,
    /// PEM: the current revocation lists, one of each certificate that issues.
    pub crl: PathBuf,
}

/// The operators' listener: plain HTTP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    pub listen: SocketAddr,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: DatabaseUrl,
    /// PostgreSQL alone: the role that owns the tables. It makes them, and gives the role of `url` what
    /// serving takes; that role then cannot change or remove what the audit log holds.
    pub owner_url: Option<DatabaseUrl>,
    /// The journal of what was erased. It outlives the database, and is not put back with it.
    #[serde(default = "tombstones")]
    pub tombstones: PathBuf,
}

/// Where the records are kept. It never prints a password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// An embedded SQLite database.
    File(PathBuf),
    /// `postgres://…`, with whatever password it holds.
    Postgres(SecretString),
}

/// Where keys are: each in its file in the folder, unless another source is named for it.
#[derive(Debug, Clone, Deserialize)]
pub struct Keys {
    pub directory: PathBuf,
    #[serde(flatten)]
    pub sources: BTreeMap<Purpose, Source>,
}

impl Keys {
    /// Where the keys of a purpose come from.
    pub fn source(&self, purpose: Purpose) -> Source {
        let own = || Source::File(self.directory.join(purpose.about().file));
        self.sources.get(&purpose).cloned().unwrap_or_else(own)
    }
}

/// How submissions are taken and read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Submissions {
    /// When one is refused whole, in percent of a list of 20 or more.
    pub shrink_percent: u8,
    pub rejected_percent: u8,
    /// A larger body, in bytes and decoded, is answered before it is worked on.
    pub async_above_bytes: u64,
    /// Bodies that may be here or on their way to be worked on later.
    pub most_pending: u16,
    /// Times its size that a compressed body may grow to.
    pub maximum_expansion: u32,
    /// Where bodies stand meanwhile, encrypted under keys that are nowhere but in memory.
    pub scratch: PathBuf,
    /// A file of rules for which codes make a referral one of a pathway; without one, the built-in rules.
    pub recognition: Option<PathBuf>,
}

impl Submissions {
    /// The rules of recognition. It blocks.
    pub fn rules(&self) -> Result<Rules, ConfigurationError> {
        let Some(path) = &self.recognition else { return Ok(Rules::built_in().clone()) };
        let refused = |error| ConfigurationError::Recognition { path: path.clone(), error };
        let text = String::from_utf8(files::read(path)?).map_err(|_| refused(RulesError::Shape("not UTF-8".into())))?;
        Rules::parse(&text).map_err(refused)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// What is logged, in the words of `tracing`'s filter.
    pub log: String,
    /// The base address of an OTLP collector (HTTP, protobuf).
    pub otlp_endpoint: Option<String>,
}

/// The log of disclosures and refusals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// The log's name in its checkpoints: one that no other log has.
    pub origin: String,
    /// Where the latest checkpoint is written, the public keys beside it as `.pub`. Have it copied to
    /// where nobody who can write to the database can change it.
    pub checkpoint_file: PathBuf,
    /// Seconds between two.
    pub checkpoint_every: u32,
    /// Days that an entry is kept; of what is older the hash alone stays. Eight years by default.
    pub keep_days: u32,
    /// Entries that may wait to be appended before requests are answered 503.
    pub most_waiting: u32,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}:{line}: {message}", path.display())]
    Invalid { path: PathBuf, line: usize, message: String },
    #[error("{}: {error}", path.display())]
    Recognition { path: PathBuf, error: RulesError },
    #[error("{0}")]
    Unsafe(&'static str),
}

fn api_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8443))
}

fn tombstones() -> PathBuf {
    PathBuf::from("data/tombstones")
}

fn maximum_body_bytes() -> u64 {
    1 << 30
}

fn minimum_body_rate() -> u64 {
    4096
}

impl Default for Operations {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}

impl Default for Submissions {
    fn default() -> Self {
        Self {
            shrink_percent: 20,
            rejected_percent: 20,
            recognition: None,
            async_above_bytes: 32 << 20,
            most_pending: 8,
            maximum_expansion: 100,
            scratch: "data/scratch".into(),
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            origin: "sendbridge".into(),
            checkpoint_file: "data/checkpoint.txt".into(),
            checkpoint_every: 60,
            keep_days: 2_922,
            most_waiting: 100_000,
        }
    }
}

impl Audit {
    fn check(&self) -> Result<(), ConfigurationError> {
        let is_name = !self.origin.is_empty() && !self.origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        if !is_name {
            return Err(ConfigurationError::Unsafe("[audit] origin is a name without spaces or +"));
        }
        // The longest is a thousand years: longer ones are no dates.
        if self.checkpoint_every == 0 || self.most_waiting == 0 || !(1..=365_000).contains(&self.keep_days) {
            return Err(ConfigurationError::Unsafe("[audit] checkpoint_every and most_waiting are above 0, keep_days is 1 to 365000"));
        }
        Ok(())
    }

    /// What the store needs to know of it.
    pub fn limits(&self) -> store::LogLimits {
        store::LogLimits { most_waiting: self.most_waiting, keep_days: self.keep_days }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log: "info".into(), otlp_endpoint: None }
    }
}

impl Configuration {
    /// Reads the file. It blocks.
    pub fn read(path: &Path) -> Result<Self, ConfigurationError> {
        let bytes = files::read(path)?;
        let invalid = |line, message| ConfigurationError::Invalid { path: path.into(), line, message };
        let text = str::from_utf8(&bytes).map_err(|_| invalid(1, "not UTF-8".into()))?;
        // Only the message: the parser's own display repeats the line, which may hold a password.
        let mut configuration: Self = toml::from_str(text)
            .map_err(|error| invalid(files::line_of(text, error.span().map_or(0, |span| span.start)), error.message().to_owned()))?;
        configuration.resolve(path.parent().unwrap_or(Path::new("")));
        configuration.check()?;
        Ok(configuration)
    }

    /// Refuses what would be unsafe to run.
    pub fn check(&self) -> Result<(), ConfigurationError> {
        if self.demonstration && !(self.api.listen.ip().is_loopback() && self.operations.listen.ip().is_loopback()) {
            return Err(ConfigurationError::Unsafe("a demonstration listens on loopback addresses alone"));
        }
        if self.authority.is_empty() {
            return Err(ConfigurationError::Unsafe("no [[authority]]: no client could be known"));
        }
        let named_twice = |(at, authority): (usize, &AuthorityFiles)| self.authority[..at].iter().any(|other| other.name == authority.name);
        if self.authority.iter().enumerate().any(named_twice) {
            return Err(ConfigurationError::Unsafe("two [[authority]] share a name"));
        }
        if self.api.minimum_body_rate == 0 {
            return Err(ConfigurationError::Unsafe("[api] minimum_body_rate is at least 1: a body could come for ever"));
        }
        if self.submissions.shrink_percent > 100 || self.submissions.rejected_percent > 100 {
            return Err(ConfigurationError::Unsafe("[submissions] counts in percent: 0 to 100"));
        }
        if self.submissions.most_pending == 0 || self.submissions.maximum_expansion == 0 {
            return Err(ConfigurationError::Unsafe("[submissions] most_pending and maximum_expansion are above 0"));
        }
        self.audit.check()?;
        if matches!((&self.database.url, &self.database.owner_url), (DatabaseUrl::File(_), Some(_)) | (_, Some(DatabaseUrl::File(_)))) {
            return Err(ConfigurationError::Unsafe("[database] owner_url is for PostgreSQL: both are postgres://…"));
        }
        if !self.retention.are_sound() {
            return Err(ConfigurationError::Unsafe("[retention] counts in days: 1 to 3650, and more for reports than for answers"));
        }
        Ok(())
    }

    /// Brings the tables up to date, by their owner where one is named. It blocks.
    pub(crate) fn prepare_database(&self) -> Result<(), store::StoreError> {
        let owner = self.database.owner_url.as_ref().map(DatabaseUrl::expose);
        store::prepare(&self.database.url.expose(), owner.as_deref(), self.audit.limits())
    }

    /// The names of the authorities.
    pub fn authorities(&self) -> Vec<String> {
        self.authority.iter().map(|authority| authority.name.clone()).collect()
    }

    fn resolve(&mut self, folder: &Path) {
        let mut paths = vec![
            &mut self.partnership,
            &mut self.api.certificate,
            &mut self.api.key,
            &mut self.keys.directory,
            &mut self.audit.checkpoint_file,
            &mut self.database.tombstones,
            &mut self.submissions.scratch,
        ];
        paths.extend(&mut self.submissions.recognition);
        for authority in &mut self.authority {
            paths.push(&mut authority.certificates);
            paths.push(&mut authority.crl);
        }
        if let DatabaseUrl::File(file) = &mut self.database.url {
            paths.push(file);
        }
        for path in paths {
            *path = folder.join(&*path);
        }
        for source in self.keys.sources.values_mut() {
            source.resolve(folder);
        }
    }
}

impl DatabaseUrl {
    /// The path or the address, password and all.
    pub fn expose(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Self::File(path) => path.to_string_lossy(),
            Self::Postgres(url) => secrecy::ExposeSecret::expose_secret(url).into(),
        }
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let url = String::deserialize(deserializer)?;
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::Postgres(url.into()))
        } else if url.is_empty() || url.contains("://") {
            Err(serde::de::Error::custom("the database is a file's path or postgres://…"))
        } else {
            Ok(Self::File(url.into()))
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = r#"
partnership = "partnership.toml"
[api]
certificate = "pki/server.pem"
key = "pki/server-key.pem"
[[authority]]
name = "one"
certificates = "pki/ca.pem"
crl = "pki/crl.pem"
[database]
url = "postgres://gateway:hush@db/sendbridge"
[keys]
directory = "/etc/keys"
"#;

    fn read(text: &str) -> Result<Configuration, ConfigurationError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.toml");
        std::fs::write(&path, text).unwrap();
        Configuration::read(&path)
    }

    #[test]
    fn the_smallest_file_takes_the_documented_defaults() {
        let read = read(SMALLEST).unwrap();
        assert_eq!(read.api.listen.to_string(), "127.0.0.1:8443");
        assert_eq!(read.operations.listen.to_string(), "127.0.0.1:9464");
        assert!(!read.api.tls12 && !read.demonstration);
        assert!(read.partnership.is_absolute() && read.partnership.ends_with("partnership.toml"));
        assert_eq!(read.keys.directory, Path::new("/etc/keys"));
        assert!(!format!("{read:?}").contains("hush"));
    }

    #[test]
    fn a_fault_names_its_line_and_repeats_no_value() {
        let error = read(&SMALLEST.replace("url = ", "uri = ")).unwrap_err().to_string();
        assert!(error.contains("gateway.toml:11: unknown field `uri`"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn each_key_may_come_from_elsewhere_and_no_other_key_is_known() {
        let with = |line: &str| read(&format!("{SMALLEST}{line}\n"));
        let read = with("envelope = { file = \"other/envelope.key\" }\nlook-up = { command = [\"kms\", \"decrypt\"], file = \"look-up.enc\" }\nrelease = { env = \"NAME\" }").unwrap();
        let Source::File(path) = read.keys.source(Purpose::Envelope) else { panic!("a file") };
        assert!(path.is_absolute() && path.ends_with("other/envelope.key"));
        let Source::Command { argv, wrapped: Some(path) } = read.keys.source(Purpose::LookUp) else { panic!("a command") };
        assert!(path.is_absolute() && argv == ["kms", "decrypt"]);
        assert_eq!(read.keys.source(Purpose::Release), Source::Environment("NAME".into()));
        assert_eq!(read.keys.source(Purpose::Pairwise), Source::File("/etc/keys/pairwise.key".into()));
        for (line, said) in [
            ("envelop = { env = \"NAME\" }", "no key is for `envelop`"),
            ("envelope = { env = \"NAME\", file = \"x\" }", "a key comes from"),
            ("envelope = { command = [] }", "a key comes from"),
            ("envelope = {}", "a key comes from"),
            ("envelope = { url = \"x\" }", "unknown field `url`"),
        ] {
            let error = with(line).unwrap_err().to_string();
            assert!(error.contains(said), "{line}: {error}");
        }
    }

    #[test]
    fn a_body_has_to_come_at_some_rate() {
        let at = |rate: u64| read(&SMALLEST.replace("[api]", &format!("[api]\nminimum_body_rate = {rate}")));
        assert_eq!(read(SMALLEST).unwrap().api.minimum_body_rate, 4096);
        assert_eq!(at(1).unwrap().api.minimum_body_rate, 1);
        assert!(matches!(at(0), Err(ConfigurationError::Unsafe(_))));
    }

    #[test]
    fn what_would_hurt_the_log_is_refused_by_name() {
        for (wrong, said) in [
            ("[audit]\nkeep_days = 0", "keep_days"),
            ("[audit]\nkeep_days = 400000", "keep_days"),
            ("[audit]\ncheckpoint_every = 0", "checkpoint_every"),
            ("[audit]\nmost_waiting = 0", "most_waiting"),
            ("[audit]\norigin = \"a b\"", "origin"),
            ("[audit]\norigin = \"\"", "origin"),
            ("[audit]\nforget = true", "unknown field `forget`"),
        ] {
            let error = read(&format!("{SMALLEST}{wrong}\n")).unwrap_err().to_string();
            assert!(error.contains(said), "{wrong}: {error}");
        }
        let read = |url: &str| read(&SMALLEST.replace("[keys]", &format!("owner_url = \"{url}\"\n[keys]")));
        assert!(read("data.db").unwrap_err().to_string().contains("owner_url"));
        let kept = read("postgres://owner:hidden@db/sendbridge").unwrap();
        assert!(!format!("{kept:?}").contains("hidden"));
    }

    #[test]
    fn retention_is_in_days_by_class_and_within_reason() {
        use domain::retention::Kept;
        let with = |lines: &str| read(&format!("{SMALLEST}\n[retention]\n{lines}"));
        let periods = with("health-advice = 30").unwrap().retention;
        assert_eq!((periods.days(Kept::HealthAdvice), periods.days(Kept::WaitingListStatus)), (30, 90));
        assert!(matches!(with("health-advice = 0"), Err(ConfigurationError::Unsafe(_))));
        assert!(matches!(with("submission-reports = 7"), Err(ConfigurationError::Unsafe(_))));
        for wrong in ["everything = 1", "health-advice = \"long\"", "health-advice = -1"] {
            assert!(matches!(with(wrong), Err(ConfigurationError::Invalid { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_demonstration_listens_on_loopback_alone() {
        let text = format!("demonstration = true\n{}", SMALLEST.replace("[api]", "[api]\nlisten = \"0.0.0.0:8443\""));
        assert!(matches!(read(&text), Err(ConfigurationError::Unsafe(_))));
        assert!(read(&text.replace("0.0.0.0", "127.0.0.1")).is_ok());
    }
}
