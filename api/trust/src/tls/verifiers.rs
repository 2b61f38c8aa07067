//! Checks a client's certificate in the handshake.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::authorities::Trust;
use crate::clocks::Clock;

/// Asks the authorities in force at each handshake. Every client must show a certificate.
pub struct LiveVerifier {
    trust: Trust,
    clock: Clock,
    on_refusal: Box<dyn Fn(&'static str) + Send + Sync>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl LiveVerifier {
    /// `on_refusal` gets the reason for each refusal: `key-not-proved`, or the word of [`refusal_reason`].
    pub fn new(trust: Trust, clock: Clock, on_refusal: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        Self { trust, clock, on_refusal: Box::new(on_refusal), algorithms }
    }

    // The client may see only a closed connection, so the log says why.
    fn refuse(&self, reason: &'static str) {
        tracing::warn!(reason, "client certificate refused");
        (self.on_refusal)(reason);
    }
}

impl std::fmt::Debug for LiveVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveVerifier")
    }
}

impl ClientCertVerifier for LiveVerifier {
    // Somebody who has shown no certificate does not learn the names of the authorities.
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
                let (reason, alert) = refusal(&error);
                self.refuse(reason);
                Err(Error::InvalidCertificate(alert))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms).inspect_err(|_| self.refuse("key-not-proved"))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms).inspect_err(|_| self.refuse("key-not-proved"))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Why a certificate is refused, in a word.
pub fn refusal_reason(error: &webpki::Error) -> &'static str {
    refusal(error).0
}

/// The word for the log, and the TLS alert for the client's own log.
fn refusal(error: &webpki::Error) -> (&'static str, CertificateError) {
    use CertificateError as Alert;
    use webpki::Error as E;
    match error {
        E::CertExpired { .. } => ("expired", Alert::Expired),
        E::CertNotValidYet { .. } => ("not-yet-valid", Alert::NotValidYet),
        E::CertRevoked => ("revoked", Alert::Revoked),
        E::UnknownIssuer => ("unknown-issuer", Alert::UnknownIssuer),
        E::UnknownRevocationStatus => ("unknown-revocation-status", Alert::UnknownRevocationStatus),
        E::CrlExpired { .. } => ("revocation-list-expired", Alert::ExpiredRevocationList),
        E::InvalidCrlSignatureForPublicKey
        | E::IssuerNotCrlSigner
        | E::UnsupportedCrlSignatureAlgorithmContext(_)
        | E::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => ("bad-revocation-list", Alert::UnknownRevocationStatus),
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => ("wrong-purpose", Alert::InvalidPurpose),
        E::InvalidSignatureForPublicKey | E::SignatureAlgorithmMismatch => ("bad-signature", Alert::BadSignature),
        E::UnsupportedSignatureAlgorithmContext(_) | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            ("unsupported-algorithm", Alert::BadSignature)
        }
        E::CaUsedAsEndEntity | E::EndEntityUsedAsCa => ("wrong-role", Alert::ApplicationVerificationFailure),
        E::PathLenConstraintViolated | E::MaximumPathDepthExceeded => ("path-too-long", Alert::ApplicationVerificationFailure),
        E::MaximumPathBuildCallsExceeded | E::MaximumSignatureChecksExceeded | E::MaximumNameConstraintComparisonsExceeded => {
            ("too-costly", Alert::ApplicationVerificationFailure)
        }
        E::NameConstraintViolation | E::MalformedNameConstraint | E::InvalidNetworkMaskConstraint => {
            ("name-constraints", Alert::ApplicationVerificationFailure)
        }
        E::UnsupportedCriticalExtension => ("unknown-critical-extension", Alert::UnhandledCriticalExtension),
        E::UnsupportedCertVersion => ("unsupported-version", Alert::BadEncoding),
        E::BadDer
        | E::BadDerTime
        | E::TrailingData(_)
        | E::ExtensionValueInvalid
        | E::MalformedExtensions
        | E::InvalidSerialNumber
        | E::InvalidCertValidity => ("bad-encoding", Alert::BadEncoding),
        _ => ("other", Alert::ApplicationVerificationFailure),
    }
}
