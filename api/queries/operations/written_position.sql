-- The position of the log up to which this server has written what was committed; null on a standby. Run as
-- sigmasight_auth. One row.
select case when not pg_is_in_recovery() then pg_current_wal_flush_lsn()::text end as written
