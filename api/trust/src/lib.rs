//! Who calls, and with which keys: TLS, access tokens, the partnership file, the gateway's own keys and what is made of
//! them, and values that follow their files.
//!
//! Nothing here knows HTTP or the database. This crate reads the machine's clock and its random numbers, and hands them
//! to the crates above.

mod checkpoints;
mod child_ids;
mod clocks;
mod files;
mod json;
mod keys;
mod partnership;
mod secrets;
mod tls;
mod tokens;
mod watches;

pub use checkpoints::{CheckpointError, CheckpointKeys, Checkpoints};
pub use child_ids::{ChildIds, ChildKeys};
pub use clocks::{Clock, Ids};
pub use files::{
    FileError, check_private_files, create_secret_file, create_secret_folder, read_file, replace_file, replace_secret_file,
    write_secret_file,
};
pub use json::{JsonError, parse_json};
pub use keys::{KeySource, Keys, KeysError, LEAST_DELAY, Retirement, Rotation, RotationError, retire, rotate};
pub use partnership::{LineFault, PartnershipError, line_of, parse_partnership, watch_partnership};
pub use secrets::{KeyReader, SealingKeys, Secrets};
pub use tls::{
    Authority, AuthorityFiles, ChainRules, DEMONSTRATION_AUTHORITY, LiveVerifier, Peer, ServerCertificate, TlsError, Trust,
    crypto_provider, refusal_reason, server_config,
};
pub use tokens::{Asserted, Assertion, SigningKey, SigningKeys, TOKEN_LIFETIME, TokenError, Tokens, Verified};
pub use watches::{Live, Watch};
