//! Chains whose certificates are valid at other times.

use std::time::Duration;

use rcgen::{CertificateParams, date_time_ymd};

use super::super::super::authorities::Ca;
use super::Table;

fn expired(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
}

fn to_come(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2088, 1, 1), date_time_ymd(2089, 1, 1));
}

pub(super) fn add(table: &mut Table, root: &Ca) {
    let since_1970 = trust::Clock::system().now().timestamp().try_into().unwrap();
    let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(since_1970);
    let hour = Duration::from_secs(3600);
    table.answered("it holds for an hour more", root.client(|params| params.not_after = now + hour));
    table.answered("it holds since an hour ago", root.client(|params| params.not_before = now - hour));
    table.answered("it holds to the end of time", root.client(|params| params.not_after = date_time_ymd(9999, 12, 31)));
    table.refused("expired", "it expired long ago", root.client(expired));
    table.refused("expired", "it expired a second ago", root.client(|params| params.not_after = now - Duration::from_secs(1)));
    table.refused("not-yet-valid", "it is to come", root.client(to_come));
    table.refused("not-yet-valid", "it holds in an hour", root.client(|params| params.not_before = now + hour));
    let backwards = root.client(|params| (params.not_before, params.not_after) = (date_time_ymd(2080, 1, 1), date_time_ymd(2020, 1, 1)));
    table.refused("bad-encoding", "it ends before it begins", backwards);

    let before = table.on_the_books(root.below("Expired intermediate", expired));
    let after = table.on_the_books(root.below("Intermediate to come", to_come));
    table.refused("expired", "its issuer is expired", before.client(|_| {}));
    table.refused("not-yet-valid", "its issuer is to come", after.client(|_| {}));

    // These roots have lists that are in date; only the root is out of date.
    let before = table.trusted(Ca::root("Expired root", expired));
    let after = table.trusted(Ca::root("Root to come", to_come));
    table.refused("expired", "its root is expired", before.client(|_| {}));
    let below = table.on_the_books(before.below("Intermediate of an expired root", |_| {}));
    table.refused("expired", "its issuer's root is expired", below.client(|_| {}));
    table.refused("not-yet-valid", "its root is to come", after.client(|_| {}));

    // Two certificates for one name and key.
    for (name, is_first) in
        [("its root was renewed, and the old one stands first", true), ("its root was renewed, and the old one stands last", false)]
    {
        let old = Ca::root(name, expired);
        let new = old.twin(name);
        let pair = if is_first { [old.pem(), new.pem()] } else { [new.pem(), old.pem()] };
        table.roots.extend(pair);
        table.lists.push(new.list(&[]));
        table.answered(name, new.client(|_| {}));
    }
}
