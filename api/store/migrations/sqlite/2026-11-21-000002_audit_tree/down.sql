DROP TABLE audit_retention;
DROP TABLE audit_node;
DROP TABLE audit_entry;
DROP TABLE audit_pending;
DROP TABLE audit_leaf;
