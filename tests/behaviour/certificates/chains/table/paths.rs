//! Chains of other shapes: who signed which certificate, and in which order they are shown.

use rcgen::{
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_ED25519,
    PKCS_RSA_SHA256, RsaKeySize,
};

use super::super::super::authorities::{ALPHA, Ca, Identity, dns};
use super::Table;

pub(super) fn add(table: &mut Table, root: &Ca, middle: &Ca) {
    algorithms(table, root);
    authorities(table, root, middle);
    order(table, root, middle);
}

fn algorithms(table: &mut Table, root: &Ca) {
    table.answered("a P-256 key under a P-256 root", root.client(|_| {}));
    table.answered("a P-384 key", root.client_of(&PKCS_ECDSA_P384_SHA384));
    table.answered("a P-521 key", root.client_of(&PKCS_ECDSA_P521_SHA512));
    table.answered("an Ed25519 key", root.client_of(&PKCS_ED25519));
    let rsa = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    table.answered("an RSA key of 2048 bits", root.client_with(&rsa(), |_| {}));
    for (name, key) in [
        ("a root with a P-384 key", KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap()),
        ("a root with a P-521 key", KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap()),
        ("a root with an Ed25519 key", KeyPair::generate_for(&PKCS_ED25519).unwrap()),
        ("a root with an RSA key", rsa()),
    ] {
        let root = table.trusted(Ca::root_with(name, key, |_| {}));
        table.answered(name, root.client(|_| {}));
    }
}

fn authorities(table: &mut Table, root: &Ca, middle: &Ca) {
    let stranger = Ca::root("A stranger's root", |_| {});
    table.refused("unknown-issuer", "an authority that nobody trusts", stranger.client(|_| {}));
    table.refused("unknown-issuer", "an untrusted root, shown too", stranger.client(|_| {}).then([stranger.certificate.clone()]));
    let below_stranger = stranger.below("Suite intermediate", |_| {}).client(|_| {});
    table.refused("unknown-issuer", "an intermediate of an untrusted root", below_stranger);
    table.refused("bad-signature", "a root of the trusted one's name", Ca::root("Suite root", |_| {}).client(|_| {}));
    let namesake = Ca::root("Suite intermediate", |_| {});
    table.refused("bad-signature", "a stranger of the intermediate's name", namesake.client(|_| {}).then([middle.certificate.clone()]));
    let same = Ca::root("Suite root", |params| params.key_identifier_method = KeyIdMethod::PreSpecified(root.key_identifier()));
    table.refused("bad-signature", "a root of the trusted one's name and key identifier", same.client(|_| {}));
    let own = Ca::root("a client", |params| {
        (params.is_ca, params.subject_alt_names) = (IsCa::NoCa, vec![dns(ALPHA)]);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    table.refused("unknown-issuer", "signed by itself", own.itself());
    let other = table.other.clone();
    table.not_ours("an authority of the gateway's, whose clients are others", other.client(|_| {}));

    let cross = table.on_the_books(Ca::root("Cross-signed", |_| {}));
    let by_root = root.cross_sign("Cross-signed", &cross);
    let by_stranger = stranger.cross_sign("Cross-signed", &cross);
    let client = cross.client(|_| {});
    table.answered("cross-signed by a stranger first", client.clone().then([by_stranger.clone(), by_root.clone()]));
    table.answered("cross-signed by a stranger last", client.clone().then([by_root, by_stranger.clone()]));
    table.refused("unknown-issuer", "cross-signed by a stranger alone", client.then([by_stranger]));
}

fn order(table: &mut Table, root: &Ca, middle: &Ca) {
    let under = middle.client(|_| {});
    let second = table.on_the_books(middle.below("Second intermediate", |_| {}));
    let deep = second.client(|_| {});
    let junk = |count: usize| (0..count).map(|at| Ca::root(&format!("Junk {at}"), |_| {}).certificate).collect::<Vec<_>>();
    let namesakes = |count: usize| (0..count).map(|_| Ca::root("Suite intermediate", |_| {}).certificate).collect::<Vec<_>>();
    let changed = |identity: &Identity, change: &dyn Fn(&mut Vec<_>)| {
        let mut identity = identity.clone();
        change(&mut identity.chain);
        identity
    };
    table.answered("an intermediate", under.clone());
    table.answered("two intermediates", deep.clone());
    table.answered("its root shown too", under.clone().then([root.certificate.clone()]));
    table.answered("shown twice", changed(&under, &|chain| chain.push(chain[0].clone())));
    table.answered("intermediates in another order", changed(&deep, &|chain| chain[1..].reverse()));
    table.answered("junk behind", under.clone().then(junk(20)));
    table.answered("junk between", changed(&under, &|chain| drop(chain.splice(1..1, junk(20)))));
    let stranger = Ca::root("A stranger's root", |_| {});
    let by_stranger: Vec<_> = (0..8).map(|_| stranger.below("Suite intermediate", |_| {}).certificate).collect();
    let decoyed = changed(&under, &|chain| drop(chain.splice(1..1, by_stranger.clone())));
    table.answered("strangers of its issuer's name before its issuer", decoyed);
    let tangled = changed(&under, &|chain| drop(chain.splice(1..1, namesakes(8))));
    table.refused("path-too-long", "strangers of its issuer's name before its issuer, each signed by one of that name", tangled);
    let drowned = changed(&under, &|chain| drop(chain.splice(1..1, namesakes(120))));
    table.refused("too-costly", "a hundred strangers of its issuer's name before its issuer", drowned);
    table.refused("unknown-issuer", "its issuer missing", changed(&under, &|chain| chain.truncate(1)));
    table.refused("unknown-issuer", "its issuer's issuer missing", changed(&deep, &|chain| chain.truncate(2)));
    let (one, two) = (Ca::root("Ring one", |_| {}), Ca::root("Ring two", |_| {}));
    let ring = [one.cross_sign("Ring two", &two), two.cross_sign("Ring one", &one)];
    table.refused("unknown-issuer", "issuers in a ring", one.client(|_| {}).then(ring));
    table.refused("wrong-role", "its issuer alone", changed(&under, &|chain| drop(chain.remove(0))));
    table.refused("wrong-role", "its issuer first", changed(&under, &|chain| chain.swap(0, 1)));
    let other = root.client(|_| {});
    table.refused("key-not-proved", "another's certificate and an own key", Identity { chain: under.chain.clone(), key: other.key });
    table.broken("no certificate", changed(&under, &|chain| chain.clear()));
    table.broken("more than 64 KiB of certificates", under.then(junk(200)));
}
