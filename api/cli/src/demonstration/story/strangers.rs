//! Callers who are refused: a client that has no agreement, and one without a certificate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use super::{Cast, Telling};
use crate::failures::Failure;

const PATIENCE: Duration = Duration::from_secs(10);

/// A good certificate alone gives access to nothing.
pub(super) async fn try_as_stranger(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    telling.did("stranger, a trust's system with a good certificate and no agreement, tries one door after another")?;
    let stranger = &cast.stranger;
    let forbidden = (403, None);
    telling.check_refused(&stranger.search_child(&cast.child).await, forbidden, "finding a child")?;
    telling.check_refused(&stranger.advice_requests("open", None).await, forbidden, "listing requests for advice")?;
    telling.check_refused(&stranger.release(None).await, forbidden, "reading released tables")?;
    telling.check_refused(&stranger.audit_events(None).await, forbidden, "reading the log")?;
    Ok(())
}

/// Without a certificate there is no connection to send anything through.
pub(super) async fn try_without_certificate(cast: &Cast, telling: &mut Telling<'_>) -> Result<(), Failure> {
    let (authority, address) = (cast.stage.demonstration.authority(), cast.stage.address);
    let tried = tokio::task::spawn_blocking(move || speak_without_certificate(authority, address));
    let heard = tried.await.map_err(|error| Failure::Other(error.to_string()))??;
    telling.did("a client that trusts the gateway, and has no certificate of its own, connects and asks")?;
    match heard {
        Heard::Nothing(why) => telling.check(true, &format!("the handshake fails and no answer is given: {why}"))?,
        Heard::Answer => telling.check(false, "the gateway answered a client without a certificate")?,
    }
    Ok(())
}

enum Heard {
    Nothing(String),
    Answer,
}

/// In TLS 1.3 the client's handshake ends before the gateway has checked the client's certificate, so
/// the refusal comes with the first read.
fn speak_without_certificate(authority: PathBuf, address: SocketAddr) -> Result<Heard, Failure> {
    let other = |error: &dyn std::fmt::Display| Failure::Other(error.to_string());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).map_err(|error| other(&error))?).map_err(|error| other(&error))?;
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| other(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = rustls::ClientConnection::new(Arc::new(tls), ServerName::from(address.ip())).map_err(|error| other(&error))?;
    let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = rustls::StreamOwned::new(connection, socket);
    let mut byte = [0];
    let heard = write!(stream, "GET /v1/formats HTTP/1.1\r\nHost: localhost\r\n\r\n").and_then(|()| stream.read(&mut byte));
    Ok(match heard {
        Ok(0) => Heard::Nothing("the connection was closed".into()),
        Ok(_) => Heard::Answer,
        Err(error) => Heard::Nothing(error.to_string()),
    })
}
