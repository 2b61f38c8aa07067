//! Certificates that are badly written or badly signed.

use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, SerialNumber};

use super::super::super::authorities::{Ca, Identity, public_key, replace};
use super::Table;

const VERSION_3: &[u8] = &[0xa0, 3, 2, 1, 2];
const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const ECDSA_SHA384: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
const FOR_SERVERS: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const FOR_CLIENTS: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];

pub(super) fn add(table: &mut Table, root: &Ca, middle: &Ca) {
    let unknown = |critical| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![4, 1, 0]);
        extension.set_criticality(critical);
        vec![extension]
    };
    table.answered("an unknown extension", root.client(|params| params.custom_extensions = unknown(false)));
    let critical = root.client(|params| params.custom_extensions = unknown(true));
    table.refused("unknown-critical-extension", "an unknown critical extension", critical);
    let strange = table.on_the_books(root.below("Strange issuer", |params| params.custom_extensions = unknown(true)));
    table.refused("unknown-critical-extension", "an issuer with an unknown critical extension", strange.client(|_| {}));
    table.answered("no key identifiers", root.client(|params| params.use_authority_key_identifier_extension = false));
    let numbered = |bytes: &[u8]| root.client(|params| params.serial_number = Some(SerialNumber::from_slice(bytes)));
    table.answered("a serial number of 20 bytes", numbered(&[0x7f; 20]));
    table.answered("a serial number of nought", numbered(&[0]));
    table.answered("a serial number of 40 bytes: it can be revoked like any other", numbered(&[0x7f; 40]));

    for (name, version) in [("version 1", 0), ("version 2", 1), ("version 4", 3)] {
        let tampered = middle.tampered_client(|said| replace(said, VERSION_3, &[0xa0, 3, 2, 1, version]));
        table.refused("unsupported-version", name, tampered);
    }
    let tampered = middle.tampered_client(|said| replace(said, VERSION_3, &[0xa0, 3, 2, 1, 0xff]));
    table.refused("bad-encoding", "a version below nought", tampered);
    let mixed = middle.tampered_client(|said| replace(said, ECDSA_SHA256, ECDSA_SHA384));
    table.refused("bad-signature", "one algorithm inside and another outside", mixed);

    let good = || middle.client(|_| {});
    let relabelled = good().forged(|bytes| replace(bytes, ECDSA_SHA256, ECDSA_SHA384));
    table.refused("bad-signature", "an algorithm swapped after signing", relabelled);
    table.refused("bad-signature", "a signature with a bit turned", good().forged(|bytes| *bytes.last_mut().unwrap() ^= 1));
    let server = middle.client(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
    let repurposed = server.forged(|bytes| replace(bytes, FOR_SERVERS, FOR_CLIENTS));
    table.refused("bad-signature", "a purpose swapped after signing", repurposed);
    let (own, victim) = (good(), good());
    let (own_key, key) = (public_key(&own), public_key(&victim));
    let rekeyed = Identity { key: own.key, ..victim.forged(|bytes| replace(bytes, &key, &own_key)) };
    table.refused("bad-signature", "a key swapped after signing", rekeyed);

    table.refused("bad-encoding", "half of a certificate", good().forged(|bytes| bytes.truncate(bytes.len() / 2)));
    table.refused("bad-encoding", "more behind the certificate", good().forged(|bytes| bytes.push(0)));
    table.refused("bad-encoding", "no DER at all", good().forged(|bytes| bytes.fill(0x41)));
    table.refused("bad-encoding", "a length without an end", good().forged(|bytes| bytes[1] = 0x80));
    let mut beside = good();
    beside.chain[1] = vec![0x41; 600].into();
    table.refused("bad-encoding", "an issuer that is no DER", beside);
    table.broken("an empty certificate", good().forged(Vec::clear));
}
