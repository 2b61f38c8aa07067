//! The table of the matrix: what goes into each operation's slots, and whom it answers. An operation of
//! the document that does not stand here fails the suite; so does a parameter of its that has no slot.

use super::holdings::{Kind, Side};

/// What a slot is filled with. A slot that begins with `/` is a place in the JSON body, any other a
/// parameter of the path or the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Every object of the kind, one of every other kind, and ids of nothing.
    Id(Kind),
    /// The caller's ids for children, other organisations' ids for them, and ids of nothing.
    ChildId,
    /// The child as a body names it: each of them, and one that nobody holds.
    Child,
    /// Every organisation, and one that does not exist.
    Organisation,
    /// Lists of every provider.
    List,
    /// Everybody's cursors of this list.
    After,
    /// A table of a release, and one that is not there.
    Table,
    /// Says nothing about whose a thing is: left out, or as the usual request has it.
    Plain,
}

/// Whom an operation answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Anybody; what it shows differs.
    Anybody,
    /// The same, with cursors that are worth nothing to another.
    Sealed,
    /// Who is one of these to the object in the first slot; to anybody else it is not there.
    Only(&'static [Side]),
    /// For whom the id is a child's of whom there is something to show.
    Shown,
    /// For whom the id was made; to anybody else it is not there.
    OwnId,
    /// The same, and told if none of its records are meant.
    OwnRecords,
    /// The same, if it is a party to an agreement, which may be said.
    OwnIdOfParty,
    /// The same, if what is overridden may flow to the recipient under an agreement.
    Overrider,
    /// A party to an agreement, which may be said.
    Party,
    /// An organisation about itself, or about another whose entries an agreement lets it see.
    Entries,
    /// A client for its own organisation, and for those that it may submit for.
    Sender,
    /// Who may record a decision about the recipient.
    Recorder,
    /// The same, where the usual request names the recipient.
    RecorderFor(&'static str),
    /// Who may ask the addressee for advice.
    AdviceAsker,
    /// Who receives released tables.
    Released,
    /// A controller of what the gateway holds, for whom the id was made; to anybody else it is not there.
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

use Kind::{Case, Consent, Dispute, Erasure, Hold, Override, Referral, Release, Request, Restriction, Submission};
use Rule::{
    AdviceAsker, Anybody, Controller, Entries, Only, Overrider, OwnId, OwnIdOfParty, OwnRecords, Party, Recorder, RecorderFor, Released,
    Sealed, Sender, Shown,
};
use Side::{Addressee, Asker, Owner};
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

/// One line an operation.
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

/// Operations that refuse what is another's without a leaf, and why that is so. It is to get shorter: one
/// that leaves a leaf each time, and still stands here, fails the suite.
pub(super) const WITHOUT_LEAF: &[(&str, &str)] = &[
    ("cancel_submission", "a report is the client's alone, holds no record and names nobody"),
    ("get_submission", "a report is the client's alone, holds no record and names nobody"),
    ("list_issues", "a report is the client's alone, holds no record and names nobody"),
];

/// The row of an operation.
pub(super) fn row_of(operation: &str) -> &'static Row {
    TABLE.iter().find(|row| row.operation == operation).unwrap_or_else(|| {
        panic!("{operation} stands in the document and not in tests/behaviour/matrix/slots.rs: say what goes into its slots, and whom it answers")
    })
}
