-- What providers published of their waiting lists: public counts, about no child. The bands as a JSON list, in
-- the order of the return.
CREATE TABLE published_count (
    organisation  TEXT   NOT NULL,
    line          TEXT   NOT NULL,
    period        DATE   NOT NULL,
    total         BIGINT NOT NULL,
    bands         TEXT,
    submission_id TEXT   NOT NULL,
    PRIMARY KEY (organisation, line, period)
);
