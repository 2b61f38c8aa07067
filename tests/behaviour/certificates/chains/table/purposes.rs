//! Chains whose certificates were meant for something else, or for less.

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, ExtendedKeyUsagePurpose as Purpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType,
};

use super::super::super::authorities::{ALPHA, BETA, Ca, dns};
use super::Table;

pub(super) fn add(table: &mut Table, root: &Ca) {
    purposes(table, root);
    roles(table, root);
    lengths(table, root);
    constraints(table, root);
}

fn purposes(table: &mut Table, root: &Ca) {
    let leaf = |purposes: &[Purpose]| root.client(|params| params.extended_key_usages = purposes.to_vec());
    table.answered("for clients and servers", leaf(&[Purpose::ServerAuth, Purpose::ClientAuth]));
    table.answered("for no purpose in particular", leaf(&[]));
    table.refused("wrong-purpose", "for servers", leaf(&[Purpose::ServerAuth]));
    table.refused("wrong-purpose", "for any purpose", leaf(&[Purpose::Any]));
    table.refused("wrong-purpose", "for code", leaf(&[Purpose::CodeSigning]));
    let others = leaf(&[Purpose::EmailProtection, Purpose::TimeStamping, Purpose::OcspSigning]);
    table.refused("wrong-purpose", "for e-mail, time stamps and OCSP", others);
    let none = CustomExtension::from_oid_content(&[2, 5, 29, 37], vec![0x30, 0]);
    let none = root.client(|params| (params.extended_key_usages, params.custom_extensions) = (vec![], vec![none]));
    table.refused("wrong-purpose", "for an empty list of purposes", none);

    let used = |usages: &[KeyUsagePurpose]| root.client(|params| params.key_usages = usages.to_vec());
    table.answered("a key for no use in particular", used(&[]));
    let more = used(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement]);
    table.answered("a key for signatures and agreement", more);
    table.refused("wrong-purpose", "a key for encipherment", used(&[KeyUsagePurpose::KeyEncipherment]));
    table.refused("wrong-purpose", "a key for certificates", used(&[KeyUsagePurpose::KeyCertSign]));
    let issuer = table.on_the_books(root.below("Issuer to clients", |params| params.extended_key_usages = vec![Purpose::ClientAuth]));
    table.answered("its issuer issues to clients", issuer.client(|_| {}));
    let issuer = table.on_the_books(root.below("Issuer to servers", |params| params.extended_key_usages = vec![Purpose::ServerAuth]));
    table.refused("wrong-purpose", "its issuer issues to servers", issuer.client(|_| {}));
}

fn roles(table: &mut Table, root: &Ca) {
    for (name, is_ca) in [("its issuer says it is none", IsCa::ExplicitNoCa), ("its issuer does not say it is one", IsCa::NoCa)] {
        let issuer = root.below(name, |params| params.is_ca = is_ca);
        table.lists.push(issuer.twin(name).list(&[]));
        table.refused("wrong-role", name, issuer.client(|_| {}));
    }
    let lists = root.below("Issuer that may sign lists alone", |params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    let lists = table.on_the_books(lists);
    table.refused("wrong-role", "its issuer may not sign certificates", lists.client(|_| {}));
    let client = root.below("a client that issues", |params| {
        (params.is_ca, params.key_usages) = (IsCa::NoCa, vec![KeyUsagePurpose::DigitalSignature]);
        (params.subject_alt_names, params.extended_key_usages) = (vec![dns(BETA)], vec![Purpose::ClientAuth]);
    });
    table.lists.push(client.twin("a client that issues").list(&[]));
    table.refused("wrong-role", "another client issued it", client.client(|_| {}));
    let named = root.below("Authority of a client's name", |params| {
        (params.subject_alt_names, params.extended_key_usages) = (vec![dns(ALPHA)], vec![Purpose::ClientAuth]);
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    });
    table.refused("wrong-role", "an authority's own", named.itself());
}

fn lengths(table: &mut Table, root: &Ca) {
    let limited = |length| move |params: &mut CertificateParams| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
    let last = table.on_the_books(root.below("Issuer of length 0", limited(0)));
    table.answered("as long as its issuer may", last.client(|_| {}));
    let beyond = table.on_the_books(last.below("Below length 0", |_| {}));
    table.refused("path-too-long", "longer than its issuer's issuer may", beyond.client(|_| {}));
    let one = table.on_the_books(root.below("Issuer of length 1", limited(1)));
    let two = table.on_the_books(one.below("Below length 1", limited(7)));
    table.answered("as long as its issuer's issuer may", two.client(|_| {}));
    let three = table.on_the_books(two.below("Twice below length 1", |_| {}));
    table.refused("path-too-long", "longer than somebody above may", three.client(|_| {}));
    let short = table.trusted(Ca::root("Root of length 0", limited(0)));
    table.answered("as long as its root may", short.client(|_| {}));
    let below = table.on_the_books(short.below("Below a root of length 0", |_| {}));
    table.refused("path-too-long", "longer than its root may", below.client(|_| {}));

    let mut deepest = table.on_the_books(root.below("Level 1", |_| {}));
    for level in 2..=6 {
        deepest = table.on_the_books(deepest.below(&format!("Level {level}"), |_| {}));
    }
    table.answered("six issuers deep", deepest.client(|_| {}));
    let deeper = table.on_the_books(deepest.below("Level 7", |_| {}));
    table.refused("path-too-long", "seven issuers deep", deeper.client(|_| {}));
}

fn constraints(table: &mut Table, root: &Ca) {
    let tree = |name: &str| GeneralSubtree::DnsName(name.to_owned());
    let permitted = |tree| NameConstraints { permitted_subtrees: vec![tree], excluded_subtrees: vec![] };
    let excluded = |tree| NameConstraints { permitted_subtrees: vec![], excluded_subtrees: vec![tree] };
    let mut below = |name: &str, constraints| table.on_the_books(root.below(name, |params| params.name_constraints = Some(constraints)));
    let own = below("Issuer of own names", permitted(tree("clients.sendbridge.example")));
    let foreign = below("Issuer of foreign names", permitted(tree("elsewhere.example")));
    let not_own = below("Issuer of all but own names", excluded(tree("sendbridge.example")));
    let not_foreign = below("Issuer of all but foreign names", excluded(tree("elsewhere.example")));
    let no_address = below("Issuer of no address", excluded(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([10, 0, 0, 0], 8))));
    let mail = below("Issuer of e-mail addresses", permitted(GeneralSubtree::Rfc822Name("sendbridge.example".into())));
    let also = |ca: &Ca, name| ca.client(|params| params.subject_alt_names.push(name));
    table.answered("its name is permitted", own.client(|_| {}));
    table.answered("another name is excluded", not_foreign.client(|_| {}));
    table.refused("name-constraints", "its name is not permitted", foreign.client(|_| {}));
    table.refused("name-constraints", "its name is excluded", not_own.client(|_| {}));
    table.refused("name-constraints", "its other name is not permitted", also(&own, dns("elsewhere.example")));
    table.refused("name-constraints", "its address is excluded", also(&no_address, SanType::IpAddress([10, 1, 2, 3].into())));
    let address = SanType::Rfc822Name("a@sendbridge.example".try_into().unwrap());
    table.refused("name-constraints", "its e-mail address is under a constraint, which is not weighed", also(&mail, address));
    let wide = own.below("Wide below own names", |params| params.name_constraints = Some(permitted(tree("example"))));
    let wide = table.on_the_books(wide);
    table.refused("name-constraints", "its other name is permitted below and not above", also(&wide, dns("elsewhere.example")));
    let narrow = Ca::root("Root of foreign names", |params| params.name_constraints = Some(permitted(tree("elsewhere.example"))));
    let narrow = table.trusted(narrow);
    table.refused("name-constraints", "its name is not permitted to its root", narrow.client(|_| {}));
}
