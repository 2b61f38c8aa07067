-- The day that a record's retention runs from; none while it is open and flows. The dispute that it is in.
ALTER TABLE record ADD COLUMN retain_from DATE;
ALTER TABLE record ADD COLUMN dispute_id TEXT;
CREATE INDEX record_by_retention ON record (dataset, organisation, retain_from) WHERE retain_from IS NOT NULL;

CREATE TABLE legal_hold (
    id             TEXT      NOT NULL PRIMARY KEY,
    child_id       BIGINT    NOT NULL REFERENCES child (id),
    organisation   TEXT      NOT NULL,
    ends           DATE,
    set_at         TIMESTAMP NOT NULL,
    released_at    TIMESTAMP,
    sealed_reason  BYTEA      NOT NULL,
    sealed_release BYTEA
);
CREATE INDEX legal_hold_by_child ON legal_hold (child_id);

-- What was asked for and why. The child is no foreign key: its row goes when nothing is held about it.
CREATE TABLE erasure (
    id             TEXT      NOT NULL PRIMARY KEY,
    child_id       BIGINT,
    organisation   TEXT      NOT NULL,
    made_at        TIMESTAMP NOT NULL,
    lifted_at      TIMESTAMP,
    sealed_reason  BYTEA      NOT NULL,
    sealed_lifting BYTEA
);
CREATE TABLE rectification (
    id            TEXT      NOT NULL PRIMARY KEY,
    child_id      BIGINT    NOT NULL,
    organisation  TEXT      NOT NULL,
    made_at       TIMESTAMP NOT NULL,
    sealed_reason BYTEA      NOT NULL
);
CREATE TABLE dispute (
    id                TEXT      NOT NULL PRIMARY KEY,
    child_id          BIGINT    NOT NULL,
    organisation      TEXT      NOT NULL,
    opened_at         TIMESTAMP NOT NULL,
    settled_at        TIMESTAMP,
    sealed_reason     BYTEA      NOT NULL,
    sealed_settlement BYTEA
);

-- What must not come back: by which erasure or rectification, and sealed, what it is.
CREATE TABLE tombstone (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause        TEXT      NOT NULL,
    position     INTEGER   NOT NULL,
    organisation TEXT      NOT NULL,
    dataset      TEXT,
    made_at      TIMESTAMP NOT NULL,
    lifted_at    TIMESTAMP,
    sealed_mark  BYTEA      NOT NULL,
    UNIQUE (cause, position)
);
CREATE INDEX tombstone_by_organisation ON tombstone (organisation, dataset);

-- The keyed digests of what was past its retention, so that it is known when it is sent again unchanged.
CREATE TABLE expired_record (
    organisation TEXT NOT NULL,
    digest       BYTEA NOT NULL,
    expired_on   DATE NOT NULL,
    PRIMARY KEY (organisation, digest)
);

-- Who must be told of a correction, from the log.
CREATE INDEX rights_leaf_by_child ON audit_leaf (child_id, id) WHERE child_id IS NOT NULL;
