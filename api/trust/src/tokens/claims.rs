//! What a token says.

use domain::OrganisationCode;
use serde::{Deserialize, Serialize};

/// The claims of RFC 9068, and the organisation the client spoke for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) client_id: String,
    pub(super) organisation: OrganisationCode,
    pub(super) aud: String,
    /// Seconds since 1970.
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
    pub(super) scope: String,
    pub(super) cnf: Confirmation,
}

/// The certificate the token is bound to (RFC 8705, 3.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Confirmation {
    #[serde(rename = "x5t#S256")]
    pub(super) thumbprint: String,
}
