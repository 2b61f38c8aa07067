//! What a token says.

use domain::organisations::OrganisationCode;
use serde::{Deserialize, Serialize};

/// The claims of RFC 9068, and the organisation the client spoke for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub sub: String,
    pub client_id: String,
    pub organisation: OrganisationCode,
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
    pub jti: String,
    pub scope: String,
    pub cnf: Confirmation,
}

/// The certificate the token is bound to (RFC 8705, 3.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Confirmation {
    #[serde(rename = "x5t#S256")]
    pub thumbprint: String,
}
