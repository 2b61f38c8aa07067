-- What keeps the audit log as it was written.

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
