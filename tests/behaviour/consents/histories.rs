//! Hundreds of withdrawals, or ten thousand, each while others read. The whole history is replayed against a model.

use std::collections::{BTreeMap, BTreeSet};

use integration_tests::{Process, short_or_whole};

use super::*;

/// How many withdrawals are tried on each database.
fn races() -> usize {
    short_or_whole(400, 10_000)
}

/// How many families decide at the same time, each for one child.
const CHILDREN: usize = 20;

/// Gives one child's permission and withdraws it while another persona reads, again and again. `first` and `second`
/// use two gateways on one database, or the same gateway. The actor tells the model which child it is.
async fn family(first: Persona, second: Persona, nth: usize, rounds: usize) -> usize {
    let actor = format!(r#"id="family-{nth}", role="system", reason="race""#);
    let waits = format!("/v1/children/{}/waits", first.child_id(&number(nth), BORN).await);
    let read = async |persona: &Persona| persona.call(Method::GET, &waits).actor(&actor).send().await.status;
    let say = async |persona: &Persona, path: &str, body: &Value| persona.call(Method::POST, path).actor(&actor).json(body).send().await;
    let mut seen = 0;
    for round in 0..rounds {
        let (one, other) = if round % 2 == 0 { (&first, &second) } else { (&second, &first) };
        let consent = say(one, "/v1/consents", &permission(&number(nth), &["autism"])).await.expect(201);
        let withdrawal = format!("/v1/consents/{}/withdrawal", consent["id"].as_str().unwrap());
        let body = json!({ "reason": "changed her mind" });
        let (early, withdrawn) = tokio::join!(read(other), say(one, &withdrawal, &body));
        withdrawn.expect_status(200);
        assert!([200, 404].contains(&early), "{early}");
        assert_eq!(read(other).await, 404, "shown after the withdrawal was answered, by the other gateway");
        seen += usize::from(early == 200);
    }
    seen
}

/// Replays the log for each child: a permission is in force from its audit entry to the entry of its
/// withdrawal. Every read in between must be permitted and rely on it; every other must be refused.
/// Answers the numbers of reads and withdrawals.
fn replay(log: &[Value]) -> (usize, usize) {
    let mut standing: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut reads, mut withdrawals) = (0, 0);
    for leaf in log {
        let Some(family) = leaf["actor"]["id"].as_str().filter(|id| id.starts_with("family-")) else { continue };
        let standing = standing.entry(family).or_default();
        let item = || leaf["resource"].as_str().unwrap().to_owned();
        match leaf["operation"].as_str().unwrap() {
            "record_consent" => assert!(standing.insert(item())),
            "withdraw_consent" => {
                assert!(standing.remove(&item()));
                withdrawals += 1;
            }
            "get_waits" => {
                let relied: BTreeSet<_> = leaf["consents"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
                if leaf["outcome"] == "permitted" {
                    assert!(!relied.is_empty() && relied.is_subset(standing), "shown without a permission in force: {leaf}");
                } else {
                    assert!(standing.is_empty(), "refused in spite of a permission in force: {leaf}");
                    assert!(["consent-withdrawn", "consent-missing"].contains(&leaf["reason"].as_str().unwrap()), "{leaf}");
                }
                reads += 1;
            }
            _ => {}
        }
    }
    (reads, withdrawals)
}

async fn race(process: Process, replica: Option<Process>) {
    let sign_in = async |process: &Process, client: &str| process.persona(client).signed_in().await;
    let trust = sign_in(&process, "provider-hct").await;
    let rows = list((0..CHILDREN).map(|nth| row(&format!("A-{nth}"), &number(nth), "01", "autism")));
    trust.push_csv("list=all", rows).await.expect(201);
    let races = races();
    let mut families = tokio::task::JoinSet::new();
    for nth in 0..CHILDREN {
        let first = sign_in(&process, "council-herts").await;
        let second = sign_in(replica.as_ref().unwrap_or(&process), "council-herts").await;
        families.spawn(family(first, second, nth, races / CHILDREN));
    }
    let seen: usize = families.join_all().await.into_iter().sum();
    assert!(seen >= races / 50, "the readers saw next to nothing: {seen}");

    let auditor = sign_in(&process, "auditor-herts").await;
    let (mut log, mut after) = (Vec::new(), Some("0".to_owned()));
    while let Some(cursor) = after {
        let page = auditor.get(&format!("/v1/audit/events?limit=500&after={cursor}")).await.expect(200);
        log.extend(page["items"].as_array().unwrap().iter().cloned());
        after = page["next"].as_str().map(str::to_owned);
    }
    // For each child, this is the order in which the entries were committed.
    log.sort_by_key(|leaf| leaf["id"].as_i64());
    let (reads, withdrawals) = replay(&log);
    assert_eq!((reads, withdrawals), (2 * races, races));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_each_raced_by_readers_replay_against_the_model_on_sqlite() {
    race(Process::start(Database::Sqlite).await, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_each_raced_by_readers_replay_against_the_model_on_two_processes() {
    let process = Process::start(Database::Postgres).await;
    let replica = process.replica().await;
    race(process, Some(replica)).await;
}
