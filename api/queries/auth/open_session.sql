-- Records a session at login; false if the account was disabled or got a new password since its password was checked.
-- Run as sigmasight_auth.
select
    ops.open_session(
        %(session_id)s::uuid,
        %(user_id)s::uuid,
        %(token_hash)s::bytea,
        %(lifetime)s::interval,
        %(password_hash)s::text
    ) as is_open
