//! The check of a client's certificate in the handshake.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::authorities::Trust;
use crate::clocks::Clock;
use crate::telemetry::metrics::Metrics;

/// Asks the authorities in force at each handshake. Every client must show a certificate.
#[derive(Debug)]
pub struct LiveVerifier {
    trust: Trust,
    clock: Clock,
    metrics: Metrics,
    algorithms: WebPkiSupportedAlgorithms,
}

impl LiveVerifier {
    pub fn new(trust: Trust, clock: Clock, metrics: Metrics) -> Self {
        Self { trust, clock, metrics, algorithms: aws_lc_rs::default_provider().signature_verification_algorithms }
    }
}

impl ClientCertVerifier for LiveVerifier {
    // The names of the authorities are nobody's business before a certificate is shown.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.trust.verify(leaf, others, self.clock.now()) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(error) => {
                let reason = refusal(&error);
                // The client may only see a closed connection: the log says why.
                tracing::warn!(reason, "client certificate refused");
                self.metrics.certificate_refused(reason);
                Err(error)
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Why a certificate is refused, in a word.
pub fn refusal(error: &Error) -> &'static str {
    let Error::InvalidCertificate(error) = error else { return "other" };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "not-yet-valid",
        CertificateError::Revoked => "revoked",
        CertificateError::UnknownIssuer => "unknown-issuer",
        CertificateError::UnknownRevocationStatus => "unknown-revocation-status",
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => "revocation-list-expired",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => "wrong-purpose",
        CertificateError::BadSignature => "bad-signature",
        CertificateError::BadEncoding => "bad-encoding",
        _ => "other",
    }
}
