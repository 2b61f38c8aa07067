-- Instants are UTC. Values in columns named sealed_* are encrypted (see vault.rs); look_up is a keyed index.

CREATE TABLE child (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    look_up          BLOB NOT NULL UNIQUE,
    sealed_reference BLOB NOT NULL
);

-- What partners sent, one row a referral or EHC case, as it stands now. Its child is joined in when it is
-- published; a foreign key would make every publication hold the children of its list.
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
    UNIQUE (dataset, organisation, record_key)
);
CREATE INDEX record_by_child ON record (dataset, child_id, id);

CREATE TABLE list (
    dataset      TEXT NOT NULL,
    organisation TEXT NOT NULL,
    name         TEXT NOT NULL,
    as_of        DATE,
    PRIMARY KEY (dataset, organisation, name)
);

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
    received_at  TIMESTAMP NOT NULL
);
CREATE INDEX submission_by_client ON submission (client, id);

CREATE TABLE issue (
    submission_id TEXT    NOT NULL,
    row_number    BIGINT  NOT NULL,
    position      INTEGER NOT NULL,
    record_key    TEXT,
    field         TEXT    NOT NULL,
    code          TEXT    NOT NULL,
    PRIMARY KEY (submission_id, row_number, position)
) WITHOUT ROWID;

CREATE TABLE consent (
    id              TEXT      NOT NULL PRIMARY KEY,
    child_id        BIGINT    NOT NULL REFERENCES child (id),
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
    sealed_reason   BLOB
);
CREATE INDEX consent_by_child ON consent (child_id);

CREATE TABLE advice_request (
    id              TEXT      NOT NULL PRIMARY KEY,
    child_id        BIGINT    NOT NULL REFERENCES child (id),
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

CREATE TABLE published_release (
    id           TEXT      NOT NULL PRIMARY KEY,
    as_of        DATE      NOT NULL,
    published_at TIMESTAMP NOT NULL
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
