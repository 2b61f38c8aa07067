//! The processor time of a disclosure and of a row, and how much of it is the decision, the encryption and the
//! audit log. Each is measured by itself, in this process, on values of the same size.

use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text, Timestamp};
use domain::{
    Act, Actor, Ask, Attribution, ChildFacts, ChildId, Consent, ConsentDecision, ConsentId, DataClass, DecidedBy, Facts, Leaf, Pathway,
    PathwaySet, Permit, Purpose, decide,
};
use integration_tests::today;
use store::LogLimits;

use crate::Result;
use crate::processes::Served;

/// How long each part takes, once.
pub(crate) struct Costs {
    pub(crate) decide: Duration,
    /// Decrypting a referral and a child's reference.
    pub(crate) opening: Duration,
    /// Finding a row's child and digest, and encrypting the row.
    pub(crate) sealing: Duration,
    /// Writing an audit entry and appending it.
    pub(crate) audit: Duration,
}

const TIMES: u32 = 20_000;
/// Bytes of a referral and of a reference before encryption.
const RECORD: usize = 370;
const REFERENCE: usize = 90;

/// Drops the indexes that are only for reading the log.
const BARE: &str = "DROP INDEX audit_leaf_by_child; DROP INDEX rights_leaf_by_child;";
/// Limits for tables that only a benchmark fills.
pub(crate) const LIMITS: LogLimits = LogLimits { most_waiting: 20_000, keep_days: 2_555 };

impl Costs {
    pub(crate) fn measure(served: &Served) -> Result<Self> {
        let file = std::fs::read_to_string(served.dir().join("partnership.toml"))?;
        let partnership = trust::parse_partnership(&file, &["demonstration".to_owned()]).map_err(|faults| format!("{faults:?}"))?;
        let child = child()?;
        let ask = ask()?;
        let decided = |at| decide(ask, Facts::at(at, &partnership, &child));
        let decide = each(|| decided(now()).map(|_| ()).map_err(|refusal| refusal.reason().to_string().into()))?;
        let permit = decided(now()).map_err(|refusal| refusal.reason().to_string())?;
        Ok(Self { decide, opening: opening()?, sealing: sealing()?, audit: audit(&permit)? })
    }
}

/// `part` in percent of `whole`.
pub(crate) fn share(part: Duration, whole: Duration) -> f64 {
    100.0 * part.as_secs_f64() / whole.as_secs_f64()
}

fn each(mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let began = Instant::now();
    for _ in 0..TIMES {
        work()?;
    }
    Ok(began.elapsed() / TIMES)
}

fn now() -> chrono::DateTime<chrono::Utc> {
    trust::Clock::system().now()
}

fn ask() -> Result<Ask> {
    Ok(Ask {
        act: Act::Disclose,
        holder: "RY4".parse()?,
        recipient: "E10000015".parse()?,
        purpose: Purpose::CareCoordination,
        data: DataClass::WaitingListStatus,
        pathways: PathwaySet::from(Pathway::Autism),
        child: Some(ChildId(1)),
        item: None,
        loses_nothing: false,
    })
}

fn child() -> Result<ChildFacts> {
    let consent = Consent {
        id: ConsentId(uuid::Uuid::from_u128(1)),
        decision: ConsentDecision::Permit,
        purpose: Purpose::CareCoordination,
        data: vec![DataClass::WaitingListStatus],
        pathways: Pathway::Autism.into(),
        recipient: "E10000015".parse()?,
        decided_by: DecidedBy::Parent,
        valid_from: today(),
        valid_to: None,
        recorded_by: "E10000015".parse()?,
        recorded_at: now(),
        withdrawn_at: None,
        review: None,
    };
    let born = today().checked_sub_months(chrono::Months::new(108));
    Ok(ChildFacts { born, consents: vec![consent], ..ChildFacts::default() })
}

fn opening() -> Result<Duration> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, &[7; 32])?;
    let seal = |length: usize| -> Result<([u8; NONCE_LEN], Vec<u8>)> {
        let mut sealed = vec![0; length];
        let nonce = key.seal_in_place_append_tag(Aad::from([0_u8; 40]), &mut sealed)?;
        Ok((*nonce.as_ref(), sealed))
    };
    let values = [seal(RECORD)?, seal(REFERENCE)?];
    each(|| {
        for (nonce, sealed) in &values {
            let mut plain = sealed.clone();
            key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from([0_u8; 40]), &mut plain)?;
        }
        Ok(())
    })
}

fn sealing() -> Result<Duration> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, &[7; 32])?;
    let index = hmac::Key::new(hmac::HMAC_SHA256, &[9; 32]);
    each(|| {
        std::hint::black_box((hmac::sign(&index, &[0; 40]), hmac::sign(&index, &[0; RECORD])));
        for length in [RECORD, REFERENCE] {
            let mut plain = vec![0; length];
            key.seal_in_place_append_tag(Aad::from([0_u8; 40]), &mut plain)?;
        }
        Ok(())
    })
}

/// On an embedded database, fifty entries to a transaction, as under load; with each leaf's place in the tree.
fn audit(permit: &Permit) -> Result<Duration> {
    const GROUP: usize = 50;
    let by = Attribution {
        client: "council-herts".into(),
        organisation: "E10000015".parse()?,
        actor: Some(Actor { id: "load".into(), role: "system".into(), reason: "benchmark".into() }),
        operation: domain::operations::Operation::GetWaits,
        request_id: uuid::Uuid::from_u128(1),
        resource: None,
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.db").to_string_lossy().into_owned();
    store::prepare(&path, None, LIMITS)?;
    let mut connection = SqliteConnection::establish(&path)?;
    connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
    connection.batch_execute(BARE)?;
    let mut id = 0_i64;
    let one = |connection: &mut SqliteConnection, id: i64| -> Result<()> {
        let leaf = Leaf::permitted(permit, &by).ok_or("not in the catalogue")?;
        let body = serde_json::to_value(&leaf)?.to_string();
        let hash = digest(&SHA256, body.as_bytes());
        diesel::sql_query("INSERT INTO audit_leaf (id, at, child_id, salt, body, body_hash) VALUES (?, ?, 1, X'00', ?, ?)")
            .bind::<BigInt, _>(id)
            .bind::<Timestamp, _>(leaf.at.naive_utc())
            .bind::<Text, _>(&body)
            .bind::<Binary, _>(hash.as_ref())
            .execute(connection)?;
        for statement in ["INSERT INTO audit_pending (leaf_id) VALUES (?)", "DELETE FROM audit_pending WHERE leaf_id = ?"] {
            diesel::sql_query(statement).bind::<BigInt, _>(id).execute(connection)?;
        }
        let entry = digest(&SHA256, hash.as_ref());
        diesel::sql_query("INSERT INTO audit_entry (position, leaf_id, hash) VALUES (?, ?, ?)")
            .bind::<BigInt, _>(id)
            .bind::<BigInt, _>(id)
            .bind::<Binary, _>(entry.as_ref())
            .execute(connection)?;
        Ok(())
    };
    let groups = usize::try_from(TIMES)? / GROUP;
    let began = Instant::now();
    for _ in 0..groups {
        connection.batch_execute("BEGIN IMMEDIATE")?;
        for _ in 0..GROUP {
            id += 1;
            one(&mut connection, id)?;
        }
        connection.batch_execute("COMMIT")?;
    }
    Ok(began.elapsed() / TIMES)
}
