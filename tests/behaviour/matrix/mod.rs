//! No organisation sees or changes another's records beyond an agreement: every operation of the contract,
//! asked by everybody about everything, in every format. `slots.rs` has a line for each operation, and an
//! operation without one fails.

mod answers;
mod combinations;
mod crosswalks;
mod expectations;
mod holdings;
pub(crate) mod logs;
pub(crate) mod partners;
mod samples;
mod slots;
mod timings;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use integration_tests::{Database, World, short_or_whole};

use answers::Findings;
use combinations::{Combination, Documented};
use expectations::Expected;
use holdings::Held;
use partners::{HERTS, Partner};
use slots::{TABLE, WITHOUT_LEAF};

/// How many distinct combinations must run on each database.
const AT_LEAST: usize = 2_000;
/// How many requests are sent at a time; and how many if each of them writes.
const AT_ONCE: usize = 8;
const WRITING: usize = 2;
/// How many permitted changes are tried, for each partner and operation.
const WRITES: usize = 3;

#[test]
fn every_operation_of_the_contract_is_in_the_table_once() {
    let documented: Vec<_> = Documented::all().iter().map(|documented| documented.operation.id.clone()).collect();
    let mut listed: Vec<_> = TABLE.iter().map(|row| row.operation).collect();
    listed.sort_unstable();
    listed.windows(2).for_each(|two| assert_ne!(two[0], two[1], "twice in the table"));
    for operation in listed {
        assert!(documented.iter().any(|id| id == operation), "{operation} stands in the table and not in the document");
    }
}

/// Every row of every table, except the audit log and the keys of requests, which refusals write too.
fn kept(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in world.dump_database().lines() {
        match line.strip_prefix("-- ") {
            Some(name) => name.clone_into(&mut table),
            None => tables.entry(table.clone()).or_default().push(line.to_owned()),
        }
    }
    tables.retain(|name, rows| {
        rows.sort_unstable();
        !["audit_", "idempotency", "assertion_jti", "sqlite_sequence"].iter().any(|own| name.starts_with(own))
    });
    tables
}

/// Reads the log as each partner's auditor does, page by page. For a request that was answered with 404, the log
/// must say the same whether the thing exists or not.
async fn read_the_log(findings: &mut Findings, held: &Held, partners: &[Partner]) {
    for partner in partners.iter().filter(|partner| !partner.narrow) {
        let mut leaves: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut after = Some("0".to_owned());
        while let Some(cursor) = after {
            let page = partner.persona.get(&format!("/v1/audit/events?limit=500&after={cursor}")).await;
            let mut page = page.expect(200);
            for leaf in page["items"].as_array_mut().unwrap() {
                // The partner asked for this id itself.
                if leaf["organisation"] == partner.organisation {
                    leaf["resource"].take();
                }
            }
            findings.look_in(held, partner, true, &page.to_string(), "", &format!("the-log as {partner} reads it"));
            for leaf in page["items"].as_array().unwrap() {
                let mut said = leaf.clone();
                for own in ["id", "at", "leaf", "request_id", "item", "resource"] {
                    said.as_object_mut().unwrap().remove(own);
                }
                leaves.entry(leaf["request_id"].as_str().unwrap_or_default().to_owned()).or_default().push(said.to_string());
            }
            after = page["next"].as_str().map(str::to_owned);
        }
        let own = |hidden: &&(String, String, String)| hidden.1 == partner.persona.client_id && partner.organisation != HERTS;
        let mut first: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (operation, _, request) in findings.hidden.iter().filter(own) {
            let told = leaves.get(request).cloned().unwrap_or_default();
            let first = first.entry(operation).or_insert_with(|| told.clone());
            if *first != told {
                findings.faults.push(format!("leaves-of {operation} tell {partner} {told:?}, and of another {first:?}"));
            }
        }
    }
}

/// Checks that each refusal of something that exists wrote an audit entry, or is listed.
async fn look_for_audit_entries(findings: &mut Findings, world: &World) {
    let log = world.audit_log().await;
    let refused = log.iter().filter(|leaf| leaf["outcome"] == "refused");
    let refused: BTreeSet<_> = refused.map(|leaf| leaf["request_id"].as_str().unwrap()).collect();
    let (mut without, mut with) = (BTreeSet::new(), BTreeSet::new());
    for (operation, request) in &findings.refused {
        (if refused.contains(request.as_str()) { &mut with } else { &mut without }).insert(operation.clone());
    }
    for operation in &without {
        if !WITHOUT_LEAF.iter().any(|(listed, _)| listed == operation) {
            findings.faults.push(format!("{operation} refuses what is another's and leaves no leaf"));
        }
    }
    for (listed, _) in WITHOUT_LEAF.iter().filter(|(listed, _)| with.contains(*listed) && !without.contains(*listed)) {
        findings.faults.push(format!("{listed} leaves its leaf: take it off WITHOUT_LEAF in tests/behaviour/matrix/slots.rs"));
    }
}

async fn no_organisation_sees_or_changes_what_is_another_s(database: Database) {
    logs::listen();
    let world = World::start(database).await;
    let partners = partners::gather(&world).await;
    let held = Held::set_up(&world, &partners).await;
    let set_up = Instant::now();
    let (mut harmless, mut writes) = (Vec::new(), Vec::new());
    for (documented, partner) in Documented::all().iter().flat_map(|documented| partners.iter().map(move |partner| (documented, partner))) {
        let all = Combination::generate(documented, partner, &held);
        let may = |combination: &Combination| matches!(combination.expected(&held), Expected::Answered | Expected::Understood);
        let changes = |combination: &Combination| combination.writes() && may(combination);
        let (changing, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(changes);
        harmless.extend(refused);
        writes.extend(changing.into_iter().take(WRITES));
    }
    let kinds = samples::kinds(&harmless);
    let harmless = if short_or_whole(true, false) { samples::sample(harmless, &held) } else { harmless };
    assert!(samples::kinds(&harmless) == kinds, "the sample has no line of each kind");
    let distinct: BTreeSet<_> = harmless.iter().chain(&writes).map(ToString::to_string).collect();
    let mut findings = Findings::default();

    let before = kept(&world);
    findings.send(&held, &harmless, AT_ONCE, true).await;
    let after = kept(&world);
    for (table, rows) in before.iter().filter(|(table, rows)| after.get(*table) != Some(rows)) {
        findings.faults.push(format!("what is only read, or refused, changed {table}, which had {} rows", rows.len()));
    }
    assert!(before.contains_key("consent") && before.keys().eq(after.keys()), "all tables are looked at");
    look_for_audit_entries(&mut findings, &world).await;

    // The control: what others are refused is done for those who may.
    findings.send(&held, &writes, WRITING, false).await;
    read_the_log(&mut findings, &held, &partners).await;
    findings.look_for_what_was_not_seen(&held, &partners);
    for (operation, (answered, _)) in &findings.told {
        assert!(*answered > 0, "the control: {operation} has answered nobody");
    }
    let heard = logs::heard();
    assert!(heard.contains("/v1/consents/{id}") && heard.contains("request refused"), "the log is listened to");
    for mark in held.marks.iter().filter(|mark| heard.contains(mark.text.as_str())) {
        findings.faults.push(format!("the log tells {}", mark.text));
    }
    println!(
        "{database:?}: {} distinct combinations of {} operations, {} partners and {} objects with {} marks, {:.1} s",
        distinct.len(),
        findings.told.len(),
        partners.len(),
        held.objects.len(),
        held.marks.len(),
        set_up.elapsed().as_secs_f32()
    );
    findings.are_none();
    assert!(distinct.len() >= AT_LEAST, "{}", distinct.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_organisation_sees_or_changes_what_is_another_s_on_sqlite() {
    no_organisation_sees_or_changes_what_is_another_s(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_organisation_sees_or_changes_what_is_another_s_on_postgres() {
    no_organisation_sees_or_changes_what_is_another_s(Database::Postgres).await;
}
