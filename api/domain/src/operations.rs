//! The one table of what can be asked of the gateway and of what it does by itself. Who may call an operation, whether
//! a person has to be named, and what the audit log calls it all follow from its line here.
//!
//! The catalogue of audit events is closed. An operation without an event cannot write an audit entry, and what cannot
//! be audited is not done.

use crate::scopes::Scope;

/// What a caller has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A listed client's certificate, and no token.
    Certificate,
    /// A token with one of these scopes; any token where there are none.
    Token(&'static [Scope]),
    /// Not an endpoint: an operator's command, a chore, or a message within a submission.
    Inside,
}

/// What an event does to what it is about, in FHIR's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    Read,
    Create,
    Update,
}

/// An operation as a type, so that a signature can name it.
pub trait Named {
    const OPERATION: Operation;
}

macro_rules! operations {
    ($($name:ident $id:literal $access:tt $($flag:ident)* $(=> $event:ident $text:literal $interaction:ident $meaning:literal)?),+ $(,)?) => {
        closed! {
            /// What can be done. The name is the operation's in the OpenAPI document, or the command's.
            pub enum Operation { $(#[doc = concat!("`", $id, "`")] $name = $id),+ }
        }

        closed! {
            /// What an entry of the audit log is about. Its outcome says whether it was permitted.
            pub enum Event { $($(#[doc = $meaning] $event = $text,)?)+ }
        }

        impl Operation {
            pub const fn access(self) -> Access {
                match self { $(Self::$name => operations!(@access $access)),+ }
            }

            const fn flags(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$(stringify!($flag)),*]),+ }
            }

            /// Its event in the audit log; `None` where it shows nothing of anybody's record.
            pub const fn event(self) -> Option<Event> {
                match self { $(Self::$name => operations!(@event $($event)?)),+ }
            }
        }

        impl Event {
            const fn row(self) -> (Operation, Interaction, &'static str) {
                match self { $($(Self::$event => (Operation::$name, Interaction::$interaction, $meaning),)?)+ }
            }
        }

        $(
            #[doc = concat!("[`Operation::", stringify!($name), "`] as a type.")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl Named for $name {
                const OPERATION: Operation = Operation::$name;
            }
        )+
    };
    (@access public) => { Access::Certificate };
    (@access inside) => { Access::Inside };
    (@access [$($scope:ident)*]) => { Access::Token(&[$(Scope::$scope),*]) };
    (@event) => { None };
    (@event $event:ident) => { Some(Event::$event) };
}

// One operation a line: its name, who may call it (`public`: by certificate alone; any one of the scopes; `inside`),
// `person` where it is about one child or family and the person behind the call has to be named, `once` where it
// creates and takes an Idempotency-Key, and the event that it writes.
#[rustfmt::skip]
operations! {
    // Identity and the documents of the contract.
    IssueToken "issue_token" public,
    DescribeAuthorizationServer "describe_authorization_server" public,
    ListKeys "list_keys" public,
    SubmitWaitingList "submit_waiting_list" [WaitingListWrite] once,
    SubmitEhcp "submit_ehcp" [EhcpWrite] once,
    ListSubmissions "list_submissions" [],
    GetSubmission "get_submission" [],
    CancelSubmission "cancel_submission" [],
    ListIssues "list_issues" [],
    SearchChild "search_child" [EhcpRead WaitingListRead AuditRead] person,
    ListOptOuts "list_opt_outs" [OptOutWrite AuditRead],
    ListAdviceRequests "list_advice_requests" [AdviceRequest AdviceRespond AdviceRead],
    ListAuditEvents "list_audit_events" [AuditRead],
    GetCheckpoint "get_checkpoint" [AuditRead],
    GetProof "get_proof" [AuditRead],
    ListAgreements "list_agreements" [AuditRead],
    GetIssueCatalogue "get_issue_catalogue" [],
    ListFormats "list_formats" [],
    GetFormat "get_format" [],
    GetSample "get_sample" [],
    FhirCapabilities "fhir_capabilities" public,
    FhirTransact "fhir_transact" [WaitingListWrite WaitingListRead ConsentWrite ConsentRead AdviceRequest AdviceRespond AdviceRead] person once,
    FhirSearchTasks "fhir_search_tasks" [AdviceRequest AdviceRespond AdviceRead] person,
    FhirFindTasks "fhir_find_tasks" [AdviceRequest AdviceRespond AdviceRead] person,
    GetDocument "get_document" public,
    GetFormatsPage "get_formats_page" public,
    GetPage "get_page" public,
    // Operations that write an audit entry.
    GetWaits "get_waits" [WaitingListRead] person => WaitsRead "waits-read" Read "A child's waits were asked for; an entry for each provider that holds some.",
    Reconcile "reconcile" [WaitingListRead] => ListReconciled "waiting-list-reconciled" Read "A provider's own waiting list was counted, beside what the provider last published of it.",
    ListEntries "list_entries" [WaitingListRead] => EntriesRead "waiting-list-entries-read" Read "A provider's waiting list was looked through: one entry for an organisation's own page, one for each entry that was shown of another's, one refusal where nothing was.",
    PutIdentifiers "put_identifiers" [EhcpWrite] => IdentifiersStated "identifiers-stated" Update "A council said which identifiers are one child's, in place of what its last list said.",
    ListMatches "list_matches" [EhcpWrite WaitingListWrite] => MatchesListed "child-matches-listed" Read "An organisation listed what it or another says about the identifiers of children whose records it holds.",
    DecideMatch "decide_match" [EhcpWrite WaitingListWrite] person => MatchDecided "child-match-decided" Update "A person decided whether two identifiers are one child's.",
    ListCases "list_cases" [EhcpRead] => CasesListed "ehc-cases-listed" Read "A council listed its own EHC cases.",
    GetCase "get_case" [EhcpRead] person => CaseRead "ehc-case-read" Read "One EHC case was asked for, with the pupil's number.",
    RecordConsent "record_consent" [ConsentWrite] person once => ConsentRecorded "consent-recorded" Create "A family's decision was recorded; an entry for each class of data that it is about.",
    GetConsent "get_consent" [ConsentRead] person => ConsentRead "consent-read" Read "A recorded decision was asked for by its id.",
    ListConsents "list_consents" [ConsentRead] person => ConsentsListed "consents-listed" Read "The decisions that an organisation recorded about a child were asked for.",
    WithdrawConsent "withdraw_consent" [ConsentWrite] person => ConsentWithdrawn "consent-withdrawn" Update "A recorded decision was withdrawn; an entry for each class of data that it is about.",
    ListReviews "list_reviews" [ConsentRead] person => ReviewsListed "consent-reviews-listed" Read "An organisation listed the decisions it recorded that wait for a person.",
    ReviewObjection "review_objection" [ConsentWrite] person => ObjectionReviewed "objection-reviewed" Update "A person said what becomes of an objection to a flow that needs no consent.",
    RestrictChild "restrict_child" [RestrictionWrite] person once => RestrictionSet "restriction-set" Create "A restriction was set on what flows about a child.",
    ListRestrictions "list_restrictions" [RestrictionWrite] person => RestrictionsListed "restrictions-listed" Read "The restrictions that an organisation set on a child were asked for.",
    LiftRestriction "lift_restriction" [RestrictionWrite] person => RestrictionLifted "restriction-lifted" Update "A restriction was lifted by who had set it.",
    MakeOverride "make_override" [OverrideWrite] person once => OverrideMade "caldicott-override-made" Create "A Caldicott guardian opened an organisation's records of a child to one recipient, for a while.",
    EndOverride "end_override" [OverrideWrite] person => OverrideEnded "caldicott-override-ended" Update "A Caldicott override was ended before its last day.",
    LoadOptOuts "load_opt_outs" [OptOutWrite] => OptOutsLoaded "opt-outs-loaded" Update "A list of National Data Opt-outs was loaded in place of the organisation's last.",
    GetDisclosures "get_disclosures" [AuditRead] person => DisclosuresRead "disclosures-read" Read "A controller asked who saw what about a child; the report leaves readings of itself out.",
    Erase "erase" [RightsWrite] person once => RecordsErased "records-erased" Update "An organisation erased what it had sent about a child; an entry for each class of data.",
    LiftErasure "lift_erasure" [RightsWrite] person => ErasureLifted "erasure-lifted" Update "What had been erased may be sent again.",
    Rectify "rectify" [RightsWrite] person once => RecordsRectified "records-rectified" Update "Records that named the wrong child were moved to the right one; an entry for each of the two.",
    OpenDispute "open_dispute" [RightsWrite] person once => DisputeOpened "dispute-opened" Update "Records whose accuracy is disputed were kept from flowing.",
    SettleDispute "settle_dispute" [RightsWrite] person => DisputeSettled "dispute-settled" Update "A dispute was settled; the records flow again.",
    SetHold "set_hold" [RightsWrite] person once => HoldSet "legal-hold-set" Create "An organisation kept what it sent about a child from erasure and retention.",
    ReleaseHold "release_hold" [RightsWrite] person => HoldReleased "legal-hold-released" Update "A legal hold was released.",
    CreateAdviceRequest "create_advice_request" [AdviceRequest] person once => AdviceRequested "advice-requested" Create "A council asked a health body for advice about a child, and so told it that the child is being assessed.",
    GetAdviceRequest "get_advice_request" [AdviceRequest AdviceRespond AdviceRead] person => AdviceRequestRead "advice-request-read" Read "A request for advice was read, with the child it is about.",
    AcknowledgeAdviceRequest "acknowledge_advice_request" [AdviceRespond] person => AdviceAcknowledged "advice-request-acknowledged" Update "A health body acknowledged a request for advice.",
    SubmitAdvice "submit_advice" [AdviceRespond] person => AdviceSubmitted "advice-submitted" Update "A health body gave its advice to the council that asked.",
    GetAdvice "get_advice" [AdviceRead] person => AdviceRead "advice-read" Read "A council pulled the advice that it had asked for.",
    FhirSearchServiceRequests "fhir_search_service_requests" [WaitingListRead] person => FhirReferralsSearched "fhir-referrals-searched" Read "Referrals were searched as FHIR: a provider's list, or a child's waits; entries as for those.",
    FhirFindServiceRequests "fhir_find_service_requests" [WaitingListRead] person => FhirReferralsFound "fhir-referrals-found" Read "Referrals were searched as FHIR by a body: a child's by NHS number and date of birth, with an entry for each provider that holds some; or as by a query.",
    FhirGetServiceRequest "fhir_get_service_request" [WaitingListRead] person => FhirReferralRead "fhir-referral-read" Read "One referral was asked for as FHIR.",
    FhirGetTask "fhir_get_task" [AdviceRequest AdviceRespond AdviceRead] person => FhirTaskRead "fhir-task-read" Read "A request for advice was read as FHIR, with the child it is about.",
    FhirSearchConsents "fhir_search_consents" [ConsentRead] person => FhirConsentsSearched "fhir-consents-searched" Read "The decisions that an organisation recorded about a child were asked for as FHIR.",
    FhirFindConsents "fhir_find_consents" [ConsentRead] person => FhirConsentsFound "fhir-consents-found" Read "The decisions that an organisation recorded about a child were asked for as FHIR by a body.",
    FhirGetConsent "fhir_get_consent" [ConsentRead] person => FhirConsentRead "fhir-consent-read" Read "A recorded decision was asked for as FHIR by its id.",
    FhirRecordConsent "fhir_record_consent" [ConsentWrite] person once => FhirConsentRecorded "fhir-consent-recorded" Create "A family's decision was recorded that came as FHIR; an entry for each class of data that it is about.",
    ListReleases "list_releases" [DashboardRead] => ReleasesListed "releases-listed" Read "The releases were asked for without an agreement; a release that may be read leaves no entry, for it is about nobody.",
    GetRelease "get_release" [DashboardRead] => ReleaseRead "release-read" Read "A release was asked for without an agreement.",
    GetTable "get_table" [DashboardRead] => TableRead "released-table-read" Read "A released table was asked for without an agreement.",
    // Commands, chores, and messages within a submission.
    MergeChildren "merge_children" inside => ChildrenMerged "children-merged" Update "A provider's message said that records of two identities are one child's, and its referrals were moved to the one that stands; an entry for each of the two.",
    JoinIdentifiers "join_identifiers" inside => IdentifiersJoined "identifiers-joined" Update "An organisation's own file named a child by two identifiers, and they were joined.",
    RunRetention "run_retention" inside => RetentionRun "retention-run" Update "What was past its retention was removed; an entry for each organisation and class of data.",
    ReplayTombstones "replay_tombstones" inside => TombstonesReplayed "tombstones-replayed" Update "What an older database had brought back was erased again.",
    BuildRelease "build_release" inside => ReleaseBuilt "release-built" Create "A release of tables was built and published; an entry for each organisation whose records were counted.",
}

impl Operation {
    /// Whether the person behind the call has to be named.
    pub fn names_a_person(self) -> bool {
        self.flags().contains(&"person")
    }

    /// Whether it creates, and takes an `Idempotency-Key`.
    pub fn takes_a_key(self) -> bool {
        self.flags().contains(&"once")
    }
}

impl Event {
    /// The operation that writes it.
    pub const fn operation(self) -> Operation {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_and_its_operation_name_each_other() {
        for event in Event::ALL {
            assert_eq!(event.operation().event(), Some(*event));
            assert!(event.meaning().ends_with('.'), "{event}");
        }
        assert_eq!(GetWaits::OPERATION.event(), Some(Event::WaitsRead));
        assert_eq!(ListFormats::OPERATION.event(), None);
    }

    #[test]
    fn what_the_gateway_does_by_itself_is_written_down() {
        for operation in Operation::ALL.iter().filter(|operation| operation.access() == Access::Inside) {
            assert!(operation.event().is_some(), "{operation}");
        }
    }

    #[test]
    fn a_line_has_only_the_flags_that_it_may_have() {
        for operation in Operation::ALL {
            assert!(operation.flags().iter().all(|flag| ["person", "once"].contains(flag)), "{operation}");
            assert!(operation.access() != Access::Certificate || operation.flags().is_empty(), "{operation}");
        }
    }
}
