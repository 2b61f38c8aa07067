//! Whatever somebody who controls the database does to the log, a checkpoint kept elsewhere shows it.

use std::path::Path;

use integration_tests::logs::{Entry, Leaf, LogCopy, Node, Pending, sha256};
use integration_tests::records::{BORN, number};
use integration_tests::{Chooser, on_both, short_or_whole};
use server::Configuration;
use store::{AuditFault, AuditReport};
use trust::Clock;

use super::{push, signed_in};

/// How many mutations are tried: each kind a few times, or many.
fn mutations() -> usize {
    short_or_whole(5 * MUTATIONS.len(), 1_200)
}

/// Fixed, so that every run tries the same mutations.
const SEED: u64 = 20_261_121;

/// A change to the log, with its name.
type Mutation = (&'static str, fn(&mut LogCopy, &mut Chooser));

const MUTATIONS: [Mutation; 22] = [
    ("a body is edited", |log, by| edit_body(log, by, false)),
    ("a body and its hash are edited", |log, by| edit_body(log, by, true)),
    ("a body is put in another's place", |log, by| {
        let (one, other) = (appended(log, by), appended(log, by));
        (log.leaves[one].body, log.leaves[one].body_hash) = (log.leaves[other].body.clone(), log.leaves[other].body_hash.clone());
    }),
    ("a body is emptied before its time", |log, by| {
        let at = appended(log, by);
        log.leaves[at].body = None;
    }),
    ("a body's hash is edited", |log, by| {
        let at = appended(log, by);
        flip(&mut log.leaves[at].body_hash, by);
    }),
    ("an instant is moved", |log, by| {
        let at = appended(log, by);
        log.leaves[at].at = format!("2026-01-{:02} 00:00:00.000001", 1 + by.below(28));
    }),
    ("another child is named", |log, by| {
        let at = appended(log, by);
        let child = log.leaves[at].child_id.unwrap_or(0);
        log.leaves[at].child_id = Some(child + 1 + i64::try_from(by.below(9)).unwrap());
    }),
    ("no child is named any more", |log, by| {
        let named: Vec<_> = (0..log.entries.len()).filter(|at| log.leaves[*at].child_id.is_some()).collect();
        log.leaves[named[by.below(named.len())]].child_id = None;
    }),
    ("a salt is edited", |log, by| {
        let at = appended(log, by);
        flip(&mut log.leaves[at].salt, by);
    }),
    ("a leaf is deleted", |log, by| {
        let at = by.below(log.leaves.len());
        log.leaves.remove(at);
    }),
    ("an entry is deleted, and its leaf stays", |log, by| {
        let at = by.below(log.entries.len());
        log.entries.remove(at);
    }),
    ("an entry is deleted with its leaf", |log, by| {
        let entry = log.entries.remove(by.below(log.entries.len()));
        log.leaves.retain(|leaf| leaf.id != entry.leaf_id);
    }),
    ("the end is cut off", |log, by| {
        let kept = by.below(log.entries.len());
        let cut: Vec<_> = log.entries.drain(kept..).map(|entry| entry.leaf_id).collect();
        log.leaves.retain(|leaf| !cut.contains(&leaf.id));
        log.nodes.retain(|node| (node.position + 1) << node.level <= i64::try_from(kept).unwrap());
    }),
    ("two entries change places", |log, by| {
        let (one, other) = (by.below(log.entries.len()), by.below(log.entries.len()));
        let leaf = log.entries[one].leaf_id;
        log.entries[one].leaf_id = log.entries[other].leaf_id;
        log.entries[other].leaf_id = leaf;
        if by.whether() {
            let hash = log.entries[one].hash.clone();
            log.entries[one].hash = log.entries[other].hash.clone();
            log.entries[other].hash = hash;
        }
    }),
    ("a stretch is turned round", |log, by| {
        let (start, length) = (by.below(log.entries.len() - 3), 2 + by.below(2));
        let leaves: Vec<_> = log.entries[start..=start + length].iter().map(|entry| entry.leaf_id).rev().collect();
        log.entries[start..].iter_mut().zip(leaves).for_each(|(entry, leaf)| entry.leaf_id = leaf);
    }),
    ("an entry is put in between", |log, by| {
        let forged = forge(log, by);
        let at = by.below(log.entries.len());
        log.entries.insert(at, Entry { position: 0, leaf_id: forged.id, hash: forged.hash() });
        (0..).zip(&mut log.entries).for_each(|(position, entry)| entry.position = position);
        log.leaves.push(forged);
    }),
    ("a leaf is put beside the log", |log, by| {
        let forged = forge(log, by);
        log.leaves.push(forged);
    }),
    ("an entry's hash is edited", |log, by| {
        let at = by.below(log.entries.len());
        flip(&mut log.entries[at].hash, by);
    }),
    ("a hash over hashes is edited, deleted or added", |log, by| match by.below(3) {
        0 => {
            let at = by.below(log.nodes.len());
            flip(&mut log.nodes[at].hash, by);
        }
        1 => {
            log.nodes.remove(by.below(log.nodes.len()));
        }
        _ => {
            let (level, position) = (i32::try_from(by.below(40)).unwrap() - 3, 1_000 + i64::try_from(by.below(9)).unwrap());
            log.nodes.push(Node { level, position, hash: sha256(&[&[7]]) });
        }
    }),
    ("the queue is meddled with", |log, by| match by.below(3) {
        0 => {
            log.pending.remove(by.below(log.pending.len()));
        }
        1 => log.pending.push(Pending { leaf_id: 1_000_000 + i64::try_from(by.below(99)).unwrap() }),
        _ => log.pending.push(Pending { leaf_id: log.entries[by.below(log.entries.len())].leaf_id }),
    }),
    ("what was appended is put back into the queue", |log, by| {
        let kept = by.below(log.entries.len());
        log.pending.extend(log.entries.drain(kept..).map(|entry| Pending { leaf_id: entry.leaf_id }));
        log.nodes.retain(|node| (node.position + 1) << node.level <= i64::try_from(kept).unwrap());
    }),
    ("all of it is gone", |log, by| {
        log.entries.clear();
        log.nodes.clear();
        if by.whether() {
            log.leaves.clear();
            log.pending.clear();
        }
    }),
];

fn appended(log: &LogCopy, by: &mut Chooser) -> usize {
    by.below(log.entries.len())
}

fn flip(bytes: &mut [u8], by: &mut Chooser) {
    bytes[by.below(bytes.len())] ^= 1 << by.below(8);
}

fn edit_body(log: &mut LogCopy, by: &mut Chooser, consistently: bool) {
    let at = appended(log, by);
    let leaf = &mut log.leaves[at];
    let mut body = leaf.body.take().unwrap();
    match by.below(3) {
        0 => body = body.replacen("council-herts", "provider-hct", 1),
        1 => body.push(' '),
        _ => {
            body.remove(by.below(body.len()));
        }
    }
    if consistently {
        leaf.body_hash = sha256(&[body.as_bytes()]);
    }
    leaf.body = Some(body);
}

fn forge(log: &LogCopy, by: &mut Chooser) -> Leaf {
    let like = &log.leaves[by.below(log.leaves.len())];
    Leaf { id: log.leaves.iter().map(|leaf| leaf.id).max().unwrap() + 1, ..like.clone() }
}

/// Whether every entry still has its leaf: if so, an attacker can make all hashes fit again.
fn can_be_rehashed(log: &LogCopy) -> bool {
    log.entries.iter().all(|entry| log.leaves.iter().any(|leaf| leaf.id == entry.leaf_id))
}

fn look(configuration: &Configuration, checkpoint: Option<&Path>) -> AuditReport {
    server::verify_audit(configuration, &Clock::system(), checkpoint).unwrap()
}

on_both! {
    async fn every_mutation_is_found_against_a_checkpoint_kept_elsewhere(world: World) {
        push(&world).await;
        let council = signed_in(&world, "council-herts").await;
        for nth in 0..3 {
            let waits = format!("/v1/children/{}/waits", council.child_id(&number(nth), BORN).await);
            for _ in 0..14 {
                council.get(&waits).await.expect_status(404);
            }
        }
        let checkpoint = signed_in(&world, "auditor-herts").await.get("/v1/audit/checkpoint").await;
        checkpoint.expect_status(200);
        let (configuration, folder) = world.stop().await;
        let kept = folder.path().join("kept-elsewhere.txt");
        std::fs::write(&kept, &checkpoint.text).unwrap();
        assert_eq!(std::fs::read_to_string(&configuration.audit.checkpoint_file).unwrap(), checkpoint.text, "what is exported is the same");

        let honest = {
            let mut log = LogCopy::read(&configuration);
            assert_eq!((log.entries.len(), log.pending.len()), (42, 0));
            let mut rehashed = log.clone();
            rehashed.rehash();
            assert_eq!(rehashed, log, "the gateway hashes as the RFC defines it");
            // There may be leaves that wait at any moment: here, two.
            for _ in 0..2 {
                let waiting = forge(&log, &mut Chooser::new(1));
                log.pending.push(Pending { leaf_id: waiting.id });
                log.leaves.push(waiting);
            }
            log
        };
        honest.write(&configuration);
        let report = look(&configuration, Some(&kept));
        assert!(report.is_whole() && report.vouched == Some(42) && report.pending == 2, "{report}");

        let mut chooser = Chooser::new(SEED);
        let (mut tried, mut rehashed) = (0, 0);
        let mutations = mutations();
        while tried < mutations {
            let (name, mutate) = MUTATIONS[tried % MUTATIONS.len()];
            let mut log = honest.clone();
            mutate(&mut log, &mut chooser);
            let consistent = can_be_rehashed(&log) && chooser.whether();
            if consistent {
                log.rehash();
            }
            if log == honest {
                continue;
            }
            log.write(&configuration);
            let report = look(&configuration, Some(&kept));
            assert!(!report.is_whole(), "{tried}: {name}, consistently: {consistent}: {report}");
            tried += 1;
            rehashed += usize::from(consistent);
        }
        assert!(rehashed > mutations / 4, "{rehashed} of {tried} were made to fit again");

        // The controls: the log as it was, and with honest entries added.
        honest.write(&configuration);
        assert!(look(&configuration, Some(&kept)).is_whole());
        let mut extended = honest.clone();
        for waiting in std::mem::take(&mut extended.pending) {
            extended.entries.push(Entry { position: 0, leaf_id: waiting.leaf_id, hash: Vec::new() });
            extended.rehash();
            extended.write(&configuration);
            let left = honest.pending.iter().filter(|row| extended.entries.iter().all(|entry| entry.leaf_id != row.leaf_id));
            LogCopy { pending: left.cloned().collect(), ..extended.clone() }.write(&configuration);
            let report = look(&configuration, Some(&kept));
            assert!(report.is_whole() && report.vouched == Some(42), "{report}");
        }
        // Without a checkpoint, nothing shows a change after which all hashes fit again.
        let mut forged = honest;
        edit_body(&mut forged, &mut chooser, true);
        forged.rehash();
        forged.write(&configuration);
        assert!(look(&configuration, None).is_whole());
        assert_eq!(look(&configuration, Some(&kept)).faults, [AuditFault::OtherHistory { checkpoint: 42 }]);
        drop(folder);
    }
}
