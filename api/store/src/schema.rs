//! The tables, as both databases have them. Ids of partners' resources are UUIDs in text.

diesel::table! {
    child_identifier (id) {
        id -> BigInt,
        joined_id -> Nullable<BigInt>,
        look_up -> Binary,
        value_look_up -> Nullable<Binary>,
        sealed_reference -> Binary,
    }
}

diesel::table! {
    child_claim (look_up) {
        look_up -> Binary,
    }
}

diesel::table! {
    child_match (id) {
        id -> Text,
        first_id -> BigInt,
        second_id -> BigInt,
        claimed_by -> Text,
        source -> Text,
        status -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        verified_by -> Nullable<Text>,
        verified_at -> Nullable<Timestamp>,
        ended_at -> Nullable<Timestamp>,
        cause -> Nullable<Text>,
        sealed_reason -> Nullable<Binary>,
    }
}

diesel::table! {
    record (id) {
        id -> BigInt,
        dataset -> Text,
        organisation -> Text,
        record_key -> Text,
        list -> Text,
        child_id -> BigInt,
        pathways -> SmallInt,
        is_open -> Bool,
        flow -> Text,
        digest -> Binary,
        sealed_record -> Binary,
        submission_id -> Text,
        case_index -> Nullable<Binary>,
        retain_from -> Nullable<Date>,
        dispute_id -> Nullable<Text>,
    }
}

diesel::table! {
    legal_hold (id) {
        id -> Text,
        child_id -> BigInt,
        organisation -> Text,
        ends -> Nullable<Date>,
        set_at -> Timestamp,
        released_at -> Nullable<Timestamp>,
        sealed_reason -> Binary,
        sealed_release -> Nullable<Binary>,
    }
}

diesel::table! {
    erasure (id) {
        id -> Text,
        child_id -> Nullable<BigInt>,
        organisation -> Text,
        made_at -> Timestamp,
        lifted_at -> Nullable<Timestamp>,
        sealed_reason -> Binary,
        sealed_lifting -> Nullable<Binary>,
    }
}

diesel::table! {
    rectification (id) {
        id -> Text,
        child_id -> BigInt,
        organisation -> Text,
        made_at -> Timestamp,
        sealed_reason -> Binary,
    }
}

diesel::table! {
    dispute (id) {
        id -> Text,
        child_id -> BigInt,
        organisation -> Text,
        opened_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
        sealed_reason -> Binary,
        sealed_settlement -> Nullable<Binary>,
    }
}

diesel::table! {
    tombstone (id) {
        id -> BigInt,
        cause -> Text,
        position -> Integer,
        organisation -> Text,
        dataset -> Nullable<Text>,
        made_at -> Timestamp,
        lifted_at -> Nullable<Timestamp>,
        sealed_mark -> Binary,
    }
}

diesel::table! {
    expired_record (organisation, digest) {
        organisation -> Text,
        digest -> Binary,
        expired_on -> Date,
    }
}

diesel::table! {
    list (dataset, organisation, name) {
        dataset -> Text,
        organisation -> Text,
        name -> Text,
        as_of -> Nullable<Date>,
    }
}

diesel::table! {
    published_count (organisation, line, period) {
        organisation -> Text,
        line -> Text,
        period -> Date,
        total -> BigInt,
        bands -> Nullable<Text>,
        submission_id -> Text,
    }
}

diesel::table! {
    submission (id) {
        id -> Text,
        client -> Text,
        dataset -> Text,
        format -> Text,
        organisation -> Text,
        list -> Text,
        mode -> Text,
        as_of -> Date,
        status -> Text,
        counts -> Text,
        received_at -> Timestamp,
        issue_counts -> Text,
    }
}

diesel::table! {
    submission_work (submission_id) {
        submission_id -> Text,
        beat_at -> Timestamp,
        bytes_total -> BigInt,
        bytes_read -> BigInt,
        records_read -> BigInt,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    issue (submission_id, row_number, position) {
        submission_id -> Text,
        row_number -> BigInt,
        position -> Integer,
        record_key -> Nullable<Text>,
        field -> Text,
        code -> Text,
        state -> Nullable<Text>,
    }
}

diesel::table! {
    standing_issue (dataset, organisation, list, subject, code, field) {
        dataset -> Text,
        organisation -> Text,
        list -> Text,
        subject -> Text,
        code -> Text,
        field -> Text,
        submission_id -> Text,
    }
}

diesel::table! {
    consent (id) {
        id -> Text,
        child_id -> BigInt,
        decision -> Text,
        purpose -> Text,
        data -> Text,
        pathways -> SmallInt,
        recipient -> Text,
        decided_by -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        recorded_by -> Text,
        recorded_at -> Timestamp,
        withdrawn_at -> Nullable<Timestamp>,
        sealed_evidence -> Binary,
        sealed_reason -> Nullable<Binary>,
        review -> Nullable<Text>,
        reviewed_at -> Nullable<Timestamp>,
        sealed_review -> Nullable<Binary>,
    }
}

diesel::table! {
    restriction (id) {
        id -> Text,
        child_id -> BigInt,
        kind -> Text,
        against -> Nullable<Text>,
        starts -> Date,
        ends -> Nullable<Date>,
        set_by -> Text,
        set_at -> Timestamp,
        lifted_at -> Nullable<Timestamp>,
        sealed_reason -> Binary,
        sealed_lifting -> Nullable<Binary>,
    }
}

diesel::table! {
    caldicott_override (id) {
        id -> Text,
        child_id -> BigInt,
        holder -> Text,
        recipient -> Text,
        purpose -> Text,
        data -> Text,
        pathways -> SmallInt,
        starts -> Date,
        ends -> Date,
        made_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        sealed_reason -> Binary,
    }
}

diesel::table! {
    opt_out_list (organisation) {
        organisation -> Text,
        as_of -> Date,
        loaded_at -> Timestamp,
        numbers -> BigInt,
    }
}

diesel::table! {
    opt_out (id) {
        id -> BigInt,
        organisation -> Text,
        look_up -> Binary,
        sealed_number -> Binary,
    }
}

diesel::table! {
    advice_request (id) {
        id -> Text,
        child_id -> BigInt,
        requested_by -> Text,
        addressed_to -> Text,
        addressed_role -> Text,
        kinds -> Text,
        status -> Text,
        received_on -> Date,
        created_at -> Timestamp,
        changed_at -> Timestamp,
        acknowledged_at -> Nullable<Timestamp>,
        submitted_at -> Nullable<Timestamp>,
        sealed_request -> Binary,
        sealed_advice -> Nullable<Binary>,
    }
}

diesel::table! {
    audit_leaf (id) {
        id -> BigInt,
        at -> Timestamp,
        child_id -> Nullable<BigInt>,
        salt -> Binary,
        body -> Nullable<Text>,
        body_hash -> Binary,
    }
}

diesel::table! {
    audit_pending (leaf_id) {
        leaf_id -> BigInt,
    }
}

diesel::table! {
    audit_entry (position) {
        position -> BigInt,
        leaf_id -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit_node (level, position) {
        level -> Integer,
        position -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit_retention (id) {
        id -> Integer,
        keep_days -> Integer,
    }
}

diesel::table! {
    published_release (id) {
        id -> Text,
        as_of -> Date,
        published_at -> Timestamp,
        secret_id -> BigInt,
    }
}

diesel::table! {
    release_table (release_id, name) {
        release_id -> Text,
        position -> Integer,
        name -> Text,
        title -> Text,
        json -> Text,
        csv -> Text,
    }
}

diesel::table! {
    idempotency (client, key) {
        client -> Text,
        key -> Text,
        owner -> Text,
        claimed_at -> Timestamp,
        fingerprint -> Nullable<Binary>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    assertion_jti (client, digest) {
        client -> Text,
        digest -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    advice_request,
    audit_entry,
    audit_leaf,
    audit_pending,
    child_identifier,
    child_match,
    record
);

diesel::allow_tables_to_appear_in_same_query!(submission, submission_work, idempotency);
