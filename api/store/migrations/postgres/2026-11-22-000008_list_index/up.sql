-- What of a list may yet drop out of it, so that what a list replaces is found without a walk through all that its writer sent.
CREATE INDEX record_by_list ON record (dataset, organisation, list, record_key) WHERE is_open AND flow <> 'not-flowed';
