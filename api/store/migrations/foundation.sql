-- The data model, for both databases. It is written as SQLite reads it; for PostgreSQL three words are put in: the
-- type of bytes, the type of a number that the database gives, and nothing for WITHOUT ROWID (see src/migrations.rs).
--
-- Instants are UTC. Values in columns named sealed_* are encrypted (see src/vault.rs). A look_up, a digest or an
-- index of a record is keyed: it begins with the id of its key, four bytes.


-- CHILDREN

-- An identifier with a date of birth, once. Records, decisions and requests keep the identifier that they named: their
-- child_id is its id. joined_id is the same for all identifiers that anybody claims to be one child's: the id of the oldest of
-- them; none where an identifier is in no match. value_look_up is of the identifier without the date of birth, of those
-- that are in a match.
CREATE TABLE child_identifier (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    joined_id        BIGINT,
    look_up          BLOB NOT NULL UNIQUE,
    value_look_up    BLOB,
    sealed_reference BLOB NOT NULL
);
CREATE INDEX child_identifier_by_joined ON child_identifier (joined_id) WHERE joined_id IS NOT NULL;
CREATE INDEX child_identifier_by_value ON child_identifier (value_look_up) WHERE value_look_up IS NOT NULL;

-- Identifiers that are being made known while there are two look-up keys; empty otherwise (see src/children.rs).
CREATE TABLE child_claim (look_up BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;

-- Claims that two identifiers are one child's: whose, since which day, and on whose word it rests. Which identifiers are
-- one child's follows from these rows (see domain::same_child). The cause is the submission or the request that stated it.
CREATE TABLE child_match (
    id            TEXT   NOT NULL PRIMARY KEY,
    first_id      BIGINT NOT NULL REFERENCES child_identifier (id),
    second_id     BIGINT NOT NULL REFERENCES child_identifier (id),
    claimed_by    TEXT   NOT NULL,
    source        TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    valid_from    DATE   NOT NULL,
    valid_to      DATE,
    verified_by   TEXT,
    verified_at   TIMESTAMP,
    ended_at      TIMESTAMP,
    cause         TEXT,
    sealed_reason BLOB
);
CREATE INDEX child_match_by_first ON child_match (first_id);
CREATE INDEX child_match_by_second ON child_match (second_id);
CREATE INDEX child_match_by_cause ON child_match (cause) WHERE cause IS NOT NULL;
CREATE INDEX child_match_by_claimant ON child_match (claimed_by, id);


-- RECORDS: what partners sent

-- One row a referral or EHC case, as it stands now. Its child is joined in when it is published; a foreign key would
-- make every publication hold the children of its list. case_index is the keyed index of an EHC case: its id,
-- record_key, stays when the key changes. retain_from is the day that its retention runs from: none while it is open
-- and flows. dispute_id is the dispute that it is in.
CREATE TABLE record (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset       TEXT     NOT NULL,
    organisation  TEXT     NOT NULL,
    record_key    TEXT     NOT NULL,
    list          TEXT     NOT NULL,
    child_id      BIGINT   NOT NULL,
    pathways      SMALLINT NOT NULL,
    is_open       BOOLEAN  NOT NULL,
    flow          TEXT     NOT NULL,
    digest        BLOB     NOT NULL,
    sealed_record BLOB     NOT NULL,
    submission_id TEXT     NOT NULL,
    case_index    BLOB,
    retain_from   DATE,
    dispute_id    TEXT,
    UNIQUE (dataset, organisation, record_key)
);
CREATE INDEX record_by_child ON record (dataset, child_id, id);
CREATE INDEX record_by_case ON record (organisation, case_index) WHERE case_index IS NOT NULL;
CREATE INDEX record_by_retention ON record (dataset, organisation, retain_from) WHERE retain_from IS NOT NULL;
-- What of a list may yet drop out of it, so that what a list replaces is found without a walk through all that its
-- writer sent.
CREATE INDEX record_by_list ON record (dataset, organisation, list, record_key) WHERE is_open AND flow <> 'not-flowed';

-- The lists that were published, and the day that each is of.
CREATE TABLE list (
    dataset      TEXT NOT NULL,
    organisation TEXT NOT NULL,
    name         TEXT NOT NULL,
    as_of        DATE,
    PRIMARY KEY (dataset, organisation, name)
);

-- issue_counts is JSON: how often each issue was found.
CREATE TABLE submission (
    id           TEXT      NOT NULL PRIMARY KEY,
    client       TEXT      NOT NULL,
    dataset      TEXT      NOT NULL,
    format       TEXT      NOT NULL,
    organisation TEXT      NOT NULL,
    list         TEXT      NOT NULL,
    mode         TEXT      NOT NULL,
    as_of        DATE      NOT NULL,
    status       TEXT      NOT NULL,
    counts       TEXT      NOT NULL,
    received_at  TIMESTAMP NOT NULL,
    issue_counts TEXT      NOT NULL DEFAULT '[]'
);
CREATE INDEX submission_by_client ON submission (client, id);
CREATE INDEX submission_processing ON submission (id) WHERE status = 'processing';

-- Submissions that were answered before they were done: how far the work is, when its gateway last said that it
-- is at it, and, where it came to nothing, the problem as JSON. One that was done has no row.
CREATE TABLE submission_work (
    submission_id TEXT      NOT NULL PRIMARY KEY REFERENCES submission (id) ON DELETE CASCADE,
    beat_at       TIMESTAMP NOT NULL,
    bytes_total   BIGINT    NOT NULL,
    bytes_read    BIGINT    NOT NULL,
    records_read  BIGINT    NOT NULL,
    problem       TEXT
);

-- What is wrong with the rows of a submission; state says whether it was there when the list was last sent.
CREATE TABLE issue (
    submission_id TEXT    NOT NULL,
    row_number    BIGINT  NOT NULL,
    position      INTEGER NOT NULL,
    record_key    TEXT,
    field         TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    state         TEXT,
    PRIMARY KEY (submission_id, row_number, position)
) WITHOUT ROWID;

-- What is wrong in a list as it stands: of each referral as it was last sent. The subject is the writer's own
-- referral id, and empty where an issue is of the whole file.
CREATE TABLE standing_issue (
    dataset       TEXT NOT NULL,
    organisation  TEXT NOT NULL,
    list          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    code          TEXT NOT NULL,
    field         TEXT NOT NULL,
    submission_id TEXT NOT NULL,
    PRIMARY KEY (dataset, organisation, list, subject, code, field)
) WITHOUT ROWID;

-- What providers published of their waiting lists: public counts, about no child. The bands as a JSON list, in
-- the order of the return.
CREATE TABLE published_count (
    organisation  TEXT   NOT NULL,
    line          TEXT   NOT NULL,
    period        DATE   NOT NULL,
    total         BIGINT NOT NULL,
    bands         TEXT,
    submission_id TEXT   NOT NULL,
    PRIMARY KEY (organisation, line, period)
);


-- DECISIONS: what families and organisations decided about a child

CREATE TABLE consent (
    id              TEXT      NOT NULL PRIMARY KEY,
    child_id        BIGINT    NOT NULL REFERENCES child_identifier (id),
    decision        TEXT      NOT NULL,
    purpose         TEXT      NOT NULL,
    data            TEXT      NOT NULL,
    pathways        SMALLINT  NOT NULL,
    recipient       TEXT      NOT NULL,
    decided_by      TEXT      NOT NULL,
    valid_from      DATE      NOT NULL,
    valid_to        DATE,
    recorded_by     TEXT      NOT NULL,
    recorded_at     TIMESTAMP NOT NULL,
    withdrawn_at    TIMESTAMP,
    sealed_evidence BLOB      NOT NULL,
    sealed_reason   BLOB,
    review          TEXT,
    reviewed_at     TIMESTAMP,
    sealed_review   BLOB
);
CREATE INDEX consent_by_child ON consent (child_id);

CREATE TABLE restriction (
    id             TEXT      NOT NULL PRIMARY KEY,
    child_id       BIGINT    NOT NULL REFERENCES child_identifier (id),
    kind           TEXT      NOT NULL,
    against        TEXT,
    starts         DATE      NOT NULL,
    ends           DATE,
    set_by         TEXT      NOT NULL,
    set_at         TIMESTAMP NOT NULL,
    lifted_at      TIMESTAMP,
    sealed_reason  BLOB      NOT NULL,
    sealed_lifting BLOB
);
CREATE INDEX restriction_by_child ON restriction (child_id);

CREATE TABLE caldicott_override (
    id            TEXT      NOT NULL PRIMARY KEY,
    child_id      BIGINT    NOT NULL REFERENCES child_identifier (id),
    holder        TEXT      NOT NULL,
    recipient     TEXT      NOT NULL,
    purpose       TEXT      NOT NULL,
    data          TEXT      NOT NULL,
    pathways      SMALLINT  NOT NULL,
    starts        DATE      NOT NULL,
    ends          DATE      NOT NULL,
    made_at       TIMESTAMP NOT NULL,
    ended_at      TIMESTAMP,
    sealed_reason BLOB      NOT NULL
);
CREATE INDEX caldicott_override_by_child ON caldicott_override (child_id);

-- National Data Opt-outs, as each organisation last loaded them. The number is sealed beside its index.
CREATE TABLE opt_out_list (
    organisation TEXT      NOT NULL PRIMARY KEY,
    as_of        DATE      NOT NULL,
    loaded_at    TIMESTAMP NOT NULL,
    numbers      BIGINT    NOT NULL
);
CREATE TABLE opt_out (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    organisation  TEXT NOT NULL REFERENCES opt_out_list (organisation),
    look_up       BLOB NOT NULL,
    sealed_number BLOB NOT NULL,
    UNIQUE (look_up, organisation)
);


-- RIGHTS: what keeps a record, and what takes it away

CREATE TABLE legal_hold (
    id             TEXT      NOT NULL PRIMARY KEY,
    child_id       BIGINT    NOT NULL REFERENCES child_identifier (id),
    organisation   TEXT      NOT NULL,
    ends           DATE,
    set_at         TIMESTAMP NOT NULL,
    released_at    TIMESTAMP,
    sealed_reason  BLOB      NOT NULL,
    sealed_release BLOB
);
CREATE INDEX legal_hold_by_child ON legal_hold (child_id);

-- What was asked for and why. The child is no foreign key: its row goes when nothing is held about it.
CREATE TABLE erasure (
    id             TEXT      NOT NULL PRIMARY KEY,
    child_id       BIGINT,
    organisation   TEXT      NOT NULL,
    made_at        TIMESTAMP NOT NULL,
    lifted_at      TIMESTAMP,
    sealed_reason  BLOB      NOT NULL,
    sealed_lifting BLOB
);
CREATE TABLE rectification (
    id            TEXT      NOT NULL PRIMARY KEY,
    child_id      BIGINT    NOT NULL,
    organisation  TEXT      NOT NULL,
    made_at       TIMESTAMP NOT NULL,
    sealed_reason BLOB      NOT NULL
);
CREATE TABLE dispute (
    id                TEXT      NOT NULL PRIMARY KEY,
    child_id          BIGINT    NOT NULL,
    organisation      TEXT      NOT NULL,
    opened_at         TIMESTAMP NOT NULL,
    settled_at        TIMESTAMP,
    sealed_reason     BLOB      NOT NULL,
    sealed_settlement BLOB
);

-- What must not come back: by which erasure or rectification, and sealed, what it is.
CREATE TABLE tombstone (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    cause        TEXT      NOT NULL,
    position     INTEGER   NOT NULL,
    organisation TEXT      NOT NULL,
    dataset      TEXT,
    made_at      TIMESTAMP NOT NULL,
    lifted_at    TIMESTAMP,
    sealed_mark  BLOB      NOT NULL,
    UNIQUE (cause, position)
);
CREATE INDEX tombstone_by_organisation ON tombstone (organisation, dataset);

-- The keyed digests of what was past its retention, so that it is known when it is sent again unchanged.
CREATE TABLE expired_record (
    organisation TEXT NOT NULL,
    digest       BLOB NOT NULL,
    expired_on   DATE NOT NULL,
    PRIMARY KEY (organisation, digest)
) WITHOUT ROWID;


-- ADVICE

CREATE TABLE advice_request (
    id              TEXT      NOT NULL PRIMARY KEY,
    child_id        BIGINT    NOT NULL REFERENCES child_identifier (id),
    requested_by    TEXT      NOT NULL,
    addressed_to    TEXT      NOT NULL,
    addressed_role  TEXT      NOT NULL,
    kinds           TEXT      NOT NULL,
    status          TEXT      NOT NULL,
    received_on     DATE      NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    changed_at      TIMESTAMP NOT NULL,
    acknowledged_at TIMESTAMP,
    submitted_at    TIMESTAMP,
    sealed_request  BLOB      NOT NULL,
    sealed_advice   BLOB
);
CREATE INDEX advice_request_by_requester ON advice_request (requested_by, id);
CREATE INDEX advice_request_by_addressee ON advice_request (addressed_to, id);
CREATE INDEX advice_request_by_child ON advice_request (child_id);


-- RELEASES: published tables of counts

-- secret_id says which release secret it was made with.
CREATE TABLE published_release (
    id           TEXT      NOT NULL PRIMARY KEY,
    as_of        DATE      NOT NULL,
    published_at TIMESTAMP NOT NULL,
    secret_id    BIGINT    NOT NULL DEFAULT 1
);
CREATE TABLE release_table (
    release_id TEXT    NOT NULL REFERENCES published_release (id),
    position   INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    json       TEXT    NOT NULL,
    csv        TEXT    NOT NULL,
    PRIMARY KEY (release_id, name)
);


-- CALLS: what was answered already, and what may not be used again

CREATE TABLE idempotency (
    client      TEXT      NOT NULL,
    key         TEXT      NOT NULL,
    owner       TEXT      NOT NULL,
    claimed_at  TIMESTAMP NOT NULL,
    fingerprint BLOB,
    answer      TEXT,
    PRIMARY KEY (client, key)
);
CREATE INDEX idempotency_by_claim ON idempotency (claimed_at);

-- Which client assertions were used: the SHA-256 of each one's id, until it expires.
CREATE TABLE assertion_jti (
    client     TEXT      NOT NULL,
    digest     BLOB      NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (client, digest)
);
CREATE INDEX assertion_jti_by_expiry ON assertion_jti (expires_at);


-- THE AUDIT LOG of disclosures and refusals

-- Leaves, entries and nodes are only ever inserted; the body of a leaf alone may be emptied, and only once it is
-- older than audit_retention says. Triggers hold everybody to that (audit_log.sqlite.sql, audit_log.postgres.sql).
CREATE TABLE audit_leaf (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TIMESTAMP NOT NULL,
    child_id  BIGINT,
    salt      BLOB      NOT NULL,
    body      TEXT,
    body_hash BLOB      NOT NULL
);
-- What is to be pruned next is found from its oldest.
CREATE INDEX audit_leaf_with_body ON audit_leaf (at) WHERE body IS NOT NULL;
-- Who must be told of a correction.
CREATE INDEX rights_leaf_by_child ON audit_leaf (child_id, id) WHERE child_id IS NOT NULL;
-- What the log says of one child, in order.
CREATE INDEX audit_leaf_by_child ON audit_leaf (child_id, id);

-- Leaves that wait to be appended to the tree.
CREATE TABLE audit_pending (
    leaf_id BIGINT NOT NULL PRIMARY KEY
);

-- The tree's leaves in their order, from 0, and the complete subtrees above them: level 1 has two leaves each.
CREATE TABLE audit_entry (
    position BIGINT NOT NULL PRIMARY KEY,
    leaf_id  BIGINT NOT NULL UNIQUE,
    hash     BLOB   NOT NULL
);
CREATE TABLE audit_node (
    level    INTEGER NOT NULL,
    position BIGINT  NOT NULL,
    hash     BLOB    NOT NULL,
    PRIMARY KEY (level, position)
) WITHOUT ROWID;

-- One row: for how many days a leaf keeps its body. On PostgreSQL the gateway's own role may read it and not set it.
CREATE TABLE audit_retention (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    keep_days INTEGER NOT NULL CHECK (keep_days > 0)
);
