//! The gateway's keys: where they come from, how they are written, and how they are changed while the gateway runs.

mod commands;
mod environment;
pub(crate) mod lines;
mod makers;
mod retirement;
mod rotation;
mod sections;
mod sources;

use chrono::TimeDelta;
use domain::KeyPurpose;

use crate::files::FileError;
use crate::tokens::TOKEN_LIFETIME;
use commands::CommandFault;
use lines::LinesFault;
pub use retirement::{Retirement, retire};
pub use rotation::{LEAST_DELAY, Rotation, RotationError, rotate};
pub use sections::Keys;
pub use sources::KeySource;

/// How long a partner may go on using an old child id after ids are made under a new key.
const CHILD_IDS_HOLD: TimeDelta = TimeDelta::days(90);

/// How long an old checkpoint key's signatures are needed: eight years, like the audit log's text.
const CHECKPOINTS_HOLD: TimeDelta = TimeDelta::days(2922);

/// After a change of keys, how long work that began before it may still be running.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(15);

/// The properties of one purpose of keys.
struct About {
    /// The file in the keys' folder, unless the configuration names another source.
    file: &'static str,
    form: Form,
    /// When an old key may be removed.
    old: Old,
    /// Whether a rotation that names no purpose changes it too.
    with_all: bool,
}

/// The written form of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// 32 random bytes in base64.
    Secret,
    /// A P-256 private key in PKCS#8 PEM.
    P256,
}

/// When an old key may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Old {
    /// Once nothing that is stored needs it, and no work that is still running can.
    Unused,
    /// This long after the next key came into force.
    After(TimeDelta),
}

/// The properties of one purpose of keys.
fn about(purpose: KeyPurpose) -> About {
    let about = |file, form, old, with_all| About { file, form, old, with_all };
    match purpose {
        KeyPurpose::Token => about("token-signing.pem", Form::P256, Old::After(TimeDelta::seconds(TOKEN_LIFETIME + 60)), true),
        KeyPurpose::Envelope => about("envelope.key", Form::Secret, Old::Unused, true),
        KeyPurpose::LookUp => about("look-up.key", Form::Secret, Old::Unused, true),
        KeyPurpose::Pairwise => about("pairwise.key", Form::Secret, Old::After(CHILD_IDS_HOLD), true),
        KeyPurpose::Release => about("release.key", Form::Secret, Old::Unused, false),
        KeyPurpose::Checkpoint => about("checkpoint.key", Form::Secret, Old::After(CHECKPOINTS_HOLD), false),
    }
}

/// Why keys cannot be used. No message repeats a key, or what a command wrote.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{origin}: {fault}")]
    Lines { origin: String, fault: LinesFault },
    #[error("{origin}: the environment has no such variable, or it is no text")]
    Environment { origin: String },
    #[error("{origin}: {fault}")]
    Command { origin: String, fault: CommandFault },
    #[error("{origin}: not a P-256 private key in PKCS#8 PEM")]
    NotP256 { origin: String },
    #[error("{origin}: three look-up keys; retire the oldest before another is added")]
    ThreeLookUpKeys { origin: String },
    #[error("{origin}: key {id} is another than it was; a new key takes a new id")]
    Changed { origin: String, id: u32 },
    #[error("the system gives no random numbers")]
    Randomness,
    #[error("{purpose}: a key cannot be used")]
    Unusable { purpose: KeyPurpose },
}
