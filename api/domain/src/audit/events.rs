//! The catalogue of what the audit log tells of. It is closed: a leaf of an operation that is not in it
//! is not written, and what cannot be written down is not done.

use std::fmt::Write;

/// How an event touches what it is about, in FHIR's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    Read,
    Create,
    Update,
}

macro_rules! events {
    ($($name:ident = $text:literal $operation:literal $interaction:ident $meaning:literal),+ $(,)?) => {
        closed! {
            /// What an entry tells of. Whether it was let happen, its outcome says.
            pub enum Event { $(#[doc = $meaning] $name = $text),+ }
        }

        impl Event {
            const fn row(self) -> (&'static str, Interaction, &'static str) {
                match self { $(Self::$name => ($operation, Interaction::$interaction, $meaning)),+ }
            }
        }
    };
}

// One event a line: its name, the operation that leaves it, how it touches the record, what it means.
events! {
    WaitsRead = "waits-read" "get_waits" Read "A child's waits were asked for; an entry for each provider that holds some.",
    ListReconciled = "waiting-list-reconciled" "reconcile" Read "A provider's own waiting list was counted, beside what the provider last published of it.",
    EntriesRead = "waiting-list-entries-read" "list_entries" Read "A provider's waiting list was looked through: one entry for an organisation's own page, one for each entry that was shown of another's, one refusal where nothing was.",
    CasesListed = "ehc-cases-listed" "list_cases" Read "A council listed its own EHC cases.",
    CaseRead = "ehc-case-read" "get_case" Read "One EHC case was asked for, with the pupil's number.",
    ConsentRecorded = "consent-recorded" "record_consent" Create "A family's decision was recorded; an entry for each class of data that it is about.",
    ConsentRead = "consent-read" "get_consent" Read "A recorded decision was asked for by its id.",
    ConsentsListed = "consents-listed" "list_consents" Read "The decisions that an organisation recorded about a child were asked for.",
    ConsentWithdrawn = "consent-withdrawn" "withdraw_consent" Update "A recorded decision was withdrawn; an entry for each class of data that it is about.",
    ReviewsListed = "consent-reviews-listed" "list_reviews" Read "An organisation listed the decisions it recorded that wait for a person.",
    ObjectionReviewed = "objection-reviewed" "review_objection" Update "A person said what becomes of an objection to a flow that needs no consent.",
    RestrictionSet = "restriction-set" "restrict_child" Create "A restriction was set on what flows about a child.",
    RestrictionsListed = "restrictions-listed" "list_restrictions" Read "The restrictions that an organisation set on a child were asked for.",
    RestrictionLifted = "restriction-lifted" "lift_restriction" Update "A restriction was lifted by who had set it.",
    OverrideMade = "caldicott-override-made" "make_override" Create "A Caldicott guardian opened an organisation's records of a child to one recipient, for a while.",
    OverrideEnded = "caldicott-override-ended" "end_override" Update "A Caldicott override was ended before its last day.",
    OptOutsLoaded = "opt-outs-loaded" "load_opt_outs" Update "A list of National Data Opt-outs was loaded in place of the organisation's last.",
    DisclosuresRead = "disclosures-read" "get_disclosures" Read "A controller asked who saw what about a child; the report leaves readings of itself out.",
    RecordsErased = "records-erased" "erase" Update "An organisation erased what it had sent about a child; an entry for each class of data.",
    ErasureLifted = "erasure-lifted" "lift_erasure" Update "What had been erased may be sent again.",
    RecordsRectified = "records-rectified" "rectify" Update "Records that named the wrong child were moved to the right one; an entry for each of the two.",
    ChildrenMerged = "children-merged" "merge_children" Update "A provider's message said that records of two identities are one child's, and its referrals were moved to the one that stands; an entry for each of the two.",
    DisputeOpened = "dispute-opened" "open_dispute" Update "Records whose accuracy is disputed were kept from flowing.",
    DisputeSettled = "dispute-settled" "settle_dispute" Update "A dispute was settled; the records flow again.",
    HoldSet = "legal-hold-set" "set_hold" Create "An organisation kept what it sent about a child from erasure and retention.",
    HoldReleased = "legal-hold-released" "release_hold" Update "A legal hold was released.",
    RetentionRun = "retention-run" "run_retention" Update "What was past its retention was removed; an entry for each organisation and class of data.",
    TombstonesReplayed = "tombstones-replayed" "replay_tombstones" Update "What an older database had brought back was erased again.",
    AdviceRequested = "advice-requested" "create_advice_request" Create "A council asked a health body for advice about a child, and so told it that the child is being assessed.",
    AdviceRequestRead = "advice-request-read" "get_advice_request" Read "A request for advice was read, with the child it is about.",
    AdviceAcknowledged = "advice-request-acknowledged" "acknowledge_advice_request" Update "A health body acknowledged a request for advice.",
    AdviceSubmitted = "advice-submitted" "submit_advice" Update "A health body gave its advice to the council that asked.",
    AdviceRead = "advice-read" "get_advice" Read "A council pulled the advice that it had asked for.",
    FhirReferralsSearched = "fhir-referrals-searched" "fhir_search_service_requests" Read "Referrals were searched as FHIR: a provider's list, or a child's waits; entries as for those.",
    FhirReferralsFound = "fhir-referrals-found" "fhir_find_service_requests" Read "Referrals were searched as FHIR by a body: a child's by NHS number and date of birth, with an entry for each provider that holds some; or as by a query.",
    FhirReferralRead = "fhir-referral-read" "fhir_get_service_request" Read "One referral was asked for as FHIR.",
    FhirTaskRead = "fhir-task-read" "fhir_get_task" Read "A request for advice was read as FHIR, with the child it is about.",
    FhirConsentsSearched = "fhir-consents-searched" "fhir_search_consents" Read "The decisions that an organisation recorded about a child were asked for as FHIR.",
    FhirConsentsFound = "fhir-consents-found" "fhir_find_consents" Read "The decisions that an organisation recorded about a child were asked for as FHIR by a body.",
    FhirConsentRead = "fhir-consent-read" "fhir_get_consent" Read "A recorded decision was asked for as FHIR by its id.",
    FhirConsentRecorded = "fhir-consent-recorded" "fhir_record_consent" Create "A family's decision was recorded that came as FHIR; an entry for each class of data that it is about.",
    ReleaseBuilt = "release-built" "build_release" Create "A release of tables was built and published; an entry for each organisation whose records were counted.",
    ReleasesListed = "releases-listed" "list_releases" Read "The releases were asked for without an agreement; a release that may be read leaves no entry, for it is about nobody.",
    ReleaseRead = "release-read" "get_release" Read "A release was asked for without an agreement.",
    TableRead = "released-table-read" "get_table" Read "A released table was asked for without an agreement.",
}

impl Event {
    /// The event that an operation leaves, by its name in the OpenAPI document.
    pub fn of(operation: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.operation() == operation)
    }

    /// The operation that leaves it: a name of the OpenAPI document, or the operator's command.
    pub const fn operation(self) -> &'static str {
        self.row().0
    }

    pub const fn interaction(self) -> Interaction {
        self.row().1
    }

    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        self.row().2
    }
}

/// The catalogue for people, as it is committed in `deploy/assurance/audit-events.md`.
pub fn catalogue_document() -> String {
    let mut text = include_str!("events.md").to_owned();
    for event in Event::ALL {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| `{event}` | `{}` | {} |", event.operation(), event.meaning());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_event_has_an_operation_of_its_own() {
        let operations: BTreeSet<_> = Event::ALL.iter().map(|event| event.operation()).collect();
        assert_eq!(operations.len(), Event::ALL.len());
        assert!(Event::ALL.iter().all(|event| Event::of(event.operation()) == Some(*event) && event.meaning().ends_with('.')));
        assert_eq!(Event::of("get_everything"), None);
    }
}
