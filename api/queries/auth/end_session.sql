-- Ends a session at logout. Run as sigmasight_auth.
select ops.end_session(%(session_id)s::uuid)
