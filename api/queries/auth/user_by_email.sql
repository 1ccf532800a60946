-- The user of a login attempt. Run as sigmasight_auth. One row or none.
select
    user_id,
    email,
    full_name,
    is_active,
    is_admin,
    created_at,
    (select key from ops.claim_keys) as claim_key,
    password_hash
from ops.users
where email = lower(%(email)s::text)
