-- The user of a record of the chat. Run as sigmasight_auth. One row or none.
select
    user_id,
    email,
    full_name,
    is_active,
    is_admin,
    created_at,
    (select key from ops.claim_keys) as claim_key
from ops.users
where user_id = %(user_id)s::uuid
