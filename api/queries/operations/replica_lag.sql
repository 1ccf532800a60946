-- Whether the marts are read from a standby, and how far it is behind the position %(written)s of the server that
-- writes: bytes of the log that it does not show yet, and at most how many seconds. One row.
with behind as (
    select
        pg_is_in_recovery() as is_replica,
        greatest(pg_wal_lsn_diff(%(written)s::pg_lsn, pg_last_wal_replay_lsn()), 0)::bigint as lag_bytes,
        extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::double precision as last_shown
)

select
    is_replica,
    lag_bytes,
    case when lag_bytes = 0 then 0.0 when lag_bytes > 0 then greatest(last_shown, 0.0) end as lag_seconds
from behind
