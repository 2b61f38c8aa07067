-- What keeps the audit log as it was written.

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
