use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{ChildReference, KeyBytes, Ring};
use integration_tests::records::{BORN, number};
use integration_tests::{Database, on_both};
use store::Store;
use store::vault::Vault;

const CHILDREN: usize = 150;

/// A gateway's store with two keys, of which `primary` is in force.
fn store(url: &str, primary: u32) -> Store {
    let ring = || Ring::new([(1, KeyBytes::new([1; 32])), (2, KeyBytes::new([2; 32]))].into(), primary).unwrap();
    let vault = Arc::new(Vault::new(&ring(), &ring()).unwrap());
    Store::open(url, move || Arc::clone(&vault)).unwrap()
}

on_both! {
    async fn gateways_that_change_at_different_moments_make_a_child_known_once(world: World) {
        let url = match world.database() {
            Database::Sqlite => world.dir().join(world.database_url()).to_string_lossy().into_owned(),
            Database::Postgres => world.database_url().to_owned(),
        };
        let stores = tokio::task::spawn_blocking(move || [1, 2].map(|primary| store(&url, primary))).await.unwrap();
        for nth in 0..CHILDREN {
            let child = ChildReference::by_nhs_number(number(nth).parse().unwrap(), BORN.parse().unwrap());
            let known = stores.iter().cycle().take(4).map(|store| {
                let child = child.clone();
                store.transaction(move |tx| tx.child_for_decision(&child))
            });
            let known = futures_util::future::join_all(known).await;
            let ids: BTreeSet<_> = known.into_iter().map(|id| id.unwrap().0).collect();
            assert_eq!(ids.len(), 1, "child {nth}");
        }
        assert_eq!(world.ask_database("SELECT count(*) FROM child_identifier"), i64::try_from(CHILDREN).unwrap());
        tokio::task::spawn_blocking(move || stores.each_ref().map(Store::close)).await.unwrap();
    }
}
