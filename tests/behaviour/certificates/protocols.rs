//! Odd TLS and HTTP: old versions, odd names, half a handshake, headers that claim a
//! certificate.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use integration_tests::HANG;
use rustls::version::{TLS12, TLS13};
use rustls::{DEFAULT_VERSIONS, HandshakeKind};

use super::authorities::{BETA, Ca, Identity, dns, pem};
use super::clients::{KEYS, exchange, statuses, token_request};
use super::gateways::{self, Files, Gateway};
use super::keys::{s_client, s_client_aloud};

struct Cast {
    gateway: Gateway,
    root: Ca,
    alpha: Identity,
    beta: Identity,
}

async fn cast(change: impl FnOnce(&std::path::Path)) -> Cast {
    let root = Ca::root("Suite root", |_| {});
    let alpha = root.client(|_| {});
    let beta = root.client(|params| params.subject_alt_names = vec![dns(BETA)]);
    let gateway = Gateway::start(&[Files { name: "suite", roots: &root.pem(), lists: &root.list(&[]) }], change).await;
    Cast { gateway, root, alpha, beta }
}

/// The last request on a connection.
const LAST: &str = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_versions_and_suites_get_no_handshake() {
    let newest = cast(|_| {}).await;
    let both = cast(gateways::with_tls12).await;
    let says = |cast: &Cast, options: &str| s_client(&cast.gateway, &cast.alpha, options, LAST);
    for (options, by_newest, by_both) in [
        ("-tls1_3", true, true),
        ("-tls1_2", false, true),
        ("-tls1_1", false, false),
        ("-tls1", false, false),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", false, true),
        ("-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305", false, true),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256", false, false),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES256-SHA", false, false),
        ("-tls1_2 -cipher AES128-GCM-SHA256", false, false),
        ("-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256", false, false),
        ("-tls1_2 -cipher eNULL", false, false),
        ("-tls1_2 -curves P-521:brainpoolP256r1", false, false),
        ("-tls1_3 -curves brainpoolP256r1", false, false),
        ("-tls1_2 -sigalgs ECDSA+SHA1", false, false),
    ] {
        assert_eq!(says(&newest, options).starts_with("HTTP/1.1 200"), by_newest, "TLS 1.3 alone: {options}");
        assert_eq!(says(&both, options).starts_with("HTTP/1.1 200"), by_both, "TLS 1.2 too: {options}");
    }
    // The gateway does not renegotiate. `R` asks OpenSSL's client to try it.
    let heard = s_client_aloud(&both.gateway, &both.alpha, "-tls1_2", &format!("R\n{LAST}"));
    assert!(heard.contains("RENEGOTIATING") && !heard.contains("HTTP/1.1 200"), "{heard}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_server_names_make_no_difference_and_odd_protocols_get_no_answer() {
    let cast = cast(|_| {}).await;
    let long = format!("-servername {}", vec!["a".repeat(60); 4].join("."));
    for options in ["-noservername", "-servername elsewhere.example", "-servername ALPHA.clients.sendbridge.example", &long] {
        assert!(s_client(&cast.gateway, &cast.alpha, options, LAST).starts_with("HTTP/1.1 200"), "{options}");
    }
    assert_eq!(s_client(&cast.gateway, &cast.alpha, "-servername *", LAST), "", "no name at all");
    for (protocols, is_answered) in
        [("", true), ("http/1.1", true), ("nonsense,http/1.1", true), ("nonsense", false), ("http/1.0", false), ("H2", false)]
    {
        let options = if protocols.is_empty() { String::new() } else { format!("-alpn {protocols}") };
        assert_eq!(s_client(&cast.gateway, &cast.alpha, &options, LAST).starts_with("HTTP/1.1 200"), is_answered, "{protocols}");
    }
    // A client that agrees on `h2` and then speaks HTTP/1.1 is not understood.
    assert!(!s_client(&cast.gateway, &cast.alpha, "-alpn h2", LAST).contains("HTTP/1.1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_speaks_no_tls_or_half_of_it_is_cut_off_without_an_answer() {
    let cast = cast(|_| {}).await;
    let way = &cast.gateway.way;
    // A right first message from a client.
    let mut hello = Vec::new();
    let config = Arc::new(way.config(Some(&cast.alpha), DEFAULT_VERSIONS));
    rustls::ClientConnection::new(config.clone(), "localhost".try_into().unwrap()).unwrap().write_tls(&mut hello).unwrap();
    let mut oversized = vec![0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff];
    oversized.resize(16 * 1024, 0);
    let odd = [
        ("HTTP in the clear", LAST.as_bytes().to_vec()),
        ("HTTP/2 in the clear", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("a proxy's header", [b"PROXY TCP4 127.0.0.1 127.0.0.1 1 443\r\n".as_slice(), &hello].concat()),
        ("nothing but noughts", vec![0; 4096]),
        ("a hello of 16 MiB", oversized),
        ("a hello of SSL 2", [&[0x80, 0x2e, 1, 0, 2], [0x41; 41].as_slice()].concat()),
        ("an alert", vec![0x15, 3, 3, 0, 2, 1, 0]),
        ("application data", [vec![0x17, 3, 3, 0, 32], vec![0x41; 32]].concat()),
    ];
    let began = Instant::now();
    let odd = odd.map(|(name, said)| {
        let mut socket = TcpStream::connect(way.address).unwrap();
        socket.set_read_timeout(Some(HANG)).unwrap();
        socket.write_all(&said).unwrap();
        (name, socket)
    });
    // Clients that stop in the middle, or send a byte at a time, are cut off, and nobody waits for them.
    let mut waiting: Vec<TcpStream> = (0..60).map(|_| TcpStream::connect(way.address).unwrap()).collect();
    for (at, socket) in waiting.iter_mut().enumerate() {
        socket.write_all(&hello[..at * hello.len() / 120]).unwrap();
    }
    let mut finished: Vec<_> = (0..20).map(|_| way.connect(&config)).collect();
    for stream in &mut finished {
        stream.write_all(b"GET /.well-known/jwks.json HTTP/1.1\r\nho").unwrap();
    }
    let mut at = hello.len() / 2;
    while began.elapsed() < Duration::from_secs(12) {
        assert_eq!(way.ask(&cast.alpha, "alpha"), [200, 200]);
        if let [.., last] = waiting.as_mut_slice() {
            let _ = last.write_all(&hello[at..=at]);
            at += 1;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    // Each connection is reset or closed, and its end can be read.
    for (name, mut socket) in odd {
        let mut heard = Vec::new();
        let read = socket.read_to_end(&mut heard);
        assert!(!matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock), "{name}: not cut off");
        assert!(heard.len() <= 7 && !heard.windows(4).any(|word| word == b"HTTP"), "{name}: {heard:?}");
    }
    for socket in &mut waiting {
        socket.set_read_timeout(Some(HANG)).unwrap();
        assert!(
            !matches!(socket.read_to_end(&mut Vec::new()), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock),
            "not cut off"
        );
    }
    for stream in &mut finished {
        stream.sock.set_read_timeout(Some(HANG)).unwrap();
        let mut heard = Vec::new();
        let read = stream.read_to_end(&mut heard);
        assert!(!matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock), "a request's head may take for ever");
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&heard));
    }
    assert_eq!(way.ask(&cast.alpha, "alpha"), [200, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_client_resumes_nothing_and_sends_nothing_early() {
    let cast = cast(gateways::with_tls12).await;
    let way = &cast.gateway.way;
    let [newest, older] = [&TLS13, &TLS12].map(|version| {
        let mut config = way.config(Some(&cast.alpha), &[version]);
        config.enable_early_data = true;
        Arc::new(config)
    });
    for _ in 0..3 {
        for config in [&newest, &older] {
            let mut stream = way.connect(config);
            assert!(stream.conn.early_data().is_none(), "something could be sent early");
            assert_eq!(exchange(&mut stream, KEYS).unwrap().0, 200);
            assert_ne!(stream.conn.handshake_kind(), Some(HandshakeKind::Resumed));
        }
    }
    cast.gateway.write("pki/suite-crl.pem", &pem("X509 CRL", &cast.root.list_with(&[&cast.alpha], |list| list.crl_number = 6.into())));
    integration_tests::until("the list is read", async || way.ask(&cast.alpha, "alpha").is_empty()).await;
    for config in [&newest, &older] {
        assert_eq!(way.say(config, LAST), "");
    }
    assert_eq!(way.ask(&cast.beta, "beta"), [200, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_counts_on_an_open_connection_as_long_as_it_counts_on_a_new_one() {
    let mut cast = cast(|_| {}).await;
    let way = cast.gateway.way.clone();
    let open = |identity: &Identity| {
        let mut stream = way.connect(&Arc::new(way.config(Some(identity), DEFAULT_VERSIONS)));
        assert_eq!(exchange(&mut stream, KEYS).unwrap().0, 200);
        stream
    };
    // Every way in which a certificate stops counting, while each client has open connections.
    let partnership = std::fs::read_to_string(cast.gateway.path("partnership.toml")).unwrap();
    let delisted = partnership.replace("certificate_name = \"alpha.", "certificate_name = \"alpha-renamed.");
    let another = Ca::root("Suite root", |_| {});
    let revoked = |number: u64, who: &[&Identity]| pem("X509 CRL", &cast.root.list_with(who, |list| list.crl_number = number.into()));
    let steps = [
        ("delisted", vec![("partnership.toml", delisted)], vec![("partnership.toml", partnership)], true),
        ("revoked", vec![("pki/suite-crl.pem", revoked(6, &[&cast.alpha]))], vec![("pki/suite-crl.pem", revoked(7, &[]))], true),
        (
            "its authority replaced",
            vec![("pki/suite.pem", another.pem()), ("pki/suite-crl.pem", another.list(&[]))],
            vec![("pki/suite.pem", cast.root.pem()), ("pki/suite-crl.pem", revoked(8, &[]))],
            false,
        ),
    ];
    for (name, change, back, beta_counts) in steps {
        let (mut alpha, mut spare, mut beta) = (open(&cast.alpha), open(&cast.alpha), open(&cast.beta));
        for (file, content) in &change {
            cast.gateway.write(file, content);
        }
        integration_tests::until(name, async || way.ask(&cast.alpha, "alpha") != [200, 200]).await;
        let (status, said) = exchange(&mut alpha, KEYS).unwrap();
        assert_eq!(status, 401, "{name}: {said}");
        assert!(exchange(&mut alpha, KEYS).is_err(), "{name}: the connection is of no further use");
        let (status, said) = exchange(&mut spare, &token_request("alpha", "").replace("connection: close\r\n", "")).unwrap();
        assert!(status == 401 && said.contains("invalid_client"), "{name}: {said}");
        assert_eq!(exchange(&mut beta, KEYS).unwrap().0 == 200, beta_counts, "{name}: the other client");
        for (file, content) in &back {
            cast.gateway.write(file, content);
        }
        integration_tests::until(name, async || way.ask(&cast.alpha, "alpha") == [200, 200]).await;
    }
    cast.gateway.process.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_and_a_header_prove_nothing_without_the_certificate_of_the_connection() {
    let cast = cast(|_| {}).await;
    let (way, gateway) = (&cast.gateway.way, &cast.gateway);
    let config = |identity| Arc::new(way.config(Some(identity), DEFAULT_VERSIONS));
    let answer = way.say(&config(&cast.alpha), &token_request("alpha", ""));
    let token = answer.split("\"access_token\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let releases = |headers: &str| {
        format!(
            "GET /v1/dashboard/releases HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{headers}\r\n"
        )
    };
    assert_eq!(statuses(&way.say(&config(&cast.alpha), &releases(""))), [200], "the control");
    // A token is bound to one certificate: the same client's new one does not do.
    let renewed = cast.root.client(|_| {});
    let unlisted = cast.root.client(|params| params.subject_alt_names = vec![dns("gamma.clients.sendbridge.example")]);
    let one_line = |text: &str| text.replace('\n', "%0A").replace(' ', "%20").replace('+', "%2B");
    let leaf = pem("CERTIFICATE", &cast.alpha.chain[0]);
    let bare: String = leaf.lines().filter(|line| !line.starts_with('-')).collect();
    let subject = "CN=a client";
    let claims = [
        String::new(),
        format!(
            "x-forwarded-client-cert: Hash=00;Cert=\"{}\";Subject=\"{subject}\";DNS=alpha.clients.sendbridge.example\r\n",
            one_line(&leaf)
        ),
        format!("x-ssl-client-cert: {}\r\nx-ssl-client-verify: SUCCESS\r\nssl-client-verify: SUCCESS\r\n", one_line(&leaf)),
        format!("client-cert: :{bare}:\r\nclient-cert-chain: :{bare}:\r\n"),
        format!(
            "x-client-cert: {bare}\r\nx-arr-clientcert: {bare}\r\nx-tls-client-cert: {bare}\r\nx-amzn-mtls-clientcert: {}\r\n",
            one_line(&leaf)
        ),
        format!("ssl_client_cert: {bare}\r\nssl_client_verify: SUCCESS\r\nssl_client_s_dn: {subject}\r\nx-client-dn: {subject}\r\n"),
        "x-remote-user: alpha\r\nx-forwarded-user: alpha\r\nx-client-id: alpha\r\nforwarded: for=127.0.0.1;proto=https\r\n".to_owned(),
    ];
    for claim in &claims {
        for (who, identity) in [("beta", &cast.beta), ("renewed", &renewed), ("unlisted", &unlisted)] {
            let (answer, log) = gateway.heard(|| way.say(&config(identity), &releases(claim)));
            assert_eq!(statuses(&answer), [401], "{who} with alpha's token, claiming {claim}");
            assert!(log.contains("request refused") && !log.contains(&bare[..60]) && !log.contains(subject), "{log}");
        }
        for identity in [&cast.beta, &unlisted] {
            assert_eq!(statuses(&way.say(&config(identity), &token_request("alpha", claim))), [401], "a token for alpha, claiming {claim}");
        }
        let nobody = Arc::new(way.config(None, DEFAULT_VERSIONS));
        assert_eq!(way.say(&nobody, &releases(claim)), "", "without a certificate, claiming {claim}");
    }
}
