//! `GET /v1/audit/checkpoint` and `GET /v1/audit/proof`: prove to outsiders that the log was not changed.

use actix_web::{HttpResponse, get, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::operations::GetCheckpoint;
use domain::operations::GetProof;
use domain::{LogHash, TreeHead};
use exchange::{Consistency, Inclusion};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::bodies::Query;
use crate::bodies::faults::Fault;
use crate::calls::Call;
use crate::problems::{Kind, Problem};
use crate::state::State;

/// The public keys of checkpoints as C2SP signed-note writes them, the one that signs first.
const KEYS_HEADER: &str = "sendbridge-checkpoint-keys";

/// What is to be proved: `leaf` and perhaps `size`, or `from` and perhaps `to`.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProofQuery {
    /// The `id` of an audit event.
    leaf: Option<u64>,
    /// The size of the tree that it is in; by default that of the log now.
    size: Option<u64>,
    /// The size of an earlier tree.
    from: Option<u64>,
    /// The size of a later tree; by default that of the log now.
    to: Option<u64>,
}

/// A tree of the log: the root is in base64.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeView {
    pub size: u64,
    pub root: String,
}

/// A proof of RFC 9162, hashes in base64.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ProofView {
    /// That a leaf is in a tree (2.1.3).
    Inclusion { leaf: u64, leaf_index: u64, leaf_hash: String, tree: TreeView, hashes: Vec<String> },
    /// That a tree begins with an earlier one (2.1.4).
    Consistency { from: TreeView, to: TreeView, hashes: Vec<String> },
}

impl From<TreeHead> for TreeView {
    fn from(head: TreeHead) -> Self {
        Self { size: head.size, root: STANDARD.encode(head.root) }
    }
}

/// The signed state of the log
///
/// A C2SP tlog-checkpoint: origin, size, root, and an Ed25519 signature as a signed note. Save the body and keep it where
/// nobody who can write to the gateway's database can change it: `sendbridge audit verify --against` takes it as it is.
/// The header `Sendbridge-Checkpoint-Keys` lists the public keys, newest first.
#[utoipa::path(
    tag = "audit",
    responses((status = 200, description = "The checkpoint", body = String, content_type = "text/plain"))
)]
#[get("/v1/audit/checkpoint")]
pub async fn get_checkpoint(_call: Call<GetCheckpoint>, state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let head = exchange::tree_head_now(&state.store).await?;
    let signing = state.checkpoints.keys();
    let keys = signing.public().join(", ");
    Ok(HttpResponse::Ok().insert_header((KEYS_HEADER, keys)).content_type("text/plain; charset=utf-8").body(signing.sign(head)))
}

/// A proof about the log
///
/// With `leaf` that an entry is in the log, with `from` that the log only grew. It is computed from the hashes that the
/// log keeps; whoever holds a checkpoint checks it without trusting the gateway (RFC 9162, 2.1.3.2 and 2.1.4.2).
#[utoipa::path(
    tag = "audit", params(ProofQuery),
    responses((status = 200, description = "The proof", body = ProofView))
)]
#[get("/v1/audit/proof")]
pub async fn get_proof(_call: Call<GetProof>, query: Query<ProofQuery>, state: web::Data<State>) -> Result<web::Json<ProofView>, Problem> {
    let size = exchange::tree_head(&state.store).await?.size;
    let proof = match query.0 {
        ProofQuery { leaf: Some(leaf), size: within, from: None, to: None } => {
            let within = checked("size", within.unwrap_or(size), 1..=size)?;
            let leaf = checked("leaf", leaf, 1..=within)?;
            let proof = exchange::prove_inclusion(&state.store, leaf - 1, within).await?;
            ProofView::of_leaf(leaf, &proof.ok_or_else(|| outside("leaf"))?)
        }
        ProofQuery { leaf: None, size: None, from: Some(from), to } => {
            let to = checked("to", to.unwrap_or(size), 0..=size)?;
            let from = checked("from", from, 0..=to)?;
            let proof = exchange::prove_growth(&state.store, from, to).await?;
            ProofView::of_growth(&proof.ok_or_else(|| outside("from"))?)
        }
        _ => return Err(Problem::new(Kind::Malformed).detail("Ask with leaf and perhaps size, or with from and perhaps to.")),
    };
    Ok(web::Json(proof))
}

impl ProofView {
    fn of_leaf(leaf: u64, proof: &Inclusion) -> Self {
        let leaf_hash = STANDARD.encode(proof.leaf_hash);
        Self::Inclusion { leaf, leaf_index: leaf - 1, leaf_hash, tree: proof.head.into(), hashes: encode(&proof.path) }
    }

    fn of_growth(proof: &Consistency) -> Self {
        Self::Consistency { from: proof.from.into(), to: proof.to.into(), hashes: encode(&proof.path) }
    }
}

fn encode(hashes: &[LogHash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

fn checked(field: &'static str, value: u64, range: std::ops::RangeInclusive<u64>) -> Result<u64, Problem> {
    if range.contains(&value) { Ok(value) } else { Err(outside(field)) }
}

fn outside(field: &'static str) -> Problem {
    Problem::new(Kind::InvalidValue).fault(Fault::new("invalid-value", "not in the log, or not in a tree of that size").field(field))
}
