//! What an outsider can check with checkpoints, proofs and the RFC.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use integration_tests::logs::{root, sha256};
use integration_tests::records::{BORN, number};
use integration_tests::{Database, on_both, until};
use serde_json::Value;
use trust::Clock;

use super::{push, signed_in};

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn hashes(proof: &Value) -> Vec<Vec<u8>> {
    proof["hashes"].as_array().unwrap().iter().map(bytes).collect()
}

fn join(left: &[u8], right: &[u8]) -> Vec<u8> {
    sha256(&[&[1], left, right])
}

/// RFC 9162, 2.1.3.2.
fn root_of_inclusion(leaf: &[u8], index: u64, size: u64, path: &[Vec<u8>]) -> Option<Vec<u8>> {
    let (mut node, mut last, mut hash) = (index, size - 1, leaf.to_vec());
    for beside in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = join(beside, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = join(&hash, beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// RFC 9162, 2.1.4.2: the roots of the smaller and of the larger tree.
fn roots_of_consistency(from: u64, to: u64, from_root: &[u8], path: &[Vec<u8>]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut path = path.to_vec();
    if from.is_power_of_two() {
        path.insert(0, from_root.to_vec());
    }
    let (mut node, mut last) = (from - 1, to - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut smaller, mut larger) = (path.first()?.clone(), path.first()?.clone());
    for beside in &path[1..] {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            (smaller, larger) = (join(beside, &smaller), join(beside, &larger));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            larger = join(&larger, beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some((smaller, larger))
}

/// The leaf hash of an entry, computed only from what the API shows.
fn leaf_hash(entry: &Value) -> Vec<u8> {
    let mut body = entry.as_object().unwrap().clone();
    let leaf = body.remove("leaf").unwrap();
    body.remove("id");
    let at: DateTime<Utc> = entry["at"].as_str().unwrap().parse().unwrap();
    let (id, micros) = (leaf["id"].as_i64().unwrap(), at.timestamp_micros());
    let body = sha256(&[Value::Object(body).to_string().as_bytes()]);
    sha256(&[&[0], &id.to_be_bytes(), &micros.to_be_bytes(), &bytes(&leaf["child"]), &body])
}

on_both! {
    async fn an_outsider_proves_every_entry_and_every_growth_from_what_is_shown(world: World) {
        push(&world).await;
        let council = signed_in(&world, "council-herts").await;
        let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
        for _ in 0..13 {
            council.get(&waits).await.expect_status(404);
        }
        let log = world.audit_log().await;
        let leaves: Vec<_> = log.iter().map(leaf_hash).collect();
        let auditor = signed_in(&world, "auditor-herts").await;
        for size in 1..=leaves.len() {
            for leaf in 1..=size {
                let proof = auditor.get(&format!("/v1/audit/proof?leaf={leaf}&size={size}")).await.expect(200);
                assert_eq!(bytes(&proof["leaf_hash"]), leaves[leaf - 1], "the hash is made of what is shown");
                let (index, of) = (proof["leaf_index"].as_u64().unwrap(), proof["tree"]["size"].as_u64().unwrap());
                let found = root_of_inclusion(&leaves[leaf - 1], index, of, &hashes(&proof)).unwrap();
                assert_eq!((found, bytes(&proof["tree"]["root"])), (root(&leaves[..size]), root(&leaves[..size])), "{leaf} of {size}");
            }
            let proof = auditor.get(&format!("/v1/audit/proof?from={size}")).await.expect(200);
            let (from, to) = (u64::try_from(size).unwrap(), u64::try_from(leaves.len()).unwrap());
            assert_eq!((bytes(&proof["from"]["root"]), bytes(&proof["to"]["root"])), (root(&leaves[..size]), root(&leaves)));
            if from < to {
                let roots = roots_of_consistency(from, to, &root(&leaves[..size]), &hashes(&proof)).unwrap();
                assert_eq!(roots, (root(&leaves[..size]), root(&leaves)), "{from} to {to}");
            } else {
                assert!(hashes(&proof).is_empty());
            }
        }
        // Entries about one child cannot be joined: their hashes of the child differ.
        let mut children: Vec<_> = log.iter().map(|entry| entry["leaf"]["child"].to_string()).collect();
        children.sort();
        children.dedup();
        assert_eq!(children.len(), log.len());
    }

    async fn a_checkpoint_is_a_note_that_anybody_can_check(world: World) {
        push(&world).await;
        let auditor = signed_in(&world, "auditor-herts").await;
        let empty = auditor.get("/v1/audit/checkpoint").await;
        empty.expect_status(200);
        signed_in(&world, "council-herts").await.get("/v1/ehcp/cases").await.expect_status(200);
        world.audit_log().await;
        let answer = auditor.get("/v1/audit/checkpoint").await;
        answer.expect_status(200);
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        let (note, signatures) = answer.text.split_once("\n\n").unwrap();
        let lines: Vec<_> = note.lines().collect();
        assert_eq!((lines[0], lines[1], lines.len()), ("demonstration.sendbridge.example", "1", 3));
        let tree = auditor.get("/v1/audit/proof?leaf=1").await.expect(200)["tree"].clone();
        assert_eq!((lines[2], 1), (tree["root"].as_str().unwrap(), tree["size"].as_u64().unwrap()));
        // The key as C2SP signed-note writes it: name, hash, and the algorithm's byte before the key.
        let key = answer.header("sendbridge-checkpoint-keys").unwrap();
        let (name, rest) = key.split_once('+').unwrap();
        let (hash, public) = rest.split_once('+').unwrap();
        let public = STANDARD.decode(public).unwrap();
        let of_key = sha256(&[name.as_bytes(), b"\n", &public]);
        assert_eq!(hash, of_key[..4].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let signature = signatures.trim_end().strip_prefix(&format!("— {name} ")).unwrap();
        let signature = STANDARD.decode(signature).unwrap();
        assert_eq!((signature.len(), &signature[..4], public[0]), (68, &of_key[..4], 1));
        UnparsedPublicKey::new(&ED25519, &public[1..]).verify(format!("{note}\n").as_bytes(), &signature[4..]).unwrap();

        let check = async |text: &str| {
            let path = world.dir().join("saved.txt");
            std::fs::write(&path, text).unwrap();
            world.verify_audit(Some(path)).await.map(|report| report.is_whole()).map_err(|error| error.to_string())
        };
        assert_eq!((check(&empty.text).await, check(&answer.text).await), (Ok(true), Ok(true)));
        assert!(check(&answer.text.replacen("\n1\n", "\n2\n", 1)).await.unwrap_err().contains("its signature does not hold"));
        assert!(check("nothing of the kind").await.unwrap_err().contains("not a checkpoint"));
        assert!(world.verify_audit(Some(world.dir().join("nowhere.txt"))).await.unwrap_err().to_string().contains("nowhere.txt"));
        // The public keys are next to the exported file, for anybody who verifies without the gateway's keys.
        let exported = &world.configuration.audit.checkpoint_file;
        until("the keys are written", async || exported.with_extension("pub").exists()).await;
        assert_eq!(std::fs::read_to_string(exported.with_extension("pub")).unwrap().trim_end(), key);
    }

    async fn a_proof_of_what_is_not_there_is_a_named_error(world: World) {
        signed_in(&world, "council-herts").await.get("/v1/ehcp/cases").await.expect_status(200);
        world.audit_log().await;
        let auditor = signed_in(&world, "auditor-herts").await;
        for (query, field) in [
            ("leaf=0", "leaf"), ("leaf=2", "leaf"), ("leaf=1&size=2", "size"), ("leaf=1&size=0", "size"), ("from=2", "from"),
            ("from=1&to=0", "from"), ("from=0&to=2", "to"), ("from=18446744073709551615", "from"), ("leaf=18446744073709551615", "leaf"),
        ] {
            let problem = auditor.get(&format!("/v1/audit/proof?{query}")).await.expect_problem(422, "invalid-value");
            assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
        }
        for query in ["", "size=1", "to=1", "leaf=1&from=0", "from=0&size=1", "leaf=1&to=1", "leaf=-1", "leaf=one", "leaf=1&leaf=1", "tree=1"] {
            auditor.get(&format!("/v1/audit/proof?{query}")).await.expect_problem(400, "malformed");
        }
        auditor.get("/v1/audit/proof?from=0&to=0").await.expect_status(200);
    }

    async fn two_replicas_append_one_log(world: World) {
        push(&world).await;
        let replica = if world.database() == Database::Postgres { Some(world.replica().await) } else { None };
        let council = signed_in(&world, "council-herts").await;
        let waits = format!("/v1/children/{}/waits", council.child_id(&number(0), BORN).await);
        let mut askers = Vec::new();
        for nth in 0..6 {
            let asker = match &replica {
                Some(replica) if nth % 2 == 1 => world.persona_at("council-herts", replica),
                _ => world.persona("council-herts"),
            };
            let (asker, waits) = (asker.signed_in().await, waits.clone());
            askers.push(tokio::spawn(async move {
                for _ in 0..60 {
                    asker.get(&waits).await.expect_status(404);
                }
            }));
        }
        // A request for a checkpoint makes a gateway append, at the same time as another gateway does.
        let (dir, mut keepers) = (world.dir(), Vec::new());
        for nth in 0..4 {
            let auditor = match &replica {
                Some(replica) if nth % 2 == 1 => world.persona_at("auditor-herts", replica),
                _ => world.persona("auditor-herts"),
            };
            let (auditor, dir) = (auditor.signed_in().await, dir.clone());
            keepers.push(tokio::spawn(async move {
                let mut kept = Vec::new();
                for time in 0..30 {
                    let checkpoint = auditor.get("/v1/audit/checkpoint").await;
                    checkpoint.expect_status(200);
                    kept.push(dir.join(format!("checkpoint-{nth}-{time}.txt")));
                    std::fs::write(&kept[time], &checkpoint.text).unwrap();
                }
                kept
            }));
        }
        for asker in askers {
            asker.await.unwrap();
        }
        let mut kept = Vec::new();
        for keeper in keepers {
            kept.extend(keeper.await.unwrap());
        }
        assert_eq!(world.audit_log().await.len(), 6 * 60);
        for path in kept {
            let report = world.verify_audit(Some(path)).await.unwrap();
            assert!(report.is_whole() && report.vouched.is_some() && report.head.size == 360, "{report}");
        }
        drop(replica);
    }

    async fn the_command_answers_with_its_exit_status(world: World) {
        signed_in(&world, "council-herts").await.get("/v1/ehcp/cases").await.expect_status(200);
        world.audit_log().await;
        let checkpoint = signed_in(&world, "auditor-herts").await.get("/v1/audit/checkpoint").await;
        let dir = world.dir();
        let [kept, forged] = ["kept.txt", "forged.txt"].map(|name| dir.join(name));
        std::fs::write(&kept, &checkpoint.text).unwrap();
        std::fs::write(&forged, checkpoint.text.replacen("\n1\n", "\n0\n", 1)).unwrap();
        let config = dir.join("gateway.toml");
        let verify = |against: &std::path::Path| {
            let before = ["audit", "verify", "--config"].map(std::ffi::OsStr::new);
            let all = [before.as_slice(), &[config.as_os_str(), "--against".as_ref(), against.as_os_str()]].concat();
            let output = integration_tests::run_command(&all);
            (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
        };
        let (status, said, _) = verify(&kept);
        assert!(status == Some(0) && said.contains("the log is whole: 1 entries") && said.contains("extends the checkpoint of 1"), "{said}");
        let (status, _, error) = verify(&forged);
        assert!(status == Some(1) && error.contains("forged.txt: its signature does not hold"), "{error}");
        // A log that was cut off without the gateway no longer extends the kept checkpoint.
        let guard = match world.database() {
            Database::Sqlite => "DROP TRIGGER audit_entry_stays; DROP TRIGGER audit_leaf_stays;",
            Database::Postgres => "SET session_replication_role = replica;",
        };
        world.meddle(&format!("{guard} DELETE FROM audit_entry; DELETE FROM audit_leaf;"));
        let (status, said, _) = verify(&kept);
        assert!(status == Some(1) && said.contains("NOT whole") && said.contains("Shorter { checkpoint: 1 }"), "{said}");
    }

    async fn verifying_writes_nothing(world: World) {
        signed_in(&world, "council-herts").await.get("/v1/ehcp/cases").await.expect_status(200);
        let database = world.database();
        let (configuration, folder) = world.stop().await;
        let listing = || {
            let mut names: Vec<_> = std::fs::read_dir(folder.path().join("partnership/data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let read = || (database == Database::Sqlite).then(|| std::fs::read(configuration.database.url.expose().as_ref()).unwrap());
        let (before, names) = (read(), listing());
        let report = server::verify_audit(&configuration, &Clock::system(), None).unwrap();
        assert!(report.is_whole() && report.head.size == 1 && report.pending == 0, "{report}");
        assert!(before == read(), "not one byte of the database changed");
        assert_eq!(listing(), names);
        // If there is no database, none is made.
        if database == Database::Sqlite {
            let mut elsewhere = configuration.clone();
            let path = folder.path().join("not here? 100%.db");
            elsewhere.database.url = server::DatabaseUrl::File(path.clone());
            assert!(server::verify_audit(&elsewhere, &Clock::system(), None).is_err() && !path.exists());
            std::fs::copy(configuration.database.url.expose().as_ref(), &path).unwrap();
            assert!(server::verify_audit(&elsewhere, &Clock::system(), None).unwrap().is_whole(), "whatever its name");
        }
    }
}
