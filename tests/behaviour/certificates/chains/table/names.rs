//! Certificates with other names, or with the name in another place.

use rcgen::string::Ia5String;
use rcgen::{CustomExtension, DistinguishedName, DnType, OtherNameValue, SanType};

use super::super::super::authorities::{ALPHA, BETA, Ca, dns, replace, wrap};
use super::Table;

pub(super) fn add(table: &mut Table, issuer: &Ca) {
    listed(table, issuer);
    others(table, issuer);
    elsewhere(table, issuer);
}

fn ia5(text: &str) -> Ia5String {
    text.try_into().unwrap()
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn listed(table: &mut Table, issuer: &Ca) {
    let named = |names: Vec<SanType>| issuer.client(|params| params.subject_alt_names = names);
    table.answered("one of two names is listed", named(vec![dns("elsewhere.example"), dns(ALPHA)]));
    table.answered("the names of two clients: it is either", named(vec![dns(BETA), dns(ALPHA)]));
    let many = (0..200).map(|at| dns(&format!("name-{at}.example"))).chain([dns(ALPHA)]).collect();
    table.answered("the last of 201 names", named(many));
    let kinds = vec![
        SanType::IpAddress([10, 1, 2, 3].into()),
        SanType::URI(ia5("https://elsewhere.example/")),
        SanType::Rfc822Name(ia5("a@elsewhere.example")),
        dns(ALPHA),
    ];
    table.answered("the name among an address, a URI and an e-mail address", named(kinds));
    table.answered("the name, and an empty subject", issuer.client(|params| params.distinguished_name = DistinguishedName::new()));
    let misled = issuer.client(|params| params.distinguished_name = common_name(BETA));
    table.answered("the name, and another client's as common name", misled);
}

fn others(table: &mut Table, issuer: &Ca) {
    let named = |name: &str| issuer.client(|params| params.subject_alt_names = vec![dns(name)]);
    for (about, name) in [
        ("an unlisted name", "gamma.clients.sendbridge.example"),
        ("a wildcard", "*.clients.sendbridge.example"),
        ("a wildcard within", "al*.clients.sendbridge.example"),
        ("a wildcard of everything", "*"),
        ("upper case", "ALPHA.CLIENTS.SENDBRIDGE.EXAMPLE"),
        ("one letter in upper case", "alpha.Clients.sendbridge.example"),
        ("a trailing dot", "alpha.clients.sendbridge.example."),
        ("a leading dot", ".alpha.clients.sendbridge.example"),
        ("a space before", " alpha.clients.sendbridge.example"),
        ("a space after", "alpha.clients.sendbridge.example "),
        ("a line end after", "alpha.clients.sendbridge.example\n"),
        ("a NUL after", "alpha.clients.sendbridge.example\0"),
        ("a NUL and another name after", "alpha.clients.sendbridge.example\0.elsewhere.example"),
        ("a NUL within", "alpha\0.clients.sendbridge.example"),
        ("a name before it", "x.alpha.clients.sendbridge.example"),
        ("a letter before it", "xalpha.clients.sendbridge.example"),
        ("a name after it", "alpha.clients.sendbridge.example.elsewhere.example"),
        ("a part of it", "alpha.clients"),
        ("its parent", "clients.sendbridge.example"),
        ("an empty name", ""),
        ("two names in one", "alpha.clients.sendbridge.example,beta.clients.sendbridge.example"),
        ("a look-alike in Punycode", "xn--lpha-53d.clients.sendbridge.example"),
    ] {
        table.not_listed(about, named(name));
    }
    table.not_ours("another client's name", named(BETA));
    let swap = |from: &'static str, to: &'static str| move |bytes: &mut Vec<u8>| replace(bytes, from.as_bytes(), to.as_bytes());
    table.refused(
        "bad-signature",
        "a name swapped after signing",
        named("omega.clients.sendbridge.example").forged(swap("omega", "alpha")),
    );
    table.refused("bad-signature", "the listed name swapped for an unlisted one", named(ALPHA).forged(swap("alpha", "omega")));
}

fn elsewhere(table: &mut Table, issuer: &Ca) {
    let named = |name: Option<SanType>| issuer.client(|params| params.subject_alt_names = name.into_iter().collect());
    table.not_listed("no names", named(None));
    let common = issuer.client(|params| (params.subject_alt_names, params.distinguished_name) = (vec![], common_name(ALPHA)));
    table.not_listed("the name as common name alone", common);
    table.not_listed("the name as an e-mail address", named(Some(SanType::Rfc822Name(ia5(ALPHA)))));
    table.not_listed("the name as a URI", named(Some(SanType::URI(ia5(ALPHA)))));
    let other_kind = SanType::OtherName((vec![1, 3, 6, 1, 5, 5, 7, 8, 5], OtherNameValue::Utf8String(ALPHA.into())));
    table.not_listed("the name as another kind of name", named(Some(other_kind)));
    table.not_listed("an address alone", named(Some(SanType::IpAddress([127, 0, 0, 1].into()))));
    let names = |content: Vec<u8>| CustomExtension::from_oid_content(&[2, 5, 29, 17], content);
    let written =
        |content: Vec<u8>| issuer.client(|params| (params.subject_alt_names, params.custom_extensions) = (vec![], vec![names(content)]));
    let one = |name: &[u8]| wrap(0x30, &wrap(0x82, name));
    table.not_listed("a look-alike in UTF-8", written(one("аlpha.clients.sendbridge.example".as_bytes())));
    table.not_listed("a name of bytes that are no letters", written(one(b"\xff\xfe\x80")));
    table.refused("bad-encoding", "names that end too early", written(vec![0x30, 0x20, 0x82, 0x40, b'a']));
    let twice = issuer.client(|params| params.custom_extensions = vec![names(one(BETA.as_bytes()))]);
    table.refused("bad-encoding", "names stated twice", twice);
}
