-- Records a session at login. Run as sigmasight_auth.
select ops.open_session(%(session_id)s::uuid, %(user_id)s::uuid, %(token_hash)s::bytea, %(lifetime)s::interval)
