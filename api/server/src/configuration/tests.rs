use super::*;
use domain::KeyPurpose;
use trust::KeySource;

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
    let KeySource::File(path) = read.keys.source(KeyPurpose::Envelope) else { panic!("a file") };
    assert!(path.is_absolute() && path.ends_with("other/envelope.key"));
    let KeySource::Command { argv, wrapped: Some(path) } = read.keys.source(KeyPurpose::LookUp) else { panic!("a command") };
    assert!(path.is_absolute() && argv == ["kms", "decrypt"]);
    assert_eq!(read.keys.source(KeyPurpose::Release), KeySource::Environment("NAME".into()));
    assert_eq!(read.keys.source(KeyPurpose::Pairwise), KeySource::File("/etc/keys/pairwise.key".into()));
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
    use domain::RetentionClass;
    let with = |lines: &str| read(&format!("{SMALLEST}\n[retention]\n{lines}"));
    let periods = with("health-advice = 30").unwrap().retention;
    assert_eq!((periods.days(RetentionClass::HealthAdvice), periods.days(RetentionClass::WaitingListStatus)), (30, 90));
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
