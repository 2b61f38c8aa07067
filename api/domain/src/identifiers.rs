//! Ids, each its own type, so that one cannot be passed where another is meant.

use uuid::Uuid;

macro_rules! uuid_ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(Some(utoipa::openapi::schema::SchemaFormat::KnownFormat(utoipa::openapi::schema::KnownFormat::Uuid)))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    )+};
}

uuid_ids! {
    /// One body that a partner sent, and its report.
    SubmissionId,
    /// A council's request for advice.
    AdviceRequestId,
    /// A recorded decision about sharing.
    ConsentId,
    /// A restriction on a child's records.
    RestrictionId,
    /// A Caldicott guardian's override.
    OverrideId,
    /// An erasure of what an organisation sent about a child.
    ErasureId,
    /// A correction of who a referral is about.
    RectificationId,
    /// A dispute about the accuracy of what an organisation sent.
    DisputeId,
    /// A legal hold.
    HoldId,
    /// One request for an EHC needs assessment and what followed from it.
    CaseId,
    /// A published set of tables.
    ReleaseId,
    /// A claim that two identifiers are one child's.
    MatchId,
}

/// An identifier of a child with its date of birth, as the store knows it: several may be one child's. Never leaves the
/// gateway: partners get an id of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ChildId(pub i64);
