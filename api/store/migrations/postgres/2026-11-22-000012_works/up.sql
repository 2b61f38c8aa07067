-- Submissions that were answered before they were done: how far the work is, when its gateway last said that it
-- is at it, and, where it came to nothing, the problem as JSON. One that was done has no row.
CREATE TABLE submission_work (
    submission_id TEXT      NOT NULL PRIMARY KEY REFERENCES submission (id) ON DELETE CASCADE,
    beat_at       TIMESTAMP NOT NULL,
    bytes_total   BIGINT    NOT NULL,
    bytes_read    BIGINT    NOT NULL,
    records_read  BIGINT    NOT NULL,
    problem       TEXT
);
CREATE INDEX submission_processing ON submission (id) WHERE status = 'processing';
