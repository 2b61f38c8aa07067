ALTER TABLE consent ADD COLUMN review TEXT;
ALTER TABLE consent ADD COLUMN reviewed_at TIMESTAMP;
ALTER TABLE consent ADD COLUMN sealed_review BYTEA;

CREATE TABLE restriction (
    id            TEXT      NOT NULL PRIMARY KEY,
    child_id      BIGINT    NOT NULL REFERENCES child (id),
    kind          TEXT      NOT NULL,
    against       TEXT,
    starts        DATE      NOT NULL,
    ends          DATE,
    set_by        TEXT      NOT NULL,
    set_at        TIMESTAMP NOT NULL,
    lifted_at     TIMESTAMP,
    sealed_reason BYTEA      NOT NULL,
    sealed_lifting BYTEA
);
CREATE INDEX restriction_by_child ON restriction (child_id);

CREATE TABLE caldicott_override (
    id            TEXT      NOT NULL PRIMARY KEY,
    child_id      BIGINT    NOT NULL REFERENCES child (id),
    holder        TEXT      NOT NULL,
    recipient     TEXT      NOT NULL,
    purpose       TEXT      NOT NULL,
    data          TEXT      NOT NULL,
    pathways      SMALLINT  NOT NULL,
    starts        DATE      NOT NULL,
    ends          DATE      NOT NULL,
    made_at       TIMESTAMP NOT NULL,
    ended_at      TIMESTAMP,
    sealed_reason BYTEA      NOT NULL
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
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation  TEXT NOT NULL REFERENCES opt_out_list (organisation),
    look_up       BYTEA NOT NULL,
    sealed_number BYTEA NOT NULL,
    UNIQUE (look_up, organisation)
);

CREATE INDEX advice_request_by_child ON advice_request (child_id);
