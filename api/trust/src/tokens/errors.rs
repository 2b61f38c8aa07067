//! Why a token is refused.

/// Why a token or an assertion is refused. The client learns only that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("longer than a token can be")]
    TooLong,
    #[error("not a signed token of the kind")]
    Malformed,
    #[error("of another type")]
    Type,
    #[error("signed with another algorithm or key")]
    Key,
    #[error("the signature does not match")]
    Signature,
    #[error("from another issuer, or for another audience")]
    Audience,
    #[error("about another client")]
    Subject,
    #[error("out of date, or not in force yet")]
    Time,
    #[error("bound to another certificate")]
    Certificate,
    #[error("used before")]
    Used,
}
