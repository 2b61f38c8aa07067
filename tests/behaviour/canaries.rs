//! Nothing identifying is outside the encrypted columns, or in a log or a metric: the tests look in the
//! bytes for values that are found nowhere else.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aho_corasick::AhoCorasick;
use futures_util::StreamExt;
use futures_util::stream::{once, unfold};
use integration_tests::records::{advice_request, list, number, permission, row, sen2};
use integration_tests::{ACTOR, Cluster, Database, Persona, Process, World, on_both, until};
use reqwest::{Body, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BORN: &str = "2013-08-17";
const SURNAME: &str = "Quillfeather";
const POSTCODE: &str = "ZZ99 3CZ";
const UPN: &str = "M919200016001";
const TEXTS: [&str; 8] = [
    "canary-needs",
    "canary-provision",
    "canary-outcomes",
    "canary-author",
    "canary-evidence",
    "canary-reason",
    "canary-case",
    "canary-receipt",
];

fn nhs_number() -> String {
    number(4_321)
}

/// A number that only a control writes where no number may be.
fn planted() -> String {
    number(4_322)
}

/// Every value in each form that it might be written in, as a name and the bytes.
fn canaries() -> Vec<(String, Vec<u8>)> {
    let spaced = |number: &str, space: &str| [&number[..3], &number[3..6], &number[6..]].join(space);
    let number = nhs_number();
    let mut texts = vec![spaced(&number, " "), spaced(&number, "-"), number.clone(), planted(), POSTCODE.replace(' ', "")];
    texts.extend(["20130817", "17/08/2013", "17-08-2013", "17.08.2013", "17082013", "2013/08/17", "08/17/2013"].map(str::to_owned));
    texts.extend(["17 August 2013", "17 Aug 2013", "August 17, 2013", BORN, SURNAME, POSTCODE, UPN].map(str::to_owned));
    texts.extend(TEXTS.map(str::to_owned));
    let mut canaries: Vec<_> = texts.into_iter().map(|text| (text.clone(), text.to_ascii_lowercase().into_bytes())).collect();
    let number = number.parse::<u64>().unwrap();
    canaries.push(("the number as an integer".to_owned(), number.to_be_bytes()[3..].to_vec()));
    canaries.push(("the number as an integer, reversed".to_owned(), number.to_le_bytes()[..5].to_vec()));
    let hexadecimal = |(name, bytes): &(String, Vec<u8>)| {
        (format!("{name} in hexadecimal"), bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes())
    };
    canaries.extend(canaries.iter().map(hexadecimal).collect::<Vec<_>>());
    canaries
}

/// The canaries found in the bytes, in upper or lower case.
fn found_in(bytes: &[u8]) -> Vec<String> {
    let (names, canaries): (Vec<_>, Vec<_>) = canaries().into_iter().unzip();
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(canaries).unwrap();
    let found: BTreeSet<_> = search.find_overlapping_iter(bytes).map(|found| found.pattern().as_usize()).collect();
    found.into_iter().map(|at| names[at].clone()).collect()
}

/// Every file under a folder.
fn files_of(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files.extend(files_of(&entry.path()));
        } else if let Ok(bytes) = std::fs::read(entry.path()) {
            // A staged file may be gone by now.
            files.push((entry.file_name().to_string_lossy().into_owned(), bytes));
        }
    }
    files
}

fn child() -> Value {
    json!({ "nhs_number": nhs_number(), "date_of_birth": BORN })
}

fn rows(ids: std::ops::Range<usize>) -> String {
    let rows = ids.map(|id| row(&format!("A-{id}"), &nhs_number(), "01", "autism"));
    list(rows).replace(integration_tests::records::BORN, BORN)
}

/// A list that keeps coming in. The gateway gives up a body that stops for half a minute, and a slow
/// machine may need longer.
fn coming_in() -> Body {
    let more = unfold(2_000, async |from| {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let rows = rows(from..from + 20);
        Some((rows.split_once('\n')?.1.to_owned(), from + 20))
    });
    Body::wrap_stream(once(async { rows(100..2_000) }).chain(more).map(Ok::<_, std::io::Error>))
}

/// Sends everything that partners may say about a child.
async fn tell_everything(council: &Persona, trust: &Persona) {
    trust.push_csv("list=autism", rows(0..30)).await.expect_status(201);
    let xml = council.call(Method::POST, "/v1/ehcp/submissions").header("content-type", "application/xml");
    let report = xml.body(sen2(SURNAME, BORN, UPN, POSTCODE)).send().await.expect(201);
    assert_eq!(report["records"]["accepted"], 1, "{report}");
    let mut body = permission(&nhs_number(), &["autism"]);
    (body["child"], body["evidence"]) = (child(), "canary-evidence".into());
    let consent = council.post("/v1/consents", &body).await.expect(201);
    let id = council.child_id(&nhs_number(), BORN).await;
    let waits = council.get(&format!("/v1/children/{id}/waits")).await.expect(200);
    assert_eq!(waits["waits"].as_array().unwrap().len(), 30);
    let withdrawal = format!("/v1/consents/{}/withdrawal", consent["id"].as_str().unwrap());
    council.post(&withdrawal, &json!({ "reason": "canary-reason" })).await.expect_status(200);
    let mut body = advice_request(&nhs_number(), "RY4");
    (body["child"], body["case_reference"], body["receipt_evidence"]) = (child(), "canary-case".into(), "canary-receipt".into());
    let made = council
        .call(Method::POST, "/v1/advice-requests")
        .actor(ACTOR)
        .header("idempotency-key", "key-1")
        .json(&body)
        .send()
        .await
        .expect(201);
    let path = format!("/v1/advice-requests/{}/advice", made["id"].as_str().unwrap());
    let advice = json!({
        "needs": "canary-needs", "provision": "canary-provision", "outcomes": "canary-outcomes", "author_role": "canary-author"
    });
    trust.put(&path, &advice).await.expect_status(200);
    // The control: the gateway holds it all, and gives it to the right partner.
    assert_eq!(council.get(&path).await.expect(200)["needs"], "canary-needs");
}

/// The files of the world's own database, and the cluster's log.
fn cluster_files(world: &World) -> Vec<(String, Vec<u8>)> {
    world.meddle("CHECKPOINT");
    let own = world.ask_database("SELECT oid FROM pg_database WHERE datname = current_database()");
    let data = Cluster::shared().data();
    [files_of(&data.join("pg_wal")), files_of(&data.join("base").join(own.to_string()))].concat()
}

/// Makes sure that nothing identifying is in the database, its files, its log or a backup.
fn assert_nothing_is_told(world: &World, when: &str) {
    let mut files = files_of(&world.dir());
    if world.database() == Database::Postgres {
        files.extend(cluster_files(world));
    }
    for (name, bytes) in files {
        // Other tests write to the cluster's log too, and plant their controls in it.
        let found: Vec<_> = found_in(&bytes).into_iter().filter(|found| !found.starts_with(&planted())).collect();
        assert_eq!(found, [""; 0], "{when}: {name}");
    }
    let dump = world.dump_database();
    assert!(dump.contains("provider-hct") && dump.contains("RY4"), "the dump is a dump");
    assert_eq!(found_in(dump.as_bytes()), [""; 0], "{when}");
    let backup = world.back_up();
    assert!(backup.windows(12).any(|window| window == b"provider-hct"), "the backup is a backup");
    assert_eq!(found_in(&backup), [""; 0], "{when}: a backup");
}

on_both! {
    async fn nothing_identifying_is_told_while_keys_change_nor_afterwards(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let trust = world.persona("provider-hct").signed_in().await;
        tell_everything(&council, &trust).await;
        assert_nothing_is_told(&world, "before");
        world.rotate(None, false).await.unwrap();
        world.rotate(Some(domain::KeyPurpose::Release), true).await.unwrap();
        assert_nothing_is_told(&world, "while the new keys are not in force");
        until("everything is brought under the new keys", async || {
            assert_nothing_is_told(&world, "during");
            world.values_under_older_keys(2, 2) == 0
        })
        .await;
        for purpose in [domain::KeyPurpose::Envelope, domain::KeyPurpose::LookUp] {
            assert!(world.retire(Some(purpose), chrono::Duration::hours(1)).await.done);
        }
        trust.push_csv("list=autism", rows(20..40)).await.expect_status(201);
        assert_nothing_is_told(&world, "afterwards");
    }

    async fn nothing_identifying_is_in_the_database_or_beside_it(world: World) {
        let council = world.persona("council-herts").signed_in().await;
        let trust = world.persona("provider-hct").signed_in().await;
        tell_everything(&council, &trust).await;

        // A list that has come in by half. The staged half is also a file.
        let call = trust.call(reqwest::Method::POST, "/v1/waiting-list/submissions?format=csv&list=held-up");
        // Its stated size is small enough to be worked on while it comes in.
        let call = call.header("content-type", "text/csv").header("content-length", "30000000").body(coming_in());
        let pushing = tokio::spawn(async move { call.send().await.status });
        // A second list, which is worked on only when all of it is here, is in a file without a name.
        let call = trust.call(reqwest::Method::POST, "/v1/waiting-list/submissions?format=csv&list=waiting");
        let call = call.header("content-type", "text/csv").header("prefer", "respond-async").body(coming_in());
        let waiting = tokio::spawn(async move { call.send().await.status });
        if world.database() == Database::Sqlite {
            until("half a list is staged", async || {
                files_of(&world.dir()).iter().any(|(name, bytes)| name.contains("staged") && bytes.len() > 100_000)
            })
            .await;
        }
        let files = files_of(&world.dir());
        if world.database() == Database::Sqlite {
            assert!(files.iter().any(|(name, bytes)| name.ends_with("-wal") && !bytes.is_empty()), "the log of the database is there");
        }
        for (name, bytes) in files {
            assert_eq!(found_in(&bytes), [""; 0], "{name}");
        }
        assert_nothing_is_told(&world, "while a list comes in");
        pushing.abort();
        waiting.abort();

        // The control: a planted number is found, in a row and in a file.
        world.meddle(&format!("UPDATE idempotency SET answer = '{}'", planted()));
        assert_eq!(found_in(world.dump_database().as_bytes()), [planted()]);
        assert_eq!(found_in(&world.back_up()), [planted()]);
        let files = match world.database() {
            Database::Sqlite => files_of(&world.dir()),
            Database::Postgres => cluster_files(&world),
        };
        assert!(files.iter().any(|(_, bytes)| found_in(bytes) == [planted()]));
    }
}

/// Makes every kind of error, with a child's identifiers wherever a client may put them.
async fn go_wrong(persona: &Persona) {
    let number = nhs_number();
    for form in [[("grant_type", number.as_str()), ("client_id", SURNAME)], [("client_id", "stranger"), ("scope", &number)]] {
        persona.ask_for_token(&form).await;
    }
    let calls = [
        (Method::GET, format!("/v1/children/{number}/waits"), None),
        (Method::GET, format!("/v1/consents?child_id={number}&{SURNAME}=1"), None),
        (Method::GET, format!("/v1/submissions?after={number}&limit={SURNAME}"), None),
        (Method::GET, format!("/v1/{number}/{SURNAME}"), None),
        (Method::DELETE, format!("/v1/children/{number}/waits"), None),
        (Method::POST, "/v1/children/search".into(), Some(format!("{{\"nhs_number\":\"{number}\",\"date_of_birth\":\"{BORN}"))),
        (Method::POST, "/v1/children/search".into(), Some(format!("{{\"{number}\":1,\"{SURNAME}\":2}}"))),
        (Method::POST, "/v1/children/search".into(), Some(format!("{{\"nhs_number\":\"{number}0\",\"date_of_birth\":\"{BORN}T\"}}"))),
        (Method::POST, "/v1/children/search".into(), Some(format!("{{\"nhs_number\":{number},\"date_of_birth\":\"{BORN}\"}}"))),
        (Method::POST, "/v1/consents".into(), Some(json!({ "child": child(), "decision": SURNAME, "purpose": number }).to_string())),
        (
            Method::POST,
            "/v1/advice-requests".into(),
            Some(json!({ "child": { "nhs_number": SURNAME, "date_of_birth": number } }).to_string()),
        ),
    ];
    for (method, path, body) in calls {
        let call = persona.call(method, &path).actor(ACTOR).header("content-type", "application/json");
        call.body(body.unwrap_or_default()).send().await;
    }
    let search = || persona.call(Method::POST, "/v1/children/search");
    search().actor(&format!("id=\"{SURNAME}\", role=\"r\", reason=\"{number}\"")).json(&child()).send().await;
    search().actor(&format!("{SURNAME} {number}")).json(&child()).send().await;
    search().actor(ACTOR).header("content-type", &format!("text/{SURNAME}")).body(child().to_string()).send().await;
    search().actor(ACTOR).header("traceparent", &number).header("tracestate", &format!("a={number}")).json(&child()).send().await;
    let wrong = format!(
        "referral_id,nhs_number,date_of_birth,pathway,referral_received_date,status\n{SURNAME},{number}0,{BORN}x,{number},{BORN},{UPN}\n\"{number}"
    );
    persona.push_csv(&format!("list=autism&mode={SURNAME}"), wrong.clone()).await;
    persona.push_csv("list=autism", wrong).await;
    persona.push_csv("list=autism", format!("{number},{SURNAME}\n{BORN}\n")).await;
    let xml = persona.call(Method::POST, "/v1/ehcp/submissions").header("content-type", "application/xml");
    xml.body(sen2(SURNAME, &number, "X1", POSTCODE).replace("</Persons>", &format!("<{SURNAME}>"))).send().await;
}

/// Keeps everything that is exported to it over HTTP.
struct Collector {
    address: std::net::SocketAddr,
    told: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, told) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&told);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let (mut whole, mut part) = (Vec::new(), [0; 4096]);
                    while let Ok(length @ 1..) = stream.read(&mut part).await {
                        kept.lock().unwrap().extend_from_slice(&part[..length]);
                        whole.extend_from_slice(&part[..length]);
                        let text = String::from_utf8_lossy(&whole).to_ascii_lowercase();
                        let Some(head) = text.find("\r\n\r\n") else { continue };
                        let expected = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
                        let start = whole.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(head) + 4;
                        if whole.len() >= start + expected.unwrap_or(0) {
                            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                            whole.clear();
                        }
                    }
                });
            }
        });
        Self { address, told }
    }

    fn told(&self) -> Vec<u8> {
        self.told.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_the_log_nor_the_metrics_tell_who_a_child_is() {
    for database in [Database::Sqlite, Database::Postgres] {
        let mut process = Process::start(database).await;
        process.kill();
        let collector = Collector::start().await;
        let configuration = process.dir().join("gateway.toml");
        let text = std::fs::read_to_string(&configuration).unwrap();
        std::fs::write(&configuration, format!("{text}\n[telemetry]\nlog = \"debug\"\notlp_endpoint = \"http://{}\"\n", collector.address))
            .unwrap();
        process.serve().await;
        let council = process.persona("council-herts").signed_in().await;
        let trust = process.persona("provider-hct").signed_in().await;
        tell_everything(&council, &trust).await;
        let id = council.child_id(&nhs_number(), BORN).await;
        council.get(&format!("/v1/children/{id}/waits")).await.expect_status(404);
        for persona in [&council, &trust, &process.persona("stranger"), &process.persona("stranger").signed_in().await] {
            go_wrong(persona).await;
        }

        // The keys are changed too.
        let mut rotation = std::process::Command::new(process.binary());
        rotation.args(["keys", "rotate", "--delay", "5", "--config"]).arg(&configuration);
        assert!(rotation.output().unwrap().status.success());
        until("everything is under the new keys", async || process.log().contains("older ones can be retired")).await;
        until("spans are exported", async || collector.told().windows(24).any(|window| window == b"/v1/children/{child_id}/")).await;
        assert_eq!(found_in(&collector.told()), [""; 0], "the traces");
        let (log, metrics) = (process.log(), process.operations("/metrics").await);
        for (told, of) in [(&log, "the log"), (&metrics, "the metrics")] {
            // The control: the requests are in it.
            assert!(told.contains("/v1/children/{child_id}/waits") && told.contains("unmatched"), "{of}: {told:.2000}");
            assert_eq!(found_in(told.as_bytes()), [""; 0], "{of}");
            for secret in [id.as_str(), &council.token().unwrap(), &trust.token().unwrap()] {
                assert!(!told.contains(secret), "{of} holds an id or a token");
            }
        }
        assert!(log.lines().filter(|line| line.contains("\"answered\"")).count() > 60, "each request is logged");
        assert!(log.lines().filter(|line| line.contains("request refused")).count() > 20, "and each refusal");
        assert_eq!(found_in(format!("{log}{SURNAME}").as_bytes()), [SURNAME], "what is planted is found");
        assert!(!log.contains("panicked"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_metric_names_the_template_of_a_route_and_never_its_path() {
    let world = World::start(Database::Sqlite).await;
    let council = world.persona("council-herts").signed_in().await;
    go_wrong(&council).await;
    council.call("QUILLFEATHER".parse().unwrap(), "/v1/docs").send().await;
    let (_, metrics) = world.operations("/metrics").await;
    let document: Value = serde_json::from_str(include_str!("../../openapi/sendbridge.v1.json")).unwrap();
    let templates = document["paths"].as_object().unwrap();
    let routes: Vec<_> = metrics.split("route=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(routes.contains(&"/v1/children/search") && routes.contains(&"unmatched"), "{metrics}");
    for route in routes {
        assert!(route == "unmatched" || templates.contains_key(route), "{route}");
    }
    let methods = metrics.split("method=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for method in methods {
        assert!(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "_OTHER"].contains(&method), "{method}");
    }
}
