//! What can go wrong when somebody asks the gateway for something: a kind, the faults in what was sent, and a cause for
//! the log. The door decides how to tell it (a status, headers, an OperationOutcome).

use std::borrow::Cow;
use std::fmt;

use domain::UnknownCode;
use domain::{Refusal, RefusalReason, SubmissionFailure, SubmissionId};
use serde::{Deserialize, Serialize};
use store::StoreError;

macro_rules! kinds {
    ($($name:ident = $code:literal $title:literal),+ $(,)?) => {
        /// What went wrong. The code is stable: clients may rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind { $(#[doc = $title] $name),+ }

        impl Kind {
            /// Every kind, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// What anybody may read about it.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

kinds! {
    Malformed = "malformed" "The request could not be read",
    DigestMismatch = "digest-mismatch" "The body is not the one whose digest was sent",
    UndecodableBody = "undecodable-body" "The body cannot be decoded as its encoding says",
    NoAgreement = "no-agreement" "No agreement covers anything of the kind",
    NotAGuardian = "not-a-guardian" "Only a Caldicott guardian may, and the actor's role is another",
    NotFound = "not-found" "Not there, or not yours to know of",
    TooSlow = "too-slow" "The request did not arrive in time",
    NotYetAnswered = "not-yet-answered" "The advice is not yet submitted",
    OlderAsOf = "older-as-of" "A later state of the list is already held",
    SnapshotShrinks = "snapshot-shrinks" "The snapshot would drop too much of the list",
    IdempotencyInFlight = "idempotency-in-flight" "A request with this key is still being answered",
    LegalHold = "legal-hold" "A legal hold keeps it as it is",
    WrongStatus = "wrong-status" "Its present status does not allow it",
    Erased = "erased" "It was erased, or is past its retention",
    BodyTooLarge = "body-too-large" "The body is too large",
    BodyExpands = "body-expands" "The body grows too much when it is decoded",
    RefusedSubmission = "refused-submission" "The submission is refused whole",
    UnreadableBody = "unreadable-body" "The body is not readable in its format",
    IdempotencyMismatch = "idempotency-mismatch" "The key was used for another request",
    NilReturnUnsaid = "nil-return-unsaid" "An empty snapshot has to say that it is a nil return",
    InvalidValue = "invalid-value" "A value is understood and refused",
    Internal = "internal" "The gateway failed",
    Busy = "busy" "The gateway is busy",
    DatabaseAway = "database-away" "The database is away",
    Interrupted = "interrupted" "The gateway stopped before it was done",
    LogBehind = "log-behind" "The audit log cannot take more entries",
}

impl Kind {
    /// Whether the gateway failed, however good the request was.
    pub const fn is_of_the_gateway(self) -> bool {
        matches!(self, Self::Internal | Self::Busy | Self::DatabaseAway | Self::Interrupted | Self::LogBehind)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|kind| kind.code() == text).ok_or(UnknownCode("a kind of trouble"))
    }
}

/// One thing wrong: where, what and, where there is one, the mending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ProblemError))]
pub struct Fault {
    /// The field's name or path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The row of the submission, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The writer's own id of that row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral_id: Option<String>,
    pub code: Cow<'static, str>,
    pub message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Cow<'static, str>>,
}

impl Fault {
    pub fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: None, row: None, referral_id: None, code: code.into(), message: message.into(), fix: None }
    }

    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// How to mend it.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Cow<'static, str>>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

/// Why something was not done. It is small to pass on: its contents are behind a pointer.
#[derive(Debug)]
pub struct Trouble(Box<Particulars>);

#[derive(Debug)]
struct Particulars {
    kind: Kind,
    detail: Option<Cow<'static, str>>,
    faults: Vec<Fault>,
    /// For the log only.
    cause: Option<String>,
    /// When it may help to try again, in seconds, if not after the usual time.
    again_after: Option<u32>,
    /// The submission that is in the way.
    about: Option<SubmissionId>,
    breaks_off: bool,
}

/// What the database keeps of a trouble, for a submission that was answered before it was refused.
#[derive(Serialize, Deserialize)]
struct Kept {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Cow<'static, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
}

impl Trouble {
    pub fn new(kind: Kind) -> Self {
        let (detail, faults, cause, again_after, about) = Default::default();
        Self(Box::new(Particulars { kind, detail, faults, cause, again_after, about, breaks_off: false }))
    }

    /// A failure of the gateway itself; the log says why.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Kind::Internal).cause(cause)
    }

    /// What the caller reads. It names no child and repeats no value.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.0.faults.push(fault);
        self
    }

    #[must_use]
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.0.faults.extend(faults);
        self
    }

    /// What the log reads. It names no child either.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// When it may help to try again, in seconds.
    #[must_use]
    pub fn again_after(mut self, seconds: u32) -> Self {
        self.0.again_after = Some(seconds);
        self
    }

    /// The caller's submission that the trouble is about.
    #[must_use]
    pub fn about(mut self, submission: SubmissionId) -> Self {
        self.0.about = Some(submission);
        self
    }

    /// Says that the rest of what is being sent will not be read.
    #[must_use]
    pub fn breaking_off(mut self) -> Self {
        self.0.breaks_off = true;
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// When it may help to try again, in seconds, if not after the usual time.
    pub fn repeat_after(&self) -> Option<u32> {
        self.0.again_after
    }

    /// The caller's submission that the trouble is about.
    pub fn submission(&self) -> Option<SubmissionId> {
        self.0.about
    }

    /// Whether the rest of what is being sent will not be read.
    pub fn breaks_off(&self) -> bool {
        self.0.breaks_off
    }

    /// What the caller reads besides the kind.
    pub fn said(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// What the log reads besides the kind.
    pub fn why(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// All of it, for the log only.
    pub fn in_full(&self) -> String {
        match self.why() {
            Some(why) => format!("{self}: {why}"),
            None => self.to_string(),
        }
    }

    /// What the caller reads besides the kind, and what the log does.
    pub fn into_parts(self) -> (Option<Cow<'static, str>>, Vec<Fault>, Option<String>) {
        (self.0.detail, self.0.faults, self.0.cause)
    }

    /// Logs once why nothing was done, where no door does so.
    pub(crate) fn log(&self) {
        let (code, cause) = (self.kind().code(), self.why());
        if self.kind().is_of_the_gateway() {
            tracing::error!(code, cause, "request failed");
        } else {
            tracing::info!(code, cause, "request refused");
        }
    }

    /// What the database keeps when this ended a submission.
    pub(crate) fn to_failure(&self) -> SubmissionFailure {
        if self.kind().is_of_the_gateway() { SubmissionFailure::Failed(self.to_json()) } else { SubmissionFailure::Refused(self.to_json()) }
    }

    /// What the database keeps of the trouble.
    pub fn to_json(&self) -> String {
        let kept = Kept { kind: self.0.kind.to_string(), detail: self.0.detail.clone(), faults: self.0.faults.clone() };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// Reads a trouble that the database kept.
    pub fn from_json(text: &str) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt("why a submission failed");
        let Kept { kind, detail, faults } = serde_json::from_str(text).map_err(|_| corrupt())?;
        let mut trouble = Self::new(kind.parse().map_err(|_| corrupt())?).with_faults(faults);
        trouble.0.detail = detail;
        Ok(trouble)
    }
}

impl From<Kind> for Trouble {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

/// A caller may learn that no agreement covers it, or of its own legal hold. It must not learn what a family decided, or
/// what is not there.
impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::new(match refusal.reason() {
            RefusalReason::LegalHold => Kind::LegalHold,
            _ if refusal.is_structural() => Kind::NoAgreement,
            _ => Kind::NotFound,
        })
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy => Self::new(Kind::Busy),
            StoreError::LogBehind => Self::new(Kind::LogBehind),
            error if error.is_away() => Self::new(Kind::DatabaseAway).cause(error),
            error => Self::internal(format!("{error}: {error:?}")),
        }
    }
}

impl std::error::Error for Trouble {}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_kept_of_a_trouble_is_read_again_without_its_cause() {
        for kind in Kind::ALL {
            let fault = Fault::new("missing-column", "a column is missing").field("status").fix("add it");
            let trouble = Trouble::new(*kind).detail("It is not readable.").fault(fault).cause("for the log alone");
            let kept = trouble.to_json();
            assert!(!kept.contains("for the log alone"));
            let read = Trouble::from_json(&kept).unwrap();
            assert_eq!((read.kind(), read.said(), read.faults()), (*kind, trouble.said(), trouble.faults()));
            assert_eq!(read.why(), None);
        }
        for wrong in ["", "{}", r#"{"kind":"something-new"}"#] {
            assert!(Trouble::from_json(wrong).is_err(), "{wrong}");
        }
    }
}
