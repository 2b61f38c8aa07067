//! Which crate may use which.

use std::collections::BTreeSet;

/// What each crate may use, besides `domain`. All may use `domain`, and `domain` uses none of them.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("sendbridge", &["server", "trust", "client", "synthetic", "adapters"]),
    ("server", &["exchange", "documents", "trust"]),
    ("exchange", &["store", "adapters", "disclosure", "trust"]),
    ("documents", &["adapters"]),
    ("client", &[]),
    ("synthetic", &["adapters"]),
    ("adapters", &[]),
    ("disclosure", &[]),
    ("domain", &[]),
    ("store", &[]),
    ("trust", &[]),
];

/// What the crates' manifests (TOML) use and may not. Dependencies of tests are ignored.
pub(super) fn wrong(manifests: &[String]) -> Vec<String> {
    let manifests: Vec<toml::Table> = manifests.iter().map(|manifest| manifest.parse().unwrap()).collect();
    let name = |manifest: &toml::Table| manifest["package"]["name"].as_str().unwrap().to_owned();
    let crates: BTreeSet<_> = manifests.iter().map(name).collect();
    let mut wrong = Vec::new();
    for manifest in &manifests {
        let from = name(manifest);
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == from) else {
            wrong.push(format!("{from} has no line in tests/behaviour/structure/arrows.rs"));
            continue;
        };
        let tables = ["dependencies", "build-dependencies"].map(|table| manifest.get(table).and_then(toml::Value::as_table));
        let used = tables.into_iter().flatten().flat_map(toml::Table::keys).filter(|used| crates.contains(*used));
        let is_wrong = |used: &&String| from == "domain" || (*used != "domain" && !allowed.contains(&used.as_str()));
        wrong.extend(used.filter(is_wrong).map(|used| format!("{from} must not use {used}")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, dependencies: &[&str], for_tests: &[&str]) -> String {
        let lines = |names: &[&str]| names.iter().map(|name| format!("{name}.workspace = true\n")).collect::<String>();
        format!("[package]\nname = \"{name}\"\n[dependencies]\n{}[dev-dependencies]\n{}", lines(dependencies), lines(for_tests))
    }

    #[test]
    fn what_is_not_on_the_list_is_wrong() {
        let good = [
            manifest("domain", &["chrono"], &[]),
            manifest("store", &["domain", "diesel"], &["trust"]),
            manifest("trust", &["domain"], &[]),
        ];
        assert_eq!(wrong(&good), [""; 0]);
        let bad = [
            manifest("domain", &["store"], &[]),
            manifest("store", &["trust"], &[]),
            manifest("trust", &[], &[]),
            manifest("more", &[], &[]),
        ];
        assert_eq!(
            wrong(&bad),
            ["domain must not use store", "store must not use trust", "more has no line in tests/behaviour/structure/arrows.rs"]
        );
    }
}
