//! The chains, grouped by what is wrong with them.

mod names;
mod paths;
mod purposes;
mod times;
mod writing;

use std::sync::Arc;

use rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyUsagePurpose, RevocationReason, date_time_ymd};

use super::super::authorities::{Ca, Identity, pem, serial_of};
use super::super::gateways::Gateway;
use super::{Case, Expected};

/// Cases, and the files that they need: roots and revocation lists of the authority `suite`.
pub(super) struct Table {
    pub(super) cases: Vec<Case>,
    pub(super) roots: Vec<String>,
    pub(super) lists: Vec<String>,
    pub(super) root: Arc<Ca>,
    /// An intermediate under `root`.
    pub(super) middle: Arc<Ca>,
    /// Another authority that the gateway trusts, with other clients.
    pub(super) other: Arc<Ca>,
}

impl Table {
    pub(super) fn make() -> Self {
        let root = Ca::root("Suite root", |_| {});
        let middle = root.below("Suite intermediate", |_| {});
        let mut table = Self {
            cases: Vec::new(),
            roots: vec![root.pem()],
            lists: Vec::new(),
            root: root.into(),
            middle: middle.into(),
            other: Ca::root("Another authority", |_| {}).into(),
        };
        let (root, middle) = (table.root.clone(), table.middle.clone());
        times::add(&mut table, &root);
        paths::add(&mut table, &root, &middle);
        purposes::add(&mut table, &root);
        names::add(&mut table, &middle);
        writing::add(&mut table, &root, &middle);
        revocations(&mut table, &root, &middle);
        table
    }

    pub(super) fn answered(&mut self, name: &'static str, identity: Identity) {
        self.cases.push(Case { name, expected: Expected::Answered, identity });
    }

    pub(super) fn not_listed(&mut self, name: &'static str, identity: Identity) {
        self.cases.push(Case { name, expected: Expected::NotListed, identity });
    }

    pub(super) fn not_ours(&mut self, name: &'static str, identity: Identity) {
        self.cases.push(Case { name, expected: Expected::NotOurs, identity });
    }

    pub(super) fn refused(&mut self, reason: &'static str, name: &'static str, identity: Identity) {
        self.cases.push(Case { name, expected: Expected::Refused(reason), identity });
    }

    pub(super) fn broken(&mut self, name: &'static str, identity: Identity) {
        self.cases.push(Case { name, expected: Expected::Broken, identity });
    }

    /// Makes the gateway trust a root, with a list that revokes nobody.
    pub(super) fn trusted(&mut self, root: Ca) -> Ca {
        self.roots.push(root.pem());
        self.lists.push(root.list(&[]));
        root
    }

    /// Adds an intermediate's list that revokes nobody. Without a list, nothing under it would pass.
    pub(super) fn on_the_books(&mut self, ca: Ca) -> Ca {
        self.lists.push(ca.list(&[]));
        ca
    }
}

fn revocations(table: &mut Table, root: &Ca, middle: &Ca) {
    let [by_root, by_middle] = [root, middle].map(|ca| ca.client(|_| {}));
    let fallen = root.below("Fallen intermediate", |_| {});
    let under_fallen = fallen.client(|_| {});
    let itself = Identity { chain: vec![fallen.certificate.clone()], key: fallen.key().serialize_der() };
    table.lists.push(fallen.list(&[]));
    table.lists.push(root.list(&[&by_root, &itself]));
    let held = middle.client(|_| {});
    table.lists.push(pem(
        "X509 CRL",
        &middle.list_with(&[&by_middle, &held], |list| {
            list.revoked_certs[0].revocation_time = date_time_ymd(2089, 1, 1);
            list.revoked_certs[1].reason_code = Some(RevocationReason::CertificateHold);
        }),
    ));
    // A serial number that one issuer revoked is still good at another issuer.
    let number = serial_of(&by_root.chain[0]);
    let namesake = table.on_the_books(root.below("Issuer of the same number", |_| {}));
    table.answered("its serial number is revoked by another issuer", namesake.client(|params| params.serial_number = Some(number)));
    table.refused("revoked", "revoked by the root", by_root);
    table.refused("revoked", "revoked by an intermediate, from a day to come", by_middle);
    table.refused("revoked", "on hold", held);
    table.refused("revoked", "its issuer is revoked", under_fallen);
    table.refused("unknown-revocation-status", "its issuer keeps no list", root.below("Issuer without a list", |_| {}).client(|_| {}));

    let forger = root.below("Issuer with a forged list", |_| {});
    let mut forged = forger.list_with(&[], |_| {});
    *forged.last_mut().unwrap() ^= 1;
    table.lists.push(pem("X509 CRL", &forged));
    table.refused("bad-revocation-list", "its issuer's list is forged", forger.client(|_| {}));

    let silent = root.below("Issuer without leave to sign lists", |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    table.lists.push(silent.twin("Issuer without leave to sign lists").list(&[]));
    table.refused("bad-revocation-list", "its issuer may not sign lists", silent.client(|_| {}));

    for (name, scope, is_known) in [
        ("its issuer's list is of authorities alone", CrlScope::CaCertsOnly, false),
        ("its issuer's list is of clients alone", CrlScope::UserCertsOnly, true),
    ] {
        let partial = root.below(name, |_| {});
        let distribution_point = CrlDistributionPoint { uris: vec!["http://lists.invalid/part".into()] };
        let part = CrlIssuingDistributionPoint { distribution_point, scope: Some(scope) };
        table.lists.push(pem("X509 CRL", &partial.list_with(&[], |list| list.issuing_distribution_point = Some(part))));
        match is_known {
            true => table.answered(name, partial.client(|_| {})),
            false => table.refused("unknown-revocation-status", name, partial.client(|_| {})),
        }
    }
}

/// Certificates from the demonstration that the gateway runs on.
pub(super) fn of_the_gateway(gateway: &Gateway) -> Vec<Case> {
    let identity = |certificate: &str, key: &str| {
        let read = |name: &str| std::fs::read(gateway.path(name)).unwrap();
        Identity::read(&read(certificate), &read(key))
    };
    let case = |name, expected, identity| Case { name, expected, identity };
    vec![
        case("the gateway's own certificate", Expected::Refused("wrong-purpose"), identity("pki/server.pem", "pki/server-key.pem")),
        case("the certificate of the authority itself", Expected::Refused("wrong-role"), identity("pki/ca.pem", "pki/ca-key.pem")),
        case(
            "another client's certificate, good in itself",
            Expected::NotOurs,
            identity("clients/stranger/cert.pem", "clients/stranger/key.pem"),
        ),
    ]
}
