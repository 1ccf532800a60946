-- Add a user's confirmed memories to what is searched.
insert into documents (source, anchor, user_id, memory_id, heading, body, sha256)
select
    'memory',
    memory_id::text,
    user_id,
    memory_id,
    'Memory',
    content,
    encode(sha256(convert_to('Memory' || chr(10) || content, 'UTF8')), 'hex')
from memories
where user_id = %(user_id)s and confirmed_at is not null and expires_at > now()
on conflict (source, anchor, user_id) do nothing
