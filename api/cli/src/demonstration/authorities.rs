//! The demonstration's certificate authority. It signs the certificates of the gateway and its clients, and
//! the list of revoked ones. A gateway accepts it only with `demonstration = true`.

use std::path::Path;

use chrono::{Datelike, Days, Months, NaiveDate};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, RevocationReason, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use trust::write_secret_file;
use x509_parser::prelude::FromDer;

use super::LayOutError;

const MONTHS_VALID: Months = Months::new(12);

/// An authority that can sign, as it is kept in a `pki` folder.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its private key, PEM.
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    /// Makes an authority and writes its certificate and key.
    pub(super) fn create(pki: &Path, today: NaiveDate) -> Result<Self, LayOutError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = authority();
        (params.not_before, params.not_after) = validity(today);
        let certificate = params.self_signed(&key)?;
        write_secret_file(&pki.join("ca.pem"), certificate.pem().as_bytes())?;
        write_secret_file(&pki.join("ca-key.pem"), key.serialize_pem().as_bytes())?;
        Ok(Self { issuer: Issuer::new(params, key) })
    }

    /// Opens the authority that was written before.
    fn open(pki: &Path) -> Result<Self, LayOutError> {
        let key = KeyPair::from_pem(&std::fs::read_to_string(pki.join("ca-key.pem"))?)?;
        Ok(Self { issuer: Issuer::new(authority(), key) })
    }

    /// Issues the gateway's certificate, valid for this machine only.
    pub(super) fn issue_server(&self, today: NaiveDate) -> Result<Identity, LayOutError> {
        let names = ["127.0.0.1", "::1", "localhost"].map(str::to_owned);
        self.issue("Sendbridge demonstration gateway", names.into(), ExtendedKeyUsagePurpose::ServerAuth, today)
    }

    /// Issues a client's certificate, for the name that the partnership file gives it.
    pub(super) fn issue_client(&self, id: &str, today: NaiveDate) -> Result<Identity, LayOutError> {
        self.issue(id, vec![certificate_name(id)], ExtendedKeyUsagePurpose::ClientAuth, today)
    }

    fn issue(&self, name: &str, names: Vec<String>, usage: ExtendedKeyUsagePurpose, today: NaiveDate) -> Result<Identity, LayOutError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = validity(today);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// Signs the list of revoked certificates. The next list is due in a year.
    pub(super) fn write_crl(&self, pki: &Path, number: u64, serials: Vec<SerialNumber>, today: NaiveDate) -> Result<(), LayOutError> {
        let (this_update, next_update) = validity(today);
        let revoked = |serial_number| RevokedCertParams {
            serial_number,
            revocation_time: this_update,
            reason_code: Some(RevocationReason::CessationOfOperation),
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.into_iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(write_secret_file(&pki.join("crl.pem"), params.signed_by(&self.issuer)?.pem()?.as_bytes())?)
    }
}

/// The DNS name in a client's certificate.
pub(super) fn certificate_name(id: &str) -> String {
    format!("{id}.clients.sendbridge.example")
}

/// Revokes a client's certificate: adds it to the revocation list and signs the list again. A running
/// gateway reads the new list within seconds.
pub fn revoke(dir: &Path, client_id: &str, today: NaiveDate) -> Result<(), LayOutError> {
    let pki = dir.join("pki");
    let list = CertificateRevocationListDer::from_pem_file(pki.join("crl.pem"))?;
    let (_, list) = x509_parser::revocation_list::CertificateRevocationList::from_der(&list)?;
    let mut serials: Vec<_> = list.iter_revoked_certificates().map(|revoked| SerialNumber::from_slice(revoked.raw_serial())).collect();
    let number = list.crl_number().and_then(|number| u64::try_from(number).ok()).unwrap_or(0);

    let certificate = dir.join("clients").join(client_id).join("cert.pem");
    let certificate = rustls::pki_types::CertificateDer::from_pem_file(certificate)?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&certificate)?;
    serials.push(SerialNumber::from_slice(certificate.raw_serial()));
    Authority::open(&pki)?.write_crl(&pki, number + 1, serials, today)
}

/// What the authority's certificate says, apart from its dates.
fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, trust::DEMONSTRATION_AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// From the day before, so that it has begun in every time zone, to a year later.
fn validity(today: NaiveDate) -> (time::OffsetDateTime, time::OffsetDateTime) {
    let at = |day: NaiveDate| {
        let part = |number: u32| u8::try_from(number).unwrap_or(1);
        rcgen::date_time_ymd(day.year(), part(day.month()), part(day.day()))
    };
    let before = today.checked_sub_days(Days::new(1)).unwrap_or(today);
    (at(before), at(today.checked_add_months(MONTHS_VALID).unwrap_or(today)))
}
