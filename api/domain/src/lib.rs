//! The words and the rules of Sendbridge: identifiers, pathways, journeys, statutory clocks,
//! consent, agreements and the one function that permits a disclosure, [`decide`].
//!
//! Nothing here does I/O, knows SQL or HTTP, reads a clock or draws a random number: time and
//! randomness arrive as arguments.

#[macro_use]
mod closed;

mod access_reports;
mod advice;
mod ages;
mod agreements;
mod audit;
mod calls;
mod children;
mod clocks;
mod codelists;
mod comparators;
mod consents;
mod crosswalks;
mod dates;
mod disputes;
mod districts;
mod ehc_plans;
mod erasures;
mod holds;
mod identifiers;
mod issues;
mod journeys;
mod key_rings;
mod matches;
mod minimums;
mod nhs_numbers;
pub mod operations;
mod opt_outs;
mod organisations;
mod overrides;
mod partnerships;
mod pathways;
mod places;
mod policy;
mod recognition;
mod rectifications;
mod referrals;
mod restrictions;
mod retention;
mod scopes;
mod signatures;
mod submissions;
mod upns;

pub use access_reports::{ChildLog, ToldLeaf};
pub use advice::{Advice, AdviceErased, AdviceKind, AdviceRequest, AdviceRequestDraft, AdviceStatus, AlreadySubmitted, advice_clock};
pub use ages::has_reached_age;
pub use agreements::{
    Agreement, AgreementStanding, Confidentiality, ConsentRule, DataClass, LawfulBasis, LegalBasis, OptOutRule, Population, Purpose,
    VerifiedBy,
};
pub use audit::{Actor, Attribution, AuditOutcome, Leaf, LogHash, TreeHead, event_catalogue};
pub use calls::{CallContext, Instants};
pub use children::{ChildIdentifier, ChildReference, NamedChild};
pub use clocks::{ClockState, Duty, StatutoryClock};
pub use closed::UnknownCode;
pub use codelists::{CodeList, VERIFIED_NUMBER};
pub use comparators::{HeldCount, PublishedCount, PublishedReturn, ServiceLine};
pub use consents::{Consent, ConsentDecision, ConsentDraft, ConsentStanding, DecidedBy, NotAnObjection, ReviewCause, ReviewOutcome};
pub use crosswalks::{Crosswalk, CrosswalkRow, CrosswalkStanding, Restated, Stated, contradictions, restate};
pub use dates::{days_between, is_plausible_day, london_day, london_time, parse_day, years_between};
pub use disputes::{Dispute, DisputeDraft};
pub use districts::district_name;
pub use ehc_plans::{
    ActivePlan, Assessment, AssessmentRequest, Case, CasePerson, EducationSetting, NamedPlan, Placement, RequestOutcome, SpecialNeed,
};
pub use erasures::{Erased, Erasure, ErasureDraft};
pub use holds::{LegalHold, LegalHoldDraft};
pub use identifiers::{
    AdviceRequestId, CaseId, ChildId, ConsentId, DisputeId, ErasureId, HoldId, MatchId, OverrideId, RectificationId, ReleaseId,
    RestrictionId, SubmissionId,
};
pub use issues::{Issue, IssueCode, IssueState, Severity};
pub use journeys::{HeldReferral, Journey, KnownBy, LinkedBy, RttClock, Wait, Waited, WeeksBand, journeys, waits};
pub use key_rings::{KeyBytes, KeyPurpose, Ring};
pub use matches::{
    Match, MatchDecision, MatchDraft, MatchSource, MatchState, MatchStatus, NotDecidable, Verification, claimed_child, joined_groups,
    same_child,
};
pub use minimums::{minimum_columns, minimum_fields};
pub use nhs_numbers::{NhsNumber, NhsNumberError, Origin};
pub use opt_outs::OptOutList;
pub use organisations::{Organisation, OrganisationCode, OrganisationKind};
pub use overrides::{LONGEST_OVERRIDE_DAYS, Override, OverrideDraft};
pub use partnerships::{AgreementNeeds, Client, EXPIRY_WARNING_DAYS, Partnership, PartnershipFault, PartnershipParts, PartnershipSection};
pub use pathways::{Pathway, PathwaySet};
pub use places::Places;
pub use policy::{
    Act, Ask, ChildFacts, Facts, FactsAsked, Grant, Ground, NO_FACTS, Permit, Refusal, RefusalReason, decide, decision_table,
};
pub use recognition::{DecidingCode, Recognised, RecognitionRules, RecognitionRulesError, SeenCode, recognised_pathways};
pub use rectifications::RectificationDraft;
pub use referrals::{
    OnwardReferral, PreviousReferral, REFERRAL_ID_LENGTH, Referral, ReferralDetails, ReferralFlow, ReferralHold, ReferralStage,
    ReferralStatus, closed_values, code_list_of,
};
pub use restrictions::{Restriction, RestrictionDraft, RestrictionKind};
pub use retention::{RetentionClass, RetentionLine, RetentionPeriods, RetentionReport, retention_runs_from};
pub use scopes::{Scope, ScopeSet, write_scopes};
pub use signatures::{Authentication, KeyMaterial, PublicKey, SignatureAlgorithm, TokenIssuer};
pub use submissions::{
    AlreadyEnded, DEFAULT_LIST, Dataset, IdentifierMerge, IssueCount, NilReturnFault, Submission, SubmissionCounts, SubmissionFailure,
    SubmissionMode, SubmissionStatus, SubmissionWork, SubmittedEntry, SubmittedRecord,
};
pub use upns::{Upn, UpnError};
