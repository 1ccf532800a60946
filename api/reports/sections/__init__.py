"""The sections of a report: one file each, from rows of the queries to tables."""
