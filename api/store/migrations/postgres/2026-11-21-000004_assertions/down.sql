DROP TABLE assertion_jti;
