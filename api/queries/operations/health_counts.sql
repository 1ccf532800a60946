-- Sessions that are not published although they have prices or are overdue, and open incidents. Run as sigmasight_auth.
-- One row.
select
    unpublished_sessions,
    overdue_sessions,
    is_building,
    last_session,
    published_at,
    undelivered_messages,
    open_incidents
from ops.health_counts(clock_timestamp(), %(night_start)s, %(may_take)s)
