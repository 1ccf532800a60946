-- Reads for a user until the end of the transaction, with a proof made by api.auth.claims. Run as sigmasight_api or
-- sigmasight_chat.
select access.claim(%(user_id)s::uuid, %(valid_until)s::timestamptz, %(proof)s::bytea)
