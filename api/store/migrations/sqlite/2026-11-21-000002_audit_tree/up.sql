-- The log of disclosures and refusals. Leaves, entries and nodes are only ever inserted; the body of a
-- leaf alone may be emptied, and only once it is older than audit_retention says.
CREATE TABLE audit_leaf (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TIMESTAMP NOT NULL,
    child_id  BIGINT,
    salt      BLOB NOT NULL,
    body      TEXT,
    body_hash BLOB NOT NULL
);
-- What is to be pruned next is found from its oldest.
CREATE INDEX audit_leaf_with_body ON audit_leaf (at) WHERE body IS NOT NULL;

-- Leaves that wait to be appended to the tree.
CREATE TABLE audit_pending (
    leaf_id BIGINT NOT NULL PRIMARY KEY
);

-- The tree's leaves in their order, from 0, and the complete subtrees above them: level 1 has two leaves each.
CREATE TABLE audit_entry (
    position BIGINT NOT NULL PRIMARY KEY,
    leaf_id  BIGINT NOT NULL UNIQUE,
    hash     BLOB NOT NULL
);
CREATE TABLE audit_node (
    level    INTEGER NOT NULL,
    position BIGINT  NOT NULL,
    hash     BLOB    NOT NULL,
    PRIMARY KEY (level, position)
) WITHOUT ROWID;

-- One row: for how many days a leaf keeps its body.
CREATE TABLE audit_retention (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    keep_days INTEGER NOT NULL CHECK (keep_days > 0)
);

CREATE TRIGGER audit_leaf_stays BEFORE DELETE ON audit_leaf
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
CREATE TRIGGER audit_leaf_keeps BEFORE UPDATE ON audit_leaf
WHEN NEW.body IS NOT NULL
    OR OLD.at >= (SELECT strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || keep_days || ' days') FROM audit_retention)
    OR NOT EXISTS (SELECT 1 FROM audit_retention)
    OR NOT EXISTS (SELECT 1 FROM audit_entry WHERE leaf_id = OLD.id)
    OR NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.child_id IS NOT OLD.child_id OR NEW.salt <> OLD.salt OR NEW.body_hash <> OLD.body_hash
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
CREATE TRIGGER audit_entry_stays BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
CREATE TRIGGER audit_entry_keeps BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
CREATE TRIGGER audit_node_stays BEFORE DELETE ON audit_node
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
CREATE TRIGGER audit_node_keeps BEFORE UPDATE ON audit_node
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
