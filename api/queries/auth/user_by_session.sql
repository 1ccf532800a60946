-- The user of a token, as long as its session has not ended. Run as sigmasight_auth. One row or none.
select
    users.user_id,
    users.email,
    users.full_name,
    users.is_active,
    users.is_admin,
    users.created_at,
    (select key from ops.claim_keys) as claim_key
from ops.sessions
inner join ops.users on sessions.user_id = users.user_id
where
    sessions.session_id = %(session_id)s::uuid
    and sessions.user_id = %(user_id)s::uuid
    and sessions.ended_at is null
    and sessions.expires_at > now()
