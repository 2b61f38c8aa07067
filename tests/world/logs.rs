//! The audit log, as somebody who controls the database can read it, change it and put it back. Hashes are
//! recomputed by the RFC's own recursion, which shares no code with the gateway.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::NaiveDateTime;
use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use server::Configuration;

use crate::databases::{Opened, on, open};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCopy {
    pub leaves: Vec<Leaf>,
    pub entries: Vec<Entry>,
    pub nodes: Vec<Node>,
    pub pending: Vec<Pending>,
}

#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Leaf {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub at: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub child_id: Option<i64>,
    #[diesel(sql_type = Binary)]
    pub salt: Vec<u8>,
    #[diesel(sql_type = Nullable<Text>)]
    pub body: Option<String>,
    #[diesel(sql_type = Binary)]
    pub body_hash: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Entry {
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    #[diesel(sql_type = BigInt)]
    pub leaf_id: i64,
    #[diesel(sql_type = Binary)]
    pub hash: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Node {
    #[diesel(sql_type = Integer)]
    pub level: i32,
    #[diesel(sql_type = BigInt)]
    pub position: i64,
    #[diesel(sql_type = Binary)]
    pub hash: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Pending {
    #[diesel(sql_type = BigInt)]
    pub leaf_id: i64,
}

pub fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA256, &parts.concat()).as_ref().to_vec()
}

/// MTH of RFC 9162, 2.1.1, over the hashes of leaves.
pub fn root(leaves: &[Vec<u8>]) -> Vec<u8> {
    match leaves {
        [] => sha256(&[]),
        [leaf] => leaf.clone(),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

impl Leaf {
    pub fn hash(&self) -> Vec<u8> {
        let at = NaiveDateTime::parse_from_str(&self.at, "%Y-%m-%d %H:%M:%S%.f").expect("an instant");
        let child = sha256(&[&self.salt, &self.child_id.unwrap_or(0).to_be_bytes()]);
        sha256(&[&[0], &self.id.to_be_bytes(), &at.and_utc().timestamp_micros().to_be_bytes(), &child, &self.body_hash])
    }
}

impl LogCopy {
    pub fn read(configuration: &Configuration) -> Self {
        let opened = &mut open(configuration);
        let leaves = "SELECT id, CAST(at AS TEXT) AS at, child_id, salt, body, body_hash FROM audit_leaf ORDER BY id";
        Self {
            leaves: on!(opened, c => sql_query(leaves).load(c)),
            entries: on!(opened, c => sql_query("SELECT * FROM audit_entry ORDER BY position").load(c)),
            nodes: on!(opened, c => sql_query("SELECT * FROM audit_node ORDER BY level, position").load(c)),
            pending: on!(opened, c => sql_query("SELECT * FROM audit_pending ORDER BY leaf_id").load(c)),
        }
    }

    /// Replaces the log with this copy, without running any trigger.
    pub fn write(&self, configuration: &Configuration) {
        let opened = &mut open(configuration);
        let (before, overriding, blob) = match opened {
            Opened::Sqlite(_) => (DROP_TRIGGERS, "", "x'"),
            Opened::Postgres(_) => ("SET LOCAL session_replication_role = replica;", " OVERRIDING SYSTEM VALUE", "'\\x"),
        };
        let bytes = |bytes: &[u8]| format!("{blob}{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let leaf = |leaf: &Leaf| {
            let (child, body) =
                (leaf.child_id.map_or("NULL".into(), |child| child.to_string()), leaf.body.as_deref().map_or("NULL".into(), text));
            format!("({}, {}, {child}, {}, {body}, {})", leaf.id, text(&leaf.at), bytes(&leaf.salt), bytes(&leaf.body_hash))
        };
        let insert = |table: &str, rows: Vec<String>| {
            if rows.is_empty() { String::new() } else { format!("INSERT INTO {table} VALUES {};", rows.join(", ")) }
        };
        let tables = [
            insert(&format!("audit_leaf (id, at, child_id, salt, body, body_hash){overriding}"), self.leaves.iter().map(leaf).collect()),
            insert(
                "audit_entry",
                self.entries.iter().map(|row| format!("({}, {}, {})", row.position, row.leaf_id, bytes(&row.hash))).collect(),
            ),
            insert("audit_node", self.nodes.iter().map(|row| format!("({}, {}, {})", row.level, row.position, bytes(&row.hash))).collect()),
            insert("audit_pending", self.pending.iter().map(|row| format!("({})", row.leaf_id)).collect()),
        ];
        let deletes = "DELETE FROM audit_pending; DELETE FROM audit_node; DELETE FROM audit_entry; DELETE FROM audit_leaf;";
        let statements = format!("BEGIN; {before} {deletes} {} COMMIT;", tables.concat());
        on!(opened, c => diesel::connection::SimpleConnection::batch_execute(c, &statements));
    }

    /// Recomputes every hash, as if these leaves had always been the log.
    pub fn rehash(&mut self) {
        for (position, entry) in (0..).zip(&mut self.entries) {
            let leaf = self.leaves.iter().find(|leaf| leaf.id == entry.leaf_id).expect("the leaf of an entry");
            *entry = Entry { position, leaf_id: leaf.id, hash: leaf.hash() };
        }
        let hashes: Vec<_> = self.entries.iter().map(|entry| entry.hash.clone()).collect();
        self.nodes.clear();
        for level in 1.. {
            let width = 1 << level;
            if width > hashes.len() {
                break;
            }
            let complete = (0..).zip(hashes.chunks_exact(width));
            self.nodes.extend(complete.map(|(position, leaves)| Node { level, position, hash: root(leaves) }));
        }
    }
}

const DROP_TRIGGERS: &str = "
    DROP TRIGGER IF EXISTS audit_leaf_stays; DROP TRIGGER IF EXISTS audit_leaf_keeps;
    DROP TRIGGER IF EXISTS audit_entry_stays; DROP TRIGGER IF EXISTS audit_entry_keeps;
    DROP TRIGGER IF EXISTS audit_node_stays; DROP TRIGGER IF EXISTS audit_node_keeps;";
