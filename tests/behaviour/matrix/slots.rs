//! The table of the matrix: what goes into each operation's slots, and whom it answers. The suite fails if
//! an operation of the contract is missing here, or if one of its parameters has no slot.

use super::holdings::{Kind, Side};

/// What a slot is filled with. A slot whose name begins with `/` is a place in the JSON body; any other
/// is a parameter of the path or the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Every object of the kind, one of every other kind, and ids of nothing.
    Id(Kind),
    /// The caller's ids for children, other organisations' ids for them, and ids of nothing.
    ChildId,
    /// A child as a body names it: each child, and one that nobody holds.
    Child,
    /// Every organisation, and one that does not exist.
    Organisation,
    /// Lists of several providers.
    List,
    /// Everybody's cursors for this list.
    After,
    /// A table of a release, and one that is not there.
    Table,
    /// Does not say whose a thing is: left out, or as in the usual request.
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Anybody, but what is shown differs.
    Anybody,
    /// Anybody, but nobody can use another's cursor.
    Sealed,
    /// A partner that is one of these to the object in the first slot; anybody else gets 404.
    Only(&'static [Side]),
    /// A partner with its own id for a child, if there is something to show.
    Shown,
    /// The organisation that the id was made for; anybody else gets 404.
    OwnId,
    /// As `OwnId`; the organisation is told if none of its own records are meant.
    OwnRecords,
    /// As `OwnId`, if it is a party to an agreement; if not, the refusal says so.
    OwnIdOfParty,
    /// As `OwnId`, if an agreement allows the data to flow to the recipient.
    Overrider,
    /// A party to an agreement; if not, the refusal says so.
    Party,
    /// A party to an agreement about child matching; if not, the refusal says so.
    Matcher,
    /// An organisation about itself, or about another whose entries an agreement lets it see.
    Entries,
    /// A client, for its own organisation and for those that it may submit for.
    Sender,
    /// An organisation that may record a decision about the recipient.
    Recorder,
    /// As `Recorder`, with the recipient that the usual request names.
    RecorderFor(&'static str),
    /// An organisation that may ask the addressee for advice.
    AdviceAsker,
    Released,
    /// A controller of what the gateway holds, if the id was made for it; anybody else gets 404.
    Controller,
}

pub(super) struct Row {
    pub(super) operation: &'static str,
    pub(super) slots: &'static [(&'static str, Slot)],
    pub(super) rule: Rule,
}

const fn row(operation: &'static str, slots: &'static [(&'static str, Slot)], rule: Rule) -> Row {
    Row { operation, slots, rule }
}

use Kind::{Case, Consent, Dispute, Erasure, Hold, Match, Override, Referral, Release, Request, Restriction, Submission};
use Rule::{
    AdviceAsker, Anybody, Controller, Entries, Matcher, Only, Overrider, OwnId, OwnIdOfParty, OwnRecords, Party, Recorder, RecorderFor,
    Released, Sealed, Sender, Shown,
};
use Side::{Addressee, Asker, Holder, Owner};
use Slot::{After, Child, ChildId, Id, List, Organisation, Plain, Table};

const SENT: &[(&str, Slot)] = &[
    ("organisation", Organisation),
    ("list", List),
    ("format", Plain),
    ("mode", Plain),
    ("as_of", Plain),
    ("validate", Plain),
    ("confirm", Plain),
    ("nil_return", Plain),
];

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("issue_token", &[], Anybody),
    row("describe_authorization_server", &[], Anybody),
    row("list_keys", &[], Anybody),
    row("get_document", &[], Anybody),
    row("get_page", &[], Anybody),
    row("get_formats_page", &[], Anybody),
    row("get_issue_catalogue", &[], Anybody),
    row("list_formats", &[], Anybody),
    row("get_format", &[("format", Plain)], Anybody),
    row("get_sample", &[("format", Plain), ("name", Plain)], Anybody),
    row("submit_waiting_list", SENT, Sender),
    row("submit_ehcp", SENT, Sender),
    row("list_submissions", &[("after", After), ("limit", Plain)], Anybody),
    row("get_submission", &[("id", Id(Submission))], Only(&[Owner])),
    row("cancel_submission", &[("id", Id(Submission))], Only(&[Owner])),
    row("list_issues", &[("id", Id(Submission)), ("code", Plain), ("state", Plain), ("after", Plain), ("limit", Plain)], Only(&[Owner])),
    row("list_entries", &[("organisation", Organisation), ("list", List), ("after", After), ("limit", Plain)], Entries),
    row("reconcile", &[("organisation", Organisation)], Sender),
    row("search_child", &[("/", Child)], Anybody),
    row("get_waits", &[("child_id", ChildId)], Shown),
    row("put_identifiers", &[("as_of", Plain), ("confirm", Plain)], Matcher),
    row("list_matches", &[("after", After), ("state", Plain), ("limit", Plain)], Matcher),
    row("decide_match", &[("id", Id(Match))], Only(&[Owner, Holder])),
    row("record_consent", &[("/recipient", Organisation), ("/child", Child)], Recorder),
    row("list_consents", &[("child_id", ChildId)], Anybody),
    row("list_reviews", &[("after", After), ("limit", Plain)], Anybody),
    row("review_objection", &[("id", Id(Consent))], Only(&[Owner])),
    row("get_consent", &[("id", Id(Consent))], Only(&[Owner])),
    row("withdraw_consent", &[("id", Id(Consent))], Only(&[Owner])),
    row("restrict_child", &[("child_id", ChildId)], OwnIdOfParty),
    row("list_restrictions", &[("child_id", ChildId)], OwnId),
    row("lift_restriction", &[("id", Id(Restriction))], Only(&[Owner])),
    row("make_override", &[("child_id", ChildId), ("/recipient", Organisation)], Overrider),
    row("end_override", &[("id", Id(Override))], Only(&[Owner])),
    row("erase", &[("child_id", ChildId)], OwnId),
    row("lift_erasure", &[("id", Id(Erasure))], Only(&[Owner])),
    row("rectify", &[("child_id", ChildId)], OwnRecords),
    row("open_dispute", &[("child_id", ChildId)], OwnRecords),
    row("settle_dispute", &[("id", Id(Dispute))], Only(&[Owner])),
    row("set_hold", &[("child_id", ChildId)], OwnId),
    row("release_hold", &[("id", Id(Hold))], Only(&[Owner])),
    row("load_opt_outs", &[("as_of", Plain)], Party),
    row("list_opt_outs", &[], Anybody),
    row("list_cases", &[("after", After), ("limit", Plain)], Sealed),
    row("get_case", &[("id", Id(Case))], Only(&[Owner])),
    row("create_advice_request", &[("/addressed_to", Organisation), ("/child", Child)], AdviceAsker),
    row("list_advice_requests", &[("after", After), ("status", Plain), ("changed_since", Plain), ("limit", Plain)], Anybody),
    row("get_advice_request", &[("id", Id(Request))], Only(&[Asker, Addressee])),
    row("acknowledge_advice_request", &[("id", Id(Request))], Only(&[Addressee])),
    row("submit_advice", &[("id", Id(Request))], Only(&[Addressee])),
    row("get_advice", &[("id", Id(Request))], Only(&[Asker])),
    row("list_releases", &[("after", Plain), ("limit", Plain)], Released),
    row("get_release", &[("id", Id(Release))], Released),
    row("get_table", &[("id", Id(Release)), ("table", Table)], Released),
    row("get_checkpoint", &[], Anybody),
    row("get_proof", &[("leaf", Plain), ("size", Plain), ("from", Plain), ("to", Plain)], Anybody),
    row("list_agreements", &[], Anybody),
    row("get_disclosures", &[("child_id", ChildId), ("after", Plain), ("limit", Plain)], Controller),
    row("fhir_capabilities", &[("_format", Plain)], Anybody),
    row("fhir_transact", &[("_format", Plain)], Anybody),
    row("fhir_search_service_requests", &[("patient", ChildId), ("performer:identifier", Plain), ("status", Plain), ("_count", Plain), ("_after", Plain), ("_format", Plain)], Anybody),
    row("fhir_find_service_requests", &[("_format", Plain)], Anybody),
    row("fhir_get_service_request", &[("id", Id(Referral)), ("_format", Plain)], Only(&[Owner])),
    row("fhir_search_tasks", &[("status", Plain), ("_lastUpdated", Plain), ("_count", Plain), ("_after", Plain), ("_format", Plain)], Anybody),
    row("fhir_find_tasks", &[("_format", Plain)], Anybody),
    row("fhir_get_task", &[("id", Id(Request)), ("_format", Plain)], Only(&[Asker, Addressee])),
    row("fhir_search_consents", &[("patient", ChildId), ("_format", Plain)], Anybody),
    row("fhir_find_consents", &[("_format", Plain)], Anybody),
    row("fhir_get_consent", &[("id", Id(Consent)), ("_format", Plain)], Only(&[Owner])),
    row("fhir_record_consent", &[("_format", Plain)], RecorderFor("E10000015")),
    row("list_audit_events", &[("after", After), ("limit", Plain)], Anybody),
];

/// Operations that refuse another's things without an audit entry, and why. The list should get shorter: an
/// operation that writes an entry each time and is still listed fails the suite.
pub(super) const WITHOUT_LEAF: &[(&str, &str)] = &[
    ("cancel_submission", "a report is the client's alone, holds no record and names nobody"),
    ("get_submission", "a report is the client's alone, holds no record and names nobody"),
    ("list_issues", "a report is the client's alone, holds no record and names nobody"),
];

pub(super) fn row_of(operation: &str) -> &'static Row {
    TABLE.iter().find(|row| row.operation == operation).unwrap_or_else(|| {
        panic!("{operation} stands in the document and not in tests/behaviour/matrix/slots.rs: say what goes into its slots, and whom it answers")
    })
}
