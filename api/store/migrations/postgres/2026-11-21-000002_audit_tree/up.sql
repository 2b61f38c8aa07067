-- The log of disclosures and refusals. Leaves, entries and nodes are only ever inserted; the body of a
-- leaf alone may be emptied, and only once it is older than audit_retention says.
CREATE TABLE audit_leaf (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        TIMESTAMP NOT NULL,
    child_id  BIGINT,
    salt      BYTEA NOT NULL,
    body      TEXT,
    body_hash BYTEA NOT NULL
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
    hash     BYTEA  NOT NULL
);
CREATE TABLE audit_node (
    level    INTEGER NOT NULL,
    position BIGINT  NOT NULL,
    hash     BYTEA   NOT NULL,
    PRIMARY KEY (level, position)
);

-- One row: for how many days a leaf keeps its body. The gateway's own role may read it and not set it.
CREATE TABLE audit_retention (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    keep_days INTEGER NOT NULL CHECK (keep_days > 0)
);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to';
END
$$;

CREATE FUNCTION audit_leaf_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body IS NULL
        AND OLD.at < (SELECT (now() AT TIME ZONE 'utc') - make_interval(days => keep_days) FROM audit_retention)
        AND EXISTS (SELECT 1 FROM audit_entry WHERE leaf_id = OLD.id)
        AND (NEW.id, NEW.at, NEW.salt, NEW.body_hash) = (OLD.id, OLD.at, OLD.salt, OLD.body_hash)
        AND NEW.child_id IS NOT DISTINCT FROM OLD.child_id
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is only ever added to';
END
$$;

-- The one way to empty a body for a role that may not update leaves: the oldest that are past retention.
CREATE FUNCTION audit_prune(most BIGINT) RETURNS BIGINT LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    pruned BIGINT;
BEGIN
    UPDATE audit_leaf SET body = NULL WHERE id IN (
        SELECT id FROM audit_leaf JOIN audit_entry ON leaf_id = id
        WHERE body IS NOT NULL AND at < (SELECT (now() AT TIME ZONE 'utc') - make_interval(days => keep_days) FROM audit_retention)
        ORDER BY at LIMIT most
    );
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;
REVOKE ALL ON FUNCTION audit_prune(BIGINT) FROM PUBLIC;

CREATE TRIGGER audit_leaf_keeps BEFORE UPDATE ON audit_leaf FOR EACH ROW EXECUTE FUNCTION audit_leaf_keep();
CREATE TRIGGER audit_leaf_stays BEFORE DELETE ON audit_leaf FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_leaf_whole BEFORE TRUNCATE ON audit_leaf FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_entry_whole BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_node_stays BEFORE UPDATE OR DELETE ON audit_node FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_node_whole BEFORE TRUNCATE ON audit_node FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
