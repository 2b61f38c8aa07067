-- What the log says of one child, in order.
CREATE INDEX audit_leaf_by_child ON audit_leaf (child_id, id);
