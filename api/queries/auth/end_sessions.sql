-- Ends all sessions of a user at logout from all devices. Run as sigmasight_auth.
select ops.end_sessions(%(user_id)s::uuid)
