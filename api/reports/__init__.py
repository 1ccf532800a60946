"""Reports: one object of tables and series, read from the marts and rendered in five formats."""
