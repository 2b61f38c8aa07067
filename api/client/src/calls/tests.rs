//! Calls to a gateway that answers from a script, with one connection for each answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use domain::Dataset;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::*;
use crate::{Coding, Payload, Report, Signing, Step, Submission};

fn actor(reason: &str) -> Actor {
    Actor { id: "kt-204".into(), role: "ehc-coordinator".into(), reason: reason.into() }
}

#[test]
fn an_actor_is_a_structured_field() {
    let written = write_actor(&actor(r#"the "C-1" case\"#)).unwrap();
    assert_eq!(written, r#"id="kt-204", role="ehc-coordinator", reason="the \"C-1\" case\\""#);
}

#[test]
fn an_actor_cannot_add_a_header() {
    assert!(write_actor(&actor("x\r\nAuthorization: y")).is_none());
}

/// What the scripted gateway does with one request.
#[derive(Clone, Copy)]
enum Then {
    Drop,
    Answer(u16, &'static str, &'static str),
}

const TOKEN: Then = Then::Answer(200, "", r#"{"access_token":"t-1","token_type":"Bearer","expires_in":600}"#);
const REPORT: &str = r#"{"id":"0197a3f2-0000-7000-8000-000000000000","dataset":"waiting-list","format":"csv","organisation":"RY4",
    "list":"autism","mode":"delta","as_of":"2026-11-20","status":"accepted","records":{"received":1,"accepted":1,"rejected":0,
    "unchanged":0,"opened":1,"updated":0,"closed":0,"stale":0,"not_flowed":0}}"#;

struct Fake {
    client: Client,
    requests: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<()>,
}

impl Fake {
    fn start(folder: &Path, script: Vec<Then>) -> Self {
        Self::start_for(folder, script, None)
    }

    fn start_for(folder: &Path, script: Vec<Then>, signing: Option<Signing>) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gateway = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let tls = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap()],
                PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap(),
            )
            .unwrap();
        let tls = Arc::new(tls);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let thread = std::thread::spawn(move || {
            for then in script {
                let (socket, _) = listener.accept().unwrap();
                let request = serve(socket, &tls, then);
                seen.lock().unwrap().push(request);
            }
        });
        let configuration = Configuration {
            issuer: None,
            signing,
            gateway,
            client_id: "provider-hct".into(),
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            authority: folder.join("cert.pem"),
        };
        let retries = Retries { tries: 4, first: Duration::from_millis(1), longest: Duration::from_secs(1) };
        Self { client: Client::new(&configuration, retries).unwrap(), requests, thread }
    }

    fn finish(self) -> Vec<String> {
        drop(self.client);
        self.thread.join().unwrap();
        Arc::into_inner(self.requests).unwrap().into_inner().unwrap()
    }
}

/// Reads one request and does what the script says. Every answer closes the connection.
fn serve(socket: TcpStream, tls: &Arc<rustls::ServerConfig>, then: Then) -> String {
    let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(Arc::clone(tls)).unwrap(), socket);
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let Ok(count) = stream.read(&mut chunk) else { return String::new() };
        bytes.extend_from_slice(&chunk[..count]);
        // One character for each byte, whatever is sent.
        let text: String = bytes.iter().copied().map(char::from).collect();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
        if body.chars().count() < length.unwrap_or(0) {
            continue;
        }
        if let Then::Answer(status, header, body) = then {
            let length = body.len();
            write!(stream, "HTTP/1.1 {status} x\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
            stream.conn.send_close_notify();
            stream.flush().unwrap();
        }
        return text;
    }
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn submission() -> Submission {
    Submission {
        dataset: Dataset::WaitingList,
        format: "csv".into(),
        mode: None,
        list: Some("autism".into()),
        as_of: None,
        organisation: None,
        validate: false,
        confirm_shrink: false,
        nil_return: false,
        idempotency_key: None,
    }
}

#[tokio::test]
async fn a_file_that_is_sent_again_is_sent_whole_and_under_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let in_flight = Then::Answer(409, "", r#"{"type":"/problems/idempotency-in-flight","title":"In flight","status":409}"#);
    let script = vec![TOKEN, Then::Drop, Then::Answer(503, "retry-after: 0\r\n", "{}"), in_flight, Then::Answer(201, "", REPORT)];
    let fake = Fake::start(folder.path(), script);
    let file = folder.path().join("list.csv");
    std::fs::write(&file, "referral_id\nA-1\n").unwrap();
    let taken = Arc::new(Mutex::new(Vec::new()));
    let progress = Arc::clone(&taken);

    let report = fake
        .client
        .submit(&submission(), Payload::File(file), Some(Arc::new(move |sent| progress.lock().unwrap().push(sent))))
        .await
        .unwrap();

    assert_eq!(report.records.opened, 1);
    assert_eq!(*taken.lock().unwrap(), [Step::Sent(0), Step::Sent(16)].repeat(4));
    let requests = fake.finish();
    assert!(requests[0].starts_with("POST /oauth2/token ") && requests[0].contains("client_id=provider-hct"));
    for request in &requests[1..] {
        assert!(request.starts_with("POST /v1/waiting-list/submissions?format=csv&list=autism "));
        assert!(request.ends_with("\r\n\r\nreferral_id\nA-1\n"));
        assert_eq!(header(request, "content-type"), Some("text/csv"));
        assert_eq!(header(request, "content-digest"), Some("sha-256=:sp3PwxhZS8DkNpVkj4vvhUqdj/5tial7ZBz4lYt7I/g=:"));
        assert_eq!(header(request, "authorization"), Some("Bearer t-1"));
        assert_eq!(header(request, "idempotency-key").unwrap(), header(&requests[1], "idempotency-key").unwrap());
    }
}

#[tokio::test]
async fn a_file_that_is_compressed_is_compressed_the_same_for_each_try() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("list.csv");
    let text: String = (0..20_000).map(|at| format!("A-{at},{}\n", at * 7_919 % 10_007)).collect();
    std::fs::write(&file, &text).unwrap();
    for (coding, name) in [(Coding::Gzip, "gzip"), (Coding::Zstd, "zstd")] {
        let script = vec![TOKEN, Then::Drop, Then::Answer(503, "retry-after: 0\r\n", "{}"), Then::Answer(201, "", REPORT)];
        let fake = Fake::start(folder.path(), script);
        let taken = Arc::new(Mutex::new(Vec::new()));
        let progress = Arc::clone(&taken);
        let show: crate::Progress = Arc::new(move |sent| progress.lock().unwrap().push(sent));
        fake.client.submit(&submission(), Payload::Compressed(file.clone(), coding), Some(show)).await.unwrap();
        assert_eq!(taken.lock().unwrap().last(), Some(&Step::Sent(text.len() as u64)), "it is the file that is counted");
        let requests = fake.finish();
        assert_eq!(requests.len(), 4);
        for request in &requests[1..] {
            assert_eq!((header(request, "content-encoding"), header(request, "content-type")), (Some(name), Some("text/csv")));
            assert_eq!(header(request, "idempotency-key"), header(&requests[1], "idempotency-key"));
            let body: Vec<u8> = request.split_once("\r\n\r\n").unwrap().1.chars().map(|byte| u8::try_from(byte).unwrap()).collect();
            assert!(body.len() < text.len() / 2);
            assert_eq!(header(request, "content-length"), Some(body.len().to_string().as_str()));
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
            let digest = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest);
            assert_eq!(header(request, "content-digest"), Some(format!("sha-256=:{digest}:").as_str()), "of what is sent");
            let mut read = String::new();
            match coding {
                Coding::Gzip => flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut read).unwrap(),
                Coding::Zstd => zstd::Decoder::new(&body[..]).unwrap().read_to_string(&mut read).unwrap(),
            };
            assert!(read == text);
        }
    }
}

const BEGUN: &str =
    r#"{"id":"0197a3f2-0000-7000-8000-000000000000","status":"processing","progress":{"bytes_read":1,"bytes_total":9,"records_read":2}}"#;

/// Submits a file large enough that the gateway answers before it has worked on it.
async fn submit_for_later(script: Vec<Then>) -> (Result<Report, ClientError>, Vec<Step>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake::start(folder.path(), script);
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&steps);
    let file = Payload::Bytes(bytes::Bytes::from_static(b"referral_id\nA-1\n"));
    let done = fake.client.submit(&submission(), file, Some(Arc::new(move |step| seen.lock().unwrap().push(step)))).await;
    let requests = fake.finish();
    (done, Arc::into_inner(steps).unwrap().into_inner().unwrap(), requests)
}

#[tokio::test]
async fn a_file_that_is_answered_before_it_is_done_is_asked_for_until_it_is() {
    let begun = Then::Answer(202, "retry-after: 0\r\n", BEGUN);
    let busy = Then::Answer(503, "retry-after: 0\r\n", "{}");
    let on = Then::Answer(200, "retry-after: 0\r\n", BEGUN);
    let (done, steps, requests) = submit_for_later(vec![TOKEN, begun, on, busy, on, Then::Answer(200, "", REPORT)]).await;
    assert_eq!(done.unwrap().records.opened, 1);
    let read = Step::Read { bytes: 1, of: 9, records: 2 };
    assert_eq!(steps, [Step::Begun("0197a3f2-0000-7000-8000-000000000000".parse().unwrap()), read, read]);
    assert!(requests[2..].iter().all(|request| request.starts_with("GET /v1/submissions/0197a3f2-0000-7000-8000-000000000000 ")));
}

#[tokio::test]
async fn a_work_whose_answer_was_lost_is_found_by_its_key() {
    let in_flight = r#"{"type":"/problems/idempotency-in-flight","title":"In flight","status":409}"#;
    let location = "location: /v1/submissions/0197a3f2-0000-7000-8000-000000000000\r\n";
    let (done, steps, _) =
        submit_for_later(vec![TOKEN, Then::Drop, Then::Answer(409, location, in_flight), Then::Answer(200, "", REPORT)]).await;
    assert_eq!((done.unwrap().records.opened, steps.len()), (1, 1));
}

#[tokio::test]
async fn a_refusal_in_a_report_is_a_refusal_and_what_was_interrupted_is_sent_again() {
    const REFUSED: &str = r#"{"id":"0197a3f2-0000-7000-8000-000000000000","status":"refused",
        "problem":{"type":"/problems/snapshot-shrinks","title":"Shrinks","status":409}}"#;
    const FAILED: &str = r#"{"id":"0197a3f2-0000-7000-8000-000000000000","status":"failed",
        "problem":{"type":"/problems/interrupted","title":"Stopped","status":503}}"#;
    let begun = Then::Answer(202, "", BEGUN);
    let script = vec![TOKEN, begun, Then::Answer(200, "", FAILED), begun, Then::Answer(200, "", REFUSED)];
    let (done, _, requests) = submit_for_later(script).await;
    let problem = done.unwrap_err();
    let problem = problem.problem().unwrap();
    assert_eq!((problem.status, problem.code.as_str()), (409, "snapshot-shrinks"));
    assert_eq!(header(&requests[1], "idempotency-key"), header(&requests[3], "idempotency-key"));
}

#[tokio::test]
async fn a_token_that_is_no_longer_accepted_is_replaced_once() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Then::Answer(401, "", r#"{"type":"/problems/token-invalid","title":"Token","status":401}"#);
    let fake = Fake::start(folder.path(), vec![TOKEN, refused, TOKEN, refused]);
    let error = fake.client.issues("0197a3f2-0000-7000-8000-000000000000".parse().unwrap(), None).await.unwrap_err();
    assert_eq!(error.problem().unwrap().code, "token-invalid");
    assert_eq!(fake.finish().len(), 4);
}

#[tokio::test]
async fn a_gateway_that_stays_busy_is_given_up_with_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let busy = Then::Answer(429, "retry-after: 0\r\n", r#"{"type":"/problems/too-many-requests","title":"Too many","status":429}"#);
    let fake = Fake::start(folder.path(), vec![TOKEN, busy, busy, busy, busy]);
    let error = fake.client.acting_for(&actor("C-1")).unwrap().audit_events(None).await.unwrap_err();
    assert_eq!(error.problem().unwrap().status, 429);
    let requests = fake.finish();
    assert_eq!(header(&requests[1], "sendbridge-actor"), Some(r#"id="kt-204", role="ehc-coordinator", reason="C-1""#));
}

#[tokio::test]
async fn a_gateway_of_another_authority_is_not_spoken_to() {
    let [folder, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let fake = Fake::start(folder.path(), vec![Then::Drop]);
    // The other gateway's certificates are valid: only the authority differs.
    let unknown = Fake::start(other.path(), Vec::new());
    let configuration = Configuration {
        gateway: fake.client.inner.gateway.to_string(),
        issuer: None,
        signing: None,
        client_id: "provider-hct".into(),
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
        authority: other.path().join("cert.pem"),
    };
    let client = Client::new(&configuration, Retries::default()).unwrap();
    let error = client.token(&ScopeSet::new()).await.unwrap_err();
    assert!(matches!(error, ClientError::Handshake(_)), "{error:?}");
    assert_eq!(fake.finish(), [""]);
    unknown.finish();
}

#[tokio::test]
async fn a_client_that_signs_shows_a_new_assertion_with_each_try() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("signing-key.pem");
    std::fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let signing = Signing { key, key_id: None, algorithm: None };
    let busy = Then::Answer(503, "retry-after: 0\r\n", "{}");
    let metadata = Then::Answer(200, "", r#"{"issuer":"https://gateway.example","colour":"red"}"#);
    let fake = Fake::start_for(folder.path(), vec![busy, metadata, busy, Then::Drop, TOKEN, TOKEN], Some(signing));
    for _ in 0..2 {
        fake.client.token(&ScopeSet::new()).await.unwrap();
    }
    let requests = fake.finish();
    assert!(requests[1].starts_with("GET /.well-known/oauth-authorization-server "), "asked once");
    let assertions: Vec<_> = [2, 4, 5].map(|at: usize| requests[at].split_once("&client_assertion=").unwrap().1.to_owned()).into();
    assert!(requests[2].contains("client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"));
    assert!(assertions.iter().all(|assertion| assertion.split('.').count() == 3));
    assert!(assertions[0] != assertions[1] && assertions[1] != assertions[2]);
    let claims = base64_url(assertions[0].split('.').nth(1).unwrap());
    assert!(claims.contains(r#""aud":"https://gateway.example""#), "{claims}");
}

fn base64_url(part: &str) -> String {
    use base64::Engine;
    String::from_utf8(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
