-- What is made with a look-up key begins with the key's id, four bytes.

-- The keyed index of an EHC case. Its id, record_key, stays when the key changes.
ALTER TABLE record ADD COLUMN case_index BYTEA;
CREATE INDEX record_by_case ON record (organisation, case_index) WHERE case_index IS NOT NULL;

-- Children that are being made known while there are two look-up keys; empty otherwise (see children.rs).
CREATE TABLE child_claim (look_up BYTEA NOT NULL PRIMARY KEY);

-- Which release secret a release was made with.
ALTER TABLE published_release ADD COLUMN secret_id BIGINT NOT NULL DEFAULT 1;
