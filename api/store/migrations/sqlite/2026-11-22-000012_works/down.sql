DROP TABLE submission_work;
