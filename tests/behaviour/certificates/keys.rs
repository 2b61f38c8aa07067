//! Old kinds of keys and signatures, which the gateway's own library cannot even make: OpenSSL's
//! commands make them and show them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::authorities::{ALPHA, Identity};
use super::gateways::{self, Files, Gateway};

/// What happens to a client that shows a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Answered,
    /// Refused for this reason, if the client can show the certificate.
    Refused(&'static str),
    /// The client itself cannot prove such a key to the gateway.
    NotShown,
}

/// Certificates that OpenSSL issued.
struct Issued {
    folder: TempDir,
}

/// Runs `openssl`, which is installed with Debian's PostgreSQL.
fn openssl(folder: &Path, arguments: &str) -> String {
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(&arguments)
        .stdin(Stdio::null())
        .output()
        .expect("openssl, which tests/run installs");
    assert!(made.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8_lossy(&made.stdout).into_owned()
}

impl Issued {
    /// A root with an RSA key of 2048 bits, and its revocation list.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let extensions = format!(
            "[client]\nbasicConstraints=CA:false\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth\nsubjectAltName=DNS:{ALPHA}\n\
             [issuer]\nbasicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n\
             [ca]\ndefault_ca=this\n[this]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=20000\n\
             [req]\ndistinguished_name=name\n[name]\n"
        );
        std::fs::write(path.join("extensions"), extensions).unwrap();
        std::fs::write(path.join("index"), "").unwrap();
        std::fs::write(path.join("number"), "01\n").unwrap();
        let issued = Self { folder };
        issued.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out root.key");
        issued.run("req -x509 -new -config extensions -extensions issuer -key root.key -subj /CN=Root -days 20000 -out root.pem");
        issued.run("ca -config extensions -gencrl -keyfile root.key -cert root.pem -out list.pem");
        issued
    }

    fn run(&self, arguments: &str) -> String {
        openssl(self.folder.path(), arguments)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Makes a key with `key`, and issues its certificate, signed with `digest`.
    fn issue(&self, name: &str, issuer: &str, key: &str, digest: &str, kind: &str) {
        self.run(&format!("genpkey {key} -out {name}.key"));
        self.run(&format!("req -new -config extensions -key {name}.key -subj /CN={name} -out {name}.csr"));
        let extensions = if kind.is_empty() { String::new() } else { format!("-extfile extensions -extensions {kind}") };
        self.run(&format!(
            "x509 -req -in {name}.csr -CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial -days 20000 {digest} {extensions} -out {name}.pem"
        ));
    }

    /// Shows a certificate with lenient settings, and asks for the gateway's keys.
    fn show(&self, gateway: &Gateway, name: &str, chain: &str, version: &str) -> String {
        let mut options = format!("-quiet {version} -cipher ALL:@SECLEVEL=0 -cert {name}.pem -key {name}.key");
        if !chain.is_empty() {
            options += &format!(" -cert_chain {chain}.pem");
        }
        speak(self.folder.path(), gateway, &options, "GET /.well-known/jwks.json HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n")
    }
}

/// What OpenSSL's client gets back when it shows an identity.
pub(super) fn s_client(gateway: &Gateway, identity: &Identity, options: &str, request: &str) -> String {
    s_client_aloud(gateway, identity, &format!("-quiet {options}"), request)
}

/// The same, with the client's own messages.
pub(super) fn s_client_aloud(gateway: &Gateway, identity: &Identity, options: &str, request: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("identity.pem"), identity.pem()).unwrap();
    speak(folder.path(), gateway, &format!("{options} -cert identity.pem -key identity.pem"), request)
}

fn speak(folder: &Path, gateway: &Gateway, options: &str, request: &str) -> String {
    let mut client = Command::new("openssl");
    client.current_dir(folder).arg("s_client").args(options.split_whitespace()).arg("-connect").arg(gateway.way.address.to_string());
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("openssl");
    // The client may have ended already.
    let _ = client.stdin.take().unwrap().write_all(request.as_bytes());
    let heard = client.wait_with_output().unwrap();
    let aloud = if options.contains("-quiet") { String::new() } else { String::from_utf8_lossy(&heard.stderr).into_owned() };
    String::from_utf8_lossy(&heard.stdout).into_owned() + &aloud
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_keys_and_signatures_get_no_handshake() {
    use Expected::{Answered, NotShown, Refused};
    let issued = Issued::new();
    let p256 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
    let curve = |name: &str| format!("-algorithm EC -pkeyopt ec_paramgen_curve:{name}");
    let rsa = |bits: &str| format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}");
    issued.run("dsaparam -out dsa.parameters 1024");
    let cases = [
        ("control-p256", p256.to_owned(), "-sha256", Answered),
        ("control-rsa-2048", rsa("2048"), "-sha384", Answered),
        ("control-sha512", p256.to_owned(), "-sha512", Answered),
        ("rsa-1024", rsa("1024"), "-sha256", Refused("key-not-proved")),
        ("rsa-512", rsa("512"), "-sha256", NotShown),
        ("p-192", curve("P-192"), "-sha256", Refused("key-not-proved")),
        ("p-224", curve("P-224"), "-sha256", Refused("key-not-proved")),
        ("secp256k1", curve("secp256k1"), "-sha256", Refused("key-not-proved")),
        ("brainpool", curve("brainpoolP256r1"), "-sha256", Refused("key-not-proved")),
        ("ed448", "-algorithm ED448".into(), "-sha256", NotShown),
        ("dsa", "-paramfile dsa.parameters".into(), "-sha256", NotShown),
        ("signed-with-sha1", p256.to_owned(), "-sha1", Refused("unsupported-algorithm")),
        ("signed-with-md5", p256.to_owned(), "-md5", Refused("unsupported-algorithm")),
        ("signed-with-sha224", p256.to_owned(), "-sha224", Refused("unsupported-algorithm")),
    ];
    for (name, key, digest, _) in &cases {
        issued.issue(name, "root", key, digest, "client");
    }
    // A version 1 certificate has no extensions, only a common name.
    issued.issue("version-1", "root", p256, "-sha256", "");
    let mut lists = issued.read("list.pem");
    for (issuer, key, digest) in
        [("good-issuer", rsa("2048"), "-sha256"), ("weak-issuer", rsa("1024"), "-sha256"), ("sha1-issuer", rsa("2048"), "-sha1")]
    {
        issued.issue(issuer, "root", &key, digest, "issuer");
        issued.issue(&format!("of-{issuer}"), issuer, p256, "-sha256", "client");
        issued.run(&format!("ca -config extensions -gencrl -keyfile {issuer}.key -cert {issuer}.pem -out list.pem"));
        lists += &issued.read("list.pem");
    }
    let root = issued.read("root.pem");
    let gateway = Gateway::start(&[Files { name: "suite", roots: &root, lists: &lists }], gateways::with_tls12).await;

    let chained =
        [("of-good-issuer", Answered), ("of-weak-issuer", Refused("bad-signature")), ("of-sha1-issuer", Refused("unsupported-algorithm"))];
    let chained = chained.map(|(name, expected)| (name, name.strip_prefix("of-").unwrap(), expected));
    let plain = cases.iter().map(|(name, _, _, expected)| (*name, "", *expected));
    let mut wrong = Vec::new();
    for (name, chain, expected) in plain.chain([("version-1", "", Refused("unsupported-version"))]).chain(chained) {
        let [(newest, told), (older, told_older)] =
            ["-tls1_3", "-tls1_2"].map(|version| gateway.heard(|| issued.show(&gateway, name, chain, version)));
        let told = told + &told_older;
        let as_expected = match expected {
            Answered => newest.starts_with("HTTP/1.1 200") && older.starts_with("HTTP/1.1 200"),
            Refused(reason) => newest.is_empty() && older.is_empty() && told.contains(&format!("\"reason\":\"{reason}\"")),
            NotShown => newest.is_empty() && older.is_empty() && told.is_empty(),
        };
        if !as_expected {
            wrong.push(format!("{name}: expected {expected:?}, heard {newest:.40} and {older:.40}; {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
