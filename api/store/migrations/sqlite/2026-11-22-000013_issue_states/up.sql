-- How often each issue was found, and whether it was there when the list was last sent.
ALTER TABLE submission ADD COLUMN issue_counts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE issue ADD COLUMN state TEXT;

-- What is wrong in a list as it stands: of each referral as it was last sent. The subject is the writer's own
-- referral id, and empty where an issue is of the whole file.
CREATE TABLE standing_issue (
    dataset       TEXT NOT NULL,
    organisation  TEXT NOT NULL,
    list          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    code          TEXT NOT NULL,
    field         TEXT NOT NULL,
    submission_id TEXT NOT NULL,
    PRIMARY KEY (dataset, organisation, list, subject, code, field)
) WITHOUT ROWID;
