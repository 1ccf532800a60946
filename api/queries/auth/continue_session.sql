-- Replaces a session's refresh token; returns continued, reused or ended. Run as sigmasight_auth.
select ops.continue_session(%(session_id)s::uuid, %(old_hash)s::bytea, %(new_hash)s::bytea) as outcome
