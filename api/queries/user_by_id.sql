-- The user whom a token names. Run as sigmasight_auth. One row or none.
select
    user_id,
    email,
    full_name,
    is_active,
    is_admin,
    created_at,
    row_key
from ops.users
where user_id = %(user_id)s::uuid
