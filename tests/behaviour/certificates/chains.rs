//! A table of chains: how each is made, and what happens to a client that shows it.

mod table;

use std::collections::BTreeSet;
use std::time::Instant;

use integration_tests::HANG;

use super::authorities::{Identity, pem};
use super::gateways::{Files, Gateway};
use table::Table;

/// What happens to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The client gets a token.
    Answered,
    /// The certificate is valid, but no listed client's: 401.
    NotListed,
    /// The certificate is another listed client's: 401.
    NotOurs,
    /// The handshake fails, and the log says why.
    Refused(&'static str),
    /// The handshake fails before a certificate is read.
    Broken,
}

/// A client that shows a chain.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) expected: Expected,
    pub(super) identity: Identity,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_chain_is_answered_or_refused_as_the_table_says() {
    let table = Table::make();
    let (roots, lists): (String, String) = (table.roots.concat(), table.lists.concat());
    let other = &table.other;
    let (other_root, other_list) = (other.pem(), other.list(&[]));
    let authorities =
        [Files { name: "suite", roots: &roots, lists: &lists }, Files { name: "other", roots: &other_root, lists: &other_list }];
    let gateway = Gateway::start(&authorities, |_| {}).await;
    let mut cases = table.cases;
    cases.extend(table::of_the_gateway(&gateway));

    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "two cases of a name");
    let controls = cases.iter().filter(|case| case.expected == Expected::Answered).count();
    assert!(cases.len() >= 160 && controls >= 45, "{} chains, {controls} controls", cases.len());
    let wrong = tokio::task::spawn_blocking(move || {
        let wrong: Vec<_> = cases.iter().filter_map(|case| judge(&gateway, case).err()).collect();
        wrong
    });
    let wrong = wrong.await.unwrap();
    assert!(wrong.is_empty(), "{} chains:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether the case ended as expected, and was logged as it should be.
fn judge(gateway: &Gateway, case: &Case) -> Result<(), String> {
    let began = Instant::now();
    let (heard, log) = gateway.heard(|| gateway.way.ask(&case.identity, "alpha"));
    let told = |what: &str| log.contains(what);
    let as_expected = match case.expected {
        Expected::Answered => heard == [200, 200],
        Expected::NotListed => heard == [401, 401] && told("the certificate is no listed client's"),
        Expected::NotOurs => heard == [200, 401] && told("token refused"),
        Expected::Refused(reason) => heard.is_empty() && told("client certificate refused") && told(&format!("\"reason\":\"{reason}\"")),
        Expected::Broken => heard.is_empty() && !told("\"level\":\"ERROR\""),
    };
    let leaf = case.identity.chain.first().map(|leaf| pem("", leaf));
    let shown = leaf.iter().flat_map(|leaf| leaf.lines().nth(2)).chain(["clients.sendbridge.example", "a client"]);
    let identifies = case.expected != Expected::Answered && shown.into_iter().any(told);
    if as_expected && !identifies && began.elapsed() < HANG {
        return Ok(());
    }
    let reason = log.split("\"reason\":").nth(1).and_then(|rest| rest.split(',').next());
    Err(format!(
        "{}: expected {:?}, got {heard:?} after {:?}, {reason:?}, told more than it should: {identifies}",
        case.name,
        case.expected,
        began.elapsed()
    ))
}
