-- Which client assertions were used: the SHA-256 of each one's id, until it expires.
CREATE TABLE assertion_jti (
    client     TEXT      NOT NULL,
    digest     BLOB      NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    PRIMARY KEY (client, digest)
);
CREATE INDEX assertion_jti_by_expiry ON assertion_jti (expires_at);
