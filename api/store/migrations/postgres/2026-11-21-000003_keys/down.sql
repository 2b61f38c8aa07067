ALTER TABLE published_release DROP COLUMN secret_id;
DROP TABLE child_claim;
DROP INDEX record_by_case;
ALTER TABLE record DROP COLUMN case_index;
