//! A client that shows any certificate, sends any bytes, and answers what it got back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use integration_tests::HANG;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned, SupportedProtocolVersion};

use super::authorities::Identity;

/// How a client reaches the gateway.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) address: SocketAddr,
    roots: Arc<RootCertStore>,
}

/// Shows any certificate, which a well-behaved library would not.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl Way {
    /// To a gateway whose certificate was issued by an authority (PEM).
    pub(super) fn new(address: SocketAddr, authority: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
        Self { address, roots: roots.into() }
    }

    pub(super) fn config(&self, identity: Option<&Identity>, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(self.roots.clone());
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = provider.key_provider.load_private_key(identity.key()).unwrap();
                builder.with_client_cert_resolver(Arc::new(Shown(CertifiedKey::new(identity.chain.clone(), key).into())))
            }
        };
        config.resumption = Resumption::in_memory_sessions(16);
        config
    }

    pub(super) fn connect(&self, config: &Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_nodelay(true).and_then(|()| socket.set_read_timeout(Some(HANG))).unwrap();
        StreamOwned::new(ClientConnection::new(config.clone(), "localhost".try_into().unwrap()).unwrap(), socket)
    }

    /// The answer to a request on a new connection; empty if there was no handshake.
    pub(super) fn say(&self, config: &Arc<ClientConfig>, request: &str) -> String {
        let mut stream = self.connect(config);
        let mut heard = Vec::new();
        // A refusal comes after the client has finished its half of the handshake, with the first read.
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut heard));
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// The statuses of two requests on one connection: for the gateway's keys, which any client may have,
    /// and for a token. Empty if there was no handshake.
    pub(super) fn ask(&self, identity: &Identity, client_id: &str) -> Vec<u16> {
        let config = Arc::new(self.config(Some(identity), rustls::DEFAULT_VERSIONS));
        statuses(&self.say(&config, &(KEYS.to_owned() + &token_request(client_id, ""))))
    }
}

/// A request that needs a listed client's certificate, and no token.
pub(super) const KEYS: &str = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: gateway\r\n\r\n";

/// Sends a request that leaves the connection open; answers the status and the body.
pub(super) fn exchange(stream: &mut (impl Read + Write), request: &str) -> std::io::Result<(u16, String)> {
    stream.write_all(request.as_bytes())?;
    let (mut heard, mut byte) = (Vec::new(), [0]);
    while !heard.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        heard.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&heard).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((statuses(&head.replace("http/", "HTTP/"))[0], String::from_utf8_lossy(&body).into_owned()))
}

/// A request for a token, which closes its connection.
pub(super) fn token_request(client_id: &str, headers: &str) -> String {
    let form = format!("grant_type=client_credentials&client_id={client_id}");
    format!(
        "POST /oauth2/token HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n{headers}content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    )
}

pub(super) fn statuses(answers: &str) -> Vec<u16> {
    answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)?.parse().ok()).collect()
}
