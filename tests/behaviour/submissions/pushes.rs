//! `sendbridge push`, the real binary against a real gateway: what it prints, and how it exits.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use integration_tests::{Database, Process, run_command};

use super::*;

/// A gateway that answers all but the smallest files before it works on them.
async fn gateway() -> Process {
    gateway_on(Database::Sqlite, "").await
}

/// The same on a given database, with more lines in the settings of submissions.
async fn gateway_on(database: Database, more: &'static str) -> Process {
    let small = move |dir: &std::path::Path| {
        let path = dir.join("gateway.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("[submissions]"));
        std::fs::write(&path, text + "\n[submissions]\nasync_above_bytes = 4096\n" + more).unwrap();
    };
    Process::start_with(database, small).await
}

fn arguments(process: &Process, file: &[u8], more: &[&str]) -> (PathBuf, Vec<OsString>) {
    let path = process.dir().join("list.csv");
    std::fs::write(&path, file).unwrap();
    let client = process.dir().join("clients").join("provider-hct").join("client.toml");
    let mut arguments: Vec<OsString> = vec!["push".into(), path.clone().into(), "--client".into(), client.into()];
    arguments.extend(["--dataset", "waiting-list", "--list", "autism"].map(OsString::from));
    arguments.extend(more.iter().map(OsString::from));
    (path, arguments)
}

/// Runs `push`; answers its exit code and what it printed.
async fn push(process: &Process, file: &str, more: &[&str]) -> (i32, String, String) {
    push_bytes(process, file.as_bytes(), more).await
}

async fn push_bytes(process: &Process, file: &[u8], more: &[&str]) -> (i32, String, String) {
    let (_, arguments) = arguments(process, file, more);
    let run = move || run_command(&arguments.iter().map(OsString::as_os_str).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn push_says_what_became_of_a_file_and_exits_accordingly() {
    let process = gateway().await;
    let snapshot = ["--mode", "snapshot"];
    // Answered at once, and later.
    let (code, out, err) = push(&process, &csv(&children("A", 10)), &snapshot).await;
    assert_eq!((code, err.contains("sent")), (0, true), "{out}{err}");
    assert!(out.contains("accepted 10 of 10; waiting 10, +10."), "{out}");
    let mut rows = children("A", 100);
    let (code, out, err) = push(&process, &csv(&rows), &snapshot).await;
    assert!(code == 0 && out.contains("accepted 100 of 100; waiting 100, +90."), "{out}{err}");
    assert!(err.contains("the gateway is at work, as submission "), "{err}");
    // If some rows are rejected, it prints their table and the summary.
    rows[3] = rows[3].clone().broken();
    let (code, out, _) = push(&process, &csv(&rows[..95]), &snapshot).await;
    assert_eq!(code, 2, "{out}");
    assert!(out.contains("A-4") && out.contains("check digit") && out.contains("How to mend it"), "{out}");
    assert!(out.contains("accepted 94 of 95; one row held at its last value; five not seen, confirm or resend; waiting 94, +0."), "{out}");
    assert!(!out.contains(&rows[3].nhs_number), "a value of the file is repeated");
    // Sending the same again does nothing, and says so.
    let (code, again, _) = push(&process, &csv(&rows[..95]), &snapshot).await;
    assert!(code == 2 && again.contains("sent before today") && again.ends_with(&out), "{again}");
    let (code, out, _) = push(&process, &csv(&rows[..95]), &["--mode", "snapshot", "--again"]).await;
    assert!(code == 2 && !out.contains("sent before"), "{out}");
    // A check keeps nothing.
    let (code, out, _) = push(&process, &csv(&children("B", 5)), &["--validate"]).await;
    assert!(code == 0 && out.contains("nothing was kept, this was a check"), "{out}");
    // Nothing taken: refused at once, after the answer, and not readable at all.
    let (code, out, err) = push(&process, &csv(&children("A", 5)), &snapshot).await;
    assert!(code == 1 && err.contains("409 snapshot-shrinks"), "{out}{err}");
    let broken: Vec<_> = children("A", 60).into_iter().map(Row::broken).collect();
    let (code, out, err) = push(&process, &csv(&broken), &snapshot).await;
    assert!(code == 1 && err.contains("422 refused-submission") && out.contains("A-60"), "{out}{err}");
    let (code, _, err) = push(&process, HEADER, &snapshot).await;
    assert!(code == 1 && err.contains("nil-return-unsaid"), "{err}");
    let (code, out, _) = push(&process, HEADER, &["--mode", "snapshot", "--nil-return", "--confirm-shrink"]).await;
    assert!(code == 0 && out.contains("accepted 0 of 0; 100 not seen") || out.contains("95 not seen"), "{out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_is_told_to_stop_leaves_nothing_with_the_gateway() {
    let process = gateway().await;
    let rows = (0..80_000).map(|at| Row::waiting(format!("M-{at}"), at % 5_000 + 1).line());
    let (_, arguments) = arguments(&process, rows.fold(HEADER.to_owned(), |text, line| text + &line).as_bytes(), &[]);
    let mut child =
        Command::new(process.binary()).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let code = tokio::task::spawn_blocking(move || {
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap().contains("the gateway is at work")));
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        let last = said.last().unwrap().unwrap();
        assert!(last.contains("stopped"), "{last}");
        child.wait().unwrap().code()
    });
    assert_eq!(code.await.unwrap(), Some(1));
    let trust = process.persona("provider-hct").signed_in().await;
    assert_eq!(reports(&trust).await[0]["status"], "cancelled");
    assert!(entries(&trust, "").await.is_empty());
}

/// On each database, since the gateway undoes the compression.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_compressed_on_its_way_is_the_same_file() {
    for database in [Database::Sqlite, Database::Postgres] {
        let process = gateway_on(database, "").await;
        for (coding, other, rows) in [("--gzip", "--zstd", 20), ("--zstd", "--gzip", 3_000)] {
            let file = csv(&children(&coding[2..], rows));
            let (code, out, err) = push(&process, &file, &[coding]).await;
            assert!(code == 0 && out.contains(&format!("accepted {rows} of {rows}").replace("3000", "3,000")), "{out}{err}");
            // The file has the same key, however it is compressed.
            for again in [&[][..], &[other], &[coding]] {
                let (code, out, err) = push(&process, &file, again).await;
                assert!(code == 0 && out.contains("sent before today"), "{again:?}: {out}{err}");
            }
        }
        let trust = process.persona("provider-hct").signed_in().await;
        assert_eq!(reports(&trust).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_sees_that_it_is_compressed() {
    let process = gateway_on(Database::Sqlite, "maximum_expansion = 1\n").await;
    // A body may always expand to 1 MiB, so the file is larger.
    let file = csv(&children("A", 20_000));
    assert!(file.len() > 1 << 20);
    for coding in ["--gzip", "--zstd"] {
        let (code, out, err) = push(&process, &file, &[coding]).await;
        assert!(code == 1 && err.contains("413 body-expands"), "{out}{err}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_compressed_on_its_way_is_not_sent() {
    let process = gateway().await;
    let file = csv(&children("A", 2));
    let (code, _, err) = push(&process, &file, &["--gzip", "--zstd"]).await;
    assert!(code != 0 && err.contains("--gzip") && err.contains("--zstd") && err.contains("cannot be used with"), "{err}");
    // The gateway undoes one compression only: a file compressed twice is no list.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, file.as_bytes()).unwrap();
    let compressed = [("gzip", gzip.finish().unwrap()), ("zstd", zstd::encode_all(file.as_bytes(), 3).unwrap())];
    for (name, bytes) in &compressed {
        for coding in ["--gzip", "--zstd"] {
            let (code, out, err) = push_bytes(&process, bytes, &[coding]).await;
            assert!(
                code == 1
                    && out.is_empty()
                    && err.contains(&format!("list.csv: compressed already, as {name}; {coding} takes the file itself")),
                "{err}"
            );
        }
    }
    let trust = process.persona("provider-hct").signed_in().await;
    assert!(reports(&trust).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_council_pushes_its_crosswalk_as_it_does_a_list() {
    let process = gateway().await;
    let upn = domain::Upn::from_parts(919, 2000, 17, 1).unwrap();
    let path = process.dir().join("crosswalk.csv");
    std::fs::write(&path, format!("nhs_number,upn,date_of_birth\n{},{},2016-05-04\n9990000019,,2016-05-04\n", number(0), upn.as_str()))
        .unwrap();
    let client = process.dir().join("clients").join("council-herts").join("client.toml");
    let mut arguments: Vec<OsString> = vec!["push".into(), path.into(), "--client".into(), client.into()];
    arguments.extend(["--dataset", "child-identifiers"].map(OsString::from));
    let run = move || run_command(&arguments.iter().map(OsString::as_os_str).collect::<Vec<_>>());
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{out}{err}");
    assert!(out.contains("Children's identifiers of E10000015") && out.contains("accepted 1 of 2") && out.contains("check digit"), "{out}");
}
