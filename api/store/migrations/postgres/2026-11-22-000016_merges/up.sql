-- Identities that an organisation retired: what was decided against a flow about one stands for its survivor too.
CREATE TABLE child_merge (
    organisation TEXT      NOT NULL,
    retired_id   BIGINT    NOT NULL REFERENCES child (id),
    survivor_id  BIGINT    NOT NULL REFERENCES child (id),
    merged_at    TIMESTAMP NOT NULL,
    PRIMARY KEY (organisation, retired_id)
);
CREATE INDEX child_merge_by_survivor ON child_merge (survivor_id);
CREATE INDEX child_merge_by_retired ON child_merge (retired_id);
