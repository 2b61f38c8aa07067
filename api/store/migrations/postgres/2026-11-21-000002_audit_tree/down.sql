DROP TABLE audit_retention;
DROP TABLE audit_node;
DROP TABLE audit_entry;
DROP TABLE audit_pending;
DROP TABLE audit_leaf;
DROP FUNCTION audit_prune(BIGINT);
DROP FUNCTION audit_leaf_keep();
DROP FUNCTION audit_refuse();
