DROP INDEX record_by_list;
